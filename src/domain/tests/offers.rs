//! What a debtor guarantees, and what a supplier offers to a financier.

use serde_json::json;

use super::rejections::{cancel, suspend};
use super::world::*;
use crate::domain::{AlertCode, Outcome, Rejection, RequestStanding};
use crate::types::InvoiceId;

pub(super) fn guarantee(
    w: &mut World,
    id: InvoiceId,
    minor: i64,
    date: &str,
) -> Result<Outcome, Rejection> {
    let said = json!({"invoice": id, "amount_minor": minor, "currency": "EUR", "date": date});
    w.say(DEBTOR, "invoice.guaranteed.v1", &said)
}

pub(super) fn offer(
    w: &mut World,
    to: Actor,
    invoices: &[InvoiceId],
) -> Result<Outcome, Rejection> {
    let data = json!({"to": to.party, "invoices": invoices, "until": w.now.plus_millis(DAY)});
    w.say(SUPPLIER, "financing.requested.v1", &data)
}

fn decline(
    w: &mut World,
    who: Actor,
    offered: crate::types::StatementId,
) -> Result<Outcome, Rejection> {
    w.say(who, "financing.declined.v1", &json!({"request": offered, "reason": "limit"}))
}

fn standing(w: &World, row: u32) -> RequestStanding {
    w.state.request_standing(&w.state.request(row).unwrap(), w.now)
}

#[test]
fn a_guarantee_can_be_made_stronger_and_never_weaker() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    guarantee(&mut w, id, 60, "2026-12-10").unwrap();
    assert!(w.concerns(SUPPLIER) && w.concerns(DEBTOR) && !w.concerns(BANK));
    for (minor, date) in
        [(59, "2026-12-10"), (60, "2026-12-11"), (60, "2026-12-10"), (70, "2026-12-11")]
    {
        assert_eq!(code(guarantee(&mut w, id, minor, date)), "guarantee_not_stronger");
    }
    guarantee(&mut w, id, 60, "2026-12-09").unwrap();
    guarantee(&mut w, id, 100, "2026-12-09").unwrap();
    let receivable = w.receivable(id);
    let known = receivable.guarantee().unwrap();
    assert_eq!((known.amount_minor, known.date.to_string()), (100, "2026-12-09".to_owned()));
    assert_eq!(known.statement, w.last);
    assert!(receivable.payment.is_none(), "a guarantee is no status");
}

#[test]
fn only_the_buyer_of_a_living_invoice_guarantees_it_for_what_is_left_to_pay() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let data = json!({"invoice": id, "amount_minor": 1, "currency": "EUR", "date": "2026-12-01"});
    assert_eq!(code(w.say(SUPPLIER, "invoice.guaranteed.v1", &data)), "role_not_allowed");
    let other = with(registration("2", 100), &json!({}));
    let other = altered(other, &json!({"buyer": "0208:0202239951"}));
    let other = w.registered(SUPPLIER, &other);
    assert_eq!(code(guarantee(&mut w, other, 1, "2026-12-01")), "invoice_unknown");
    let today = w.now.date().to_string();
    w.status(DEBTOR, id, "part_paid", &json!({"amount_minor": 30, "currency": "EUR"}));
    assert_eq!(code(guarantee(&mut w, id, 71, &today)), "guarantee_exceeds");
    guarantee(&mut w, id, 70, &today).unwrap();
    cancel(&mut w, id).unwrap();
    assert_eq!(code(guarantee(&mut w, id, 70, &today)), "invoice_ended");
}

#[test]
fn a_guarantee_tells_nothing_of_what_a_financier_received_in_silence() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let settled = json!({
        "financing": w.last, "currency": "EUR", "invoices": [{"id": id, "received_minor": 100}]
    });
    w.say(BANK, "financing.settled.v1", &settled).unwrap();
    assert_eq!(w.open_minor(id), 0);
    guarantee(&mut w, id, 100, "2026-12-01").unwrap();
}

#[test]
fn holders_and_who_sees_statuses_hear_of_a_guarantee() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    super::rejections::grant(&mut w, FACTOR, &json!({"show": ["payment"]})).unwrap();
    guarantee(&mut w, id, 90, "2026-12-01").unwrap();
    assert_eq!(w.told(BANK), [AlertCode::Guaranteed]);
    assert!(w.concerns(FACTOR) && !w.concerns(BANK) && !w.concerns(LENDER));
}

#[test]
fn an_offer_is_to_a_financier_of_what_one_sold() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let data = |to: Actor, ids: &[InvoiceId], until| json!({"to": to.party, "invoices": ids, "until": until});
    let (now, later) = (w.now, w.now.plus_millis(DAY));
    let kind = "financing.requested.v1";
    for (who, data, expected) in [
        (DEBTOR, data(BANK, &[id], later), "role_not_allowed"),
        (SUPPLIER, data(BANK, &[], later), "list_malformed"),
        (SUPPLIER, data(BANK, &[id, id], later), "list_malformed"),
        (SUPPLIER, data(BANK, &[id], now), "term_invalid"),
        (SUPPLIER, data(STRANGER, &[id], later), "participant_unknown"),
        (SUPPLIER, data(SUPPLIER, &[id], later), "offeree_unfit"),
        (SUPPLIER, data(PORTAL, &[id], later), "offeree_unfit"),
        (RIVAL, data(BANK, &[id], later), "invoice_unknown"),
    ] {
        assert_eq!(code(w.say(who, kind, &data)), expected, "{data}");
    }
    suspend(&mut w, BANK).unwrap();
    assert_eq!(code(offer(&mut w, BANK, &[id])), "offeree_unfit");
    offer(&mut w, FACTOR, &[id]).unwrap();
    cancel(&mut w, id).unwrap();
    assert_eq!(code(offer(&mut w, FACTOR, &[id])), "invoice_ended");
}

#[test]
fn an_offer_shows_the_invoice_to_that_financier_while_it_stands_and_the_debtor_never_hears_of_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    assert!(!w.view(BANK, id).any());
    offer(&mut w, BANK, &[id]).unwrap();
    assert!(w.concerns(SUPPLIER) && w.concerns(BANK) && !w.concerns(DEBTOR) && !w.concerns(FACTOR));
    assert_eq!(w.told(BANK), [AlertCode::FinancingRequested]);
    assert_eq!((w.told(DEBTOR), w.told(SUPPLIER)), (vec![], vec![]));
    let view = w.view(BANK, id);
    assert!(view.offered && view.any() && view.is_accounted());
    assert!(!view.sees_axis(crate::domain::Axis::Process) && !view.sees_amounts());
    assert!(!w.view(FACTOR, id).any());
    // What others let a suspended reader see is closed.
    suspend(&mut w, BANK).unwrap();
    assert!(!w.view(BANK, id).any());
    w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": BANK.party})).unwrap();
    assert!(w.view(BANK, id).any());
    w.pass(DAY);
    assert!(!w.view(BANK, id).any());
    assert_eq!(standing(&w, 0), RequestStanding::Expired);
}

#[test]
fn declining_closes_an_offer_once_and_tells_the_supplier() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    offer(&mut w, BANK, &[id]).unwrap();
    let offered = w.last;
    assert_eq!(code(decline(&mut w, FACTOR, offered)), "request_unknown");
    decline(&mut w, BANK, offered).unwrap();
    assert!(w.concerns(SUPPLIER) && w.concerns(BANK) && !w.concerns(DEBTOR));
    assert_eq!(w.told(SUPPLIER), [AlertCode::FinancingDeclined]);
    assert_eq!(standing(&w, 0), RequestStanding::Declined);
    assert!(!w.view(BANK, id).any());
    let declined = w.last;
    for name in [offered, declined] {
        assert_eq!(code(decline(&mut w, BANK, name)), "request_unknown");
    }
    // It is over when its time is, too.
    offer(&mut w, BANK, &[id]).unwrap();
    let offered = w.last;
    w.pass(DAY);
    assert_eq!(code(decline(&mut w, BANK, offered)), "request_unknown");
}

#[test]
fn what_the_financier_reserves_or_records_takes_the_offer_up() {
    let mut w = World::new();
    let (one, two) = (w.invoice("1", 100), w.invoice("2", 200));
    // A claim from before the offer, and one of another financier, do not.
    w.finance(BANK, &[(one, 10)]);
    w.finance(LENDER, &[(two, 10)]);
    offer(&mut w, BANK, &[one, two]).unwrap();
    let offered = w.last;
    offer(&mut w, FACTOR, &[two]).unwrap();
    w.finance(LENDER, &[(two, 10)]);
    assert_eq!(standing(&w, 0), RequestStanding::Open);
    let told = w.told(SUPPLIER).len();
    w.reserve(BANK, &[(two, 100)], 72);
    let reservation = w.last;
    assert_eq!(standing(&w, 0), RequestStanding::PartlyTakenUp);
    assert_eq!(standing(&w, 1), RequestStanding::Open, "what is offered to another stands");
    assert_eq!(w.told(SUPPLIER)[told..], [AlertCode::FinancingTakenUp]);
    // A financing that takes over the reservation is no news.
    let data = with(recording(&[(two, 100)]), &json!({"reservation": reservation}));
    w.say(BANK, "financing.recorded.v1", &data).unwrap();
    assert_eq!(w.told(SUPPLIER).len(), told + 1);
    w.finance(BANK, &[(one, 20)]);
    assert_eq!(standing(&w, 0), RequestStanding::TakenUp);
    assert_eq!(code(decline(&mut w, BANK, offered)), "request_unknown");
    let request = w.state.request(0).unwrap();
    assert_eq!(request.taken_up_by(&w.receivable(one)).unwrap().amount_minor, 20);
    // A release does not make it untaken.
    w.say(BANK, "financing.released.v1", &json!({"financing": w.last})).unwrap();
    assert_eq!(standing(&w, 0), RequestStanding::TakenUp);
}

#[test]
fn what_is_left_of_an_offer_can_be_declined() {
    let mut w = World::new();
    let (one, two) = (w.invoice("1", 100), w.invoice("2", 200));
    offer(&mut w, BANK, &[one, two]).unwrap();
    let offered = w.last;
    w.finance(BANK, &[(one, 20)]);
    decline(&mut w, BANK, offered).unwrap();
    assert_eq!(standing(&w, 0), RequestStanding::Declined);
    assert!(w.view(BANK, one).any() && !w.view(BANK, two).any());
}

#[test]
fn a_bordereau_that_takes_up_an_offer_tells_the_supplier_once() {
    let mut w = World::new();
    let ids = [w.invoice("1", 100), w.invoice("2", 200)];
    offer(&mut w, BANK, &ids).unwrap();
    w.finance(BANK, &[(ids[0], 20), (ids[1], 30)]);
    assert_eq!(w.told(SUPPLIER), [AlertCode::FinancingTakenUp]);
}
