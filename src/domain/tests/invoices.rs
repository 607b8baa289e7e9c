//! Registering, crediting, cancelling.

use serde_json::json;

use super::rejections::{cancel, credit};
use super::world::*;
use crate::domain::{AlertCode, End};
use crate::types::DocumentHash;

#[test]
fn the_same_content_is_the_same_invoice_whoever_spells_it() {
    let mut w = World::new();
    let id = w.invoice("INV-001", 100);
    let again = w.registered(DEBTOR, &registration("inv 001", 100));
    assert_eq!(again, id);
    w.registered(BANK, &registration("ІNV/001", 100));
    let receivable = w.receivable(id);
    assert_eq!(receivable.registrants, [w.row(SUPPLIER), w.row(DEBTOR), w.row(BANK)]);
    assert_eq!(receivable.history.len(), 3);
    assert_eq!(w.state.receivables_len(), 1);
    assert_eq!(w.state.registered_by(w.row(BANK)), [0]);
    assert!(w.state.registered_by(w.row(SUPPLIER)).is_empty());
}

#[test]
fn a_supplier_registers_its_sales_and_a_debtor_its_purchases() {
    let mut w = World::new();
    w.registered(DEBTOR, &registration("1", 5));
    assert_eq!(code(w.say(RIVAL, "invoice.registered.v1", &registration("2", 5))), "not_a_party");
    // The debtor sells nothing, whatever the invoice says.
    let reversed = json!({"seller": DEBTOR.party, "buyer": SUPPLIER.party});
    let data = altered(registration("3", 5), &reversed);
    assert_eq!(code(w.say(DEBTOR, "invoice.registered.v1", &data)), "not_a_party");
}

#[test]
fn what_is_due_counts_and_not_the_total() {
    let mut w = World::new();
    let prepaid = with(registration("1", 100), &json!({"amount_due_minor": 40}));
    let id = w.registered(SUPPLIER, &prepaid);
    assert_eq!(w.open_minor(id), 40);
    assert_eq!(
        code(w.say(BANK, "financing.recorded.v1", &recording(&[(id, 41)]))),
        "over_capacity"
    );
}

#[test]
fn a_later_registration_by_a_party_can_only_lower_what_is_due() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 50)]);
    let due = |minor: i64| with(registration("1", 100), &json!({"amount_due_minor": minor}));
    w.registered(FACTOR, &due(10));
    assert_eq!(w.open_minor(id), 100, "a financier's word lowers nothing");
    w.registered(SUPPLIER, &due(60));
    assert_eq!(w.open_minor(id), 60);
    w.registered(SUPPLIER, &due(80));
    assert_eq!(w.open_minor(id), 60);
    assert_eq!(w.told(BANK), [AlertCode::Credited]);
}

#[test]
fn another_account_in_a_later_registration_is_told_to_holders() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 50)]);
    let account = |digit: char| json!({"payee_account": digit.to_string().repeat(64)});
    w.registered(SUPPLIER, &with(registration("1", 100), &account('a')));
    assert!(w.told(BANK).is_empty(), "the first account that is named");
    w.registered(SUPPLIER, &with(registration("1", 100), &account('a')));
    w.registered(SUPPLIER, &with(registration("1", 100), &account('b')));
    assert_eq!(w.told(BANK), [AlertCode::PayeeChanged]);
    assert_eq!(w.receivable(id).payee_account, Some(DocumentHash::from_bytes([0xAA; 32])));
}

#[test]
fn an_invoice_that_was_born_assigned_is_flagged() {
    let mut w = World::new();
    let id = w.registered(SUPPLIER, &altered(registration("1", 5), &json!({"type": 393})));
    assert!(w.receivable(id).born_assigned);
    let id = w.invoice("2", 5);
    assert!(!w.receivable(id).born_assigned);
    w.registered(SUPPLIER, &with(registration("2", 5), &json!({"payee_differs": true})));
    assert!(w.receivable(id).born_assigned);
}

#[test]
fn lists_have_their_limits() {
    let mut w = World::new();
    let hashes: Vec<String> = (0..9).map(|n| format!("{n:064x}")).collect();
    let documents = |hashes: &[String]| with(registration("1", 5), &json!({"documents": hashes}));
    assert_eq!(
        code(w.say(SUPPLIER, "invoice.registered.v1", &documents(&hashes))),
        "list_malformed"
    );
    w.registered(SUPPLIER, &documents(&hashes[..8]));
    let twice = [hashes[0].clone(), hashes[0].clone()];
    assert_eq!(
        code(w.say(SUPPLIER, "invoice.registered.v1", &documents(&twice))),
        "list_malformed"
    );
    let many =
        json!({"references": {"preceding": (0..9).map(|n| n.to_string()).collect::<Vec<_>>()}});
    let data = with(registration("1", 5), &many);
    assert_eq!(code(w.say(SUPPLIER, "invoice.registered.v1", &data)), "list_malformed");
}

#[test]
fn credit_notes_lower_the_invoice_to_its_end() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    credit(&mut w, id, "CN-1", 30).unwrap();
    assert_eq!((w.open_minor(id), w.receivable(id).end), (70, None));
    assert_eq!(code(credit(&mut w, id, "CN-2", 71)), "credit_exceeds_invoice");
    credit(&mut w, id, "CN-2", 70).unwrap();
    assert_eq!((w.open_minor(id), w.receivable(id).end), (0, Some(End::Credited)));
    assert_eq!(code(credit(&mut w, id, "CN-3", 1)), "invoice_ended");
    assert_eq!(
        code(w.say(FACTOR, "financing.recorded.v1", &recording(&[(id, 1)]))),
        "invoice_ended"
    );
    assert_eq!(w.told(BANK), [AlertCode::Credited, AlertCode::Credited]);
}

#[test]
fn only_the_parties_credit_and_cancel_and_nobody_else_learns_that_there_is_an_invoice() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let data = json!({"invoice": id, "reason": "error"});
    assert_eq!(code(w.say(RIVAL, "invoice.cancelled.v1", &data)), "invoice_unknown");
    let successor = w.invoice("2", 100);
    let to = |replaced_by: &crate::types::InvoiceId| {
        with(data.clone(), &json!({"replaced_by": replaced_by}))
    };
    assert_eq!(code(w.say(SUPPLIER, "invoice.cancelled.v1", &to(&id))), "invoice_unknown");
    w.finance(BANK, &[(id, 100)]);
    w.say(DEBTOR, "invoice.cancelled.v1", &to(&successor)).unwrap();
    assert_eq!(w.receivable(id).end, Some(End::Cancelled));
    assert_eq!(w.told(BANK), [AlertCode::Cancelled]);
    assert_eq!(code(cancel(&mut w, id)), "invoice_ended");
}

#[test]
fn amounts_at_the_edge_of_what_json_holds_are_exact() {
    let mut w = World::new();
    let most = crate::types::MINOR_MAX;
    let id = w.invoice("1", most);
    assert!(is_free(&w.finance(BANK, &[(id, most - 1)])));
    assert!(is_free(&only_fits(w.try_finance(FACTOR, &[(id, 1)]))));
    assert!(is_refused(&w.try_finance(LENDER, &[(id, 1)])));
    credit(&mut w, id, "CN", most).unwrap();
    assert_eq!(w.open_minor(id), 0);
}

/// The same outcome without its findings, which only say that it fits.
fn only_fits(mut outcome: crate::domain::Outcome) -> crate::domain::Outcome {
    outcome.findings.retain(|finding| finding.effect != crate::domain::Effect::Fits);
    outcome
}
