//! When a supplier's invoices will be paid, by week, with a band: a rule that is written down, applied literally.
//!
//! Computed from the invoices of one supplier of which a reader sees the process and payment axes and the amounts.
//! Integers only. The rule stands in [`FORECAST_RULE`], which the specification repeats word for word.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::axes::Axis;
use crate::domain::behaviour::{Days, MeanDays, counts, days_late, due, promise, promises};
use crate::domain::receivable::Receivable;
use crate::domain::visibility::View;
use crate::statement::Status;
use crate::types::{Currency, Date, Minor, PartyId};

/// How many weeks are told one by one.
const WEEKS: i32 = 13;

/// When money is expected.
pub const FORECAST_RULE: &str = "Of the supplier's invoices of which you may see the process and payment axes and the amounts now, the newest 10,000, each with what is open of it. \
If payment is guaranteed or promised for today or later, it is expected on that day. \
If the debtor refused the invoice, it is not expected: it stands under refused. \
If a promise or guarantee was broken and no other stands, it is not expected: it stands under broken_promises. \
If the invoice is queried, it is expected on the due day plus the debtor's mean time to resolve a query plus the debtor's delay; where no such mean is known it stands under undated. \
Else it is expected on the due day plus the debtor's delay. \
The delay is the median of the days from due day to payment of the debtor's invoices here that are paid in full; the band reaches from their 25th to their 75th percentile. \
With fewer than 5 such invoices (or queries) those of all debtors here are taken; with fewer than 5 of these there is no delay and no band. \
An invoice without a due date is due 30 days after its issue. What was expected before today is expected today. \
Weeks begin on Monday, the first is the present one. By the end of a week, low is what comes if every debtor pays at the late end of its band, high at the early end.";

/// An amount that invoices come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pot {
    /// How many invoices.
    pub invoices: u32,
    /// What is open of them, in minor units.
    #[schema(value_type = i64)]
    pub open_minor: Minor,
}

impl Pot {
    fn add(&mut self, open_minor: Minor) {
        self.invoices = self.invoices.saturating_add(1);
        self.open_minor = self.open_minor.saturating_add(open_minor);
    }
}

/// On what an expected day is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The debtor's promise or guarantee.
    Promise,
    /// How the debtor paid.
    Debtor,
    /// How all debtors of the supplier paid.
    AllDebtors,
    /// The due day alone.
    DueDay,
}

/// What is expected in a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ForecastWeek)]
pub struct Week {
    /// Its Monday.
    pub from: Date,
    /// Its Sunday.
    pub to: Date,
    /// What is expected in it.
    pub expected: Pot,
    /// What has come by its end at least, in minor units: if every debtor pays late.
    #[schema(value_type = i64)]
    pub low_by_end_minor: Minor,
    /// What has come by its end, in minor units, as expected.
    #[schema(value_type = i64)]
    pub expected_by_end_minor: Minor,
    /// What has come by its end at most, in minor units: if every debtor pays early.
    #[schema(value_type = i64)]
    pub high_by_end_minor: Minor,
}

/// What is expected in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cash {
    /// The currency.
    pub currency: Currency,
    /// The present week and those after it.
    pub weeks: Vec<Week>,
    /// What is expected after these.
    pub later: Pot,
    /// Queried invoices for which no day can be told.
    pub undated: Pot,
    /// Invoices whose last promise was broken.
    pub broken_promises: Pot,
    /// Refused invoices.
    pub refused: Pot,
    /// On what the expected days are founded.
    pub founded_on: BTreeMap<Basis, Pot>,
}

/// How a debtor paid the supplier, as far as the reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The debtor, as named on its newest invoice.
    pub debtor: PartyId,
    /// Its open invoices.
    pub open_invoices: u32,
    /// From due day to payment.
    pub delay: Days,
    /// From query to what ended it.
    pub resolution: MeanDays,
}

/// A forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// By currency.
    pub cash: Vec<Cash>,
    /// The debtors with open invoices, those with most of them first.
    pub payers: Vec<Payer>,
    /// All debtors together.
    pub all_delay: Days,
    /// All debtors together.
    pub all_resolution: MeanDays,
}

/// What is still to be received on an invoice.
#[derive(Debug, Clone)]
struct Receipt {
    payer: u32,
    currency: Currency,
    minor: Minor,
    due: Date,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Promised(Date),
    Refused,
    Broken,
    Queried,
    Plain,
}

/// The earliest, expected and latest day, and on what they are founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expected {
    early: Date,
    day: Date,
    late: Date,
    basis: Basis,
}

/// A forecast while invoices are taken in.
#[derive(Debug, Clone)]
pub struct Forecast {
    today: Date,
    open: Vec<Receipt>,
    payers: BTreeMap<u32, Payer>,
    delay: Days,
    resolution: MeanDays,
    invoices: u32,
}

impl Forecast {
    /// Nothing yet, on a day.
    pub const fn new(today: Date) -> Self {
        Self {
            today,
            open: Vec::new(),
            payers: BTreeMap::new(),
            delay: Days::EMPTY,
            resolution: MeanDays::EMPTY,
            invoices: 0,
        }
    }

    /// How many invoices were taken in.
    pub const fn invoices(&self) -> u32 {
        self.invoices
    }

    /// Takes an invoice in, whose buyer's legal entity is `payer`, if a reader with this view sees enough of it; newest
    /// first. Says whether it was taken.
    pub fn observe(&mut self, receivable: &Receivable, view: &View, payer: u32) -> bool {
        let sees = |axis| view.sees_axis(axis);
        if !sees(Axis::Process) || !sees(Axis::Payment) || !view.sees_amounts() {
            return false;
        }
        self.invoices = self.invoices.saturating_add(1);
        if !counts(receivable) {
            return true;
        }
        let (conduct, issued) = (&receivable.conduct, receivable.core.issue_date);
        let stats = self.payers.entry(payer).or_insert_with(|| Payer {
            debtor: receivable.core.buyer.clone(),
            open_invoices: 0,
            delay: Days::default(),
            resolution: MeanDays::default(),
        });
        if let Some(late) = days_late(receivable) {
            stats.delay.add(late, issued);
            self.delay.add(late, issued);
        }
        let (count, days) = (conduct.resolutions, conduct.resolution_days);
        stats.resolution.add(count, days, issued);
        self.resolution.add(count, days, issued);
        let open_minor = receivable.open_to(view);
        if open_minor > 0 {
            stats.open_invoices = stats.open_invoices.saturating_add(1);
            let (currency, due) = (receivable.core.currency, due(receivable));
            let fate = self.fate(receivable);
            self.open.push(Receipt { payer, currency, minor: open_minor, due, fate });
        }
        true
    }

    fn fate(&self, receivable: &Receivable) -> Fate {
        let process = receivable.process.as_ref().map(|reading| reading.status);
        if process == Some(Status::Refused) {
            return Fate::Refused;
        }
        if let Some(promised) = promise(receivable, self.today) {
            return Fate::Promised(promised);
        }
        if promises(receivable, self.today).1 > 0 {
            return Fate::Broken;
        }
        if process == Some(Status::Queried) { Fate::Queried } else { Fate::Plain }
    }

    /// The forecast.
    pub fn finish(mut self) -> Outlook {
        let mut cash = BTreeMap::<Currency, Cash>::new();
        for open in &self.open {
            let empty = || Cash::empty(open.currency, self.today);
            let cash = cash.entry(open.currency).or_insert_with(empty);
            match (open.fate, self.expected(open)) {
                (Fate::Refused, _) => cash.refused.add(open.minor),
                (Fate::Broken, _) => cash.broken_promises.add(open.minor),
                (_, None) => cash.undated.add(open.minor),
                (_, Some(expected)) => cash.expect(open.minor, expected),
            }
        }
        let mut cash: Vec<Cash> = cash.into_values().collect();
        cash.iter_mut().for_each(Cash::add_up);
        self.payers.retain(|_, payer| payer.open_invoices > 0);
        let mut payers: Vec<Payer> = self.payers.into_values().collect();
        payers.sort_by(|one, other| {
            let by_count = other.open_invoices.cmp(&one.open_invoices);
            by_count.then_with(|| one.debtor.cmp(&other.debtor))
        });
        Outlook { cash, payers, all_delay: self.delay, all_resolution: self.resolution }
    }

    /// When an open invoice is expected; `None` where no day can be told.
    fn expected(&self, open: &Receipt) -> Option<Expected> {
        if let Fate::Promised(day) = open.fate {
            return Some(Expected { early: day, day, late: day, basis: Basis::Promise });
        }
        let payer = self.payers.get(&open.payer);
        let own = payer.map(|it| &it.delay).filter(|it| it.observed.is_enough());
        let all = Some(&self.delay).filter(|it| it.observed.is_enough());
        let (delay, basis) = match (own, all) {
            (Some(own), _) => (Some(own), Basis::Debtor),
            (None, Some(all)) => (Some(all), Basis::AllDebtors),
            (None, None) => (None, Basis::DueDay),
        };
        let resolution = if open.fate == Fate::Queried {
            let own = payer.and_then(|it| it.resolution.mean());
            i32::try_from(own.or_else(|| self.resolution.mean())?).unwrap_or(i32::MAX)
        } else {
            0
        };
        let after = |percent| {
            let delay = delay.and_then(|delay| delay.percentile(percent)).unwrap_or(0);
            let day = open.due.day_number().saturating_add(resolution).saturating_add(delay);
            Date::from_day_number(day).unwrap_or(open.due).max(self.today)
        };
        Some(Expected { early: after(25), day: after(50), late: after(75), basis })
    }
}

impl Cash {
    fn empty(currency: Currency, today: Date) -> Self {
        let monday = monday(today);
        let day = |after: i32| Date::from_day_number(monday.saturating_add(after)).unwrap_or(today);
        let week = |number: i32| Week {
            from: day(number.saturating_mul(7)),
            to: day(number.saturating_mul(7).saturating_add(6)),
            expected: Pot::default(),
            low_by_end_minor: 0,
            expected_by_end_minor: 0,
            high_by_end_minor: 0,
        };
        Self {
            currency,
            weeks: (0..WEEKS).map(week).collect(),
            later: Pot::default(),
            undated: Pot::default(),
            broken_promises: Pot::default(),
            refused: Pot::default(),
            founded_on: BTreeMap::new(),
        }
    }

    /// Puts an amount into its weeks; not yet added up.
    fn expect(&mut self, open_minor: Minor, expected: Expected) {
        self.founded_on.entry(expected.basis).or_default().add(open_minor);
        let mut later = true;
        for week in &mut self.weeks {
            let holds = |day: Date| week.from <= day && day <= week.to;
            if holds(expected.day) {
                week.expected.add(open_minor);
                later = false;
            }
            for (day, sum) in [
                (expected.late, &mut week.low_by_end_minor),
                (expected.day, &mut week.expected_by_end_minor),
                (expected.early, &mut week.high_by_end_minor),
            ] {
                if week.from <= day && day <= week.to {
                    *sum = sum.saturating_add(open_minor);
                }
            }
        }
        if later {
            self.later.add(open_minor);
        }
    }

    /// Makes sums by the end of each week of what comes in it.
    fn add_up(&mut self) {
        let (mut low, mut middle, mut high): (Minor, Minor, Minor) = (0, 0, 0);
        for week in &mut self.weeks {
            for (sum, of_week) in [
                (&mut low, &mut week.low_by_end_minor),
                (&mut middle, &mut week.expected_by_end_minor),
                (&mut high, &mut week.high_by_end_minor),
            ] {
                *sum = sum.saturating_add(*of_week);
                *of_week = *sum;
            }
        }
    }
}

/// The number of the Monday on or before a day. Day 1 was a Monday.
fn monday(day: Date) -> i32 {
    let number = day.day_number();
    number.saturating_sub(number.saturating_sub(1).rem_euclid(7))
}
