//! Rules on the steps of a case file: who may say what about a conflict, and what comes of it.
//!
//! Nobody ends another's claim here, and no rank ever changes. One financier alone resolves nothing: what concerns the
//! others counts when every financier whose claim stands in the conflict has said the same of the same claims.

use std::collections::BTreeSet;

use crate::domain::alert::AlertCode;
use crate::domain::casefile::{Action, Contender, EVIDENCE_MAX, Resolution, STEPS_MAX, Seat, Step};
use crate::domain::change::Change;
use crate::domain::decide::conflicts::{clear_cases, clear_cases_of_blanket};
use crate::domain::decide::{Draft, LIST_MAX, check_amount, has_repeats};
use crate::domain::encumbrance::Case;
use crate::domain::pages::Row;
use crate::domain::receivable::{ClaimKind, ClaimStanding};
use crate::domain::rejection::Rejection;
use crate::domain::standing::Held;
use crate::statement::{
    ConflictAcknowledged, ConflictContested, ConflictDisclosed, ConflictEvidenced,
    ConflictResolved, Role, Settlement, Share,
};
use crate::types::{CaseId, Currency, InvoiceId, Minor};

pub(super) fn acknowledge(
    draft: &mut Draft<'_>,
    data: &ConflictAcknowledged,
) -> Result<(), Rejection> {
    let file = File::of_open(draft, data.conflict)?;
    file.say_once(draft, |action| *action == Action::Acknowledged)?;
    file.step(draft, Action::Acknowledged);
    file.tell(draft, AlertCode::ConflictAcknowledged);
    Ok(())
}

pub(super) fn contest(draft: &mut Draft<'_>, data: &ConflictContested) -> Result<(), Rejection> {
    let file = File::of_open(draft, data.conflict)?;
    let contested = Action::Contested(data.reason);
    file.say_once(draft, |action| *action == contested)?;
    file.step(draft, contested);
    file.tell(draft, AlertCode::ConflictContested);
    Ok(())
}

pub(super) fn name_evidence(
    draft: &mut Draft<'_>,
    data: &ConflictEvidenced,
) -> Result<(), Rejection> {
    let evidence = &data.evidence;
    if evidence.is_empty() || evidence.len() > LIST_MAX || has_repeats(evidence) {
        return Err(Rejection::ListMalformed);
    }
    let file = File::of_open(draft, data.conflict)?;
    let mut named = 0_usize;
    for step in file.case.steps_by(draft.author.row) {
        if let Action::Evidenced(earlier) = &step.action {
            named = named.saturating_add(earlier.len());
            if earlier.iter().any(|hash| evidence.contains(hash)) {
                return Err(Rejection::StepRepeated);
            }
        }
    }
    if named.saturating_add(evidence.len()) > EVIDENCE_MAX {
        return Err(Rejection::CaseFull);
    }
    file.say_once(draft, |_| false)?;
    file.step(draft, Action::Evidenced(evidence.clone()));
    file.tell(draft, AlertCode::ConflictEvidence);
    Ok(())
}

pub(super) fn disclose(draft: &mut Draft<'_>, data: &ConflictDisclosed) -> Result<(), Rejection> {
    let file = File::of_open(draft, data.conflict)?;
    let among: Vec<u32> = file.parties.iter().copied().collect();
    let covers = |action: &Action| match action {
        Action::Disclosed(earlier) | Action::Revealed(earlier) => {
            among.iter().all(|party| earlier.contains(party))
        }
        Action::Acknowledged
        | Action::Contested(_)
        | Action::Evidenced(_)
        | Action::Resolved(_) => false,
    };
    file.say_once(draft, covers)?;
    if file.operator {
        file.step(draft, Action::Revealed(among));
        file.tell(draft, AlertCode::IdentityRevealed);
        return Ok(());
    }
    let author = draft.author.row;
    let step = file.step(draft, Action::Disclosed(among));
    let mut after = Case::clone(&file.case);
    after.steps.push(step);
    for party in file.others(draft) {
        let known = after.reveals(party, author);
        let code = if known { AlertCode::IdentityRevealed } else { AlertCode::IdentityOffered };
        file.tell_one(draft, party, code);
    }
    Ok(())
}

pub(super) fn resolve(draft: &mut Draft<'_>, data: &ConflictResolved) -> Result<(), Rejection> {
    match &data.resolution {
        Settlement::Shared { shares, .. } => {
            shares.iter().try_for_each(|share| check_amount(share.amount_minor))?;
        }
        Settlement::NotTheSameInvoice { invoices } => {
            if invoices.len() == 1 || invoices.len() > LIST_MAX || has_repeats(invoices) {
                return Err(Rejection::ListMalformed);
            }
        }
        Settlement::Subordinated { .. } | Settlement::FraudConfirmed {} => {}
    }
    let file = File::of(draft, data.conflict)?;
    let for_operator = match &data.resolution {
        Settlement::FraudConfirmed {} => true,
        Settlement::NotTheSameInvoice { invoices } => !invoices.is_empty(),
        Settlement::Subordinated { .. } | Settlement::Shared { .. } => false,
    };
    if for_operator && !file.operator {
        return Err(Rejection::ResolutionNotYours);
    }
    let resolution = match &data.resolution {
        // Fraud comes to light after the claims have ended, too.
        Settlement::FraudConfirmed {} => {
            let fraud = Action::Resolved(Resolution::FraudConfirmed);
            file.say_once(draft, |action| *action == fraud)?;
            file.step(draft, fraud);
            file.warn(draft);
            return Ok(());
        }
        Settlement::Subordinated { order } => {
            file.check_open(draft)?;
            Resolution::Subordinated(file.seats(order)?)
        }
        Settlement::Shared { shares, currency } => {
            file.check_open(draft)?;
            file.shared(draft, shares, *currency)?
        }
        Settlement::NotTheSameInvoice { invoices } => {
            file.check_open(draft)?;
            file.told_apart(draft, invoices)?
        }
    };
    let said = Action::Resolved(resolution.clone());
    // One may change one's mind: only what was said last counts.
    let last = file.last_resolution(draft.author.row);
    let repeated = last == Some(&resolution);
    file.say_once(draft, |_| repeated)?;
    file.step(draft, said);
    if file.operator || file.all_agree(draft, &resolution) {
        file.take_effect(draft, &resolution);
    } else {
        file.tell(draft, AlertCode::ConflictProposed);
    }
    Ok(())
}

/// Notes in the conflicts of claims that their holder releases how they ended.
pub(super) fn note_release(draft: &mut Draft<'_>) {
    if draft.state.rules() < 2 {
        return;
    }
    let mut noted = BTreeSet::new();
    let mut steps = Vec::new();
    for change in &draft.changes {
        let Change::Close(row, id, ClaimStanding::Released) = change else { continue };
        let Some(receivable) = draft.state.receivable(*row) else { continue };
        let claim = receivable.claims.iter().find(|claim| claim.id == *id);
        let reserved = claim.is_some_and(|it| matches!(it.kind, ClaimKind::Reservation { .. }));
        let how = if reserved { Resolution::Withdrawn } else { Resolution::Released };
        for case in receivable.cases.iter().filter_map(|case| draft.state.case_by_id(*case)) {
            let in_it = case.cleared_at.is_none() && case.claims.contains(&(*row, *id));
            if in_it && noted.insert(case.id) {
                steps.push((case.id, how.clone()));
            }
        }
    }
    let (position, at, by) = (draft.position, draft.now, draft.author.row);
    for (case, how) in steps {
        let cleared =
            draft.changes.iter().any(|it| matches!(it, Change::ClearCase(id, _) if *id == case));
        let step = Step { position, at, by, action: Action::Resolved(how) };
        draft.push(Change::Step(case, Box::new(step)));
        if cleared {
            draft.push(Change::Resolve { case, position, agreed: Vec::new() });
        }
    }
}

/// A right that stands in a conflict.
struct Right {
    /// Its rank in the conflict.
    rank: u16,
    seat: Seat,
    holder: u32,
    /// Where it is a claim.
    held: Option<Held>,
}

/// A conflict as its statement finds it.
struct File {
    case: Row<Case>,
    /// The rights that stand in it, the earliest place first.
    standing: Vec<Right>,
    /// Those who hold a right in it, whether or not it stands.
    parties: BTreeSet<u32>,
    /// Whether the author is the operator, and decides.
    operator: bool,
}

impl File {
    /// A conflict that the author may speak in.
    fn of(draft: &Draft<'_>, id: CaseId) -> Result<Self, Rejection> {
        let case = draft.state.case_by_id(id).ok_or(Rejection::ConflictUnknown)?;
        let mut parties = BTreeSet::new();
        let mut standing = Vec::new();
        for (rank, contender) in (1_u16..).zip(draft.state.contenders(&case)) {
            let (seat, holder) = (contender.seat(), contender.holder());
            let held = match &contender {
                Contender::Claim(row, receivable, claim) => {
                    if claim.standing == ClaimStanding::Superseded {
                        continue;
                    }
                    let held = draft.standing.on(*row, receivable).into_iter();
                    held.into_iter().find(|held| held.id == claim.id)
                }
                Contender::Pledge(..) => None,
            };
            let stands = held.is_some()
                || (matches!(seat, Seat::Pledge(_)) && contender.is_active(draft.now));
            parties.insert(holder);
            if stands {
                standing.push(Right { rank, seat, holder, held });
            }
        }
        let operator = draft.author.participant.has(Role::Operator);
        if !operator && !parties.contains(&draft.author.row) {
            return Err(Rejection::ConflictUnknown);
        }
        Ok(Self { case, standing, parties, operator })
    }

    /// One that is not over, for the author.
    fn of_open(draft: &Draft<'_>, id: CaseId) -> Result<Self, Rejection> {
        let file = Self::of(draft, id)?;
        file.check_open(draft)?;
        Ok(file)
    }

    fn check_open(&self, draft: &Draft<'_>) -> Result<(), Rejection> {
        let holders = self.holders();
        let speaks = self.operator || holders.contains(&draft.author.row);
        if self.case.cleared_at.is_some() || holders.len() < 2 || !speaks {
            return Err(Rejection::ConflictOver);
        }
        Ok(())
    }

    /// Those whose claims stand in it.
    fn holders(&self) -> BTreeSet<u32> {
        self.standing.iter().map(|right| right.holder).collect()
    }

    /// Refuses what the author said before, and what is too much.
    fn say_once(&self, draft: &Draft<'_>, said: impl Fn(&Action) -> bool) -> Result<(), Rejection> {
        let author = draft.author.row;
        if self.case.steps_by(author).any(|step| said(&step.action)) {
            return Err(Rejection::StepRepeated);
        }
        if self.case.steps_by(author).count() >= STEPS_MAX {
            return Err(Rejection::CaseFull);
        }
        Ok(())
    }

    /// Writes a step.
    fn step(&self, draft: &mut Draft<'_>, action: Action) -> Step {
        let step = Step { position: draft.position, at: draft.now, by: draft.author.row, action };
        draft.push(Change::Step(self.case.id, Box::new(step.clone())));
        step
    }

    fn others(&self, draft: &Draft<'_>) -> Vec<u32> {
        let author = draft.author.row;
        self.parties.iter().copied().filter(|party| *party != author).collect()
    }

    /// Tells the others.
    fn tell(&self, draft: &mut Draft<'_>, code: AlertCode) {
        for party in self.others(draft) {
            self.tell_one(draft, party, code);
        }
    }

    /// Tells one, about an invoice of its own.
    fn tell_one(&self, draft: &mut Draft<'_>, party: u32, code: AlertCode) {
        let own_pledge =
            self.case.blankets.iter().find(|row| {
                draft.state.blanket(**row).is_some_and(|blanket| blanket.holder == party)
            });
        let own = self.case.claims.iter().find(|(row, id)| {
            let receivable = draft.state.receivable(*row);
            receivable.is_some_and(|it| {
                it.claims.iter().any(|claim| claim.id == *id && claim.holder == party)
            })
        });
        let on = self.case.claims.first().map(|(row, _)| *row);
        match (own, own_pledge) {
            (Some((row, _)), _) => draft.alert(party, code, *row, Some(self.case.id)),
            (None, Some(blanket)) => {
                draft.alert_pledgee(party, code, *blanket, on, Some(self.case.id));
            }
            (None, None) => {}
        }
    }

    /// Tells all in it, and whoever else holds a claim on one of its invoices, that there is fraud.
    fn warn(&self, draft: &mut Draft<'_>) {
        self.tell(draft, AlertCode::FraudConfirmed);
        let rows: BTreeSet<u32> = self.case.claims.iter().map(|(row, _)| *row).collect();
        for row in rows {
            let Some(receivable) = draft.state.receivable(row) else { continue };
            let held: Vec<Held> = draft.standing.on(row, &receivable);
            for held in held.iter().filter(|held| !self.parties.contains(&held.holder)) {
                draft.alert(held.holder, AlertCode::FraudConfirmed, row, None);
            }
        }
    }

    /// The seats of all claims that stand, in an order of ranks.
    fn seats(&self, ranks: &[u16]) -> Result<Vec<Seat>, Rejection> {
        let seat = |rank: &u16| {
            let found = self.standing.iter().find(|right| right.rank == *rank);
            found.map(|right| right.seat).ok_or(Rejection::RanksMalformed)
        };
        if ranks.len() != self.standing.len() || has_repeats(ranks) {
            return Err(Rejection::RanksMalformed);
        }
        ranks.iter().map(seat).collect()
    }

    /// Shares that fit into the open amount of the author's own invoices: of the others' it learns nothing. When all
    /// have agreed, they fit into all.
    fn shared(
        &self,
        draft: &Draft<'_>,
        shares: &[Share],
        currency: Currency,
    ) -> Result<Resolution, Rejection> {
        let ranks: Vec<u16> = shares.iter().map(|share| share.rank).collect();
        let seats = self.seats(&ranks)?;
        let sum = shares.iter().fold(0, |sum: Minor, it| sum.saturating_add(it.amount_minor));
        let own = |held: &Held| self.operator || held.holder == draft.author.row;
        let claims = self.standing.iter().filter_map(|right| right.held);
        let claims: Vec<Held> = claims.filter(own).collect();
        if claims.iter().any(|held| held.part.currency != currency) {
            return Err(Rejection::CurrencyMismatch);
        }
        if claims.iter().any(|held| sum > held.part.open_minor) {
            return Err(Rejection::SharesExceed);
        }
        let mut shares: Vec<(Seat, Minor)> =
            seats.into_iter().zip(shares.iter().map(|share| share.amount_minor)).collect();
        shares.sort_unstable();
        Ok(Resolution::Shared { shares, currency })
    }

    /// The invoices that are told apart: those that are named, or all on which a claim stands.
    fn told_apart(&self, draft: &Draft<'_>, named: &[InvoiceId]) -> Result<Resolution, Rejection> {
        let known: BTreeSet<u32> = self.case.claims.iter().map(|(row, _)| *row).collect();
        let mut rows = BTreeSet::new();
        for id in named {
            let row = draft.state.receivable_by_id(id).map(|(row, _)| row);
            rows.insert(row.filter(|row| known.contains(row)).ok_or(Rejection::InvoiceUnknown)?);
        }
        if named.is_empty() {
            rows.extend(self.standing.iter().filter_map(|right| right.held).map(|held| held.row));
        }
        let rows: Vec<u32> = rows.into_iter().collect();
        if pairs(draft, &rows).is_empty() {
            return Err(Rejection::SameInvoice);
        }
        let among = self.standing.iter().map(|right| right.seat).collect();
        Ok(Resolution::NotTheSame { rows, among })
    }

    /// How a financier said last that it should end, beside releasing claims of its own.
    fn last_resolution(&self, party: u32) -> Option<&Resolution> {
        let said = self.case.steps_by(party).filter_map(|step| {
            if let Action::Resolved(resolution) = &step.action { Some(resolution) } else { None }
        });
        said.filter(|it| !matches!(it, Resolution::Withdrawn | Resolution::Released)).last()
    }

    /// Whether all whose claims stand have said the same, the author with this statement.
    fn all_agree(&self, draft: &Draft<'_>, resolution: &Resolution) -> bool {
        self.holders().iter().all(|holder| {
            *holder == draft.author.row || self.last_resolution(*holder) == Some(resolution)
        })
    }

    fn take_effect(&self, draft: &mut Draft<'_>, resolution: &Resolution) {
        let agreed: Vec<Seat> = match resolution {
            Resolution::Subordinated(seats) => seats.clone(),
            Resolution::Shared { shares, .. } => shares.iter().map(|(seat, _)| *seat).collect(),
            Resolution::NotTheSame { rows, .. } => {
                for (one, other) in pairs(draft, rows) {
                    draft.standing.apart.insert((one, other));
                    draft.push(Change::Apart(one, other));
                }
                Vec::new()
            }
            Resolution::Withdrawn | Resolution::Released | Resolution::FraudConfirmed => Vec::new(),
        };
        draft.standing.agreed.clone_from(&agreed);
        let (case, position) = (self.case.id, draft.position);
        draft.push(Change::Resolve { case, position, agreed });
        self.tell(draft, AlertCode::ConflictResolved);
        let rows: BTreeSet<u32> = self.case.claims.iter().map(|(row, _)| *row).collect();
        let rows: Vec<u32> = rows.into_iter().collect();
        clear_cases(draft, &rows);
        for blanket in &self.case.blankets {
            clear_cases_of_blanket(draft, *blanket);
        }
    }
}

/// The pairs among some invoices that are the same receivable, as far as is known.
fn pairs(draft: &Draft<'_>, rows: &[u32]) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for row in rows {
        let Some(receivable) = draft.state.receivable(*row) else { continue };
        for related in draft.state.related(&receivable) {
            if *row < related.row && rows.contains(&related.row) {
                pairs.push((*row, related.row));
            }
        }
    }
    pairs
}
