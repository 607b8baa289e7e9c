//! Nothing is visible by default, and what is silent stays silent.

use serde_json::{Value, json};

use super::rejections::{credit, grant};
use super::world::*;
use crate::domain::{Axis, View};
use crate::statement::Status;
use crate::types::InvoiceId;

const EVERYBODY: [Actor; 9] =
    [OPERATOR, SUPPLIER, DEBTOR, BANK, FACTOR, LENDER, PORTAL, AUDITOR, RIVAL];

/// An invoice that the supplier registered and the bank as well, which financed it; the factor was refused.
fn financed() -> (World, InvoiceId) {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.registered(BANK, &registration("1", 100));
    w.finance(BANK, &[(id, 100)]);
    w.try_finance(FACTOR, &[(id, 100)]);
    (w, id)
}

#[test]
fn who_sees_an_invoice_and_why() {
    let (w, id) = financed();
    let nobody = View::default();
    for who in EVERYBODY {
        let expected = match who {
            OPERATOR | AUDITOR => View { everything: true, ..nobody.clone() },
            SUPPLIER => View { seller: true, registrant: true, ..nobody.clone() },
            DEBTOR => View { buyer: true, ..nobody.clone() },
            BANK => View { registrant: true, holder: true, ..nobody.clone() },
            _ => nobody.clone(),
        };
        let view = w.view(who, id);
        assert_eq!(view, expected, "{who:?}");
        assert_eq!(view.any(), view != nobody, "{who:?}");
        assert_eq!(view.is_accounted(), !matches!(who, SUPPLIER | DEBTOR), "{who:?}");
    }
}

#[test]
fn axes_and_amounts_go_by_the_reason() {
    use Axis::{Document, Encumbrance, Payment, Process};
    let (mut w, id) = financed();
    for (who, axes, amounts) in [
        (OPERATOR, vec![Document, Process, Payment, Encumbrance], true),
        (SUPPLIER, vec![Document, Process, Payment, Encumbrance], true),
        (DEBTOR, vec![Document, Process, Payment], true),
        (BANK, vec![Document], false),
        (FACTOR, vec![], false),
    ] {
        let view = w.view(who, id);
        let seen: Vec<Axis> = [Document, Process, Payment, Encumbrance]
            .into_iter()
            .filter(|axis| view.sees_axis(*axis))
            .collect();
        assert_eq!((seen, view.sees_amounts()), (axes, amounts), "{who:?}");
    }
    grant(&mut w, BANK, &json!({"show": ["payment", "amounts"]})).unwrap();
    let view = w.view(BANK, id);
    assert!(view.sees_axis(Payment) && !view.sees_axis(Process) && view.sees_amounts());
}

#[test]
fn a_claim_is_seen_by_its_holder_and_the_seller_and_the_buyer_if_it_is_disclosed() {
    let mut w = World::new();
    let id = w.invoice("1", 300);
    w.finance(BANK, &[(id, 100)]);
    w.say(FACTOR, "financing.recorded.v1", &disclosed(&[(id, 100)])).unwrap();
    w.reserve(LENDER, &[(id, 100)], 1);
    let claims = w.receivable(id).claims.clone();
    for who in EVERYBODY {
        let view = w.view(who, id);
        let seen: Vec<bool> =
            claims.iter().map(|claim| view.sees_claim(claim, w.row(who))).collect();
        let expected = match who {
            OPERATOR | AUDITOR | SUPPLIER => [true, true, true],
            DEBTOR | FACTOR => [false, true, false],
            BANK => [true, false, false],
            LENDER => [false, false, true],
            _ => [false; 3],
        };
        assert_eq!(seen, expected, "{who:?}");
    }
}

#[test]
fn a_silent_right_never_reaches_the_debtors_side() {
    let mut w = World::new();
    // Even the registration by a financier would tell of it.
    let id = w.registered(BANK, &registration("1", 100));
    assert!(w.concerns(SUPPLIER) && !w.concerns(DEBTOR));
    let feed = w.state.feed_of(w.row(DEBTOR)).to_vec();
    w.reserve(BANK, &[(id, 100)], 24);
    let data = with(recording(&[(id, 100)]), &json!({"reservation": w.last}));
    w.say(BANK, "financing.recorded.v1", &data).unwrap();
    let financing = w.last;
    w.finance(FACTOR, &[(id, 100)]);
    w.say(BANK, "financing.transferred.v1", &json!({"financing": financing, "to": LENDER.party}))
        .unwrap();
    w.say(LENDER, "financing.released.v1", &json!({"financing": financing})).unwrap();
    for status in ["assigned_confidential", "released"] {
        w.pass(1);
        w.status(SUPPLIER, id, status, &json!({}));
    }
    assert_eq!(w.state.feed_of(w.row(DEBTOR)), feed);
    assert!(w.alerts(DEBTOR).is_empty());
    let view = w.view(DEBTOR, id);
    assert!(!view.sees_axis(Axis::Encumbrance));
    for status in [Status::AssignedConfidential, Status::Released] {
        assert!(!view.sees_status(status), "{status:?}");
    }
    // What is disclosed does.
    w.status(SUPPLIER, id, "assigned_disclosed", &json!({}));
    assert!(w.concerns(DEBTOR) && w.view(DEBTOR, id).sees_status(Status::AssignedDisclosed));
    w.status(SUPPLIER, id, "released", &json!({}));
    assert!(w.concerns(DEBTOR), "so that it knows whom to pay");
    w.say(LENDER, "financing.recorded.v1", &disclosed(&[(id, 1)])).unwrap();
    assert!(w.concerns(DEBTOR));
}

#[test]
fn what_only_a_financier_registered_is_not_there_for_the_debtors_side() {
    let mut w = World::new();
    grant(&mut w, FACTOR, &json!({"show": ["process"]})).unwrap();
    let early = with(
        registration("2026 1", 100),
        &json!({"amount_due_minor": 60, "references": {"order": "PO-1"}}),
    );
    let id = w.registered(BANK, &early);
    w.finance(BANK, &[(id, 60)]);
    let is_there = |w: &World| [DEBTOR, FACTOR, SUPPLIER].map(|who| w.view(who, id).any());
    assert_eq!(is_there(&w), [false, false, true]);
    let booked = |w: &mut World| w.try_status(DEBTOR, id, "booked", &json!({}));
    assert_eq!(code(booked(&mut w)), "invoice_unknown");
    // The holder of the right asks for a mandate of all: it is the one that tells of itself.
    let mut asked = World::new();
    let same = asked.registered(BANK, &early);
    let until = asked.now.plus_millis(DAY);
    let ask = json!({"debtor": DEBTOR.party, "scope": {"kind": "all"}, "until": until});
    asked.say(BANK, "mandate.requested.v1", &ask).unwrap();
    assert!(asked.view(DEBTOR, same).buyer);
    asked.status(DEBTOR, same, "booked", &json!({}));
    // Or discloses it.
    let mut open = World::new();
    let same = open.registered(BANK, &early);
    open.say(BANK, "financing.recorded.v1", &disclosed(&[(same, 1)])).unwrap();
    assert!(open.view(DEBTOR, same).buyer);
    // The supplier registers it in its turn: with that it begins for the debtor, as the supplier said it.
    w.pass(HOUR);
    let late = registration("2026-1", 100);
    assert_eq!(w.registered(SUPPLIER, &late), id);
    assert_eq!(is_there(&w), [true, true, true]);
    let receivable = w.receivable(id);
    assert_eq!((receivable.due_minor, receivable.payable_minor()), (100, 100));
    let told = w.view(DEBTOR, id).told(&receivable).cloned().unwrap();
    assert_eq!(told.registered_at, w.now);
    assert_eq!(told.references, crate::statement::References::default());
    assert!(w.view(FACTOR, id).told(&receivable).is_some());
    assert!(w.view(BANK, id).told(&receivable).is_none(), "who knows its own registration");
    booked(&mut w).unwrap();
    assert!(w.told(BANK).iter().all(|code| *code != crate::domain::AlertCode::Credited));
    // A later word of a party lowers what is due, and raises it no more.
    w.registered(DEBTOR, &with(late.clone(), &json!({"amount_due_minor": 90})));
    w.registered(SUPPLIER, &late);
    assert_eq!(w.receivable(id).due_minor, 90);
}

#[test]
fn the_two_sides_of_a_conflict_do_not_learn_of_each_other() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(FACTOR, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 100)]);
    w.finance(FACTOR, &[(copy, 100)]);
    assert!(!w.concerns(BANK), "the statement names its author");
    let (alert, bank) = (w.alerts(BANK)[0].clone(), w.row(BANK));
    assert_eq!(w.state.receivable(alert.receivable().unwrap()).unwrap().id, id, "its own invoice");
    assert!(!w.view(BANK, copy).any() && !w.view(FACTOR, id).any());
    let factors = w.receivable(copy).claims[0].clone();
    assert!(!w.view(BANK, id).sees_claim(&factors, bank));
    // Nothing that a finding or an alert holds is a participant but the one who is told.
    let words = serde_json::to_value(&w.log.last().unwrap().outcome).unwrap();
    let known = ["item", "relation", "keys", "differs", "rank", "since", "effect"];
    assert!(
        words["findings"][0].as_object().unwrap().keys().all(|key| known.contains(&key.as_str()))
    );
    let alert: Value = serde_json::to_value(&alert).unwrap();
    let known = ["to", "code", "position", "recorded_at", "about", "case"];
    assert!(alert.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
    // And what becomes of the one is not in the other's events.
    w.say(FACTOR, "financing.released.v1", &json!({"financing": w.last})).unwrap();
    assert!(!w.concerns(BANK));
}

#[test]
fn every_later_event_on_an_invoice_reaches_its_holders() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 50)]);
    w.reserve(FACTOR, &[(id, 50)], 1);
    credit(&mut w, id, "CN", 1).unwrap();
    w.status(DEBTOR, id, "queried", &json!({}));
    w.pass(HOUR);
    w.status(SUPPLIER, id, "payee_changed", &json!({}));
    assert_eq!(w.told(BANK).len(), 5, "of the claim beside its own, and that both no longer fit");
    assert_eq!(w.told(FACTOR).len(), 3, "whose reservation has lapsed");
    assert!(w.told(LENDER).is_empty());
}

#[test]
fn events_are_for_those_whom_they_concern() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let concerned = |w: &World| -> Vec<Actor> {
        EVERYBODY.into_iter().filter(|who| w.concerns(*who)).collect()
    };
    assert_eq!(concerned(&w), [SUPPLIER, DEBTOR]);
    w.finance(BANK, &[(id, 10)]);
    assert_eq!(concerned(&w), [SUPPLIER, BANK]);
    w.say(FACTOR, "financing.recorded.v1", &disclosed(&[(id, 10)])).unwrap();
    assert_eq!(concerned(&w), [SUPPLIER, DEBTOR, FACTOR]);
    w.try_finance(LENDER, &[(id, 100)]);
    assert_eq!(concerned(&w), [LENDER], "a claim that was refused is evidence and no more");
    w.status(DEBTOR, id, "booked", &json!({}));
    assert_eq!(concerned(&w), [SUPPLIER, DEBTOR]);
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    assert_eq!(concerned(&w), [OPERATOR, SUPPLIER]);
}
