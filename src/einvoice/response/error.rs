//! Why a message gave no draft of a status, and why a draft is no statement yet.

use crate::einvoice::ReadError;
use crate::einvoice::error::quoted;
use crate::types::Timestamp;

/// Why a message was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It cannot be read at all: empty, too large, no well-formed XML.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Another kind of document.
    #[error(
        "the document is {what}, not a Peppol Invoice Response 3 or a French life cycle message (CDAR)"
    )]
    NotAResponse {
        /// What it is, in words.
        what: String,
    },
    /// Something that every response has is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something is there, but not in its form.
    #[error("{field} is {found}: expected {expected}")]
    Invalid {
        /// What.
        field: &'static str,
        /// The text of the message, quoted.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two parts of it cannot both be meant.
    #[error("the message contradicts itself: {0}")]
    Contradictory(&'static str),
    /// A status code whose meaning is not known.
    #[error("the status code {0} is none that has a known meaning")]
    StatusUnknown(String),
    /// It speaks of more invoices than one message may.
    #[error("the message speaks of more than 1,000 invoices: split it")]
    TooMany,
}

impl ResponseError {
    /// The stable name of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::NotAResponse { .. } => "not_a_response",
            Self::Missing(_) => "response_incomplete",
            Self::Invalid { .. } => "response_invalid",
            Self::Contradictory(_) => "response_contradictory",
            Self::StatusUnknown(_) => "response_status_unknown",
            Self::TooMany => "response_too_long",
        }
    }

    pub(super) fn other(what: &str) -> Self {
        Self::NotAResponse { what: what.to_owned() }
    }

    pub(super) fn invalid(field: &'static str, found: &str, expected: &'static str) -> Self {
        Self::Invalid { field, found: quoted(found), expected }
    }

    pub(super) fn unknown(code: &str) -> Self {
        Self::StatusUnknown(quoted(code))
    }
}

/// Why what a message says cannot be stated as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The message identifies the seller by nothing that the registry can look for.
    #[error("the message does not identify the seller: its id with a scheme is missing")]
    SellerMissing,
    /// The message is about a credit note, which the registry keeps as a part of its invoice.
    #[error("the message is about a credit note, not about an invoice")]
    CreditNote,
    /// No invoice that the reader may see is the one.
    #[error(
        "there is no invoice {number} of that seller, type and date, or it is not yours to see: register it first"
    )]
    Unknown {
        /// The number in the message.
        number: String,
    },
    /// Several invoices may be the one.
    #[error(
        "{count} invoices have that seller, number and type, and the message does not say which it means: its date is missing"
    )]
    Ambiguous {
        /// How many.
        count: usize,
    },
    /// The reader is neither the seller nor the buyer.
    #[error("only the seller and the buyer of an invoice state what a response says of it")]
    NotAParty,
    /// The buyer has a message of the seller's side.
    #[error(
        "the message is the seller's word, not the buyer's: the seller states it, and it counts as no more than that"
    )]
    SellersWord,
    /// A status of a part, without saying of how much.
    #[error("the message says {what} and not how much ({expected}): ask for the amount")]
    AmountMissing {
        /// What it says.
        what: &'static str,
        /// Where the amount would stand.
        expected: &'static str,
    },
    /// An amount that cannot be one of this invoice.
    #[error("the message's amount {found} is {why}")]
    AmountInvalid {
        /// The amount, quoted.
        found: String,
        /// Why not.
        why: &'static str,
    },
    /// It takes effect later.
    #[error("the message takes effect at {0}, which is still to come")]
    Future(Timestamp),
}

impl Unfit {
    /// The stable name of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SellerMissing => "response_seller_missing",
            Self::CreditNote => "response_to_credit_note",
            Self::Unknown { .. } => "response_unmatched",
            Self::Ambiguous { .. } => "response_ambiguous",
            Self::NotAParty | Self::SellersWord => "response_not_yours",
            Self::AmountMissing { .. } => "response_amount_missing",
            Self::AmountInvalid { .. } => "response_amount_invalid",
            Self::Future(_) => "response_not_yet_effective",
        }
    }
}
