//! How a debtor behaves: days to approve and to pay, and how often it is late, disputes, has credited or breaks its word.
//!
//! Small sums over invoices that a reader sees, each taken in for the measures whose axes the reader sees of it at that
//! moment, and for no other. Integers only. A measure has a value from five observations on; below that one invoice
//! would be a rule. What a measure is stands in [`BEHAVIOUR_RULES`], which the specification repeats word for word.

use std::collections::BTreeMap;

use crate::domain::axes::Axis;
use crate::domain::conduct::days_between;
use crate::domain::receivable::{End, Reading, Receivable};
use crate::domain::visibility::View;
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Date, Minor, Timestamp};

/// From how many observations on a measure has a value.
const OBSERVATIONS_MIN: u32 = 5;
/// When an invoice without a due date is due, in days after its issue (Directive 2011/7/EU, article 3).
const TERM_DAYS: i32 = 30;

/// What each measure is, by its name in an answer.
pub const BEHAVIOUR_RULES: [(&str, &str); 10] = [
    (
        "all",
        "Of the invoices to the debtor that you may see now, the newest 10,000; not those that were cancelled or refused on technical grounds. For each measure those of which you see the axes that it needs. Only what the debtor's side reported counts, never the seller's word. A day is a day in UTC. The pth percentile of n values is the one of rank p × n / 100, rounded up. The period is from the first to the last day of issue of the invoices observed. Below 5 observations there is no value.",
    ),
    (
        "days_to_approve",
        "Of each invoice that is approved in whole: the days from its issue to the day since which it is, at least 0. Needs the process axis.",
    ),
    (
        "days_to_pay",
        "Of each invoice that is paid in full: the days from its issue to the day since which it is, at least 0. Needs the payment axis.",
    ),
    (
        "days_late",
        "Of each invoice that is paid in full: the days from the day on which it was due to the day since which it is paid; negative where it was paid earlier. An invoice without a due date is due 30 days after its issue. Needs the payment axis.",
    ),
    (
        "late",
        "Of the invoices that are paid in full, and those that are due since yesterday or longer, not paid, not credited in full, and of which the debtor's side reported a process or payment status that you see: the share that was paid after the due day or is not paid. Needs the payment axis.",
    ),
    (
        "disputed",
        "Of the invoices of which the debtor's side reported a process status: the share that was queried or refused at any time. Needs the process axis.",
    ),
    (
        "days_to_resolve",
        "Of each query that ended otherwise than in a refusal: the days that it took; their mean, rounded up. Needs the process axis.",
    ),
    ("credited", "Of all invoices: the share with a credit note."),
    (
        "dilution",
        "By currency, of all invoices: what was credited, of what was to be paid when they were registered. Needs amounts.",
    ),
    (
        "broken_promises",
        "Of the promised and guaranteed days that are over or were met: the share on which the invoice was not paid in full (of a guarantee: less than its amount), on that day or before. A promise that was moved in time is not counted. Needs the payment axis and amounts.",
    ),
];

/// From when to when, and how many were observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observed {
    /// How many.
    pub observations: u32,
    /// The first and the last day of issue of the invoices.
    pub period: Option<(Date, Date)>,
}

impl Observed {
    const EMPTY: Self = Self { observations: 0, period: None };

    fn add(&mut self, observations: u32, issued: Date) {
        if observations > 0 {
            self.observations = self.observations.saturating_add(observations);
            let (first, last) = self.period.unwrap_or((issued, issued));
            self.period = Some((first.min(issued), last.max(issued)));
        }
    }

    /// Whether there are enough for a value.
    pub const fn is_enough(&self) -> bool {
        self.observations >= OBSERVATIONS_MIN
    }
}

/// Numbers of days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    /// What was observed.
    pub observed: Observed,
    counts: BTreeMap<i32, u32>,
}

impl Days {
    /// None.
    pub(super) const EMPTY: Self = Self { observed: Observed::EMPTY, counts: BTreeMap::new() };

    /// Takes one in.
    pub(super) fn add(&mut self, days: i32, issued: Date) {
        self.observed.add(1, issued);
        let count = self.counts.entry(days).or_default();
        *count = count.saturating_add(1);
    }

    /// The value at the rank of a percentile from 1 to 100; `None` where too few were observed.
    pub fn percentile(&self, percent: u8) -> Option<i32> {
        if !self.observed.is_enough() {
            return None;
        }
        let of = u64::from(self.observed.observations);
        let rank = of.saturating_mul(u64::from(percent)).div_ceil(100).max(1);
        let mut passed = 0_u64;
        let mut at_rank = self.counts.iter().filter(|(_, count)| {
            passed = passed.saturating_add(u64::from(**count));
            passed >= rank
        });
        at_rank.next().map(|(days, _)| *days)
    }
}

/// A mean of numbers of days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeanDays {
    /// What was observed.
    pub observed: Observed,
    total: u64,
}

impl MeanDays {
    /// None.
    pub(super) const EMPTY: Self = Self { observed: Observed::EMPTY, total: 0 };

    /// Takes in so many that come to so many days together.
    pub(super) fn add(&mut self, observations: u32, days: u32, issued: Date) {
        self.observed.add(observations, issued);
        self.total = self.total.saturating_add(u64::from(days));
    }

    /// The mean, rounded up; `None` where too few were observed.
    pub fn mean(&self) -> Option<u32> {
        let of = u64::from(self.observed.observations);
        let enough = self.observed.is_enough();
        let mean = || u32::try_from(self.total.div_ceil(of)).unwrap_or(u32::MAX);
        enough.then(mean)
    }
}

/// How many of those observed something holds for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// What was observed.
    pub observed: Observed,
    hits: u32,
}

impl Share {
    fn add(&mut self, observations: u32, hits: u32, issued: Date) {
        self.observed.add(observations, issued);
        self.hits = self.hits.saturating_add(hits);
    }

    /// How many, and that in hundredths of a percent, to the nearest; `None` where too few were observed.
    pub fn value(&self) -> Option<(u32, u32)> {
        let of = self.observed.observations;
        let enough = self.observed.is_enough();
        enough.then(|| (self.hits, hundredths_of_percent(self.hits.into(), of.into())))
    }
}

/// What was credited of what was invoiced, in one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dilution {
    /// What was observed.
    pub observed: Observed,
    invoiced_minor: Minor,
    credited_minor: Minor,
}

impl Dilution {
    /// Invoiced, credited, and the part in hundredths of a percent; `None` where too few were observed.
    pub fn value(&self) -> Option<(Minor, Minor, u32)> {
        let (invoiced, credited) = (self.invoiced_minor, self.credited_minor);
        let part = || hundredths_of_percent(credited.into(), invoiced.into());
        self.observed.is_enough().then(|| (invoiced, credited, part()))
    }
}

/// A part of a whole in hundredths of a percent, to the nearest; a half is rounded up. Nothing of nothing is zero.
fn hundredths_of_percent(part: i128, of: i128) -> u32 {
    let scaled = part.saturating_mul(10_000).saturating_add(of / 2);
    scaled.checked_div(of).and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
}

/// What a reader sees of a debtor's behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// The invoices that were taken in.
    pub invoices: Observed,
    /// From issue to approval.
    pub days_to_approve: Days,
    /// From issue to payment in full.
    pub days_to_pay: Days,
    /// From the due day to payment in full.
    pub days_late: Days,
    /// Paid after the due day, or overdue.
    pub late: Share,
    /// Queried or refused.
    pub disputed: Share,
    /// From query to what ended it.
    pub days_to_resolve: MeanDays,
    /// With a credit note.
    pub credited: Share,
    /// Credited of invoiced.
    pub dilution: BTreeMap<Currency, Dilution>,
    /// Of the promises.
    pub broken_promises: Share,
}

impl Behaviour {
    /// Takes an invoice in, as far as a reader with this view sees it.
    pub fn observe(&mut self, receivable: &Receivable, view: &View, today: Date) {
        if !view.any() || !counts(receivable) {
            return;
        }
        let issued = receivable.core.issue_date;
        self.invoices.add(1, issued);
        let has_credit = u32::from(!receivable.credits.is_empty());
        self.credited.add(1, has_credit, issued);
        let (process, payment) = (view.sees_axis(Axis::Process), view.sees_axis(Axis::Payment));
        if process {
            self.observe_process(receivable);
        }
        if payment {
            self.observe_payment(receivable, process, today);
        }
        if payment && view.sees_amounts() {
            let (kept, broken) = promises(receivable, today);
            self.broken_promises.add(kept.saturating_add(broken), broken, issued);
        }
        if view.sees_amounts() {
            let dilution = self.dilution.entry(receivable.core.currency).or_default();
            dilution.observed.add(1, issued);
            dilution.invoiced_minor = dilution.invoiced_minor.saturating_add(receivable.due_minor);
            dilution.credited_minor =
                dilution.credited_minor.saturating_add(receivable.credited_minor());
        }
    }

    fn observe_process(&mut self, receivable: &Receivable) {
        let (issued, conduct) = (receivable.core.issue_date, &receivable.conduct);
        if let Some(at) = conduct.approved_at {
            self.days_to_approve.add(days_between(issued, at.date()).max(0), issued);
        }
        if process_reported(receivable) {
            self.disputed.add(1, u32::from(conduct.disputes > 0), issued);
        }
        self.days_to_resolve.add(conduct.resolutions, conduct.resolution_days, issued);
    }

    fn observe_payment(&mut self, receivable: &Receivable, sees_process: bool, today: Date) {
        let issued = receivable.core.issue_date;
        if let Some(late) = days_late(receivable) {
            let paid_at = receivable.conduct.paid_at;
            let days = paid_at.map_or(0, |at| days_between(issued, at.date()).max(0));
            self.days_to_pay.add(days, issued);
            self.days_late.add(late, issued);
            self.late.add(1, u32::from(late > 0), issued);
            return;
        }
        let paid_by_word = says(receivable.payment.as_ref(), Status::Paid);
        let open = receivable.end.is_none() && !paid_by_word && receivable.payable_minor() > 0;
        let reported = by_debtor(receivable.payment.as_ref())
            || (sees_process && process_reported(receivable));
        if open && reported && due(receivable) < today {
            self.late.add(1, 1, issued);
        }
    }
}

/// Whether an invoice counts at all: it was not cancelled, and was one.
pub(super) fn counts(receivable: &Receivable) -> bool {
    !matches!(receivable.end, Some(End::Cancelled | End::Rejected))
}

/// The day on which an invoice is due.
pub(super) fn due(receivable: &Receivable) -> Date {
    let issued = receivable.core.issue_date;
    let term = || Date::from_day_number(issued.day_number().saturating_add(TERM_DAYS));
    receivable.core.due_date.or_else(term).unwrap_or(issued)
}

/// How many promises and guarantees of an invoice were kept, and how many were broken.
pub(super) fn promises(receivable: &Receivable, today: Date) -> (u32, u32) {
    let (kept, broken) = receivable.conduct.promises(today);
    let Some(guarantee) = receivable.guarantee() else { return (kept, broken) };
    let paid_on = receivable.conduct.paid_at.map(Timestamp::date);
    let in_time = paid_on.is_some_and(|day| day <= guarantee.date);
    let short = paid_on.is_some() || receivable.paid_minor < guarantee.amount_minor;
    let failed = !in_time && short && guarantee.date < today;
    (kept.saturating_add(u32::from(in_time)), broken.saturating_add(u32::from(failed)))
}

/// The day for which payment is guaranteed or promised, where that is not over.
pub(super) fn promise(receivable: &Receivable, today: Date) -> Option<Date> {
    let guaranteed = receivable.guarantee().map(|guarantee| guarantee.date);
    let promised = || receivable.conduct.promise(today);
    guaranteed.filter(|date| *date >= today).or_else(promised)
}

/// The days from the due day to full payment, where the debtor's side reported that.
pub(super) fn days_late(receivable: &Receivable) -> Option<i32> {
    receivable.conduct.paid_at.map(|at| days_between(due(receivable), at.date()))
}

/// Whether the debtor's side reported a process status.
fn process_reported(receivable: &Receivable) -> bool {
    receivable.conduct.disputes > 0 || by_debtor(receivable.process.as_ref())
}

fn by_debtor(reading: Option<&Reading>) -> bool {
    reading.is_some_and(|reading| reading.source != SourceKind::Seller)
}

fn says(reading: Option<&Reading>, status: Status) -> bool {
    reading.is_some_and(|reading| reading.status == status)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

    use super::*;
    use proptest::prelude::*;

    fn day(number: i32) -> Date {
        Date::from_day_number(738_000 + number).expect("a day")
    }

    fn days(values: &[i32]) -> Days {
        let mut days = Days::default();
        for value in values {
            days.add(*value, day(*value));
        }
        days
    }

    #[test]
    fn percentiles_are_values_that_were_observed_at_their_rank() {
        let four = days(&[1, 2, 3, 4]);
        assert_eq!((four.observed.observations, four.percentile(50)), (4, None));
        // Ranks of 5 values: 1.25 → 2, 2.5 → 3, 3.75 → 4, 4.5 → 5.
        let five = days(&[30, 10, 50, 20, 40]);
        assert_eq!([25, 50, 75, 90].map(|p| five.percentile(p)), [20, 30, 40, 50].map(Some));
        assert_eq!(five.observed.period, Some((day(10), day(50))));
        // Ranks of 10 values: 3, 5, 8, 9.
        let ten = days(&[0, 0, 0, 1, 2, 3, 3, 8, 21, -4]);
        assert_eq!([25, 50, 75, 90].map(|p| ten.percentile(p)), [0, 1, 3, 8].map(Some));
        assert_eq!((ten.percentile(1), ten.percentile(100)), (Some(-4), Some(21)));
    }

    #[test]
    fn shares_and_means_are_rounded_as_they_say() {
        let mut share = Share::default();
        share.add(6, 1, day(0));
        assert_eq!(share.value(), Some((1, 1_667)));
        share.add(2, 0, day(0));
        assert_eq!(share.value(), Some((1, 1_250)));
        let mut few = Share::default();
        few.add(4, 4, day(0));
        assert_eq!(few.value(), None);
        let mut mean = MeanDays::default();
        mean.add(4, 40, day(0));
        assert_eq!(mean.mean(), None);
        mean.add(1, 1, day(0));
        assert_eq!(mean.mean(), Some(9));
        assert_eq!(hundredths_of_percent(0, 0), 0);
        assert_eq!(hundredths_of_percent(1, 20_000), 1);
        assert_eq!(hundredths_of_percent(1, 20_001), 0);
    }

    proptest! {
        #[test]
        fn a_percentile_is_what_sorting_gives(mut values in proptest::collection::vec(-400_i32..400, 5..200), percent in 1_u8..=100) {
            let found = days(&values).percentile(percent);
            values.sort_unstable();
            let rank = (values.len() * usize::from(percent)).div_ceil(100);
            prop_assert_eq!(found, Some(values[rank - 1]));
        }

        #[test]
        fn percentiles_go_up(values in proptest::collection::vec(-400_i32..400, 5..60)) {
            let days = days(&values);
            let all: Vec<_> = (1..=100).map(|p| days.percentile(p)).collect();
            prop_assert!(all.is_sorted());
        }
    }
}
