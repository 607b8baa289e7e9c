//! Rules on encumbrances: reserving, recording, ending and passing on a right; and the conflict between two.

use std::collections::BTreeSet;

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::{Draft, check_amount, has_repeats};
use crate::domain::encumbrance::{Case, Financing, Terms};
use crate::domain::outcome::{Effect, Finding, Relation, Verdict};
use crate::domain::pages::Row;
use crate::domain::participant::Standing;
use crate::domain::receivable::{Claim, ClaimKind, ClaimStanding, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::invoice::{FieldSet, KeyKind, KeySet};
use crate::statement::{
    BORDEREAU_MAX, Disclosure, FinancingRecorded, FinancingReleased, FinancingReserved,
    FinancingReturned, FinancingSettled, FinancingTransferred, Item, OnConflict, Role,
};
use crate::types::{CaseId, ClaimId, Currency, InvoiceId, MINOR_MAX, Minor, StatementId};

/// The longest reservation: 72 hours, in milliseconds.
pub(crate) const RESERVATION_MAX_MILLIS: i64 = 72 * 3_600_000;

pub(super) fn reserve(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &FinancingReserved,
) -> Result<(), Rejection> {
    let latest = draft.now.plus_millis(RESERVATION_MAX_MILLIS);
    if data.until <= draft.now || data.until > latest {
        return Err(Rejection::ReservationTerm);
    }
    let kind = ClaimKind::Reservation { until: data.until, extended: data.extends.is_some() };
    let takes_over = match &data.extends {
        None => None,
        Some(earlier) => Some(standing_reservation(draft, earlier)?),
    };
    if let Some((row, earlier)) = &takes_over {
        let extended =
            |claim: &Claim| matches!(claim.kind, ClaimKind::Reservation { extended: true, .. });
        if own_claims(draft, earlier).any(|(_, claim)| claim.financing == *row && extended(&claim))
        {
            return Err(Rejection::ReservationExtended);
        }
    }
    let bordereau = Bordereau {
        items: &data.invoices,
        currency: data.currency,
        on_conflict: data.on_conflict,
        kind,
        takes_over: takes_over.map(|(row, _)| row),
    };
    claim(draft, statement, &bordereau, None)
}

pub(super) fn record(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &FinancingRecorded,
) -> Result<(), Rejection> {
    if data.advanced_minor.is_some_and(|advanced| !(0..=MINOR_MAX).contains(&advanced)) {
        return Err(Rejection::AmountInvalid);
    }
    let takes_over = match &data.reservation {
        None => None,
        Some(reservation) => Some(standing_reservation(draft, reservation)?.0),
    };
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
        takes_over,
    };
    claim(draft, statement, &bordereau, Some(terms))
}

/// What a reservation and a recording have in common.
struct Bordereau<'a> {
    items: &'a [Item],
    currency: Currency,
    on_conflict: OnConflict,
    kind: ClaimKind,
    /// The row of the author's reservation whose places the claims take over.
    takes_over: Option<u32>,
}

fn claim(
    draft: &mut Draft<'_>,
    statement: StatementId,
    bordereau: &Bordereau<'_>,
    terms: Option<Terms>,
) -> Result<(), Rejection> {
    let ids: Vec<InvoiceId> = bordereau.items.iter().map(|item| item.id).collect();
    if ids.is_empty() || ids.len() > BORDEREAU_MAX || has_repeats(&ids) {
        return Err(Rejection::ListMalformed);
    }
    let financing = draft.state.financings.len();
    let place_of_financing = draft.changes.len();
    let mut receivables = Vec::with_capacity(ids.len());
    for (number, item) in (0_u16..).zip(bordereau.items) {
        if let Some(row) = claim_one(draft, bordereau, financing, number, item)? {
            receivables.push(row);
        }
    }
    if receivables.is_empty() {
        draft.outcome.verdict = Verdict::Refused;
        return Ok(());
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
    draft.changes.insert(place_of_financing, Change::Financing(Box::new(row)));
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
    check_amount(item.claimed_minor)?;
    let (row, receivable) =
        draft.state.receivable_by_id(&item.id).ok_or(Rejection::InvoiceUnknown)?;
    if bordereau.currency != receivable.core.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    let mine = draft.author.row;
    let superseded = match bordereau.takes_over {
        None => None,
        Some(reservation) => {
            let held = receivable
                .active_claims(draft.now)
                .find(|claim| claim.holder == mine && claim.financing == reservation);
            Some(held.cloned().ok_or(Rejection::ReservationUnknown)?)
        }
    };
    let replaced = superseded.as_ref().map(|claim| claim.id);
    let own_rest = sum(receivable
        .active_claims(draft.now)
        .filter(|claim| claim.holder == mine && Some(claim.id) != replaced));
    let open = receivable.open_minor();
    if own_rest.saturating_add(item.claimed_minor) > open {
        return Err(Rejection::OverCapacity);
    }
    let place = superseded.as_ref().map_or(draft.position, |claim| claim.place);
    let met = meet(draft, row, &receivable, place);
    let wanted = own_rest.saturating_add(met.own_elsewhere).saturating_add(item.claimed_minor);
    let capacity = met.capacity.max(open);
    let conflict = !met.others.is_empty() && wanted.saturating_add(met.claimed) > capacity;
    let blocked = !met.others.is_empty() && wanted.saturating_add(met.claimed_before) > capacity;
    let refused = blocked && bordereau.on_conflict == OnConflict::Refuse;
    if refused {
        tell_others(draft, &met, AlertCode::SecondClaimRefused, None);
        note(draft, number, &met, Effect::Refused);
        draft.push(Change::Mention(row));
        return Ok(None);
    }
    let id = ClaimId::new(draft.state.claims.saturating_add(draft.new_claims));
    draft.new_claims = draft.new_claims.saturating_add(1);
    if let Some(superseded) = &superseded {
        draft.push(Change::Close(row, superseded.id, ClaimStanding::Superseded));
    }
    let since = superseded.as_ref().map_or(draft.now, |claim| claim.since);
    draft.push(Change::Claim(
        row,
        Box::new(Claim {
            id,
            financing,
            holder: mine,
            previous_holders: Vec::new(),
            kind: bordereau.kind,
            amount_minor: item.claimed_minor,
            place,
            since,
            standing: ClaimStanding::Active,
        }),
    ));
    if conflict {
        let case = join_or_open_case(draft, row, id, replaced, &met)?;
        note(draft, number, &met, Effect::Conflict(case));
    } else if !met.others.is_empty() {
        note(draft, number, &met, Effect::Fits);
    }
    draft.push(Change::Mention(row));
    draft.concern(draft.state.participant_of_party(receivable.seller));
    if bordereau.kind == ClaimKind::Disclosed {
        draft.concern(draft.state.participant_of_party(receivable.buyer));
    }
    Ok(Some(row))
}

/// An earlier or later claim of somebody else on the same receivable.
struct Other {
    row: u32,
    claim: Claim,
    relation: Relation,
    keys: KeySet,
    differs: FieldSet,
}

/// What a new claim meets on its invoice and on those that are the same receivable.
struct Met {
    /// The claims of others that stand, the earliest place first.
    others: Vec<Other>,
    /// What they claim together.
    claimed: Minor,
    /// What those before the new claim's place claim together.
    claimed_before: Minor,
    /// What the author claims on related invoices.
    own_elsewhere: Minor,
    /// The largest open amount of the related invoices: they are one receivable, so it is there once.
    capacity: Minor,
    /// The conflicts that these invoices are in, oldest first.
    cases: BTreeSet<CaseId>,
    /// How many claims of others have an earlier place.
    before: usize,
}

fn meet(draft: &Draft<'_>, row: u32, receivable: &Receivable, place: u64) -> Met {
    let mine = draft.author.row;
    let mut met = Met {
        others: Vec::new(),
        claimed: 0,
        claimed_before: 0,
        own_elsewhere: 0,
        capacity: 0,
        cases: receivable.cases.iter().copied().collect(),
        before: 0,
    };
    let mut identical = KeySet::default();
    identical.insert(KeyKind::Content);
    for claim in receivable.active_claims(draft.now).filter(|claim| claim.holder != mine) {
        let (relation, keys, differs) = (Relation::Identical, identical, FieldSet::default());
        met.others.push(Other { row, claim: claim.clone(), relation, keys, differs });
    }
    for related in draft.state.related(receivable) {
        let other = &related.receivable;
        if other.core.currency != receivable.core.currency {
            continue;
        }
        met.capacity = met.capacity.max(other.open_minor());
        met.cases.extend(&other.cases);
        for claim in other.active_claims(draft.now) {
            if claim.holder == mine {
                met.own_elsewhere = met.own_elsewhere.saturating_add(claim.amount_minor);
            } else {
                let (relation, keys, differs) = (related.relation, related.keys, related.differs);
                met.others.push(Other {
                    row: related.row,
                    claim: claim.clone(),
                    relation,
                    keys,
                    differs,
                });
            }
        }
    }
    met.others.sort_by_key(|other| (other.claim.place, other.claim.id));
    met.claimed = sum(met.others.iter().map(|other| &other.claim));
    let before = met.others.iter().take_while(|other| other.claim.place < place);
    met.before = before.clone().count();
    met.claimed_before = sum(before.map(|other| &other.claim));
    met
}

/// Writes into the outcome what the new claim met: the strongest relation, the earliest place.
fn note(draft: &mut Draft<'_>, item: u16, met: &Met, effect: Effect) {
    let Some(strongest) = met.others.iter().min_by_key(|other| (other.relation, other.claim.place))
    else {
        return;
    };
    let rank = u16::try_from(met.before.saturating_add(1)).unwrap_or(u16::MAX);
    draft.outcome.findings.push(Finding {
        item,
        relation: strongest.relation,
        keys: strongest.keys,
        differs: strongest.differs,
        rank,
        since: u64::try_from(strongest.claim.since.millis()).unwrap_or(0) / 1_000,
        effect,
    });
}

fn tell_others(draft: &mut Draft<'_>, met: &Met, code: AlertCode, case: Option<CaseId>) {
    let mut told = BTreeSet::new();
    for other in &met.others {
        if told.insert(other.claim.holder) {
            draft.alert(other.claim.holder, code, other.row, case);
            draft.concern(Some(other.claim.holder));
        }
    }
}

/// A claim that does not fit joins the open conflict of its receivable, or opens one.
fn join_or_open_case(
    draft: &mut Draft<'_>,
    row: u32,
    claim: ClaimId,
    replaced: Option<ClaimId>,
    met: &Met,
) -> Result<CaseId, Rejection> {
    let open = met.cases.iter().copied().find(|case| {
        let row = u32::try_from(case.number()).ok();
        row.and_then(|row| draft.state.case(row)).is_some_and(|case| {
            let involves_other =
                met.others.iter().any(|other| case.claims.contains(&(other.row, other.claim.id)));
            case.cleared_at.is_none() && involves_other
        })
    });
    if let Some(case) = open {
        draft.push(Change::JoinCase(case, row, claim));
        // Whoever is in the case already knows of it, unless this claim is new to it.
        if replaced.is_none() {
            tell_others(draft, met, AlertCode::SecondClaim, Some(case));
        }
        return Ok(case);
    }
    let number = draft.state.cases_len().checked_add(draft.new_cases).ok_or(Rejection::LogFull)?;
    draft.new_cases = draft.new_cases.saturating_add(1);
    let id = CaseId::new(u64::from(number));
    let earlier = met.others.iter().map(|other| (other.row, other.claim.id));
    let (opened_by, opened_at) = (draft.position, draft.now);
    let claims = earlier.chain([(row, claim)]).collect();
    draft.push(Change::OpenCase(Box::new(Case {
        id,
        opened_by,
        opened_at,
        claims,
        cleared_at: None,
    })));
    tell_others(draft, met, AlertCode::SecondClaim, Some(id));
    Ok(id)
}

pub(super) fn release(draft: &mut Draft<'_>, data: &FinancingReleased) -> Result<(), Rejection> {
    let (row, financing) = own_financing(draft, &data.financing)?;
    end(draft, row, &financing, &data.invoices, ClaimStanding::Released)
}

pub(super) fn give_back(draft: &mut Draft<'_>, data: &FinancingReturned) -> Result<(), Rejection> {
    let (row, financing) = recorded_financing(draft, &data.financing)?;
    end(draft, row, &financing, &data.invoices, ClaimStanding::Returned)
}

pub(super) fn settle(draft: &mut Draft<'_>, data: &FinancingSettled) -> Result<(), Rejection> {
    let (row, financing) = recorded_financing(draft, &data.financing)?;
    if data.currency != financing.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    if data.invoices.iter().any(|item| !(0..=MINOR_MAX).contains(&item.received_minor)) {
        return Err(Rejection::AmountInvalid);
    }
    let ids: Vec<InvoiceId> = data.invoices.iter().map(|item| item.id).collect();
    if ids.is_empty() {
        return Err(Rejection::ListMalformed);
    }
    for item in &data.invoices {
        if let Some((receivable, _)) = draft.state.receivable_by_id(&item.id) {
            draft.push(Change::Settle(receivable, item.received_minor));
        }
    }
    end(draft, row, &financing, &ids, ClaimStanding::Settled)
}

/// Ends the author's claims of a financing on the named invoices, or on all on which one stands.
fn end(
    draft: &mut Draft<'_>,
    financing_row: u32,
    financing: &Financing,
    named: &[InvoiceId],
    standing: ClaimStanding,
) -> Result<(), Rejection> {
    let ending = standing_claims(draft, financing_row, financing, named)?;
    let ended: BTreeSet<ClaimId> = ending.iter().map(|(_, _, claim)| claim.id).collect();
    for (row, receivable, claim) in ending {
        draft.push(Change::Close(row, claim.id, standing));
        draft.push(Change::Mention(row));
        draft.concern(draft.state.participant_of_party(receivable.seller));
        if claim.kind == ClaimKind::Disclosed {
            draft.concern(draft.state.participant_of_party(receivable.buyer));
        }
        clear_cases(draft, row, &receivable, &ended, None);
    }
    draft.subject = Subject::Financing(financing_row);
    Ok(())
}

pub(super) fn transfer(
    draft: &mut Draft<'_>,
    data: &FinancingTransferred,
) -> Result<(), Rejection> {
    let (financing_row, financing) = recorded_financing(draft, &data.financing)?;
    let to = draft.state.participant_by_id(&data.to).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft.state.participant(to).is_some_and(|participant| {
        participant.standing == Standing::Active && participant.has(Role::Financier)
    });
    if !fits || to == draft.author.row {
        return Err(Rejection::TransfereeUnfit);
    }
    for (row, receivable, claim) in
        standing_claims(draft, financing_row, &financing, &data.invoices)?
    {
        draft.push(Change::Transfer(row, claim.id, to));
        draft.push(Change::Mention(row));
        draft.concern(draft.state.participant_of_party(receivable.seller));
        if claim.kind == ClaimKind::Disclosed {
            draft.concern(draft.state.participant_of_party(receivable.buyer));
        }
        draft.alert(to, AlertCode::Transferred, row, None);
        clear_cases(draft, row, &receivable, &BTreeSet::new(), Some((claim.id, to)));
    }
    draft.concern(Some(to));
    draft.subject = Subject::Financing(financing_row);
    Ok(())
}

/// Clears the conflicts of an invoice in which what still stands fits, or is one financier's alone.
fn clear_cases(
    draft: &mut Draft<'_>,
    row: u32,
    receivable: &Receivable,
    ended: &BTreeSet<ClaimId>,
    transferred: Option<(ClaimId, u32)>,
) {
    for id in &receivable.cases {
        let Some(case) = u32::try_from(id.number()).ok().and_then(|row| draft.state.case(row))
        else {
            continue;
        };
        if case.cleared_at.is_some() {
            continue;
        }
        let mut holders = BTreeSet::new();
        let mut claimed: Minor = 0;
        let mut capacity = receivable.open_minor();
        for (row, claim) in &case.claims {
            let Some(on) = draft.state.receivable(*row) else { continue };
            capacity = capacity.max(on.open_minor());
            let standing = on.active_claims(draft.now).find(|standing| standing.id == *claim);
            let Some(standing) = standing.filter(|standing| !ended.contains(&standing.id)) else {
                continue;
            };
            let holder = transferred
                .filter(|(id, _)| *id == standing.id)
                .map_or(standing.holder, |(_, to)| to);
            holders.insert(holder);
            claimed = claimed.saturating_add(standing.amount_minor);
        }
        if holders.len() < 2 || claimed <= capacity {
            let at = draft.now;
            draft.push(Change::ClearCase(*id, at));
            for holder in holders {
                if holder != draft.author.row {
                    draft.alert(holder, AlertCode::ConflictCleared, row, Some(*id));
                    draft.concern(Some(holder));
                }
            }
        }
    }
}

type StandingClaim = (u32, Row<Receivable>, Claim);

/// The author's standing claims of a financing: on each of the named invoices, or else on all of them.
fn standing_claims(
    draft: &Draft<'_>,
    financing_row: u32,
    financing: &Financing,
    named: &[InvoiceId],
) -> Result<Vec<StandingClaim>, Rejection> {
    if named.len() > BORDEREAU_MAX || has_repeats(named) {
        return Err(Rejection::ListMalformed);
    }
    let mine = draft.author.row;
    let mut claims = Vec::new();
    for row in &financing.receivables {
        let Some(receivable) = draft.state.receivable(*row) else { continue };
        if !named.is_empty() && !named.contains(&receivable.id) {
            continue;
        }
        let of_it = |claim: &&Claim| claim.financing == financing_row && claim.holder == mine;
        let claim = receivable.active_claims(draft.now).find(of_it).cloned();
        if let Some(claim) = claim {
            claims.push((*row, receivable, claim));
        }
    }
    if claims.is_empty() || (!named.is_empty() && claims.len() != named.len()) {
        return Err(Rejection::FinancingUnknown);
    }
    Ok(claims)
}

/// A financing or reservation on which the author has a say; standing claims are looked for later.
fn own_financing(
    draft: &Draft<'_>,
    statement: &StatementId,
) -> Result<(u32, Row<Financing>), Rejection> {
    let Some(Subject::Financing(row)) = draft.state.subject_of(statement) else {
        return Err(Rejection::FinancingUnknown);
    };
    let financing =
        draft.state.financing(row).filter(|financing| financing.statement == *statement);
    Ok((row, financing.ok_or(Rejection::FinancingUnknown)?))
}

fn recorded_financing(
    draft: &Draft<'_>,
    statement: &StatementId,
) -> Result<(u32, Row<Financing>), Rejection> {
    let (row, financing) = own_financing(draft, statement)?;
    if financing.terms.is_none() { Err(Rejection::FinancingUnknown) } else { Ok((row, financing)) }
}

/// A reservation of the author that stands on at least one invoice.
fn standing_reservation(
    draft: &Draft<'_>,
    statement: &StatementId,
) -> Result<(u32, Row<Financing>), Rejection> {
    let (row, financing) =
        own_financing(draft, statement).map_err(|_| Rejection::ReservationUnknown)?;
    let stands = financing.terms.is_none()
        && financing.holder == draft.author.row
        && own_claims(draft, &financing)
            .any(|(_, claim)| claim.financing == row && claim.is_active(draft.now));
    if stands { Ok((row, financing)) } else { Err(Rejection::ReservationUnknown) }
}

/// The claims of the author on the invoices of a financing, standing or not.
fn own_claims<'a>(
    draft: &'a Draft<'_>,
    financing: &'a Financing,
) -> impl Iterator<Item = (u32, Claim)> + 'a {
    let mine = draft.author.row;
    financing.receivables.iter().flat_map(move |row| {
        let claims = draft.state.receivable(*row).map(|receivable| receivable.claims.clone());
        claims
            .into_iter()
            .flatten()
            .filter(move |claim| claim.holder == mine)
            .map(|claim| (*row, claim))
    })
}

fn sum<'a>(claims: impl Iterator<Item = &'a Claim>) -> Minor {
    claims.fold(0, |sum: Minor, claim| sum.saturating_add(claim.amount_minor))
}
