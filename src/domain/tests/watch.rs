//! After the claim: every code has a case, and nobody is told what is not for him.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::*;
use crate::domain::{About, AlertCode, Place, Relation};
use crate::types::InvoiceId;

const ACCOUNT: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const OTHER_ACCOUNT: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// An invoice between other parties, or of other days.
fn trade(seller: Actor, buyer: Actor, number: &str, issued: &str, due: &str) -> Value {
    altered(
        registration(number, 100),
        &json!({
            "seller": seller.party, "buyer": buyer.party, "issue_date": issued, "due_date": due,
            // Nothing alike but the parties.
            "gross_minor": 1_000 + number.bytes().map(i64::from).sum::<i64>() * 97,
        }),
    )
}

/// The same of an amount.
fn like(seller: Actor, buyer: Actor, number: &str, issued: &str, gross: i64) -> Value {
    altered(trade(seller, buyer, number, issued, "2026-12-20"), &json!({"gross_minor": gross}))
}

fn place(w: &World, who: Actor, nth: usize) -> Place {
    match w.alerts(who)[nth].about {
        About::Invoice { place, .. } => place,
        About::Mandate(_) | About::Request(_) | About::Blanket { .. } => panic!("about no invoice"),
    }
}

fn own(w: &World, who: Actor) -> Vec<InvoiceId> {
    let alerts = w.alerts(who);
    let rows = alerts.iter().filter_map(|alert| alert.receivable());
    rows.map(|row| w.state.receivable(row).unwrap().id).collect()
}

/// Days, one record after the other, so that what became due is dealt with.
fn days_pass(w: &mut World, days: i64) {
    w.pass(days * DAY);
    w.say(OPERATOR, "time.passed.v1", &json!({})).unwrap();
}

fn mandate(w: &mut World, to: Actor, scope: &Value, days: i64) -> crate::types::StatementId {
    let until = w.now.plus_millis(days * DAY);
    let data =
        json!({"to": to.party, "scope": scope, "show": ["process", "payment"], "until": until});
    w.say(DEBTOR, "mandate.granted.v1", &data).unwrap();
    w.last
}

#[test]
fn a_claim_beside_ones_own_is_told_and_by_whom_is_not() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 50)]);
    w.reserve(FACTOR, &[(id, 50)], 1);
    let data = with(recording(&[(id, 50)]), &json!({"reservation": w.last}));
    w.say(FACTOR, "financing.recorded.v1", &data).unwrap();
    assert_eq!(w.told(BANK), [AlertCode::ClaimBeside], "once, with the reservation");
    assert_eq!(place(&w, BANK, 0).relation, Some(Relation::Identical));
    assert!(w.told(FACTOR).is_empty());
}

#[test]
fn an_event_on_an_altered_copy_reaches_the_holders_of_the_first_invoice() {
    for (code, kind, more) in [
        (AlertCode::Queried, "queried", json!({})),
        (AlertCode::Refused, "refused", json!({})),
        (AlertCode::Paid, "paid", json!({})),
        (AlertCode::PayeeChanged, "payee_changed", json!({})),
        (AlertCode::AssignedElsewhere, "assigned_disclosed", json!({})),
    ] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        let copy = w.invoice("1a", 100);
        w.finance(BANK, &[(id, 100)]);
        w.status(
            if kind == "refused" || kind == "queried" || kind == "paid" {
                DEBTOR
            } else {
                SUPPLIER
            },
            copy,
            kind,
            &more,
        );
        assert_eq!(w.told(BANK), [code], "{kind}");
        assert_eq!(own(&w, BANK), [id], "about its own invoice");
        let place = place(&w, BANK, 0);
        assert_eq!(place.relation, Some(Relation::Altered));
        let other = place.other.and_then(|row| w.state.receivable(row)).unwrap();
        assert_eq!(other.id, copy);
        assert!(!w.view(BANK, copy).any(), "which it does not see");
    }
}

#[test]
fn a_holder_of_several_copies_is_told_of_each() {
    let mut w = World::new();
    let (id, copy) = (w.invoice("1", 100), w.invoice("2", 100));
    w.finance(BANK, &[(id, 50), (copy, 50)]);
    w.status(DEBTOR, id, "queried", &json!({}));
    let queried = AlertCode::Queried;
    assert_eq!(w.told(BANK), [AlertCode::OwnCopy, queried, queried]);
    assert_eq!(own(&w, BANK).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([id, copy]));
}

#[test]
fn the_holder_hears_of_an_invoice_that_names_his_as_its_predecessor() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let mut next = registration("2", 40);
    next["references"] = json!({"preceding": ["1"]});
    w.registered(SUPPLIER, &next);
    assert!(w.told(BANK).contains(&AlertCode::SuccessorRegistered), "{:?}", w.told(BANK));
    assert!(w.told(FACTOR).is_empty());
}

#[test]
fn a_copy_with_a_later_date_is_re_ageing_and_the_first_dates_are_kept() {
    for (change, code) in [
        (json!({"due_date": "2027-02-01"}), AlertCode::ReAged),
        (json!({"issue_date": "2026-11-15"}), AlertCode::ReAged),
        (json!({"due_date": "2026-11-20"}), AlertCode::CopyRegistered),
        (json!({"gross_minor": 101}), AlertCode::CopyRegistered),
    ] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        let first = w.receivable(id).registered_at;
        w.finance(BANK, &[(id, 100)]);
        w.pass(DAY);
        w.registered(SUPPLIER, &altered(registration("1", 100), &change));
        assert_eq!(w.told(BANK), [code], "{change}");
        assert_eq!(w.receivable(id).registered_at, first);
        assert_eq!(w.receivable(id).core.due_date, "2026-12-01".parse().ok());
    }
}

#[test]
fn an_invoice_that_nobody_claimed_is_watched_for_nobody() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    w.say(BANK, "financing.released.v1", &json!({"financing": w.last})).unwrap();
    w.invoice("1a", 100);
    w.status(DEBTOR, id, "refused", &json!({}));
    assert!(w.told(BANK).is_empty(), "its right has ended");
    assert_eq!(w.state.alerts_len(), 0);
}

#[test]
fn another_account_is_told_by_whatever_way_it_comes() {
    let account = |account: &str| json!({"payee_account": account});
    // By another registration of the invoice itself.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &with(registration("1", 100), &account(ACCOUNT)));
    w.finance(BANK, &[(id, 100)]);
    w.registered(FACTOR, &with(registration("1", 100), &account(ACCOUNT)));
    assert!(w.told(BANK).is_empty());
    w.registered(FACTOR, &with(registration("1", 100), &account(OTHER_ACCOUNT)));
    assert_eq!(w.told(BANK), [AlertCode::PayeeChanged]);
    // By a related invoice.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &with(registration("1", 100), &account(ACCOUNT)));
    w.finance(BANK, &[(id, 100)]);
    w.registered(SUPPLIER, &with(registration("2", 100), &account(OTHER_ACCOUNT)));
    assert_eq!(
        w.told(BANK),
        [AlertCode::PayeeChanged, AlertCode::CopyRegistered]
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    // By another registration of a related invoice, whose account was not known.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &with(registration("1", 100), &account(ACCOUNT)));
    w.invoice("2", 100);
    w.finance(BANK, &[(id, 100)]);
    w.registered(SUPPLIER, &with(registration("2", 100), &account(OTHER_ACCOUNT)));
    assert_eq!(w.told(BANK), [AlertCode::PayeeChanged]);
    assert_eq!(own(&w, BANK), [id]);
}

#[test]
fn an_assignment_outside_the_registry_is_told() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    w.status(SUPPLIER, id, "assigned_confidential", &json!({}));
    w.registered(FACTOR, &with(registration("1", 100), &json!({"payee_differs": true})));
    w.registered(FACTOR, &with(registration("1", 100), &json!({"payee_differs": true})));
    assert_eq!(w.told(BANK), [AlertCode::AssignedElsewhere; 2], "what is known is not told again");
    assert!(w.told(FACTOR).is_empty() && w.told(DEBTOR).is_empty());
}

#[test]
fn a_promise_for_a_day_after_the_due_date_is_told() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    w.status(DEBTOR, id, "payment_promised", &json!({"date": "2026-12-01"}));
    assert!(w.told(BANK).is_empty());
    w.pass(1);
    w.status(DEBTOR, id, "payment_promised", &json!({"date": "2026-12-02"}));
    assert_eq!(w.told(BANK), [AlertCode::DueChanged]);
}

#[test]
fn an_approval_that_does_not_come_is_told_by_the_record_that_passes_the_time() {
    let mut w = World::new();
    // Expected by the due date, 1 December, which is before the thirtieth day.
    let data = altered(registration("1", 100), &json!({"due_date": "2026-11-30"}));
    let id = w.registered(SUPPLIER, &data);
    w.finance(BANK, &[(id, 50)]);
    w.finance(FACTOR, &[(id, 50)]);
    w.say(FACTOR, "financing.released.v1", &json!({"financing": w.last})).unwrap();
    w.now = "2026-12-01T00:00:00Z".parse().unwrap();
    w.say(OPERATOR, "time.passed.v1", &json!({})).unwrap();
    assert!(!w.told(BANK).contains(&AlertCode::ApprovalOverdue), "the day is hardly over");
    w.pass(1);
    // Any record will do, even one that brings the approval too late.
    w.status(DEBTOR, id, "approved", &json!({}));
    assert_eq!(w.told(BANK), [AlertCode::ClaimBeside, AlertCode::ApprovalOverdue]);
    assert!(w.told(FACTOR).is_empty(), "whose right has ended");
    days_pass(&mut w, 60);
    assert_eq!(w.told(BANK).len(), 2, "once");
}

#[test]
fn an_approval_is_missed_only_where_it_could_have_come_and_has_not() {
    for (status, more) in [
        ("approved", json!({})),
        ("refused", json!({})),
        ("paid", json!({})),
        ("payment_promised", json!({"date": "2026-12-01"})),
    ] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 50)]);
        w.status(DEBTOR, id, status, &more);
        days_pass(&mut w, 60);
        assert!(!w.told(BANK).contains(&AlertCode::ApprovalOverdue), "{status}");
    }
    // A debtor who takes no part approves nothing here.
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &trade(SUPPLIER, STRANGER, "1", "2026-11-01", "2026-12-01"));
    w.finance(BANK, &[(id, 50)]);
    days_pass(&mut w, 60);
    assert!(w.told(BANK).is_empty());
    // The seller's word is no approval.
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 50)]);
    w.status(SUPPLIER, id, "approved", &json!({}));
    days_pass(&mut w, 60);
    assert_eq!(w.told(BANK), [AlertCode::ApprovalOverdue]);
}

#[test]
fn who_claims_late_is_told_a_week_later() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.pass(60 * DAY);
    w.finance(BANK, &[(id, 50)]);
    days_pass(&mut w, 6);
    assert!(w.told(BANK).is_empty());
    w.finance(FACTOR, &[(id, 50)]);
    days_pass(&mut w, 2);
    assert_eq!(w.told(BANK), [AlertCode::ClaimBeside, AlertCode::ApprovalOverdue]);
    assert!(w.told(FACTOR).is_empty(), "not yet");
    days_pass(&mut w, 6);
    assert_eq!(w.told(FACTOR), [AlertCode::ApprovalOverdue]);
    assert_eq!(w.told(BANK).len(), 2);
}

#[test]
fn what_becomes_due_at_once_is_dealt_with_by_as_many_records_as_it_takes() {
    let mut w = World::new();
    let items: Vec<(InvoiceId, i64)> = (0..80)
        .map(|number| {
            let day = format!("2026-11-{:02}", number % 20 + 1);
            let data = trade(SUPPLIER, DEBTOR, &format!("N{number}"), &day, "2026-12-01");
            (w.registered(SUPPLIER, &data), 100)
        })
        .collect();
    w.finance(BANK, &items);
    let overdue =
        |w: &World| w.told(BANK).iter().filter(|code| **code == AlertCode::ApprovalOverdue).count();
    w.pass(30 * DAY);
    for expected in [32, 64, 80, 80] {
        w.say(OPERATOR, "time.passed.v1", &json!({})).unwrap();
        assert_eq!(overdue(&w), expected);
    }
    assert_eq!(own(&w, BANK).into_iter().collect::<BTreeSet<_>>().len(), 80, "each once");
}

#[test]
fn the_end_of_a_mandate_is_told_to_a_holder_whom_it_served() {
    let all = json!({"kind": "all"});
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    // Revoked.
    let granted = mandate(&mut w, BANK, &all, 5);
    w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": granted})).unwrap();
    assert_eq!(w.told(BANK), [AlertCode::MandateRevoked]);
    let about = w.alerts(BANK)[0].about;
    let About::Mandate(row) = about else { panic!("{about:?}") };
    assert_eq!(w.state.mandate(row).unwrap().statement, granted);
    // Narrowed.
    let granted = mandate(&mut w, BANK, &all, 3);
    let amend = |show: Value, until: i64, w: &World| json!({"mandate": granted, "scope": all, "show": show, "until": w.now.plus_millis(until * DAY)});
    let wider = amend(json!(["process", "payment", "amounts"]), 4, &w);
    w.say(DEBTOR, "mandate.amended.v1", &wider).unwrap();
    assert_eq!(w.told(BANK).len(), 1);
    let narrower = amend(json!(["process"]), 4, &w);
    w.say(DEBTOR, "mandate.amended.v1", &narrower).unwrap();
    assert_eq!(w.told(BANK)[1..], [AlertCode::MandateReduced]);
    // Expired: not when it first was to end, and not twice, and not the one that was revoked.
    days_pass(&mut w, 3);
    assert_eq!(w.told(BANK).len(), 2);
    w.pass(DAY + 1);
    w.say(OPERATOR, "time.passed.v1", &json!({})).unwrap();
    assert_eq!(w.told(BANK)[2..], [AlertCode::MandateExpired]);
    days_pass(&mut w, 12);
    assert_eq!(w.told(BANK)[3..], [AlertCode::ApprovalOverdue]);
}

#[test]
fn a_mandate_that_served_no_right_ends_in_silence() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    for (to, scope) in [
        (FACTOR, json!({"kind": "all"})),
        (BANK, json!({"kind": "suppliers", "suppliers": [RIVAL.party]})),
    ] {
        let granted = mandate(&mut w, to, &scope, 5);
        w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": granted})).unwrap();
        mandate(&mut w, to, &scope, 1);
        days_pass(&mut w, 2);
    }
    assert!(w.told(BANK).is_empty() && w.told(FACTOR).is_empty());
}

#[test]
fn terms_longer_than_usual_are_told_to_those_who_hold_claims_on_the_pair() {
    let mut w = World::new();
    let mut id = None;
    for (number, issued, due) in [
        ("A", "2026-07-01", "2026-07-31"),
        ("B", "2026-08-01", "2026-08-31"),
        ("C", "2026-09-01", "2026-10-01"),
    ] {
        id = Some(w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, number, issued, due)));
    }
    w.finance(BANK, &[(id.unwrap(), 100)]);
    // Fourteen days more than usual is no drift.
    w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "D", "2026-10-01", "2026-11-14"));
    assert!(w.told(BANK).is_empty());
    // Nor is another buyer's term.
    w.registered(SUPPLIER, &trade(SUPPLIER, STRANGER, "E", "2026-10-01", "2027-03-30"));
    assert!(w.told(BANK).is_empty());
    let drifted = trade(SUPPLIER, DEBTOR, "F", "2026-10-02", "2027-03-31");
    w.registered(SUPPLIER, &drifted);
    assert_eq!(w.told(BANK), [AlertCode::TermDrift]);
    assert_eq!(own(&w, BANK), [id.unwrap()]);
    assert_eq!(place(&w, BANK, 0).relation, None);
    // The next one is no news for who has heard of it, and is for who came since.
    let fresh = w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "G", "2026-10-03", "2026-11-02"));
    w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "H", "2026-10-03", "2027-04-01"));
    w.finance(FACTOR, &[(fresh, 100)]);
    w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "I", "2026-10-04", "2027-04-02"));
    assert_eq!(w.told(FACTOR), [AlertCode::TermDrift]);
    assert_eq!(w.told(BANK).len(), 2, "one for each time that it began anew");
}

#[test]
fn nothing_is_usual_between_strangers() {
    let mut w = World::new();
    for (number, issued) in [("A", "2026-07-01"), ("B", "2026-08-01")] {
        let id = w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, number, issued, "2026-09-01"));
        w.finance(BANK, &[(id, 100)]);
    }
    w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "F", "2026-10-02", "2027-03-31"));
    assert!(w.told(BANK).is_empty(), "two are no habit");
}

#[test]
fn trade_in_a_circle_is_told_to_those_who_hold_claims_in_it() {
    // Rings of two, three and four; the last invoice closes them.
    let around: [&[Actor]; 3] =
        [&[SUPPLIER, DEBTOR], &[SUPPLIER, DEBTOR, RIVAL], &[SUPPLIER, DEBTOR, RIVAL, STRANGER]];
    for ring in around {
        let mut w = World::new();
        let mut ids = Vec::new();
        for (nth, seller) in ring.iter().enumerate() {
            let buyer = ring[(nth + 1) % ring.len()];
            let data = like(*seller, buyer, &format!("R{nth}"), "2026-11-01", 10_000);
            if nth + 1 == ring.len() {
                w.finance(BANK, &[(ids[0], 100)]);
                w.finance(FACTOR, &[(*ids.last().unwrap(), 50)]);
            }
            ids.push(w.registered(LENDER, &data));
        }
        for (who, id) in [(BANK, ids[0]), (FACTOR, ids[ids.len() - 2])] {
            let told: Vec<AlertCode> =
                w.told(who).into_iter().filter(|it| *it == AlertCode::CircularTrade).collect();
            assert_eq!(
                told,
                [AlertCode::CircularTrade],
                "{} in a ring of {}",
                who.party,
                ring.len()
            );
            assert!(own(&w, who).contains(&id));
        }
        assert!(w.told(LENDER).is_empty(), "who registered them holds nothing");
        // More of the same is no news, until somebody comes who has not heard of it.
        let last = ring[ring.len() - 1];
        let again = like(last, SUPPLIER, "R9", "2026-11-20", 10_050);
        let again = w.registered(LENDER, &again);
        let count = |w: &World, who: Actor| {
            w.told(who).iter().filter(|it| **it == AlertCode::CircularTrade).count()
        };
        assert_eq!((count(&w, BANK), count(&w, FACTOR)), (1, 1));
        w.finance(LENDER, &[(again, 100)]);
        assert_eq!(count(&w, LENDER), 1, "who claims in a ring hears of it at once");
        w.registered(FACTOR, &like(last, SUPPLIER, "R10", "2026-11-20", 10_100));
        assert_eq!((count(&w, BANK), count(&w, LENDER)), (1, 1));
    }
}

#[test]
fn invoices_long_apart_are_no_circle() {
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &trade(SUPPLIER, DEBTOR, "A", "2026-01-01", "2026-02-01"));
    w.finance(BANK, &[(id, 100)]);
    w.registered(LENDER, &trade(DEBTOR, SUPPLIER, "B", "2026-11-01", "2026-12-01"));
    assert!(w.told(BANK).is_empty());
}

#[test]
fn a_ring_over_a_linked_party_is_a_ring() {
    let mut w = World::new();
    let mut data = trade(SUPPLIER, DEBTOR, "A", "2026-11-01", "2026-12-01");
    data["invoice"]["seller"] = json!(SUPPLIER_VAT);
    let id = w.registered(FACTOR, &data);
    w.finance(BANK, &[(id, 100)]);
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    w.registered(LENDER, &trade(DEBTOR, SUPPLIER, "B", "2026-11-01", "2026-12-01"));
    assert_eq!(w.told(BANK), [AlertCode::CircularTrade]);
}

#[test]
fn every_code_has_a_name_of_its_own_and_words() {
    let names: BTreeSet<&str> = AlertCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), AlertCode::ALL.len());
    for code in AlertCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(serde_json::to_value(code).unwrap(), json!(code.as_str()));
        assert!(!code.words().ends_with('.') && code.words().len() > 20);
    }
    assert!("storm".parse::<AlertCode>().is_err());
}
