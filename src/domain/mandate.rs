//! Mandates: asked for, granted, revoked.

use serde::{Deserialize, Serialize};

use crate::statement::{Detail, Scope, Tacit};
use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

/// A mandate, asked for or granted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mandate {
    /// The statement that asked for it or granted it.
    pub statement: StatementId,
    /// When that was.
    pub recorded_at: Timestamp,
    /// The debtor who is asked or grants.
    pub debtor: u32,
    /// The financier or supplier who asks or may see.
    pub holder: u32,
    /// For which of the debtor's payables.
    pub scope: Coverage,
    /// What may be seen.
    pub show: Vec<Detail>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// After which term silence counts as acceptance, where it does.
    pub tacit: Option<Tacit>,
    /// What became of it.
    pub standing: MandateStanding,
}

/// For which of a debtor's payables a mandate holds: a [`Scope`] as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// All of them.
    All,
    /// Those of the named suppliers.
    Suppliers(Vec<PartyId>),
    /// The named ones.
    Invoices(Vec<InvoiceId>),
}

impl Coverage {
    /// Whether everything that it covers is covered by another one too, as far as the lists say.
    pub(super) fn lies_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::Suppliers(some), Self::Suppliers(all)) => some.iter().all(|it| all.contains(it)),
            (Self::Invoices(some), Self::Invoices(all)) => some.iter().all(|it| all.contains(it)),
            (Self::All | Self::Suppliers(_) | Self::Invoices(_), _) => false,
        }
    }
}

impl From<Scope> for Coverage {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All {} => Self::All,
            Scope::Suppliers { suppliers } => Self::Suppliers(suppliers),
            Scope::Invoices { invoices } => Self::Invoices(invoices),
        }
    }
}

impl From<Coverage> for Scope {
    fn from(coverage: Coverage) -> Self {
        match coverage {
            Coverage::All => Self::All {},
            Coverage::Suppliers(suppliers) => Self::Suppliers { suppliers },
            Coverage::Invoices(invoices) => Self::Invoices { invoices },
        }
    }
}

/// What became of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MandateStanding {
    /// Asked for.
    Requested,
    /// Asked for, and granted by a later statement.
    Answered,
    /// Asked for, and declined.
    Declined {
        /// When that was.
        at: Timestamp,
    },
    /// Granted.
    Granted,
    /// Revoked.
    Revoked {
        /// When that was.
        at: Timestamp,
    },
}

impl Mandate {
    /// Whether it lets its holder see anything at a time.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.standing == MandateStanding::Granted && self.from <= now && now < self.until
    }
}
