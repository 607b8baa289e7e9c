//! Silence that counts: only by a mandate that says so, and only where nobody objected in time.

use serde_json::{Value, json};

use super::rejections::{cancel, grant};
use super::world::*;
use crate::domain::TacitAcceptance;
use crate::types::InvoiceId;

/// A mandate under which eight days of silence count.
fn eight_days(w: &mut World, to: Actor, more: &Value) {
    let tacit = json!({"days": 8, "law": "co-1231-2008"});
    let until = w.now.plus_millis(90 * DAY);
    let data = json!({"tacit": tacit, "until": until});
    grant(w, to, &with(data, more)).unwrap();
}

fn accepted(w: &World, who: Actor, id: InvoiceId) -> Option<TacitAcceptance> {
    let receivable = w.receivable(id);
    w.state.tacit_acceptance(w.row(who), &w.view(who, id), &receivable, w.now)
}

#[test]
fn silence_counts_from_the_end_of_the_term_on_and_stands_in_no_record() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    eight_days(&mut w, BANK, &json!({}));
    let (mandate, begin) = (w.last, w.now);
    w.status(DEBTOR, id, "booked", &json!({}));
    let digest = w.state.digest().unwrap();
    w.now = begin.plus_millis(8 * DAY - 1);
    assert_eq!(accepted(&w, BANK, id), None);
    w.now = begin.plus_millis(8 * DAY);
    let law = "co-1231-2008".parse().unwrap();
    let expected = TacitAcceptance { at: w.now, law, mandate, objected: false };
    for who in [BANK, DEBTOR, OPERATOR, AUDITOR] {
        assert_eq!(accepted(&w, who, id).as_ref(), Some(&expected));
    }
    // Whose mandate it is not does not learn of it.
    for who in [SUPPLIER, FACTOR] {
        assert_eq!(accepted(&w, who, id), None);
    }
    assert_eq!(w.state.digest().unwrap(), digest);
}

#[test]
fn the_term_begins_with_the_registration_or_the_mandate_whichever_is_later() {
    let mut w = World::new();
    let old = w.invoice("1", 100);
    w.pass(30 * DAY);
    eight_days(&mut w, BANK, &json!({}));
    assert_eq!(accepted(&w, BANK, old), None, "nobody had told the debtor");
    w.pass(5 * DAY);
    let new = w.invoice("2", 200);
    w.pass(3 * DAY);
    assert!(accepted(&w, BANK, old).is_some() && accepted(&w, BANK, new).is_none());
    w.pass(5 * DAY);
    assert!(accepted(&w, BANK, new).is_some());
}

#[test]
fn a_mandate_that_is_over_or_says_nothing_of_silence_makes_none_count() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    eight_days(&mut w, BANK, &json!({}));
    let mandate = w.last;
    let until = w.now.plus_millis(7 * DAY);
    eight_days(&mut w, FACTOR, &json!({"until": until}));
    let later = w.now.plus_millis(90 * DAY);
    grant(&mut w, LENDER, &json!({"until": later})).unwrap();
    w.pass(9 * DAY);
    assert!(accepted(&w, BANK, id).is_some());
    assert_eq!((accepted(&w, FACTOR, id), accepted(&w, LENDER, id)), (None, None));
    w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate})).unwrap();
    for who in [BANK, DEBTOR, OPERATOR] {
        assert_eq!(accepted(&w, who, id), None);
    }
}

#[test]
fn who_asked_or_refused_in_time_was_not_silent_whatever_came_after() {
    let mut w = World::new();
    let ids = ["1", "2", "3", "4"].map(|number| w.invoice(number, 100));
    let [asked, refused, late, outranked] = ids;
    eight_days(&mut w, BANK, &json!({}));
    w.pass(DAY);
    w.status(DEBTOR, asked, "queried", &json!({}));
    w.status(DEBTOR, refused, "refused", &json!({}));
    w.status(DEBTOR, outranked, "booked", &json!({}));
    let older = json!({"source": {"kind": "platform"}, "effective_at": w.now.plus_millis(-1)});
    w.status(DEBTOR, outranked, "queried", &older);
    w.status(SUPPLIER, asked, "answered", &json!({}));
    w.pass(8 * DAY);
    for id in [asked, refused, outranked] {
        assert_eq!(accepted(&w, BANK, id), None);
    }
    assert!(!accepted(&w, BANK, late).unwrap().objected);
    w.status(DEBTOR, late, "queried", &json!({}));
    assert!(accepted(&w, BANK, late).unwrap().objected, "too late, and shown beside");
}

#[test]
fn the_sellers_objection_is_none_and_his_approval_neither() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    eight_days(&mut w, BANK, &json!({}));
    w.status(SUPPLIER, id, "queried", &json!({}));
    w.pass(8 * DAY);
    w.status(SUPPLIER, id, "approved", &json!({}));
    assert!(accepted(&w, BANK, id).is_some());
}

#[test]
fn what_is_approved_in_so_many_words_or_ended_is_not_accepted_by_silence() {
    let mut w = World::new();
    let [approved, in_part, ended] = ["1", "2", "3"].map(|number| w.invoice(number, 100));
    eight_days(&mut w, BANK, &json!({}));
    w.status(DEBTOR, approved, "approved", &json!({}));
    let half = json!({"amount_minor": 50, "currency": "EUR"});
    w.status(DEBTOR, in_part, "approved_part", &half);
    w.pass(8 * DAY);
    cancel(&mut w, ended).unwrap();
    for id in [approved, in_part, ended] {
        assert_eq!(accepted(&w, BANK, id), None);
    }
}
