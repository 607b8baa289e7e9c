//! Rules on blanket pledges, and on what pledgees and holders of claims agree to.

use crate::domain::alert::AlertCode;
use crate::domain::blanket::{Blanket, Consent, Granted};
use crate::domain::change::Change;
use crate::domain::decide::conflicts::{
    Pledge, clear_cases, clear_cases_of_blanket, dispute_pledges, rank, seconds, tell_pledgees,
};
use crate::domain::decide::endings::{Kind, Rights};
use crate::domain::decide::{Draft, check_amount, check_bordereau, has_repeats};
use crate::domain::outcome::{Effect, Finding, Relation, Verdict};
use crate::domain::pages::Row;
use crate::domain::participant::Standing;
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::invoice::{FieldSet, KeyKind, KeySet};
use crate::statement::{
    BORDEREAU_MAX, BlanketRecorded, BlanketWaived, CofinancingConsented, OnConflict, Role,
};
use crate::types::{PartyId, StatementId, Timestamp};

/// Most standing blanket pledges of one financier over one seller.
const PLEDGES_MAX: usize = 64;
/// Most waivers of one blanket pledge that name no invoices.
const WAIVERS_MAX: usize = 1_000;
/// How many of a seller's invoices, the newest first, are looked at for claims before a new blanket pledge.
const LOOKS_MAX: usize = 10_000;

/// A row that is filled in when the change is applied, because the party id may be new.
const TO_BE_ADDED: u32 = u32::MAX;

pub(super) fn record(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &BlanketRecorded,
) -> Result<(), Rejection> {
    draft.check_digits(&data.seller)?;
    data.debtor.iter().try_for_each(|debtor| draft.check_digits(debtor))?;
    if data.issued_from.zip(data.issued_until).is_some_and(|(from, until)| until < from) {
        return Err(Rejection::IssueRange);
    }
    let same = |debtor: &PartyId| draft.state.same_entity(debtor, &data.seller);
    let seller = draft.state.participant_by_id(&data.seller);
    if seller == Some(draft.author.row) || data.debtor.as_ref().is_some_and(same) {
        return Err(Rejection::BlanketParty);
    }
    let row_of = |id: &PartyId| draft.state.party_row(id).unwrap_or(TO_BE_ADDED);
    let new = Blanket {
        statement,
        position: draft.position,
        recorded_at: draft.now,
        holder: draft.author.row,
        seller: data.seller.clone(),
        seller_row: row_of(&data.seller),
        debtor: data.debtor.clone(),
        debtor_row: data.debtor.as_ref().map(row_of),
        kind: data.kind,
        disclosure: data.disclosure,
        issued_from: data.issued_from,
        issued_until: data.issued_until,
        deed: data.deed,
        deed_date: data.deed_date,
        released: None,
    };
    check_own(draft, &new)?;
    let before: Vec<Pledge> = draft.standing.pledges_before(&new).iter().map(Pledge::of).collect();
    draft.concern(seller);
    if data.on_conflict == OnConflict::Refuse && !before.is_empty() {
        tell_pledgees(draft, &before, None, AlertCode::SecondClaimRefused, None);
        note(draft, &before, None, Effect::Refused);
        draft.outcome.verdict = Verdict::Refused;
        return Ok(());
    }
    let row = draft.state.blankets_len();
    let encumbered = encumbered_since(draft, &new);
    draft.push(Change::Blanket(Box::new(new)));
    draft.subject = Subject::Blanket(row);
    if before.is_empty() {
        note(draft, &before, encumbered, Effect::Fits);
    } else {
        let case = dispute_pledges(draft, &before, row);
        tell_pledgees(draft, &before, None, AlertCode::SecondClaim, Some(case));
        note(draft, &before, encumbered, Effect::Conflict(case));
    }
    Ok(())
}

/// Checks a blanket pledge against those that the author has over the same seller.
fn check_own(draft: &Draft<'_>, new: &Blanket) -> Result<(), Rejection> {
    let over = draft.state.blankets_of_entity(new.seller_row).iter();
    let own = over
        .filter_map(|row| draft.state.blanket(*row))
        .filter(|blanket| blanket.holder == new.holder && blanket.released.is_none());
    let own: Vec<Row<Blanket>> = own.collect();
    let debtors = |other: &Blanket| match (&other.debtor, &new.debtor) {
        (None, None) => true,
        (Some(one), Some(other)) => draft.state.same_entity(one, other),
        (_, _) => false,
    };
    let days = |it: &Blanket| (it.issued_from, it.issued_until);
    if own.iter().any(|other| debtors(other) && days(other) == days(new)) {
        return Err(Rejection::BlanketRepeated);
    }
    if own.len() >= PLEDGES_MAX { Err(Rejection::BlanketLimit) } else { Ok(()) }
}

/// Since when somebody else's claim stands on an invoice that a blanket pledge covers: that of the newest such invoice.
fn encumbered_since(draft: &Draft<'_>, new: &Blanket) -> Option<Timestamp> {
    let trades = draft.state.trades_of_entity(new.seller_row).iter().rev().take(LOOKS_MAX);
    let covered = trades.filter_map(|row| draft.state.receivable(*row));
    covered.filter(|receivable| draft.state.pledged(new, receivable)).find_map(|receivable| {
        let mut claims = receivable.active_claims(draft.now);
        claims.find(|claim| claim.holder != new.holder).map(|claim| claim.since)
    })
}

/// Writes into the outcome what a new blanket pledge met: earlier pledges, or claims, of which it is told that there
/// are some and never how many.
fn note(draft: &mut Draft<'_>, before: &[Pledge], encumbered: Option<Timestamp>, effect: Effect) {
    let first = before.first().map(|pledge| pledge.recorded_at);
    let Some(since) = first.or(encumbered) else { return };
    let mut keys = KeySet::default();
    keys.insert(KeyKind::Blanket);
    draft.outcome.findings.push(Finding {
        item: 0,
        relation: Relation::Covered,
        keys,
        differs: FieldSet::default(),
        rank: rank(before.len().saturating_add(usize::from(encumbered.is_some()))),
        since: seconds(since),
        effect,
    });
}

pub(super) fn release(draft: &mut Draft<'_>, id: StatementId) -> Result<(), Rejection> {
    let (row, blanket) = own_blanket(draft, &id)?;
    draft.push(Change::ReleaseBlanket(row, draft.now));
    draft.standing.released = Some(row);
    clear_cases_of_blanket(draft, row);
    draft.concern(draft.state.participant_by_id(&blanket.seller));
    draft.subject = Subject::Blanket(row);
    Ok(())
}

pub(super) fn waive(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &BlanketWaived,
) -> Result<(), Rejection> {
    check_bordereau(&data.invoices)?;
    if data.debtors.len() > BORDEREAU_MAX || has_repeats(&data.debtors) {
        return Err(Rejection::ListMalformed);
    }
    let (invoices, debtors) = (!data.invoices.is_empty(), !data.debtors.is_empty());
    if (invoices && debtors) || (!invoices && !debtors && data.financier.is_none()) {
        return Err(Rejection::WaiverScope);
    }
    check_until(draft, data.until)?;
    let to = data.financier.as_ref().map(|to| beneficiary(draft, to)).transpose()?;
    let (row, blanket) = own_blanket(draft, &data.blanket)?;
    let general = draft.state.waivers_of(row).len();
    if !invoices && general >= WAIVERS_MAX {
        return Err(Rejection::BlanketLimit);
    }
    let consent = Consent {
        statement,
        position: draft.position,
        recorded_at: draft.now,
        grantor: draft.author.row,
        to,
        until: data.until,
        withdrawn: None,
        granted: Granted::Waiver {
            blanket: row,
            invoices: data.invoices.clone(),
            debtors: data.debtors.clone(),
        },
    };
    give(draft, consent);
    if invoices {
        let named = data.invoices.iter().filter_map(|id| draft.state.receivable_by_id(id));
        let rows: Vec<u32> = named.map(|(row, _)| row).collect();
        clear_cases(draft, &rows);
    } else {
        clear_cases_of_blanket(draft, row);
    }
    draft.concern(to);
    draft.concern(draft.state.participant_by_id(&blanket.seller));
    Ok(())
}

pub(super) fn consent(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &CofinancingConsented,
) -> Result<(), Rejection> {
    check_bordereau(&data.invoices)?;
    data.up_to_minor.map_or(Ok(()), check_amount)?;
    check_until(draft, data.until)?;
    let to = beneficiary(draft, &data.financier)?;
    let rights = Rights::find(draft, &data.financing, &data.invoices, Kind::Any)?;
    let currency_fits = match data.currency {
        Some(currency) => currency == rights.financing.currency,
        None => data.up_to_minor.is_none(),
    };
    if !currency_fits {
        return Err(Rejection::CurrencyMismatch);
    }
    let places = rights.claims.iter().map(|(row, _, claim)| (*row, claim.place)).collect();
    let consent = Consent {
        statement,
        position: draft.position,
        recorded_at: draft.now,
        grantor: draft.author.row,
        to: Some(to),
        until: data.until,
        withdrawn: None,
        granted: Granted::Beside { rights: places, up_to_minor: data.up_to_minor },
    };
    give(draft, consent);
    clear_cases(draft, &rights.rows());
    draft.concern(Some(to));
    Ok(())
}

pub(super) fn withdraw(draft: &mut Draft<'_>, id: StatementId) -> Result<(), Rejection> {
    let Some(Subject::Consent(row)) = draft.state.subject_of(&id) else {
        return Err(Rejection::ConsentUnknown);
    };
    // Its withdrawal has the same subject, but is not its name.
    let consent = draft.state.consent(row).filter(|consent| {
        consent.statement == id
            && consent.grantor == draft.author.row
            && consent.withdrawn.is_none()
    });
    let consent = consent.ok_or(Rejection::ConsentUnknown)?;
    draft.push(Change::Withdraw(row, draft.position, draft.now));
    draft.concern(consent.to);
    if let Granted::Waiver { blanket, .. } = &consent.granted
        && let Some(blanket) = draft.state.blanket(*blanket)
    {
        draft.concern(draft.state.participant_by_id(&blanket.seller));
    }
    draft.subject = Subject::Consent(row);
    Ok(())
}

fn give(draft: &mut Draft<'_>, consent: Consent) {
    draft.subject = Subject::Consent(draft.state.consents.len());
    draft.standing.given = Some(consent.clone());
    draft.push(Change::Consent(Box::new(consent)));
}

fn check_until(draft: &Draft<'_>, until: Option<Timestamp>) -> Result<(), Rejection> {
    if until.is_some_and(|until| until <= draft.now) { Err(Rejection::TermInvalid) } else { Ok(()) }
}

/// The financier in whose favour something is.
fn beneficiary(draft: &Draft<'_>, to: &PartyId) -> Result<u32, Rejection> {
    let row = draft.state.participant_by_id(to).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft.state.participant(row).is_some_and(|participant| {
        participant.standing == Standing::Active && participant.has(Role::Financier)
    });
    if !fits || row == draft.author.row { Err(Rejection::BeneficiaryUnfit) } else { Ok(row) }
}

/// A standing blanket pledge of the author.
fn own_blanket(draft: &Draft<'_>, id: &StatementId) -> Result<(u32, Row<Blanket>), Rejection> {
    let Some(Subject::Blanket(row)) = draft.state.subject_of(id) else {
        return Err(Rejection::BlanketUnknown);
    };
    // Its release has the same subject, but is not its name.
    let blanket = draft.state.blanket(row).filter(|blanket| {
        blanket.statement == *id && blanket.holder == draft.author.row && blanket.released.is_none()
    });
    Ok((row, blanket.ok_or(Rejection::BlanketUnknown)?))
}
