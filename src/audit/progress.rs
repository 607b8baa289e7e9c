//! What an auditor keeps between two runs, as the bytes of one file.
//!
//! ```text
//! "tallystick-audit-state v1\n"
//! length (u32) ‖ head (postcard)
//! the pages of the read models, in the order of the head's directory
//! BLAKE3 over everything before it (32 bytes)
//! ```
//!
//! It holds the last checkpoint that the log passed in full, so that a second history cannot be shown later, and
//! the read models at that point, so that only new entries have to be read. The file is the auditor's own: the
//! checksum is against accidents, not against whoever can write to his disk.

use core::ops::Range;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{Column, PageSource, Snapshot, State, Summary};
use crate::log::{Checkpoint, CheckpointError, Frontier, Vkey};
use crate::types::Origin;

const MAGIC: &[u8] = b"tallystick-audit-state v1\n";
const CHECKSUM_BYTES: usize = 32;

/// Why saved progress cannot be used. The way out is always to audit from the start.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// It is something else, or of another version.
    #[error("this is not the saved state of an audit of this version")]
    Magic,
    /// It is not what was saved.
    #[error("the saved state of the audit is damaged: {0}")]
    Damaged(String),
    /// It is of another log, or was saved under another key.
    #[error("the saved state is of an audit of another log")]
    OtherLog(#[source] CheckpointError),
    /// A row could not be written.
    #[error("the state of the audit could not be encoded")]
    Encoding(#[from] postcard::Error),
}

/// Where an earlier audit ended.
pub struct Progress {
    pub(super) checkpoint: Checkpoint,
    pub(super) frontier: Frontier,
    summary: Summary,
    pub(super) shelf: Arc<Shelf>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    /// The signed checkpoint.
    note: String,
    frontier: Frontier,
    summary: Summary,
    /// Column, number and length of each page.
    pages: Vec<(u8, u32, u32)>,
}

/// The pages within the bytes of a file.
pub(super) struct Shelf {
    bytes: Vec<u8>,
    pages: BTreeMap<(u8, u32), Range<usize>>,
}

impl Shelf {
    fn page(&self, column: u8, number: u32) -> Option<&[u8]> {
        self.bytes.get(self.pages.get(&(column, number))?.clone())
    }
}

impl PageSource for Shelf {
    fn load(&self, column: Column, page: u32) -> Result<Vec<u8>, String> {
        let found = self.page(column.0, page).map(<[u8]>::to_vec);
        found.ok_or_else(|| "is not in the saved state".to_owned())
    }
}

impl Progress {
    /// Reads what `encode` wrote for the log with this key.
    ///
    /// # Errors
    /// [`ProgressError`].
    pub fn from_bytes(bytes: Vec<u8>, log: &Vkey) -> Result<Self, ProgressError> {
        let damaged = |what: &str| ProgressError::Damaged(what.to_owned());
        if !bytes.starts_with(MAGIC) {
            return Err(ProgressError::Magic);
        }
        let (body, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| damaged("it ends early"))?;
        if blake3::hash(body).as_bytes() != checksum {
            return Err(damaged("its checksum differs"));
        }
        let rest = body.get(MAGIC.len()..).unwrap_or_default();
        let (length, rest) =
            rest.split_first_chunk::<4>().ok_or_else(|| damaged("it ends early"))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (head, rest) = rest.split_at_checked(length).ok_or_else(|| damaged("it ends early"))?;
        let head: Head = postcard::from_bytes(head).map_err(|error| damaged(&error.to_string()))?;
        let mut offset = body.len().saturating_sub(rest.len());
        let mut pages = BTreeMap::new();
        for (column, number, length) in head.pages {
            let end = usize::try_from(length).ok().and_then(|length| offset.checked_add(length));
            let end = end.filter(|end| *end <= body.len()).ok_or_else(|| damaged("pages"))?;
            pages.insert((column, number), offset..end);
            offset = end;
        }
        let checkpoint = Checkpoint::open(&head.note, log).map_err(ProgressError::OtherLog)?;
        let same_size =
            head.frontier.size() == checkpoint.size && head.summary.size == checkpoint.size;
        if !same_size || head.frontier.root() != checkpoint.root {
            return Err(damaged("its parts are of different sizes"));
        }
        let shelf = Arc::new(Shelf { bytes, pages });
        Ok(Self { checkpoint, frontier: head.frontier, summary: head.summary, shelf })
    }

    /// The checkpoint at which the earlier audit ended.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Takes up the read models.
    pub(super) fn state(&self, origin: Origin) -> Result<State, ProgressError> {
        let source: Arc<dyn PageSource> = Arc::<Shelf>::clone(&self.shelf);
        State::load(origin, &self.summary, &source).map_err(ProgressError::Damaged)
    }
}

/// Writes where an audit ended: the pages that changed, and those of the shelf from which it was taken up.
pub(super) fn encode(
    note: String,
    frontier: Frontier,
    snapshot: Snapshot,
    shelf: Option<&Shelf>,
) -> Result<Vec<u8>, ProgressError> {
    let (changed, summary) = snapshot.encode()?;
    let mut pages: BTreeMap<(u8, u32), &[u8]> = BTreeMap::new();
    if let Some(shelf) = shelf {
        let kept = shelf.pages.keys();
        pages.extend(kept.filter_map(|key| Some((*key, shelf.page(key.0, key.1)?))));
    }
    pages.extend(changed.iter().map(|(column, number, bytes)| ((column.0, *number), &**bytes)));
    let too_large = || ProgressError::Damaged("it is too large to be saved".to_owned());
    let directory = pages
        .iter()
        .map(|((column, number), page)| Some((*column, *number, u32::try_from(page.len()).ok()?)))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(too_large)?;
    let head = postcard::to_stdvec(&Head { note, frontier, summary, pages: directory })?;
    let length = u32::try_from(head.len()).map_err(|_| too_large())?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&head);
    for page in pages.values() {
        bytes.extend_from_slice(page);
    }
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    Ok(bytes)
}
