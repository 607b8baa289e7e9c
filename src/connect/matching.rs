//! Which registered invoice an entry of a debtor's books is.

use crate::connect::connector::Entry;
use crate::domain::{Receivable, Row, State};
use crate::types::{Currency, InvoiceId, Minor};

/// An invoice that an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) invoice: InvoiceId,
    pub(super) currency: Currency,
    /// What the registry takes to be paid.
    pub(super) paid_minor: Minor,
}

/// The invoice that an entry is: of one of the supplier's ids, with the same number as numbers are compared, and owed by
/// this debtor. Where several are, its date, total and currency tell them apart; where those do not, it is none: a
/// status on the wrong invoice is worse than none.
pub(super) fn find(state: &State, debtor: u32, entry: &Entry) -> Option<Match> {
    let number = entry.number.parse().ok()?;
    let rows = entry.suppliers.iter().flat_map(|seller| state.numbered(seller, &number));
    let mut rows: Vec<u32> = rows.collect();
    rows.sort_unstable();
    rows.dedup();
    let found = rows.into_iter().filter_map(|row| state.receivable(row));
    // Many a numbering begins anew each year.
    let same_year = |it: &Row<Receivable>| {
        entry.issued.is_none_or(|day| day.year() == it.core.issue_date.year())
    };
    let owed = found.filter(|it| state.participant_of_party(it.buyer) == Some(debtor));
    let owed: Vec<Row<Receivable>> = owed.filter(same_year).collect();
    let one = match owed.as_slice() {
        [] => return None,
        [one] => one,
        several => only(several, entry)?,
    };
    Some(Match { invoice: one.id, currency: one.core.currency, paid_minor: one.paid_minor })
}

/// The one of several that nothing known of the entry speaks against; of those that an entry fits alike, the one that
/// has not ended.
fn only<'a>(several: &'a [Row<Receivable>], entry: &Entry) -> Option<&'a Row<Receivable>> {
    let fits = |it: &&Row<Receivable>| {
        let core = &it.core;
        entry.issued.is_none_or(|day| day == core.issue_date)
            && entry.total.is_none_or(|(total, currency)| {
                currency == core.currency && (total == core.gross_minor || total == it.due_minor)
            })
    };
    let one = |found: Vec<&'a Row<Receivable>>| match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let fitting: Vec<_> = several.iter().filter(fits).collect();
    one(fitting.clone())
        .or_else(|| one(fitting.into_iter().filter(|it| it.end.is_none()).collect()))
}
