//! What buyers, platforms and sellers say of an invoice after it was sent: Peppol Invoice Response (BIS 63A, a UBL
//! `ApplicationResponse`) and the French life cycle message (CDAR D22B), read into drafts of a status.
//!
//! Bytes in, drafts out. Each draft says what one message says of one invoice, in the registry's words, and which
//! rules of its standard it breaks without being unreadable. A message of another kind that shares the root element
//! (message level responses, catalogue responses) is refused by what its specification identifier says. A message is
//! not signed: who may state what it says, and as whose word, is decided in [`prepare()`] against the registry.

mod cdar;
mod error;
mod hour;
mod peppol;
mod peppol_codes;
mod prepare;
mod transitions;
mod write;

use crate::invoice::InvoiceNumber;
use crate::statement::{Code, Status};
use crate::types::{Currency, Date, PartyId, Timestamp};

use super::error::what_it_is;
use super::party_ids::{self, Raw};
use super::xml::{self, Element};
use super::{Format, ReadError, format, ubl};

pub use error::{ResponseError, Unfit};
pub use prepare::{Prepared, Statement, find, prepare};
pub use transitions::{ResponseCode, Step, follows};
pub use write::{Outgoing, write};

/// How many invoices one message may speak of; the French life cycle message can speak of several.
pub const REFERENCES_MAX: usize = 1_000;
/// How many clarification codes of a message are kept, the most that a status takes.
const REASONS_MAX: usize = 8;

/// Which standard a message follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Syntax {
    /// Peppol Invoice Response 3 (BIS 63A, transaction T111).
    InvoiceResponse,
    /// The French life cycle message (XP Z12-012, CDAR D22B).
    LifeCycle,
}

impl Syntax {
    /// The name under which a status names it as its source.
    pub const fn system(self) -> &'static str {
        match self {
            Self::InvoiceResponse => "peppol-invoice-response",
            Self::LifeCycle => "fr-cdar",
        }
    }
}

/// What a message makes of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A status of the registry.
    Status(Status),
    /// Money that the seller collected or gave back: what that makes of the invoice depends on what is due.
    Collected,
    /// The invoice is void: a corrected one takes its place.
    Cancelled,
    /// Nothing that the registry keeps a state of; in words why.
    Nothing(&'static str),
}

/// Whose word a message says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The buyer's, or somebody's who acts for it.
    Buyer,
    /// The seller's, or somebody's who acts for it.
    Seller,
    /// A platform's on the way.
    Platform,
}

/// What an amount of a message is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Collected by the seller, with VAT, one for each VAT rate; negative where it was given back (`MEN`).
    Collected,
    /// Paid by the buyer, as far as it knows (`MPA`; in an Invoice Response a condition on BT-113).
    Paid,
    /// Still to be paid (`RAP`).
    Remaining,
    /// Deducted with the seller's consent (`ESC`, `RAB`, `REM`).
    Deducted,
    /// Approved, with VAT (`MAPTTC`; in an Invoice Response a condition on BT-115).
    Approved,
    /// Not approved, with VAT (`MNATTC`).
    NotApproved,
}

/// An amount as a message writes it: it is read in the currency of the invoice once that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// What it is of.
    pub figure: Figure,
    /// The decimal, as written.
    pub decimal: String,
    /// Its currency, where the message names one.
    pub currency: Option<Currency>,
}

/// A rule of its standard that a message breaks, or something else that a person should know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// The stable name; that of the standard where it has one, such as `PEPPOL-T111-R001`.
    pub code: &'static str,
    /// What is wrong.
    pub words: &'static str,
}

/// What one message says of one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseDraft {
    /// The standard of the message.
    pub syntax: Syntax,
    /// The message's own id.
    pub message: String,
    /// The status code, as written (`AP`, `212`).
    pub code: String,
    /// The same where the standard is Peppol's, with its place in the order of statuses.
    pub response_code: Option<ResponseCode>,
    /// What that means to the registry.
    pub meaning: Meaning,
    /// When the status became effective; a day without a time counts as its last second.
    pub effective_at: Timestamp,
    /// Whose word the message says that it is.
    pub voice: Voice,
    /// Who that is, as far as the message identifies it.
    pub speaker: Vec<PartyId>,
    /// The seller of the invoice.
    pub seller: Vec<PartyId>,
    /// The buyer of the invoice, where the message names it beside its sender.
    pub buyer: Vec<PartyId>,
    /// The invoice's number (BT-1).
    pub number: InvoiceNumber,
    /// Its day of issue (BT-2), where the message tells it.
    pub issue_date: Option<Date>,
    /// Its type (BT-3).
    pub type_code: u16,
    /// The amounts that the message speaks of.
    pub amounts: Vec<Amount>,
    /// The due date on which the buyer will pay, where it differs from the invoice's.
    pub due_date: Option<Date>,
    /// Whether the due date is all that the buyer accepts conditionally.
    pub only_due_date: bool,
    /// Clarification codes, at most eight.
    pub reasons: Vec<Code>,
    /// What is wrong with the message, though it can be read.
    pub notes: Vec<Note>,
}

/// Reads a message: one draft, or one for each invoice that a French message speaks of.
///
/// # Errors
/// [`ResponseError`]; its text says what is missing or wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<ResponseDraft>, ResponseError> {
    match format(bytes) {
        Format::Xml => {}
        Format::Archive => return Err(ReadError::Archive.into()),
        Format::Pdf => return Err(ReadError::Pdf.into()),
        Format::Csv | Format::Unknown if bytes.is_empty() => return Err(ReadError::Empty.into()),
        Format::Csv | Format::Unknown => {
            return Err(ResponseError::other("no XML document"));
        }
    }
    let root = xml::parse(bytes)?;
    match root.name() {
        peppol::ROOT => peppol::draft(&root).map(|draft| vec![draft]),
        cdar::ROOT => cdar::drafts(&root),
        ubl::INVOICE | ubl::CREDIT_NOTE | super::cii::INVOICE => {
            Err(ResponseError::other("an invoice or a credit note"))
        }
        _ => Err(ResponseError::NotAResponse { what: what_it_is(&root) }),
    }
}

/// Every id that a party's elements state, canonical and best first.
///
/// Unlike an invoice, a response may identify a party by its electronic address alone, so that counts whatever its
/// scheme; e-mail addresses never do. A French address (0225) is no identity, but the SIREN that it begins with
/// is a hint at whom to look for.
fn ids<'a>(stated: impl Iterator<Item = &'a Element>) -> Vec<PartyId> {
    let written = stated.filter(|element| !element.text().is_empty()).take(16);
    let found = written.filter_map(|element| {
        let raw = Raw { scheme: element.attribute("schemeID"), value: element.text() };
        match raw.scheme {
            Some("0225") => {
                let siren = raw.value.split('_').next().unwrap_or_default();
                format!("0002:{siren}").parse().ok()
            }
            Some(_) => party_ids::stated(raw),
            None => None,
        }
    });
    party_ids::in_order(found.collect())
}

/// The number of the invoice that a message is about.
fn number(text: Option<&str>) -> Result<InvoiceNumber, ResponseError> {
    let text = text.ok_or(ResponseError::Missing("the invoice's number (BT-1)"))?;
    text.parse().map_err(|_| {
        ResponseError::invalid("the invoice's number (BT-1)", text, "1 to 64 characters")
    })
}

/// The type of the invoice that a message is about.
fn type_code(text: Option<&str>) -> Result<u16, ResponseError> {
    let text = text.ok_or(ResponseError::Missing("the invoice's type code (BT-3)"))?;
    let expected = "a code of UNTDID 1001 such as 380";
    text.parse()
        .map_err(|_| ResponseError::invalid("the invoice's type code (BT-3)", text, expected))
}

/// The message's id as a status carries it: as written where it is short and visible ASCII, its SHA-256 otherwise.
fn message_code(id: &str) -> Option<Code> {
    id.parse().ok().or_else(|| {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(id.as_bytes());
        let hex = digest.iter().map(|byte| format!("{byte:02x}"));
        hex.collect::<String>().parse().ok()
    })
}

/// Whether a text is a plain decimal, perhaps negative.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    text.len() <= 32 && all_digits(whole) && all_digits(fraction)
}

/// Adds a clarification code where there is room, once.
fn add_reason(reasons: &mut Vec<Code>, text: &str) {
    if let Ok(code) = text.parse::<Code>()
        && reasons.len() < REASONS_MAX
        && !reasons.contains(&code)
    {
        reasons.push(code);
    }
}
