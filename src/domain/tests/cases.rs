//! The case file: who may say what about a conflict, and what comes of it.

use serde_json::{Value, json};

use super::blankets::pledge;
use super::world::*;
use crate::domain::{ACKNOWLEDGE_MILLIS, ANSWER_MILLIS, AlertCode, Outcome, Rejection, Relation};
use crate::statement::ContestReason;
use crate::types::{InvoiceId, Minor};

/// The bank and then the factor finance the same invoice: case 0.
pub(super) fn conflicted() -> (World, InvoiceId) {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    assert!(is_conflict(&w.finance(FACTOR, &[(id, 100)])));
    (w, id)
}

/// The bank finances an invoice and the factor one that looks like a copy of it: case 0.
fn look_alikes() -> (World, InvoiceId, InvoiceId) {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("INV-1", 100), &json!({"type": 393})));
    w.finance(BANK, &[(id, 100)]);
    let outcome = w.finance(FACTOR, &[(copy, 100)]);
    assert!(is_conflict(&outcome) && only(&outcome).relation == Relation::Altered);
    (w, id, copy)
}

/// A step in case 0.
pub(super) fn step(
    w: &mut World,
    who: Actor,
    kind: &str,
    more: &Value,
) -> Result<Outcome, Rejection> {
    let kind = format!("conflict.{kind}.v1");
    w.say(who, &kind, &with(json!({"conflict": "cas_0"}), more))
}

pub(super) fn resolve(w: &mut World, who: Actor, resolution: &Value) -> Result<Outcome, Rejection> {
    step(w, who, "resolved", &json!({"resolution": resolution}))
}

fn not_the_same() -> Value {
    json!({"kind": "not_the_same_invoice"})
}

fn release(w: &mut World, who: Actor) {
    let row = *w.state.financings_of(w.row(who)).last().unwrap();
    let financing = w.state.financing(row).unwrap().statement;
    w.say(who, "financing.released.v1", &json!({"financing": financing})).unwrap();
}

/// The first finding of what one more financier would meet.
fn meets(w: &mut World, who: Actor, id: InvoiceId, minor: Minor) -> bool {
    !is_free(&w.try_finance(who, &[(id, minor)]))
}

#[test]
fn every_step_is_told_to_the_others_and_to_nobody_else() {
    let (mut w, id) = conflicted();
    step(&mut w, FACTOR, "acknowledged", &json!({})).unwrap();
    step(&mut w, FACTOR, "contested", &json!({"reason": "duplicate_entry"})).unwrap();
    step(&mut w, FACTOR, "evidenced", &json!({"evidence": ["aa".repeat(32)]})).unwrap();
    step(&mut w, FACTOR, "disclosed", &json!({})).unwrap();
    resolve(&mut w, FACTOR, &json!({"kind": "subordinated", "order": [1, 2]})).unwrap();
    let told = w.told(BANK);
    let expected = [
        AlertCode::SecondClaim,
        AlertCode::ConflictAcknowledged,
        AlertCode::ConflictContested,
        AlertCode::ConflictEvidence,
        AlertCode::IdentityOffered,
        AlertCode::ConflictProposed,
    ];
    assert_eq!(told, expected);
    for who in [FACTOR, LENDER, SUPPLIER, DEBTOR, OPERATOR] {
        assert!(w.told(who).is_empty(), "{who:?}");
        assert_eq!(w.concerns(who), who == FACTOR, "{who:?}");
    }
    assert!(!w.concerns(BANK), "an alert tells it, the record would name its author");
    let (_, bank) = (w.row(FACTOR), w.row(BANK));
    assert!(w.alerts(BANK).iter().all(|alert| alert.to == bank && alert.case.is_some()));
    assert_eq!(w.cases()[0].steps.len(), 5);
    assert_eq!(w.receivable(id).claims.len(), 2, "no step made or ended a claim");
}

#[test]
fn an_agreement_takes_effect_when_all_whose_claims_stand_have_said_the_same() {
    let (mut w, id) = conflicted();
    let order = |order: [u16; 2]| json!({"kind": "subordinated", "order": order});
    let places = |w: &World| -> Vec<u64> {
        w.receivable(id).claims.iter().map(|claim| claim.place).collect()
    };
    let before = places(&w);
    resolve(&mut w, BANK, &order([2, 1])).unwrap();
    resolve(&mut w, FACTOR, &order([1, 2])).unwrap();
    assert_eq!(w.open_cases(), 1, "they said different things");
    resolve(&mut w, BANK, &order([1, 2])).unwrap();
    let case = w.cases().remove(0);
    assert_eq!(case.cleared_at, Some(w.now));
    assert_eq!(case.resolution().map(crate::domain::Resolution::code), Some("subordinated"));
    assert_eq!(w.holders(id).len(), 2, "both claims stand");
    assert_eq!(places(&w), before, "and keep their places");
    let told = w.told(FACTOR);
    let last =
        [AlertCode::ConflictProposed, AlertCode::ConflictResolved, AlertCode::ConflictCleared];
    assert!(told.ends_with(&last), "{told:?}");
}

#[test]
fn claims_that_agreed_contradict_a_third_one_and_not_each_other() {
    for resolution in [
        json!({"kind": "subordinated", "order": [2, 1]}),
        json!({"kind": "shared", "currency": "EUR", "shares": [
            {"rank": 1, "amount_minor": 60}, {"rank": 2, "amount_minor": 40},
        ]}),
    ] {
        let (mut w, id) = conflicted();
        resolve(&mut w, BANK, &resolution).unwrap();
        resolve(&mut w, FACTOR, &resolution).unwrap();
        assert_eq!(w.open_cases(), 0);
        assert!(meets(&mut w, LENDER, id, 1));
        assert!(is_conflict(&w.finance(LENDER, &[(id, 1)])));
        assert_eq!((w.cases().len(), w.open_cases()), (2, 1));
        assert_eq!(w.cases()[1].claims.len(), 3, "all three do not fit together");
        release(&mut w, LENDER);
        assert_eq!(w.open_cases(), 0, "the two that are left agreed");
        let told = w.told(BANK);
        assert_eq!(told.last(), Some(&AlertCode::ConflictCleared));
        // A new holder of a claim is bound by what was agreed on it.
        let row = w.state.financings_of(w.row(BANK))[0];
        let financing = w.state.financing(row).unwrap().statement;
        let data = json!({"financing": financing, "to": LENDER.party});
        w.say(BANK, "financing.transferred.v1", &data).unwrap();
        assert_eq!(w.open_cases(), 0);
    }
}

#[test]
fn a_financing_takes_over_what_was_agreed_on_its_reservation() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let data = with(w.reservation(&[(id, 100)], 72), &json!({"on_conflict": "record"}));
    w.say(FACTOR, "financing.reserved.v1", &data).unwrap();
    let reservation = w.last;
    let resolution = json!({"kind": "subordinated", "order": [2, 1]});
    resolve(&mut w, BANK, &resolution).unwrap();
    resolve(&mut w, FACTOR, &resolution).unwrap();
    let data = with(
        recording(&[(id, 100)]),
        &json!({"reservation": reservation, "on_conflict": "refuse"}),
    );
    w.say(FACTOR, "financing.recorded.v1", &data).unwrap();
    assert_eq!((w.cases().len(), w.open_cases(), w.holders(id).len()), (1, 0, 2));
}

#[test]
fn what_is_not_the_same_invoice_does_not_come_back_for_that_pair() {
    let (mut w, id, copy) = look_alikes();
    resolve(&mut w, BANK, &not_the_same()).unwrap();
    assert_eq!(w.open_cases(), 1, "one side alone tells nothing apart");
    assert!(!w.state.related(&w.receivable(id)).is_empty());
    resolve(&mut w, FACTOR, &not_the_same()).unwrap();
    assert_eq!(w.open_cases(), 0);
    assert!(w.state.related(&w.receivable(id)).is_empty());
    assert!(w.state.related(&w.receivable(copy)).is_empty());
    release(&mut w, BANK);
    release(&mut w, FACTOR);
    assert!(is_free(&w.try_finance(BANK, &[(id, 100)])));
    assert!(is_free(&w.try_finance(FACTOR, &[(copy, 100)])), "they are two");
    assert_eq!(w.cases().len(), 1);
    assert_eq!(w.cases()[0].steps.len(), 2, "it is all still there");
    // A third copy is a copy of both.
    let third =
        w.registered(SUPPLIER, &altered(registration("INV-1", 100), &json!({"due_date": null})));
    assert_eq!(w.state.related(&w.receivable(third)).len(), 2);
    assert!(is_conflict(&w.finance(LENDER, &[(third, 100)])));
    assert_eq!(w.cases()[1].claims.len(), 3);
}

#[test]
fn neither_a_link_nor_a_file_brings_together_what_was_told_apart() {
    let (mut w, _, copy) = look_alikes();
    resolve(&mut w, BANK, &not_the_same()).unwrap();
    resolve(&mut w, FACTOR, &not_the_same()).unwrap();
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    for number in
        [registration("INV-1", 100), altered(registration("INV-1", 100), &json!({"type": 393}))]
    {
        let data = with(number, &json!({"documents": ["ab".repeat(32)]}));
        w.registered(SUPPLIER, &data);
    }
    assert_eq!((w.cases().len(), w.open_cases()), (1, 0));
    assert!(w.state.related(&w.receivable(copy)).is_empty());
}

#[test]
fn consent_counts_for_the_claims_that_stood_and_the_holder_that_gave_it() {
    let (mut w, id, _) = look_alikes();
    resolve(&mut w, BANK, &not_the_same()).unwrap();
    // A third claim comes in: what the bank said was about two.
    w.finance(LENDER, &[(id, 100)]);
    assert_eq!(w.cases().len(), 1);
    resolve(&mut w, FACTOR, &not_the_same()).unwrap();
    resolve(&mut w, LENDER, &not_the_same()).unwrap();
    assert_eq!(w.state.related(&w.receivable(id)).len(), 1);
    resolve(&mut w, BANK, &not_the_same()).unwrap();
    assert!(w.state.related(&w.receivable(id)).is_empty());
    assert_eq!(w.open_cases(), 1, "two claims on the invoice itself still contradict each other");
}

#[test]
fn the_operator_decides_alone_and_says_which_invoices() {
    let (mut w, id, copy) = look_alikes();
    let third =
        w.registered(SUPPLIER, &altered(registration("INV-1", 100), &json!({"due_date": null})));
    w.finance(LENDER, &[(third, 100)]);
    let decision = json!({"kind": "not_the_same_invoice", "invoices": [id, copy]});
    resolve(&mut w, OPERATOR, &decision).unwrap();
    let related = |w: &World, id| w.state.related(&w.receivable(id)).len();
    assert_eq!((related(&w, id), related(&w, copy), related(&w, third)), (1, 1, 2));
    assert_eq!(w.open_cases(), 1, "the third is a copy of either");
    release(&mut w, LENDER);
    assert_eq!(w.open_cases(), 0);
}

#[test]
fn fraud_warns_all_who_hold_a_claim_and_ends_none() {
    let (mut w, id) = conflicted();
    resolve(&mut w, OPERATOR, &json!({"kind": "fraud_confirmed"})).unwrap();
    assert_eq!(w.cases()[0].fraud_confirmed_at(), Some(w.now));
    assert_eq!((w.open_cases(), w.holders(id).len()), (1, 2));
    for who in [BANK, FACTOR] {
        assert_eq!(w.told(who).last(), Some(&AlertCode::FraudConfirmed));
    }
    // It may come to light when all is over.
    let (mut w, _) = conflicted();
    release(&mut w, FACTOR);
    resolve(&mut w, OPERATOR, &json!({"kind": "fraud_confirmed"})).unwrap();
    assert!(w.cases()[0].fraud_confirmed_at().is_some());
}

#[test]
fn a_release_is_the_resolution_of_the_conflict_that_it_clears() {
    let (mut w, _) = conflicted();
    release(&mut w, FACTOR);
    let case = w.cases().remove(0);
    assert_eq!(case.resolution().map(crate::domain::Resolution::code), Some("released"));
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let data = with(w.reservation(&[(id, 100)], 1), &json!({"on_conflict": "record"}));
    w.say(FACTOR, "financing.reserved.v1", &data).unwrap();
    release(&mut w, FACTOR);
    let case = w.cases().remove(0);
    assert_eq!(case.resolution().map(crate::domain::Resolution::code), Some("withdrawn"));
    assert_eq!(case.steps.len(), 1);
}

#[test]
fn identities_are_known_when_both_consent_or_the_operator_decides() {
    let (mut w, id) = conflicted();
    let knows = |w: &World, one, other| w.cases()[0].reveals(w.row(one), w.row(other));
    step(&mut w, BANK, "disclosed", &json!({})).unwrap();
    assert!(!knows(&w, FACTOR, BANK) && !knows(&w, BANK, FACTOR));
    assert_eq!(w.told(FACTOR).last(), Some(&AlertCode::IdentityOffered));
    step(&mut w, FACTOR, "disclosed", &json!({})).unwrap();
    assert!(knows(&w, FACTOR, BANK) && knows(&w, BANK, FACTOR));
    assert_eq!(w.told(BANK).last(), Some(&AlertCode::IdentityRevealed));
    // Who comes later was not meant.
    w.finance(LENDER, &[(id, 100)]);
    step(&mut w, LENDER, "disclosed", &json!({})).unwrap();
    assert!(!knows(&w, LENDER, BANK) && !knows(&w, BANK, LENDER));
    step(&mut w, BANK, "disclosed", &json!({})).unwrap();
    assert!(knows(&w, LENDER, BANK) && knows(&w, BANK, LENDER) && !knows(&w, LENDER, FACTOR));
    step(&mut w, OPERATOR, "disclosed", &json!({})).unwrap();
    assert!(knows(&w, LENDER, FACTOR) && knows(&w, FACTOR, LENDER));
}

#[test]
fn deadlines_follow_from_when_one_came_in_and_from_what_one_said() {
    let (mut w, id) = conflicted();
    let begin = w.now;
    let due = |w: &World, who| {
        let case = w.cases().remove(0);
        let party = w.row(who);
        let since = case.parties.iter().find(|(it, _)| *it == party).unwrap().1;
        case.due(party, since)
    };
    let bank = due(&w, BANK);
    assert_eq!(bank.acknowledge_by, begin.plus_millis(ACKNOWLEDGE_MILLIS));
    assert_eq!(bank.answer_by, begin.plus_millis(ACKNOWLEDGE_MILLIS + ANSWER_MILLIS));
    w.pass(HOUR);
    step(&mut w, BANK, "acknowledged", &json!({})).unwrap();
    let bank = due(&w, BANK);
    assert_eq!((bank.acknowledged_at, bank.answered_at), (Some(w.now), None));
    assert_eq!(bank.answer_by, w.now.plus_millis(ANSWER_MILLIS));
    w.pass(30 * HOUR);
    // Whoever contests has taken note; late, and still heard.
    step(&mut w, FACTOR, "contested", &json!({"reason": "other"})).unwrap();
    let factor = due(&w, FACTOR);
    assert_eq!((factor.acknowledged_at, factor.answered_at), (Some(w.now), Some(w.now)));
    assert_eq!(factor.answer_by, begin.plus_millis(ACKNOWLEDGE_MILLIS + ANSWER_MILLIS));
    w.finance(LENDER, &[(id, 1)]);
    assert_eq!(due(&w, LENDER).acknowledge_by, w.now.plus_millis(ACKNOWLEDGE_MILLIS));
}

#[test]
fn each_reason_can_be_given_once() {
    let (mut w, _) = conflicted();
    for reason in ContestReason::ALL {
        step(&mut w, BANK, "contested", &json!({"reason": reason})).unwrap();
        assert_eq!(
            code(step(&mut w, BANK, "contested", &json!({"reason": reason}))),
            "step_repeated"
        );
    }
    let mut codes: Vec<_> = ContestReason::ALL.iter().map(|reason| reason.outside_code()).collect();
    codes.dedup();
    assert_eq!((codes.len(), codes[1], codes[13]), (14, "C02", "1229:20"));
}

#[test]
fn what_one_may_name_and_say_is_bounded() {
    let (mut w, _) = conflicted();
    for round in 0..4_u8 {
        let hashes: Vec<String> = (0..8_u8).map(|n| format!("{:064x}", round * 8 + n)).collect();
        step(&mut w, BANK, "evidenced", &json!({"evidence": hashes})).unwrap();
    }
    let more = json!({"evidence": ["ff".repeat(32)]});
    assert_eq!(code(step(&mut w, BANK, "evidenced", &more)), "case_full");
    step(&mut w, FACTOR, "evidenced", &more).unwrap();
    for n in 0..60_u8 {
        let order = if n % 2 == 0 { [2, 1] } else { [1, 2] };
        resolve(&mut w, BANK, &json!({"kind": "subordinated", "order": order})).unwrap();
    }
    assert_eq!(code(step(&mut w, BANK, "acknowledged", &json!({}))), "case_full");
}

#[test]
fn a_conflict_whose_reservations_lapsed_is_over() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let data = with(w.reservation(&[(id, 100)], 1), &json!({"on_conflict": "record"}));
    w.say(FACTOR, "financing.reserved.v1", &data).unwrap();
    step(&mut w, FACTOR, "acknowledged", &json!({})).unwrap();
    w.pass(HOUR);
    assert_eq!(code(step(&mut w, BANK, "acknowledged", &json!({}))), "conflict_over");
    assert_eq!(
        code(resolve(&mut w, OPERATOR, &json!({"kind": "subordinated", "order": [1]}))),
        "conflict_over"
    );
}

#[test]
fn a_claim_that_ended_keeps_its_rank_and_who_held_it_says_no_more() {
    let (mut w, id) = conflicted();
    w.finance(LENDER, &[(id, 100)]);
    release(&mut w, BANK);
    assert_eq!(code(step(&mut w, BANK, "acknowledged", &json!({}))), "conflict_over");
    let order = |order: [u16; 2]| json!({"kind": "subordinated", "order": order});
    assert_eq!(code(resolve(&mut w, FACTOR, &order([1, 2]))), "ranks_malformed");
    resolve(&mut w, FACTOR, &order([3, 2])).unwrap();
    resolve(&mut w, LENDER, &order([3, 2])).unwrap();
    assert_eq!(w.open_cases(), 0);
}

#[test]
fn a_blanket_pledge_is_a_right_in_the_case_as_a_claim_is() {
    let mut w = World::new();
    pledge(&mut w, BANK, &json!({}));
    let id = w.invoice("1", 100);
    assert!(is_conflict(&w.finance(FACTOR, &[(id, 100)])));
    step(&mut w, BANK, "contested", &json!({"reason": "no_relation_with_financier"})).unwrap();
    assert_eq!(w.told(FACTOR), [AlertCode::ConflictContested]);
    step(&mut w, FACTOR, "acknowledged", &json!({})).unwrap();
    assert_eq!(w.told(BANK).last(), Some(&AlertCode::ConflictAcknowledged));
    let order = json!({"kind": "subordinated", "order": [2, 1]});
    resolve(&mut w, FACTOR, &order).unwrap();
    assert_eq!(w.open_cases(), 1);
    resolve(&mut w, BANK, &order).unwrap();
    assert_eq!(w.open_cases(), 0);
    // The next invoice under the pledge is another matter.
    let next = w.invoice("2", 70);
    assert!(is_refused(&w.try_finance(FACTOR, &[(next, 70)])));
    assert!(is_refused(&w.try_finance(LENDER, &[(id, 1)])));
}

#[test]
fn a_log_under_older_rules_admits_no_step() {
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 1}))).unwrap();
    for who in [BANK, FACTOR] {
        w.admit(who, &json!(["financier"])).unwrap();
    }
    let id = w.registered(BANK, &registration("1", 100));
    w.finance(BANK, &[(id, 100)]);
    assert!(is_conflict(&w.finance(FACTOR, &[(id, 100)])));
    assert_eq!(code(step(&mut w, BANK, "acknowledged", &json!({}))), "rules_too_old");
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 2})).unwrap();
    step(&mut w, BANK, "acknowledged", &json!({})).unwrap();
}
