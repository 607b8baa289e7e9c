//! What is done to a registry while it does not run: its log brought back, its read models made anew.
//!
//! Both take the ways of the running registry, the ledger's append and recovery's replay, so that nothing
//! comes to be here that could not have come to be there. Whether a log is worth bringing back is for the
//! audit to say, before.

use std::path::Path;

use crate::domain::State;
use crate::engine::ledger::Ledger;
use crate::engine::setup::{self, Folder, InitError};
use crate::engine::{LedgerError, StartError, recovery, saver};
use crate::log::{Checkpoint, NoteSigner};
use crate::signing::SecretKey;
use crate::store::sled_log::SledLog;

/// Entries that are appended at once, and how many bytes of them.
const CHUNK: usize = 1_024;
const CHUNK_BYTES: usize = 8 << 20;

/// Why a log was not brought back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder cannot be made.
    #[error(transparent)]
    Folder(#[from] InitError),
    /// The log cannot be written.
    #[error("the log cannot be written")]
    Ledger(#[from] LedgerError),
    /// The entries could not be read to their end.
    #[error("the entries cannot be read: {0}")]
    Source(String),
    /// The entries are not those of the checkpoint.
    #[error("the entries hash to another root than the checkpoint's")]
    OtherRoot,
}

/// Makes a registry's folder from the entries of a log and the key that signed its checkpoints. The entries
/// must have been audited up to this checkpoint. Returns the number of entries.
///
/// # Errors
/// [`RestoreError`]; the folder is then not a registry, and has to be removed before another try.
pub fn restore(
    dir: &Path,
    log_key: &SecretKey,
    checkpoint: &Checkpoint,
    entries: impl Iterator<Item = Result<Vec<u8>, String>>,
) -> Result<u64, RestoreError> {
    let origin = &checkpoint.origin;
    let log = setup::begin(dir, log_key)?;
    let signer = NoteSigner::new(origin.clone(), log_key.as_signing_key().clone());
    let mut ledger = Ledger::open(Box::new(log), signer)?;
    let (mut chunk, mut bytes) = (Vec::new(), 0_usize);
    for entry in entries {
        let entry = entry.map_err(RestoreError::Source)?;
        bytes = bytes.saturating_add(entry.len());
        chunk.push(entry);
        if chunk.len() >= CHUNK || bytes >= CHUNK_BYTES {
            ledger.append(&chunk)?;
            (chunk, bytes) = (Vec::new(), 0);
        }
    }
    if !chunk.is_empty() {
        ledger.append(&chunk)?;
    }
    let size = ledger.size();
    if size != checkpoint.size || ledger.root() != checkpoint.root {
        return Err(RestoreError::OtherRoot);
    }
    ledger.close()?;
    drop(ledger);
    setup::finish(dir, origin)?;
    Ok(size)
}

/// The read models before and after they were made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many records the log has.
    pub size: u64,
    /// What was there before.
    pub before: Saved,
    /// The digest of the read models that the log gives.
    pub after: [u8; 32],
}

/// Read models as they were saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// There were none.
    Nothing,
    /// They could not be read, or did not lead to the log's outcomes.
    Unusable(String),
    /// Their digest, brought up to the end of the log.
    Digest([u8; 32]),
}

/// Makes the read models of a registry anew from its log, and saves them.
///
/// # Errors
/// [`StartError`] where the log itself cannot be taken up.
pub fn rebuild(dir: &Path) -> Result<Rebuilt, StartError> {
    let folder = Folder::open(dir)?;
    let ledger = Ledger::open(Box::new(SledLog::open(dir)?), folder.signer())?;
    let library = ledger.library();
    let size = ledger.size();
    let before = recovery::saved(dir, folder.origin(), &library);
    let (mut state, views) = recovery::rebuild(dir, folder.origin(), &library)?;
    let after = digest(&mut state).map_err(StartError::Views)?;
    saver::save(&views, state.begin_save()).map_err(StartError::Views)?;
    Ok(Rebuilt { size, before, after })
}

/// A digest that is worth something: of rows all of which could be read.
pub(super) fn digest(state: &mut State) -> Result<[u8; 32], String> {
    let digest = state.digest().map_err(|error| error.to_string())?;
    state.fault().map_or(Ok(digest), |fault| Err(fault.to_owned()))
}
