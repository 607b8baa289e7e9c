//! Why a document or a line of a table was not read: what is missing or wrong, and what to do.
//!
//! Every message names the business term of EN 16931 (BT-…), since that is what the seller's software
//! and its supplier know. A found text is quoted, short and with control characters escaped.

use crate::types::Currency;
use crate::types::PartyId;

use super::xml::Element;
use super::xml::XmlFault;

/// A business term of EN 16931 that a registration needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// BT-1.
    Number,
    /// BT-2.
    IssueDate,
    /// BT-3.
    TypeCode,
    /// BT-5.
    Currency,
    /// BT-9.
    DueDate,
    /// BT-112.
    Gross,
    /// BT-115.
    AmountDue,
    /// BT-30, BT-31, BT-29.
    Seller,
    /// BT-47, BT-48, BT-46.
    Buyer,
}

impl Term {
    /// The term's number and name, for messages.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Number => "BT-1 invoice number",
            Self::IssueDate => "BT-2 issue date",
            Self::TypeCode => "BT-3 type code",
            Self::Currency => "BT-5 currency",
            Self::DueDate => "BT-9 due date",
            Self::Gross => "BT-112 total amount with VAT",
            Self::AmountDue => "BT-115 amount due",
            Self::Seller => "BT-30/BT-31 seller identifier with a scheme",
            Self::Buyer => "BT-47/BT-48 buyer identifier with a scheme",
        }
    }

    const fn missing_code(self) -> &'static str {
        match self {
            Self::Number => "number_missing",
            Self::IssueDate => "issue_date_missing",
            Self::TypeCode => "type_code_missing",
            Self::Currency => "currency_missing",
            Self::DueDate => "due_date_missing",
            Self::Gross => "gross_missing",
            Self::AmountDue => "amount_due_missing",
            Self::Seller => "seller_id_missing",
            Self::Buyer => "buyer_id_missing",
        }
    }

    const fn invalid_code(self) -> &'static str {
        match self {
            Self::Number => "number_invalid",
            Self::IssueDate => "issue_date_invalid",
            Self::TypeCode => "type_code_invalid",
            Self::Currency => "currency_invalid",
            Self::DueDate => "due_date_invalid",
            Self::Gross => "gross_invalid",
            Self::AmountDue => "amount_due_invalid",
            Self::Seller => "seller_id_invalid",
            Self::Buyer => "buyer_id_invalid",
        }
    }
}

/// Why a file or a line gave no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No bytes, or nothing but blanks.
    #[error("the file is empty")]
    Empty,
    /// More bytes than a document may have.
    #[error("the file is larger than 10 MiB: leave out its attachments, or split the table")]
    TooLarge,
    /// Neither XML, nor text, nor an archive.
    #[error("the file is not a format we know: send UBL 2.1, CII (Factur-X, XRechnung) or CSV")]
    Unrecognised,
    /// Text in an encoding that we do not read.
    #[error("the text is in {0}: save it as UTF-8")]
    Encoding(String),
    /// An archive where a document was expected.
    #[error("the file is an archive: unpack it first")]
    Archive,
    /// A PDF; the invoice it shows may be embedded as XML.
    #[error(
        "the file is a PDF: export the XML that is embedded in it (factur-x.xml) and send that"
    )]
    Pdf,
    /// Not well-formed XML, or XML that uses what an invoice must not.
    #[error("the XML cannot be read at byte {offset}: {fault}")]
    Xml {
        /// What is wrong.
        fault: XmlFault,
        /// How far the reader came.
        offset: u64,
    },
    /// XML, but another kind of document.
    #[error("the document is {what}, not an invoice or credit note in UBL 2.1 or CII")]
    NotAnInvoice {
        /// What it is, in words.
        what: String,
    },
    /// The sender marked it as a test.
    #[error(
        "the document says of itself that it is a test (TestIndicator): it cannot be registered"
    )]
    TestDocument,
    /// A term that every registration needs is not there.
    #[error("{} is missing: add it and issue the document again", .0.label())]
    Missing(Term),
    /// A term is there, but not in its form.
    #[error("{} is {found}: expected {expected}", .term.label())]
    Invalid {
        /// The term.
        term: Term,
        /// The text of the document, quoted.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An amount with more decimals than its currency has.
    #[error("{} is {found}: {currency} has {} decimals and nothing is rounded here", .term.label(), .currency.decimals())]
    Precision {
        /// The term.
        term: Term,
        /// The amount of the document, quoted.
        found: String,
        /// The currency of the document.
        currency: Currency,
    },
    /// An amount in another currency than the document's.
    #[error("{} is in {found}, but BT-5 says {currency}: both must be the same", .term.label())]
    OtherCurrency {
        /// The term.
        term: Term,
        /// The currency of the amount, quoted.
        found: String,
        /// The currency of the document.
        currency: Currency,
    },
    /// A document of a type that claims no money.
    #[error("type code {type_code} (BT-3) is {what}, which cannot be registered or financed")]
    NotRegistrable {
        /// BT-3.
        type_code: u16,
        /// What the type is.
        what: &'static str,
    },
    /// A party without any identifier that a registry can use.
    #[error("{} is missing (found: {seen}): give a register or VAT number, such as 0106:12345678 or BE0403019261", .term.label())]
    NoParty {
        /// [`Term::Seller`] or [`Term::Buyer`].
        term: Term,
        /// The identifiers that were there.
        seen: String,
    },
    /// A party whose identifier cannot be real.
    #[error("{} is {id}, whose check digits are wrong: correct the mistyped character", .term.label())]
    CheckDigits {
        /// [`Term::Seller`] or [`Term::Buyer`].
        term: Term,
        /// The identifier.
        id: PartyId,
    },
    /// A table without a column that every line needs.
    #[error("the first line must name the columns, and `{0}` is not among them")]
    ColumnMissing(&'static str),
    /// A table that names a column twice.
    #[error("the first line names the column `{0}` twice")]
    ColumnTwice(&'static str),
    /// A line that the table's own form does not allow.
    #[error("the line is not a row of this table: {0}")]
    Row(&'static str),
}

impl ReadError {
    /// The stable name of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::Unrecognised => "format_unknown",
            Self::Encoding(_) => "encoding_unsupported",
            Self::Archive => "is_archive",
            Self::Pdf => "is_pdf",
            Self::Xml { fault, .. } => fault.code(),
            Self::NotAnInvoice { .. } => "not_an_invoice",
            Self::TestDocument => "test_document",
            Self::Missing(term) | Self::NoParty { term, .. } => term.missing_code(),
            Self::Invalid { term, .. } => term.invalid_code(),
            Self::Precision { .. } => "amount_precision",
            Self::OtherCurrency { .. } => "amount_currency",
            Self::NotRegistrable { .. } => "type_not_registrable",
            Self::CheckDigits { .. } => "check_digits",
            Self::ColumnMissing(_) => "column_missing",
            Self::ColumnTwice(_) => "column_twice",
            Self::Row(_) => "row_malformed",
        }
    }

    /// A refusal of a value, with the found text made fit for a message.
    pub(super) fn invalid(term: Term, found: &str, expected: &'static str) -> Self {
        Self::Invalid { term, found: quoted(found), expected }
    }

    /// The refusal of a document whose root element is not an invoice's.
    pub(super) fn not_an_invoice(root: &Element) -> Self {
        Self::NotAnInvoice { what: what_it_is(root) }
    }
}

/// What a document is by its root element, in words.
pub(super) fn what_it_is(root: &Element) -> String {
    let local = root.local_name();
    if let Some((_, what)) = OTHER_DOCUMENTS.iter().find(|(name, _)| *name == local) {
        return (*what).to_owned();
    }
    let namespace = root.root_namespace().unwrap_or_default();
    if namespace.is_empty() {
        format!("<{}> without a namespace", shortened(local))
    } else {
        format!("<{}> of namespace {}", shortened(local), quoted(namespace))
    }
}

/// Documents that people take for invoices, by the name of their root element.
const OTHER_DOCUMENTS: &[(&str, &str)] = &[
    (
        "CrossIndustryDocument",
        "a ZUGFeRD 1 invoice (CrossIndustryDocument), superseded: issue it as Factur-X or ZUGFeRD 2",
    ),
    ("CrossDomainAcknowledgementAndResponse", "a lifecycle message (CDAR)"),
    ("ApplicationResponse", "a response to a document (UBL ApplicationResponse)"),
    ("FatturaElettronica", "an Italian FatturaPA"),
    ("FatturaElettronicaSemplificata", "an Italian simplified FatturaPA"),
    ("Facturae", "a Spanish Facturae"),
    ("Finvoice", "a Finnish Finvoice"),
    ("SelfBilledInvoice", "a UBL self-billed invoice (send it as an Invoice with type code 389)"),
    (
        "SelfBilledCreditNote",
        "a UBL self-billed credit note (send it as a CreditNote with type code 261)",
    ),
    ("DebitNote", "a UBL debit note"),
    ("FreightInvoice", "a UBL freight invoice"),
    ("Order", "an order"),
    ("OrderChange", "a change of an order"),
    ("OrderResponse", "a response to an order"),
    ("OrderResponseSimple", "a response to an order"),
    ("SCRDMCCBDACIOMessageStructure", "an order (Order-X)"),
    ("DespatchAdvice", "a despatch advice"),
    ("ReceiptAdvice", "a receipt advice"),
    ("Catalogue", "a catalogue"),
    ("Quotation", "a quotation"),
    ("Reminder", "a payment reminder"),
    ("Statement", "a statement of account"),
    ("RemittanceAdvice", "a remittance advice"),
    (
        "StandardBusinessDocument",
        "an envelope (StandardBusinessDocument): take the invoice out of it",
    ),
    ("Document", "a message of ISO 20022"),
    ("html", "a web page"),
];

/// A text of a document as a message shows it: short, and without control characters.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let mut short = text.chars().take(CHARACTERS_MAX).collect::<String>();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Why a line of a table gave no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct LineError {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: ReadError,
}
