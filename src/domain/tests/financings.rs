//! The life of a right: reserved, recorded, ended, passed on.

use serde_json::json;

use super::world::*;
use crate::domain::{AlertCode, ClaimStanding, Effect, Verdict};
use crate::types::InvoiceId;

#[test]
fn a_reservation_lapses_by_the_clock_and_frees_its_place() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    assert!(is_free(&w.reserve(BANK, &[(id, 100)], 72)));
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 100)])));
    w.pass(72 * HOUR - 1);
    assert!(is_refused(&w.try_finance(FACTOR, &[(id, 100)])));
    w.pass(1);
    assert!(is_free(&w.try_finance(FACTOR, &[(id, 100)])));
    assert_eq!(w.holders(id), [(w.row(FACTOR), 100)]);
}

#[test]
fn a_takeover_keeps_its_place_ahead_of_a_later_claim() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 100)], 24);
    let reservation = w.last;
    let (place, since) = {
        let claims = &w.receivable(id).claims;
        (claims[0].place, claims[0].since)
    };
    w.pass(HOUR);
    let late = w.finance(FACTOR, &[(id, 100)]);
    assert!(is_conflict(&late));
    assert_eq!(only(&late).rank, 2);
    w.pass(HOUR);
    let data = with(
        recording(&[(id, 100)]),
        &json!({"reservation": reservation, "on_conflict": "refuse"}),
    );
    let takeover = w.say(BANK, "financing.recorded.v1", &data).unwrap();
    assert!(is_conflict(&takeover), "its place is earlier, so it is not refused");
    assert_eq!(only(&takeover).rank, 1);
    assert_eq!(w.holders(id), [(w.row(BANK), 100), (w.row(FACTOR), 100)]);
    let receivable = w.receivable(id);
    let claim = receivable.active_claims(w.now).find(|claim| claim.holder == w.row(BANK)).unwrap();
    assert_eq!((claim.place, claim.since), (place, since));
    assert_eq!(w.cases().len(), 1);
    assert_eq!(w.told(BANK), [AlertCode::SecondClaim]);
    assert_eq!(w.told(FACTOR), [], "who came second knows from its receipt");
}

#[test]
fn a_place_is_worth_what_was_reserved_under_it() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 1)], 24);
    let reservation = w.last;
    w.try_finance(FACTOR, &[(id, 99)]);
    let data = |minor: i64| with(recording(&[(id, minor)]), &json!({"reservation": reservation}));
    assert_eq!(code(w.say(BANK, "financing.recorded.v1", &data(2))), "over_capacity");
    w.say(BANK, "financing.recorded.v1", &data(1)).unwrap();
    assert_eq!(code(w.say(BANK, "financing.recorded.v1", &data(1))), "reservation_unknown");
}

#[test]
fn a_reservation_is_extended_once_at_its_place() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    let other = w.invoice("2", 100);
    w.reserve(BANK, &[(id, 100)], 72);
    let first = w.last;
    w.pass(71 * HOUR);
    let data = |w: &World, id: InvoiceId, of| {
        with(w.reservation(&[(id, 100)], 72), &json!({"extends": of}))
    };
    let elsewhere = data(&w, other, first);
    assert_eq!(code(w.say(BANK, "financing.reserved.v1", &elsewhere)), "reservation_unknown");
    let extension = data(&w, id, first);
    assert_eq!(code(w.say(FACTOR, "financing.reserved.v1", &extension)), "reservation_unknown");
    w.say(BANK, "financing.reserved.v1", &extension).unwrap();
    let second = w.last;
    let place = w.receivable(id).claims[1].place;
    assert_eq!(place, w.receivable(id).claims[0].place);
    w.pass(71 * HOUR);
    assert_eq!(w.holders(id), [(w.row(BANK), 100)]);
    let again = data(&w, id, first);
    assert_eq!(code(w.say(BANK, "financing.reserved.v1", &again)), "reservation_unknown");
    let again = data(&w, id, second);
    assert_eq!(code(w.say(BANK, "financing.reserved.v1", &again)), "reservation_extended_already");
    w.say(
        BANK,
        "financing.recorded.v1",
        &with(recording(&[(id, 100)]), &json!({"reservation": second})),
    )
    .unwrap();
    assert_eq!(w.receivable(id).claims[2].place, place);
}

#[test]
fn a_financier_does_not_claim_one_invoice_twice() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 60)]);
    assert_eq!(
        code(w.say(BANK, "financing.recorded.v1", &recording(&[(id, 41)]))),
        "over_capacity"
    );
    assert!(is_free(&w.finance(BANK, &[(id, 40)])));
    assert_eq!(w.holders(id).len(), 2);
}

#[test]
fn what_a_financier_received_counts_as_paid() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 80)]);
    let settle = |minor: i64| {
        json!({
            "financing": w.last, "currency": "EUR", "invoices": [{"id": id, "received_minor": minor}]
        })
    };
    let (settled, usd) = (settle(80), with(settle(80), &json!({"currency": "USD"})));
    let negative = settle(-1);
    assert_eq!(code(w.say(BANK, "financing.settled.v1", &negative)), "amount_invalid");
    assert_eq!(code(w.say(BANK, "financing.settled.v1", &usd)), "currency_mismatch");
    w.say(BANK, "financing.settled.v1", &settled).unwrap();
    assert_eq!(w.open_minor(id), 20);
    assert_eq!(w.receivable(id).claims[0].standing, ClaimStanding::Settled);
    assert_eq!(code(w.say(BANK, "financing.settled.v1", &settled)), "financing_unknown");
    // The debtor's own word on the same money is not counted twice.
    w.status(DEBTOR, id, "part_paid", &json!({"amount_minor": 80, "currency": "EUR"}));
    assert_eq!(w.open_minor(id), 20);
    assert_eq!(
        code(w.say(FACTOR, "financing.recorded.v1", &recording(&[(id, 21)]))),
        "over_capacity"
    );
    assert!(is_free(&w.try_finance(FACTOR, &[(id, 20)])));
}

#[test]
fn released_and_returned_rights_free_the_invoice() {
    for kind in ["financing.released.v1", "financing.returned.v1"] {
        let mut w = World::new();
        let id = w.invoice("1", 100);
        w.finance(BANK, &[(id, 100)]);
        let financing = json!({"financing": w.last});
        assert_eq!(
            code(w.say(FACTOR, kind, &financing)),
            "financing_unknown",
            "nobody else ends it"
        );
        w.say(BANK, kind, &financing).unwrap();
        assert_eq!(code(w.say(BANK, kind, &financing)), "financing_unknown");
        assert!(is_free(&w.try_finance(FACTOR, &[(id, 100)])));
    }
}

#[test]
fn a_reservation_is_released_but_not_settled_returned_or_passed_on() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 100)], 24);
    let financing = w.last;
    for (kind, data) in [
        ("financing.returned.v1", json!({"financing": financing})),
        ("financing.transferred.v1", json!({"financing": financing, "to": FACTOR.party})),
        (
            "financing.settled.v1",
            json!({
                "financing": financing, "currency": "EUR", "invoices": [{"id": id, "received_minor": 1}]
            }),
        ),
    ] {
        assert_eq!(code(w.say(BANK, kind, &data)), "financing_unknown");
    }
    w.say(BANK, "financing.released.v1", &json!({"financing": financing})).unwrap();
    assert!(w.holders(id).is_empty());
}

#[test]
fn a_bordereau_ends_for_the_invoices_that_are_named() {
    let mut w = World::new();
    let (a, b, c) = (w.invoice("1", 100), w.invoice("2", 200), w.invoice("3", 300));
    w.finance(BANK, &[(a, 100), (b, 200)]);
    let financing = w.last;
    let of = |ids: &[InvoiceId]| json!({"financing": financing, "invoices": ids});
    assert_eq!(code(w.say(BANK, "financing.released.v1", &of(&[a, c]))), "financing_unknown");
    assert_eq!(code(w.say(BANK, "financing.released.v1", &of(&[a, a]))), "list_malformed");
    w.say(BANK, "financing.released.v1", &of(&[a])).unwrap();
    assert!(w.holders(a).is_empty());
    assert_eq!(w.holders(b).len(), 1);
    // All that is left.
    w.say(BANK, "financing.returned.v1", &of(&[])).unwrap();
    assert!(w.holders(b).is_empty());
}

#[test]
fn a_transfer_keeps_rank_and_lets_both_see() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.finance(BANK, &[(id, 100)]);
    let financing = w.last;
    let place = w.receivable(id).claims[0].place;
    let to = |who: Actor| json!({"financing": financing, "to": who.party});
    assert_eq!(code(w.say(BANK, "financing.transferred.v1", &to(BANK))), "transferee_unfit");
    assert_eq!(code(w.say(BANK, "financing.transferred.v1", &to(STRANGER))), "participant_unknown");
    w.say(BANK, "financing.transferred.v1", &to(FACTOR)).unwrap();
    let claim = w.receivable(id).claims[0].clone();
    assert_eq!((claim.holder, claim.place), (w.row(FACTOR), place));
    assert_eq!(claim.previous_holders, [w.row(BANK)]);
    assert_eq!(w.told(FACTOR), [AlertCode::Transferred]);
    for who in [BANK, FACTOR] {
        assert!(w.concerns(who) && w.view(who, id).sees_claim(&claim, w.row(who)));
        assert_eq!(w.state.financings_of(w.row(who)), [0]);
    }
    // Only the new holder ends it.
    let release = json!({"financing": financing});
    assert_eq!(code(w.say(BANK, "financing.released.v1", &release)), "financing_unknown");
    w.say(FACTOR, "financing.released.v1", &release).unwrap();
}

#[test]
fn a_bordereau_of_five_hundred_is_decided_invoice_by_invoice_in_order() {
    let mut w = World::new();
    let ids: Vec<InvoiceId> =
        (0..500_i64).map(|n| w.invoice(&format!("INV-{n}"), 1_000 + n)).collect();
    let all: Vec<_> = (1_000_i64..).zip(&ids).map(|(gross, id)| (*id, gross)).collect();
    // All of them fine.
    assert!(is_free(&w.try_finance(BANK, &all)));
    assert_eq!(w.state.financing(0).unwrap().receivables.len(), 500);
    // All of them conflicting.
    let refused = w.try_finance(FACTOR, &all);
    assert_eq!(refused.verdict, Verdict::Refused);
    assert!(refused.findings.iter().all(|finding| finding.effect == Effect::Refused));
    let items: Vec<u16> = refused.findings.iter().map(|finding| finding.item).collect();
    assert_eq!(items, (0..500).collect::<Vec<u16>>());
    assert_eq!(w.told(BANK), vec![AlertCode::SecondClaimRefused; 500]);
    let recorded = w.finance(FACTOR, &all);
    assert_eq!(
        (recorded.verdict, recorded.findings.len(), w.open_cases()),
        (Verdict::Admitted, 500, 500)
    );
    // One refused among many.
    w.say(
        BANK,
        "financing.released.v1",
        &json!({"financing": w.log[w.log.len() - 3].statement.id}),
    )
    .unwrap();
    w.say(
        FACTOR,
        "financing.released.v1",
        &json!({"financing": w.log[w.log.len() - 2].statement.id}),
    )
    .unwrap();
    assert_eq!(w.open_cases(), 0);
    w.reserve(FACTOR, &[all[7]], 72);
    let most = w.try_finance(BANK, &all);
    assert_eq!(
        (most.verdict, only(&most).item, only(&most).effect),
        (Verdict::Admitted, 7, Effect::Refused)
    );
    let financing = w.state.financing(w.state.financings.len() - 1).unwrap();
    assert_eq!(financing.receivables.len(), 499);
    // One more is too many.
    let extra = w.invoice("INV-500", 1);
    let more: Vec<_> = all.iter().copied().chain([(extra, 1)]).collect();
    assert_eq!(code(w.say(LENDER, "financing.recorded.v1", &recording(&more))), "list_malformed");
    assert_eq!(code(w.say(LENDER, "financing.recorded.v1", &recording(&[]))), "list_malformed");
}

#[test]
fn nothing_is_claimed_beyond_what_is_left_after_payments_and_credits() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.status(DEBTOR, id, "part_paid", &json!({"amount_minor": 30, "currency": "EUR"}));
    super::rejections::credit(&mut w, id, "CN", 20).unwrap();
    assert_eq!(
        code(w.say(BANK, "financing.recorded.v1", &recording(&[(id, 51)]))),
        "over_capacity"
    );
    let odd = with(recording(&[(id, 50)]), &json!({"advanced_minor": -1}));
    assert_eq!(code(w.say(BANK, "financing.recorded.v1", &odd)), "amount_invalid");
    assert!(is_free(&w.try_finance(BANK, &[(id, 50)])));
}

#[test]
fn what_is_superseded_stands_no_more() {
    let mut w = World::new();
    let id = w.invoice("1", 100);
    w.reserve(BANK, &[(id, 10)], 1);
    let data = with(recording(&[(id, 10)]), &json!({"reservation": w.last}));
    w.say(BANK, "financing.recorded.v1", &data).unwrap();
    let standings: Vec<ClaimStanding> =
        w.receivable(id).claims.iter().map(|claim| claim.standing).collect();
    assert_eq!(standings, [ClaimStanding::Superseded, ClaimStanding::Active]);
}
