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
    /// The row of the invoice: the one on which the participant holds its right.
    pub receivable: u32,
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
    /// Another financier in a conflict has taken note of it.
    ConflictAcknowledged,
    /// Another financier in a conflict said why it does not accept your claim.
    ConflictContested,
    /// Documents were named in a conflict.
    ConflictEvidence,
    /// Another financier in a conflict consents to your knowing who it is, if you consent as well.
    IdentityOffered,
    /// You may know who another financier in a conflict is, and it who you are.
    IdentityRevealed,
    /// Another financier proposes how a conflict ends; it does when all have said the same.
    ConflictProposed,
    /// A conflict was resolved: all agreed, or the operator decided.
    ConflictResolved,
    /// The operator found fraud.
    FraudConfirmed,
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
            Self::ConflictAcknowledged => "conflict_acknowledged",
            Self::ConflictContested => "conflict_contested",
            Self::ConflictEvidence => "conflict_evidence",
            Self::IdentityOffered => "identity_offered",
            Self::IdentityRevealed => "identity_revealed",
            Self::ConflictProposed => "conflict_proposed",
            Self::ConflictResolved => "conflict_resolved",
            Self::FraudConfirmed => "fraud_confirmed",
        }
    }
}
