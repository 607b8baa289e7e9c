//! What a holder of a right is told about his invoice.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::{CaseId, Timestamp};

/// Something that a participant has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The participant that is told.
    pub to: u32,
    /// What happened.
    pub code: AlertCode,
    /// The log position of the statement that did it.
    pub position: u64,
    /// When that was.
    pub recorded_at: Timestamp,
    /// The row of the invoice: the one on which the participant holds its right, or that its blanket pledge covers.
    pub receivable: Option<u32>,
    /// The row of the participant's blanket pledge, where that is what is met.
    pub blanket: Option<u32>,
    /// The conflict, where there is one.
    pub case: Option<CaseId>,
}

/// What happened to an invoice. The codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertCode {
    /// Another financier recorded a claim that does not fit beside yours.
    SecondClaim,
    /// Another financier tried to, and was refused.
    SecondClaimRefused,
    /// A credit note, or a lower amount due, lowered the invoice.
    Credited,
    /// The invoice was cancelled.
    Cancelled,
    /// The invoice was refused on technical grounds.
    Rejected,
    /// The debtor halted it with a question or a dispute.
    Queried,
    /// The debtor refused it.
    Refused,
    /// The debtor withdrew an approval.
    ApprovalWithdrawn,
    /// It was paid, in part or in full.
    Paid,
    /// A payment came back, or a payment that was ordered did not happen.
    PaymentReversed,
    /// Another account to pay to was named.
    PayeeChanged,
    /// A right was transferred to you.
    Transferred,
    /// Enough claims ended: a conflict is cleared.
    ConflictCleared,
}

impl AlertCode {
    /// The code as it stands in events: `alert.<code>.v1`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecondClaim => "second_claim",
            Self::SecondClaimRefused => "second_claim_refused",
            Self::Credited => "credited",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Queried => "queried",
            Self::Refused => "refused",
            Self::ApprovalWithdrawn => "approval_withdrawn",
            Self::Paid => "paid",
            Self::PaymentReversed => "payment_reversed",
            Self::PayeeChanged => "payee_changed",
            Self::Transferred => "transferred",
            Self::ConflictCleared => "conflict_cleared",
        }
    }
}
