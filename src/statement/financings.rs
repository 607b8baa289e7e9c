//! Statements on encumbrances: a financier's right on invoices, from reservation to its end.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::{
    Currency, Date, DocumentHash, InvoiceId, Minor, PartyId, StatementId, Timestamp,
};

/// Most invoices that one statement may name (a bordereau).
pub const BORDEREAU_MAX: usize = 500;

/// What to do when another financier's claim stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Keep the statement as evidence, create no encumbrance on that invoice.
    Refuse,
    /// The claim happened in the world: record it, rank it after the earlier ones, flag it.
    Record,
}

/// One invoice of a bordereau.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The invoice.
    pub id: InvoiceId,
    /// How much of it is claimed, in minor units.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub claimed_minor: Minor,
}

/// `financing.reserved.v1`: a hold with a time limit and its place in the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingReserved {
    /// The invoices, none twice.
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<Item>,
    /// The currency of all of them.
    pub currency: Currency,
    /// When the hold lapses; at most 72 hours after the registry's time.
    pub until: Timestamp,
    /// What to do when another claim stands in the way.
    pub on_conflict: OnConflict,
    /// The author's own reservation that this one extends, once: same invoices and amounts, same place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extends: Option<StatementId>,
}

/// What kind of right a financing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinancingKind {
    /// The receivable is sold to a factor.
    Factoring,
    /// An advance against the invoice, collected by the supplier.
    InvoiceDiscounting,
    /// An assignment, also as security.
    Assignment,
    /// An assignment by Dailly bordereau (France).
    Dailly,
    /// A pledge of the receivable.
    Pledge,
    /// Arranged by the debtor (supply chain finance).
    ReverseFactoring,
    /// A share in the right of a financier who consented to it: counts within that right, not beside it.
    /// Came with version 2 of the rules.
    Participation,
}

/// Who bears the loss when the debtor does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recourse {
    /// The supplier.
    With,
    /// The financier.
    Without,
}

/// Whether the debtor is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// The debtor is told whom to pay.
    Disclosed,
    /// The debtor's side never sees it.
    Silent,
}

/// `financing.recorded.v1`: the invoices are financed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingRecorded {
    /// The invoices, none twice.
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<Item>,
    /// The currency of all of them.
    pub currency: Currency,
    /// What was advanced on all of them together, in minor units.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub advanced_minor: Option<Minor>,
    /// What kind of right it is.
    pub kind: FinancingKind,
    /// Who bears the loss.
    pub recourse: Recourse,
    /// Whether the debtor is told.
    pub disclosure: Disclosure,
    /// What to do when another claim stands in the way.
    pub on_conflict: OnConflict,
    /// The author's own reservation whose place this takes over, invoice by invoice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reservation: Option<StatementId>,
    /// SHA-256 of the deed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deed: Option<DocumentHash>,
    /// The day of the deed: an assignment may be older than its registration.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deed_date: Option<Date>,
}

/// `financing.released.v1`: the right is waived; also ends a reservation early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingReleased {
    /// The statement that reserved or recorded it.
    pub financing: StatementId,
    /// For which of its invoices; all, where it is absent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub invoices: Vec<InvoiceId>,
}

/// `financing.settled.v1`: the financier was paid, and the right ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingSettled {
    /// The statement that recorded it.
    pub financing: StatementId,
    /// What was received for which invoice.
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<SettledItem>,
    /// The currency of all of them.
    pub currency: Currency,
}

/// What was received for one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettledItem {
    /// The invoice.
    pub id: InvoiceId,
    /// What was received, in minor units; it is not there to be financed again.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub received_minor: Minor,
}

/// `financing.returned.v1`: the receivable goes back to the supplier (recourse).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingReturned {
    /// The statement that recorded it.
    pub financing: StatementId,
    /// For which of its invoices; all, where it is absent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub invoices: Vec<InvoiceId>,
}

/// `financing.transferred.v1`: the right passes to another financier and keeps its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinancingTransferred {
    /// The statement that recorded it.
    pub financing: StatementId,
    /// The financier who takes it over.
    pub to: PartyId,
    /// For which of its invoices; all, where it is absent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub invoices: Vec<InvoiceId>,
}
