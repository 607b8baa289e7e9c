//! What version 3 of the rules added to detection: copies brought to the same financier, cancelled invoices that come
//! back, trade that only looks like a circle, payments that hurt nobody, pledges with very many conflicts.

use serde_json::{Value, json};

use super::world::*;
use crate::domain::{About, AlertCode, CheckVerdict, Effect, Place, Relation, Would};
use crate::invoice::KeyKind;
use crate::types::InvoiceId;

/// An invoice of the supplier with another number than the first, and all else the same.
fn copy(number: &str) -> Value {
    registration(number, 100)
}

fn place(w: &World, who: Actor, nth: usize) -> (InvoiceId, Place) {
    match w.alerts(who)[nth].about {
        About::Invoice { row, place } => (w.state.receivable(row).unwrap().id, place),
        About::Mandate(_) | About::Request(_) | About::Blanket { .. } => panic!("about no invoice"),
    }
}

fn release(w: &mut World, who: Actor, financing: crate::types::StatementId) {
    w.say(who, "financing.released.v1", &json!({"financing": financing})).unwrap();
}

#[test]
fn a_copy_that_is_brought_to_the_same_financier_is_told_to_it_and_is_no_conflict() {
    let mut w = World::new();
    let first = w.invoice("INV-1", 100);
    w.finance(BANK, &[(first, 100)]);
    w.pass(HOUR);
    let second = w.registered(SUPPLIER, &copy("INV-1A"));
    let before = w.told(BANK).len();
    let checked = w.check(BANK, &copy("INV-1A"), None);
    assert_eq!((checked.verdict, checked.would), (CheckVerdict::Altered, Would::Fit));
    assert!(checked.findings[0].own && checked.findings[0].fits && !checked.is_clear());
    let words = checked.words();
    assert!(words.starts_with("you hold a claim on this invoice") && !words.contains("rank"));
    let outcome = w.try_finance(BANK, &[(second, 100)]);
    let finding = only(&outcome);
    assert_eq!(
        (finding.relation, finding.effect, finding.rank),
        (Relation::Altered, Effect::Own, 1)
    );
    assert!(finding.keys.contains(KeyKind::NumberSkeleton));
    assert_eq!(w.told(BANK)[before..], [AlertCode::OwnCopy]);
    let (on, at) = place(&w, BANK, before);
    assert_eq!((on, at.relation), (first, Some(Relation::Altered)));
    assert_eq!(at.other, w.state.receivable_by_id(&second).map(|(row, _)| row));
    assert_eq!(w.cases().len(), 0, "one financier alone is in no conflict");
    // What the claims come to as they stand says so too.
    let standing = w.check(BANK, &copy("INV-1A"), None);
    assert_eq!((standing.verdict, standing.would), (CheckVerdict::Altered, Would::Fit));
    assert!(standing.findings[0].own && standing.own.len() == 1);
    // Another financier learns of a claim of another, as ever.
    let rival = w.try_finance(FACTOR, &[(second, 10)]);
    assert!(is_refused(&rival));
}

#[test]
fn who_reserves_a_copy_is_told_once() {
    let mut w = World::new();
    let (first, second) = (w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A")));
    w.finance(BANK, &[(first, 100)]);
    let reserved = w.reserve(BANK, &[(second, 100)], 5);
    assert_eq!(only(&reserved).effect, Effect::Own);
    let taken_over = with(recording(&[(second, 100)]), &json!({"reservation": w.last}));
    let outcome = w.say(BANK, "financing.recorded.v1", &taken_over).unwrap();
    assert_eq!(only(&outcome).effect, Effect::Own, "the receipt says it each time");
    assert_eq!(w.told(BANK), [AlertCode::OwnCopy]);
}

#[test]
fn the_copies_of_one_bordereau_are_told_to_the_one_who_takes_it() {
    let mut w = World::new();
    let ids = [w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A"))];
    let outcome = w.try_finance(BANK, &ids.map(|id| (id, 100)));
    assert_eq!((only(&outcome).item, only(&outcome).effect), (1, Effect::Own));
    assert_eq!(w.told(BANK), [AlertCode::OwnCopy]);
}

#[test]
fn what_is_no_copy_is_not_told_as_one() {
    let mut w = World::new();
    let first = w.invoice("INV-1", 100);
    w.finance(BANK, &[(first, 40)]);
    // More of the same invoice, and a correction that names it.
    assert!(is_free(&w.try_finance(BANK, &[(first, 40)])));
    let named = with(copy("INV-1A"), &json!({"references": {"preceding": ["INV-1"]}}));
    let named = w.registered(SUPPLIER, &named);
    assert!(is_free(&w.try_finance(BANK, &[(named, 100)])));
    assert_eq!(w.told(BANK), [AlertCode::SuccessorRegistered]);
    // A copy on which its claim has ended.
    let mut w = World::new();
    let (first, second) = (w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A")));
    w.finance(BANK, &[(first, 100)]);
    let financing = w.last;
    release(&mut w, BANK, financing);
    assert!(is_free(&w.try_finance(BANK, &[(second, 100)])));
    // Under older rules.
    let mut w = World::under(2);
    let (first, second) = (w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A")));
    w.finance(BANK, &[(first, 100)]);
    assert!(is_free(&w.try_finance(BANK, &[(second, 100)])));
    assert!(w.told(BANK).is_empty());
}

#[test]
fn whoever_comes_to_hold_a_copy_by_a_transfer_or_a_link_is_told() {
    let mut w = World::new();
    let (first, second) = (w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A")));
    w.finance(FACTOR, &[(second, 100)]);
    w.finance(BANK, &[(first, 100)]);
    let data = json!({"financing": w.last, "to": FACTOR.party});
    w.say(BANK, "financing.transferred.v1", &data).unwrap();
    assert_eq!(w.told(FACTOR).iter().filter(|code| **code == AlertCode::OwnCopy).count(), 1);
    // Two party ids that turn out to be one seller.
    let mut w = World::new();
    let first = w.invoice("INV-1", 100);
    let under_vat = altered(copy("INV-1"), &json!({"seller": SUPPLIER_VAT}));
    let second = w.registered(BANK, &under_vat);
    w.finance(BANK, &[(first, 60), (second, 60)]);
    assert!(w.told(BANK).is_empty());
    let link = json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT});
    w.say(OPERATOR, "party.linked.v1", &link).unwrap();
    assert_eq!(w.told(BANK), [AlertCode::OwnCopy]);
    // Nothing that changes afterwards tells it again.
    w.registered(SUPPLIER, &under_vat);
    w.status(DEBTOR, second, "part_paid", &json!({"amount_minor": 50, "currency": "EUR"}));
    w.registered(BANK, &under_vat);
    assert_eq!(w.told(BANK).iter().filter(|code| **code == AlertCode::OwnCopy).count(), 1);
}

/// Ends the life of an invoice, in each way that there is.
fn end(w: &mut World, id: InvoiceId, how: usize) {
    match how {
        0 => drop(super::rejections::cancel(w, id).unwrap()),
        1 => drop(super::rejections::credit(w, id, "CN-1", 100).unwrap()),
        _ => drop(w.status(DEBTOR, id, "rejected_technical", &json!({}))),
    }
}

#[test]
fn a_cancelled_invoice_that_comes_back_under_another_number_is_the_same_while_a_claim_stands_on_it()
{
    for how in 0..3 {
        let mut w = World::new();
        let first = w.invoice("INV-1", 100);
        w.finance(BANK, &[(first, 100)]);
        let financing = w.last;
        end(&mut w, first, how);
        let told = w.told(BANK).len();
        let second = w.registered(SUPPLIER, &copy("INV-1A"));
        assert_eq!(w.told(BANK)[told..], [AlertCode::Revived], "{how}");
        assert_eq!(AlertCode::Revived.severity(), crate::domain::Severity::Alarm);
        let (on, at) = place(&w, BANK, told);
        assert_eq!((on, at.relation), (first, Some(Relation::Altered)));
        let refused = w.try_finance(FACTOR, &[(second, 100)]);
        assert!(is_refused(&refused), "{how}: {refused:?}");
        assert_eq!((only(&refused).relation, only(&refused).rank), (Relation::Altered, 2));
        let checked = w.check(FACTOR, &copy("INV-1A"), None);
        assert_eq!((checked.verdict, checked.would), (CheckVerdict::Altered, Would::Conflict));
        assert!(is_conflict(&w.finance(FACTOR, &[(second, 100)])));
        assert_eq!(w.told(BANK).last(), Some(&AlertCode::SecondClaim));
        assert_eq!(w.open_cases(), 1);
        // Once the first has let go, the way is free.
        release(&mut w, BANK, financing);
        assert_eq!(w.open_cases(), 0);
        let third = w.registered(SUPPLIER, &altered(copy("INV-1B"), &json!({"gross_minor": 101})));
        assert!(w.receivable(third).end.is_none());
    }
}

#[test]
fn who_let_go_of_a_cancelled_invoice_is_in_nobodys_way() {
    for rules in [2, 3] {
        let mut w = World::under(rules);
        let first = w.invoice("INV-1", 100);
        w.finance(BANK, &[(first, 100)]);
        let financing = w.last;
        end(&mut w, first, 0);
        if rules == 3 {
            release(&mut w, BANK, financing);
        }
        let told = w.told(BANK).len();
        let second = w.registered(SUPPLIER, &copy("INV-1A"));
        assert_eq!(w.told(BANK).len(), told, "rules {rules}");
        assert!(is_free(&w.try_finance(FACTOR, &[(second, 100)])), "rules {rules}");
    }
}

#[test]
fn a_reissue_to_the_same_financier_is_no_copy_and_one_that_names_the_first_is_told_as_a_successor()
{
    let mut w = World::new();
    let first = w.invoice("INV-1", 100);
    w.finance(BANK, &[(first, 100)]);
    end(&mut w, first, 0);
    let told = w.told(BANK).len();
    let named = with(copy("INV-1A"), &json!({"references": {"preceding": ["INV-1"]}}));
    let second = w.registered(SUPPLIER, &named);
    assert_eq!(w.told(BANK)[told..], [AlertCode::SuccessorRegistered]);
    assert!(is_free(&w.try_finance(BANK, &[(second, 100)])));
    assert!(!w.told(BANK).contains(&AlertCode::OwnCopy));
}

fn sale(seller: Actor, buyer: Actor, number: &str, day: u32, gross: i64) -> Value {
    let (issued, due) = (format!("2026-11-{day:02}"), format!("2026-12-{day:02}"));
    altered(
        registration(number, gross),
        &json!({
            "seller": seller.party, "buyer": buyer.party, "issue_date": issued, "due_date": due,
            "gross_minor": gross,
        }),
    )
}

#[test]
fn who_buys_and_sells_at_other_amounts_trades_in_no_circle() {
    let told =
        |w: &World| w.told(BANK).iter().filter(|it| **it == AlertCode::CircularTrade).count();
    for (gross, expected) in [(98_001, 1), (102_000, 1), (97_000, 0), (103_000, 0), (40_000, 0)] {
        let mut w = World::new();
        let id = w.registered(SUPPLIER, &sale(SUPPLIER, DEBTOR, "A-1", 1, 100_000));
        w.finance(BANK, &[(id, 100)]);
        w.registered(LENDER, &sale(DEBTOR, SUPPLIER, "B-1", 3, gross));
        assert_eq!(told(&w), expected, "{gross}");
        // Who claims in the ring hears of it at once.
        w.finance(FACTOR, &[(id, 100)]);
        assert_eq!(w.told(FACTOR).len(), expected, "{gross}");
    }
    // A trade of like amount counts, whatever was invoiced since.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &sale(SUPPLIER, DEBTOR, "A-1", 1, 100_000));
    w.finance(BANK, &[(id, 100)]);
    for (number, gross) in [("A-2", 31_000), ("A-3", 7_500)] {
        w.registered(SUPPLIER, &sale(SUPPLIER, DEBTOR, number, 9, gross));
    }
    w.registered(LENDER, &sale(DEBTOR, RIVAL, "B-1", 11, 99_500));
    w.registered(LENDER, &sale(DEBTOR, RIVAL, "B-2", 12, 55_000));
    w.registered(LENDER, &sale(RIVAL, SUPPLIER, "C-1", 13, 44_000));
    assert_eq!(told(&w), 0);
    w.registered(LENDER, &sale(RIVAL, SUPPLIER, "C-2", 14, 99_000));
    assert_eq!(told(&w), 1);
    w.registered(LENDER, &sale(RIVAL, SUPPLIER, "C-3", 15, 99_900));
    assert_eq!(told(&w), 1, "it was a ring already");
    // In another currency it is not the same money.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &sale(SUPPLIER, DEBTOR, "A-1", 1, 100_000));
    w.finance(BANK, &[(id, 100)]);
    let dollars = altered(sale(DEBTOR, SUPPLIER, "B-1", 3, 100_000), &json!({"currency": "USD"}));
    w.registered(LENDER, &dollars);
    assert_eq!(told(&w), 0);
    // Under older rules any trade back was a circle.
    let mut w = World::under(2);
    let id = w.registered(SUPPLIER, &sale(SUPPLIER, DEBTOR, "A-1", 1, 100_000));
    w.finance(BANK, &[(id, 100)]);
    w.registered(LENDER, &sale(DEBTOR, SUPPLIER, "B-1", 3, 40_000));
    assert_eq!(told(&w), 1);
}

#[test]
fn a_payment_on_an_invoice_that_several_share_hurts_none_of_them() {
    let pay = |w: &mut World, id: InvoiceId, minor: i64| {
        w.pass(1);
        let status = if minor == 100 { "paid" } else { "part_paid" };
        w.status(DEBTOR, id, status, &json!({"amount_minor": minor, "currency": "EUR"}));
    };
    for (rules, expected) in [(2, 1), (3, 0)] {
        let mut w = World::under(rules);
        let id = w.invoice("INV-1", 100);
        w.finance(BANK, &[(id, 60)]);
        w.finance(FACTOR, &[(id, 40)]);
        pay(&mut w, id, 50);
        pay(&mut w, id, 100);
        assert_eq!(w.cases().len(), expected, "rules {rules}");
    }
    // A credit note after it hurts where it leaves too little for both, whatever was paid; a payment that comes back does not.
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 30)]);
    w.finance(FACTOR, &[(id, 20)]);
    pay(&mut w, id, 100);
    super::rejections::credit(&mut w, id, "CN-1", 50).unwrap();
    assert_eq!(w.cases().len(), 0);
    w.pass(1);
    w.status(DEBTOR, id, "payment_reversed", &json!({"amount_minor": 100, "currency": "EUR"}));
    assert_eq!((w.open_minor(id), w.cases().len()), (50, 0));
    super::rejections::credit(&mut w, id, "CN-2", 1).unwrap();
    assert_eq!(w.open_cases(), 1);
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 60)]);
    w.finance(FACTOR, &[(id, 40)]);
    pay(&mut w, id, 50);
    super::rejections::credit(&mut w, id, "CN-1", 10).unwrap();
    assert_eq!(w.open_cases(), 1);
    // So does a payment where the other's claim is on a copy that nobody will pay.
    let mut w = World::new();
    let (first, second) = (w.invoice("INV-1", 100), w.registered(SUPPLIER, &copy("INV-1A")));
    w.finance(BANK, &[(first, 60)]);
    w.finance(FACTOR, &[(second, 40)]);
    assert_eq!(w.cases().len(), 0);
    pay(&mut w, first, 100);
    assert_eq!(w.open_cases(), 1);
    // And who comes third is in a conflict with both.
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 50)]);
    w.finance(FACTOR, &[(id, 40)]);
    pay(&mut w, id, 50);
    assert!(is_conflict(&w.finance(LENDER, &[(id, 10)])));
    assert_eq!(w.cases()[0].claims.len(), 3);
}

#[test]
fn the_end_of_a_pledge_clears_all_its_conflicts_a_step_with_each_record() {
    const MANY: usize = 1_203;
    let conflicts = |rules: u16| {
        let mut w = World::under(rules);
        w.say(BANK, "blanket.recorded.v1", &super::blankets::pledging()).unwrap();
        let blanket = w.last;
        let ids: Vec<InvoiceId> = (0..MANY)
            .map(|number| {
                let day = number % 28 + 1;
                let issued = format!("2026-{:02}-{day:02}", 1 + number % 7);
                let gross = 10_000 + i64::try_from(number).unwrap() * 397;
                let core = json!({"issue_date": issued, "gross_minor": gross});
                w.registered(SUPPLIER, &altered(registration(&format!("{number:05}"), 1), &core))
            })
            .collect();
        for some in ids.chunks(500) {
            let items: Vec<(InvoiceId, i64)> = some.iter().map(|id| (*id, 100)).collect();
            w.finance(FACTOR, &items);
        }
        assert_eq!(w.open_cases(), MANY);
        w.pass(1);
        w.say(BANK, "blanket.released.v1", &json!({"blanket": blanket})).unwrap();
        w
    };
    let mut w = conflicts(3);
    let cleared = |w: &World| {
        w.told(FACTOR).iter().filter(|code| **code == AlertCode::ConflictCleared).count()
    };
    assert_eq!((w.open_cases(), cleared(&w)), (MANY - 1_000, 1_000));
    assert_eq!(w.state.summary().clearing, [(0, 1_000)].into_iter().collect());
    w.pass(1);
    // Whoever makes the next record: those who are left are told, also where one of them makes it.
    w.say(FACTOR, "time.passed.v1", &json!({})).unwrap();
    assert_eq!((w.open_cases(), cleared(&w)), (0, MANY));
    assert!(w.state.summary().clearing.is_empty());
    assert!(w.told(BANK).iter().all(|code| *code != AlertCode::ConflictCleared));
    let mut w = conflicts(2);
    w.say(FACTOR, "time.passed.v1", &json!({})).unwrap();
    assert_eq!(w.open_cases(), MANY - 1_000, "until rules 3 what was left stayed");
}
