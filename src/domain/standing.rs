//! The claims that stand on a receivable, and whether they come to more than is there.
//!
//! One rule for a new claim, for a transfer, for two invoices that turn out to be one, and for the end of a
//! conflict. It looks at the claims as a statement in the making leaves them so far, because the invoices of
//! one bordereau can be copies of each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::casefile::Seat;
use crate::domain::encumbrance::Case;
use crate::domain::matching::Related;
use crate::domain::outcome::Relation;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::state::State;
use crate::invoice::{FieldSet, KeyKind, KeySet};
use crate::types::{CaseId, ClaimId, Currency, Minor, Timestamp};

/// A claim that stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// The row of its invoice.
    pub(super) row: u32,
    pub(super) id: ClaimId,
    pub(super) holder: u32,
    pub(super) place: u64,
    pub(super) since: Timestamp,
    pub(super) part: Part,
}

impl Held {
    /// Where it sits.
    pub(super) const fn seat(&self) -> Seat {
        Seat { row: self.row, place: self.place }
    }
}

/// What counts of a claim: how much it is, and how much is open on its invoice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) amount_minor: Minor,
    pub(super) open_minor: Minor,
    pub(super) currency: Currency,
}

/// Whether claims on one receivable come to more than is there.
///
/// It is there once, whatever its copies say: the least open amount of the invoices that bear a claim counts,
/// so that an altered copy with a larger amount makes no room. Amounts in different currencies cannot be
/// added, so they never fit.
pub(super) fn exceed(parts: impl IntoIterator<Item = Part>) -> bool {
    let mut claimed: Minor = 0;
    let mut least = Minor::MAX;
    let mut currency = None;
    for part in parts {
        claimed = claimed.saturating_add(part.amount_minor);
        least = least.min(part.open_minor);
        if *currency.get_or_insert(part.currency) != part.currency {
            return true;
        }
    }
    claimed > least
}

/// How a standing claim lies to the invoice from which one looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbour {
    pub(super) held: Held,
    pub(super) relation: Relation,
    pub(super) keys: KeySet,
    pub(super) differs: FieldSet,
}

/// The standing claims of a state at a time, as a statement in the making leaves them.
pub(super) struct Standing<'a> {
    state: &'a State,
    now: Timestamp,
    /// Claims that the statement ends.
    pub(super) ended: BTreeSet<ClaimId>,
    /// Claims that it passes on, with their new holders.
    pub(super) moved: BTreeMap<ClaimId, u32>,
    /// Claims that it makes, by invoice.
    pub(super) made: BTreeMap<u32, Claim>,
    /// What it says was received, by invoice.
    pub(super) received: BTreeMap<u32, Minor>,
    /// Invoices that it tells apart.
    pub(super) apart: BTreeSet<(u32, u32)>,
    /// Claims that agree in it.
    pub(super) agreed: Vec<Seat>,
}

impl<'a> Standing<'a> {
    /// Those of the state.
    pub(super) fn new(state: &'a State, now: Timestamp) -> Self {
        Self {
            state,
            now,
            ended: BTreeSet::new(),
            moved: BTreeMap::new(),
            made: BTreeMap::new(),
            received: BTreeMap::new(),
            apart: BTreeSet::new(),
            agreed: Vec::new(),
        }
    }

    /// The claims that stand on an invoice.
    pub(super) fn on<'b>(
        &'b self,
        row: u32,
        receivable: &'b Receivable,
    ) -> impl Iterator<Item = Held> + use<'a, 'b> {
        let stands = |claim: &&Claim| !self.ended.contains(&claim.id);
        let received = self.received.get(&row).copied().unwrap_or(0);
        let (open_minor, currency) = (receivable.open_after(received), receivable.core.currency);
        let claims = receivable.active_claims(self.now).filter(stands).chain(self.made.get(&row));
        claims.map(move |claim| Held {
            row,
            id: claim.id,
            holder: self.moved.get(&claim.id).copied().unwrap_or(claim.holder),
            place: claim.place,
            since: claim.since,
            part: Part { amount_minor: claim.amount_minor, open_minor, currency },
        })
    }

    /// The claims that stand on an invoice and on those that are the same receivable, the earliest place first.
    pub(super) fn around(&self, row: u32, receivable: &Receivable) -> Vec<Neighbour> {
        let mut keys = KeySet::default();
        keys.insert(KeyKind::Content);
        let (relation, differs) = (Relation::Identical, FieldSet::default());
        let same = self.on(row, receivable);
        let mut claims: Vec<Neighbour> =
            same.map(|held| Neighbour { held, relation, keys, differs }).collect();
        let same_receivable = |it: &Related| {
            let pair = (row.min(it.row), row.max(it.row));
            it.relation <= Relation::Suspected && !self.apart.contains(&pair)
        };
        for related in self.state.related(receivable).into_iter().filter(same_receivable) {
            let (relation, keys, differs) = (related.relation, related.keys, related.differs);
            let held = self.on(related.row, &related.receivable);
            claims.extend(held.map(|held| Neighbour { held, relation, keys, differs }));
        }
        claims.sort_by_key(|claim| (claim.held.place, claim.held.id));
        claims
    }

    /// Whether every two claims of different holders agreed on an order or on shares, so that they contradict each
    /// other no more.
    pub(super) fn settled(&self, claims: &[Held]) -> bool {
        let mut groups: BTreeMap<CaseId, Vec<Seat>> = BTreeMap::new();
        for held in claims {
            let Some(receivable) = self.state.receivable(held.row) else { continue };
            for id in &receivable.cases {
                let case = self.state.case_by_id(*id);
                let case = case.filter(|case| !case.agreed.is_empty());
                groups.extend(case.map(|case| (*id, case.agreed.clone())));
            }
        }
        let together = |one: &Held, other: &Held| {
            let mut groups = groups.values().chain([&self.agreed]);
            groups.any(|seats| seats.contains(&one.seat()) && seats.contains(&other.seat()))
        };
        let pairs = (1_usize..).zip(claims);
        pairs.into_iter().all(|(next, one)| {
            let mut rest = claims.iter().skip(next);
            rest.all(|other| one.holder == other.holder || together(one, other))
        })
    }

    /// Whether the claims of a conflict still contradict each other or any other claim.
    pub(super) fn disputed(&self, case: &[(u32, ClaimId)]) -> bool {
        let rows: BTreeSet<u32> = case.iter().map(|(row, _)| *row).collect();
        rows.into_iter().any(|row| {
            let Some(receivable) = self.state.receivable(row) else { return false };
            let in_case = |held: &Held| case.contains(&(row, held.id));
            if !self.on(row, &receivable).any(|held| in_case(&held)) {
                return false;
            }
            let around = self.around(row, &receivable);
            let holders: BTreeSet<u32> = around.iter().map(|claim| claim.held.holder).collect();
            let held: Vec<Held> = around.iter().map(|claim| claim.held).collect();
            holders.len() > 1 && exceed(held.iter().map(|held| held.part)) && !self.settled(&held)
        })
    }
}

impl State {
    /// Whether the claims of a conflict contradict each other at a time. A conflict that was not cleared by a
    /// statement may be over because a reservation lapsed.
    pub fn is_in_conflict(&self, case: &Case, now: Timestamp) -> bool {
        case.cleared_at.is_none() && Standing::new(self, now).disputed(&case.claims)
    }
}
