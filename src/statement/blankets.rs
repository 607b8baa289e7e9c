//! Statements on rights over a seller's receivables as a whole, and on what their holders agree to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::statement::{Disclosure, OnConflict};
use crate::types::{
    Currency, Date, DocumentHash, InvoiceId, Minor, PartyId, StatementId, Timestamp,
};

/// What kind of right a blanket pledge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlanketKind {
    /// A pledge, as by a (collective) deed of pledge or a security agreement.
    Pledge,
    /// An assignment of all receivables, as security or outright.
    Assignment,
    /// A factoring agreement for the whole turnover.
    Factoring,
}

/// `blanket.recorded.v1`: a right on all present and future invoices of a seller, optionally towards one debtor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlanketRecorded {
    /// Whose receivables they are.
    pub seller: PartyId,
    /// The one debtor towards whom it holds; all of them, where it is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor: Option<PartyId>,
    /// What kind of right it is.
    pub kind: BlanketKind,
    /// Whether the debtors are told.
    pub disclosure: Disclosure,
    /// The first day of issue that it covers; any before, where it is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issued_from: Option<Date>,
    /// The last day of issue that it covers; any after, where it is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issued_until: Option<Date>,
    /// SHA-256 of the deed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deed: Option<DocumentHash>,
    /// The day of the deed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deed_date: Option<Date>,
    /// What to do when another financier's blanket pledge covers some of the same receivables.
    pub on_conflict: OnConflict,
}

/// `blanket.released.v1`: the blanket pledge ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlanketReleased {
    /// The statement that recorded it.
    pub blanket: StatementId,
}

/// `blanket.waived.v1`: the pledgee lets claims of others go before its blanket pledge.
///
/// It names invoices, or debtors, or a financier, or a financier with one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlanketWaived {
    /// The statement that recorded the blanket pledge.
    pub blanket: StatementId,
    /// For these invoices only, none twice; they need not be registered yet.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub invoices: Vec<InvoiceId>,
    /// For invoices to these debtors only, none twice.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub debtors: Vec<PartyId>,
    /// In favour of this financier only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub financier: Option<PartyId>,
    /// For claims that take their place before this time only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

/// `cofinancing.consented.v1`: the holder of a claim consents to another financier's claim beside its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CofinancingConsented {
    /// The statement that reserved or recorded the author's own right.
    pub financing: StatementId,
    /// On which of its invoices; all, where it is absent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(max_items = 500)]
    pub invoices: Vec<InvoiceId>,
    /// The financier whose claims the author consents to.
    pub financier: PartyId,
    /// Up to how much of each of the invoices, in minor units; without a limit, where it is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub up_to_minor: Option<Minor>,
    /// The currency of the limit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<Currency>,
    /// For claims that take their place before this time only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

/// `consent.withdrawn.v1`: a waiver or a consent ends for the future; claims that were made under it keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWithdrawn {
    /// The statement that waived or consented.
    pub consent: StatementId,
}
