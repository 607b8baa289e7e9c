//! Statements on offers: a supplier asks a financier of its choice to finance invoices, with one click.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

/// `financing.requested.v1`: the author, their seller, offers invoices to a financier, who may look at them meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingRequested {
    /// The financier.
    pub to: PartyId,
    /// The invoices, none twice.
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<InvoiceId>,
    /// Until when the offer stands.
    pub until: Timestamp,
}

/// `financing.declined.v1`: the author, a financier, does not finance what it was offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingDeclined {
    /// The statement that asked for it.
    pub request: StatementId,
    /// Why.
    pub reason: DeclineReason,
}

/// Why a financier declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// It does not finance this debtor.
    Debtor,
    /// It does not finance this supplier.
    Supplier,
    /// Its limit on the debtor or the supplier is reached.
    Limit,
    /// An earlier claim stands in the way.
    Claimed,
    /// The status does not support it: not approved, in dispute, overdue.
    Status,
    /// Amount, currency or term is not what it finances.
    Terms,
    /// Something is missing, such as a mandate or a document.
    Incomplete,
    /// Anything else.
    Other,
}
