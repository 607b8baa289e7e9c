//! Rules on guarantees: what a debtor undertakes to pay without set-off.

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::{Draft, Side, check_amount};
use crate::domain::receivable::Guarantee;
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::statement::InvoiceGuaranteed;
use crate::types::StatementId;

pub(super) fn guarantee(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &InvoiceGuaranteed,
) -> Result<(), Rejection> {
    check_amount(data.amount_minor)?;
    if data.date < draft.now.date() {
        return Err(Rejection::GuaranteeDate);
    }
    let (row, receivable, side) = draft.own_receivable(&data.invoice)?;
    if side != Side::Buyer {
        return Err(Rejection::InvoiceUnknown);
    }
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    if data.currency != receivable.core.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    // What a financier received does not count: a debtor would learn from it that there is a silent claim.
    if data.amount_minor > receivable.payable_minor() {
        return Err(Rejection::GuaranteeExceeds);
    }
    if let Some(known) = receivable.guarantee() {
        let no_weaker = data.amount_minor >= known.amount_minor && data.date <= known.date;
        let same = (data.amount_minor, data.date) == (known.amount_minor, known.date);
        if !no_weaker || same {
            return Err(Rejection::GuaranteeWeaker);
        }
    }
    let guarantee = Guarantee {
        statement,
        recorded_at: draft.now,
        amount_minor: data.amount_minor,
        date: data.date,
    };
    draft.push(Change::Guarantee(row, Box::new(guarantee)));
    draft.alert_holders(row, &receivable, AlertCode::Guaranteed);
    draft.push(Change::Mention(row));
    draft.concern_parties(&receivable);
    for holder in draft.state.mandate_holders(&receivable, draft.now) {
        draft.concern(Some(holder));
    }
    draft.subject = Subject::Receivable(row);
    Ok(())
}
