//! The same receivable twice: found, told, recorded or refused, and cleared.

use serde_json::json;

use super::world::*;
use crate::domain::{AlertCode, Effect, Relation, Verdict};
use crate::invoice::{Field, KeyKind};
use crate::types::InvoiceId;

fn link(w: &mut World) {
    w.say(OPERATOR, "party.linked.v1", &json!({"party": SUPPLIER.party, "alias": SUPPLIER_VAT}))
        .unwrap();
}

fn release_last(w: &mut World, who: Actor) {
    let data = json!({"financing": w.last});
    w.say(who, "financing.released.v1", &data).unwrap();
}

#[test]
fn the_same_invoice_is_refused_or_recorded_as_the_second_financier_asks() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let since = w.now.millis() / 1_000;
    w.pass(HOUR);
    let refused = w.try_finance(FACTOR, &[(id, 100)]);
    assert!(is_refused(&refused));
    assert!(w.state.financings_of(w.row(FACTOR)).is_empty());
    let recorded = w.finance(FACTOR, &[(id, 100)]);
    assert!(is_conflict(&recorded));
    let finding = only(&recorded);
    assert_eq!((finding.item, finding.rank, finding.relation), (0, 2, Relation::Identical));
    assert_eq!(i64::try_from(finding.since).unwrap(), since);
    assert_eq!(finding.keys.iter().collect::<Vec<_>>(), [KeyKind::Content]);
    assert_eq!(finding.differs.iter().count(), 0);
    assert_eq!(w.told(BANK), [AlertCode::SecondClaimRefused, AlertCode::SecondClaim]);
    assert_eq!(w.holders(id), [(w.row(BANK), 100), (w.row(FACTOR), 100)]);
}

/// An invoice is financed; its altered copy is met by these keys and differs in these fields.
fn meets(core: &serde_json::Value, keys: &[KeyKind], differs: &[Field]) {
    let mut w = World::new();
    let hash = json!({"documents": ["ab".repeat(32)]});
    let id = w.registered(SUPPLIER, &with(registration("INV-1", 100), &hash));
    let copy = altered(registration("INV-1", 100), core);
    let copy = if keys.contains(&KeyKind::Document) { with(copy, &hash) } else { copy };
    let minor = copy["invoice"]["gross_minor"].as_i64().unwrap();
    let copy = w.registered(BANK, &copy);
    w.finance(BANK, &[(id, 100)]);
    let finding = only(&w.try_finance(FACTOR, &[(copy, minor)]));
    assert_eq!((finding.relation, finding.effect), (Relation::Altered, Effect::Refused), "{core}");
    assert_eq!(finding.keys.iter().collect::<Vec<_>>(), keys, "{core}");
    assert_eq!(finding.differs.iter().collect::<Vec<_>>(), differs, "{core}");
}

#[test]
fn whatever_is_altered_another_key_finds_the_copy() {
    use KeyKind::{Document, Near, SellerBuyerAmountDate, SellerNumber};
    meets(&json!({"number": "X-77"}), &[SellerBuyerAmountDate], &[Field::Number]);
    meets(&json!({"issue_date": "2026-11-02"}), &[SellerNumber, Near], &[Field::IssueDate]);
    meets(&json!({"gross_minor": 101}), &[SellerNumber, Near], &[Field::Amount]);
    meets(&json!({"gross_minor": 900}), &[SellerNumber], &[Field::Amount]);
    meets(&json!({"due_date": null}), &[SellerNumber, SellerBuyerAmountDate], &[Field::DueDate]);
    meets(&json!({"type": 393}), &[SellerNumber, SellerBuyerAmountDate], &[Field::Type]);
    meets(&json!({"buyer": RIVAL.party}), &[SellerNumber], &[Field::Buyer]);
    meets(
        &json!({"number": "X-77", "gross_minor": 90, "issue_date": "2026-10-01"}),
        &[Document],
        &[Field::Number, Field::IssueDate, Field::Amount],
    );
    // The date in another year, with the same amount.
    meets(
        &json!({"issue_date": "2025-11-01", "due_date": "2025-12-01", "gross_minor": 102}),
        &[SellerNumber, Document],
        &[Field::IssueDate, Field::DueDate, Field::Amount],
    );
}

#[test]
fn look_alikes_are_distinct() {
    for core in [
        // A numbering that begins anew each year.
        json!({"issue_date": "2025-11-01", "gross_minor": 99}),
        // The same with a subscription that is the first invoice of each year.
        json!({"issue_date": "2025-11-01"}),
        // A monthly subscription.
        json!({"number": "INV-2", "issue_date": "2026-10-01"}),
        // Another seller's number.
        json!({"seller": RIVAL.party}),
        // Another buyer, on the same day for the same amount.
        json!({"number": "INV-2", "buyer": RIVAL.party}),
    ] {
        let mut w = World::new();
        let id = w.invoice("INV-1", 100);
        let other = w.registered(BANK, &altered(registration("INV-1", 100), &core));
        w.finance(BANK, &[(id, 100)]);
        let minor = w.open_minor(other);
        assert!(is_free(&w.try_finance(FACTOR, &[(other, minor)])), "{core}");
    }
}

#[test]
fn partial_claims_that_fit_are_noted_and_no_conflict() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    let fits = w.try_finance(FACTOR, &[(id, 40)]);
    assert_eq!(
        (fits.verdict, only(&fits).effect, only(&fits).rank),
        (Verdict::Admitted, Effect::Fits, 2)
    );
    assert!(w.cases().is_empty());
    assert_eq!(w.told(BANK), [AlertCode::ClaimBeside]);
    assert!(is_refused(&w.try_finance(LENDER, &[(id, 1)])));
}

#[test]
fn an_altered_copy_with_a_larger_amount_makes_no_room() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy =
        w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"gross_minor": 10_000})));
    w.finance(BANK, &[(id, 100)]);
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 100)])), "on the invoice itself");
    assert!(is_refused(&w.try_finance(FACTOR, &[(copy, 100)])), "on the copy");
}

#[test]
fn a_small_copy_that_nobody_financed_takes_no_room() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.registered(LENDER, &altered(registration("1", 100), &json!({"gross_minor": 1})));
    w.finance(BANK, &[(id, 60)]);
    assert_eq!(only(&w.try_finance(FACTOR, &[(id, 40)])).effect, Effect::Fits);
}

#[test]
fn a_copy_in_another_currency_is_found() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy =
        w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"currency": "USD"})));
    w.finance(BANK, &[(id, 1)]);
    let usd = with(recording(&[(copy, 1)]), &json!({"currency": "USD"}));
    assert!(is_conflict(&w.say(FACTOR, "financing.recorded.v1", &usd).unwrap()));
}

#[test]
fn the_copies_of_one_bordereau_count_against_each_other() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 50)]);
    let outcome = w.finance(FACTOR, &[(id, 50), (copy, 50)]);
    let effects: Vec<Effect> = outcome.findings.iter().map(|finding| finding.effect).collect();
    assert_eq!(effects[0], Effect::Fits);
    assert!(matches!(effects[1], Effect::Conflict(_)));
    // And both on one side of one case.
    let outcome = w.finance(LENDER, &[(id, 50), (copy, 50)]);
    assert_eq!(outcome.findings[0].effect, outcome.findings[1].effect);
    assert_eq!(w.cases().len(), 1);
    assert_eq!(w.cases()[0].claims.len(), 5);
    let told = [AlertCode::ClaimBeside, AlertCode::SecondClaim, AlertCode::SecondClaim];
    assert_eq!(w.told(BANK), told);
}

#[test]
fn a_third_claim_joins_the_conflict() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let second = only(&w.finance(FACTOR, &[(id, 100)]));
    let third = only(&w.finance(LENDER, &[(id, 100)]));
    assert_eq!((second.rank, third.rank), (2, 3));
    assert_eq!(second.effect, third.effect);
    assert_eq!(w.cases().len(), 1);
    assert_eq!(w.cases()[0].claims.len(), 3);
    assert_eq!(w.told(BANK), [AlertCode::SecondClaim, AlertCode::SecondClaim]);
    assert_eq!(w.told(FACTOR), [AlertCode::SecondClaim]);
}

#[test]
fn the_end_of_a_claim_clears_the_conflict_and_tells_who_is_left() {
    for kind in ["financing.released.v1", "financing.returned.v1", "financing.settled.v1"] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 100)]);
        w.finance(FACTOR, &[(id, 100)]);
        assert_eq!(w.open_cases(), 1);
        let data = match kind {
            "financing.settled.v1" => json!({
                "financing": w.last, "currency": "EUR", "invoices": [{"id": id, "received_minor": 0}]
            }),
            _ => json!({"financing": w.last}),
        };
        w.say(FACTOR, kind, &data).unwrap();
        assert_eq!(w.open_cases(), 0);
        assert_eq!(w.cases()[0].cleared_at, Some(w.now));
        assert_eq!(w.told(BANK), [AlertCode::SecondClaim, AlertCode::ConflictCleared]);
        assert!(w.told(FACTOR).is_empty(), "the one who ended it knows");
        // A new one opens a new case.
        w.finance(LENDER, &[(id, 100)]);
        assert_eq!(w.cases().len(), 2);
    }
}

#[test]
fn a_conflict_stays_while_what_is_left_does_not_fit() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    w.finance(FACTOR, &[(id, 60)]);
    w.finance(LENDER, &[(id, 60)]);
    release_last(&mut w, LENDER);
    assert_eq!(w.open_cases(), 1);
    let factor = w.state.financing(1).unwrap().statement;
    w.say(FACTOR, "financing.released.v1", &json!({"financing": factor})).unwrap();
    assert_eq!(w.open_cases(), 0);
}

#[test]
fn who_is_left_is_told_about_his_own_invoice_once() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(FACTOR, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 100)]);
    w.finance(FACTOR, &[(id, 10), (copy, 90)]);
    assert_eq!(w.open_cases(), 1);
    release_last(&mut w, FACTOR);
    let cleared: Vec<u32> = w
        .alerts(BANK)
        .iter()
        .filter(|alert| alert.code == AlertCode::ConflictCleared)
        .map(|alert| alert.receivable().unwrap())
        .collect();
    let row = w.state.receivable_by_id(&id).unwrap().0;
    assert_eq!(cleared, [row], "and never about an invoice on which it has no right");
}

#[test]
fn a_takeover_for_less_clears_the_conflict() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    let data = with(w.reservation(&[(id, 60)], 24), &json!({"on_conflict": "record"}));
    assert!(is_conflict(&w.say(FACTOR, "financing.reserved.v1", &data).unwrap()));
    let data = with(recording(&[(id, 40)]), &json!({"reservation": w.last}));
    let outcome = w.say(FACTOR, "financing.recorded.v1", &data).unwrap();
    assert_eq!(only(&outcome).effect, Effect::Fits);
    assert_eq!(w.open_cases(), 0);
    assert_eq!(w.told(BANK), [AlertCode::SecondClaim, AlertCode::ConflictCleared]);
}

#[test]
fn a_lapsed_reservation_is_in_no_conflict() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 100)], 1);
    w.finance(FACTOR, &[(id, 100)]);
    let case = w.cases().remove(0);
    assert!(w.state.is_in_conflict(&case, w.now));
    w.pass(HOUR);
    assert!(!w.state.is_in_conflict(&case, w.now), "though no statement cleared it");
    // The next claim is in conflict with the financing alone, in the same case.
    assert!(is_conflict(&w.finance(LENDER, &[(id, 100)])));
    assert_eq!(w.cases().len(), 1);
}

#[test]
fn a_transfer_into_one_hand_clears_a_conflict_and_one_into_two_opens_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"due_date": null})));
    // One financier may hold both copies: it harms nobody but itself, and it is told.
    assert_eq!(only(&w.finance(BANK, &[(id, 100), (copy, 100)])).effect, Effect::Own);
    let data = json!({"financing": w.last, "to": FACTOR.party, "invoices": [copy]});
    let financing = w.last;
    w.say(BANK, "financing.transferred.v1", &data).unwrap();
    assert_eq!(w.open_cases(), 1);
    assert_eq!(w.told(BANK), [AlertCode::OwnCopy, AlertCode::SecondClaim]);
    assert_eq!(w.told(FACTOR), [AlertCode::SecondClaim, AlertCode::Transferred]);
    w.say(FACTOR, "financing.transferred.v1", &json!({"financing": financing, "to": BANK.party}))
        .unwrap();
    assert_eq!(w.open_cases(), 0);
}

#[test]
fn many_claims_that_pass_into_one_hand_together_clear_their_conflict() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 100)]);
    w.finance(FACTOR, &[(id, 50), (copy, 50)]);
    assert_eq!(w.open_cases(), 1);
    let data = json!({"financing": w.last, "to": BANK.party});
    w.say(FACTOR, "financing.transferred.v1", &data).unwrap();
    assert_eq!(w.open_cases(), 0);
}

#[test]
fn a_seller_cannot_become_two() {
    let by_vat =
        || altered(registration("1", 100), &json!({"seller": SUPPLIER_VAT, "due_date": null}));
    // Registered after the link.
    let mut w = World::new();
    link(&mut w);
    let id = w.invoice("1", 100);
    let copy = w.registered(BANK, &by_vat());
    w.finance(BANK, &[(id, 100)]);
    let finding = only(&w.try_finance(FACTOR, &[(copy, 100)]));
    assert!(
        finding.keys.contains(KeyKind::SellerNumber) && finding.differs.contains(Field::Seller)
    );
    // Registered before the link.
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(BANK, &by_vat());
    w.finance(BANK, &[(id, 100)]);
    assert_eq!(only_effects(&w.try_finance(LENDER, &[(copy, 1)])), []);
    release_last(&mut w, LENDER);
    link(&mut w);
    assert!(is_refused(&w.try_finance(FACTOR, &[(copy, 100)])));
}

fn only_effects(outcome: &crate::domain::Outcome) -> Vec<Effect> {
    outcome.findings.iter().map(|finding| finding.effect).collect()
}

#[test]
fn a_link_finds_what_was_financed_twice_before_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let by_vat = altered(registration("1", 100), &json!({"seller": SUPPLIER_VAT}));
    let copy = w.registered(BANK, &by_vat);
    let clean =
        w.registered(BANK, &altered(by_vat.clone(), &json!({"number": "9", "gross_minor": 7})));
    w.finance(BANK, &[(id, 100), (clean, 7)]);
    assert!(is_free(&w.finance(FACTOR, &[(copy, 100)])), "nobody could know");
    link(&mut w);
    assert_eq!(w.open_cases(), 1);
    assert_eq!(w.told(BANK), [AlertCode::SecondClaim]);
    assert_eq!(w.told(FACTOR), [AlertCode::SecondClaim]);
    for (who, id) in [(BANK, id), (FACTOR, copy)] {
        let row = w.state.receivable_by_id(&id).unwrap().0;
        assert_eq!(w.alerts(who)[0].receivable(), Some(row), "each about its own invoice");
        assert!(!w.concerns(who));
    }
    assert!(is_conflict(&w.finance(LENDER, &[(id, 100)])));
    assert_eq!(w.cases().len(), 1);
}

#[test]
fn a_buyer_cannot_become_two() {
    let mut w = World::new();
    let vat = "9944:NL002455799B11";
    let id =
        w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"buyer": RIVAL.party})));
    let copy = w.registered(SUPPLIER, &altered(registration("2", 100), &json!({"buyer": vat})));
    w.finance(BANK, &[(id, 100)]);
    w.finance(FACTOR, &[(copy, 100)]);
    assert_eq!(w.open_cases(), 0);
    w.say(OPERATOR, "party.linked.v1", &json!({"party": RIVAL.party, "alias": vat})).unwrap();
    assert_eq!(w.open_cases(), 1);
}

#[test]
fn a_file_that_is_named_later_finds_what_was_financed_twice() {
    let mut w = World::new();
    let hash = json!({"documents": ["cd".repeat(32)]});
    let id = w.registered(SUPPLIER, &with(registration("1", 100), &hash));
    let other = altered(registration("2", 90), &json!({"issue_date": "2026-10-05"}));
    let copy = w.registered(SUPPLIER, &other);
    w.finance(BANK, &[(id, 100)]);
    assert!(is_free(&w.finance(FACTOR, &[(copy, 90)])));
    w.registered(SUPPLIER, &with(other, &hash));
    assert_eq!(w.open_cases(), 1);
    assert_eq!(
        (w.told(BANK), w.told(FACTOR)),
        (vec![AlertCode::SecondClaim], vec![AlertCode::SecondClaim])
    );
}

#[test]
fn claims_join_the_conflict_of_all_that_they_meet() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 80)], 1);
    w.finance(FACTOR, &[(id, 80)]);
    w.pass(HOUR);
    // The reservation has lapsed: this fits, and is in no conflict.
    assert_eq!(only(&w.try_finance(LENDER, &[(id, 20)])).effect, Effect::Fits);
    assert_eq!(w.cases()[0].claims.len(), 2);
    // This does not fit beside either of the two.
    assert!(is_conflict(&w.finance(BANK, &[(id, 10)])));
    assert_eq!(w.cases().len(), 1);
    assert_eq!(w.cases()[0].claims.len(), 4);
}

#[test]
fn an_invoice_that_was_paid_meanwhile_has_room_for_nobody() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let copy = w.registered(SUPPLIER, &altered(registration("1", 100), &json!({"due_date": null})));
    w.finance(BANK, &[(id, 100)]);
    w.status(DEBTOR, id, "paid", &json!({}));
    assert!(is_refused(&w.try_finance(FACTOR, &[(copy, 100)])));
    assert_eq!(
        code(w.say(FACTOR, "financing.recorded.v1", &recording(&[(id, 1)]))),
        "over_capacity"
    );
}

#[test]
fn an_id_is_of_the_content_alone() {
    let mut w = World::new();
    let id: InvoiceId = w.invoice("1", 100);
    assert_eq!(w.receivable(id).core.id(), id);
}
