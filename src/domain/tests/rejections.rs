//! Every rejection is reached, and of two reasons the first counts.

use serde_json::{Value, json};

use super::cases::{conflicted, resolve, step};
use super::offers::{guarantee, offer};
use super::world::*;
use crate::domain::{Outcome, Rejection, Standing};
use crate::types::{InvoiceId, StatementId};

type Said = Result<Outcome, Rejection>;

/// Says what is needed before, and then the statement whose answer counts.
type When = fn(&mut World) -> Said;

/// What cannot be reached by deciding, with the reason.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "signature_invalid",
        "decided before the rules: they are given statements whose signature holds",
    ),
    ("record_too_large", "decided when the record is encoded, which comes after the rules"),
];

/// One world for each code, and the statement that it is the answer to.
const REACHED: &[(&str, When)] = &[
    ("registry_not_opened", |_| World::unopened().admit(BANK, &json!(["financier"]))),
    ("registry_mismatch", |w| {
        let mut statement =
            w.statement(OPERATOR, OPERATOR.party, "x", "rules.adopted.v1", &json!({"rules": 2}));
        statement.registry = "registry.example/other".parse().unwrap();
        w.hear(&statement)
    }),
    ("rules_too_old", |_| {
        let mut w = World::unopened();
        w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 1}))).unwrap();
        w.say(OPERATOR, "time.passed.v1", &json!({}))
    }),
    ("registry_already_opened", |w| w.say(OPERATOR, "registry.opened.v1", &opening())),
    ("time_outside_skew", |w| {
        let statement =
            w.statement(OPERATOR, OPERATOR.party, "x", "rules.adopted.v1", &json!({"rules": 2}));
        w.pass(300_001);
        w.hear(&statement)
    }),
    ("id_reused", |w| {
        let statement = w.statement(
            SUPPLIER,
            SUPPLIER.party,
            "x",
            "invoice.registered.v1",
            &registration("1", 5),
        );
        w.hear(&statement).unwrap();
        let other = w.statement(
            SUPPLIER,
            SUPPLIER.party,
            "x",
            "invoice.registered.v1",
            &registration("2", 5),
        );
        w.hear(&other)
    }),
    ("key_unknown", |w| {
        w.say_with(STRANGER, SUPPLIER.party, "invoice.registered.v1", &registration("1", 5))
    }),
    ("key_revoked", |w| {
        revoke_key(w, OPERATOR, BANK, BANK).unwrap();
        mandate_request(w, BANK)
    }),
    ("author_unknown", |w| {
        w.say_with(BANK, STRANGER.party, "invoice.registered.v1", &registration("1", 5))
    }),
    ("author_suspended", |w| {
        suspend(w, BANK).unwrap();
        mandate_request(w, BANK)
    }),
    ("not_delegated", |w| {
        w.say_with(PORTAL, SUPPLIER.party, "invoice.registered.v1", &registration("1", 5))
    }),
    ("role_not_allowed", |w| w.say(AUDITOR, "invoice.registered.v1", &registration("1", 5))),
    ("rules_unknown", |w| w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 99}))),
    ("rules_not_newer", |w| w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 1}))),
    ("party_check_digits", |w| {
        w.registered(SUPPLIER, &registration("1", 5));
        w.say(
            SUPPLIER,
            "invoice.registered.v1",
            &altered(registration("1", 5), &json!({"buyer": "0208:0403019262"})),
        )
    }),
    ("roles_malformed", |w| w.admit(STRANGER, &json!(["supplier", "supplier"]))),
    ("delegation_types", |w| delegate(w, SUPPLIER, PORTAL, &json!({"types": ["key.added.v1"]}))),
    ("invoice_unfit", |w| {
        w.say(
            SUPPLIER,
            "invoice.registered.v1",
            &altered(registration("1", 5), &json!({"type": 381})),
        )
    }),
    ("amount_due_invalid", |w| {
        w.say(
            SUPPLIER,
            "invoice.registered.v1",
            &with(registration("1", 5), &json!({"amount_due_minor": 6})),
        )
    }),
    ("list_malformed", |w| {
        let id = w.invoice("1", 100);
        w.say(BANK, "financing.recorded.v1", &recording(&[(id, 1), (id, 1)]))
    }),
    ("waiver_scope", |w| {
        let blanket = pledge(w, BANK, &json!({}));
        w.say(BANK, "blanket.waived.v1", &json!({"blanket": blanket}))
    }),
    ("issue_range_invalid", |w| {
        let days = json!({"issued_from": "2026-11-02", "issued_until": "2026-11-01"});
        w.say(BANK, "blanket.recorded.v1", &with(pledging(), &days))
    }),
    ("show_malformed", |w| grant(w, BANK, &json!({"show": ["process", "process"]}))),
    ("tacit_term_invalid", |w| {
        grant(w, BANK, &json!({"tacit": {"days": 0, "law": "co-1231-2008"}}))
    }),
    ("amount_invalid", |w| {
        let id = w.invoice("1", 100);
        w.say(BANK, "financing.recorded.v1", &recording(&[(id, 0)]))
    }),
    ("status_incomplete", |w| {
        let id = w.invoice("1", 100);
        w.try_status(DEBTOR, id, "part_paid", &json!({}))
    }),
    ("effective_in_future", |w| {
        let id = w.invoice("1", 100);
        let later = w.now.plus_millis(1);
        w.try_status(DEBTOR, id, "booked", &json!({"effective_at": later}))
    }),
    ("guarantee_date_past", |w| {
        let id = w.invoice("1", 100);
        guarantee(w, id, 100, "2026-11-20")
    }),
    ("term_invalid", |w| {
        let until = w.now;
        grant(w, BANK, &json!({"until": until}))
    }),
    ("reservation_term", |w| {
        let id = w.invoice("1", 100);
        let data = w.reservation(&[(id, 1)], 73);
        w.say(BANK, "financing.reserved.v1", &data)
    }),
    ("participant_unknown", |w| suspend(w, STRANGER)),
    ("party_taken", |w| w.admit(Actor { seed: 77, ..BANK }, &json!(["financier"]))),
    ("key_not_yours", |w| add_key(w, BANK, FACTOR, STRANGER, "email-link")),
    ("assurance_raised", |w| {
        add_key(w, OPERATOR, BANK, STRANGER, "email-link").unwrap();
        let data = json!({
            "party": BANK.party, "assurance": "document", "key": Actor { seed: 78, ..BANK }.jwk()
        });
        w.say_with(STRANGER, BANK.party, "key.added.v1", &data)
    }),
    ("key_taken", |w| add_key(w, BANK, BANK, FACTOR, "email-link")),
    ("key_not_in_force", |w| revoke_key(w, BANK, BANK, FACTOR)),
    ("last_operator_key", |w| revoke_key(w, OPERATOR, OPERATOR, OPERATOR)),
    ("operator_not_suspendable", |w| suspend(w, OPERATOR)),
    ("standing_unchanged", |w| {
        w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": BANK.party}))
    }),
    ("delegate_unfit", |w| delegate(w, SUPPLIER, BANK, &json!({}))),
    ("delegation_unknown", |w| {
        w.say(SUPPLIER, "delegation.revoked.v1", &json!({"delegate": PORTAL.party}))
    }),
    ("mandate_party_unfit", |w| grant(w, PORTAL, &json!({}))),
    ("mandate_unknown", |w| {
        let mandate = w.last;
        w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate}))
    }),
    ("tacit_scope_widened", |w| {
        let only = json!({"kind": "suppliers", "suppliers": [SUPPLIER.party]});
        let tacit = json!({"days": 8, "law": "co-1231-2008"});
        grant(w, BANK, &json!({"scope": only, "tacit": tacit})).unwrap();
        let until = w.now.plus_millis(DAY);
        let data = json!({
            "mandate": w.last, "scope": {"kind": "all"}, "show": ["process"], "until": until,
        });
        w.say(DEBTOR, "mandate.amended.v1", &data)
    }),
    ("offeree_unfit", |w| {
        let id = w.invoice("1", 100);
        offer(w, RIVAL, &[id])
    }),
    ("request_unknown", |w| {
        let id = w.invoice("1", 100);
        offer(w, BANK, &[id]).unwrap();
        let data = json!({"request": w.last, "reason": "limit"});
        w.say(FACTOR, "financing.declined.v1", &data)
    }),
    ("transferee_unfit", |w| {
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 1)]);
        let financing = w.last;
        w.say(
            BANK,
            "financing.transferred.v1",
            &json!({"financing": financing, "to": SUPPLIER.party}),
        )
    }),
    ("beneficiary_unfit", |w| {
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 1)]);
        let data = json!({"financing": w.last, "financier": BANK.party});
        w.say(BANK, "cofinancing.consented.v1", &data)
    }),
    ("financing_unknown", |w| {
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 1)]);
        let financing = w.last;
        w.say(FACTOR, "financing.released.v1", &json!({"financing": financing}))
    }),
    ("reservation_unknown", |w| {
        let id = w.invoice("1", 100);
        w.reserve(BANK, &[(id, 1)], 72);
        let reservation = w.last;
        w.pass(72 * HOUR);
        w.say(
            BANK,
            "financing.recorded.v1",
            &with(recording(&[(id, 1)]), &json!({"reservation": reservation})),
        )
    }),
    ("reservation_extended_already", |w| {
        let id = w.invoice("1", 100);
        w.reserve(BANK, &[(id, 1)], 72);
        let data = w.reservation(&[(id, 1)], 72);
        let first = w.last;
        w.say(BANK, "financing.reserved.v1", &with(data.clone(), &json!({"extends": first})))
            .unwrap();
        let second = w.last;
        w.say(BANK, "financing.reserved.v1", &with(data, &json!({"extends": second})))
    }),
    ("blanket_party_unfit", |w| {
        w.say(BANK, "blanket.recorded.v1", &with(pledging(), &json!({"seller": BANK.party})))
    }),
    ("blanket_repeated", |w| {
        pledge(w, BANK, &json!({}));
        w.say(BANK, "blanket.recorded.v1", &pledging())
    }),
    ("blanket_limit", |w| {
        for day in 10..74 {
            let day = format!("2026-{:02}-{:02}", 1 + day % 12, 1 + day / 12);
            pledge(w, BANK, &json!({"issued_from": day}));
        }
        w.say(BANK, "blanket.recorded.v1", &pledging())
    }),
    ("blanket_unknown", |w| {
        let blanket = pledge(w, BANK, &json!({}));
        w.say(FACTOR, "blanket.released.v1", &json!({"blanket": blanket}))
    }),
    ("consent_unknown", |w| {
        let blanket = pledge(w, BANK, &json!({}));
        w.say(BANK, "consent.withdrawn.v1", &json!({"consent": blanket}))
    }),
    ("conflict_unknown", |w| {
        *w = conflicted().0;
        step(w, LENDER, "acknowledged", &json!({}))
    }),
    ("resolution_not_yours", |w| {
        *w = conflicted().0;
        resolve(w, BANK, &json!({"kind": "fraud_confirmed"}))
    }),
    ("conflict_over", |w| {
        *w = conflicted().0;
        let financing = w.log.last().unwrap().statement.id;
        w.say(FACTOR, "financing.released.v1", &json!({"financing": financing})).unwrap();
        step(w, BANK, "acknowledged", &json!({}))
    }),
    ("ranks_malformed", |w| {
        *w = conflicted().0;
        resolve(w, BANK, &json!({"kind": "subordinated", "order": [2, 2]}))
    }),
    ("not_a_party", |w| w.say(RIVAL, "invoice.registered.v1", &registration("1", 5))),
    ("invoice_unknown", |w| {
        w.say(BANK, "financing.recorded.v1", &recording(&[(InvoiceId::from_bytes([9; 32]), 1)]))
    }),
    ("same_invoice", |w| {
        *w = conflicted().0;
        resolve(w, BANK, &json!({"kind": "not_the_same_invoice"}))
    }),
    ("invoice_ended", |w| {
        let id = w.invoice("1", 100);
        cancel(w, id).unwrap();
        cancel(w, id)
    }),
    ("source_not_yours", |w| {
        let id = w.invoice("1", 100);
        w.try_status(SUPPLIER, id, "booked", &json!({"source": {"kind": "ledger"}}))
    }),
    ("currency_mismatch", |w| {
        let id = w.invoice("1", 100);
        w.say(
            BANK,
            "financing.recorded.v1",
            &with(recording(&[(id, 1)]), &json!({"currency": "USD"})),
        )
    }),
    ("credit_note_repeated", |w| {
        let id = w.invoice("1", 100);
        credit(w, id, "CN-1", 10).unwrap();
        credit(w, id, "cn 1", 10)
    }),
    ("credit_exceeds_invoice", |w| {
        let id = w.invoice("1", 100);
        credit(w, id, "CN-1", 101)
    }),
    ("guarantee_exceeds", |w| {
        let id = w.invoice("1", 100);
        guarantee(w, id, 101, "2026-12-01")
    }),
    ("guarantee_not_stronger", |w| {
        let id = w.invoice("1", 100);
        guarantee(w, id, 100, "2026-12-01").unwrap();
        guarantee(w, id, 100, "2026-12-02")
    }),
    ("status_out_of_transition", |w| {
        let id = w.invoice("1", 100);
        w.status(DEBTOR, id, "approved", &json!({}));
        w.try_status(DEBTOR, id, "received", &json!({}))
    }),
    ("participation_unfounded", |w| {
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 100)]);
        let share = json!({"kind": "participation"});
        w.say(FACTOR, "financing.recorded.v1", &with(recording(&[(id, 1)]), &share))
    }),
    ("over_capacity", |w| {
        let id = w.invoice("1", 100);
        w.say(BANK, "financing.recorded.v1", &recording(&[(id, 101)]))
    }),
    ("shares_exceed", |w| {
        *w = conflicted().0;
        let shares = json!([{"rank": 1, "amount_minor": 60}, {"rank": 2, "amount_minor": 41}]);
        resolve(w, BANK, &json!({"kind": "shared", "shares": shares, "currency": "EUR"}))
    }),
    ("step_repeated", |w| {
        *w = conflicted().0;
        step(w, BANK, "acknowledged", &json!({})).unwrap();
        step(w, BANK, "acknowledged", &json!({}))
    }),
    ("case_full", |w| {
        *w = conflicted().0;
        for round in 0..4_u8 {
            let hashes: Vec<String> =
                (0..8_u8).map(|n| format!("{:064x}", round * 8 + n)).collect();
            step(w, BANK, "evidenced", &json!({"evidence": hashes})).unwrap();
        }
        step(w, BANK, "evidenced", &json!({"evidence": ["ff".repeat(32)]}))
    }),
    ("log_full", |w| {
        w.state.size = u64::from(u32::MAX) - 2;
        w.say(SUPPLIER, "invoice.registered.v1", &registration("1", 5))
    }),
];

fn pledging() -> Value {
    super::blankets::pledging()
}

fn pledge(w: &mut World, who: Actor, more: &Value) -> StatementId {
    super::blankets::pledge(w, who, more);
    w.last
}

pub(super) fn revoke_key(w: &mut World, author: Actor, of: Actor, key: Actor) -> Said {
    let data = json!({"party": of.party, "key": key.kid(), "reason": "superseded"});
    w.say(author, "key.revoked.v1", &data)
}

pub(super) fn add_key(
    w: &mut World,
    author: Actor,
    of: Actor,
    key: Actor,
    assurance: &str,
) -> Said {
    let data = json!({"party": of.party, "key": key.jwk(), "assurance": assurance});
    w.say(author, "key.added.v1", &data)
}

pub(super) fn suspend(w: &mut World, who: Actor) -> Said {
    w.say(
        OPERATOR,
        "participant.suspended.v1",
        &json!({"party": who.party, "reason": "misconduct"}),
    )
}

pub(super) fn mandate_request(w: &mut World, who: Actor) -> Said {
    let until = w.now.plus_millis(DAY);
    w.say(
        who,
        "mandate.requested.v1",
        &json!({"debtor": DEBTOR.party, "scope": {"kind": "all"}, "until": until}),
    )
}

pub(super) fn grant(w: &mut World, to: Actor, more: &Value) -> Said {
    let until = w.now.plus_millis(DAY);
    let data =
        json!({"to": to.party, "scope": {"kind": "all"}, "show": ["process"], "until": until});
    w.say(DEBTOR, "mandate.granted.v1", &with(data, more))
}

pub(super) fn delegate(w: &mut World, author: Actor, to: Actor, more: &Value) -> Said {
    let data = json!({"delegate": to.party, "types": ["invoice.registered.v1"]});
    w.say(author, "delegation.granted.v1", &with(data, more))
}

pub(super) fn cancel(w: &mut World, id: InvoiceId) -> Said {
    w.say(SUPPLIER, "invoice.cancelled.v1", &json!({"invoice": id, "reason": "error"}))
}

pub(super) fn credit(w: &mut World, id: InvoiceId, note: &str, minor: i64) -> Said {
    let data = json!({
        "invoice": id, "credit_note": note, "issue_date": "2026-11-20", "currency": "EUR", "amount_minor": minor,
    });
    w.say(SUPPLIER, "invoice.credited.v1", &data)
}

#[test]
fn each_rejection_is_the_answer_to_some_statement() {
    for (expected, when) in REACHED {
        let mut world = World::new();
        assert_eq!(code(when(&mut world)), *expected);
    }
    let reached: Vec<&str> =
        REACHED.iter().map(|(code, _)| *code).chain(ELSEWHERE.map(|(code, _)| code)).collect();
    for (code, ..) in Rejection::ALL {
        assert_eq!(reached.iter().filter(|reached| *reached == code).count(), 1, "{code}");
    }
    assert_eq!(reached.len(), Rejection::ALL.len());
}

#[test]
fn a_rejected_statement_leaves_nothing() {
    for (code, when) in REACHED {
        let mut world = World::new();
        let said = world.log.len();
        drop(when(&mut world));
        // What the case said before its last statement was admitted and is replayed; the rest is nowhere.
        let mut again = World::unopened();
        for admitted in &world.log {
            again.now = admitted.at;
            again.hear(&admitted.statement).unwrap();
        }
        again.state.size = world.state.size;
        assert!(world.log.len() >= said);
        assert_eq!(world.state.digest().unwrap(), again.state.digest().unwrap(), "{code}");
    }
}

#[test]
fn of_two_reasons_the_first_counts() {
    let place = |code: &str| Rejection::ALL.iter().position(|(known, ..)| *known == code).unwrap();
    for (first, second, when) in BOTH {
        assert!(place(first) < place(second), "{first}, {second}");
        assert_eq!(code(when(&mut World::new())), *first, "before {second}");
    }
}

/// Statements that fail two checks.
const BOTH: &[(&str, &str, When)] = &[
    ("registry_mismatch", "registry_already_opened", |w| {
        let mut statement =
            w.statement(OPERATOR, OPERATOR.party, "x", "registry.opened.v1", &opening());
        statement.registry = "registry.example/other".parse().unwrap();
        w.hear(&statement)
    }),
    ("registry_mismatch", "time_outside_skew", |w| {
        let data = json!({"rules": 1});
        let mut statement = w.statement(OPERATOR, OPERATOR.party, "x", "rules.adopted.v1", &data);
        statement.registry = "registry.example/other".parse().unwrap();
        w.pass(DAY);
        w.hear(&statement)
    }),
    ("time_outside_skew", "key_unknown", |w| {
        let data = registration("1", 5);
        let statement = w.statement(STRANGER, SUPPLIER.party, "x", "invoice.registered.v1", &data);
        w.pass(DAY);
        w.hear(&statement)
    }),
    ("key_unknown", "author_unknown", |w| {
        w.say_with(STRANGER, STRANGER.party, "invoice.registered.v1", &registration("1", 5))
    }),
    ("author_suspended", "role_not_allowed", |w| {
        suspend(w, AUDITOR).unwrap();
        w.say(AUDITOR, "invoice.registered.v1", &registration("1", 5))
    }),
    ("not_delegated", "role_not_allowed", |w| {
        w.say_with(PORTAL, AUDITOR.party, "invoice.registered.v1", &registration("1", 5))
    }),
    ("role_not_allowed", "amount_due_invalid", |w| {
        w.say(
            AUDITOR,
            "invoice.registered.v1",
            &with(registration("1", 5), &json!({"amount_due_minor": 6})),
        )
    }),
    ("party_check_digits", "invoice_unfit", |w| {
        let core = json!({"buyer": "0208:0403019262", "type": 381});
        w.say(SUPPLIER, "invoice.registered.v1", &altered(registration("1", 5), &core))
    }),
    ("invoice_unfit", "list_malformed", |w| {
        let alias = json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT});
        w.say(OPERATOR, "party.linked.v1", &alias).unwrap();
        let data = altered(registration("1", 5), &json!({"buyer": SUPPLIER_VAT}));
        let hash = "00".repeat(32);
        w.say(SUPPLIER, "invoice.registered.v1", &with(data, &json!({"documents": [hash, hash]})))
    }),
    ("amount_due_invalid", "not_a_party", |w| {
        w.say(
            RIVAL,
            "invoice.registered.v1",
            &with(registration("1", 5), &json!({"amount_due_minor": 6})),
        )
    }),
    ("participant_unknown", "party_taken", |w| {
        w.say(OPERATOR, "party.linked.v1", &json!({"party": STRANGER.party, "alias": BANK.party}))
    }),
    ("key_not_yours", "key_taken", |w| add_key(w, BANK, FACTOR, FACTOR, "email-link")),
    ("delegation_types", "delegate_unfit", |w| delegate(w, SUPPLIER, BANK, &json!({"types": []}))),
    ("term_invalid", "participant_unknown", |w| {
        let until = w.now;
        grant(w, STRANGER, &json!({"until": until}))
    }),
    ("show_malformed", "term_invalid", |w| {
        let until = w.now;
        grant(w, BANK, &json!({"until": until, "show": []}))
    }),
    ("amount_invalid", "invoice_unknown", |w| {
        w.say(BANK, "financing.recorded.v1", &recording(&[(InvoiceId::from_bytes([9; 32]), -1)]))
    }),
    ("reservation_term", "invoice_unknown", |w| {
        let data = w.reservation(&[(InvoiceId::from_bytes([9; 32]), 1)], 0);
        w.say(BANK, "financing.reserved.v1", &data)
    }),
    ("list_malformed", "waiver_scope", |w| {
        let debtors = json!({"blanket": w.last, "debtors": [DEBTOR.party, DEBTOR.party]});
        w.say(BANK, "blanket.waived.v1", &debtors)
    }),
    ("waiver_scope", "term_invalid", |w| {
        let data = json!({"blanket": w.last, "until": w.now});
        w.say(BANK, "blanket.waived.v1", &data)
    }),
    ("term_invalid", "beneficiary_unfit", |w| {
        let data = json!({"blanket": w.last, "until": w.now, "financier": BANK.party});
        w.say(BANK, "blanket.waived.v1", &data)
    }),
    ("tacit_term_invalid", "term_invalid", |w| {
        let until = w.now;
        grant(w, BANK, &json!({"until": until, "tacit": {"days": 999, "law": "x"}}))
    }),
    ("guarantee_date_past", "invoice_unknown", |w| {
        guarantee(w, InvoiceId::from_bytes([9; 32]), 1, "2026-11-20")
    }),
    ("offeree_unfit", "invoice_unknown", |w| offer(w, RIVAL, &[InvoiceId::from_bytes([9; 32])])),
    ("currency_mismatch", "guarantee_exceeds", |w| {
        let id = w.invoice("1", 100);
        let data =
            json!({"invoice": id, "amount_minor": 101, "currency": "USD", "date": "2026-12-01"});
        w.say(DEBTOR, "invoice.guaranteed.v1", &data)
    }),
    ("participant_unknown", "blanket_unknown", |w| {
        let data = json!({"blanket": w.last, "financier": STRANGER.party});
        w.say(BANK, "blanket.waived.v1", &data)
    }),
    ("beneficiary_unfit", "blanket_unknown", |w| {
        let data = json!({"blanket": w.last, "financier": SUPPLIER.party});
        w.say(BANK, "blanket.waived.v1", &data)
    }),
    ("beneficiary_unfit", "financing_unknown", |w| {
        let data = json!({"financing": w.last, "financier": SUPPLIER.party});
        w.say(BANK, "cofinancing.consented.v1", &data)
    }),
    ("amount_invalid", "currency_mismatch", |w| {
        let data = json!({"financing": w.last, "financier": FACTOR.party, "up_to_minor": 0});
        w.say(BANK, "cofinancing.consented.v1", &data)
    }),
    ("financing_unknown", "currency_mismatch", |w| {
        let data = json!({"financing": w.last, "financier": FACTOR.party, "up_to_minor": 1});
        w.say(BANK, "cofinancing.consented.v1", &data)
    }),
    ("party_check_digits", "issue_range_invalid", |w| {
        let days = json!({"issued_from": "2026-11-02", "issued_until": "2026-11-01"});
        let data = with(with(pledging(), &days), &json!({"debtor": "0208:0403019262"}));
        w.say(BANK, "blanket.recorded.v1", &data)
    }),
    ("issue_range_invalid", "blanket_party_unfit", |w| {
        let days = json!({"issued_from": "2026-11-02", "issued_until": "2026-11-01"});
        let data = with(with(pledging(), &days), &json!({"debtor": SUPPLIER.party}));
        w.say(BANK, "blanket.recorded.v1", &data)
    }),
    ("participation_unfounded", "over_capacity", |w| {
        let id = w.invoice("1", 100);
        let share = with(recording(&[(id, 101)]), &json!({"kind": "participation"}));
        w.say(BANK, "financing.recorded.v1", &share)
    }),
    ("reservation_unknown", "invoice_unknown", |w| {
        let reservation = w.last;
        let data = recording(&[(InvoiceId::from_bytes([9; 32]), 1)]);
        w.say(BANK, "financing.recorded.v1", &with(data, &json!({"reservation": reservation})))
    }),
    ("invoice_ended", "currency_mismatch", |w| {
        let id = w.invoice("1", 100);
        cancel(w, id).unwrap();
        w.say(
            BANK,
            "financing.recorded.v1",
            &with(recording(&[(id, 1)]), &json!({"currency": "USD"})),
        )
    }),
    ("currency_mismatch", "over_capacity", |w| {
        let id = w.invoice("1", 100);
        w.say(
            BANK,
            "financing.recorded.v1",
            &with(recording(&[(id, 101)]), &json!({"currency": "USD"})),
        )
    }),
    ("transferee_unfit", "financing_unknown", |w| {
        let financing = w.last;
        w.say(
            BANK,
            "financing.transferred.v1",
            &json!({"financing": financing, "to": SUPPLIER.party}),
        )
    }),
    ("financing_unknown", "currency_mismatch", |w| {
        let id = w.invoice("1", 100);
        let data = json!({
            "financing": w.last, "currency": "USD", "invoices": [{"id": id, "received_minor": 1}]
        });
        w.say(BANK, "financing.settled.v1", &data)
    }),
    ("effective_in_future", "invoice_unknown", |w| {
        let later = w.now.plus_millis(1);
        w.try_status(
            DEBTOR,
            InvoiceId::from_bytes([9; 32]),
            "booked",
            &json!({"effective_at": later}),
        )
    }),
    ("source_not_yours", "status_out_of_transition", |w| {
        let id = w.invoice("1", 100);
        w.try_status(
            SUPPLIER,
            id,
            "payment_reversed",
            &json!({
                "source": {"kind": "buyer"}, "amount_minor": 5, "currency": "EUR"
            }),
        )
    }),
    ("list_malformed", "conflict_unknown", |w| {
        step(w, BANK, "evidenced", &json!({"evidence": []}))
    }),
    ("amount_invalid", "conflict_unknown", |w| {
        let shares = json!([{"rank": 1, "amount_minor": 0}, {"rank": 2, "amount_minor": 1}]);
        resolve(w, BANK, &json!({"kind": "shared", "shares": shares, "currency": "EUR"}))
    }),
    ("conflict_unknown", "resolution_not_yours", |w| {
        resolve(w, BANK, &json!({"kind": "fraud_confirmed"}))
    }),
    ("ranks_malformed", "shares_exceed", |w| {
        *w = conflicted().0;
        let shares = json!([{"rank": 1, "amount_minor": 60}, {"rank": 1, "amount_minor": 41}]);
        resolve(w, BANK, &json!({"kind": "shared", "shares": shares, "currency": "EUR"}))
    }),
    ("currency_mismatch", "shares_exceed", |w| {
        *w = conflicted().0;
        let shares = json!([{"rank": 1, "amount_minor": 60}, {"rank": 2, "amount_minor": 41}]);
        resolve(w, BANK, &json!({"kind": "shared", "shares": shares, "currency": "USD"}))
    }),
    ("over_capacity", "log_full", |w| {
        let id = w.invoice("1", 100);
        w.state.size = u64::from(u32::MAX);
        w.say(BANK, "financing.recorded.v1", &recording(&[(id, 101)]))
    }),
];

#[test]
fn what_a_suspended_participant_did_stays() {
    let mut w = World::new();
    suspend(&mut w, BANK).unwrap();
    assert_eq!(w.participant(BANK).standing, Standing::Suspended);
    w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": BANK.party})).unwrap();
    mandate_request(&mut w, BANK).unwrap();
}
