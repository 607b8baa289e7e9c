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

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn signer(origin: &str) -> NoteSigner {
        NoteSigner::new(origin.parse().expect("a good origin"), SigningKey::from_bytes(&[5; 32]))
    }

    fn checkpoint(origin: &str, size: u64, root: [u8; 32]) -> Checkpoint {
        Checkpoint {
            origin: origin.parse().expect("a good origin"),
            size,
            root: Hash::from_bytes(root),
        }
    }

    #[test]
    fn the_text_is_three_lines() {
        let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let empty = Checkpoint { root: empty_root(), ..checkpoint("log.example/2026", 0, [0; 32]) };
        assert_eq!(empty.encode(), format!("log.example/2026\n0\n{root}\n"));
        assert_eq!(Checkpoint::parse(&empty.encode()), Ok(empty.clone()));
        let extended = format!("{}an extension\n", empty.encode());
        assert_eq!(Checkpoint::parse(&extended), Ok(empty));
    }

    #[test]
    fn texts_of_any_other_form_are_refused() {
        let root = Hash::from_bytes([7; 32]).to_string();
        let cases = [
            (String::new(), CheckpointError::Lines),
            ("\n".into(), CheckpointError::Lines),
            ("log\n7\n".into(), CheckpointError::Lines),
            (format!("log\n7\n{root}"), CheckpointError::Lines),
            (format!("log\n7\n{root}\n\n"), CheckpointError::Lines),
            (format!("log\n7\n{root}\n\nmore\n"), CheckpointError::Lines),
            (format!("\n7\n{root}\n"), CheckpointError::Origin(OriginError)),
            (format!("a log\n7\n{root}\n"), CheckpointError::Origin(OriginError)),
            (format!("log\n07\n{root}\n"), CheckpointError::Size),
            (format!("log\n+7\n{root}\n"), CheckpointError::Size),
            (format!("log\n\n{root}\n"), CheckpointError::Size),
            (format!("log\n18446744073709551616\n{root}\n"), CheckpointError::Size),
            (format!("log\n7\n{}\n", root.trim_end_matches('=')), CheckpointError::Root(HashError)),
            (format!("log\n7\n{root} \n"), CheckpointError::Root(HashError)),
            (format!("log\n0\n{root}\n"), CheckpointError::EmptyRoot),
        ];
        for (text, expected) in cases {
            assert_eq!(Checkpoint::parse(&text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_checkpoint_opens_only_with_the_key_of_its_log() {
        let (log, other) = (signer("log.example"), signer("other.example"));
        let written = checkpoint("log.example", 9, [9; 32]);
        let note = written.sign(&log).expect("good text");
        assert_eq!(Checkpoint::open(&note, &log.vkey()), Ok(written.clone()));
        let unknown = CheckpointError::Note(NoteError::NoKnownSignature);
        assert_eq!(Checkpoint::open(&note, &other.vkey()), Err(unknown));
        let forged = note.replacen("\n9\n", "\n8\n", 1);
        let bad = CheckpointError::Note(NoteError::BadSignature("log.example".into()));
        assert_eq!(Checkpoint::open(&forged, &log.vkey()), Err(bad));
        let foreign = written.sign(&other).expect("good text");
        let other_log = CheckpointError::OtherLog(written.origin);
        assert_eq!(Checkpoint::open(&foreign, &other.vkey()), Err(other_log));
    }

    proptest! {
        #[test]
        fn writing_and_reading_a_checkpoint_is_lossless(
            origin in "[!-*,-~]{1,255}", size in 1..=u64::MAX, root: [u8; 32],
        ) {
            let written = checkpoint(&origin, size, root);
            let signer = signer(&origin);
            let note = written.sign(&signer)?;
            prop_assert_eq!(Checkpoint::open(&note, &signer.vkey())?, written);
        }

        #[test]
        fn what_is_read_is_written_the_same(text in prop_oneof![".*", "[a +]{0,3}\n[0-9]{0,3}\n[A-Z]{42,44}={0,2}\n"]) {
            if let Ok(read) = Checkpoint::parse(&text) {
                prop_assert!(text.starts_with(&read.encode()));
            }
            prop_assert!(Checkpoint::open(&text, &signer("log.example").vkey()).is_err());
        }
    }
}
