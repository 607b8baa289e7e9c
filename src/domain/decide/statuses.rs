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
    let code = match axes::step(&receivable, data)? {
        Step::Present { paid_minor, approval_withdrawn, repeated } => {
            let axis = axes::axis(data.status);
            let reading = Box::new(reading(draft, &receivable, data));
            draft.push(Change::Read { receivable: row, axis, reading, paid_minor });
            after.paid_minor = paid_minor;
            if data.status == Status::RejectedTechnical && receivable.end.is_none() {
                after.end = Some(End::Rejected);
                draft.push(Change::End(row, End::Rejected));
            }
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
