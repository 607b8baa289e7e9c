//! What a reader is told of a debtor's behaviour and a supplier's cash: worked out by hand, and only from what it sees.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::rejections::{credit, grant};
use super::world::*;
use crate::domain::{Basis, Behaviour, Forecast, Outlook, Pot, Side};
use crate::types::{Currency, Date, InvoiceId, Minor};

/// A supplier's invoices to a debtor, told day by day.
struct Ledger {
    world: World,
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

impl Ledger {
    /// A world in which the debtor's ledger may report what is long over.
    fn new() -> Self {
        Self { world: World::new() }
    }

    /// An invoice of a seller, a buyer, an issue date and a due date.
    fn invoice(&mut self, number: &str, gross: Minor, issued: &str, due: &str) -> InvoiceId {
        let core = json!({"issue_date": issued, "due_date": due});
        self.world.registered(SUPPLIER, &altered(registration(number, gross), &core))
    }

    /// What the ledger says at noon of a day.
    fn on(&mut self, day: &str, id: InvoiceId, status: &str, more: &Value) {
        let at = json!({"effective_at": format!("{day}T12:00:00Z")});
        self.world.status(DEBTOR, id, status, &with(at, more));
    }

    fn behaviour(&self, who: Actor) -> Option<Behaviour> {
        self.behaviour_on(who, self.world.now.date())
    }

    fn behaviour_on(&self, who: Actor, today: Date) -> Option<Behaviour> {
        let (state, now) = (&self.world.state, self.world.now);
        let sight = state.sight(self.world.row(who), &DEBTOR.id(), Side::Buyer, now)?;
        let mut behaviour = Behaviour::default();
        for row in state.rows_in_sight(&sight, 1_000) {
            let receivable = state.receivable(row).unwrap();
            let view = state.view_in_sight(&sight, &receivable, now);
            behaviour.observe(&receivable, &view.unwrap_or_default(), today);
        }
        Some(behaviour).filter(|it| it.invoices.observations > 0)
    }

    fn outlook(&self, who: Actor) -> Outlook {
        let (state, now) = (&self.world.state, self.world.now);
        let sight = state.sight(self.world.row(who), &SUPPLIER.id(), Side::Seller, now).unwrap();
        let mut forecast = Forecast::new(now.date());
        for row in state.rows_in_sight(&sight, 1_000) {
            let receivable = state.receivable(row).unwrap();
            let view = state.view_in_sight(&sight, &receivable, now).unwrap_or_default();
            forecast.observe(&receivable, &view, state.buyer_entity(&receivable));
        }
        forecast.finish()
    }
}

/// Six invoices of the first of March, due on the 31st; five paid, one promised and not paid.
fn spring() -> Ledger {
    let mut ledger = Ledger::new();
    let fates = [
        // Number, approved, paid: 4, 9, 9, 14, 30 days to approve; 24, 30, 34, 40, 61 to pay; −6, 0, 4, 10, 31 late.
        ("A-10", Some("2026-03-05"), Some("2026-03-25")),
        ("B-20", Some("2026-03-10"), Some("2026-03-31")),
        ("C-30", Some("2026-03-10"), Some("2026-04-04")),
        ("D-40", Some("2026-03-15"), Some("2026-04-10")),
        ("E-50", Some("2026-03-31"), Some("2026-05-01")),
        ("F-60", None, None),
    ];
    for (number, approved, paid) in fates {
        let id = ledger.invoice(number, 100_000, "2026-03-01", "2026-03-31");
        if let Some(approved) = approved {
            ledger.on(approved, id, "approved", &json!({}));
        }
        match paid {
            Some(paid) => ledger.on(paid, id, "paid", &json!({})),
            None => {
                ledger.on("2026-04-02", id, "payment_promised", &json!({"date": "2026-04-20"}));
            }
        }
    }
    ledger
}

#[test]
fn days_shares_and_periods_come_out_as_by_hand() {
    let ledger = spring();
    let behaviour = ledger.behaviour(DEBTOR).unwrap();
    let approve = &behaviour.days_to_approve;
    assert_eq!((approve.percentile(50), approve.percentile(90)), (Some(9), Some(30)));
    assert_eq!(approve.observed.observations, 5);
    assert_eq!(approve.observed.period, Some((day("2026-03-01"), day("2026-03-01"))));
    let pay = &behaviour.days_to_pay;
    assert_eq!((pay.percentile(50), pay.percentile(90)), (Some(34), Some(61)));
    let late = &behaviour.days_late;
    assert_eq!([25, 50, 75, 90].map(|p| late.percentile(p)), [0, 4, 10, 31].map(Some));
    // Of six, three were paid late and one is overdue.
    assert_eq!(behaviour.late.value(), Some((4, 6_667)));
    // Five told something of their process; none was disputed.
    assert_eq!(behaviour.disputed.value(), Some((0, 0)));
    assert_eq!(behaviour.credited.value(), Some((0, 0)));
    // One promise is over: too few for a share.
    assert_eq!(behaviour.broken_promises.observed.observations, 1);
    assert_eq!(behaviour.broken_promises.value(), None);
    assert_eq!(behaviour.days_to_resolve.mean(), None);
    // On the day itself it was neither overdue nor broken.
    let then = ledger.behaviour_on(DEBTOR, day("2026-03-31")).unwrap();
    assert_eq!(then.late.value(), Some((3, 6_000)));
    assert_eq!(then.broken_promises.observed.observations, 0);
}

#[test]
fn disputes_credits_and_broken_promises_come_out_as_by_hand() {
    let mut ledger = Ledger::new();
    for (number, days) in [("A-1", 2), ("B-22", 4), ("C-333", 6), ("D-4444", 8), ("E-55555", 11)] {
        let id = ledger.invoice(number, 100_000, "2026-03-01", "2026-03-31");
        ledger.on("2026-03-02", id, "queried", &json!({}));
        ledger.on(&format!("2026-03-{:02}", 2 + days), id, "booked", &json!({}));
        ledger.on("2026-03-20", id, "payment_promised", &json!({"date": "2026-04-10"}));
        let paid = if days < 6 { "2026-04-09" } else { "2026-04-11" };
        ledger.on(paid, id, "paid", &json!({}));
        if days > 6 {
            credit(&mut ledger.world, id, "CN", 12_345).unwrap();
        }
    }
    let refused = ledger.invoice("F-666666", 50_000, "2026-02-03", "2026-03-03");
    ledger.on("2026-02-05", refused, "refused", &json!({}));
    let cancelled = ledger.invoice("G-7777777", 50_000, "2026-02-01", "2026-03-03");
    ledger.on("2026-02-05", cancelled, "queried", &json!({}));
    let data = json!({"invoice": cancelled, "reason": "error"});
    ledger.world.say(SUPPLIER, "invoice.cancelled.v1", &data).unwrap();
    let behaviour = ledger.behaviour(SUPPLIER).unwrap();
    assert_eq!(behaviour.invoices.observations, 6, "not the cancelled one");
    assert_eq!(behaviour.disputed.value(), Some((6, 10_000)));
    // 2 + 4 + 6 + 8 + 11 = 31 days, a fifth of which is 6.2.
    assert_eq!(behaviour.days_to_resolve.mean(), Some(7));
    assert_eq!(behaviour.broken_promises.value(), Some((3, 6_000)));
    assert_eq!(behaviour.credited.value(), Some((2, 3_333)));
    let euro: Currency = "EUR".parse().unwrap();
    // 24,690 of 550,000.
    assert_eq!(behaviour.dilution[&euro].value(), Some((550_000, 24_690, 449)));
    let period = behaviour.invoices.period;
    assert_eq!(period, Some((day("2026-02-03"), day("2026-03-01"))));
}

#[test]
fn the_sellers_word_is_no_behaviour() {
    let mut ledger = Ledger::new();
    for number in ["A-1", "B-22", "C-333", "D-4444", "E-55555"] {
        let id = ledger.invoice(number, 100_000, "2026-03-01", "2026-03-31");
        ledger.world.status(SUPPLIER, id, "paid", &json!({}));
    }
    let behaviour = ledger.behaviour(OPERATOR).unwrap();
    assert_eq!(behaviour.days_to_pay.observed.observations, 0);
    assert_eq!(behaviour.late.observed.observations, 0);
    assert_eq!(behaviour.disputed.observed.observations, 0);
}

#[test]
fn each_measure_is_from_what_the_reader_may_see_and_from_nothing_else() {
    let mut ledger = spring();
    assert!(ledger.behaviour(BANK).is_none());
    grant(&mut ledger.world, BANK, &json!({"show": ["process"]})).unwrap();
    let seen = ledger.behaviour(BANK).unwrap();
    assert_eq!(seen.days_to_approve, ledger.behaviour(DEBTOR).unwrap().days_to_approve);
    assert_eq!(seen.disputed.observed.observations, 5);
    let none = Behaviour::default();
    assert_eq!((&seen.days_to_pay, &seen.late), (&none.days_to_pay, &none.late));
    assert_eq!((seen.broken_promises, seen.dilution), (none.broken_promises, none.dilution));
    grant(&mut ledger.world, FACTOR, &json!({"show": ["payment"]})).unwrap();
    let seen = ledger.behaviour(FACTOR).unwrap();
    assert_eq!(seen.days_to_pay, ledger.behaviour(DEBTOR).unwrap().days_to_pay);
    assert_eq!(seen.days_to_approve.observed.observations, 0);
    assert_eq!(seen.broken_promises.observed.observations, 0, "its day is an amount's companion");
    // A right on an invoice lets see neither.
    let id = ledger.invoice("Z-9", 100, "2026-03-01", "2026-03-31");
    ledger.on("2026-03-02", id, "approved", &json!({}));
    ledger.world.finance(LENDER, &[(id, 100)]);
    let seen = ledger.behaviour(LENDER).unwrap();
    assert_eq!(seen.invoices.observations, 1);
    assert_eq!(seen.days_to_approve.observed.observations, 0);
    // Another supplier sees nothing of what this one sold.
    assert!(ledger.behaviour(RIVAL).is_none());
}

#[test]
fn a_mandate_counts_while_it_is_in_force_and_within_its_scope() {
    let mut ledger = spring();
    let one = ledger.invoice("Z-9", 100, "2026-03-01", "2026-03-31");
    let named = json!({"scope": {"kind": "invoices", "invoices": [one]}, "show": ["payment"]});
    grant(&mut ledger.world, BANK, &named).unwrap();
    assert_eq!(ledger.behaviour(BANK).unwrap().invoices.observations, 1);
    let until = ledger.world.now.plus_millis(HOUR);
    let suppliers = json!({
        "scope": {"kind": "suppliers", "suppliers": [SUPPLIER.party]}, "show": ["process"], "until": until,
    });
    grant(&mut ledger.world, BANK, &suppliers).unwrap();
    assert_eq!(ledger.behaviour(BANK).unwrap().invoices.observations, 7);
    ledger.world.pass(HOUR);
    let seen = ledger.behaviour(BANK).unwrap();
    assert_eq!(seen.invoices.observations, 1, "the other is over");
    let others =
        json!({"scope": {"kind": "suppliers", "suppliers": [RIVAL.party]}, "show": ["process"]});
    grant(&mut ledger.world, FACTOR, &others).unwrap();
    assert!(ledger.behaviour(FACTOR).is_none());
}

/// The world's clock says Saturday, 21 November 2026: the present week is that of Monday 16th.
fn autumn() -> Ledger {
    let mut ledger = spring();
    let add = |ledger: &mut Ledger, number: &str, gross, due: &str| {
        ledger.invoice(number, gross, "2026-11-01", due)
    };
    // Expected with the median of −6, 0, 4, 10, 31 days: on 2 December (week 3); the band is 28 November to 8 December.
    add(&mut ledger, "P-1000", 1_000, "2026-11-28");
    // Promised for 27 November (week 2).
    let promised = add(&mut ledger, "Q-2000", 20_000, "2026-11-10");
    ledger.on("2026-11-12", promised, "payment_promised", &json!({"date": "2026-11-27"}));
    // Expected in the past: today (week 1); with 10 days late: 21 November as well.
    add(&mut ledger, "R-3000", 300_000, "2026-11-11");
    let queried = add(&mut ledger, "S-4000", 4_000_000, "2026-11-28");
    ledger.on("2026-11-05", queried, "queried", &json!({}));
    let refused = add(&mut ledger, "T-5000", 50_000_000, "2026-11-28");
    ledger.on("2026-11-05", refused, "refused", &json!({}));
    // Long after the last week.
    add(&mut ledger, "U-6000", 600_000_000, "2027-06-01");
    ledger
}

fn pot(invoices: u32, open_minor: Minor) -> Pot {
    Pot { invoices, open_minor }
}

#[test]
fn a_forecast_follows_its_rule_literally() {
    let mut ledger = autumn();
    let outlook = ledger.outlook(SUPPLIER);
    let [cash] = outlook.cash.as_slice() else { panic!("{outlook:?}") };
    let weeks: Vec<(Date, Pot)> =
        cash.weeks.iter().map(|week| (week.from, week.expected)).collect();
    assert_eq!(weeks[0], (day("2026-11-16"), pot(1, 300_000)));
    assert_eq!(weeks[1], (day("2026-11-23"), pot(1, 20_000)));
    assert_eq!(weeks[2], (day("2026-11-30"), pot(1, 1_000)));
    assert!(weeks[3..].iter().all(|(_, expected)| *expected == pot(0, 0)));
    assert_eq!((cash.weeks.len(), cash.weeks[12].to), (13, day("2027-02-14")));
    let by_end = |week: usize| {
        let week = &cash.weeks[week];
        (week.low_by_end_minor, week.expected_by_end_minor, week.high_by_end_minor)
    };
    assert_eq!(by_end(0), (300_000, 300_000, 300_000));
    assert_eq!(by_end(1), (320_000, 320_000, 321_000), "at the 25th percentile on 28 November");
    assert_eq!(by_end(2), (320_000, 321_000, 321_000));
    assert_eq!(by_end(3), (321_000, 321_000, 321_000), "at the 75th on 8 December");
    assert_eq!(cash.later, pot(1, 600_000_000));
    assert_eq!(cash.refused, pot(1, 50_000_000));
    assert_eq!(cash.undated, pot(1, 4_000_000), "no query of this debtor was ever resolved");
    assert_eq!(cash.broken_promises, pot(1, 100_000), "that of spring");
    assert_eq!(cash.founded_on[&Basis::Promise], pot(1, 20_000));
    assert_eq!(cash.founded_on[&Basis::Debtor], pot(3, 600_301_000));
    let [payer] = outlook.payers.as_slice() else { panic!("{outlook:?}") };
    assert_eq!((payer.open_invoices, payer.delay.observed.observations), (7, 5));
    // With five queries that took ten days each, the queried one is expected on 12 December: 28 November + 10 + 4.
    for number in ["V-1", "W-22", "X-333", "Y-4444", "Z-55555"] {
        let id = ledger.invoice(number, 1, "2026-01-01", "2026-01-31");
        ledger.on("2026-01-02", id, "queried", &json!({}));
        ledger.on("2026-01-12", id, "approved", &json!({}));
        credit(&mut ledger.world, id, "CN", 1).unwrap();
    }
    let outlook = ledger.outlook(SUPPLIER);
    let cash = &outlook.cash[0];
    assert_eq!(cash.undated, pot(0, 0));
    assert_eq!((cash.weeks[3].to, cash.weeks[3].expected), (day("2026-12-13"), pot(1, 4_000_000)));
}

#[test]
fn a_guarantee_is_a_promise() {
    let mut ledger = Ledger::new();
    let mut guaranteed = Vec::new();
    for number in ["A-1", "B-22", "C-333", "D-4444", "E-55555"] {
        let id = ledger.invoice(number, 1_000, "2026-11-01", "2026-11-20");
        let data = json!({
            "invoice": id, "amount_minor": 600, "currency": "EUR", "date": "2026-11-30",
        });
        ledger.world.say(DEBTOR, "invoice.guaranteed.v1", &data).unwrap();
        guaranteed.push(id);
    }
    let cash = ledger.outlook(SUPPLIER).cash.remove(0);
    assert_eq!(cash.founded_on[&Basis::Promise], pot(5, 5_000));
    assert_eq!(cash.weeks[2].expected, pot(5, 5_000));
    // Two are paid in time, one late, one in part but as much as was guaranteed, one not at all.
    ledger.world.pass(20 * DAY);
    ledger.on("2026-11-25", guaranteed[0], "paid", &json!({}));
    ledger.on("2026-11-30", guaranteed[1], "paid", &json!({}));
    ledger.on("2026-12-01", guaranteed[2], "paid", &json!({}));
    let part = json!({"amount_minor": 600, "currency": "EUR"});
    ledger.on("2026-11-28", guaranteed[3], "part_paid", &part);
    let behaviour = ledger.behaviour(SUPPLIER).unwrap();
    assert_eq!(behaviour.broken_promises.observed.observations, 4);
    let cash = ledger.outlook(SUPPLIER).cash.remove(0);
    assert_eq!(cash.broken_promises, pot(1, 1_000));
}

#[test]
fn with_too_few_payments_of_a_debtor_those_of_all_count_and_else_the_due_day() {
    let mut ledger = Ledger::new();
    let core = json!({"issue_date": "2026-11-01", "due_date": null, "buyer": RIVAL.party});
    ledger.world.registered(SUPPLIER, &altered(registration("N-1", 700), &core));
    let outlook = ledger.outlook(SUPPLIER);
    // Due 30 days after its issue, on 1 December.
    assert_eq!(outlook.cash[0].weeks[2].expected, pot(1, 700));
    assert_eq!(outlook.cash[0].founded_on[&Basis::DueDay], pot(1, 700));
    let mut ledger = spring();
    ledger.world.registered(SUPPLIER, &altered(registration("N-1", 700), &core));
    let outlook = ledger.outlook(SUPPLIER);
    assert_eq!(outlook.cash[0].founded_on[&Basis::AllDebtors], pot(1, 700));
    assert_eq!(outlook.cash[0].weeks[2].expected, pot(1, 700), "4 days later, on the 5th");
    assert_eq!(outlook.cash[0].weeks[3].low_by_end_minor, 700, "10 days later, on the 11th");
}

#[test]
fn a_forecast_needs_both_axes_and_the_amounts() {
    let mut ledger = autumn();
    grant(&mut ledger.world, BANK, &json!({"show": ["process", "payment"]})).unwrap();
    assert!(ledger.outlook(BANK).cash.is_empty());
    grant(&mut ledger.world, FACTOR, &json!({"show": ["process", "payment", "amounts"]})).unwrap();
    assert_eq!(ledger.outlook(FACTOR), ledger.outlook(SUPPLIER));
    assert!(ledger.outlook(RIVAL).cash.is_empty());
    // What a financier received is not taken off for who does not see its right.
    let id = ledger.invoice("Z-9", 1_000, "2026-11-02", "2026-11-30");
    ledger.world.finance(LENDER, &[(id, 1_000)]);
    let financing = ledger.world.last;
    let settled = json!({
        "financing": financing, "currency": "EUR", "invoices": [{"id": id, "received_minor": 1_000}],
    });
    let before = ledger.outlook(DEBTOR);
    ledger.world.say(LENDER, "financing.settled.v1", &settled).unwrap();
    assert_eq!(ledger.outlook(DEBTOR), before);
    assert_eq!(ledger.outlook(FACTOR), before);
    assert_ne!(ledger.outlook(SUPPLIER), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever happened, all that is open stands somewhere, once, and the band holds what is expected.
    #[test]
    fn every_open_amount_is_told_once_and_lies_within_its_band(
        fates in proptest::collection::vec((1_i64..1_000_000, 1_u32..28, 1_u32..28, 0_u8..6), 1..30),
    ) {
        let mut ledger = Ledger::new();
        for (number, (gross, issued, later, fate)) in fates.iter().enumerate() {
            let issue = format!("2026-10-{issued:02}");
            let due = format!("2026-{:02}-{later:02}", if issued % 2 == 0 { 11 } else { 12 });
            let id = ledger.invoice(&format!("N{number:04}X{gross}"), *gross, &issue, &due);
            let on = format!("2026-11-{:02}", later.min(&20));
            match fate {
                0 => ledger.on(&on, id, "paid", &json!({})),
                1 => ledger.on(&on, id, "queried", &json!({})),
                2 => ledger.on(&on, id, "refused", &json!({})),
                3 => ledger.on(&on, id, "payment_promised", &json!({"date": format!("2026-11-{later:02}")})),
                4 => {
                    let half = json!({"amount_minor": gross / 2 + 1, "currency": "EUR"});
                    ledger.on(&on, id, "part_paid", &half);
                }
                _ => {}
            }
        }
        let outlook = ledger.outlook(SUPPLIER);
        let open: Minor = (0..ledger.world.state.receivables_len())
            .map(|row| ledger.world.state.receivable(row).unwrap().open_minor())
            .sum();
        let mut told = 0;
        for cash in &outlook.cash {
            let in_weeks: Minor = cash.weeks.iter().map(|week| week.expected.open_minor).sum();
            let dated: Minor = cash.founded_on.values().map(|pot| pot.open_minor).sum();
            prop_assert_eq!(in_weeks + cash.later.open_minor, dated);
            told += dated + cash.undated.open_minor + cash.refused.open_minor + cash.broken_promises.open_minor;
            let mut before = (0, 0, 0);
            for week in &cash.weeks {
                let now = (week.low_by_end_minor, week.expected_by_end_minor, week.high_by_end_minor);
                prop_assert!(now.0 <= now.1 && now.1 <= now.2 && now.2 <= dated);
                prop_assert!(before.0 <= now.0 && before.1 <= now.1 && before.2 <= now.2);
                prop_assert_eq!(now.1 - before.1, week.expected.open_minor);
                before = now;
            }
        }
        prop_assert_eq!(told, open);
    }
}
