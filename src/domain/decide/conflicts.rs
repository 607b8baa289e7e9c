//! What a claim meets, and the conflict that this may be.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::alert::{AlertCode, Place};
use crate::domain::blanket::Blanket;
use crate::domain::change::Change;
use crate::domain::decide::Draft;
use crate::domain::decide::watching::place_of;
use crate::domain::encumbrance::Case;
use crate::domain::outcome::{Effect, Finding, Relation};
use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::standing::{Held, Neighbour, exceed};
use crate::invoice::{FieldSet, KeyKind, KeySet};
use crate::types::{CaseId, ClaimId, Timestamp};

/// How many conflicts of one blanket pledge a statement cleared at most, before rules 3.
const CASES_MAX: usize = 1_000;
/// How many of them one record looks at.
const CASES_STEP: u32 = 1_000;

/// The claims that stand around one invoice, as one holder sees them; the earliest place first.
struct Circle {
    /// Those of others.
    others: Vec<Neighbour>,
    /// The sets of claims that do not fit, each with one of the holder's.
    clashes: Vec<Vec<Held>>,
    /// Whether the holder's claims do not fit beside those of others whose place is earlier.
    blocked: bool,
}

impl Circle {
    fn new(draft: &Draft<'_>, of: &Claimed<'_>, claims: &[Neighbour]) -> Self {
        let mut others: Vec<Neighbour> =
            claims.iter().filter(|claim| claim.held.holder != of.held.holder).copied().collect();
        others.sort_by_key(|other| (other.held.place, other.held.id));
        if others.is_empty() {
            return Self { others, clashes: Vec::new(), blocked: false };
        }
        let held = claims.iter().map(|claim| claim.held).filter(|held| held.id != of.held.id);
        let all: Vec<Held> = held.chain([of.held]).collect();
        let mut clashes = draft.standing.clashes(&all, of.new);
        clashes.retain(|set| set.iter().any(|held| held.holder == of.held.holder));
        let is_own = |held: &&Held| held.holder == of.held.holder;
        let before = |held: &&Held| {
            !is_own(held)
                && held.place < of.held.place
                && held.part.amount_minor > 0
                && !draft.standing.consented(held, &of.held, of.new)
        };
        let before: Vec<Held> = all.iter().filter(before).copied().collect();
        let own = all.iter().filter(is_own).map(|held| held.part);
        let blocked = of.held.part.amount_minor > 0
            && !before.is_empty()
            && exceed(own.chain(before.iter().map(|held| held.part)));
        Self { others, clashes, blocked }
    }

    /// How many claims of others have an earlier place.
    fn before(&self, place: u64) -> usize {
        self.others.iter().take_while(|other| other.held.place < place).count()
    }
}

/// A claim from which one looks around.
pub(super) struct Claimed<'c> {
    pub(super) held: Held,
    /// The claim itself, where the statement makes it.
    pub(super) new: Option<&'c Claim>,
}

/// What a claim on an invoice meets: the claims around the invoice itself, and those around each related invoice
/// that bears a claim, of which it becomes a part. To be a copy of a copy is not the same as to be a copy, but what
/// is claimed on the invoice between the two must fit with both. And the blanket pledges that cover the invoice.
pub(super) struct Met {
    held: Held,
    /// The one around the invoice itself is the first.
    circles: Vec<Circle>,
    /// The earliest first.
    pledges: Vec<Pledge>,
    /// Claims of the same holder on copies of the invoice, the strongest relation first.
    own: Vec<Neighbour>,
    /// Those claims that were around the invoice as it was, where it is about to change.
    known: BTreeSet<ClaimId>,
}

/// A blanket pledge that is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pledge {
    pub(super) row: u32,
    pub(super) holder: u32,
    pub(super) recorded_at: Timestamp,
}

impl Pledge {
    pub(super) fn of((row, blanket): &(u32, Row<Blanket>)) -> Self {
        Self { row: *row, holder: blanket.holder, recorded_at: blanket.recorded_at }
    }
}

impl Met {
    /// Looks around an invoice. An invoice that is about to change is looked at as it was and as it will be.
    pub(super) fn new(draft: &Draft<'_>, of: &Claimed<'_>, versions: &[&Receivable]) -> Self {
        let row = of.held.row;
        let mut seen = BTreeSet::new();
        let mut claims = Vec::new();
        let mut pledges = BTreeMap::new();
        let mut known = BTreeSet::new();
        for (number, version) in versions.iter().enumerate() {
            let around = draft.standing.around(row, version);
            if number == 0 && versions.len() > 1 {
                known.extend(around.iter().map(|it| it.held.id));
            }
            claims.extend(around);
            let met = draft.standing.pledges(version, &of.held, of.new);
            pledges.extend(met.iter().map(|met| (met.0, Pledge::of(met))));
        }
        claims.retain(|claim| seen.insert(claim.held.id));
        let (here, elsewhere): (Vec<Neighbour>, Vec<Neighbour>) =
            claims.iter().copied().partition(|claim| claim.held.row == row);
        let mut circles = vec![Circle::new(draft, of, &claims)];
        let rows: BTreeSet<u32> = elsewhere.iter().map(|claim| claim.held.row).collect();
        for row in rows {
            let Some(receivable) = draft.state.receivable(row) else { continue };
            let mut claims = draft.standing.around(row, &receivable);
            // They are related from here on, where the invoice is about to change.
            let here =
                here.iter().filter(|here| claims.iter().all(|it| it.held.id != here.held.id));
            let here: Vec<Neighbour> = here.copied().collect();
            claims.extend(here);
            circles.push(Circle::new(draft, of, &claims));
        }
        let copies = |claim: &&Neighbour| {
            claim.held.holder == of.held.holder && claim.held.row != row && claim.is_copy()
        };
        let told = draft.state.rules() >= 3;
        let own = claims.iter().filter(|_| told).filter(copies);
        let mut own: Vec<Neighbour> = own.copied().collect();
        own.sort_by_key(|claim| (claim.relation, claim.held.place, claim.held.id));
        Self { held: of.held, circles, pledges: pledges.into_values().collect(), own, known }
    }

    /// What the claim does not fit beside.
    pub(super) fn contradiction(&self) -> Option<Contradiction> {
        let mut claims = Vec::new();
        let mut others = BTreeMap::new();
        for circle in &self.circles {
            for held in circle.clashes.iter().flatten() {
                let known = (held.row, held.id);
                if held.id != self.held.id && !claims.contains(&known) {
                    claims.push(known);
                }
                let other = circle.others.iter().find(|other| other.held.id == held.id);
                others.extend(other.map(|other| ((other.held.place, other.held.id), *other)));
            }
        }
        let others: Vec<Neighbour> = others.into_values().collect();
        let pledges = self.pledges.clone();
        let none = others.is_empty() && pledges.is_empty();
        (!none).then_some(Contradiction { claims, others, pledges })
    }

    /// Whether the claim does not fit beside those whose place is earlier.
    pub(super) fn is_blocked(&self) -> bool {
        !self.pledges.is_empty() || self.circles.iter().any(|circle| circle.blocked)
    }

    /// Writes into the outcome what a new claim met: the strongest relation, the earliest place.
    pub(super) fn note(&self, draft: &mut Draft<'_>, item: u16, effect: Effect) {
        let met = self.circles.iter().find(|circle| !circle.others.is_empty());
        // A claim that fits met what is around its own invoice only.
        let met = if effect == Effect::Fits { self.circles.first() } else { met };
        let strongest = |other: &&Neighbour| (other.relation, other.held.place);
        let strongest = met.and_then(|met| {
            met.others.iter().min_by_key(strongest).map(|strongest| (met, strongest))
        });
        let mut finding = match (strongest, self.pledges.first(), self.own.first()) {
            (Some((met, other)), _, _) => Finding {
                item,
                relation: other.relation,
                keys: other.keys,
                differs: other.differs,
                rank: rank(met.before(self.held.place).saturating_add(self.pledges.len())),
                since: seconds(other.held.since),
                effect,
            },
            (None, Some(pledge), _) => Finding {
                item,
                relation: Relation::Covered,
                keys: KeySet::default(),
                differs: FieldSet::default(),
                rank: rank(self.pledges.len()),
                since: seconds(pledge.recorded_at),
                effect,
            },
            (None, None, Some(own)) => Finding {
                item,
                relation: own.relation,
                keys: own.keys,
                differs: own.differs,
                rank: rank(0),
                since: seconds(own.held.since),
                effect: Effect::Own,
            },
            (None, None, None) => return,
        };
        if !self.pledges.is_empty() {
            finding.keys.insert(KeyKind::Blanket);
        }
        draft.outcome.findings.push(finding);
    }

    /// Tells those whose claims a new one fits beside that it is there.
    pub(super) fn tell_fits(&self, draft: &mut Draft<'_>) {
        if let Some(circle) = self.circles.first() {
            tell(draft, &circle.others, AlertCode::ClaimBeside, None);
        }
    }

    /// Tells the holder of the claim that it holds claims on copies of the invoice.
    pub(super) fn tell_own(&self, draft: &mut Draft<'_>) {
        let holder = self.held.holder;
        for copy in self.own.iter().filter(|copy| !self.known.contains(&copy.held.id)) {
            let place = Place::at(self.held.row, copy.relation, copy.keys);
            draft.alert_at(holder, AlertCode::OwnCopy, copy.held.row, place, None);
        }
    }

    /// The rank of the claim: one more than the claims and pledges of others whose place is earlier.
    pub(super) fn rank(&self) -> u16 {
        let before = self.circles.first().map_or(0, |circle| circle.before(self.held.place));
        rank(before.saturating_add(self.pledges.len()))
    }

    /// Tells those whose claims or pledges left no room for a new one.
    pub(super) fn tell_refused(&self, draft: &mut Draft<'_>) {
        let code = AlertCode::SecondClaimRefused;
        for circle in self.circles.iter().filter(|circle| circle.blocked) {
            tell(draft, &circle.others, code, None);
        }
        tell_pledgees(draft, &self.pledges, Some(self.held.row), code, None);
    }
}

/// The rank of a claim that comes after so many.
pub(super) fn rank(before: usize) -> u16 {
    u16::try_from(before.saturating_add(1)).unwrap_or(u16::MAX)
}

/// Whole seconds since 1970.
pub(super) fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.millis()).unwrap_or(0) / 1_000
}

/// What does not fit beside each other.
pub(super) struct Contradiction {
    /// The claims, with the rows of their invoices.
    claims: Vec<(u32, ClaimId)>,
    /// Those of others.
    others: Vec<Neighbour>,
    /// The blanket pledges of others.
    pledges: Vec<Pledge>,
}

impl Contradiction {
    /// Tells the others that there is a conflict on an invoice.
    pub(super) fn tell(&self, draft: &mut Draft<'_>, row: u32, case: CaseId) {
        tell(draft, &self.others, AlertCode::SecondClaim, Some(case));
        let code = AlertCode::SecondClaim;
        tell_pledgees(draft, &self.pledges, Some(row), code, Some(case));
    }
}

/// Tells the holders of blanket pledges what happened to them, on an invoice that they cover.
pub(super) fn tell_pledgees(
    draft: &mut Draft<'_>,
    pledges: &[Pledge],
    row: Option<u32>,
    code: AlertCode,
    case: Option<CaseId>,
) {
    for pledge in pledges {
        draft.alert_pledgee(pledge.holder, code, pledge.row, row, case);
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
    blankets: Vec<u32>,
}

impl Open {
    /// A conflict that is not over.
    fn find(draft: &Draft<'_>, id: CaseId) -> Option<Self> {
        let stored = u32::try_from(id.number()).ok().and_then(|row| draft.state.case(row));
        if stored.as_ref().is_some_and(|case| case.cleared_at.is_some()) {
            return None;
        }
        let (mut claims, mut blankets) =
            stored.map(|case| (case.claims.clone(), case.blankets.clone())).unwrap_or_default();
        claims.extend(draft.disputed.get(&id).into_iter().flatten());
        blankets.extend(draft.disputed_blankets.get(&id).into_iter().flatten());
        Some(Self { id, claims, blankets })
    }
}

/// Where a claim that does not fit was put.
pub(super) struct Dispute {
    pub(super) case: CaseId,
    /// Whether the conflict is new.
    pub(super) opened: bool,
    /// Whether the claim is new to it, or a blanket pledge that it meets.
    pub(super) joined: bool,
}

/// Puts a claim and what it does not fit beside into the conflict that one of them is in, or into a new one.
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
    let blankets: Vec<u32> = contradiction.pledges.iter().map(|pledge| pledge.row).collect();
    if let Some(open) = open_case(draft, (row, claim), contradiction) {
        let met = blankets.iter().any(|blanket| !open.blankets.contains(blanket));
        let joined = met || !open.claims.contains(&(row, claim));
        join(draft, &open, &claims, &blankets);
        return Dispute { case: open.id, opened: false, joined };
    }
    Dispute { case: open_new(draft, claims, blankets), opened: true, joined: true }
}

/// Puts blanket pledges of which the last is new into the conflict that one of them is in, or into a new one.
pub(super) fn dispute_pledges(draft: &mut Draft<'_>, before: &[Pledge], new: u32) -> CaseId {
    let mut known = BTreeSet::new();
    for pledge in before {
        let cases = draft.state.cases_of_blanket(pledge.row).iter();
        known.extend(cases.map(|case| CaseId::new(u64::from(*case))));
    }
    let among_pledges = |id: &CaseId| {
        let open = Open::find(draft, *id)?;
        open.claims.is_empty().then_some(open)
    };
    let mut blankets: Vec<u32> = before.iter().map(|pledge| pledge.row).collect();
    blankets.push(new);
    match known.iter().take(CASES_MAX).find_map(among_pledges) {
        Some(open) => {
            join(draft, &open, &[], &blankets);
            open.id
        }
        None => open_new(draft, Vec::new(), blankets),
    }
}

fn open_new(draft: &mut Draft<'_>, claims: Vec<(u32, ClaimId)>, blankets: Vec<u32>) -> CaseId {
    let number = draft.state.cases_len().saturating_add(draft.new_cases);
    draft.new_cases = draft.new_cases.saturating_add(1);
    let id = CaseId::new(u64::from(number));
    draft.disputed.insert(id, claims.clone());
    draft.disputed_blankets.insert(id, blankets.clone());
    for (_, claim) in &claims {
        draft.case_of.entry(*claim).or_insert(id);
    }
    let (opened_by, opened_at) = (draft.position, draft.now);
    let case = Case::new(id, opened_by, opened_at, claims, blankets);
    draft.push(Change::OpenCase(Box::new(case)));
    id
}

fn join(draft: &mut Draft<'_>, open: &Open, claims: &[(u32, ClaimId)], blankets: &[u32]) {
    for (row, claim) in claims {
        if !open.claims.contains(&(*row, *claim)) {
            draft.push(Change::JoinCase(open.id, *row, *claim));
            draft.disputed.entry(open.id).or_default().push((*row, *claim));
            draft.case_of.entry(*claim).or_insert(open.id);
        }
    }
    for blanket in blankets {
        if !open.blankets.contains(blanket) {
            draft.push(Change::JoinBlanket(open.id, *blanket));
            draft.disputed_blankets.entry(open.id).or_default().push(*blanket);
        }
    }
}

/// The oldest conflict that is not over and that one of the others' claims is in, or the claim itself with a blanket
/// pledge that it meets, or another claim on its invoice with that pledge.
fn open_case(
    draft: &Draft<'_>,
    (row, claim): (u32, ClaimId),
    contradiction: &Contradiction,
) -> Option<Open> {
    let mut known = BTreeSet::new();
    let here = (!contradiction.pledges.is_empty()).then_some(row);
    let rows = contradiction.others.iter().map(|other| other.held.row).chain(here);
    for row in rows {
        if let Some(receivable) = draft.state.receivable(row) {
            known.extend(receivable.cases.iter().copied());
        }
    }
    for other in &contradiction.others {
        known.extend(draft.case_of.get(&other.held.id));
    }
    known.extend(draft.case_of.get(&claim));
    known.into_iter().find_map(|id| {
        let open = Open::find(draft, id)?;
        let involved = |other: &Neighbour| open.claims.contains(&(other.held.row, other.held.id));
        let pledged = |pledge: &Pledge| open.blankets.contains(&pledge.row);
        let is_it = contradiction.others.iter().any(involved)
            || (contradiction.pledges.iter().any(pledged)
                && open.claims.iter().any(|(on, _)| *on == row));
        is_it.then_some(open)
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
    let claims: Vec<Held> = draft.standing.on(row, current);
    let mut found = None;
    for held in claims {
        let met = Met::new(draft, &Claimed { held, new: None }, versions);
        if versions.len() > 1 || draft.standing.moved.contains_key(&held.id) {
            met.tell_own(draft);
        }
        let Some(contradiction) = met.contradiction() else { continue };
        let Dispute { case, joined, .. } = dispute(draft, row, held.id, &contradiction);
        found = Some(case);
        if joined {
            contradiction.tell(draft, row, case);
            draft.alert(held.holder, AlertCode::SecondClaim, row, Some(case));
        }
    }
    found
}

/// Looks anew at the claims on an invoice of which less or more is open from here on. That claims of different holders no
/// longer fit came to be a conflict with version 2 of the rules; with version 3, where all of them are on this invoice, by what
/// there is to be paid and not by what still is: the money is for them, and a payment hurts nobody.
pub(super) fn look_at_open(
    draft: &mut Draft<'_>,
    row: u32,
    before: &Receivable,
    after: &Receivable,
) {
    let rules = draft.state.rules();
    let (open, was_open) = (after.open_minor(), before.open_minor());
    let (worth, was_worth) = (after.worth_minor(), before.worth_minor());
    if rules < 2 || (open == was_open && (rules < 3 || worth == was_worth)) {
        return;
    }
    let (measure, was) =
        if shared(draft, row, before) { (worth, was_worth) } else { (open, was_open) };
    draft.standing.open.insert(row, measure);
    if measure < was {
        look_again(draft, row, &[before]);
    }
    draft.standing.open.insert(row, open);
    if open > was_open {
        clear_cases(draft, &[row]);
    }
}

/// Whether claims stand on an invoice, and none on a copy of it. Whoever holds one there is left with a paper that nobody
/// pays.
fn shared(draft: &Draft<'_>, row: u32, receivable: &Receivable) -> bool {
    draft.state.rules() >= 3
        && !draft.standing.on(row, receivable).is_empty()
        && draft.standing.around(row, receivable).iter().all(|claim| claim.held.row == row)
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
    clear(draft, cases, draft.author.row);
}

/// Clears the conflicts of a blanket pledge that are over: of the first [`CASES_STEP`], and of as many more with each record
/// that follows.
pub(super) fn clear_cases_of_blanket(draft: &mut Draft<'_>, blanket: u32) {
    let author = draft.author.row;
    if draft.state.rules() >= 3 {
        clear_from(draft, blanket, 0, author);
        return;
    }
    // Until then only the first that were not cleared yet. What was left is shown as over, without a record.
    let open = |row: &&u32| draft.state.case(**row).is_some_and(|case| case.cleared_at.is_none());
    let cases = draft.state.cases_of_blanket(blanket).iter().filter(open).take(CASES_MAX);
    let cases = cases.map(|row| CaseId::new(u64::from(*row))).collect();
    clear(draft, cases, author);
}

/// Goes on with what [`clear_cases_of_blanket`] left.
pub(super) fn clear_on(draft: &mut Draft<'_>) {
    let Some((blanket, from)) = draft.state.clearing.first_key_value() else { return };
    let holder = draft.state.blanket(*blanket).map(|blanket| blanket.holder);
    clear_from(draft, *blanket, *from, holder.unwrap_or(draft.author.row));
}

/// Clears what is over of the conflicts of a blanket pledge from one place in their list on.
fn clear_from(draft: &mut Draft<'_>, blanket: u32, from: u32, author: u32) {
    let all = draft.state.cases_of_blanket(blanket);
    let next = from.saturating_add(CASES_STEP);
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(all.len());
    let cases = all.get(place(from)..place(next)).unwrap_or_default();
    clear(draft, cases.iter().map(|row| CaseId::new(u64::from(*row))).collect(), author);
    let left = place(next) < all.len();
    if left || from > 0 {
        draft.push(Change::Clearing(blanket, left.then_some(next)));
    }
}

/// Clears those of some conflicts that are over, and tells who is left in them, but not who ended them.
fn clear(draft: &mut Draft<'_>, cases: BTreeSet<CaseId>, author: u32) {
    for id in cases {
        let Some(Open { claims, blankets, .. }) = Open::find(draft, id) else { continue };
        if draft.standing.disputed(&claims, &blankets) {
            continue;
        }
        let at = draft.now;
        draft.push(Change::ClearCase(id, at));
        let mut left = BTreeSet::new();
        for (row, claim) in &claims {
            let Some(receivable) = draft.state.receivable(*row) else { continue };
            let held = draft.standing.on(*row, &receivable).into_iter();
            let held = held.filter(|held| held.holder != author);
            if let Some(held) = held.into_iter().find(|held| held.id == *claim)
                && left.insert(held.holder)
            {
                draft.alert(held.holder, AlertCode::ConflictCleared, *row, Some(id));
            }
        }
        for row in blankets {
            let Some(blanket) = draft.state.blanket(row) else { continue };
            let holder = blanket.holder;
            let stands = blanket.released.is_none() && holder != author;
            if stands && left.insert(holder) {
                let on = claims.first().map(|(on, _)| *on);
                draft.alert_pledgee(holder, AlertCode::ConflictCleared, row, on, Some(id));
            }
        }
    }
}
