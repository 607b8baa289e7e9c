//! Invoices as firms have them (UBL, CII, CSV; also in archives), read into drafts of a registration.
//!
//! Bytes in, drafts out: no file, no network, no clock. A document is attacker-controlled, so every reader
//! has its bounds (size, depth, elements, attributes, text), refuses document type declarations, and
//! dispatches on the root element's namespace and name only, never on a file name. What a draft says was
//! read exactly: no amount is rounded, no identifier is invented. Whether the parties are participants, and
//! whether the invoice is known already, is not known here.

pub mod archive;
mod cells;
pub mod cii;
pub mod csv;
mod draft;
mod error;
mod fields;
mod party_ids;
pub mod response;
pub mod ubl;
mod xml;

use sha2::{Digest as _, Sha256};

use crate::types::DocumentHash;

pub use draft::{BornAssigned, Draft, DraftParty, Kind, Preceding};
pub use error::{LineError, ReadError, Term};
pub use party_ids::LedgerParty;

/// The largest document that is read, in bytes; an invoice with its attachments is rarely above 5 MB.
pub const DOCUMENT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What the content of a file is, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markup: UBL, CII or another XML document.
    Xml,
    /// A table of text.
    Csv,
    /// A ZIP, tar or gzip file: see [`archive::walk`].
    Archive,
    /// A PDF file, in which an invoice may be embedded.
    Pdf,
    /// Something else.
    Unknown,
}

/// Tells the format of a file by its content.
pub fn format(bytes: &[u8]) -> Format {
    let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if archive::is_archive(bytes) {
        Format::Archive
    } else if content.starts_with(b"%PDF-") {
        Format::Pdf
    } else if content.starts_with(b"<") || xml::has_utf16_mark(bytes) {
        Format::Xml
    } else if !content.is_empty() && !bytes.contains(&0) {
        Format::Csv
    } else {
        Format::Unknown
    }
}

/// Reads one file: an XML document gives one draft, a table one result for each of its lines.
///
/// # Errors
///
/// [`ReadError`] when the file as a whole cannot be read; its text says what is missing or wrong and what
/// to do about it. An archive is refused here: its entries are read one by one with [`archive::walk`].
pub fn read(bytes: &[u8]) -> Result<Vec<Result<Draft, LineError>>, ReadError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(ReadError::TooLarge);
    }
    match format(bytes) {
        Format::Xml => {
            let root = xml::parse(bytes)?;
            let mut draft = match root.name() {
                ubl::INVOICE | ubl::CREDIT_NOTE => ubl::draft(&root)?,
                cii::INVOICE => cii::draft(&root)?,
                _ => return Err(ReadError::not_an_invoice(&root)),
            };
            draft.document_hash = Some(document_hash(bytes));
            Ok(vec![Ok(draft)])
        }
        Format::Csv => csv::read(bytes),
        Format::Archive => Err(ReadError::Archive),
        Format::Pdf => Err(ReadError::Pdf),
        Format::Unknown if bytes.is_empty() => Err(ReadError::Empty),
        Format::Unknown => Err(ReadError::Unrecognised),
    }
}

/// A date as people write it in tables: `2026-11-21`, or day first.
pub fn date_of_cell(cell: &str) -> Option<crate::types::Date> {
    cells::date(cell)
}

/// An amount as people write it in tables, as a plain decimal with a point; `None` where it has two readings.
pub fn amount_of_cell(cell: &str) -> Option<String> {
    cells::amount(cell)
}

/// The hash under which a document is known: SHA-256 of its bytes as they lie.
pub fn document_hash(bytes: &[u8]) -> DocumentHash {
    DocumentHash::from_bytes(Sha256::digest(bytes).into())
}
