//! Rules on reported statuses.

use crate::domain::alert::AlertCode;
use crate::domain::axes::{self, Axis, Step};
use crate::domain::change::Change;
use crate::domain::decide::conflicts::look_at_open;
use crate::domain::decide::{Draft, LIST_MAX, Side, check_amount};
use crate::domain::receivable::{End, Reading, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::domain::watch;
use crate::statement::{SourceKind, Status, StatusReported};

pub(super) fn report(draft: &mut Draft<'_>, data: &StatusReported) -> Result<(), Rejection> {
    check_content(data)?;
    // Not later than the author's own clock, which may be a little ahead of ours.
    if data.effective_at > draft.now.max(draft.said_at) {
        return Err(Rejection::EffectiveInFuture);
    }
    let (row, receivable, side) = draft.own_receivable(&data.invoice)?;
    let source_fits = match side {
        Side::Seller => data.source.kind == SourceKind::Seller,
        Side::Buyer => data.source.kind != SourceKind::Seller,
    };
    if !source_fits {
        return Err(Rejection::SourceNotYours);
    }
    if data.currency.is_some_and(|currency| currency != receivable.core.currency) {
        return Err(Rejection::CurrencyMismatch);
    }
    let mut after = receivable.clone();
    let axis = axes::axis(data.status);
    let step = if draft.state.rules() < 3 { axes::step } else { axes::word };
    let code = match step(&receivable, data)? {
        Step::Word { repeated } => {
            let reading = reading(draft, &receivable, data);
            after.hear(axis, reading.clone());
            let is_present = after.present(axis) == Some(&reading);
            if axis == Axis::Payment {
                after.paid_minor = axes::paid_by_word(&receivable, &after, data, is_present);
            }
            let (paid_minor, reading) = (after.paid_minor, Box::new(reading));
            draft.push(Change::Hear { receivable: row, axis, reading, paid_minor });
            reject(draft, row, &mut after, data.status);
            if after.is_contradicted(axis) && !receivable.is_contradicted(axis) {
                draft.alert_holders(row, &receivable, AlertCode::StatusContradicted);
            }
            heard(&receivable, &after, data, is_present).filter(|_| !repeated)
        }
        Step::Present { paid_minor, approval_withdrawn, repeated } => {
            let reading = Box::new(reading(draft, &receivable, data));
            draft.push(Change::Read { receivable: row, axis, reading, paid_minor });
            after.paid_minor = paid_minor;
            reject(draft, row, &mut after, data.status);
            watch::of_status(&receivable, data, approval_withdrawn).filter(|_| !repeated)
        }
        Step::History { paid_minor: Some(paid), .. } => {
            draft.push(Change::Paid(row, paid));
            after.paid_minor = paid;
            Some(AlertCode::Paid)
        }
        // The seller's word changes nothing on the debtor's axes, but a holder wants to hear it.
        Step::History { outranked: true, .. } => watch::of_status(&receivable, data, false),
        Step::History { .. } => None,
    };
    if let Some(code) = code {
        draft.alert_holders(row, &receivable, code);
    }
    look_at_open(draft, row, &receivable, &after);
    draft.push(Change::Mention(row));
    concern(draft, &receivable, data.status);
    draft.subject = Subject::Receivable(row);
    Ok(())
}

/// A technical rejection ends the document, whoever else received it.
fn reject(draft: &mut Draft<'_>, row: u32, after: &mut Receivable, status: Status) {
    if status == Status::RejectedTechnical && after.end.is_none() {
        after.end = Some(End::Rejected);
        draft.push(Change::End(row, End::Rejected));
    }
}

/// What a source's word is to a holder: the present reading and what a lesser source says against it are news, an
/// older word is not, but money that nobody knew of is.
fn heard(
    before: &Receivable,
    after: &Receivable,
    data: &StatusReported,
    is_present: bool,
) -> Option<AlertCode> {
    let axis = axes::axis(data.status);
    let was = before.present(axis);
    let approved =
        was.is_some_and(|was| matches!(was.status, Status::Approved | Status::ApprovedPart));
    if !is_present && was.is_some_and(|was| data.effective_at < was.effective_at) {
        return (after.paid_minor > before.paid_minor).then_some(AlertCode::Paid);
    }
    watch::of_status(before, data, approved && is_present)
}

fn check_content(data: &StatusReported) -> Result<(), Rejection> {
    if data.reasons.len() > LIST_MAX {
        return Err(Rejection::ListMalformed);
    }
    if let Some(amount) = data.amount_minor {
        check_amount(amount)?;
    }
    let amount_missing = axes::needs_amount(data.status) && data.amount_minor.is_none();
    let currency_missing = data.amount_minor.is_some() != data.currency.is_some();
    let date_missing = axes::needs_date(data.status) && data.date.is_none();
    if amount_missing || currency_missing || date_missing {
        return Err(Rejection::StatusIncomplete);
    }
    Ok(())
}

/// An answered question returns to the state before it; everything else is what it says.
fn reading(draft: &Draft<'_>, receivable: &Receivable, data: &StatusReported) -> Reading {
    let said = Reading {
        status: data.status,
        effective_at: data.effective_at,
        recorded_at: draft.now,
        source: data.source.kind,
        certainty: axes::certainty(data.status, data.source.kind),
        amount_minor: data.amount_minor,
        date: data.date,
    };
    if data.status != Status::Answered {
        return said;
    }
    // Never above what the buyer said before: the earlier reading, dated by the answer.
    let before = receivable.before_query.clone();
    before.map_or(said, |before| Reading {
        effective_at: data.effective_at,
        recorded_at: draft.now,
        ..before
    })
}

/// A status is news for both parties and for whoever holds a mandate; a silent assignment never reaches the
/// debtor's side, and is nobody's business who sees statuses by the debtor's mandate.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other status is silent")]
fn concern(draft: &mut Draft<'_>, receivable: &Receivable, status: Status) {
    let told = |reading: &Reading| reading.status != Status::AssignedConfidential;
    let is_silent = match status {
        Status::AssignedConfidential => true,
        // The end of a silent assignment would tell of it.
        Status::Released => !receivable.encumbrance.as_ref().is_some_and(told),
        _ => false,
    };
    draft.concern(draft.state.participant_of_party(receivable.seller));
    if is_silent {
        return;
    }
    draft.concern(draft.state.participant_of_party(receivable.buyer));
    if axes::axis(status) != Axis::Encumbrance {
        for holder in draft.state.mandate_holders(receivable, draft.now) {
            draft.concern(Some(holder));
        }
    }
}
