//! Several sources for one invoice: which word counts, what stays beside it, and what contradicts what.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::*;
use crate::domain::{AlertCode, Axis, Receivable};
use crate::statement::{SourceKind, Status};
use crate::types::{InvoiceId, Minor};

/// The debtor's side says something by a source, so many minutes after the invoice was registered.
fn says(w: &mut World, id: InvoiceId, source: &str, status: &str, minute: i64, more: &Value) {
    try_says(w, id, source, status, minute, more).unwrap();
}

fn try_says(
    w: &mut World,
    id: InvoiceId,
    source: &str,
    status: &str,
    minute: i64,
    more: &Value,
) -> Result<crate::domain::Outcome, crate::domain::Rejection> {
    let who = if source == "seller" { SUPPLIER } else { DEBTOR };
    let begin: crate::types::Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
    let at = begin.plus_millis(minute * 60_000);
    w.now = w.now.max(at);
    let base = json!({"source": {"kind": source}, "effective_at": at});
    w.try_status(who, id, status, &with(base, more))
}

fn eur(minor: Minor) -> Value {
    json!({"amount_minor": minor, "currency": "EUR"})
}

fn present(w: &World, id: InvoiceId, axis: Axis) -> (Status, SourceKind) {
    let receivable = w.receivable(id);
    let reading = receivable.present(axis).unwrap();
    (reading.status, reading.source)
}

fn beside(w: &World, id: InvoiceId, axis: Axis) -> Vec<(Status, SourceKind)> {
    w.receivable(id).beside(axis).map(|it| (it.status, it.source)).collect()
}

#[test]
fn a_newer_word_counts_and_the_others_stay_beside_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "platform", "received", 1, &json!({}));
    assert!(w.receivable(id).further.is_none(), "one source needs no memory of its own");
    says(&mut w, id, "buyer", "in_process", 2, &json!({}));
    says(&mut w, id, "ledger", "booked", 3, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Booked, SourceKind::Ledger));
    let others = [(Status::InProcess, SourceKind::Buyer), (Status::Received, SourceKind::Platform)];
    assert_eq!(beside(&w, id, Axis::Process), others);
    assert!(!w.receivable(id).is_contradicted(Axis::Process));
    // What a source says next takes the place of what it said before.
    says(&mut w, id, "buyer", "approved", 4, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Approved, SourceKind::Buyer));
    let others = [(Status::Booked, SourceKind::Ledger), (Status::Received, SourceKind::Platform)];
    assert_eq!(beside(&w, id, Axis::Process), others);
}

#[test]
fn a_ledger_that_books_what_was_approved_takes_back_no_approval() {
    for turned in [false, true] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        let mut words = [("buyer", "approved", 1), ("ledger", "booked", 2)];
        if turned {
            words.reverse();
        }
        for (source, status, minute) in words {
            says(&mut w, id, source, status, minute, &json!({}));
        }
        assert_eq!(present(&w, id, Axis::Process), (Status::Approved, SourceKind::Buyer));
        assert!(!w.receivable(id).is_contradicted(Axis::Process));
        // After a question the approval before it counts no more.
        says(&mut w, id, "platform", "queried", 3, &json!({}));
        assert_eq!(present(&w, id, Axis::Process), (Status::Queried, SourceKind::Platform));
        says(&mut w, id, "ledger", "booked", 4, &json!({}));
        assert_eq!(present(&w, id, Axis::Process), (Status::Booked, SourceKind::Ledger));
    }
}

#[test]
fn sources_that_contradict_each_other_are_kept_and_told() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 10)]);
    says(&mut w, id, "buyer", "approved", 1, &json!({}));
    says(&mut w, id, "ledger", "refused", 2, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Refused, SourceKind::Ledger));
    assert_eq!(beside(&w, id, Axis::Process), [(Status::Approved, SourceKind::Buyer)]);
    assert!(w.receivable(id).is_contradicted(Axis::Process));
    assert_eq!(w.told(BANK), [AlertCode::StatusContradicted, AlertCode::ApprovalWithdrawn]);
    // A lesser source does not lift a refusal; that it contradicts is told once.
    says(&mut w, id, "platform", "approved", 3, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Refused, SourceKind::Ledger));
    assert_eq!(w.told(BANK).len(), 2);
    // One source does not contradict itself: that is no status but a mistake.
    let again = try_says(&mut w, id, "ledger", "approved", 4, &json!({}));
    assert_eq!(code(again), "status_out_of_transition");
}

#[test]
fn at_one_time_the_ledger_beats_a_message_a_platform_and_the_seller() {
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]];
    let words = [
        ("ledger", "queried"),
        ("buyer", "approved"),
        ("platform", "booked"),
        ("seller", "received"),
    ];
    for order in orders {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        for (source, status) in order.map(|place| words[place]) {
            says(&mut w, id, source, status, 5, &json!({}));
        }
        assert_eq!(present(&w, id, Axis::Process), (Status::Queried, SourceKind::Ledger));
        assert_eq!(beside(&w, id, Axis::Process).len(), 3);
        assert!(w.receivable(id).is_contradicted(Axis::Process));
    }
}

#[test]
fn the_sellers_word_stays_beside_the_debtors_and_shows_that_it_differs() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "ledger", "paid", 1, &json!({}));
    says(&mut w, id, "seller", "part_paid", 9, &eur(40));
    assert_eq!(present(&w, id, Axis::Payment), (Status::Paid, SourceKind::Ledger));
    assert_eq!(w.open_minor(id), 0);
    assert!(w.receivable(id).is_contradicted(Axis::Payment));
    assert!(!w.receivable(id).is_contradicted(Axis::Process));
}

#[test]
fn what_was_paid_is_what_the_best_source_says() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "platform", "part_paid", 1, &eur(50));
    assert_eq!(w.open_minor(id), 50);
    // A message that says less than the platform, newer and better: less was paid.
    says(&mut w, id, "buyer", "part_paid", 2, &eur(30));
    assert_eq!(w.open_minor(id), 70);
    // A lesser one does not take back what a better one told of, nor does its order of payment.
    says(&mut w, id, "platform", "paid", 3, &json!({}));
    assert_eq!(w.open_minor(id), 0);
    says(&mut w, id, "ledger", "part_paid", 4, &eur(80));
    assert_eq!(w.open_minor(id), 20);
    says(&mut w, id, "buyer", "part_paid", 5, &eur(60));
    assert_eq!(present(&w, id, Axis::Payment), (Status::PartPaid, SourceKind::Ledger));
    assert_eq!(w.open_minor(id), 20);
    says(&mut w, id, "buyer", "payment_initiated", 6, &json!({}));
    assert_eq!(present(&w, id, Axis::Payment), (Status::PaymentInitiated, SourceKind::Buyer));
    assert_eq!(w.open_minor(id), 20, "what is on its way is not paid");
    says(&mut w, id, "ledger", "paid", 7, &json!({}));
    says(&mut w, id, "buyer", "payment_initiated", 8, &json!({}));
    assert_eq!(present(&w, id, Axis::Payment), (Status::Paid, SourceKind::Ledger));
    assert_eq!(w.open_minor(id), 0);
}

#[test]
fn money_of_an_older_word_is_counted_where_the_newer_one_tells_of_none() {
    for turned in [false, true] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        let mut words =
            [("buyer", "part_paid", 1, eur(60)), ("ledger", "payment_initiated", 2, json!({}))];
        if turned {
            words.reverse();
        }
        for (source, status, minute, more) in words {
            says(&mut w, id, source, status, minute, &more);
        }
        assert_eq!(present(&w, id, Axis::Payment), (Status::PaymentInitiated, SourceKind::Ledger));
        assert_eq!(w.open_minor(id), 40);
    }
}

#[test]
fn one_return_that_two_sources_tell_of_is_one_return() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "ledger", "paid", 1, &json!({}));
    says(&mut w, id, "buyer", "payment_reversed", 2, &eur(30));
    assert_eq!(w.open_minor(id), 30);
    says(&mut w, id, "ledger", "payment_reversed", 3, &eur(30));
    assert_eq!(w.open_minor(id), 30);
    says(&mut w, id, "ledger", "payment_reversed", 4, &eur(20));
    assert_eq!(w.open_minor(id), 50);
}

#[test]
fn an_answer_returns_to_what_was_said_before_whoever_asked() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "buyer", "booked", 1, &json!({}));
    says(&mut w, id, "ledger", "queried", 2, &json!({}));
    says(&mut w, id, "seller", "answered", 3, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Booked, SourceKind::Buyer));
    assert_eq!(beside(&w, id, Axis::Process), [(Status::Queried, SourceKind::Ledger)]);
    assert!(!w.receivable(id).is_contradicted(Axis::Process));
}

#[test]
fn a_payment_that_failed_was_on_its_way_by_anybodys_word() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "buyer", "payment_initiated", 1, &json!({}));
    says(&mut w, id, "ledger", "payment_failed", 2, &json!({}));
    assert_eq!(present(&w, id, Axis::Payment), (Status::PaymentFailed, SourceKind::Ledger));
}

#[test]
fn nothing_follows_a_technical_rejection_whoever_received_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    says(&mut w, id, "platform", "rejected_technical", 1, &json!({}));
    says(&mut w, id, "ledger", "delivered", 2, &json!({}));
    assert_eq!(present(&w, id, Axis::Document), (Status::RejectedTechnical, SourceKind::Platform));
    assert!(w.receivable(id).is_contradicted(Axis::Document));
}

#[test]
fn a_registry_under_older_rules_merges_as_before() {
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 2}))).unwrap();
    w.admit(SUPPLIER, &json!(["supplier"])).unwrap();
    w.admit(DEBTOR, &json!(["debtor"])).unwrap();
    let id = w.invoice("1", 100);
    says(&mut w, id, "buyer", "approved", 1, &json!({}));
    let booked = try_says(&mut w, id, "ledger", "booked", 2, &json!({}));
    assert_eq!(code(booked), "status_out_of_transition");
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 3})).unwrap();
    says(&mut w, id, "ledger", "booked", 2, &json!({}));
    assert_eq!(present(&w, id, Axis::Process), (Status::Approved, SourceKind::Buyer));
}

/// What one source says, in order: statuses of an axis that never have to be rejected.
fn words() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    prop::collection::vec((0_u8..3, 0_u8..7, 0_i64..12), 1..9)
}

const PROCESS: [&str; 7] =
    ["received", "in_process", "booked", "queried", "approved_part", "approved", "refused"];

/// A status, and what kind of source says it.
type Word = (Status, SourceKind);

fn settled(receivable: &Receivable) -> (Option<Word>, Vec<Word>, bool) {
    let what = |it: &crate::domain::Reading| (it.status, it.source);
    let axis = Axis::Process;
    (
        receivable.present(axis).map(what),
        receivable.beside(axis).map(what).collect(),
        receivable.is_contradicted(axis),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Each source speaks in its own order; how their words are interleaved changes nothing.
    #[test]
    fn the_order_in_which_sources_arrive_changes_nothing(said in words(), seed in any::<u64>()) {
        const SOURCES: [&str; 3] = ["ledger", "buyer", "platform"];
        let mut tracks: [Vec<(&str, i64)>; 3] = Default::default();
        for (source, status, minute) in said {
            tracks[usize::from(source)].push((PROCESS[usize::from(status)], minute));
        }
        for track in &mut tracks {
            track.sort_by_key(|(_, minute)| *minute);
        }
        let more = |status: &str| if status == "approved_part" { eur(50) } else { json!({}) };
        let run = |order: &mut dyn FnMut(usize) -> usize| {
            let mut w = World::new();
            let id = w.invoice("1", 100);
            w.now = w.now.plus_millis(HOUR);
            let mut left: Vec<(usize, usize)> = (0..3).map(|source| (source, 0)).collect();
            let mut admitted = [0_usize; 3];
            while !left.is_empty() {
                let pick = order(left.len());
                let (source, place) = left[pick];
                let Some((status, minute)) = tracks[source].get(place) else {
                    left.remove(pick);
                    continue;
                };
                left[pick].1 += 1;
                let said = try_says(&mut w, id, SOURCES[source], status, *minute, &more(status));
                admitted[source] += usize::from(said.is_ok());
            }
            (settled(&w.receivable(id)), admitted)
        };
        let mut state = seed;
        let mut shuffled = |len: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % len
        };
        prop_assert_eq!(run(&mut |_| 0), run(&mut shuffled));
    }
}
