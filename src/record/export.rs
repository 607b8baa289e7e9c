//! A whole log as one stream: what `export` writes and `audit --log` reads.
//!
//! ```text
//! "tallystick-log v1\n"
//! length (u32) ‖ the newest signed checkpoint (C2SP signed note)
//! length (u32) ‖ the published read models (JSON; empty where they are left out)
//! length (u32) ‖ entry        for each entry, from position 0 to the end of the stream
//! ```
//!
//! Lengths are big-endian. There is no count: the checkpoint commits to the number of entries. A length that lies
//! costs no memory: nothing is set aside before the bytes are there. What the parts mean is not known here, and
//! nothing read from a stream is to be believed before it was audited.

use std::io::{self, Read, Write};

use crate::log::{ENTRY_BYTES_MAX, NOTE_BYTES_MAX};

/// The first bytes of every exported log.
const MAGIC: &[u8] = b"tallystick-log v1\n";

/// The longest list of published read models: room for some 300,000 conflicts.
pub const PUBLISHED_BYTES_MAX: usize = 64 << 20;

/// Why a stream cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Reading or writing failed.
    #[error("the stream could not be read or written")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is not an exported log: it does not begin with `tallystick-log v1`")]
    Magic,
    /// A part is longer than it may be.
    #[error("{part} at byte {offset} has {length} bytes, at most {max} are allowed")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// The length that it has or claims.
        length: u64,
        /// The length that it may have.
        max: usize,
    },
    /// The stream ends within a part.
    #[error("the stream ends within {part} that begins at byte {offset}")]
    Truncated {
        /// Which part.
        part: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// The checkpoint is not text.
    #[error("the checkpoint is not UTF-8")]
    NotText,
}

/// Writes an exported log.
#[derive(Debug)]
pub struct LogWriter<W: Write> {
    to: W,
    offset: u64,
}

impl<W: Write> LogWriter<W> {
    /// Begins a stream. Writes are small: hand over a buffered writer.
    ///
    /// # Errors
    /// [`ExportError::Io`] or [`ExportError::TooLong`].
    pub fn new(mut to: W, checkpoint: &str, published: &[u8]) -> Result<Self, ExportError> {
        to.write_all(MAGIC)?;
        let mut writer = Self { to, offset: count(MAGIC.len()) };
        writer.part("the checkpoint", checkpoint.as_bytes(), NOTE_BYTES_MAX)?;
        writer.part("the list of read models", published, PUBLISHED_BYTES_MAX)?;
        Ok(writer)
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// [`ExportError::Io`] or [`ExportError::TooLong`].
    pub fn entry(&mut self, entry: &[u8]) -> Result<(), ExportError> {
        self.part("an entry", entry, ENTRY_BYTES_MAX)
    }

    /// Ends the stream and hands it back, flushed.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn finish(mut self) -> Result<W, ExportError> {
        self.to.flush()?;
        Ok(self.to)
    }

    fn part(&mut self, part: &'static str, bytes: &[u8], max: usize) -> Result<(), ExportError> {
        let length = count(bytes.len());
        let (offset, too_long) =
            (self.offset, ExportError::TooLong { part, offset: self.offset, length, max });
        if bytes.len() > max {
            return Err(too_long);
        }
        let Ok(prefix) = u32::try_from(bytes.len()) else { return Err(too_long) };
        self.to.write_all(&prefix.to_be_bytes())?;
        self.to.write_all(bytes)?;
        self.offset = offset.saturating_add(4).saturating_add(length);
        Ok(())
    }
}

/// Reads an exported log.
#[derive(Debug)]
pub struct LogFile<R: Read> {
    from: R,
    offset: u64,
    checkpoint: String,
    published: Vec<u8>,
}

impl<R: Read> LogFile<R> {
    /// Reads the head of a stream. Reads are small: hand over a buffered reader.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn open(mut from: R) -> Result<Self, ExportError> {
        let mut magic = Vec::new();
        (&mut from).take(count(MAGIC.len())).read_to_end(&mut magic)?;
        if magic != MAGIC {
            return Err(ExportError::Magic);
        }
        let offset = count(MAGIC.len());
        let mut file = Self { from, offset, checkpoint: String::new(), published: Vec::new() };
        let head = |part, offset| {
            move |bytes: Option<_>| bytes.ok_or(ExportError::Truncated { part, offset })
        };
        let note =
            file.part("the checkpoint", NOTE_BYTES_MAX).and_then(head("the checkpoint", offset))?;
        file.checkpoint = String::from_utf8(note).map_err(|_| ExportError::NotText)?;
        let (part, offset) = ("the list of read models", file.offset);
        file.published = file.part(part, PUBLISHED_BYTES_MAX).and_then(head(part, offset))?;
        Ok(file)
    }

    /// The signed checkpoint that the stream brings with it.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The published read models, as JSON; empty where they were left out.
    pub fn published(&self) -> &[u8] {
        &self.published
    }

    /// The next entry; `None` at the end.
    ///
    /// # Errors
    /// [`ExportError`]; nothing can be read after it.
    pub fn next_entry(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        self.part("an entry", ENTRY_BYTES_MAX)
    }

    /// Up to `max` further entries; none at the end. Those read before an error are handed over with it.
    pub fn next_entries(&mut self, max: usize) -> (Vec<Vec<u8>>, Option<ExportError>) {
        let mut entries = Vec::new();
        while entries.len() < max {
            match self.next_entry() {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => break,
                Err(error) => return (entries, Some(error)),
            }
        }
        (entries, None)
    }

    /// `None` where the stream ends before the part begins.
    fn part(&mut self, part: &'static str, max: usize) -> Result<Option<Vec<u8>>, ExportError> {
        let offset = self.offset;
        let mut prefix = Vec::with_capacity(4);
        (&mut self.from).take(4).read_to_end(&mut prefix)?;
        if prefix.is_empty() {
            return Ok(None);
        }
        let prefix = prefix.first_chunk::<4>().ok_or(ExportError::Truncated { part, offset })?;
        let length = u32::from_be_bytes(*prefix);
        let too_long = ExportError::TooLong { part, offset, length: length.into(), max };
        if usize::try_from(length).map_or(true, |length| length > max) {
            return Err(too_long);
        }
        let mut bytes = Vec::new();
        (&mut self.from).take(length.into()).read_to_end(&mut bytes)?;
        if count(bytes.len()) < u64::from(length) {
            return Err(ExportError::Truncated { part, offset });
        }
        self.offset = offset.saturating_add(4).saturating_add(length.into());
        Ok(Some(bytes))
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(checkpoint: &str, published: &[u8], entries: &[Vec<u8>]) -> Vec<u8> {
        let mut writer = LogWriter::new(Vec::new(), checkpoint, published).unwrap();
        for entry in entries {
            writer.entry(entry).unwrap();
        }
        writer.finish().unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            checkpoint in "[ -~\n]{0,60}",
            published in proptest::collection::vec(any::<u8>(), 0..60),
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..9),
            max in 1_usize..5,
        ) {
            let bytes = write(&checkpoint, &published, &entries);
            let mut file = LogFile::open(bytes.as_slice()).unwrap();
            prop_assert_eq!(file.checkpoint(), checkpoint);
            prop_assert_eq!(file.published(), published);
            let mut read = Vec::new();
            loop {
                let (chunk, error) = file.next_entries(max);
                prop_assert!(error.is_none());
                if chunk.is_empty() { break; }
                read.extend(chunk);
            }
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let stream = [MAGIC, &[0, 0], &bytes].concat();
            if let Ok(mut file) = LogFile::open(stream.as_slice()) {
                drop(file.next_entries(100));
            }
        }
    }

    #[test]
    fn a_stream_that_ends_early_or_lies_about_a_length_is_refused() {
        let bytes = write("note\n", b"", &[b"entry".to_vec()]);
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            let complete = LogFile::open(cut).and_then(|mut file| file.next_entry());
            match end {
                0..=17 => assert!(matches!(complete, Err(ExportError::Magic))),
                // Exactly after the head: a log without entries, which only its checkpoint can contradict.
                31 => assert!(matches!(complete, Ok(None))),
                _ => assert!(matches!(complete, Err(ExportError::Truncated { .. })), "{end}"),
            }
        }
        let mut lying = bytes;
        lying[31..35].copy_from_slice(&[0xff; 4]);
        let read = LogFile::open(lying.as_slice()).and_then(|mut file| file.next_entry());
        assert!(matches!(read, Err(ExportError::TooLong { offset: 31, .. })));
    }
}
