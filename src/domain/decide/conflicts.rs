//! What a claim meets, and the conflict that this may be.

use std::collections::BTreeSet;

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::Draft;
use crate::domain::decide::watching::place_of;
use crate::domain::encumbrance::Case;
use crate::domain::outcome::{Effect, Finding};
use crate::domain::receivable::Receivable;
use crate::domain::standing::{Held, Neighbour, Part, exceed};
use crate::types::{CaseId, ClaimId};

/// The claims that stand around one invoice, as one holder sees them; the earliest place first.
#[derive(Default)]
struct Circle {
    /// The holder's own.
    own: Vec<Held>,
    /// Those of others.
    others: Vec<Neighbour>,
    /// Whether they have agreed among each other, so that only a new claim can contradict them.
    settled: bool,
    /// Whether a new claim has the seat of one that agreed with all of them.
    seated: bool,
}

impl Circle {
    fn new(draft: &Draft<'_>, holder: u32, claims: Vec<Neighbour>) -> Self {
        let held: Vec<Held> = claims.iter().map(|claim| claim.held).collect();
        let settled = exceed(held.iter().map(|held| held.part)) && draft.standing.settled(&held);
        let mut circle = Self { settled, ..Self::default() };
        for claim in claims {
            if claim.held.holder == holder {
                circle.own.push(claim.held);
            } else {
                circle.others.push(claim);
            }
        }
        circle.others.sort_by_key(|other| (other.held.place, other.held.id));
        circle
    }

    /// Whether the holder's claims and a new one do not fit beside those of others whose place is earlier.
    fn exceeds(&self, new: Option<Part>, place: u64) -> bool {
        let before = self.before(place);
        let own = self.own.iter().map(|held| held.part);
        let beside = self.others.iter().take(before).map(|other| other.held.part);
        let settled = if new.is_some() { self.seated } else { self.settled };
        before > 0 && !settled && exceed(own.chain(new).chain(beside))
    }

    /// How many claims of others have an earlier place.
    fn before(&self, place: u64) -> usize {
        self.others.iter().take_while(|other| other.held.place < place).count()
    }

    fn all(&self) -> impl Iterator<Item = Held> {
        self.own.iter().copied().chain(self.others.iter().map(|other| other.held))
    }
}

/// What a claim on an invoice meets: the claims around the invoice itself, and those around each related invoice
/// that bears a claim, of which it becomes a part. To be a copy of a copy is not the same as to be a copy, but what
/// is claimed on the invoice between the two must fit with both.
pub(super) struct Met {
    /// The one around the invoice itself is the first.
    circles: Vec<Circle>,
}

impl Met {
    /// Looks around an invoice. An invoice that is about to change is looked at as it was and as it will be.
    pub(super) fn new(draft: &Draft<'_>, holder: u32, row: u32, versions: &[&Receivable]) -> Self {
        let mut seen = BTreeSet::new();
        let mut claims = Vec::new();
        for version in versions {
            claims.extend(draft.standing.around(row, version));
        }
        claims.retain(|claim| seen.insert(claim.held.id));
        let (here, elsewhere): (Vec<Neighbour>, Vec<Neighbour>) =
            claims.iter().copied().partition(|claim| claim.held.row == row);
        let mut circles = vec![Circle::new(draft, holder, claims)];
        let rows: BTreeSet<u32> = elsewhere.iter().map(|claim| claim.held.row).collect();
        for row in rows {
            let Some(receivable) = draft.state.receivable(row) else { continue };
            let mut claims = draft.standing.around(row, &receivable);
            // They are related from here on, where the invoice is about to change.
            let here =
                here.iter().filter(|here| claims.iter().all(|it| it.held.id != here.held.id));
            let here: Vec<Neighbour> = here.copied().collect();
            claims.extend(here);
            circles.push(Circle::new(draft, holder, claims));
        }
        Self { circles }
    }

    /// The new claim takes over the seat of a reservation, and what was agreed on it.
    pub(super) fn take_seat(&mut self, draft: &Draft<'_>, reserved: Held) {
        for circle in &mut self.circles {
            let held: Vec<Held> = circle.all().chain([reserved]).collect();
            circle.seated = draft.standing.settled(&held);
        }
    }

    /// What the holder's claims, and a new one, do not fit beside.
    pub(super) fn contradiction(&self, new: Option<Part>) -> Option<Contradiction> {
        let mut seen = BTreeSet::new();
        let mut contradiction = Contradiction { claims: Vec::new(), others: Vec::new() };
        for circle in self.circles.iter().filter(|circle| circle.exceeds(new, u64::MAX)) {
            let is_new = |held: &Held| !contradiction.claims.contains(&(held.row, held.id));
            let claims: Vec<_> =
                circle.all().filter(is_new).map(|held| (held.row, held.id)).collect();
            contradiction.claims.extend(claims);
            let others = circle.others.iter().filter(|other| seen.insert(other.held.id));
            contradiction.others.extend(others);
        }
        contradiction.others.sort_by_key(|other| (other.held.place, other.held.id));
        (!contradiction.others.is_empty()).then_some(contradiction)
    }

    /// Whether a new claim does not fit beside those whose place is earlier.
    pub(super) fn is_blocked(&self, new: Part, place: u64) -> bool {
        self.circles.iter().any(|circle| circle.exceeds(Some(new), place))
    }

    /// Writes into the outcome what a new claim met: the strongest relation, the earliest place.
    pub(super) fn note(&self, draft: &mut Draft<'_>, item: u16, place: u64, effect: Effect) {
        let met = self.circles.iter().find(|circle| !circle.others.is_empty());
        // A claim that fits met what is around its own invoice only.
        let met = if effect == Effect::Fits { self.circles.first() } else { met };
        let strongest = |other: &&Neighbour| (other.relation, other.held.place);
        let Some((met, strongest)) = met.and_then(|met| {
            met.others.iter().min_by_key(strongest).map(|strongest| (met, strongest))
        }) else {
            return;
        };
        draft.outcome.findings.push(Finding {
            item,
            relation: strongest.relation,
            keys: strongest.keys,
            differs: strongest.differs,
            rank: u16::try_from(met.before(place).saturating_add(1)).unwrap_or(u16::MAX),
            since: u64::try_from(strongest.held.since.millis()).unwrap_or(0) / 1_000,
            effect,
        });
    }

    /// Tells those whose claims a new one fits beside that it is there.
    pub(super) fn tell_fits(&self, draft: &mut Draft<'_>) {
        if let Some(circle) = self.circles.first() {
            tell(draft, &circle.others, AlertCode::ClaimBeside, None);
        }
    }

    /// The rank of a claim of the holder: one more than the claims of others whose place is earlier.
    pub(super) fn rank(&self, place: u64) -> u16 {
        let before = self.circles.first().map_or(0, |circle| circle.before(place));
        u16::try_from(before.saturating_add(1)).unwrap_or(u16::MAX)
    }

    /// Tells those whose claims left no room for a new one.
    pub(super) fn tell_refused(&self, draft: &mut Draft<'_>, new: Part, place: u64) {
        for circle in self.circles.iter().filter(|circle| circle.exceeds(Some(new), place)) {
            tell(draft, &circle.others, AlertCode::SecondClaimRefused, None);
        }
    }
}

/// Claims that do not fit beside each other.
pub(super) struct Contradiction {
    /// All of them, with the rows of their invoices.
    claims: Vec<(u32, ClaimId)>,
    /// Those of others.
    others: Vec<Neighbour>,
}

impl Contradiction {
    /// Tells the others that there is a conflict.
    pub(super) fn tell(&self, draft: &mut Draft<'_>, case: CaseId) {
        tell(draft, &self.others, AlertCode::SecondClaim, Some(case));
    }
}

/// Tells each holder once, about an invoice of his own.
fn tell(draft: &mut Draft<'_>, others: &[Neighbour], code: AlertCode, case: Option<CaseId>) {
    let mut told = BTreeSet::new();
    for other in others {
        if told.insert(other.held.holder) {
            let place = place_of(other.relation, other.keys);
            draft.alert_at(other.held.holder, code, other.held.row, place, case);
        }
    }
}

/// A conflict as the statement in the making leaves it.
struct Open {
    id: CaseId,
    claims: Vec<(u32, ClaimId)>,
}

/// Where a claim that does not fit was put.
pub(super) struct Dispute {
    pub(super) case: CaseId,
    /// Whether the conflict is new.
    pub(super) opened: bool,
    /// Whether the claim is new to it.
    pub(super) joined: bool,
}

/// Puts a claim and those that it does not fit beside into the conflict that one of them is in, or into a new
/// one.
pub(super) fn dispute(
    draft: &mut Draft<'_>,
    row: u32,
    claim: ClaimId,
    contradiction: &Contradiction,
) -> Dispute {
    let mut claims = contradiction.claims.clone();
    if !claims.contains(&(row, claim)) {
        claims.push((row, claim));
    }
    if let Some(open) = open_case(draft, contradiction) {
        let joined = !open.claims.contains(&(row, claim));
        for (row, claim) in claims {
            if !open.claims.contains(&(row, claim)) {
                draft.push(Change::JoinCase(open.id, row, claim));
                draft.disputed.entry(open.id).or_default().push((row, claim));
                draft.case_of.entry(claim).or_insert(open.id);
            }
        }
        return Dispute { case: open.id, opened: false, joined };
    }
    let number = draft.state.cases_len().saturating_add(draft.new_cases);
    draft.new_cases = draft.new_cases.saturating_add(1);
    let id = CaseId::new(u64::from(number));
    draft.disputed.insert(id, claims.clone());
    for (_, claim) in &claims {
        draft.case_of.entry(*claim).or_insert(id);
    }
    let (opened_by, opened_at) = (draft.position, draft.now);
    draft.push(Change::OpenCase(Box::new(Case::new(id, opened_by, opened_at, claims))));
    Dispute { case: id, opened: true, joined: true }
}

/// The oldest conflict that is not over and that one of the others' claims is in.
fn open_case(draft: &Draft<'_>, contradiction: &Contradiction) -> Option<Open> {
    let mut known = BTreeSet::new();
    for other in &contradiction.others {
        if let Some(receivable) = draft.state.receivable(other.held.row) {
            known.extend(receivable.cases.iter().copied());
        }
    }
    for other in &contradiction.others {
        known.extend(draft.case_of.get(&other.held.id));
    }
    known.into_iter().find_map(|id| {
        let stored = u32::try_from(id.number()).ok().and_then(|row| draft.state.case(row));
        if stored.as_ref().is_some_and(|case| case.cleared_at.is_some()) {
            return None;
        }
        let mut claims = stored.map(|case| case.claims.clone()).unwrap_or_default();
        claims.extend(draft.disputed.get(&id).into_iter().flatten());
        let involved = |other: &Neighbour| claims.contains(&(other.held.row, other.held.id));
        contradiction.others.iter().any(involved).then_some(Open { id, claims })
    })
}

/// Looks anew at the claims on an invoice that changes hands, or that turns out to be a copy of others: whoever
/// holds one of them and is now in a conflict is told. An invoice that is about to change is looked at as it
/// was and as it will be.
pub(super) fn look_again(
    draft: &mut Draft<'_>,
    row: u32,
    versions: &[&Receivable],
) -> Option<CaseId> {
    let current = versions.first()?;
    let claims: Vec<Held> = draft.standing.on(row, current).collect();
    let mut found = None;
    for claim in claims {
        let met = Met::new(draft, claim.holder, row, versions);
        let Some(contradiction) = met.contradiction(None) else { continue };
        let Dispute { case, joined, .. } = dispute(draft, row, claim.id, &contradiction);
        found = Some(case);
        if joined {
            contradiction.tell(draft, case);
            draft.alert(claim.holder, AlertCode::SecondClaim, row, Some(case));
        }
    }
    found
}

/// Clears the conflicts of some invoices in which what still stands fits, or is one financier's alone, and tells
/// who is left in them.
pub(super) fn clear_cases(draft: &mut Draft<'_>, rows: &[u32]) {
    let mut cases = BTreeSet::new();
    for row in rows {
        if let Some(receivable) = draft.state.receivable(*row) {
            cases.extend(receivable.cases.iter().copied());
        }
    }
    for id in cases {
        let stored = u32::try_from(id.number()).ok().and_then(|row| draft.state.case(row));
        let Some(case) = stored.filter(|case| case.cleared_at.is_none()) else { continue };
        let mut claims = case.claims.clone();
        claims.extend(draft.disputed.get(&id).into_iter().flatten());
        if draft.standing.disputed(&claims) {
            continue;
        }
        let at = draft.now;
        draft.push(Change::ClearCase(id, at));
        let mut left = BTreeSet::new();
        for (row, claim) in claims {
            let Some(receivable) = draft.state.receivable(row) else { continue };
            let held = draft.standing.on(row, &receivable).find(|held| held.id == claim);
            let Some(held) = held.filter(|held| held.holder != draft.author.row) else { continue };
            if left.insert(held.holder) {
                draft.alert(held.holder, AlertCode::ConflictCleared, row, Some(id));
            }
        }
    }
}
