//! Statements on mandates: a debtor's revocable permission to see statuses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::statement::Code;
use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

/// `mandate.requested.v1`: a financier or supplier asks a debtor for a mandate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateRequested {
    /// The debtor who is asked.
    pub debtor: PartyId,
    /// For which invoices.
    pub scope: Scope,
    /// Until when.
    pub until: Timestamp,
}

/// `mandate.granted.v1`: the author, a debtor, lets another participant see statuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateGranted {
    /// The financier or supplier who may see.
    pub to: PartyId,
    /// For which of the author's payables.
    pub scope: Scope,
    /// What may be seen; at least one, none twice.
    #[schema(min_items = 1, max_items = 4)]
    pub show: Vec<Detail>,
    /// From when; now, where it is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// The request that this answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request: Option<StatementId>,
    /// That silence counts as acceptance, where the law of the mandate says so. Came with version 3 of the rules.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tacit: Option<Tacit>,
}

/// The term after which a debtor who said nothing counts as having accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tacit {
    /// After so many days of 24 hours.
    #[schema(minimum = 1, maximum = 365)]
    pub days: u16,
    /// The law that says so, such as `co-1231-2008`.
    pub law: Code,
}

/// `mandate.declined.v1`: the author, a debtor, does not grant what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateDeclined {
    /// The statement that asked for it.
    pub request: StatementId,
}

/// `mandate.amended.v1`: the same mandate with another scope or term; a narrower one takes effect at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateAmended {
    /// The statement that granted it.
    pub mandate: StatementId,
    /// For which of the author's payables.
    pub scope: Scope,
    /// What may be seen.
    #[schema(min_items = 1, max_items = 4)]
    pub show: Vec<Detail>,
    /// Until when.
    pub until: Timestamp,
}

/// `mandate.revoked.v1`: the mandate ends now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateRevoked {
    /// The statement that granted it.
    pub mandate: StatementId,
}

/// For which of a debtor's payables a mandate holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// All of them.
    // A unit variant would let unknown members pass: a debtor could sign a list of invoices beside `all` and
    // believe that it counts.
    All {},
    /// Those of the named suppliers.
    Suppliers {
        /// The suppliers.
        #[schema(min_items = 1, max_items = 500)]
        suppliers: Vec<PartyId>,
    },
    /// The named ones.
    Invoices {
        /// The invoices.
        #[schema(min_items = 1, max_items = 500)]
        invoices: Vec<InvoiceId>,
    },
}

impl Scope {
    /// How many suppliers or invoices are named; zero for [`Scope::All`].
    pub fn len(&self) -> usize {
        match self {
            Self::All {} => 0,
            Self::Suppliers { suppliers } => suppliers.len(),
            Self::Invoices { invoices } => invoices.len(),
        }
    }

    /// Whether the scope names a list and the list is empty, so that it covers nothing.
    pub fn is_empty(&self) -> bool {
        !matches!(self, Self::All {}) && self.len() == 0
    }
}

/// What a mandate lets its holder see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// The document axis.
    Document,
    /// The process axis.
    Process,
    /// The payment axis.
    Payment,
    /// Amounts and dates in reports.
    Amounts,
}
