//! Folders of documents as one file: ZIP, tar, tar.gz and gzip, entry by entry in memory.
//!
//! Nothing is written to disk, so an entry's name is only a label. What an archive claims about its sizes
//! is not believed: bytes are counted as they are inflated. An archive inside an archive is opened once;
//! deeper ones are refused. What the entries are is not known here.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::DOCUMENT_BYTES_MAX;

/// Bounds of what an archive may unfold into.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many entries are looked at, folders and nested ones included.
    pub entries_max: u64,
    /// How large an entry may be; a larger one is reported and passed over.
    pub entry_bytes_max: u64,
    /// How much may be inflated in total.
    pub total_bytes_max: u64,
}

impl Default for Limits {
    /// A year of invoices of a large firm: 100,000 entries and 2 GiB, of which one is in memory at a time.
    fn default() -> Self {
        Self {
            entries_max: 100_000,
            entry_bytes_max: u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX),
            total_bytes_max: 2 << 30,
        }
    }
}

/// Why an archive was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are no archive that we know.
    #[error("the file is not a ZIP, tar or gzip archive")]
    Unrecognised,
    /// The archive breaks off or contradicts itself.
    #[error("the archive is damaged after {entries} entries")]
    Damaged {
        /// Entries before the damage.
        entries: u64,
    },
    /// More entries than [`Limits::entries_max`].
    #[error("the archive has more than {0} entries: split it")]
    Entries(u64),
    /// More bytes than [`Limits::total_bytes_max`].
    #[error("the archive unfolds into more than {0} bytes: split it")]
    Total(u64),
}

impl ArchiveError {
    /// The stable name of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unrecognised => "archive_unknown",
            Self::Damaged { .. } => "archive_damaged",
            Self::Entries(_) => "archive_too_many_entries",
            Self::Total(_) => "archive_too_large",
        }
    }
}

/// Why one entry has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Larger than [`Limits::entry_bytes_max`].
    #[error("the entry is larger than a document may be")]
    TooLarge,
    /// Encrypted, or compressed by a method that we do not read.
    #[error("the entry is encrypted or compressed by an unknown method")]
    Unsupported,
    /// An archive in an archive in an archive.
    #[error("the entry is an archive nested deeper than one level: unpack it first")]
    Nested,
    /// An archive in the archive is damaged.
    #[error("the entry is a damaged archive")]
    Damaged,
}

/// An entry on its way to the visitor.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its path in the archive, made printable; `outer.zip/inner.xml` for an entry of a nested archive.
    pub name: &'a str,
    /// Its bytes.
    pub content: Result<&'a [u8], EntryError>,
}

/// Whether bytes start as an archive that [`walk`] opens.
pub fn is_archive(bytes: &[u8]) -> bool {
    is_zip(bytes) || is_gzip(bytes) || is_tar(bytes)
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// Shows every file in an archive to a visitor, one at a time, in the archive's order.
///
/// # Errors
///
/// [`ArchiveError`] where the archive is damaged or goes beyond its limits; entries before that were shown.
pub fn walk(
    bytes: &[u8],
    limits: Limits,
    visit: &mut dyn FnMut(Entry<'_>),
) -> Result<(), ArchiveError> {
    if !is_archive(bytes) {
        return Err(ArchiveError::Unrecognised);
    }
    Walk { limits, entries: 0, total: 0, visit }.archive("", bytes, 0)
}

struct Walk<'v> {
    limits: Limits,
    entries: u64,
    total: u64,
    visit: &'v mut dyn FnMut(Entry<'_>),
}

impl Walk<'_> {
    fn archive(&mut self, prefix: &str, bytes: &[u8], depth: u8) -> Result<(), ArchiveError> {
        if is_zip(bytes) {
            self.zip(prefix, bytes, depth)
        } else if is_gzip(bytes) {
            self.gzip(prefix, bytes, depth)
        } else {
            self.tar(prefix, bytes, depth)
        }
    }

    fn zip(&mut self, prefix: &str, bytes: &[u8], depth: u8) -> Result<(), ArchiveError> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| self.damaged())?;
        for index in 0..archive.len() {
            self.count()?;
            let name = archive.name_for_index(index).and_then(Result::ok);
            let name = label(prefix, name.unwrap_or_default().as_bytes());
            let mut entry = match archive.by_index(index) {
                Ok(entry) => entry,
                Err(zip::result::ZipError::UnsupportedArchive(_)) => {
                    self.show(&name, Err(EntryError::Unsupported));
                    continue;
                }
                Err(_) => return Err(self.damaged()),
            };
            if entry.is_file() {
                self.file(&name, &mut entry, depth)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, prefix: &str, bytes: &[u8], depth: u8) -> Result<(), ArchiveError> {
        self.tar_entries(prefix, &mut tar::Archive::new(bytes), depth)
    }

    /// A gzip file is a tar when its content is; else it is one compressed document.
    fn gzip(&mut self, prefix: &str, bytes: &[u8], depth: u8) -> Result<(), ArchiveError> {
        let mut inflated = MultiGzDecoder::new(bytes);
        let mut head = Vec::new();
        (&mut inflated).take(512).read_to_end(&mut head).map_err(|_| self.damaged())?;
        let tar = is_tar(&head);
        // A tar's headers are inflated outside of its entries, so the stream as a whole is bounded too.
        let room = self.limits.total_bytes_max.saturating_sub(self.total).saturating_add(1);
        let mut stream = Cursor::new(head).chain(inflated).take(room);
        if tar {
            let mut archive = tar::Archive::new(&mut stream);
            let outcome = self.tar_entries(prefix, &mut archive, depth);
            if stream.limit() == 0 {
                return Err(ArchiveError::Total(self.limits.total_bytes_max));
            }
            outcome
        } else {
            self.count()?;
            let name = if prefix.is_empty() { "content" } else { prefix.trim_end_matches('/') };
            self.file(name, &mut stream, depth)
        }
    }

    fn tar_entries<R: Read>(
        &mut self,
        prefix: &str,
        archive: &mut tar::Archive<R>,
        depth: u8,
    ) -> Result<(), ArchiveError> {
        let entries = archive.entries().map_err(|_| self.damaged())?;
        for entry in entries {
            self.count()?;
            let mut entry = entry.map_err(|_| self.damaged())?;
            if entry.header().entry_type().is_file() {
                let name = label(prefix, &entry.path_bytes());
                self.file(&name, &mut entry, depth)?;
            }
        }
        Ok(())
    }

    /// Inflates one file and shows it, or what is in it.
    fn file(&mut self, name: &str, content: &mut dyn Read, depth: u8) -> Result<(), ArchiveError> {
        let room = self.limits.total_bytes_max.saturating_sub(self.total);
        let bound = self.limits.entry_bytes_max.min(room).saturating_add(1);
        let mut bytes = Vec::new();
        let read = content.take(bound).read_to_end(&mut bytes);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(size);
        read.map_err(|_| self.damaged())?;
        if self.total > self.limits.total_bytes_max {
            return Err(ArchiveError::Total(self.limits.total_bytes_max));
        }
        if size > self.limits.entry_bytes_max {
            self.show(name, Err(EntryError::TooLarge));
        } else if !is_archive(&bytes) {
            self.show(name, Ok(&bytes));
        } else if depth > 0 {
            self.show(name, Err(EntryError::Nested));
        } else {
            match self.archive(&format!("{name}/"), &bytes, depth.saturating_add(1)) {
                Err(ArchiveError::Damaged { .. } | ArchiveError::Unrecognised) => {
                    self.show(name, Err(EntryError::Damaged));
                }
                other => return other,
            }
        }
        Ok(())
    }

    fn show(&mut self, name: &str, content: Result<&[u8], EntryError>) {
        (self.visit)(Entry { name, content });
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.limits.entries_max {
            return Err(ArchiveError::Entries(self.limits.entries_max));
        }
        Ok(())
    }

    fn damaged(&self) -> ArchiveError {
        ArchiveError::Damaged { entries: self.entries }
    }
}

/// A name fit for a terminal or a page.
fn label(prefix: &str, name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let printable = text.chars().take(300).map(|c| if c.is_control() { '?' } else { c });
    format!("{prefix}{}", printable.collect::<String>())
}
