//! Who is who, and who may speak.

use serde_json::json;

use super::rejections::{add_key, delegate, mandate_request, revoke_key, suspend};
use super::world::*;
use crate::domain::{RULES_VERSION, Standing};
use crate::types::PartyId;

#[test]
fn the_first_statement_opens_the_registry_and_admits_the_operator() {
    let mut w = World::unopened();
    assert!(w.state.rulebook().is_none());
    w.open();
    assert_eq!(w.state.rulebook().unwrap().operator, w.row(OPERATOR));
    assert_eq!(w.state.size(), 1);
}

#[test]
fn an_opening_is_signed_by_the_key_and_the_operator_that_it_names() {
    for (signer, author, members, expected) in [
        (BANK, OPERATOR.party, json!({}), "key_unknown"),
        (OPERATOR, BANK.party, json!({}), "author_unknown"),
        (OPERATOR, OPERATOR.party, json!({"rules": RULES_VERSION + 1}), "rules_unknown"),
    ] {
        let mut w = World::unopened();
        let data = with(opening(), &members);
        assert_eq!(code(w.say_with(signer, author, "registry.opened.v1", &data)), expected);
    }
    let mut w = World::unopened();
    let bad = Actor { party: "0208:0403019262", ..OPERATOR };
    let data = with(opening(), &json!({"operator": bad.party}));
    assert_eq!(code(w.say(bad, "registry.opened.v1", &data)), "party_check_digits");
    let trial = with(data, &json!({"check_digits": "ignored"}));
    w.say(bad, "registry.opened.v1", &trial).unwrap();
}

#[test]
fn two_spellings_of_one_party_are_one_participant() {
    let mut w = World::new();
    // The debtor's VAT number is its enterprise number with a prefix.
    let vat = Actor { party: "9925:BE0403019261", seed: 99 };
    assert_eq!(code(w.admit(vat, &json!(["debtor"]))), "party_taken");
    let id = w.invoice("1", 100);
    w.say_with(
        DEBTOR,
        vat.party,
        "status.reported.v1",
        &json!({
            "invoice": id, "status": "booked", "effective_at": w.now, "source": {"kind": "ledger"}
        }),
    )
    .unwrap();
}

#[test]
fn a_linked_party_id_speaks_for_the_same_participant() {
    let mut w = World::new();
    let vat = registration_by_vat();
    assert_eq!(code(w.say(SUPPLIER, "invoice.registered.v1", &vat)), "not_a_party");
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    w.say(SUPPLIER, "invoice.registered.v1", &vat).unwrap();
    w.say_with(SUPPLIER, SUPPLIER_VAT, "invoice.registered.v1", &registration("2", 5)).unwrap();
    let supplier = w.participant(SUPPLIER);
    let ids = w.state.party_ids(&supplier);
    assert_eq!(ids.iter().map(PartyId::as_str).collect::<Vec<_>>(), [SUPPLIER.party, SUPPLIER_VAT]);
    assert_eq!(w.state.trades_of_entity(supplier.entity).len(), 2);
    assert_eq!(
        code(w.say(
            OPERATOR,
            "party.linked.v1",
            &json!({"party": BANK.party, "alias": SUPPLIER_VAT})
        )),
        "party_taken"
    );
}

fn registration_by_vat() -> serde_json::Value {
    altered(registration("1", 5), &json!({"seller": SUPPLIER_VAT}))
}

#[test]
fn a_key_can_be_replaced_without_the_operator() {
    let mut w = World::new();
    let newer = Actor { seed: 50, ..BANK };
    add_key(&mut w, BANK, BANK, newer, "electronic-identity").unwrap();
    revoke_key(&mut w, newer, BANK, BANK).unwrap();
    mandate_request(&mut w, newer).unwrap();
    assert_eq!(code(mandate_request(&mut w, BANK)), "key_revoked");
    assert_eq!(code(add_key(&mut w, newer, BANK, BANK, "email-link")), "key_taken");
    assert_eq!(code(revoke_key(&mut w, newer, BANK, BANK)), "key_not_in_force");
}

#[test]
fn the_operator_keeps_a_key() {
    let mut w = World::new();
    let newer = Actor { seed: 50, ..OPERATOR };
    add_key(&mut w, OPERATOR, OPERATOR, newer, "document").unwrap();
    revoke_key(&mut w, OPERATOR, OPERATOR, OPERATOR).unwrap();
    assert_eq!(code(revoke_key(&mut w, newer, OPERATOR, newer)), "last_operator_key");
}

#[test]
fn a_delegate_says_what_it_may_until_it_may_not() {
    let mut w = World::new();
    let until = w.now.plus_millis(DAY);
    delegate(&mut w, SUPPLIER, PORTAL, &json!({"until": until})).unwrap();
    let on_behalf = |w: &mut World, kind: &str, data: &serde_json::Value| {
        w.say_with(PORTAL, SUPPLIER.party, kind, data)
    };
    on_behalf(&mut w, "invoice.registered.v1", &registration("1", 5)).unwrap();
    let request =
        json!({"debtor": DEBTOR.party, "scope": {"kind": "all"}, "until": until.plus_millis(DAY)});
    assert_eq!(code(on_behalf(&mut w, "mandate.requested.v1", &request)), "not_delegated");
    // The delegation ends by itself.
    w.pass(DAY);
    assert_eq!(
        code(on_behalf(&mut w, "invoice.registered.v1", &registration("2", 5))),
        "not_delegated"
    );
    // A newer one replaces it.
    delegate(&mut w, SUPPLIER, PORTAL, &json!({"types": ["mandate.requested.v1"]})).unwrap();
    on_behalf(&mut w, "mandate.requested.v1", &request).unwrap();
    assert_eq!(
        code(on_behalf(&mut w, "invoice.registered.v1", &registration("2", 5))),
        "not_delegated"
    );
    // A suspended delegate is silent, and so is one whose delegation was revoked.
    suspend(&mut w, PORTAL).unwrap();
    assert_eq!(code(on_behalf(&mut w, "mandate.requested.v1", &request)), "author_suspended");
    w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": PORTAL.party})).unwrap();
    w.say(SUPPLIER, "delegation.revoked.v1", &json!({"delegate": PORTAL.party})).unwrap();
    assert_eq!(code(on_behalf(&mut w, "mandate.requested.v1", &request)), "not_delegated");
    assert_eq!(w.participant(PORTAL).standing, Standing::Active);
}

#[test]
fn nothing_about_who_may_speak_is_delegated() {
    let mut w = World::new();
    for kind in ["key.added.v1", "key.revoked.v1", "delegation.granted.v1", "delegation.revoked.v1"]
    {
        assert_eq!(
            code(delegate(&mut w, SUPPLIER, PORTAL, &json!({"types": [kind]}))),
            "delegation_types"
        );
    }
    let past = json!({"until": w.now});
    assert_eq!(code(delegate(&mut w, SUPPLIER, PORTAL, &past)), "term_invalid");
    assert_eq!(code(delegate(&mut w, SUPPLIER, SUPPLIER, &json!({}))), "delegate_unfit");
}

#[test]
fn the_operator_is_told_to_upgrade_before_it_adopts_rules() {
    let mut w = World::new();
    assert_eq!(
        code(w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": RULES_VERSION + 1}))),
        "rules_unknown"
    );
}

#[test]
fn a_registry_of_older_rules_goes_over_to_newer_ones_when_the_operator_adopts_them() {
    let mut opened = opening();
    opened["rules"] = json!(1);
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &opened).unwrap();
    assert_eq!(w.state.rules(), 1);
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 2})).unwrap();
    assert_eq!(w.state.rules(), 2);
}

#[test]
fn a_second_operator_can_be_suspended_and_the_first_cannot() {
    for (rules, expected) in [(1, Err("operator_not_suspendable")), (2, Ok(()))] {
        let mut w = World::unopened();
        w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": rules}))).unwrap();
        w.admit(BANK, &json!(["operator"])).unwrap();
        let said = suspend(&mut w, BANK);
        assert_eq!(said.map(drop).map_err(|rejection| rejection.code()), expected, "rules {rules}");
        assert_eq!(code(suspend(&mut w, OPERATOR)), "operator_not_suspendable");
    }
}
