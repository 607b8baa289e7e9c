//! What the registry decided: the part of a record that the rules give.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invoice::{FieldSet, KeySet};
use crate::types::CaseId;

/// The outcome of an admitted statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether it took effect.
    pub verdict: Verdict,
    /// The earlier claims of others that it met, in the order of the statement's invoices.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// It took effect and met nothing.
    pub const fn admitted() -> Self {
        Self { verdict: Verdict::Admitted, findings: Vec::new() }
    }
}

/// Whether an admitted statement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It did; for a bordereau, on at least one of its invoices.
    Admitted,
    /// It stands in the log as evidence and created no encumbrance.
    Refused,
}

/// An earlier claim that a new claim met: of another financier, or the claimant's own on a copy of the invoice. It names neither the other financier nor his terms.
///
/// Kept small: 500 of them must fit into a log entry beside the statement (docs/SPECIFICATION.md, "Record").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which of the statement's invoices, from zero.
    pub item: u16,
    /// What the two invoices are to each other.
    pub relation: Relation,
    /// Which keys they share.
    pub keys: KeySet,
    /// In which fields they differ.
    pub differs: FieldSet,
    /// The rank that the new claim has, or would have had: 2 after one earlier claim.
    pub rank: u16,
    /// When the earlier claim took its place, in whole seconds since 1970.
    pub since: u64,
    /// What it comes to.
    pub effect: Effect,
}

/// What meeting an earlier claim comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Both fit into the open amount.
    Fits,
    /// They do not fit; the new claim is recorded after the earlier ones, under this case.
    Conflict(CaseId),
    /// They do not fit; the new claim was refused.
    Refused,
    /// The earlier claim is the claimant's own, on another invoice that is the same receivable; the new one is recorded.
    Own,
}

/// What two invoices are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same content.
    Identical,
    /// The same invoice with something altered.
    Altered,
    /// So much alike that it is treated as the same receivable until somebody says that it is not.
    Suspected,
    /// Another invoice of the same goods or the same order.
    Related,
    /// Not an invoice: a blanket pledge over the seller's receivables.
    Covered,
}
