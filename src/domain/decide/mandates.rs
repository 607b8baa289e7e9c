//! Rules on mandates.

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::{Draft, has_repeats};
use crate::domain::mandate::{Coverage, Mandate, MandateStanding};
use crate::domain::pages::Row;
use crate::domain::participant::Standing;
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::statement::{
    BORDEREAU_MAX, Detail, MandateAmended, MandateGranted, MandateRequested, Role, Scope,
};
use crate::types::StatementId;

/// After how many days silence may count.
const TACIT_DAYS: core::ops::RangeInclusive<u16> = 1..=365;

pub(super) fn request(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &MandateRequested,
) -> Result<(), Rejection> {
    check_scope(&data.scope)?;
    if data.until <= draft.now {
        return Err(Rejection::TermInvalid);
    }
    let debtor =
        draft.state.participant_by_id(&data.debtor).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft.state.participant(debtor).is_some_and(|debtor| debtor.has(Role::Debtor));
    if !fits || debtor == draft.author.row {
        return Err(Rejection::MandateParty);
    }
    let row = draft.state.mandates_len();
    draft.push(Change::Mandate(Box::new(Mandate {
        statement,
        recorded_at: draft.now,
        debtor,
        holder: draft.author.row,
        scope: data.scope.clone().into(),
        show: Vec::new(),
        from: draft.now,
        until: data.until,
        tacit: None,
        standing: MandateStanding::Requested,
    })));
    draft.subject = Subject::Mandate(row);
    draft.concern(Some(debtor));
    Ok(())
}

pub(super) fn grant(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &MandateGranted,
) -> Result<(), Rejection> {
    check_scope(&data.scope)?;
    check_show(&data.show)?;
    if let Some(tacit) = &data.tacit {
        if draft.state.rules() < 3 {
            return Err(Rejection::RulesTooOld);
        }
        if !TACIT_DAYS.contains(&tacit.days) {
            return Err(Rejection::TacitTerm);
        }
    }
    let from = data.from.unwrap_or(draft.now);
    if data.until <= draft.now || data.until <= from {
        return Err(Rejection::TermInvalid);
    }
    let holder = draft.state.participant_by_id(&data.to).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft.state.participant(holder).is_some_and(|holder| {
        holder.standing == Standing::Active
            && (holder.has(Role::Financier) || holder.has(Role::Supplier))
    });
    if !fits || holder == draft.author.row {
        return Err(Rejection::MandateParty);
    }
    if let Some(request) = &data.request {
        let (row, asked) = mandate(draft, request)?;
        if asked.standing != MandateStanding::Requested || asked.holder != holder {
            return Err(Rejection::MandateUnknown);
        }
        draft.push(Change::Answer(row));
    }
    let row = draft.state.mandates_len();
    draft.push(Change::Mandate(Box::new(Mandate {
        statement,
        recorded_at: draft.now,
        debtor: draft.author.row,
        holder,
        scope: data.scope.clone().into(),
        show: data.show.clone(),
        from,
        until: data.until,
        tacit: data.tacit.clone(),
        standing: MandateStanding::Granted,
    })));
    draft.subject = Subject::Mandate(row);
    draft.concern(Some(holder));
    Ok(())
}

pub(super) fn decline(draft: &mut Draft<'_>, id: StatementId) -> Result<(), Rejection> {
    let (row, asked) = mandate(draft, &id)?;
    if asked.standing != MandateStanding::Requested || asked.until <= draft.now {
        return Err(Rejection::MandateUnknown);
    }
    draft.push(Change::Decline(row, draft.now));
    draft.tell_of_mandate(row, asked.holder, AlertCode::MandateDeclined);
    draft.subject = Subject::Mandate(row);
    draft.concern(Some(asked.holder));
    Ok(())
}

pub(super) fn amend(draft: &mut Draft<'_>, data: &MandateAmended) -> Result<(), Rejection> {
    check_scope(&data.scope)?;
    check_show(&data.show)?;
    if data.until <= draft.now {
        return Err(Rejection::TermInvalid);
    }
    let (row, granted) = mandate(draft, &data.mandate)?;
    if granted.standing != MandateStanding::Granted || granted.until <= draft.now {
        return Err(Rejection::MandateUnknown);
    }
    if data.until <= granted.from {
        return Err(Rejection::TermInvalid);
    }
    let scope: Coverage = data.scope.clone().into();
    let (show, until) = (data.show.clone(), data.until);
    // Who is added now was not told that silence would count when the debtor got his invoice.
    if granted.tacit.is_some() && !scope.lies_within(&granted.scope) {
        return Err(Rejection::TacitWidened);
    }
    let narrower = scope != granted.scope && scope != Coverage::All;
    let shows_less = granted.show.iter().any(|detail| !show.contains(detail));
    if narrower || shows_less || until < granted.until {
        draft.alert_mandate(row, AlertCode::MandateReduced);
    }
    draft.push(Change::Amend { mandate: row, scope, show, until });
    draft.subject = Subject::Mandate(row);
    draft.concern(Some(granted.holder));
    Ok(())
}

pub(super) fn revoke(draft: &mut Draft<'_>, id: StatementId) -> Result<(), Rejection> {
    let (row, granted) = mandate(draft, &id)?;
    if granted.standing != MandateStanding::Granted {
        return Err(Rejection::MandateUnknown);
    }
    draft.push(Change::Revoke(row, draft.now));
    if draft.now < granted.until {
        draft.alert_mandate(row, AlertCode::MandateRevoked);
    }
    draft.subject = Subject::Mandate(row);
    draft.concern(Some(granted.holder));
    Ok(())
}

/// A mandate of which the author is the debtor.
fn mandate(draft: &Draft<'_>, id: &StatementId) -> Result<(u32, Row<Mandate>), Rejection> {
    let Some(Subject::Mandate(row)) = draft.state.subject_of(id) else {
        return Err(Rejection::MandateUnknown);
    };
    let mandate = draft.state.mandate(row).filter(|mandate| mandate.debtor == draft.author.row);
    // An amendment has the mandate as its subject too, but is not its name.
    let mandate =
        mandate.filter(|mandate| mandate.statement == *id).ok_or(Rejection::MandateUnknown)?;
    Ok((row, mandate))
}

fn check_scope(scope: &Scope) -> Result<(), Rejection> {
    let fits = match scope {
        Scope::All {} => true,
        Scope::Suppliers { suppliers } => !has_repeats(suppliers),
        Scope::Invoices { invoices } => !has_repeats(invoices),
    };
    if fits && !scope.is_empty() && scope.len() <= BORDEREAU_MAX {
        Ok(())
    } else {
        Err(Rejection::ListMalformed)
    }
}

fn check_show(show: &[Detail]) -> Result<(), Rejection> {
    if show.is_empty() || has_repeats(show) { Err(Rejection::ShowMalformed) } else { Ok(()) }
}
