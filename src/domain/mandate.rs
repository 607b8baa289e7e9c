//! Mandates: asked for, granted, revoked.

use serde::{Deserialize, Serialize};

use crate::statement::{Detail, Scope};
use crate::types::{StatementId, Timestamp};

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
    pub scope: Scope,
    /// What may be seen.
    pub show: Vec<Detail>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What became of it.
    pub standing: MandateStanding,
}

/// What became of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MandateStanding {
    /// Asked for.
    Requested,
    /// Asked for, and granted by a later statement.
    Answered,
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
