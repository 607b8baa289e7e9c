//! Durable storage: one append-only log of opaque entries, and four stores beside it (views, reads,
//! webhooks, invitations).
//!
//! Invariants: entries have consecutive positions from 0 and never change; whatever [`Log::append`]
//! acknowledged is on the disk; a reader never shows what a power cut could still take back; what is
//! read is checked against a checksum, so damage is an error and never other data.
//!
//! Knows nothing of invoices, statements or proofs: entries, tiles and checkpoints are bytes here.
//! Which bytes are right is decided by the Merkle root and by the audit, whatever engine is below.

pub mod connections;
mod database;
pub mod faulty;
mod floor;
pub mod invitations;
pub mod memory;
mod packing;
pub mod reads;
pub mod sled_log;
mod sled_reader;
pub mod views;
pub mod webhooks;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers of tests are small")]
mod conformance;
#[cfg(test)]
mod damage;

use std::{io, path::PathBuf, sync::Arc};

use crate::log::TileId;

/// The largest entry: its length is written in two bytes (C2SP tlog-tiles, entry bundles).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The length of a stored tile: 256 hashes of 32 bytes (C2SP tlog-tiles, a full tile).
pub const TILE_BYTES: usize = 8_192;

/// What is appended in one piece: all of it is there after a crash, or none of it counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batch<'a> {
    /// The entries, in order; each at most [`ENTRY_BYTES_MAX`] long.
    pub entries: &'a [Vec<u8>],
    /// The tiles that these entries make full, each [`TILE_BYTES`] long.
    pub tiles: &'a [(TileId, Box<[u8]>)],
    /// The newest signed checkpoint, of the size before this batch or smaller: only what is durable
    /// is signed, so a checkpoint travels with the batch that follows it.
    pub checkpoint: Option<&'a str>,
}

/// The log as its only writer sees it.
pub trait Log: Send {
    /// How many entries are stored, which is the position of the next one.
    fn size(&self) -> u64;

    /// Appends a batch whose first entry gets position `at`.
    ///
    /// `Ok` promises that entries, tiles and checkpoint survive a loss of power from now on and that
    /// readers see them. A batch without entries stores its tiles and its checkpoint alone.
    ///
    /// # Errors
    /// Each variant of [`AppendError`] says what is stored afterwards and what the writer must do.
    fn append(&mut self, at: u64, batch: &Batch<'_>) -> Result<(), AppendError>;

    /// A view for any number of threads. It stays valid while the writer appends.
    ///
    /// It keeps the database open: before a log is opened again within one process, all its readers
    /// have to be dropped.
    fn reader(&self) -> Arc<dyn LogReader>;
}

/// The durable part of the log, for any number of threads beside the writer.
pub trait LogReader: Send + Sync {
    /// How many entries are durable. It never shrinks.
    fn size(&self) -> u64;

    /// The entries at `from..to`, all of them.
    ///
    /// The answer is held in memory: ask for ranges of some thousands at most.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] where `from > to` or `to` is beyond [`LogReader::size`].
    fn read(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, ReadError>;

    /// The tile, or `None` where it is not full yet or was never stored.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where its bytes changed; it can be computed again from the entries.
    fn tile(&self, id: TileId) -> Result<Option<Box<[u8]>>, ReadError>;

    /// The newest stored checkpoint.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where its bytes changed.
    fn checkpoint(&self) -> Result<Option<String>, ReadError>;
}

/// What the storage engine below said, in its own words, for the operator and not for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

impl Fault {
    /// A fault in the words of whoever met it.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// Why a batch is not acknowledged; the variants differ in what the writer must do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written: the log is not where the caller thinks. Another writer was faster, or
    /// the caller lost count. Read what is new, then decide again.
    #[error("the log is at position {size}, the batch was for {at}")]
    WrongPosition {
        /// The position that the caller asked for.
        at: u64,
        /// The position at which the log is.
        size: u64,
    },
    /// Nothing was written, and the same batch never will be: the caller has a bug.
    #[error("the batch cannot be stored: {0}")]
    Unstorable(&'static str),
    /// Nothing was written. Appending the same batch again, now or later, is safe.
    #[error("the log did not take the batch, nothing was written")]
    Unavailable(#[source] Fault),
    /// All, a part or nothing was written, and the log takes no more batches. The writer must stop,
    /// open the log again, look at its size and replay from there. Going on from a guess is how
    /// public logs died.
    #[error("the outcome of an append is unknown, the log must be opened again")]
    Unknown(#[source] Fault),
}

/// Why something was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The range is backwards or is not durable yet.
    #[error("the range {from}..{to} is not within the {size} entries of the log")]
    OutOfRange {
        /// The first position asked for.
        from: u64,
        /// The position after the last one asked for.
        to: u64,
        /// How many entries are durable.
        size: u64,
    },
    /// The bytes are not those that were written. Stop and restore; do not sign over them.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What is damaged, and where.
        what: String,
    },
    /// Reading failed for now (the disk, or the engine); it may succeed later.
    #[error("the store could not be read")]
    Failed(#[source] Fault),
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no store in this folder. Nothing is made unasked: a registry that starts with an
    /// empty log by mistake signs a second history.
    #[error("there is no log in {}", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// A new store was asked for where one is.
    #[error("there is a log in {} already", dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process, or this one, has it open.
    #[error("{} is in use by another process", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// It was written by another version of this program.
    #[error("{} has storage format {found}, this program reads {ours}", dir.display())]
    OtherVersion {
        /// The folder.
        dir: PathBuf,
        /// The version that was found.
        found: u32,
        /// The version that this program reads.
        ours: u32,
    },
    /// It is not what was written.
    #[error("the store is damaged: {what}; {hint}")]
    Damaged {
        /// What is damaged.
        what: String,
        /// What the operator can do.
        hint: &'static str,
    },
    /// The file system refused.
    #[error("a file of the store could not be used")]
    Io(#[from] io::Error),
}
