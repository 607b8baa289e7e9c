//! Rules on new encumbrances: reserving and recording, for one invoice or a bordereau.

use std::collections::BTreeMap;

use crate::domain::change::Change;
use crate::domain::decide::conflicts::{Claimed, Met, clear_cases, dispute};
use crate::domain::decide::{Draft, check_amount, check_bordereau};
use crate::domain::encumbrance::{Financing, Terms};
use crate::domain::outcome::{Effect, Verdict};
use crate::domain::receivable::{Claim, ClaimKind, ClaimStanding};
use crate::domain::rejection::Rejection;
use crate::domain::standing::{Held, Part};
use crate::domain::state::Subject;
use crate::statement::{
    Disclosure, FinancingKind, FinancingRecorded, FinancingReserved, Item, OnConflict,
};
use crate::types::{ClaimId, Currency, InvoiceId, MINOR_MAX, Minor, StatementId};

/// The longest reservation: 72 hours, in milliseconds.
pub(crate) const RESERVATION_MAX_MILLIS: i64 = 72 * 3_600_000;

pub(super) fn reserve(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &FinancingReserved,
) -> Result<(), Rejection> {
    check_items(&data.invoices)?;
    let latest = draft.now.plus_millis(RESERVATION_MAX_MILLIS);
    if data.until <= draft.now || data.until > latest {
        return Err(Rejection::ReservationTerm);
    }
    let reserved = data.extends.as_ref().map(|earlier| reserved(draft, earlier)).transpose()?;
    let extended =
        |claim: &Claim| matches!(claim.kind, ClaimKind::Reservation { extended, .. } if extended);
    if reserved.as_ref().is_some_and(|claims| claims.values().any(extended)) {
        return Err(Rejection::ReservationExtended);
    }
    let bordereau = Bordereau {
        items: &data.invoices,
        currency: data.currency,
        on_conflict: data.on_conflict,
        kind: ClaimKind::Reservation { until: data.until, extended: data.extends.is_some() },
        reserved,
        participates: false,
    };
    claim(draft, statement, &bordereau, None)
}

pub(super) fn record(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &FinancingRecorded,
) -> Result<(), Rejection> {
    if data.kind == FinancingKind::Participation && draft.state.rules() < 2 {
        return Err(Rejection::RulesTooOld);
    }
    check_items(&data.invoices)?;
    if data.advanced_minor.is_some_and(|advanced| !(0..=MINOR_MAX).contains(&advanced)) {
        return Err(Rejection::AmountInvalid);
    }
    let kind = match data.disclosure {
        Disclosure::Disclosed => ClaimKind::Disclosed,
        Disclosure::Silent => ClaimKind::Silent,
    };
    let terms = Terms {
        kind: data.kind,
        recourse: data.recourse,
        disclosure: data.disclosure,
        advanced_minor: data.advanced_minor,
        deed: data.deed,
        deed_date: data.deed_date,
    };
    let bordereau = Bordereau {
        items: &data.invoices,
        currency: data.currency,
        on_conflict: data.on_conflict,
        kind,
        reserved: data.reservation.as_ref().map(|earlier| reserved(draft, earlier)).transpose()?,
        participates: data.kind == FinancingKind::Participation,
    };
    claim(draft, statement, &bordereau, Some(terms))
}

fn check_items(items: &[Item]) -> Result<(), Rejection> {
    let ids: Vec<InvoiceId> = items.iter().map(|item| item.id).collect();
    if ids.is_empty() {
        return Err(Rejection::ListMalformed);
    }
    check_bordereau(&ids)?;
    items.iter().try_for_each(|item| check_amount(item.claimed_minor))
}

/// What a reservation and a recording have in common.
struct Bordereau<'a> {
    items: &'a [Item],
    currency: Currency,
    on_conflict: OnConflict,
    kind: ClaimKind,
    /// The standing claims of the author's reservation whose places this takes over.
    reserved: Option<BTreeMap<InvoiceId, Claim>>,
    /// Whether its claims are shares in those of others.
    participates: bool,
}

/// The author's standing claims of a reservation, by invoice; at least one.
fn reserved(
    draft: &Draft<'_>,
    statement: &StatementId,
) -> Result<BTreeMap<InvoiceId, Claim>, Rejection> {
    let Some(Subject::Financing(row)) = draft.state.subject_of(statement) else {
        return Err(Rejection::ReservationUnknown);
    };
    let financing = draft.state.financing(row).ok_or(Rejection::ReservationUnknown)?;
    // Its end has the same subject, but is not its name; and a financing is no reservation.
    if financing.statement != *statement || financing.terms.is_some() {
        return Err(Rejection::ReservationUnknown);
    }
    let mut claims = BTreeMap::new();
    for invoice in &financing.receivables {
        let Some(receivable) = draft.state.receivable(*invoice) else { continue };
        let of_it = |claim: &&Claim| claim.financing == row && claim.holder == draft.author.row;
        if let Some(claim) = receivable.active_claims(draft.now).find(of_it) {
            claims.insert(receivable.id, claim.clone());
        }
    }
    if claims.is_empty() { Err(Rejection::ReservationUnknown) } else { Ok(claims) }
}

fn claim(
    draft: &mut Draft<'_>,
    statement: StatementId,
    bordereau: &Bordereau<'_>,
    terms: Option<Terms>,
) -> Result<(), Rejection> {
    let financing = draft.state.financings.len();
    let mut receivables = Vec::with_capacity(bordereau.items.len());
    for (number, item) in (0_u16..).zip(bordereau.items) {
        if let Some(row) = claim_one(draft, bordereau, financing, number, item)? {
            receivables.push(row);
        }
    }
    if receivables.is_empty() {
        draft.outcome.verdict = Verdict::Refused;
        return Ok(());
    }
    if bordereau.reserved.is_some() {
        clear_cases(draft, &receivables);
    }
    let row = Financing {
        statement,
        position: draft.position,
        recorded_at: draft.now,
        holder: draft.author.row,
        terms,
        currency: bordereau.currency,
        receivables,
    };
    draft.push(Change::Financing(Box::new(row)));
    draft.subject = Subject::Financing(financing);
    Ok(())
}

/// Decides one invoice of a bordereau: the row of the invoice where a claim is created, `None` where it is
/// refused.
fn claim_one(
    draft: &mut Draft<'_>,
    bordereau: &Bordereau<'_>,
    financing: u32,
    number: u16,
    item: &Item,
) -> Result<Option<u32>, Rejection> {
    let superseded = match &bordereau.reserved {
        None => None,
        Some(reserved) => Some(reserved.get(&item.id).ok_or(Rejection::ReservationUnknown)?),
    };
    let (row, receivable) = draft.receivable_by_id(&item.id).ok_or(Rejection::InvoiceUnknown)?;
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    if bordereau.currency != receivable.core.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    let mine = draft.author.row;
    let replaced = superseded.map(|claim| claim.id);
    draft.standing.ended.extend(replaced);
    let standing = draft.standing.on(row, &receivable);
    let own = standing.iter().filter(|held| held.holder == mine);
    let claimed =
        own.fold(item.claimed_minor, |sum: Minor, held| sum.saturating_add(held.part.amount_minor));
    // A place in the order is worth what was reserved under it, and no more.
    let more_than_reserved =
        superseded.is_some_and(|reserved| item.claimed_minor > reserved.amount_minor);
    let open_minor = receivable.open_minor();
    let id = ClaimId::new(draft.state.claims.saturating_add(draft.new_claims));
    let mut claim = Claim {
        id,
        financing,
        holder: mine,
        previous_holders: Vec::new(),
        passed_on: Vec::new(),
        within: None,
        kind: bordereau.kind,
        amount_minor: item.claimed_minor,
        place: superseded.map_or(draft.position, |claim| claim.place),
        since: superseded.map_or(draft.now, |claim| claim.since),
        standing: ClaimStanding::Active,
    };
    if bordereau.participates {
        let lead = draft.standing.lead(row, &receivable, &claim);
        claim.within = Some(lead.ok_or(Rejection::ParticipationUnfounded)?);
    }
    if claimed > open_minor || more_than_reserved {
        return Err(Rejection::OverCapacity);
    }
    let amount_minor = if claim.within.is_some() { 0 } else { claim.amount_minor };
    let part = Part { amount_minor, open_minor, currency: bordereau.currency };
    let (holder, place, since) = (mine, claim.place, claim.since);
    let held = Held { row, id, holder, place, since, part };
    let met = Met::new(draft, &Claimed { held, new: Some(&claim) }, &[&receivable]);
    if bordereau.on_conflict == OnConflict::Refuse && met.is_blocked() {
        if let Some(replaced) = replaced {
            draft.standing.ended.remove(&replaced);
        }
        met.tell_refused(draft);
        met.note(draft, number, Effect::Refused);
        draft.push(Change::Mention(row));
        return Ok(None);
    }
    draft.new_claims = draft.new_claims.saturating_add(1);
    if let Some(replaced) = replaced {
        draft.push(Change::Close(row, replaced, ClaimStanding::Superseded));
    }
    draft.push(Change::Claim(row, Box::new(claim.clone())));
    if let Some(contradiction) = met.contradiction() {
        let dispute = dispute(draft, row, id, &contradiction);
        // Who is in the conflict with a reservation knows of it when the reservation becomes a financing.
        if dispute.opened || replaced.is_none() {
            contradiction.tell(draft, row, dispute.case);
        }
        met.note(draft, number, Effect::Conflict(dispute.case));
    } else {
        // Who was told of a reservation is not told again of the financing that it becomes.
        if replaced.is_none() {
            met.tell_fits(draft);
        }
        met.note(draft, number, Effect::Fits);
    }
    if replaced.is_none() {
        met.tell_own(draft);
        draft.watch_claim(row, &receivable);
        draft.note_taken_up(&receivable);
    }
    draft.standing.made.insert(row, claim);
    draft.push(Change::Mention(row));
    draft.concern(draft.state.participant_of_party(receivable.seller));
    if bordereau.kind == ClaimKind::Disclosed {
        draft.concern(draft.state.participant_of_party(receivable.buyer));
    }
    Ok(Some(row))
}
