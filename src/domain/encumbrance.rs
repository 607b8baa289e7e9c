//! Financings, and the conflicts between them.

use serde::{Deserialize, Serialize};

use crate::domain::casefile::{Seat, Step};
use crate::statement::{Disclosure, FinancingKind, Recourse};
use crate::types::{CaseId, ClaimId, Currency, Date, DocumentHash, Minor, StatementId, Timestamp};

/// What one `financing.reserved` or `financing.recorded` statement created.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Financing {
    /// The statement.
    pub statement: StatementId,
    /// Its log position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The participant that made it.
    pub holder: u32,
    /// Its terms; a reservation has none.
    pub terms: Option<Terms>,
    /// The currency of its claims.
    pub currency: Currency,
    /// The invoices on which it created a claim, in the order of the statement.
    pub receivables: Vec<u32>,
}

/// The terms of a financing, told to nobody but its holder, the supplier, the operator and auditors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Terms {
    /// What kind of right it is.
    pub kind: FinancingKind,
    /// Who bears the loss.
    pub recourse: Recourse,
    /// Whether the debtor is told.
    pub disclosure: Disclosure,
    /// What was advanced on all of it, in minor units.
    pub advanced_minor: Option<Minor>,
    /// The hash of the deed.
    pub deed: Option<DocumentHash>,
    /// The day of the deed.
    pub deed_date: Option<Date>,
}

/// A conflict: claims of different financiers that together claim more than is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// The log position of the claim that opened it.
    pub opened_by: u64,
    /// When that was.
    pub opened_at: Timestamp,
    /// The claims in it, each with the row of the invoice that it is on, in the order in which they joined.
    pub claims: Vec<(u32, ClaimId)>,
    /// The blanket pledges in it, by row, in the order in which they joined.
    pub blankets: Vec<u32>,
    /// When it was over: what stood no longer contradicted each other, because claims had ended or because of a
    /// resolution.
    pub cleared_at: Option<Timestamp>,
    /// The participants that held a claim in it, and since when, in the order in which they came in.
    pub parties: Vec<(u32, Timestamp)>,
    /// What was said in it, in order.
    pub steps: Vec<Step>,
    /// The log positions of the steps with which a resolution took effect; the last one is what it ended with.
    pub took_effect: Vec<u64>,
    /// The claims that agreed on an order or on shares: they no longer contradict each other.
    pub agreed: Vec<Seat>,
}

impl Case {
    /// A conflict that opens, before anything is said in it.
    pub const fn new(
        id: CaseId,
        opened_by: u64,
        opened_at: Timestamp,
        claims: Vec<(u32, ClaimId)>,
        blankets: Vec<u32>,
    ) -> Self {
        Self {
            id,
            opened_by,
            opened_at,
            claims,
            blankets,
            cleared_at: None,
            parties: Vec::new(),
            steps: Vec::new(),
            took_effect: Vec::new(),
            agreed: Vec::new(),
        }
    }
}
