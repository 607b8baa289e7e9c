//! A pledge of everything that a seller is owed: met, waived, consented, shared, passed on and ended.

use serde_json::{Value, json};

use super::world::*;
use crate::domain::{About, AlertCode, Effect, Finding, Outcome, Rejection, Relation, Verdict};
use crate::invoice::KeyKind;
use crate::types::{InvoiceId, StatementId};

/// A blanket pledge over what the supplier is owed.
pub(super) fn pledging() -> Value {
    json!({
        "seller": SUPPLIER.party, "kind": "pledge", "disclosure": "silent", "on_conflict": "record",
    })
}

pub(super) fn pledge(w: &mut World, who: Actor, more: &Value) -> Outcome {
    w.say(who, "blanket.recorded.v1", &with(pledging(), more)).unwrap()
}

/// The bank pledges everything of the supplier.
fn pledged(more: &Value) -> (World, StatementId) {
    let mut w = World::new();
    assert!(is_free(&pledge(&mut w, BANK, more)));
    let blanket = w.last;
    (w, blanket)
}

fn waive(w: &mut World, blanket: StatementId, more: &Value) -> Result<Outcome, Rejection> {
    w.say(BANK, "blanket.waived.v1", &with(json!({"blanket": blanket}), more))
}

fn consent(
    w: &mut World,
    who: Actor,
    financing: StatementId,
    to: Actor,
    more: &Value,
) -> Result<Outcome, Rejection> {
    let data = json!({"financing": financing, "financier": to.party});
    w.say(who, "cofinancing.consented.v1", &with(data, more))
}

fn withdraw(w: &mut World, who: Actor, consent: StatementId) -> Result<Outcome, Rejection> {
    w.say(who, "consent.withdrawn.v1", &json!({"consent": consent}))
}

fn is_covered(finding: &Finding) -> bool {
    finding.relation == Relation::Covered
        && finding.keys.iter().collect::<Vec<_>>() == [KeyKind::Blanket]
        && finding.differs.iter().count() == 0
}

#[test]
fn a_factor_learns_of_a_pledge_before_he_pays_and_the_pledgee_at_once() {
    let (mut w, _) = pledged(&json!({}));
    let since = w.now.millis() / 1_000;
    w.pass(HOUR);
    let id = w.invoice("1", 100);
    for outcome in [w.reserve(FACTOR, &[(id, 40)], 1), w.try_finance(FACTOR, &[(id, 40)])] {
        assert!(is_refused(&outcome) && is_covered(&only(&outcome)));
        assert_eq!(only(&outcome).rank, 2);
        assert_eq!(i64::try_from(only(&outcome).since).unwrap(), since);
    }
    let recorded = w.finance(FACTOR, &[(id, 40)]);
    assert!(is_conflict(&recorded) && is_covered(&only(&recorded)));
    let refused = AlertCode::SecondClaimRefused;
    assert_eq!(w.told(BANK), [refused, refused, AlertCode::SecondClaim]);
    let row = w.state.receivable_by_id(&id).unwrap().0;
    let about = About::Blanket { row: 0, receivable: Some(row) };
    assert!(w.alerts(BANK).iter().all(|it| it.about == about));
    let case = w.cases()[0].clone();
    assert_eq!((case.claims.len(), case.blankets.as_slice()), (1, [0].as_slice()));
    assert_eq!(w.alerts(BANK)[2].case, Some(case.id));
    assert_eq!(only(&recorded).effect, Effect::Conflict(case.id));
    assert_eq!(w.receivable(id).cases, [case.id]);
    assert_eq!(w.state.cases_of_blanket(0), [0]);
    // A third financier meets both, in the same conflict.
    let third = w.finance(LENDER, &[(id, 60)]);
    let finding = only(&third);
    assert_eq!((finding.relation, finding.rank), (Relation::Identical, 3));
    assert!(finding.keys.contains(KeyKind::Content) && finding.keys.contains(KeyKind::Blanket));
    assert_eq!(finding.effect, Effect::Conflict(case.id));
    assert_eq!(w.cases().len(), 1);
    assert!(w.told(FACTOR).is_empty(), "it fits beside the claim of the other");
}

#[test]
fn a_pledge_covers_its_debtor_and_days_and_what_its_holder_does_is_its_own() {
    let (mut w, _) = pledged(
        &json!({"debtor": DEBTOR.party, "issued_from": "2026-11-01", "issued_until": "2026-11-30"}),
    );
    let inside = w.invoice("1", 100);
    assert!(is_free(&w.try_finance(BANK, &[(inside, 50)])), "its own claim");
    for core in [
        json!({"issue_date": "2026-10-31", "number": "2"}),
        json!({"issue_date": "2026-12-01", "number": "3", "due_date": null}),
        json!({"buyer": RIVAL.party, "number": "4"}),
        json!({"seller": RIVAL.party, "number": "5"}),
    ] {
        let id = w.registered(FACTOR, &altered(registration("x", 100), &core));
        assert!(is_free(&w.try_finance(FACTOR, &[(id, 100)])), "{core}");
    }
    for day in ["2026-11-02", "2026-11-30"] {
        let core = json!({"issue_date": day, "number": day, "gross_minor": 77});
        let id = w.registered(FACTOR, &altered(registration("x", 77), &core));
        assert!(is_refused(&w.try_finance(FACTOR, &[(id, 7)])), "{day}");
    }
}

#[test]
fn another_name_of_the_seller_or_debtor_is_no_way_out() {
    let (mut w, _) = pledged(&json!({}));
    let id =
        w.registered(FACTOR, &altered(registration("1", 100), &json!({"seller": SUPPLIER_VAT})));
    assert!(is_free(&w.finance(FACTOR, &[(id, 100)])), "nobody could know");
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    assert_eq!((w.open_cases(), w.cases()[0].blankets.as_slice()), (1, [0].as_slice()));
    assert_eq!((w.told(BANK).len(), w.told(FACTOR).len()), (1, 1));
    // The other way round: the pledge names the alias.
    let mut w = World::new();
    pledge(&mut w, BANK, &json!({"seller": SUPPLIER_VAT}));
    let id = w.invoice("1", 100);
    assert!(is_free(&w.finance(FACTOR, &[(id, 100)])));
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
    assert_eq!(w.open_cases(), 1);
    let next = w.invoice("2", 90);
    assert!(is_refused(&w.try_finance(FACTOR, &[(next, 90)])));
}

#[test]
fn a_pledge_after_a_claim_comes_behind_and_is_told_so_without_numbers() {
    let mut w = World::new();
    let (a, b) = (w.invoice("1", 100), w.invoice("2", 200));
    w.finance(FACTOR, &[(a, 100), (b, 200)]);
    w.pass(HOUR);
    let outcome = pledge(&mut w, BANK, &json!({}));
    let finding = only(&outcome);
    assert!(is_covered(&finding));
    assert_eq!((finding.effect, finding.rank), (Effect::Fits, 2), "as after one claim");
    assert!(w.cases().is_empty() && w.told(FACTOR).is_empty());
    // What the factor has keeps its place; what comes now meets the pledge.
    w.say(
        FACTOR,
        "financing.transferred.v1",
        &json!({"financing": w.log[w.log.len() - 2].statement.id, "to": LENDER.party}),
    )
    .unwrap();
    assert!(w.cases().is_empty());
    let c = w.invoice("3", 300);
    assert!(is_refused(&w.try_finance(FACTOR, &[(c, 300)])));
}

#[test]
fn a_place_reserved_before_the_pledge_is_before_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(FACTOR, &[(id, 100)], 24);
    let reservation = w.last;
    pledge(&mut w, BANK, &json!({}));
    let data = with(recording(&[(id, 100)]), &json!({"reservation": reservation}));
    assert!(is_free(&w.say(FACTOR, "financing.recorded.v1", &data).unwrap()));
}

#[test]
fn pledges_of_two_over_the_same_are_flagged_to_both_or_refused() {
    let (mut w, first) = pledged(&json!({"debtor": DEBTOR.party}));
    let apart = pledge(&mut w, FACTOR, &json!({"debtor": RIVAL.party}));
    assert!(is_free(&apart), "towards another debtor");
    let refused = w
        .say(FACTOR, "blanket.recorded.v1", &with(pledging(), &json!({"on_conflict": "refuse"})))
        .unwrap();
    assert!(is_refused(&refused) && is_covered(&only(&refused)));
    assert_eq!(w.state.blankets_len(), 2, "it stands as evidence and creates nothing");
    let recorded = pledge(&mut w, FACTOR, &json!({}));
    assert!(is_conflict(&recorded));
    assert_eq!(only(&recorded).rank, 2);
    let case = w.cases()[0].clone();
    assert_eq!((case.claims.len(), case.blankets.as_slice()), (0, [0, 2].as_slice()));
    assert_eq!(w.told(BANK), [AlertCode::SecondClaimRefused, AlertCode::SecondClaim]);
    let about = About::Blanket { row: 0, receivable: None };
    assert!(w.alerts(BANK).iter().all(|it| it.about == about));
    // A claim of the second pledgee meets the first pledge, one of the first meets neither.
    let id = w.invoice("1", 100);
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 10)])));
    assert!(is_free(&w.try_finance(BANK, &[(id, 10)])), "what it claims is under the first");
    // The first steps back before the second one.
    waive(&mut w, first, &json!({"financier": FACTOR.party})).unwrap();
    assert_eq!(w.open_cases(), 0);
    assert_eq!(only(&w.try_finance(FACTOR, &[(id, 10)])).effect, Effect::Fits);
}

#[test]
fn a_waiver_is_for_what_it_names_and_for_nothing_else() {
    let (mut w, blanket) = pledged(&json!({}));
    let (a, b) = (w.invoice("1", 100), w.invoice("2", 200));
    let elsewhere =
        w.registered(SUPPLIER, &altered(registration("3", 300), &json!({"buyer": RIVAL.party})));
    waive(&mut w, blanket, &json!({"invoices": [a], "financier": FACTOR.party})).unwrap();
    assert!(w.concerns(FACTOR) && w.concerns(SUPPLIER) && !w.concerns(LENDER));
    assert!(is_refused(&w.try_finance(LENDER, &[(a, 1)])), "another financier");
    assert!(is_refused(&w.try_finance(FACTOR, &[(b, 1)])), "another invoice");
    assert!(is_free(&w.try_finance(FACTOR, &[(a, 50)])));
    waive(&mut w, blanket, &json!({"debtors": [RIVAL.party]})).unwrap();
    assert!(is_free(&w.try_finance(LENDER, &[(elsewhere, 300)])));
    assert!(is_refused(&w.try_finance(LENDER, &[(b, 1)])), "another debtor");
    waive(&mut w, blanket, &json!({"financier": LENDER.party})).unwrap();
    assert!(is_free(&w.try_finance(LENDER, &[(b, 200)])));
}

#[test]
fn a_waiver_that_ends_hurts_no_claim_that_it_reached() {
    let (mut w, blanket) = pledged(&json!({}));
    let (a, b, c) = (w.invoice("1", 100), w.invoice("2", 200), w.invoice("3", 300));
    let until = w.now.plus_millis(DAY);
    waive(&mut w, blanket, &json!({"financier": FACTOR.party, "until": until})).unwrap();
    let waiver = w.last;
    w.reserve(FACTOR, &[(a, 100)], 72);
    let reservation = w.last;
    w.finance(FACTOR, &[(b, 200)]);
    let financing = w.last;
    assert_eq!(w.cases().len(), 0);
    w.pass(DAY);
    assert!(is_refused(&w.try_finance(FACTOR, &[(c, 300)])), "its time is over");
    assert_eq!(code(withdraw(&mut w, FACTOR, waiver)), "consent_unknown");
    withdraw(&mut w, BANK, waiver).unwrap();
    assert!(w.concerns(FACTOR));
    assert_eq!(code(withdraw(&mut w, BANK, waiver)), "consent_unknown");
    // The place was taken while the waiver was in force, and whoever takes the claim over takes it as it is.
    let data = with(recording(&[(a, 100)]), &json!({"reservation": reservation}));
    assert!(is_free(&w.say(FACTOR, "financing.recorded.v1", &data).unwrap()));
    w.say(FACTOR, "financing.transferred.v1", &json!({"financing": financing, "to": LENDER.party}))
        .unwrap();
    assert_eq!(w.cases().len(), 0);
    assert!(is_refused(&w.try_finance(FACTOR, &[(c, 300)])));
}

#[test]
fn a_waiver_or_a_release_after_the_claim_clears_the_conflict() {
    for how in ["waiver", "financier", "release", "claim"] {
        let (mut w, blanket) = pledged(&json!({}));
        let id = w.invoice("1", 100);
        w.finance(FACTOR, &[(id, 100)]);
        let financing = w.last;
        assert_eq!(w.open_cases(), 1);
        match how {
            "waiver" => drop(waive(&mut w, blanket, &json!({"invoices": [id]})).unwrap()),
            "financier" => {
                let data = json!({"financier": FACTOR.party});
                drop(waive(&mut w, blanket, &data).unwrap());
            }
            "release" => {
                w.say(BANK, "blanket.released.v1", &json!({"blanket": blanket})).unwrap();
                assert!(w.concerns(SUPPLIER));
            }
            _ => {
                w.say(FACTOR, "financing.released.v1", &json!({"financing": financing})).unwrap();
                assert_eq!(w.told(BANK).last(), Some(&AlertCode::ConflictCleared));
            }
        }
        assert_eq!(w.open_cases(), 0, "{how}");
        if how != "claim" {
            assert_eq!(w.told(FACTOR), [AlertCode::ConflictCleared], "{how}");
        }
    }
}

#[test]
fn what_the_pledgee_passes_on_does_not_meet_its_pledge() {
    let (mut w, _) = pledged(&json!({}));
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let to = json!({"financing": w.last, "to": FACTOR.party});
    w.say(BANK, "financing.transferred.v1", &to).unwrap();
    assert!(w.cases().is_empty());
}

#[test]
fn a_returned_receivable_is_free_again_and_still_pledged() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(FACTOR, &[(id, 100)]);
    let financing = w.last;
    pledge(&mut w, BANK, &json!({}));
    w.say(FACTOR, "financing.returned.v1", &json!({"financing": financing})).unwrap();
    assert!(is_free(&w.try_finance(BANK, &[(id, 100)])), "the pledgee has it now");
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(FACTOR, &[(id, 100)]);
    let financing = w.last;
    pledge(&mut w, BANK, &json!({}));
    w.say(FACTOR, "financing.returned.v1", &json!({"financing": financing})).unwrap();
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 100)])), "a new place is behind the pledge");
}

#[test]
fn a_consent_is_checked_for_each_pair_invoice_and_amount() {
    let mut w = World::new();
    let (a, b) = (w.invoice("1", 100), w.invoice("2", 200));
    w.finance(BANK, &[(a, 100), (b, 200)]);
    let financing = w.last;
    let limit = json!({"invoices": [a], "up_to_minor": 60, "currency": "EUR"});
    consent(&mut w, BANK, financing, FACTOR, &limit).unwrap();
    assert!(w.concerns(FACTOR) && !w.concerns(LENDER) && !w.concerns(SUPPLIER));
    assert!(is_refused(&w.try_finance(FACTOR, &[(b, 1)])), "another invoice");
    assert!(is_refused(&w.try_finance(LENDER, &[(a, 1)])), "another financier");
    let fits = w.try_finance(FACTOR, &[(a, 40)]);
    assert_eq!((only(&fits).effect, only(&fits).rank), (Effect::Fits, 2));
    assert!(is_refused(&w.try_finance(FACTOR, &[(a, 21)])), "more than the consent");
    assert_eq!(only(&w.try_finance(FACTOR, &[(a, 20)])).effect, Effect::Fits);
    assert!(w.cases().is_empty());
    // A third one consents to nobody, and nobody to it.
    let third = w.finance(LENDER, &[(a, 1)]);
    assert!(is_conflict(&third));
    assert_eq!(w.cases()[0].claims.len(), 4);
    assert_eq!(w.told(FACTOR), [AlertCode::SecondClaim]);
}

#[test]
fn only_the_earlier_holder_can_consent_and_a_copy_is_not_named() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 100)]);
    let first = w.last;
    w.finance(FACTOR, &[(id, 100)]);
    let second = w.last;
    assert_eq!(w.open_cases(), 1);
    consent(&mut w, FACTOR, second, BANK, &json!({})).unwrap();
    assert_eq!(w.open_cases(), 1, "who came second has nothing to consent to");
    consent(&mut w, BANK, first, FACTOR, &json!({})).unwrap();
    assert_eq!(w.open_cases(), 0);
    assert_eq!(w.told(FACTOR), [AlertCode::ConflictCleared]);
    let consented = w.last;
    assert!(is_refused(&w.try_finance(FACTOR, &[(copy, 1)])), "the copy is not named");
    // It ends for what comes, not for what there is.
    withdraw(&mut w, BANK, consented).unwrap();
    let data = json!({"financing": second, "to": LENDER.party});
    w.say(FACTOR, "financing.transferred.v1", &data).unwrap();
    assert_eq!(w.open_cases(), 0, "the claim passes on with what it was granted");
    w.say(BANK, "financing.transferred.v1", &json!({"financing": first, "to": FACTOR.party}))
        .unwrap();
    assert_eq!(w.open_cases(), 0, "and so does the right that consented");
}

#[test]
fn a_claim_that_passed_on_before_the_consent_is_not_meant_by_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let first = w.last;
    w.finance(FACTOR, &[(id, 100)]);
    let data = json!({"financing": w.last, "to": LENDER.party});
    w.say(FACTOR, "financing.transferred.v1", &data).unwrap();
    consent(&mut w, BANK, first, FACTOR, &json!({})).unwrap();
    assert_eq!(w.open_cases(), 1, "it is the lender's by now");
}

#[test]
fn a_participation_is_a_share_in_a_right_and_takes_nothing_beside_it() {
    let mut w = World::new();
    let id = w.invoice("1", 200);
    w.finance(BANK, &[(id, 100)]);
    let lead = w.last;
    let share = |minor: i64| with(recording(&[(id, minor)]), &json!({"kind": "participation"}));
    let said = w.say(FACTOR, "financing.recorded.v1", &share(40));
    assert_eq!(code(said), "participation_unfounded");
    let limit = json!({"up_to_minor": 60, "currency": "EUR"});
    consent(&mut w, BANK, lead, FACTOR, &limit).unwrap();
    let shared = w.say(FACTOR, "financing.recorded.v1", &share(40)).unwrap();
    assert_eq!((only(&shared).effect, only(&shared).rank), (Effect::Fits, 2));
    let said = w.say(FACTOR, "financing.recorded.v1", &share(21));
    assert_eq!(code(said), "participation_unfounded", "more than was consented to");
    // The whole of the rest is free for a third one.
    assert_eq!(only(&w.try_finance(LENDER, &[(id, 100)])).effect, Effect::Fits);
    assert!(w.cases().is_empty());
    // Where the right ends, the share stands by itself.
    w.say(BANK, "financing.released.v1", &json!({"financing": lead})).unwrap();
    assert!(w.cases().is_empty(), "40 and 100 of 200");
    assert_eq!(only(&w.try_finance(BANK, &[(id, 60)])).effect, Effect::Fits);
    assert!(is_refused(&w.try_finance(BANK, &[(id, 1)])));
}

#[test]
fn a_share_that_is_left_alone_may_be_too_much() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    let lead = w.last;
    consent(&mut w, BANK, lead, FACTOR, &json!({})).unwrap();
    let share = with(recording(&[(id, 60)]), &json!({"kind": "participation"}));
    w.say(FACTOR, "financing.recorded.v1", &share).unwrap();
    assert_eq!(only(&w.try_finance(LENDER, &[(id, 40)])).effect, Effect::Fits);
    let data = json!({
        "financing": lead, "currency": "EUR", "invoices": [{"id": id, "received_minor": 60}],
    });
    w.say(BANK, "financing.settled.v1", &data).unwrap();
    assert_eq!(w.open_cases(), 1, "60 and 40 of 40 that are left");
    for who in [FACTOR, LENDER] {
        assert_eq!(w.told(who).last(), Some(&AlertCode::SecondClaim));
    }
}

#[test]
fn claims_that_no_longer_fit_are_a_conflict_until_they_fit_again() {
    let less = |w: &mut World, id: InvoiceId, how: usize| match how {
        0 => {
            drop(w.status(
                DEBTOR,
                id,
                "part_paid",
                &json!({"amount_minor": 30, "currency": "EUR"}),
            ));
        }
        1 => drop(super::rejections::credit(w, id, "CN", 30).unwrap()),
        2 => {
            let due = with(registration("1", 100), &json!({"amount_due_minor": 70}));
            w.registered(DEBTOR, &due);
        }
        _ => drop(super::rejections::cancel(w, id).unwrap()),
    };
    for how in 0..4 {
        // From rules 3 on a payment opens none.
        let mut w = World::under(if how == 0 { 2 } else { 3 });
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 60)]);
        w.finance(FACTOR, &[(id, 30)]);
        assert_eq!(w.open_cases(), 0);
        less(&mut w, id, how);
        assert_eq!(w.open_cases(), 1, "{how}");
        let case = w.cases()[0].id;
        for who in [BANK, FACTOR] {
            let told = w
                .alerts(who)
                .iter()
                .any(|it| it.code == AlertCode::SecondClaim && it.case == Some(case));
            assert!(told, "{how}");
        }
        if how == 0 {
            let back = json!({"amount_minor": 30, "currency": "EUR"});
            w.status(DEBTOR, id, "payment_reversed", &back);
            assert_eq!(w.open_cases(), 0, "the money came back");
        }
        // Of one financier alone it is none.
        let mut w = World::new();
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 60)]);
        w.finance(BANK, &[(id, 30)]);
        less(&mut w, id, how);
        assert_eq!(w.cases().len(), 0, "{how}");
    }
}

/// An invoice of an order, with its number as the amount.
fn ordered(w: &mut World, gross: i64, total: Option<i64>) -> InvoiceId {
    let core = json!({"number": format!("N-{}", gross * 7), "gross_minor": gross});
    let mut data = altered(registration("x", gross), &core);
    data["references"] = json!({"order": "PO-4711"});
    if let Some(total) = total {
        data["order_amount_minor"] = json!(total);
    }
    w.registered(SUPPLIER, &data)
}

#[test]
fn one_order_is_not_financed_as_a_whole_and_again_in_parts() {
    let mut w = World::new();
    let whole = ordered(&mut w, 1_000, None);
    w.finance(BANK, &[(whole, 1_000)]);
    let first = ordered(&mut w, 370, None);
    assert!(is_free(&w.try_finance(LENDER, &[(first, 370)])), "a part of nothing yet");
    let second = ordered(&mut w, 630, None);
    let refused = w.try_finance(FACTOR, &[(second, 630)]);
    assert!(is_refused(&refused));
    let finding = only(&refused);
    assert_eq!(finding.relation, Relation::Suspected);
    assert!(finding.keys.contains(KeyKind::Order));
    assert!(is_conflict(&w.finance(FACTOR, &[(second, 630)])));
}

#[test]
fn invoices_of_one_order_come_to_what_was_ordered() {
    for (second, fits) in [(400, true), (630, false)] {
        let mut w = World::new();
        let one = ordered(&mut w, 600, Some(1_000));
        w.finance(BANK, &[(one, 600)]);
        let other = ordered(&mut w, second, None);
        let outcome = w.try_finance(FACTOR, &[(other, second)]);
        assert_eq!(is_free(&outcome), fits, "{second}");
        assert_eq!(outcome.findings.is_empty(), fits, "{second}");
    }
}

#[test]
fn under_older_rules_money_that_came_in_opened_no_conflict() {
    let mut w = World::unopened();
    w.say(OPERATOR, "registry.opened.v1", &with(opening(), &json!({"rules": 1}))).unwrap();
    for (who, role) in
        [(SUPPLIER, "supplier"), (DEBTOR, "debtor"), (BANK, "financier"), (FACTOR, "financier")]
    {
        w.admit(who, &json!([role])).unwrap();
    }
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    w.finance(FACTOR, &[(id, 40)]);
    w.status(DEBTOR, id, "paid", &json!({}));
    assert_eq!(w.cases().len(), 0);
}

#[test]
fn a_bordereau_under_a_pledge_is_decided_invoice_by_invoice() {
    let (mut w, blanket) = pledged(&json!({}));
    let ids: Vec<InvoiceId> = (0..5_i64).map(|n| w.invoice(&format!("I-{n}"), 100 + n)).collect();
    waive(&mut w, blanket, &json!({"invoices": [ids[1], ids[3]]})).unwrap();
    let all: Vec<(InvoiceId, i64)> = ids.iter().map(|id| (*id, 100)).collect();
    let outcome = w.try_finance(FACTOR, &all);
    assert_eq!(outcome.verdict, Verdict::Admitted);
    let items: Vec<u16> = outcome.findings.iter().map(|finding| finding.item).collect();
    assert_eq!(items, [0, 2, 4]);
    assert_eq!(w.told(BANK).len(), 3);
    assert_eq!(w.state.financing(0).unwrap().receivables.len(), 2);
}

#[test]
fn under_older_rules_there_are_no_pledges_and_no_shares() {
    let mut w = World::unopened();
    let opened = with(opening(), &json!({"rules": 1}));
    w.say(OPERATOR, "registry.opened.v1", &opened).unwrap();
    w.admit(BANK, &json!(["financier"])).unwrap();
    w.admit(SUPPLIER, &json!(["supplier"])).unwrap();
    assert_eq!(code(w.say(BANK, "blanket.recorded.v1", &pledging())), "rules_too_old");
    let id = w.invoice("1", 100);
    let share = with(recording(&[(id, 1)]), &json!({"kind": "participation"}));
    assert_eq!(code(w.say(BANK, "financing.recorded.v1", &share)), "rules_too_old");
    w.say(OPERATOR, "rules.adopted.v1", &json!({"rules": 2})).unwrap();
    pledge(&mut w, BANK, &json!({}));
}

#[test]
fn a_pledge_over_a_seller_that_nobody_knows_yet_waits_for_it() {
    let mut w = World::new();
    pledge(&mut w, BANK, &json!({"seller": "0106:91000009", "debtor": "0106:92000009"}));
    let core = json!({"seller": "0106:91000009", "buyer": "0106:92000009"});
    let id = w.registered(FACTOR, &altered(registration("1", 100), &core));
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 100)])));
}
