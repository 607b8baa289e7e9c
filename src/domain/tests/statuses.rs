//! Reported statuses: the four axes, their sources, their order.

use serde_json::{Value, json};

use super::world::*;
use crate::domain::{AlertCode, End, Reading, axis, certainty};
use crate::statement::{SourceKind, Status};
use crate::types::InvoiceId;

fn eur(minor: i64) -> Value {
    json!({"amount_minor": minor, "currency": "EUR"})
}

fn process(w: &World, id: InvoiceId) -> Option<(Status, u8)> {
    w.receivable(id).process.as_ref().map(|reading: &Reading| (reading.status, reading.certainty))
}

#[test]
fn the_debtor_process_goes_forward_and_each_step_is_worth_more() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    for (status, worth) in [
        ("received", (Status::Received, 2)),
        ("in_process", (Status::InProcess, 2)),
        ("booked", (Status::Booked, 3)),
        ("approved", (Status::Approved, 4)),
    ] {
        w.pass(1);
        w.status(DEBTOR, id, status, &json!({}));
        assert_eq!(process(&w, id), Some(worth));
    }
    assert_eq!(code(w.try_status(DEBTOR, id, "booked", &json!({}))), "status_out_of_transition");
}

#[test]
fn an_older_effective_time_is_history_only() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let earlier = w.now;
    w.pass(DAY);
    w.status(DEBTOR, id, "approved", &json!({}));
    w.status(DEBTOR, id, "received", &json!({"effective_at": earlier}));
    assert_eq!(process(&w, id), Some((Status::Approved, 4)));
    assert_eq!(w.receivable(id).history.len(), 3);
}

#[test]
fn an_answer_returns_a_question_to_the_state_before_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    w.status(DEBTOR, id, "booked", &json!({}));
    assert_eq!(
        code(w.try_status(SUPPLIER, id, "answered", &json!({}))),
        "status_out_of_transition"
    );
    w.status(DEBTOR, id, "queried", &json!({}));
    assert_eq!(code(w.try_status(DEBTOR, id, "answered", &json!({}))), "status_out_of_transition");
    w.pass(1);
    w.status(SUPPLIER, id, "answered", &json!({}));
    assert_eq!(process(&w, id), Some((Status::Booked, 3)), "and never above what the buyer said");
    // A question on an invoice of which nothing was known returns to nothing better.
    let id = w.invoice("2", 100);
    w.status(DEBTOR, id, "queried", &json!({}));
    w.status(SUPPLIER, id, "answered", &json!({}));
    assert_eq!(process(&w, id), Some((Status::Answered, 0)));
    let copy = [AlertCode::CopyRegistered, AlertCode::Queried];
    assert_eq!(w.told(BANK), [[AlertCode::Queried].as_slice(), &copy].concat());
}

#[test]
fn an_approval_can_be_taken_back_by_a_ledger_and_not_by_a_message() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    let message = json!({"source": {"kind": "buyer"}});
    w.status(DEBTOR, id, "approved", &message);
    w.status(DEBTOR, id, "approved", &json!({}));
    w.pass(1);
    assert_eq!(code(w.try_status(DEBTOR, id, "refused", &message)), "status_out_of_transition");
    w.status(DEBTOR, id, "refused", &json!({}));
    assert_eq!(w.told(BANK), [AlertCode::StatusContradicted, AlertCode::ApprovalWithdrawn]);
    assert_eq!(code(w.try_status(DEBTOR, id, "approved", &json!({}))), "status_out_of_transition");
}

#[test]
fn the_sellers_word_never_replaces_the_debtors() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    // Without anything better it counts, as transport.
    w.status(SUPPLIER, id, "approved", &json!({}));
    assert_eq!(process(&w, id), Some((Status::Approved, 1)));
    // The debtor's side replaces it, whatever the times and the transitions.
    let earlier = json!({"effective_at": "2026-11-20T00:00:00Z"});
    w.status(DEBTOR, id, "received", &earlier);
    assert_eq!(process(&w, id), Some((Status::Received, 2)));
    w.pass(1);
    w.status(SUPPLIER, id, "refused", &json!({}));
    assert_eq!(process(&w, id), Some((Status::Received, 2)));
    assert_eq!(w.told(BANK), [AlertCode::Refused], "but a holder hears it");
}

#[test]
fn a_seller_cannot_reopen_a_paid_invoice() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.status(DEBTOR, id, "paid", &json!({}));
    assert_eq!(w.open_minor(id), 0);
    w.pass(1);
    w.status(SUPPLIER, id, "payment_reversed", &eur(100));
    assert_eq!(w.open_minor(id), 0);
    w.status(DEBTOR, id, "payment_reversed", &eur(100));
    assert_eq!(w.open_minor(id), 100);
}

#[test]
fn what_is_paid_is_a_running_total() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    w.status(DEBTOR, id, "part_paid", &eur(30));
    w.pass(1);
    assert_eq!(code(w.try_status(DEBTOR, id, "part_paid", &eur(29))), "status_out_of_transition");
    w.status(DEBTOR, id, "part_paid", &eur(30));
    assert_eq!(w.told(BANK), [AlertCode::Paid], "what is said again is told once");
    w.status(DEBTOR, id, "part_paid", &eur(50));
    assert_eq!(w.open_minor(id), 50);
    assert_eq!(
        code(w.try_status(DEBTOR, id, "payment_reversed", &eur(51))),
        "status_out_of_transition"
    );
    w.status(DEBTOR, id, "payment_reversed", &eur(20));
    assert_eq!(w.open_minor(id), 70);
    w.status(DEBTOR, id, "paid", &eur(95));
    assert_eq!(w.open_minor(id), 0, "in full, whatever was deducted");
    assert_eq!(
        code(w.try_status(DEBTOR, id, "payment_selected", &json!({}))),
        "status_out_of_transition"
    );
    w.status(DEBTOR, id, "paid", &eur(150));
    assert_eq!(w.open_minor(id), 0);
}

#[test]
fn money_that_is_reported_late_is_not_there_to_be_claimed() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    let earlier = w.now;
    w.pass(DAY);
    w.status(DEBTOR, id, "payment_selected", &json!({}));
    w.status(DEBTOR, id, "part_paid", &with(eur(60), &json!({"effective_at": earlier})));
    assert_eq!(w.open_minor(id), 40);
    assert_eq!(
        w.receivable(id).payment.as_ref().map(|it| it.status),
        Some(Status::PaymentSelected)
    );
    assert_eq!(w.told(BANK), [AlertCode::Paid]);
}

#[test]
fn at_one_time_the_better_source_counts() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.status(DEBTOR, id, "booked", &json!({}));
    w.status(DEBTOR, id, "approved", &json!({"source": {"kind": "platform"}}));
    assert_eq!(process(&w, id), Some((Status::Booked, 3)));
    w.status(DEBTOR, id, "approved", &json!({}));
    assert_eq!(process(&w, id), Some((Status::Approved, 4)));
}

#[test]
fn a_report_may_be_as_new_as_its_authors_clock() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let (time, data) = (
        w.now,
        json!({
            "invoice": id, "status": "booked", "effective_at": w.now, "source": {"kind": "ledger"}
        }),
    );
    let statement = w.statement(DEBTOR, DEBTOR.party, "x", "status.reported.v1", &data);
    // The registry's clock is five seconds behind.
    w.now = time.plus_millis(-5_000);
    w.hear(&statement).unwrap();
}

#[test]
fn a_technical_rejection_ends_the_invoice() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    w.status(SUPPLIER, id, "delivered", &json!({}));
    assert_eq!(
        code(w.try_status(SUPPLIER, id, "not_delivered", &json!({}))),
        "status_out_of_transition"
    );
    w.status(SUPPLIER, id, "rejected_technical", &json!({}));
    assert_eq!((w.open_minor(id), w.receivable(id).end), (0, Some(End::Rejected)));
    assert_eq!(w.told(BANK), [AlertCode::Rejected]);
    // Later events are kept.
    w.status(DEBTOR, id, "received", &json!({}));
    assert_eq!(
        code(w.try_status(SUPPLIER, id, "delivered", &json!({}))),
        "status_out_of_transition"
    );
}

#[test]
fn payments_that_fail_were_on_their_way() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    assert_eq!(
        code(w.try_status(DEBTOR, id, "payment_failed", &json!({}))),
        "status_out_of_transition"
    );
    assert_eq!(code(w.try_status(DEBTOR, id, "payment_promised", &json!({}))), "status_incomplete");
    w.status(DEBTOR, id, "payment_promised", &json!({"date": "2026-12-24"}));
    w.status(DEBTOR, id, "payment_initiated", &json!({}));
    w.pass(1);
    w.status(DEBTOR, id, "payment_failed", &json!({}));
    assert_eq!(w.open_minor(id), 100);
}

#[test]
fn amounts_and_currencies_come_together_and_are_the_invoices() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let reasons = json!({"reasons": ["A", "B", "C", "D", "E", "F", "G", "H", "I"]});
    for (status, more, expected) in [
        ("part_paid", json!({"amount_minor": 5}), "status_incomplete"),
        ("part_paid", json!({"amount_minor": 5, "currency": "USD"}), "currency_mismatch"),
        ("part_paid", json!({"amount_minor": 0, "currency": "EUR"}), "amount_invalid"),
        ("booked", json!({"currency": "EUR"}), "status_incomplete"),
        ("booked", json!({"source": {"kind": "seller"}}), "source_not_yours"),
        ("booked", reasons, "list_malformed"),
    ] {
        assert_eq!(code(w.try_status(DEBTOR, id, status, &more)), expected, "{status} {more}");
    }
    assert_eq!(code(w.try_status(RIVAL, id, "delivered", &json!({}))), "invoice_unknown");
}

#[test]
fn no_source_is_worth_more_than_it_can_know() {
    for status in ALL {
        let [ledger, buyer, platform, seller] =
            [SourceKind::Ledger, SourceKind::Buyer, SourceKind::Platform, SourceKind::Seller]
                .map(|source| certainty(status, source));
        assert!(ledger <= 6 && buyer <= 5 && platform == buyer && seller <= 1, "{status:?}");
        assert!(seller <= platform && buyer <= ledger, "{status:?}");
        let _ = axis(status);
    }
}

const ALL: [Status; 22] = [
    Status::Delivered,
    Status::NotDelivered,
    Status::RejectedTechnical,
    Status::Received,
    Status::InProcess,
    Status::Booked,
    Status::Queried,
    Status::Answered,
    Status::ApprovedPart,
    Status::Approved,
    Status::Refused,
    Status::PaymentSelected,
    Status::PaymentInitiated,
    Status::PaymentPromised,
    Status::PartPaid,
    Status::Paid,
    Status::PaymentReversed,
    Status::PaymentFailed,
    Status::AssignedDisclosed,
    Status::AssignedConfidential,
    Status::PayeeChanged,
    Status::Released,
];
