//! Statements on conflicts: the steps of a case file.
//!
//! Codes only, never free text: what a financier writes about another could name it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::{CaseId, Currency, DocumentHash, InvoiceId, Minor};

/// `conflict.acknowledged.v1`: a financier in the conflict has taken note of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictAcknowledged {
    /// The conflict.
    pub conflict: CaseId,
}

/// `conflict.contested.v1`: a financier in the conflict says why it does not accept the other's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictContested {
    /// The conflict.
    pub conflict: CaseId,
    /// Why.
    pub reason: ContestReason,
}

/// `conflict.evidenced.v1`: documents that bear on the conflict, by their hashes. They are not shown here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictEvidenced {
    /// The conflict.
    pub conflict: CaseId,
    /// SHA-256 of each document, none twice.
    #[schema(min_items = 1, max_items = 8)]
    pub evidence: Vec<DocumentHash>,
}

/// `conflict.disclosed.v1`: the author lets those who are in the conflict now know who it is, each of them as
/// soon as it has said the same. Said by the operator: all of them know each other from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictDisclosed {
    /// The conflict.
    pub conflict: CaseId,
}

/// `conflict.resolved.v1`: how the conflict ends, beside a release of claims (`financing.released.v1`). It takes effect
/// when all financiers whose claims stand in it have said the same; a decision of the operator does at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictResolved {
    /// The conflict.
    pub conflict: CaseId,
    /// How it ends.
    pub resolution: Settlement,
}

/// How a conflict ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Settlement {
    /// The claims stay and are paid in another order. Their ranks stay what they are.
    Subordinated {
        /// The ranks of all claims that stand in the conflict, the one that is paid first first.
        #[schema(min_items = 2, max_items = 500)]
        order: Vec<u16>,
    },
    /// The claims stay and share what there is.
    Shared {
        /// What goes to each claim that stands in the conflict.
        #[schema(min_items = 2, max_items = 500)]
        shares: Vec<Share>,
        /// The currency of the shares.
        currency: Currency,
    },
    /// The claims are on different invoices that are not the same receivable.
    NotTheSameInvoice {
        /// For the operator: which invoices are told apart from each other; all that are in the conflict, where
        /// it is absent.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        #[schema(max_items = 8)]
        invoices: Vec<InvoiceId>,
    },
    /// The operator's finding. It ends no claim and closes nothing: it warns all who hold a right.
    FraudConfirmed {},
}

/// What goes to one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The claim, by its rank in the conflict.
    pub rank: u16,
    /// How much, in minor units.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub amount_minor: Minor,
}

/// Why a financier contests. The first six follow the contestation codes of Brazil's receivables registrars, the
/// others the factoring dispute codes of UN/EDIFACT code list 1229.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContestReason {
    /// The seller, or the debtor, does not recognise the other claim (C01).
    NotRecognised,
    /// The other claim is an entry of the same right a second time (C02).
    DuplicateEntry,
    /// The other claim is not what its contract says (C03).
    DiffersFromContract,
    /// The seller has no relation with another financier (C04).
    NoRelationWithFinancier,
    /// The amounts are not those of the invoice (C05).
    ValueMismatch,
    /// None of the others (C06).
    Other,
    /// The buyer deducted something (1229: 13).
    BuyerDeducted,
    /// The buyer has a claim of its own (1229: 14).
    BuyerClaims,
    /// It was charged back (1229: 15).
    ChargedBack,
    /// The seller will issue a credit note (1229: 16).
    CreditNoteComing,
    /// The terms were changed (1229: 17).
    TermsChanged,
    /// The outcome of another dispute is awaited (1229: 18).
    OutcomeAwaited,
    /// The seller rejects the buyer's dispute (1229: 19).
    SellerRejectsDispute,
    /// The dispute was settled (1229: 20).
    DisputeSettled,
}

impl ContestReason {
    /// Every reason, in order.
    pub const ALL: [Self; 14] = [
        Self::NotRecognised,
        Self::DuplicateEntry,
        Self::DiffersFromContract,
        Self::NoRelationWithFinancier,
        Self::ValueMismatch,
        Self::Other,
        Self::BuyerDeducted,
        Self::BuyerClaims,
        Self::ChargedBack,
        Self::CreditNoteComing,
        Self::TermsChanged,
        Self::OutcomeAwaited,
        Self::SellerRejectsDispute,
        Self::DisputeSettled,
    ];

    /// The code that it has outside: `C01` to `C06`, or `1229:13` to `1229:20`.
    pub const fn outside_code(self) -> &'static str {
        match self {
            Self::NotRecognised => "C01",
            Self::DuplicateEntry => "C02",
            Self::DiffersFromContract => "C03",
            Self::NoRelationWithFinancier => "C04",
            Self::ValueMismatch => "C05",
            Self::Other => "C06",
            Self::BuyerDeducted => "1229:13",
            Self::BuyerClaims => "1229:14",
            Self::ChargedBack => "1229:15",
            Self::CreditNoteComing => "1229:16",
            Self::TermsChanged => "1229:17",
            Self::OutcomeAwaited => "1229:18",
            Self::SellerRejectsDispute => "1229:19",
            Self::DisputeSettled => "1229:20",
        }
    }
}
