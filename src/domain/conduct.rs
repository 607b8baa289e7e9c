//! What the debtor's side did with an invoice over time, as far as its present state no longer tells.
//!
//! Kept up with every reading that becomes the present one of its axis, and by nothing else: the seller's word does
//! not count, nor does a report that is history when it comes. Times are those at which the readings came into
//! effect at their sources. What becomes of a promise is known only once its day is over, so that it is asked with
//! the day on which one looks.

use serde::{Deserialize, Serialize};

use crate::domain::axes::Axis;
use crate::domain::receivable::Reading;
use crate::statement::{SourceKind, Status};
use crate::types::{Date, Timestamp};

/// What the debtor's side did with an invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conduct {
    /// Since when it is approved in whole, where it is.
    pub approved_at: Option<Timestamp>,
    /// Since when it is paid in full, where it is.
    pub paid_at: Option<Timestamp>,
    /// How often it was queried or refused.
    pub disputes: u32,
    /// Since when it is queried, where it is.
    pub queried_at: Option<Timestamp>,
    /// How many queries ended otherwise than in a refusal.
    pub resolutions: u32,
    /// How many days these took together.
    pub resolution_days: u32,
    /// The day for which payment is promised, where nothing was judged of it yet.
    pub promised_for: Option<Date>,
    /// How many promises were kept: it was paid in full on the day or before.
    pub promises_kept: u32,
    /// How many were not.
    pub promises_broken: u32,
}

impl Conduct {
    /// Takes in a reading that becomes the present one of an axis.
    pub(super) fn learn(&mut self, axis: Axis, reading: &Reading) {
        match axis {
            Axis::Process => self.learn_process(reading),
            Axis::Payment if reading.source != SourceKind::Seller => self.learn_payment(reading),
            Axis::Document | Axis::Payment | Axis::Encumbrance => {}
        }
    }

    fn learn_process(&mut self, reading: &Reading) {
        // The seller's answer ends a query, and is nothing else.
        if reading.source == SourceKind::Seller && reading.status != Status::Answered {
            return;
        }
        let at = reading.effective_at;
        let queried = self.queried_at;
        if reading.status != Status::Queried {
            self.queried_at = None;
        }
        if let Some(since) = queried.filter(|_| reading.status != Status::Queried) {
            if reading.status != Status::Refused {
                let days = u32::try_from(days_between(since.date(), at.date())).unwrap_or(0);
                self.resolutions = self.resolutions.saturating_add(1);
                self.resolution_days = self.resolution_days.saturating_add(days);
            }
        } else if matches!(reading.status, Status::Queried | Status::Refused) && queried.is_none() {
            self.disputes = self.disputes.saturating_add(1);
        }
        if reading.status == Status::Queried {
            self.queried_at = queried.or(Some(at));
        }
        let approved = reading.status == Status::Approved;
        self.approved_at = self.approved_at.or(Some(at)).filter(|_| approved);
    }

    fn learn_payment(&mut self, reading: &Reading) {
        let (at, day) = (reading.effective_at, reading.effective_at.date());
        if let Some(promised) = self.promised_for {
            if day > promised {
                self.promises_broken = self.promises_broken.saturating_add(1);
                self.promised_for = None;
            } else if reading.status == Status::Paid {
                self.promises_kept = self.promises_kept.saturating_add(1);
                self.promised_for = None;
            }
        }
        // A promise for a day that is over is none.
        let promised = reading.date.filter(|date| *date >= day);
        if let (Status::PaymentPromised, Some(date)) = (reading.status, promised) {
            self.promised_for = Some(date);
        }
        if reading.status == Status::Paid {
            self.paid_at = self.paid_at.or(Some(at));
        } else if reading.status == Status::PaymentReversed {
            self.paid_at = None;
        }
    }

    /// How many promises were kept and how many were broken by the beginning of a day.
    pub fn promises(&self, today: Date) -> (u32, u32) {
        let overdue = self.promised_for.is_some_and(|date| date < today);
        (self.promises_kept, self.promises_broken.saturating_add(u32::from(overdue)))
    }

    /// The day for which payment is promised, where that is not over.
    pub fn promise(&self, today: Date) -> Option<Date> {
        self.promised_for.filter(|date| *date >= today)
    }
}

/// The days from one day to another; negative where the other is the earlier.
pub(super) fn days_between(from: Date, to: Date) -> i32 {
    to.day_number().saturating_sub(from.day_number())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

    use super::*;
    use proptest::prelude::*;

    fn reading(status: Status, source: SourceKind, day: &str, date: Option<&str>) -> Reading {
        Reading {
            status,
            effective_at: format!("{day}T12:00:00Z").parse().expect("a time"),
            recorded_at: "2026-12-31T00:00:00Z".parse().expect("a time"),
            source,
            certainty: 0,
            amount_minor: None,
            date: date.map(|date| date.parse().expect("a day")),
        }
    }

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn after(axis: Axis, readings: &[(Status, SourceKind, &str, Option<&str>)]) -> Conduct {
        let mut conduct = Conduct::default();
        for (status, source, day, date) in readings {
            conduct.learn(axis, &reading(*status, *source, day, *date));
        }
        conduct
    }

    const LEDGER: SourceKind = SourceKind::Ledger;
    const SELLER: SourceKind = SourceKind::Seller;

    #[test]
    fn an_approval_counts_from_when_it_stands_without_a_break() {
        let approved = |readings: &[(Status, SourceKind, &str, Option<&str>)]| {
            after(Axis::Process, readings).approved_at.map(|at| at.date().to_string())
        };
        let twice = [
            (Status::Booked, LEDGER, "2026-01-02", None),
            (Status::Approved, LEDGER, "2026-01-05", None),
            (Status::Approved, LEDGER, "2026-01-09", None),
        ];
        assert_eq!(approved(&twice).as_deref(), Some("2026-01-05"));
        let queried = [
            (Status::Approved, LEDGER, "2026-01-05", None),
            (Status::Queried, LEDGER, "2026-01-09", None),
        ];
        assert_eq!(approved(&queried), None);
        let part = [(Status::ApprovedPart, LEDGER, "2026-01-05", None)];
        assert_eq!(approved(&part), None);
        assert_eq!(approved(&[(Status::Approved, SELLER, "2026-01-05", None)]), None);
    }

    #[test]
    fn a_dispute_is_counted_once_and_resolved_unless_it_ends_in_a_refusal() {
        let conduct = after(
            Axis::Process,
            &[
                (Status::Queried, LEDGER, "2026-01-05", None),
                (Status::Queried, LEDGER, "2026-01-07", None),
                (Status::Approved, LEDGER, "2026-01-15", None),
                (Status::Queried, LEDGER, "2026-02-01", None),
                (Status::Answered, SELLER, "2026-02-04", None),
                (Status::Queried, LEDGER, "2026-03-01", None),
                (Status::Refused, LEDGER, "2026-03-31", None),
            ],
        );
        assert_eq!((conduct.disputes, conduct.resolutions), (3, 2));
        assert_eq!(conduct.resolution_days, 10 + 3);
        assert_eq!(conduct.queried_at, None);
        let refused = after(Axis::Process, &[(Status::Refused, LEDGER, "2026-01-05", None)]);
        assert_eq!((refused.disputes, refused.resolutions), (1, 0));
    }

    #[test]
    fn a_promise_is_kept_by_full_payment_on_its_day_and_broken_after_it() {
        let promised = (Status::PaymentPromised, LEDGER, "2026-01-05", Some("2026-01-20"));
        let open = after(Axis::Payment, &[promised]);
        assert_eq!(open.promises(day("2026-01-20")), (0, 0));
        assert_eq!(open.promise(day("2026-01-20")), Some(day("2026-01-20")));
        assert_eq!(open.promises(day("2026-01-21")), (0, 1));
        assert_eq!(open.promise(day("2026-01-21")), None);
        let kept = after(Axis::Payment, &[promised, (Status::Paid, LEDGER, "2026-01-20", None)]);
        assert_eq!(kept.promises(day("2027-01-01")), (1, 0));
        let late = after(Axis::Payment, &[promised, (Status::Paid, LEDGER, "2026-01-21", None)]);
        assert_eq!(late.promises(day("2027-01-01")), (0, 1));
        assert_eq!(late.paid_at.map(Timestamp::date), Some(day("2026-01-21")));
        // One that is moved in time is not judged; one that is moved too late is broken.
        let moved = (Status::PaymentPromised, LEDGER, "2026-01-20", Some("2026-02-20"));
        assert_eq!(after(Axis::Payment, &[promised, moved]).promises(day("2026-02-01")), (0, 0));
        let moved = (Status::PaymentPromised, LEDGER, "2026-01-21", Some("2026-02-20"));
        assert_eq!(after(Axis::Payment, &[promised, moved]).promises(day("2026-02-01")), (0, 1));
        // A part is not the whole, the seller's word nothing, and a promise for the bygone none.
        let part = (Status::PartPaid, LEDGER, "2026-01-10", None);
        assert_eq!(after(Axis::Payment, &[promised, part]).promises(day("2026-02-01")), (0, 1));
        let word = (Status::Paid, SELLER, "2026-01-10", None);
        assert_eq!(after(Axis::Payment, &[promised, word]).promises(day("2026-02-01")), (0, 1));
        let bygone = (Status::PaymentPromised, LEDGER, "2026-01-21", Some("2026-01-20"));
        assert_eq!(after(Axis::Payment, &[bygone]).promises(day("2026-02-01")), (0, 0));
    }

    #[test]
    fn a_payment_that_comes_back_was_none() {
        let paid = (Status::Paid, LEDGER, "2026-01-20", None);
        let back = (Status::PaymentReversed, LEDGER, "2026-01-25", None);
        let again = (Status::Paid, LEDGER, "2026-02-03", None);
        assert_eq!(after(Axis::Payment, &[paid, back]).paid_at, None);
        let paid_at = after(Axis::Payment, &[paid, back, again]).paid_at;
        assert_eq!(paid_at.map(Timestamp::date), Some(day("2026-02-03")));
    }

    proptest! {
        #[test]
        fn every_promise_is_judged_once(days in proptest::collection::vec((0_u8..4, 1_u32..28, 1_u32..28), 0..40)) {
            let mut conduct = Conduct::default();
            let mut promises = 0_u32;
            for (what, at, date) in days {
                let status = [Status::PaymentPromised, Status::Paid, Status::PartPaid, Status::PaymentReversed]
                    [usize::from(what)];
                promises += u32::from(status == Status::PaymentPromised);
                let date = format!("2026-01-{date:02}");
                conduct.learn(Axis::Payment, &reading(status, LEDGER, &format!("2026-01-{at:02}"), Some(&date)));
                let (kept, broken) = conduct.promises(day("2026-03-01"));
                prop_assert!(kept + broken <= promises);
            }
        }
    }
}
