//! Checkpoints (C2SP tlog-checkpoint): which log, how many entries, which root, signed as a note.
//!
//! What is written has three lines and never more: witnesses refuse extension lines, and some cosignatures do not
//! cover them. What is read may have some; they are passed over.

use super::{
    hash::{Hash, HashError, empty_root},
    note::{Note, NoteError, NoteSigner, Vkey},
    tile::decimal,
};
use crate::types::{Origin, OriginError};

/// Why a text is not a checkpoint, or not one of the expected log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed as expected.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Fewer than three lines, an empty line, or an unended last line.
    #[error("expected the lines origin, size and root")]
    Lines,
    /// The first line is not an origin.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The second line is not a size.
    #[error("expected a size in decimal without leading zeros")]
    Size,
    /// The third line is not a root.
    #[error(transparent)]
    Root(#[from] HashError),
    /// A tree without entries has only one root.
    #[error("the root is not that of an empty tree")]
    EmptyRoot,
    /// The checkpoint is of another log than the key.
    #[error("the checkpoint is of {0}, not of the log with this key")]
    OtherLog(Origin),
}

/// What a log commits to: the root over its first `size` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text to be signed.
    pub fn encode(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a checkpoint's note. Extension lines are passed over.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Lines);
        }
        let origin = origin.parse()?;
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = root.parse()?;
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root })
    }

    /// The signed note of this checkpoint, ready to be published.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, NoteError> {
        Note::sign(&self.encode(), signer).map(|note| note.to_string())
    }

    /// Reads a signed note and checks that it is a checkpoint of the log with this key.
    pub fn open(note: &str, log: &Vkey) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        note.verify(core::slice::from_ref(log))?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin.as_str() != log.name() {
            return Err(CheckpointError::OtherLog(checkpoint.origin));
        }
        Ok(checkpoint)
    }
}
