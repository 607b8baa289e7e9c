//! What a holder of a right is told about his invoice.
//!
//! An alert names neither a rival nor his customer or terms: what happened, on which invoice of the reader's own,
//! and how the invoice on which it happened lies to that one.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::outcome::Relation;
use crate::invoice::{KeyKind, KeySet};
use crate::types::{CaseId, Timestamp};

/// Something that a participant has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The participant that is told.
    pub to: u32,
    /// What happened.
    pub code: AlertCode,
    /// The log position of the statement that did it, or by which the time for it had passed.
    pub position: u64,
    /// When that was.
    pub recorded_at: Timestamp,
    /// What it is about.
    pub about: About,
    /// The conflict, where there is one.
    pub case: Option<CaseId>,
}

impl Alert {
    /// The row of the reader's own invoice, where it is about one.
    pub const fn receivable(&self) -> Option<u32> {
        match self.about {
            About::Invoice { row, .. } => Some(row),
            About::Mandate(_) | About::Request(_) | About::Blanket { .. } => None,
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// An invoice on which the participant holds its right.
    Invoice {
        /// Its row.
        row: u32,
        /// Where it happened.
        place: Place,
    },
    /// A mandate of the participant, by row.
    Mandate(u32),
    /// An offer of invoices by or to the participant, by row.
    Request(u32),
    /// A blanket pledge of the participant.
    Blanket {
        /// Its row.
        row: u32,
        /// The row of the invoice under it on which it happened.
        receivable: Option<u32>,
    },
}

/// Where something happened, seen from the reader's invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the two invoices are to each other; absent where it is only another invoice between the same parties or
    /// of the same ring.
    pub relation: Option<Relation>,
    /// Which keys they share.
    pub keys: KeySet,
    /// The row of the other invoice, where that is known.
    pub other: Option<u32>,
}

impl Place {
    /// On the reader's invoice itself.
    pub fn here() -> Self {
        let mut keys = KeySet::default();
        keys.insert(KeyKind::Content);
        Self { relation: Some(Relation::Identical), keys, other: None }
    }

    /// On a related invoice.
    pub const fn at(other: u32, relation: Relation, keys: KeySet) -> Self {
        Self { relation: Some(relation), keys, other: Some(other) }
    }

    /// On an invoice that is no match of the reader's.
    pub fn beside(other: u32) -> Self {
        Self { relation: None, keys: KeySet::default(), other: Some(other) }
    }
}

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertSeverity)]
pub enum Severity {
    /// Money may be at stake: look now, and before paying.
    Alarm,
    /// Something went another way than it should: look today.
    Warning,
    /// Good to know: for the file.
    Notice,
}

impl Severity {
    /// The code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Declares the codes once, each with its name, its severity and what it means.
macro_rules! codes {
    ($($variant:ident => $name:literal, $severity:ident, $words:literal;)*) => {
        /// What happened. The codes are stable: in events they are `alert.<code>.v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AlertCode {
            $(#[doc = $words] $variant,)*
        }

        impl AlertCode {
            /// Every code, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it stands in events: `alert.<code>.v1`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How soon to look.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means, for a reader.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

codes! {
    SecondClaim => "second_claim", Alarm, "Another financier has a claim that does not fit beside yours";
    SecondClaimRefused => "second_claim_refused", Warning, "Another financier tried to claim what you hold, and was refused";
    ClaimBeside => "claim_beside", Notice, "Another financier recorded a claim that fits beside yours";
    Credited => "credited", Warning, "A credit note, or a lower amount due, lowered the invoice";
    Cancelled => "cancelled", Alarm, "The invoice was cancelled";
    Rejected => "rejected", Alarm, "The invoice was refused on technical grounds: it never became one";
    Queried => "queried", Warning, "The debtor halted the invoice with a question or a dispute";
    Refused => "refused", Alarm, "The debtor refused the invoice";
    ApprovalWithdrawn => "approval_withdrawn", Alarm, "The debtor withdrew an approval";
    ApprovalOverdue => "approval_overdue", Warning, "The approval did not come when it was to be expected";
    Paid => "paid", Notice, "The invoice was reported paid, in part or in full";
    PaymentReversed => "payment_reversed", Alarm, "A payment came back, or one that was ordered did not happen";
    PayeeChanged => "payee_changed", Alarm, "Another account to pay to was named";
    AssignedElsewhere => "assigned_elsewhere", Alarm, "The invoice was reported or registered as assigned, outside this registry";
    DueChanged => "due_changed", Warning, "The debtor promised payment for a day after the due date";
    ReAged => "re_aged", Alarm, "An invoice was registered that is yours with a later date or due date";
    CopyRegistered => "copy_registered", Warning, "An invoice was registered that is yours with something altered";
    Revived => "revived", Alarm, "Your invoice was cancelled, credited or rejected, and is registered again with something altered";
    OwnCopy => "own_copy", Alarm, "You claimed an invoice that is another one on which you hold a claim, with something altered";
    SuccessorRegistered => "successor_registered", Warning, "An invoice was registered that names yours as its predecessor";
    TermDrift => "term_drift", Warning, "This seller gave this buyer a longer term of payment than is usual between them";
    CircularTrade => "circular_trade", Warning, "The seller and buyer of your invoice invoice each other, directly or in a ring";
    MandateRevoked => "mandate_revoked", Warning, "The debtor revoked a mandate under which you watch invoices that you hold rights on";
    MandateReduced => "mandate_reduced", Notice, "The debtor narrowed a mandate under which you watch invoices that you hold rights on";
    MandateExpired => "mandate_expired", Notice, "A mandate under which you watch invoices that you hold rights on has expired";
    MandateDeclined => "mandate_declined", Notice, "The debtor declined the mandate that you asked for";
    Guaranteed => "guaranteed", Notice, "The debtor undertook to pay an amount of the invoice on a day, without set-off";
    StatusContradicted => "status_contradicted", Warning, "Sources say about the status of the invoice what cannot both be so";
    FinancingRequested => "financing_requested", Notice, "A supplier offers you invoices to finance";
    FinancingDeclined => "financing_declined", Notice, "The financier declined invoices that you offered";
    FinancingTakenUp => "financing_taken_up", Notice, "The financier reserved or recorded what you offered";
    Transferred => "transferred", Notice, "A right was transferred to you";
    ConflictCleared => "conflict_cleared", Notice, "Enough claims ended: a conflict is cleared";
    ConflictAcknowledged => "conflict_acknowledged", Notice, "Another financier in a conflict has taken note of it";
    ConflictContested => "conflict_contested", Warning, "Another financier in a conflict says why it does not accept your claim";
    ConflictEvidence => "conflict_evidence", Notice, "Documents were named in a conflict";
    IdentityOffered => "identity_offered", Notice, "Another financier in a conflict consents to your knowing who it is, if you consent as well";
    IdentityRevealed => "identity_revealed", Notice, "You may know who another financier in a conflict is, and it who you are";
    ConflictProposed => "conflict_proposed", Warning, "Another financier proposes how a conflict ends: it ends so when all have said the same";
    ConflictResolved => "conflict_resolved", Notice, "A conflict was resolved: all agreed, or the operator decided";
    FraudConfirmed => "fraud_confirmed", Alarm, "The operator found fraud in a conflict about an invoice that you hold a right on";
}

impl PartialSchema for AlertCode {
    fn schema() -> RefOr<Schema> {
        let codes = Self::ALL.iter().map(|code| code.as_str());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("What happened, as a stable code."))
            .enum_values(Some(codes))
            .into()
    }
}

impl ToSchema for AlertCode {}

impl core::str::FromStr for AlertCode {
    type Err = AlertCodeError;

    fn from_str(text: &str) -> Result<Self, AlertCodeError> {
        Self::ALL.iter().find(|code| code.as_str() == text).copied().ok_or(AlertCodeError)
    }
}

/// Why a text is not the code of an alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not the code of an alert")]
pub struct AlertCodeError;
