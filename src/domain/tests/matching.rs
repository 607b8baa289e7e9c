//! What two invoices are to each other: each fraud is found, each honest look-alike is left alone.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::*;
use crate::domain::{Facts, Relation};
use crate::invoice::KeyKind;

/// The supplier's invoice 2026-0117 of the first of November.
fn invoice() -> Value {
    registration("INV-2026-0117", 121_000)
}

/// The same with other members: those of the core by their names, the others as they are.
fn changed(changes: &Value) -> Value {
    let mut data = invoice();
    for (name, value) in changes.as_object().unwrap() {
        let core = data["invoice"].get(name).is_some();
        if core {
            data["invoice"][name] = value.clone();
        } else {
            data[name] = value.clone();
        }
    }
    data["amount_due_minor"] = data["invoice"]["gross_minor"].clone();
    data
}

fn order(number: &str) -> Value {
    json!({"order": number})
}

fn line(byte: &str) -> String {
    byte.repeat(32)
}

/// What two invoices are to each other, as the registry finds it; the same from both sides.
fn relation(w: &mut World, first: &Value, second: &Value) -> Option<(Relation, Vec<KeyKind>)> {
    let one = w.registered(BANK, &changed(first));
    let other = w.registered(BANK, &changed(second));
    let found = |from, to| {
        let related = w.state.related(&w.receivable(from));
        let found = related.iter().find(|it| it.receivable.id == to);
        found.map(|it| (it.relation, it.keys.iter().collect::<Vec<_>>()))
    };
    let (there, back) = (found(one, other), found(other, one));
    assert_eq!(there, back, "{first} {second}");
    there
}

fn judged(first: &Value, second: &Value) -> Option<Relation> {
    relation(&mut World::new(), first, second).map(|(relation, _)| relation)
}

#[test]
fn a_number_that_was_dressed_up_is_found() {
    for number in [
        "INV 2026 117",
        "inv-2026-117",
        "2026-0117",
        "0117",
        "FACT-2026-0117-A",
        "INV-2026-0117-1",
        "INV-2026-0117/2",
        "INV-2026-0117 COPY",
        "INV-2026-0117BIS",
        "INV-2O26-0117",
        "INV-2026-01I7",
        "lNV-2026-0117",
        "INV-2025-0117",
        "INV-2026-00117",
        "INV-2026-0171",
        "INV-2026-0118",
        "X/9",
    ] {
        let same_day = judged(&json!({}), &json!({"number": number}));
        assert!(same_day.is_some_and(|it| it <= Relation::Altered), "{number}");
    }
    // With another amount, or at another date, where the number is still the same one.
    for number in [
        "INV 2026 0117",
        "2026-0117",
        "2026-0117-A",
        "INV-2026-0117-1",
        "INV-2026-0117 COPY",
        "INV-2O26-0117",
        "INV-2026-01I7",
        "lNV-2026-0117",
        "INV-2026-00117",
    ] {
        for change in [
            json!({"gross_minor": 123_000}),
            json!({"issue_date": "2026-11-20", "due_date": "2026-12-20"}),
            json!({"issue_date": "2027-01-20", "due_date": "2027-02-20"}),
        ] {
            let core = with(json!({"number": number}), &change);
            let found = judged(&json!({}), &core);
            assert!(found.is_some_and(|it| it <= Relation::Suspected), "{core}");
        }
    }
}

#[test]
fn an_amount_a_date_or_a_currency_that_was_altered_is_found() {
    for change in [
        json!({"gross_minor": 122_000}),
        json!({"gross_minor": 1_210_000}),
        json!({"gross_minor": 122_000, "issue_date": "2026-11-20", "due_date": null}),
        json!({"issue_date": "2026-11-15", "due_date": "2026-12-15"}),
        json!({"issue_date": "2027-02-15", "due_date": "2027-03-15"}),
        json!({"due_date": "2027-01-31"}),
        json!({"currency": "USD", "gross_minor": 133_000}),
        json!({"currency": "USD", "gross_minor": 133_000, "issue_date": "2026-11-09"}),
    ] {
        let found = judged(&json!({}), &change);
        assert!(found.is_some_and(|it| it <= Relation::Suspected), "{change}");
    }
}

#[test]
fn goods_that_are_invoiced_twice_are_found() {
    let despatch = json!({"despatch": "D-881", "order": "PO-4411"});
    for (first, second) in [
        // The same despatch under a new number: a little more, later, under another order, in another currency.
        (
            despatch.clone(),
            json!({"number": "INV-2026-0163", "gross_minor": 124_500, "issue_date": "2026-11-14", "references": despatch}),
        ),
        (
            despatch.clone(),
            json!({"number": "INV-2026-0163", "references": {"despatch": "D-881", "order": "PO-9"}}),
        ),
        (
            despatch.clone(),
            json!({"number": "INV-2026-0163", "currency": "USD", "gross_minor": 133_000, "references": despatch}),
        ),
        // The same order on the same day; on another day it may be the rest of it.
        (
            order("PO-4411"),
            json!({"number": "INV-2026-0163", "gross_minor": 122_900, "references": order("po 4411")}),
        ),
    ] {
        let found = judged(&json!({"references": first}), &second);
        assert!(found.is_some_and(|it| it <= Relation::Suspected), "{second}");
    }
    let lines = json!([line("0a"), line("0b")]);
    let again = json!({"number": "INV-2026-0163", "issue_date": "2026-11-03", "lines": lines});
    assert_eq!(judged(&json!({"lines": lines}), &again), Some(Relation::Suspected));
    // A part of it under the same number with a letter.
    let part = json!({"number": "INV-2026-0117-A", "gross_minor": 60_500});
    assert_eq!(judged(&json!({}), &part), Some(Relation::Suspected));
    // The same file.
    let file = json!({"documents": [line("cd")]});
    let other = with(file.clone(), &json!({"number": "9", "gross_minor": 7, "buyer": RIVAL.party}));
    assert_eq!(judged(&file, &other), Some(Relation::Altered));
}

#[test]
fn a_seller_that_became_two_is_found() {
    let account = json!({"payee_account": line("ee")});
    let sister = with(account.clone(), &json!({"seller": RIVAL.party}));
    for (first, second) in [
        (account.clone(), sister.clone()),
        (account.clone(), with(sister.clone(), &json!({"number": "2026-0117"}))),
        // By another account, for the same order.
        (
            json!({"references": order("PO-7")}),
            json!({"seller": RIVAL.party, "number": "88", "references": order("PO-7")}),
        ),
        // Under an id that nothing links.
        (json!({}), json!({"seller": SUPPLIER_VAT})),
    ] {
        let found = judged(&first, &second);
        assert_eq!(found, Some(Relation::Suspected), "{second}");
    }
}

#[test]
fn a_correction_counts_as_the_same_while_the_invoice_stands_that_it_replaces() {
    let correction = json!({
        "number": "INV-2026-0140", "issue_date": "2026-11-12", "references": {"preceding": ["INV-2026-0117"]},
    });
    let mut w = World::new();
    let (found, keys) = relation(&mut w, &json!({}), &correction).unwrap();
    assert_eq!(found, Relation::Suspected);
    assert!(keys.contains(&KeyKind::Predecessor));
    let first = w.state.receivable(0).unwrap().id;
    super::rejections::cancel(&mut w, first).unwrap();
    let related = w.state.related(&w.state.receivable(1).unwrap());
    assert_eq!(related[0].relation, Relation::Related);
    assert_eq!(related[0].reasons()[0].code, "related");
    // A final invoice names those of the advances.
    let last = with(correction, &json!({"gross_minor": 500_000}));
    assert_eq!(judged(&json!({}), &last), Some(Relation::Related));
}

#[test]
fn a_credit_note_and_its_reinvoice_are_related() {
    let mut w = World::new();
    let first = w.registered(SUPPLIER, &changed(&json!({"references": order("PO-7")})));
    super::rejections::credit(&mut w, first, "CN-1", 121_000).unwrap();
    let again =
        json!({"number": "INV-2026-0131", "issue_date": "2026-11-09", "references": order("PO-7")});
    let again = w.registered(SUPPLIER, &changed(&again));
    let related = w.state.related(&w.receivable(again));
    assert_eq!(related.iter().map(|it| it.relation).collect::<Vec<_>>(), [Relation::Related]);
}

/// Honest look-alikes: a pair, and whether the two are of one order.
#[test]
#[expect(clippy::too_many_lines, reason = "a line or two for each look-alike, all in one table")]
fn honest_look_alikes_are_left_alone() {
    let lines = json!([line("0a"), line("0b")]);
    let other_lines = json!([line("0c")]);
    let contract = |number: &str| json!({"contract": number});
    let delivery = |number: &str| json!({"order": "PO-7", "despatch": number});
    for (what, first, second, same_order) in [
        (
            "a subscription",
            json!({"lines": lines}),
            json!({"number": "INV-2026-0217", "issue_date": "2026-12-01", "due_date": "2027-01-01", "lines": lines}),
            false,
        ),
        (
            "one under an order",
            json!({"lines": lines, "references": order("PO-7")}),
            json!({"number": "INV-2026-0217", "issue_date": "2026-12-01", "due_date": "2027-01-01", "lines": lines, "references": order("PO-7")}),
            true,
        ),
        (
            "a weekly one",
            json!({"lines": lines}),
            json!({"number": "INV-2026-0125", "issue_date": "2026-11-08", "lines": lines}),
            false,
        ),
        (
            "a numbering by month",
            json!({"number": "26/11-003"}),
            json!({"number": "26/12-003", "issue_date": "2026-12-01", "due_date": null}),
            false,
        ),
        (
            "a numbering by year",
            json!({"number": "17"}),
            json!({"number": "17", "issue_date": "2025-11-01", "due_date": null}),
            false,
        ),
        (
            "a numbering by branch",
            json!({"number": "AMS-26-00017"}),
            json!({"number": "RTM-26-00017", "gross_minor": 119_900, "issue_date": "2026-11-04"}),
            false,
        ),
        (
            "a numbering by customer",
            json!({"number": "K1042-7"}),
            json!({"number": "K1043-7", "buyer": RIVAL.party}),
            false,
        ),
        (
            "two orders of one day",
            json!({"references": order("PO-7"), "lines": lines}),
            json!({"number": "INV-2026-0118", "references": order("PO-8"), "lines": lines}),
            false,
        ),
        (
            "two contracts",
            json!({"references": contract("C-1")}),
            json!({"number": "INV-2026-0118", "references": contract("C-2")}),
            false,
        ),
        (
            "goods ordered again",
            json!({"references": order("PO-7"), "lines": lines}),
            json!({"number": "INV-2026-0119", "issue_date": "2026-11-05", "references": order("PO-9"), "lines": lines}),
            false,
        ),
        (
            "two deliveries",
            json!({"references": delivery("D-1")}),
            json!({"number": "INV-2026-0118", "references": delivery("D-2")}),
            true,
        ),
        (
            "parts of one order",
            json!({"references": order("PO-7")}),
            json!({"number": "INV-2026-0118", "gross_minor": 70_000, "references": order("PO-7")}),
            true,
        ),
        (
            "instalments",
            json!({"number": "2026-118-1", "references": order("PO-7")}),
            json!({"number": "2026-118-2", "issue_date": "2026-11-20", "due_date": "2026-12-31", "references": order("PO-7")}),
            true,
        ),
        (
            "a fee",
            json!({}),
            json!({"number": "INV-2026-0131", "issue_date": "2026-11-12", "due_date": "2026-12-12"}),
            false,
        ),
        (
            "an order that is a word",
            json!({"references": order("phone")}),
            json!({"number": "INV-2026-0131", "issue_date": "2026-11-12", "references": order("phone")}),
            false,
        ),
        (
            "an order number of another buyer",
            json!({"references": order("118")}),
            json!({"number": "INV-2026-0118", "buyer": RIVAL.party, "references": order("118")}),
            false,
        ),
        (
            "other lines",
            json!({"lines": lines}),
            json!({"number": "INV-2026-0118", "lines": other_lines}),
            false,
        ),
        (
            "sisters with one account",
            json!({"payee_account": line("ee")}),
            json!({"seller": RIVAL.party, "number": "7", "payee_account": line("ee")}),
            false,
        ),
        (
            "a delivery of the same day, nearly as large",
            json!({}),
            json!({"number": "INV-2026-0118", "gross_minor": 120_300}),
            false,
        ),
    ] {
        let expected = same_order.then_some(Relation::Related);
        assert_eq!(judged(&first, &second), expected, "{what}");
    }
}

#[test]
fn an_order_that_serves_many_deliveries_makes_no_two_of_them_one() {
    let mut w = World::new();
    let frame =
        json!({"references": order("PO-7"), "gross_minor": 300_000, "number": "INV-2026-0100"});
    w.registered(SUPPLIER, &changed(&frame));
    let second = json!({"number": "INV-2026-0163", "gross_minor": 122_000, "issue_date": "2026-11-12", "references": order("PO-7")});
    let found = relation(&mut w, &json!({"references": order("PO-7")}), &second).unwrap();
    assert_eq!(found.0, Relation::Related);
}

#[test]
fn an_invoice_that_is_not_registered_is_matched_as_if_it_were() {
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &invoice());
    let facts = |data: &Value| {
        serde_json::from_value::<crate::statement::InvoiceRegistered>(data.clone()).unwrap()
    };
    let (same, copy) = (facts(&invoice()), facts(&changed(&json!({"number": "2026-117"}))));
    let looked = w.state.look(&Facts::stated(&w.state, &same), true);
    assert_eq!(
        (looked.related[0].receivable.id, looked.related[0].relation),
        (id, Relation::Identical)
    );
    assert!(w.state.look(&Facts::stated(&w.state, &same), false).related.is_empty());
    let looked = w.state.look(&Facts::stated(&w.state, &copy), true);
    assert_eq!((looked.candidates, looked.related[0].relation), (1, Relation::Altered));
    let codes: Vec<_> = looked.related[0].reasons().into_iter().map(|it| it.code).collect();
    assert_eq!(codes, ["altered", "same_amount_and_date", "dressed_number", "other_number"]);
}

#[test]
fn a_seller_with_very_many_equal_invoices_makes_no_look_long() {
    let mut w = World::new();
    for n in 0..400 {
        let data = changed(&json!({
            "number": format!("{n}"), "references": {"order": "PO-7", "despatch": format!("D-{n}")},
            "payee_account": line("ee"), "lines": [line("0a"), line("0b"), line("0c")],
        }));
        w.registered(SUPPLIER, &data);
    }
    let data = changed(&json!({
        "number": "123", "gross_minor": 121_001, "references": {"order": "PO-7", "despatch": "D-123"},
        "payee_account": line("ee"), "lines": [line("0a"), line("0b"), line("0c")],
    }));
    let id = w.registered(SUPPLIER, &data);
    let looked = w.state.look(&Facts::of(&w.receivable(id)), false);
    assert!(looked.candidates <= 260, "{}", looked.candidates);
    let same = looked.related.iter().find(|it| it.receivable.core.number.as_str() == "123");
    assert_eq!(same.map(|it| it.relation), Some(Relation::Altered));
}

#[test]
fn a_log_of_version_1_knows_no_near_misses() {
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 1}))).unwrap();
    w.admit(BANK, &json!(["financier"])).unwrap();
    let one = w.registered(BANK, &invoice());
    let other =
        w.registered(BANK, &changed(&json!({"number": "2026-117", "gross_minor": 123_000})));
    assert!(w.state.related(&w.receivable(one)).is_empty());
    let same = w.registered(BANK, &changed(&json!({"gross_minor": 122_000})));
    let related = w.state.related(&w.receivable(same));
    assert_eq!(related.iter().map(|it| it.receivable.id).collect::<Vec<_>>(), [one]);
    assert_eq!(related[0].keys.iter().collect::<Vec<_>>(), [KeyKind::SellerNumber]);
    let lines = changed(&json!({"number": "8", "lines": [line("0a")]}));
    assert_eq!(code(w.say(BANK, "invoice.registered.v1", &lines)), "rules_too_old");
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 2})).unwrap();
    let related = w.state.related(&w.receivable(other));
    assert_eq!(related.len(), 2, "what was registered before is found by the rules in force");
}

#[test]
fn lists_of_lines_have_one_form() {
    let mut w = World::new();
    let unsorted = changed(&json!({"lines": [line("0b"), line("0a")]}));
    assert_eq!(code(w.say(SUPPLIER, "invoice.registered.v1", &unsorted)), "list_malformed");
    let many: Vec<String> = (0..65).map(|n| format!("{n:064x}")).collect();
    let many = changed(&json!({"lines": many}));
    assert_eq!(code(w.say(SUPPLIER, "invoice.registered.v1", &many)), "list_malformed");
    let nothing = changed(&json!({"order_amount_minor": 0}));
    assert_eq!(code(w.say(SUPPLIER, "invoice.registered.v1", &nothing)), "amount_invalid");
    // Two lines may be alike.
    let twice = changed(&json!({"lines": [line("0a"), line("0a")], "order_amount_minor": 9}));
    w.registered(SUPPLIER, &twice);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_judge_is_the_same_from_both_sides(
        picks in prop::collection::vec((0_usize..5, 0_i64..6, 0_usize..6, 0_u8..4, 0_u8..3, 0_u8..3, 0_u8..4, 0_u8..3), 2..7),
    ) {
        let mut w = World::new();
        let numbers = ["INV-2026-0117", "2026-117", "INV-2026-0117-1", "INV-2025-0117", "99"];
        let mut ids = Vec::new();
        for (number, amount, date, parties, order, despatch, lines, named) in picks {
            let dates = ["2025-12-20", "2026-11-01", "2026-11-02", "2026-11-08", "2026-12-01", "2027-01-30"];
            let mut references = json!({});
            if order > 0 {
                references["order"] = json!(["phone", "PO-7"][usize::from(order) - 1]);
            }
            if despatch > 0 {
                references["despatch"] = json!(format!("D-{despatch}"));
            }
            if named == 1 {
                references["preceding"] = json!(["INV-2026-0117"]);
            }
            let mut change = json!({
                "number": numbers[number], "gross_minor": 120_000 + amount * 900, "issue_date": dates[date],
                "due_date": null, "references": references,
            });
            if parties & 1 == 1 {
                change["seller"] = json!(RIVAL.party);
            }
            if parties & 2 == 2 {
                change["buyer"] = json!(STRANGER.party);
            }
            if lines > 0 {
                let from = usize::from(lines);
                change["lines"] = json!((from..from + 3).map(|n| format!("{n:064x}")).collect::<Vec<_>>());
            }
            if named == 2 {
                change["payee_account"] = json!(line("ee"));
            }
            ids.push(w.registered(BANK, &changed(&change)));
        }
        for id in &ids {
            for related in w.state.related(&w.receivable(*id)) {
                prop_assert_ne!(related.relation, Relation::Identical);
                let back = w.state.related(&related.receivable);
                let back = back.iter().find(|it| it.receivable.id == *id);
                prop_assert_eq!(back.map(|it| (it.relation, it.keys)), Some((related.relation, related.keys)));
            }
            prop_assert!(w.state.related(&w.receivable(*id)).iter().all(|it| it.receivable.id != *id));
        }
    }
}
