//! Honest trade: who sells to whom, in which habits, and what that looks like on paper.
//!
//! The habits are the look-alikes that a registry must leave alone: subscriptions, leases, instalments, framework
//! orders, repeated orders, daily deliveries, round fees, two orders on one day, corrections. How often each occurs
//! is a choice of this file, made to be harder than life; docs/DETECTION.md says so.

use crate::cli::bench::detect::chance::Chance;
use crate::types::{Date, Minor};

/// The first day of every world: 2025-01-01, as a day number.
pub(super) const FIRST_DAY: i32 = 739_252;
/// The last: 2026-11-20.
pub(super) const LAST_DAY: i32 = 739_940;

/// What a seller writes on its invoices.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    /// How many of a hundred invoices name the buyer's order.
    pub(super) orders: u64,
    /// Whether invoices name the despatch.
    pub(super) despatches: bool,
    /// Whether the registry is told what an order comes to.
    pub(super) order_amounts: bool,
    /// Whether the registry is told of the lines.
    pub(super) lines: bool,
    /// Prices that come back.
    pub(super) catalogue: Vec<Minor>,
}

/// How a correction came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Correction {
    /// The new invoice takes the place of the old, which is cancelled.
    Replaces,
    /// The old one is credited in full, and the new one names it.
    CreditedAndNamed,
    /// The old one is credited in full; the new one does not name it.
    Credited,
}

/// An invoice before it has a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The day of issue, as a day number.
    pub(super) day: i32,
    /// Days to pay.
    pub(super) terms: i32,
    /// The gross amount.
    pub(super) amount: Minor,
    /// The buyer's order.
    pub(super) order: String,
    /// The despatch advice.
    pub(super) despatch: String,
    /// What the whole order comes to, where the seller says so.
    pub(super) order_amount: Option<Minor>,
    /// The contract.
    pub(super) contract: String,
    /// The lines.
    pub(super) lines: Vec<String>,
    /// The project that it is part of.
    pub(super) project: Option<u64>,
    /// Which look-alike it is.
    pub(super) variant: &'static str,
    /// Which earlier draft of the same relation it corrects, by place.
    pub(super) corrects: Option<(usize, Correction)>,
}

/// What a seller delivers to a buyer, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Habit {
    /// One order, one invoice; now and then in parts, twice a day, or again.
    #[default]
    Orders,
    /// The same amount each month.
    Subscription,
    /// The same amount each week, and no reference at all.
    Weekly,
    /// One order for the year, many invoices.
    Framework,
    /// A project in instalments.
    Project,
    /// Deliveries every day or two, of nearly the same amount.
    Daily,
    /// Round fees without references.
    Fees,
    /// Several leases of the same thing, invoiced on one day.
    Lease,
    /// Prices of a catalogue, so that amounts come back.
    Catalogue,
}

/// How often each habit is met.
pub(super) const HABITS: [Habit; 16] = [
    Habit::Orders,
    Habit::Orders,
    Habit::Orders,
    Habit::Orders,
    Habit::Orders,
    Habit::Subscription,
    Habit::Subscription,
    Habit::Weekly,
    Habit::Framework,
    Habit::Framework,
    Habit::Project,
    Habit::Daily,
    Habit::Fees,
    Habit::Lease,
    Habit::Catalogue,
    Habit::Catalogue,
];

/// One seller and one buyer.
pub(super) struct Relation<'a> {
    pub(super) chance: &'a mut Chance,
    pub(super) paper: &'a Paper,
    pub(super) terms: i32,
    /// How the buyer numbers its orders: a counter of its own, or one word for all of them.
    order_style: u64,
    order_counter: u64,
    drafts: Vec<Draft>,
}

impl<'a> Relation<'a> {
    pub(super) fn new(chance: &'a mut Chance, paper: &'a Paper) -> Self {
        let terms = chance.one_of(&[14, 30, 30, 30, 45, 60, 60, 90]);
        let (order_style, order_counter) = (chance.below(40), chance.between(1, 400));
        Self { chance, paper, terms, order_style, order_counter, drafts: Vec::new() }
    }

    /// Everything that is invoiced in two years.
    pub(super) fn trade(mut self, habit: Habit) -> Vec<Draft> {
        match habit {
            Habit::Orders => self.orders(),
            Habit::Subscription => self.subscription(),
            Habit::Weekly => self.weekly(),
            Habit::Framework => self.framework(),
            Habit::Project => self.project(),
            Habit::Daily => self.daily(),
            Habit::Fees => self.fees(),
            Habit::Lease => self.lease(),
            Habit::Catalogue => self.catalogue(),
        }
        self.renegotiate();
        self.drafts
    }

    fn next_order(&mut self) -> String {
        self.order_counter = self.order_counter.saturating_add(self.chance.between(1, 9));
        match self.order_style {
            // People write what they have.
            0 => "phone".to_owned(),
            // Small firms count from one: another buyer's order has the same number.
            1..=9 => self.order_counter.to_string(),
            10..=24 => format!("PO-{:06}", self.order_counter.saturating_mul(37)),
            _ => format!("45{}", self.chance.digits(8)),
        }
    }

    fn order(&mut self) -> String {
        if self.chance.percent(self.paper.orders) { self.next_order() } else { String::new() }
    }

    fn despatch(&mut self) -> String {
        if self.paper.despatches { self.new_despatch() } else { String::new() }
    }

    fn new_despatch(&mut self) -> String {
        format!("DN{}", self.chance.digits(7))
    }

    fn amount(&mut self) -> Minor {
        let scale = self.chance.one_of(&[1, 1, 2, 5, 20]);
        let amount = self.chance.between(15_000, 200_000).saturating_mul(scale);
        let round = self.chance.percent(8);
        let amount = if round { amount.saturating_sub(amount % 10_000) } else { amount };
        Minor::try_from(amount).unwrap_or(1)
    }

    fn goods(&mut self) -> Vec<String> {
        if !self.paper.lines {
            return Vec::new();
        }
        let count = self.chance.between(1, 5);
        let line = |chance: &mut Chance| {
            let (item, many, price) =
                (chance.below(300), chance.between(1, 40), chance.between(100, 90_000));
            format!("A{item:03};{many};{price}")
        };
        (0..count).map(|_| line(self.chance)).collect()
    }

    fn worded(&self, words: String) -> Vec<String> {
        if self.paper.lines { vec![words] } else { Vec::new() }
    }

    fn push(&mut self, draft: Draft) -> usize {
        let terms = self.terms;
        self.drafts.push(Draft { terms, ..draft });
        self.drafts.len().saturating_sub(1)
    }

    /// More is sold before the end of a year.
    fn gap(&mut self, day: i32, low: u64, high: u64) -> i32 {
        let gap = self.chance.days(low, high);
        let in_year = day.saturating_sub(FIRST_DAY) % 365;
        if in_year > 300 { (gap / 2).max(1) } else { gap }
    }

    fn orders(&mut self) {
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 40));
        let mut before: Option<Draft> = None;
        while day <= LAST_DAY {
            let mut draft = Draft {
                day,
                amount: self.amount(),
                order: self.order(),
                despatch: self.despatch(),
                lines: self.goods(),
                variant: "order",
                ..Draft::default()
            };
            let told = self.paper.order_amounts && !draft.order.is_empty();
            if let Some(again) = before.take().filter(|_| self.chance.percent(12)) {
                (draft.amount, draft.lines) = (again.amount, again.lines);
                draft.variant = "order_again";
            }
            draft.order_amount = told.then_some(draft.amount);
            before = Some(draft.clone());
            if self.chance.percent(6) && !draft.order.is_empty() {
                self.deliver_in_parts(&draft);
            } else if self.chance.percent(5) && self.paper.orders == 100 && self.order_style > 0 {
                let second = Draft {
                    order: self.next_order(),
                    despatch: self.despatch(),
                    variant: "two_orders_one_day",
                    ..draft.clone()
                };
                self.push(draft);
                self.push(second);
            } else {
                let twin = self.chance.one_in(50_000).then(|| draft.clone());
                let place = self.push(draft);
                if let Some(twin) = twin {
                    self.push(Draft { variant: "bare_twin", ..twin });
                } else if self.chance.one_in(25) {
                    self.correct(place);
                }
            }
            day = day.saturating_add(self.gap(day, 4, 45));
        }
    }

    /// One order in two or three deliveries, each with its invoice, some on one day.
    fn deliver_in_parts(&mut self, whole: &Draft) {
        let parts = self.chance.between(2, 3);
        let (mut left, mut day) = (whole.amount, whole.day);
        for part in 0..parts {
            let last = part.saturating_add(1) == parts;
            let share = Minor::try_from(self.chance.between(25, 60)).unwrap_or(50);
            let amount = if last { left } else { left.saturating_mul(share).max(100) / 100 };
            left = left.saturating_sub(amount);
            let draft = Draft {
                day,
                amount: amount.max(1),
                despatch: self.despatch(),
                lines: self.goods(),
                variant: "partial_delivery",
                ..whole.clone()
            };
            self.push(draft);
            day = day.saturating_add(self.chance.days(0, 12));
        }
    }

    fn correct(&mut self, place: usize) {
        let Some(wrong) = self.drafts.get(place).cloned() else { return };
        let how = self.chance.one_of(&[0, 0, 1, 1, 2]);
        let (how, variant) = match how {
            0 => (Correction::Replaces, "corrected"),
            1 => (Correction::CreditedAndNamed, "credit_and_reinvoice"),
            _ => (Correction::Credited, "credit_and_reinvoice_unnamed"),
        };
        let change = Minor::try_from(self.chance.between(900, 1_000)).unwrap_or(1_000);
        let keeps = how == Correction::Credited || self.chance.percent(50);
        let amount = if keeps { wrong.amount } else { wrong.amount.saturating_mul(change) / 1_000 };
        let day = wrong.day.saturating_add(self.chance.days(2, 15));
        let corrects = Some((place, how));
        self.push(Draft { day, amount: amount.max(1), variant, corrects, ..wrong });
    }

    /// The same day of every month of both years, or the month's last where it has no such day.
    fn months(on: i32) -> Vec<(i32, i32)> {
        let day_of = |month: i32| {
            let (year, of_year) = (2025_i32.saturating_add(month / 12), month % 12);
            let of_year = u32::try_from(of_year).ok()?.saturating_add(1);
            let on = u32::try_from(on).ok()?.saturating_add(1);
            let date = (on.saturating_sub(3)..=on)
                .rev()
                .find_map(|day| Date::from_ymd(year, of_year, day))?;
            Some((month, date.day_number()))
        };
        (0..23).filter_map(day_of).collect()
    }

    fn subscription(&mut self) {
        let (mut amount, on) = (self.amount(), self.chance.days(0, 30));
        let contract = format!("CT-{}", self.chance.digits(4));
        let order = if self.chance.percent(40) { self.next_order() } else { String::new() };
        let (names_period, early) = (self.chance.percent(50), self.chance.percent(30));
        for (month, day) in Self::months(on) {
            if month == 12 {
                amount = amount.saturating_mul(103) / 100;
            }
            let shift = if early { self.chance.days(0, 2) } else { 0 };
            let period = if names_period { month } else { 0 };
            let lines = self.worded(format!("subscription;{period};{amount}"));
            let draft = Draft {
                day: day.saturating_add(shift).min(LAST_DAY),
                amount,
                order: order.clone(),
                contract: contract.clone(),
                lines,
                variant: "subscription",
                ..Draft::default()
            };
            if day <= LAST_DAY {
                self.push(draft);
            }
        }
    }

    fn weekly(&mut self) {
        let amount = self.amount();
        let lines = self.worded(format!("cleaning;1;{amount}"));
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 200));
        for _ in 0..self.chance.between(20, 60) {
            if day <= LAST_DAY {
                let lines = lines.clone();
                self.push(Draft { day, amount, lines, variant: "weekly", ..Draft::default() });
            }
            day = day.saturating_add(7);
        }
    }

    fn framework(&mut self) {
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 30));
        let mut order = self.next_order();
        let mut year = 0;
        while day <= LAST_DAY {
            if day.saturating_sub(FIRST_DAY) / 365 != year {
                year = day.saturating_sub(FIRST_DAY) / 365;
                order = self.next_order();
            }
            let draft = Draft {
                day,
                amount: self.amount(),
                order: order.clone(),
                despatch: self.despatch(),
                lines: self.goods(),
                variant: "framework",
                ..Draft::default()
            };
            self.push(draft);
            day = day.saturating_add(self.gap(day, 3, 24));
        }
    }

    fn project(&mut self) {
        let plans: [&[Minor]; 4] =
            [&[50, 25, 25], &[30, 40, 30], &[25, 25, 25, 25], &[40, 30, 20, 10]];
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 120));
        while day <= LAST_DAY {
            let whole = self.amount().saturating_mul(4);
            let (order, number) = (self.next_order(), self.chance.between(100, 99_999));
            let contract = format!("PRJ{number}");
            for (part, share) in (1_u32..).zip(self.chance.one_of(&plans).iter().copied()) {
                let lines = self.worded(format!("instalment {part};{number};{share}"));
                let draft = Draft {
                    day,
                    amount: whole.saturating_mul(share) / 100,
                    order: order.clone(),
                    order_amount: self.paper.order_amounts.then_some(whole),
                    contract: contract.clone(),
                    lines,
                    project: Some(number),
                    variant: "instalment",
                    ..Draft::default()
                };
                if day <= LAST_DAY {
                    self.push(draft);
                }
                day = day.saturating_add(self.chance.days(14, 60));
            }
            day = day.saturating_add(self.chance.days(10, 90));
        }
    }

    fn daily(&mut self) {
        let base = self.amount();
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 300));
        for _ in 0..self.chance.between(30, 90) {
            for _ in 0..self.chance.one_of(&[1, 1, 1, 1, 2]) {
                let per_mille = Minor::try_from(self.chance.between(990, 1_010)).unwrap_or(1_000);
                let same = self.chance.percent(30);
                let draft = Draft {
                    day,
                    amount: if same { base } else { base.saturating_mul(per_mille) / 1_000 },
                    despatch: self.new_despatch(),
                    lines: self.goods(),
                    variant: "daily",
                    ..Draft::default()
                };
                if day <= LAST_DAY {
                    self.push(draft);
                }
            }
            day = day.saturating_add(self.chance.days(1, 3));
        }
    }

    fn fees(&mut self) {
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 90));
        while day <= LAST_DAY {
            let amount = self.chance.one_of(&[250_000, 500_000, 500_000, 750_000, 1_000_000]);
            let lines = self.worded(format!("advice;1;{amount}"));
            self.push(Draft { day, amount, lines, variant: "fee", ..Draft::default() });
            day = day.saturating_add(self.gap(day, 7, 35));
        }
    }

    fn lease(&mut self) {
        let (amount, on) = (self.amount(), self.chance.days(0, 27));
        let contracts: Vec<String> =
            (0..self.chance.between(2, 4)).map(|_| format!("L{}", self.chance.digits(6))).collect();
        for (_, day) in Self::months(on).into_iter().filter(|(_, day)| *day <= LAST_DAY) {
            for contract in &contracts {
                let lines = self.worded(format!("lease;{contract};{amount}"));
                let contract = contract.clone();
                let variant = "lease";
                self.push(Draft { day, amount, contract, lines, variant, ..Draft::default() });
            }
        }
    }

    fn catalogue(&mut self) {
        let mut day = FIRST_DAY.saturating_add(self.chance.days(0, 60));
        while day <= LAST_DAY {
            let price = self.chance.one_of(&self.paper.catalogue).max(10_000);
            let many = self.chance.one_of(&[1, 1, 1, 2, 3]);
            let lines = self.worded(format!("box;{many};{price}"));
            let draft = Draft {
                day,
                amount: price.saturating_mul(many),
                order: self.order(),
                despatch: self.despatch(),
                lines,
                variant: "catalogue",
                ..Draft::default()
            };
            self.push(draft);
            day = day.saturating_add(self.gap(day, 2, 18));
        }
    }

    /// Some pay a little later than agreed, and some agree on another term.
    fn renegotiate(&mut self) {
        let weekends = self.chance.percent(20);
        let from =
            self.chance.percent(2).then(|| FIRST_DAY.saturating_add(self.chance.days(200, 500)));
        let more = self.chance.one_of(&[15, 15, 30]);
        for draft in &mut self.drafts {
            if weekends {
                draft.terms = draft.terms.saturating_add(self.chance.days(0, 2));
            }
            if from.is_some_and(|from| draft.day >= from) {
                draft.terms = draft.terms.saturating_add(more);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_those_that_they_are_said_to_be() {
        assert_eq!(Date::from_day_number(FIRST_DAY).unwrap().to_string(), "2025-01-01");
        assert_eq!(Date::from_day_number(LAST_DAY).unwrap().to_string(), "2026-11-20");
    }

    #[test]
    fn every_habit_gives_invoices_of_its_own_kind() {
        let paper = Paper {
            orders: 100,
            despatches: true,
            order_amounts: true,
            lines: true,
            catalogue: vec![12_100, 24_200],
        };
        for habit in HABITS {
            let mut chance = Chance::new(11);
            let drafts = Relation::new(&mut chance, &paper).trade(habit);
            assert!(drafts.len() >= 8, "{habit:?}");
            assert!(drafts.iter().all(|it| it.amount > 0 && !it.variant.is_empty()), "{habit:?}");
            let instalments = drafts.iter().filter(|it| it.variant == "instalment").count();
            assert_eq!(instalments > 0, habit == Habit::Project, "{habit:?}");
        }
    }
}
