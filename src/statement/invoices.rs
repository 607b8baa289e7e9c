//! Statements on invoices: registered, credited, cancelled, and what became of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invoice::{Core, InvoiceNumber};
use crate::types::{Currency, Date, DocumentHash, InvoiceId, Minor, Timestamp};

/// `invoice.registered.v1`: there is such an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceRegistered {
    /// The normalised core; its content hash is the invoice's id.
    pub invoice: Core,
    /// What is still to be paid [BT-115], in minor units: the most that can be financed.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub amount_due_minor: Minor,
    /// What the invoice refers to.
    #[serde(skip_serializing_if = "References::is_empty", default)]
    pub references: References,
    /// SHA-256 of each file that shows this invoice.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 8)]
    pub documents: Vec<DocumentHash>,
    /// SHA-256 of the account to pay to (an IBAN without spaces, in capitals) [BT-84].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payee_account: Option<DocumentHash>,
    /// Whether the document itself names somebody else than the seller to pay to [BG-10].
    #[serde(skip_serializing_if = "core::ops::Not::not", default)]
    pub payee_differs: bool,
    /// A salted commitment to names, addresses, lines and files, which are kept beside the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<DocumentHash>,
    /// The digests of the invoice lines (docs/SPECIFICATION.md, "Lines"), in ascending order; of more than 64
    /// lines the 64 smallest. From rules version 2 on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 64)]
    pub lines: Vec<DocumentHash>,
    /// The total of the order that `references.order` names, in minor units of the invoice's currency: what all
    /// invoices of that order may come to. From rules version 2 on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub order_amount_minor: Option<Minor>,
}

/// What an invoice refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// The buyer's order [BT-13].
    #[serde(default)]
    pub order: Option<InvoiceNumber>,
    /// The despatch advice [BT-16].
    #[serde(default)]
    pub despatch: Option<InvoiceNumber>,
    /// The contract [BT-12].
    #[serde(default)]
    pub contract: Option<InvoiceNumber>,
    /// The invoices that this one follows or corrects [BT-25].
    #[serde(default)]
    #[schema(max_items = 8)]
    pub preceding: Vec<InvoiceNumber>,
}

impl References {
    /// Whether there is no reference at all.
    pub const fn is_empty(&self) -> bool {
        self.order.is_none()
            && self.despatch.is_none()
            && self.contract.is_none()
            && self.preceding.is_empty()
    }
}

/// `invoice.credited.v1`: a credit note lowers the invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceCredited {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The number of the credit note.
    pub credit_note: InvoiceNumber,
    /// Its day of issue.
    pub issue_date: Date,
    /// Its currency: that of the invoice.
    pub currency: Currency,
    /// By how much, in minor units.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub amount_minor: Minor,
    /// SHA-256 of the credit note's file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub document: Option<DocumentHash>,
}

/// `invoice.cancelled.v1`: the invoice is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceCancelled {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Why.
    pub reason: CancellationReason,
    /// The invoice that takes its place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaced_by: Option<InvoiceId>,
}

/// `invoice.guaranteed.v1`: the author, its debtor, undertakes to pay this amount of it on this day, and waives
/// set-off and every other objection against that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceGuaranteed {
    /// The invoice.
    pub invoice: InvoiceId,
    /// What will be paid, in minor units.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub amount_minor: Minor,
    /// Its currency: that of the invoice.
    pub currency: Currency,
    /// On which day.
    pub date: Date,
}

/// Why an invoice was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// A corrected invoice takes its place.
    Superseded,
    /// It was issued by mistake.
    Error,
    /// The sale did not happen.
    SaleCancelled,
    /// Anything else.
    Other,
}

/// `status.reported.v1`: what became of an invoice, on one of its four axes (STANDARDS section 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusReported {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The status.
    pub status: Status,
    /// When it came into effect at its source.
    pub effective_at: Timestamp,
    /// Who or what says so.
    pub source: Source,
    /// The amount that the status speaks of, in minor units; required for part amounts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub amount_minor: Option<Minor>,
    /// The currency of that amount: that of the invoice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<Currency>,
    /// The day that the status speaks of: the promised or actual day of payment, the new due date.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<Date>,
    /// Clarification codes, such as Peppol `OPStatusReason` codes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 8)]
    pub reasons: Vec<Code>,
}

/// Where a status was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The system that it was read from, such as `exact-online`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub system: Option<Code>,
    /// The source's own id of the message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Code>,
    /// When it was read there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_at: Option<Timestamp>,
}

/// What kind of source a status has, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The debtor's ledger, read by mandate.
    Ledger,
    /// A message of the debtor.
    Buyer,
    /// A platform on the way.
    Platform,
    /// The seller's word.
    Seller,
}

/// A status of one of the four axes (STANDARDS section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Document: the buyer's side has the invoice.
    Delivered,
    /// Document: it could not be delivered.
    NotDelivered,
    /// Document: refused on technical grounds; final.
    RejectedTechnical,
    /// Process: it arrived in the buyer's system.
    Received,
    /// Process: it is being worked on.
    InProcess,
    /// Process: it stands in the buyer's ledger.
    Booked,
    /// Process: halted by a question or a dispute.
    Queried,
    /// Process: the seller answered the question.
    Answered,
    /// Process: approved for a part.
    ApprovedPart,
    /// Process: approved.
    Approved,
    /// Process: refused; final.
    Refused,
    /// Payment: selected for a payment run.
    PaymentSelected,
    /// Payment: ordered, not yet received.
    PaymentInitiated,
    /// Payment: promised for a day.
    PaymentPromised,
    /// Payment: a part was paid.
    PartPaid,
    /// Payment: paid in full.
    Paid,
    /// Payment: a payment came back.
    PaymentReversed,
    /// Payment: a selected or ordered payment did not happen.
    PaymentFailed,
    /// Encumbrance: assigned, and the debtor was told.
    AssignedDisclosed,
    /// Encumbrance: assigned in silence; never shown to the debtor's side.
    AssignedConfidential,
    /// Encumbrance: another account to pay to.
    PayeeChanged,
    /// Encumbrance: no longer assigned.
    Released,
}

/// A short code of some list: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[!-~]{1,64}$")]
pub struct Code(Box<str>);

impl Code {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let visible = text.bytes().all(|c| c.is_ascii_graphic());
        if visible && (1..=64).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(CodeError)
        }
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 visible ASCII characters")]
pub struct CodeError;
