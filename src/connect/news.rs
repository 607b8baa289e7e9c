//! What is news of an entry: its standing compared with what was last said about the invoice. Functions of values.
//!
//! A package shows how things stand, and not what happened in between: a payment that came back and one that failed
//! are found here.

use serde::{Deserialize, Serialize};

use crate::connect::connector::{Entry, Payment, Stand};
use crate::statement::Status;
use crate::types::{Date, Minor, Timestamp};

/// What a connection last said about an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    /// Which entry it was said of.
    pub(super) entry: String,
    /// Whether that entry is void in the books.
    pub(super) void: bool,
    pub(super) changed_at: Timestamp,
    pub(super) document: Option<Stand>,
    pub(super) process: Option<Stand>,
    pub(super) payment: Option<Payment>,
}

/// One status to be stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct News {
    pub(super) status: Status,
    pub(super) amount_minor: Option<Minor>,
    pub(super) date: Option<Date>,
    pub(super) reasons: Vec<String>,
}

impl News {
    const fn of(status: Status) -> Self {
        Self { status, amount_minor: None, date: None, reasons: Vec::new() }
    }

    fn amount(status: Status, amount: Minor) -> Self {
        Self { amount_minor: Some(amount), ..Self::of(status) }
    }

    fn stand(stand: &Stand) -> Self {
        let Stand { status, amount_minor, reasons, .. } = stand;
        Self { amount_minor: *amount_minor, reasons: reasons.clone(), ..Self::of(*status) }
    }
}

impl Entry {
    /// Whether it is void in the books.
    pub(super) fn is_void(&self) -> bool {
        let void = |stand: &Option<Stand>| stand.as_ref().is_some_and(|stand| stand.void);
        void(&self.document) || void(&self.process)
    }
}

impl Said {
    /// Whether an entry has a say: not where another one of the same invoice stands, and this one is void or older.
    pub(super) fn yields_to(&self, entry: &Entry) -> bool {
        if self.entry == entry.key {
            return true;
        }
        match (self.void, entry.is_void()) {
            (false, true) => false,
            (true, false) => true,
            _ => self.changed_at <= entry.changed_at,
        }
    }

    /// What will have been said when the news of an entry are: what it has no word on stays as it was.
    pub(super) fn after(before: Option<Self>, entry: &Entry) -> Self {
        let (document, process, payment) = before
            .map(|before| (before.document, before.process, before.payment))
            .unwrap_or_default();
        Self {
            entry: entry.key.clone(),
            void: entry.is_void(),
            changed_at: entry.changed_at,
            document: entry.document.clone().or(document),
            process: entry.process.clone().or(process),
            payment: entry.payment.or(payment),
        }
    }
}

/// The statuses that say what is new, in the order in which they are to be stated. `paid` is what the registry takes
/// to be paid now.
pub(super) fn news(said: Option<&Said>, entry: &Entry, paid: Minor) -> Vec<News> {
    let mut news = Vec::new();
    let mut stand = |now: &Option<Stand>, before: Option<&Stand>| {
        if let Some(now) = now
            && before != Some(now)
        {
            news.push(News::stand(now));
        }
    };
    stand(&entry.document, said.and_then(|said| said.document.as_ref()));
    stand(&entry.process, said.and_then(|said| said.process.as_ref()));
    if let Some(now) = entry.payment {
        news.extend(money(said.and_then(|said| said.payment), now, paid));
    }
    news
}

/// What happened between two standings of the money.
fn money(before: Option<Payment>, now: Payment, paid: Minor) -> Vec<News> {
    let settled = |payment| matches!(payment, Some(Payment::Part(_) | Payment::Paid(_)));
    let pending =
        matches!(before, Some(Payment::Selected | Payment::Initiated | Payment::Promised(_)));
    let same = match (before, now) {
        // The day of a payment that is known already is no news.
        (Some(Payment::Paid(_)), Payment::Paid(_)) => true,
        (before, now) => before == Some(now),
    };
    if same {
        return Vec::new();
    }
    // What was said to be paid, and is no longer.
    let left = match now {
        Payment::Part(part) => part,
        Payment::Paid(_) => paid,
        Payment::Open | Payment::Selected | Payment::Initiated | Payment::Promised(_) => 0,
    };
    let back = if settled(before) { paid.saturating_sub(left) } else { 0 };
    let mut news = Vec::new();
    if back > 0 {
        news.push(News::amount(Status::PaymentReversed, back));
    }
    match now {
        Payment::Open if pending => news.push(News::of(Status::PaymentFailed)),
        Payment::Open => {}
        Payment::Selected => news.push(News::of(Status::PaymentSelected)),
        Payment::Initiated => news.push(News::of(Status::PaymentInitiated)),
        Payment::Promised(day) => {
            news.push(News { date: Some(day), ..News::of(Status::PaymentPromised) });
        }
        Payment::Part(amount) => news.push(News::amount(Status::PartPaid, amount)),
        Payment::Paid(date) => news.push(News { date, ..News::of(Status::Paid) }),
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::SourceKind;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn entry(key: &str, process: Status, payment: Payment, changed: i64) -> Entry {
        Entry {
            key: key.to_owned(),
            suppliers: Vec::new(),
            number: "1".to_owned(),
            issued: None,
            total: None,
            changed_at: at(changed),
            source: SourceKind::Ledger,
            document: None,
            process: Some(Stand::at(process)),
            payment: Some(payment),
        }
    }

    /// A status with its amount.
    type Told = (Status, Option<Minor>);

    /// The statuses with their amounts, one entry after another; what is paid follows from them.
    fn told(entries: &[Entry]) -> Vec<Told> {
        let mut said: Option<Said> = None;
        let mut paid = 0;
        let mut told = Vec::new();
        for entry in entries {
            if said.as_ref().is_some_and(|said| !said.yields_to(entry)) {
                continue;
            }
            for News { status, amount_minor, .. } in news(said.as_ref(), entry, paid) {
                if status == Status::PartPaid {
                    paid = amount_minor.unwrap();
                } else if status == Status::Paid {
                    paid = 1_000;
                } else if status == Status::PaymentReversed {
                    paid = paid.saturating_sub(amount_minor.unwrap());
                }
                told.push((status, amount_minor));
            }
            said = Some(Said::after(said, entry));
        }
        told
    }

    #[test]
    fn only_what_changed_is_news() {
        let one = entry("1", Status::Booked, Payment::Open, 1);
        let edited = Entry { changed_at: at(9), ..one.clone() };
        assert_eq!(told(&[one.clone(), one, edited]), [(Status::Booked, None)]);
    }

    #[test]
    fn what_lies_between_two_standings_of_the_money_is_told() {
        use Payment::{Initiated, Open, Paid, Part, Selected};
        let reversed = |amount| (Status::PaymentReversed, Some(amount));
        let part = |amount| (Status::PartPaid, Some(amount));
        let full = (Status::Paid, None);
        let (chosen, sent) = ((Status::PaymentSelected, None), (Status::PaymentInitiated, None));
        let failed = (Status::PaymentFailed, None);
        let cases: &[(&[Payment], &[Told])] = &[
            (&[Open, Open], &[]),
            (&[Open, Part(300), Part(300), Part(700), Paid(None)], &[part(300), part(700), full]),
            (&[Paid(None), Open], &[full, reversed(1_000)]),
            (&[Paid(None), Part(400)], &[full, reversed(600), part(400)]),
            (&[Part(700), Part(200)], &[part(700), reversed(500), part(200)]),
            (&[Part(700), Open, Paid(None)], &[part(700), reversed(700), full]),
            (&[Selected, Initiated, Open], &[chosen, sent, failed]),
            (&[Initiated, Paid(None)], &[sent, full]),
            (&[Paid(None), Selected], &[full, reversed(1_000), chosen]),
        ];
        for (payments, expected) in cases {
            let entries: Vec<Entry> =
                (1..).zip(*payments).map(|(n, it)| entry("1", Status::Booked, *it, n)).collect();
            assert_eq!(told(&entries)[1..], **expected, "{payments:?}");
        }
    }

    #[test]
    fn a_void_entry_is_silent_where_another_of_the_same_invoice_stands() {
        let mut void = entry("1", Status::Queried, Payment::Open, 5);
        void.process = Some(Stand { void: true, ..Stand::at(Status::Queried) });
        let live = entry("2", Status::Booked, Payment::Open, 3);
        assert_eq!(told(&[live.clone(), void.clone()]), [(Status::Booked, None)]);
        assert_eq!(told(&[void, live]), [(Status::Queried, None), (Status::Booked, None)]);
    }
}
