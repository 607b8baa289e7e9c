//! The claims that stand on a receivable, and whether they come to more than is there.
//!
//! One rule for a new claim, for a transfer, for two invoices that turn out to be one, and for the end of a
//! conflict. It looks at the claims as a statement in the making leaves them so far, because the invoices of
//! one bordereau can be copies of each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::blanket::{Blanket, Consent, Granted};
use crate::domain::casefile::Seat;
use crate::domain::encumbrance::Case;
use crate::domain::outcome::Relation;
use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::split::split_of;
use crate::domain::state::State;
use crate::invoice::{FieldSet, KeyKind, KeySet};
use crate::types::{ClaimId, Currency, Minor, Timestamp};

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
        Seat::Claim { row: self.row, place: self.place }
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
    /// Whether the two invoices are one receivable by themselves: not as parts of an order, nor because a claim stands on
    /// one whose life is over.
    pub(super) alike: bool,
}

impl Neighbour {
    /// Whether its invoice is a copy of the one from which one looks, and none that says which one it replaces.
    pub(super) fn is_copy(&self) -> bool {
        self.alike && !self.keys.contains(KeyKind::Predecessor)
    }
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
    /// What it leaves open, by invoice.
    pub(super) open: BTreeMap<u32, Minor>,
    /// What it waives or consents to.
    pub(super) given: Option<Consent>,
    /// The blanket pledge that it ends.
    pub(super) released: Option<u32>,
    /// Invoices that it tells apart.
    pub(super) apart: BTreeSet<(u32, u32)>,
    /// Rights that agree in it.
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
            open: BTreeMap::new(),
            given: None,
            released: None,
            apart: BTreeSet::new(),
            agreed: Vec::new(),
        }
    }

    /// The claims that stand on an invoice.
    pub(super) fn on(&self, row: u32, receivable: &Receivable) -> Vec<Held> {
        let stands = |claim: &&Claim| !self.ended.contains(&claim.id);
        let open_minor = self.open.get(&row).copied().unwrap_or_else(|| receivable.open_minor());
        let currency = receivable.core.currency;
        let claims: Vec<&Claim> =
            receivable.active_claims(self.now).filter(stands).chain(self.made.get(&row)).collect();
        // A share in a right that stands takes nothing beside it.
        let shared = |claim: &Claim| {
            let lead =
                |place: u64| claims.iter().any(|lead| lead.within.is_none() && lead.place == place);
            claim.within.is_some_and(lead)
        };
        let held = |claim: &&Claim| Held {
            row,
            id: claim.id,
            holder: self.moved.get(&claim.id).copied().unwrap_or(claim.holder),
            place: claim.place,
            since: claim.since,
            part: Part {
                amount_minor: if shared(claim) { 0 } else { claim.amount_minor },
                open_minor,
                currency,
            },
        };
        claims.iter().map(held).collect()
    }

    /// The claims that stand on an invoice and on those that are the same receivable, the earliest place first.
    pub(super) fn around(&self, row: u32, receivable: &Receivable) -> Vec<Neighbour> {
        let mut keys = KeySet::default();
        keys.insert(KeyKind::Content);
        let (relation, differs) = (Relation::Identical, FieldSet::default());
        let same = self.on(row, receivable).into_iter();
        let mut claims: Vec<Neighbour> =
            same.map(|held| Neighbour { held, relation, keys, differs, alike: true }).collect();
        let bears = |row| self.made.contains_key(&row) || self.state.bears(row);
        let mut related = self.state.related_where(receivable, bears);
        related.retain(|it| !self.apart.contains(&(row.min(it.row), row.max(it.row))));
        let split = split_of(receivable, &related);
        for mut related in related {
            let mut alike = true;
            if split.contains(&related.row) {
                related.relation = Relation::Suspected;
                alike = false;
            }
            // From rules 3 on who took a claim on an invoice that was cancelled or credited since keeps it on the copy that
            // takes its place, until he releases it.
            if self.state.rules() >= 3 && related.as_alive < related.relation {
                related.relation = related.as_alive;
                alike = false;
            }
            // Another invoice of the same goods has an amount of its own.
            if related.relation > Relation::Suspected {
                continue;
            }
            let (relation, keys, differs) = (related.relation, related.keys, related.differs);
            let held = self.on(related.row, &related.receivable).into_iter();
            claims.extend(held.map(|held| Neighbour { held, relation, keys, differs, alike }));
        }
        claims.sort_by_key(|claim| (claim.held.place, claim.held.id));
        claims
    }

    /// The sets of claims on one receivable that do not fit beside each other: each is a claim with those before it
    /// whose holders did not consent to it, where they exceed and are not all of one holder.
    pub(super) fn clashes(&self, claims: &[Held], new: Option<&Claim>) -> Vec<Vec<Held>> {
        let mut all: Vec<Held> =
            claims.iter().filter(|held| held.part.amount_minor > 0).copied().collect();
        all.sort_by_key(|held| (held.place, held.id));
        let clash = |set: &[Held]| {
            let one = set.first().map(|first| first.holder);
            set.iter().any(|held| Some(held.holder) != one)
                && exceed(set.iter().map(|held| held.part))
        };
        if !clash(&all) {
            return Vec::new();
        }
        let rows: BTreeSet<u32> = all.iter().map(|held| held.row).collect();
        if !rows.into_iter().any(|row| self.has_consents(row)) {
            return vec![all];
        }
        let sets = (1..=all.len()).filter_map(|end| {
            let (later, before) = all.get(..end)?.split_last()?;
            let counts = |earlier: &&Held| {
                earlier.holder == later.holder || !self.consented(earlier, later, new)
            };
            let set: Vec<Held> = before.iter().filter(counts).chain([later]).copied().collect();
            clash(&set).then_some(set)
        });
        sets.collect()
    }

    /// Whether the holder of an earlier claim consented to a later one beside it.
    pub(super) fn consented(&self, earlier: &Held, later: &Held, new: Option<&Claim>) -> bool {
        if self.agreed(&earlier.seat(), &later.seat()) {
            return true;
        }
        if earlier.row != later.row {
            return false;
        }
        let Some(claim) = self.claim(later, new) else { return false };
        let on = |consent: &Consent| match &consent.granted {
            Granted::Beside { rights, .. } => rights.contains(&(earlier.row, earlier.place)),
            Granted::Waiver { .. } => false,
        };
        self.consents(later.row)
            .iter()
            .any(|consent| on(consent) && self.allows(consent, later.row, &claim, new))
    }

    /// Whether a consent reaches a claim, and together with the earlier ones that it reaches the claim is within its
    /// limit.
    fn allows(&self, consent: &Consent, row: u32, claim: &Claim, new: Option<&Claim>) -> bool {
        let Granted::Beside { up_to_minor, .. } = &consent.granted else { return false };
        if !consent.reaches(claim) {
            return false;
        }
        let Some(limit) = *up_to_minor else { return true };
        let Some(receivable) = self.state.receivable(row) else { return false };
        let before = |other: &Claim| (other.place, other.id) < (claim.place, claim.id);
        let stored = self.on(row, &receivable);
        let earlier = stored.iter().filter_map(|held| self.claim(held, new));
        let earlier = earlier.filter(|other| before(other) && consent.reaches(other));
        let taken: Minor =
            earlier.fold(0, |sum: Minor, other| sum.saturating_add(other.amount_minor));
        taken.saturating_add(claim.amount_minor) <= limit
    }

    /// The place of the right on an invoice in which a new claim may be a share: one that stands, whose holder consented
    /// to it, and in which there is room.
    pub(super) fn lead(&self, row: u32, receivable: &Receivable, new: &Claim) -> Option<u64> {
        let standing = self.on(row, receivable);
        let consents = self.consents(row);
        let fits = |lead: &&Held| {
            let consented = consents.iter().any(|consent| {
                let Granted::Beside { rights, .. } = &consent.granted else { return false };
                rights.contains(&(row, lead.place)) && self.allows(consent, row, new, Some(new))
            });
            let shares = standing.iter().filter_map(|held| self.claim(held, None));
            let shares = shares.filter(|share| share.within == Some(lead.place));
            let taken: Minor =
                shares.fold(new.amount_minor, |sum, share| sum.saturating_add(share.amount_minor));
            let own = self.claim(lead, None).is_some_and(|claim| claim.within.is_none());
            lead.holder != new.holder && own && consented && taken <= lead.part.amount_minor
        };
        standing.iter().find(fits).map(|lead| lead.place)
    }

    /// The claim itself, as the statement leaves it.
    fn claim(&self, held: &Held, new: Option<&Claim>) -> Option<Claim> {
        if let Some(new) = new.filter(|new| new.id == held.id) {
            return Some(new.clone());
        }
        if let Some(made) = self.made.get(&held.row).filter(|made| made.id == held.id) {
            return Some(made.clone());
        }
        let receivable = self.state.receivable(held.row)?;
        let mut claim = receivable.claims.iter().find(|claim| claim.id == held.id)?.clone();
        if let Some(to) = self.moved.get(&held.id) {
            claim.previous_holders.push(claim.holder);
            claim.passed_on.push(self.state.size());
            claim.holder = *to;
        }
        Some(claim)
    }

    fn has_consents(&self, row: u32) -> bool {
        self.given.is_some()
            || !self.agreed.is_empty()
            || !self.state.consents_on(row).is_empty()
            || self.cases_on(row).iter().any(|case| !case.agreed.is_empty())
    }

    fn cases_on(&self, row: u32) -> Vec<Row<Case>> {
        let receivable = self.state.receivable(row);
        let cases = receivable.iter().flat_map(|it| it.cases.clone());
        cases.filter_map(|case| self.state.case_by_id(case)).collect()
    }

    /// Whether two rights agreed on an order or on shares, in a conflict that they were in.
    fn agreed(&self, one: &Seat, other: &Seat) -> bool {
        let both = |seats: &[Seat]| seats.contains(one) && seats.contains(other);
        let cases = match one {
            Seat::Claim { row, .. } => self.cases_on(*row),
            Seat::Pledge(row) => {
                let cases = self.state.cases_of_blanket(*row).iter();
                cases.filter_map(|case| self.state.case(*case)).collect()
            }
        };
        both(&self.agreed) || cases.iter().any(|case| both(&case.agreed))
    }

    fn consents(&self, row: u32) -> Vec<Consent> {
        let stored = self.state.consents_on(row).iter();
        let stored = stored.filter_map(|consent| Some(self.state.consent(*consent)?.clone()));
        stored.chain(self.given.clone()).collect()
    }

    /// The blanket pledges of others that a claim meets: earlier ones that stand, cover its invoice, and were not waived
    /// for it. A pledgee does not meet its own pledge, nor does whoever it passes a claim on to.
    pub(super) fn pledges(
        &self,
        receivable: &Receivable,
        held: &Held,
        new: Option<&Claim>,
    ) -> Vec<(u32, Row<Blanket>)> {
        let over = self.state.blankets_of_entity(receivable.seller);
        if over.is_empty() || held.part.amount_minor == 0 {
            return Vec::new();
        }
        let Some(claim) = self.claim(held, new) else { return Vec::new() };
        let covers = |row: &u32| {
            let blanket = self.state.blanket(*row)?;
            self.state.pledged(&blanket, receivable).then_some((*row, blanket))
        };
        let mut met: Vec<(u32, Row<Blanket>)> = over.iter().filter_map(covers).collect();
        // What was claimed under a pledge of one's own comes before the pledges after that one.
        let maker = claim.previous_holders.first().copied().unwrap_or(claim.holder);
        let own = met.iter().filter(|(_, it)| it.holder == maker && it.stood_before(&claim));
        let end = own.map(|(_, blanket)| blanket.position).min().unwrap_or(u64::MAX);
        met.retain(|(row, blanket)| {
            blanket.released.is_none()
                && self.released != Some(*row)
                && blanket.position < claim.place.min(end)
                && !claim.was_held_by(blanket.holder)
                && !self.is_waived(*row, receivable, &claim)
                && !self.agreed(&held.seat(), &Seat::Pledge(*row))
        });
        met
    }

    fn is_waived(&self, blanket: u32, receivable: &Receivable, claim: &Claim) -> bool {
        let waives = |consent: &Consent| {
            self.state.waives(consent, blanket, receivable) && consent.reaches(claim)
        };
        self.given.as_ref().is_some_and(waives)
            || self.state.waivers_for(blanket, &receivable.id).iter().any(|it| waives(it))
    }

    /// The earlier blanket pledges of others that a blanket pledge meets, where they were not waived for it.
    pub(super) fn pledges_before(&self, later: &Blanket) -> Vec<(u32, Row<Blanket>)> {
        let Some(seller) = self.state.party_row(&later.seller) else { return Vec::new() };
        let met = |row: &u32| {
            let blanket = self.state.blanket(*row)?;
            let waives = |it: &Consent| self.state.waives_blanket(it, *row, later);
            let is_waived = || {
                let general = self.state.waivers_of(*row).iter();
                self.given.as_ref().is_some_and(waives)
                    || general.filter_map(|it| self.state.consent(*it)).any(|it| waives(&it))
            };
            let meets = blanket.released.is_none()
                && self.released != Some(*row)
                && blanket.position < later.position
                && self.state.overlap(&blanket, later)
                && !is_waived();
            meets.then_some((*row, blanket))
        };
        self.state.blankets_of_entity(seller).iter().filter_map(met).collect()
    }

    /// Whether the claims and blanket pledges of a conflict still contradict each other or any other claim.
    pub(super) fn disputed(&self, case: &[(u32, ClaimId)], blankets: &[u32]) -> bool {
        let rows: BTreeSet<u32> = case.iter().map(|(row, _)| *row).collect();
        let claims = rows.into_iter().any(|row| {
            let Some(receivable) = self.state.receivable(row) else { return false };
            let mut held = self.on(row, &receivable);
            held.retain(|held| case.contains(&(row, held.id)));
            if held.is_empty() {
                return false;
            }
            let meets = |held: &Held| {
                let pledges = self.pledges(&receivable, held, None);
                pledges.iter().any(|(blanket, _)| blankets.contains(blanket))
            };
            if !blankets.is_empty() && held.iter().any(meets) {
                return true;
            }
            let around: Vec<Held> =
                self.around(row, &receivable).iter().map(|claim| claim.held).collect();
            !self.clashes(&around, None).is_empty()
        });
        claims
            || blankets.iter().any(|row| {
                let later = self
                    .state
                    .blanket(*row)
                    .filter(|later| later.released.is_none() && self.released != Some(*row));
                later.is_some_and(|later| {
                    let before = self.pledges_before(&later);
                    before.iter().any(|(earlier, _)| {
                        let (one, other) = (Seat::Pledge(*earlier), Seat::Pledge(*row));
                        blankets.contains(earlier) && !self.agreed(&one, &other)
                    })
                })
            })
    }
}

impl State {
    /// Whether the claims of a conflict contradict each other at a time. A conflict that was not cleared by a
    /// statement may be over because a reservation lapsed.
    pub fn is_in_conflict(&self, case: &Case, now: Timestamp) -> bool {
        case.cleared_at.is_none() && Standing::new(self, now).disputed(&case.claims, &case.blankets)
    }
}
