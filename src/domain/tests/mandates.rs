//! Mandates: asked for, granted, amended, revoked.

use serde_json::json;

use super::rejections::{grant, mandate_request, suspend};
use super::world::*;
use crate::domain::{AlertCode, MandateStanding};
use crate::statement::Detail;

#[test]
fn a_request_is_answered_once_and_for_the_one_who_asked() {
    let mut w = World::new();
    mandate_request(&mut w, BANK).unwrap();
    assert!(w.concerns(DEBTOR) && w.concerns(BANK) && !w.concerns(FACTOR));
    let request = json!({"request": w.last});
    assert_eq!(code(grant(&mut w, FACTOR, &request)), "mandate_unknown");
    grant(&mut w, BANK, &request).unwrap();
    assert_eq!(code(grant(&mut w, BANK, &request)), "mandate_unknown");
    assert_eq!(w.state.mandate(0).unwrap().standing, MandateStanding::Answered);
    assert_eq!(w.state.mandates_of(w.row(DEBTOR)), [0, 1]);
    assert_eq!(w.state.mandates_of(w.row(BANK)), [0, 1]);
}

#[test]
fn a_mandate_is_asked_of_a_debtor_and_granted_to_a_financier_or_supplier() {
    let mut w = World::new();
    let until = w.now.plus_millis(DAY);
    let ask =
        |debtor: Actor| json!({"debtor": debtor.party, "scope": {"kind": "all"}, "until": until});
    assert_eq!(code(w.say(BANK, "mandate.requested.v1", &ask(SUPPLIER))), "mandate_party_unfit");
    assert_eq!(code(w.say(BANK, "mandate.requested.v1", &ask(STRANGER))), "participant_unknown");
    grant(&mut w, RIVAL, &json!({})).unwrap();
    for (to, expected) in [
        (AUDITOR, "mandate_party_unfit"),
        (DEBTOR, "mandate_party_unfit"),
        (STRANGER, "participant_unknown"),
    ] {
        assert_eq!(code(grant(&mut w, to, &json!({}))), expected);
    }
    suspend(&mut w, BANK).unwrap();
    assert_eq!(code(grant(&mut w, BANK, &json!({}))), "mandate_party_unfit");
}

#[test]
fn terms_and_scopes_make_sense() {
    let mut w = World::new();
    let (now, later) = (w.now, w.now.plus_millis(2 * DAY));
    let suppliers = |list: &[&str]| json!({"scope": {"kind": "suppliers", "suppliers": list}});
    for (more, expected) in [
        (json!({"until": now}), "term_invalid"),
        (json!({"from": later}), "term_invalid"),
        (json!({"show": []}), "show_malformed"),
        (suppliers(&[]), "list_malformed"),
        (suppliers(&[SUPPLIER.party, SUPPLIER.party]), "list_malformed"),
    ] {
        assert_eq!(code(grant(&mut w, BANK, &more)), expected, "{more}");
    }
    // An amended mandate must not end before it begins.
    grant(&mut w, BANK, &json!({"from": later, "until": later.plus_millis(DAY)})).unwrap();
    let amended = json!({
        "mandate": w.last, "scope": {"kind": "all"}, "show": ["process"], "until": w.now.plus_millis(DAY)
    });
    assert_eq!(code(w.say(DEBTOR, "mandate.amended.v1", &amended)), "term_invalid");
}

#[test]
fn a_mandate_lets_see_while_it_is_in_force() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    assert!(!w.view(BANK, id).any());
    let from = w.now.plus_millis(HOUR);
    grant(&mut w, BANK, &json!({"from": from, "show": ["process", "amounts"]})).unwrap();
    let mandate = w.last;
    assert!(!w.view(BANK, id).any(), "not yet");
    w.pass(HOUR);
    assert_eq!(w.view(BANK, id).mandated, [Detail::Process, Detail::Amounts]);
    // Narrower, at once.
    let until = w.now.plus_millis(DAY);
    let narrower =
        json!({"mandate": mandate, "scope": {"kind": "all"}, "show": ["document"], "until": until});
    w.say(DEBTOR, "mandate.amended.v1", &narrower).unwrap();
    assert_eq!(w.view(BANK, id).mandated, [Detail::Document]);
    let elsewhere =
        with(narrower, &json!({"scope": {"kind": "suppliers", "suppliers": [RIVAL.party]}}));
    w.say(DEBTOR, "mandate.amended.v1", &elsewhere).unwrap();
    assert!(!w.view(BANK, id).any());
    let here = with(elsewhere, &json!({"scope": {"kind": "invoices", "invoices": [id]}}));
    w.say(DEBTOR, "mandate.amended.v1", &here).unwrap();
    assert!(w.view(BANK, id).any());
    w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate})).unwrap();
    assert!(w.concerns(BANK));
    assert!(!w.view(BANK, id).any(), "a revoked mandate ends that at once");
    assert_eq!(code(w.say(DEBTOR, "mandate.amended.v1", &here)), "mandate_unknown");
    assert_eq!(
        code(w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate}))),
        "mandate_unknown"
    );
}

#[test]
fn a_mandate_ends_by_itself() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    grant(&mut w, BANK, &json!({})).unwrap();
    let mandate = w.last;
    w.pass(DAY - 1);
    assert!(w.view(BANK, id).any());
    w.pass(1);
    assert!(!w.view(BANK, id).any());
    let longer = json!({
        "mandate": mandate, "scope": {"kind": "all"}, "show": ["process"], "until": w.now.plus_millis(DAY)
    });
    assert_eq!(code(w.say(DEBTOR, "mandate.amended.v1", &longer)), "mandate_unknown");
}

#[test]
fn a_supplier_is_named_by_any_of_its_ids() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let scope = json!({"scope": {"kind": "suppliers", "suppliers": [SUPPLIER_VAT]}});
    grant(&mut w, BANK, &scope).unwrap();
    assert!(!w.view(BANK, id).any());
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    assert!(w.view(BANK, id).any());
}

#[test]
fn nobody_but_the_debtor_changes_a_mandate() {
    let mut w = World::new();
    grant(&mut w, BANK, &json!({})).unwrap();
    let mandate = json!({"mandate": w.last});
    w.admit(STRANGER, &json!(["debtor"])).unwrap();
    assert_eq!(code(w.say(STRANGER, "mandate.revoked.v1", &mandate)), "mandate_unknown");
    assert_eq!(code(w.say(BANK, "mandate.revoked.v1", &mandate)), "role_not_allowed");
}

#[test]
fn statuses_reach_whoever_holds_a_mandate_then() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    grant(&mut w, BANK, &json!({})).unwrap();
    let mandate = w.last;
    w.status(DEBTOR, id, "received", &json!({}));
    assert!(w.concerns(BANK) && w.concerns(SUPPLIER) && w.concerns(DEBTOR) && !w.concerns(FACTOR));
    suspend(&mut w, BANK).unwrap();
    w.status(DEBTOR, id, "in_process", &json!({}));
    assert!(!w.concerns(BANK), "a suspended holder's keys may be in other hands");
    assert!(!w.view(BANK, id).any());
    w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": BANK.party})).unwrap();
    w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate})).unwrap();
    w.status(DEBTOR, id, "booked", &json!({}));
    assert!(!w.concerns(BANK));
}

#[test]
fn a_request_is_declined_by_the_one_who_was_asked_and_once() {
    let mut w = World::new();
    mandate_request(&mut w, BANK).unwrap();
    let asked = w.last;
    let decline = json!({"request": asked});
    assert_eq!(code(w.say(BANK, "mandate.declined.v1", &decline)), "role_not_allowed");
    w.say(DEBTOR, "mandate.declined.v1", &decline).unwrap();
    assert!(w.concerns(BANK) && w.concerns(DEBTOR) && !w.concerns(SUPPLIER));
    assert_eq!(w.told(BANK), [AlertCode::MandateDeclined]);
    assert_eq!(w.state.mandate(0).unwrap().standing, MandateStanding::Declined { at: w.now });
    assert_eq!(code(w.say(DEBTOR, "mandate.declined.v1", &decline)), "mandate_unknown");
    assert_eq!(code(grant(&mut w, BANK, &json!({"request": asked}))), "mandate_unknown");
    // What was granted, or is over, is not declined any more.
    mandate_request(&mut w, BANK).unwrap();
    let late = json!({"request": w.last});
    w.pass(DAY);
    assert_eq!(code(w.say(DEBTOR, "mandate.declined.v1", &late)), "mandate_unknown");
}

#[test]
fn a_mandate_under_which_silence_counts_is_narrowed_and_prolonged_but_not_widened() {
    let mut w = World::new();
    let tacit = json!({"days": 8, "law": "co-1231-2008"});
    let two = json!({"kind": "suppliers", "suppliers": [SUPPLIER.party, RIVAL.party]});
    grant(&mut w, BANK, &json!({"scope": two, "tacit": tacit})).unwrap();
    let (mandate, until) = (w.last, w.now.plus_millis(9 * DAY));
    let mut amend = |scope| {
        let data = json!({"mandate": mandate, "scope": scope, "show": ["process"], "until": until});
        w.say(DEBTOR, "mandate.amended.v1", &data)
    };
    let one = json!({"kind": "suppliers", "suppliers": [RIVAL.party]});
    amend(two.clone()).unwrap();
    amend(one.clone()).unwrap();
    assert_eq!(code(amend(two)), "tacit_scope_widened");
    assert_eq!(code(amend(json!({"kind": "all"}))), "tacit_scope_widened");
    assert_eq!(w.state.mandate(0).unwrap().tacit.as_ref().unwrap().days, 8);
}

#[test]
fn silence_counts_under_newer_rules_only() {
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 2}))).unwrap();
    w.admit(DEBTOR, &json!(["debtor"])).unwrap();
    w.admit(BANK, &json!(["financier"])).unwrap();
    let tacit = json!({"tacit": {"days": 8, "law": "co-1231-2008"}});
    assert_eq!(code(grant(&mut w, BANK, &tacit)), "rules_too_old");
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 3})).unwrap();
    grant(&mut w, BANK, &tacit).unwrap();
}
