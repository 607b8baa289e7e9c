//! What a check tells, whom, and that it tells the truth: what the receipt of the claim says afterwards.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::properties::{Step, Story, described, pick, step};
use super::world::*;
use crate::domain::{
    CheckRefusal, CheckReport, CheckVerdict, Effect, End, Met, Outcome, Relation, Verdict, Would,
};
use crate::invoice::{Field, KeyKind};
use crate::statement::InvoiceRegistered;

fn read(data: &Value) -> InvoiceRegistered {
    serde_json::from_value(data.clone()).unwrap()
}

impl World {
    fn found(&self, who: Actor, data: &Value) -> (CheckVerdict, Would) {
        let report = self.check(who, data, None);
        (report.verdict, report.would)
    }
}

#[test]
fn nothing_is_found_on_an_invoice_that_nobody_claims() {
    let mut w = World::new();
    let data = registration("INV-1", 100);
    let report = w.check(BANK, &data, None);
    assert!(report.is_clear() && report.registered.is_none(), "{report:?}");
    assert_eq!((report.claimed_minor, report.words().as_str()), (Some(100), "nothing found"));
    w.invoice("INV-1", 100);
    let report = w.check(BANK, &data, None);
    assert!(report.is_clear(), "{report:?}");
    let registered = report.registered.unwrap();
    assert_eq!(
        (registered.end, registered.open_minor),
        (None, None),
        "what is open is not for all"
    );
    let oversight = w.check(AUDITOR, &data, None).registered.unwrap();
    assert_eq!(oversight.open_minor, Some(100));
}

#[test]
fn a_copy_that_was_altered_is_found_whether_or_not_it_is_registered() {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 100)]);
    let since = w.now;
    w.pass(HOUR);
    let same = registration("inv 1", 100);
    assert_eq!(w.found(FACTOR, &same), (CheckVerdict::Identical, Would::Conflict));
    let copy = altered(registration("INV-1", 100), &json!({"gross_minor": 120}));
    for _ in 0..2 {
        let report = w.check(FACTOR, &copy, None);
        assert_eq!((report.verdict, report.would), (CheckVerdict::Altered, Would::Conflict));
        let [met] = report.findings.as_slice() else { panic!("{report:?}") };
        assert_eq!((met.relation, met.rank, met.since()), (Relation::Altered, 2, since));
        assert!(met.keys.contains(KeyKind::SellerNumber) && met.differs.contains(Field::Amount));
        let words = report.words();
        assert!(words.contains("differ in amount") && words.contains("rank 2"), "{words}");
        assert!(!words.contains(BANK.party), "{words}");
        w.registered(FACTOR, &copy);
    }
}

#[test]
fn what_is_left_beside_another_claim_fits_and_is_told_of() {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 60)]);
    let data = registration("INV-1", 100);
    let report = w.check(FACTOR, &data, Some(40));
    assert_eq!((report.verdict, report.would), (CheckVerdict::Identical, Would::Fit));
    assert!(report.findings[0].fits && !report.is_clear());
    assert_eq!(w.found(FACTOR, &data), (CheckVerdict::Identical, Would::Conflict));
}

#[test]
fn what_cannot_be_claimed_is_told_with_the_reason_of_the_rejection() {
    let mut w = World::new();
    let (one, two) = (w.invoice("INV-1", 100), w.invoice("INV-2", 100));
    super::rejections::credit(&mut w, one, "CN-1", 30).unwrap();
    super::rejections::cancel(&mut w, two).unwrap();
    let reason = |report: &CheckReport| report.reason.as_ref().map(crate::domain::Rejection::code);
    let credited = w.check(BANK, &registration("INV-1", 100), None);
    assert_eq!((credited.verdict, credited.would), (CheckVerdict::Exceeds, Would::Refuse));
    assert_eq!(reason(&credited), Some("over_capacity"));
    assert!(w.check(BANK, &registration("INV-1", 100), Some(70)).is_clear());
    let ended = w.check(BANK, &registration("INV-2", 100), None);
    assert_eq!((ended.verdict, ended.would), (CheckVerdict::Ended, Would::Refuse));
    assert_eq!(ended.registered.clone().unwrap().end, Some(End::Cancelled));
    assert_eq!(reason(&ended), Some("invoice_ended"));
    let mistyped = altered(registration("INV-3", 100), &json!({"buyer": "0208:0403019262"}));
    let malformed = w.check(BANK, &mistyped, None);
    assert_eq!((malformed.verdict, malformed.would), (CheckVerdict::Malformed, Would::Refuse));
    let mut paid = registration("INV-4", 100);
    paid["amount_due_minor"] = json!(0);
    assert_eq!(w.found(BANK, &paid), (CheckVerdict::Exceeds, Would::Refuse));
    let negative = w.check(BANK, &registration("INV-5", 100), Some(-1));
    assert_eq!(negative.verdict, CheckVerdict::Malformed);
}

#[test]
fn what_exceeds_says_too_that_another_financier_has_a_claim() {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    let data = registration("INV-1", 100);
    w.finance(BANK, &[(id, 60)]);
    super::rejections::credit(&mut w, id, "CN-1", 30).unwrap();
    for minor in [None, Some(71)] {
        let report = w.check(FACTOR, &data, minor);
        assert_eq!((report.verdict, report.would), (CheckVerdict::Exceeds, Would::Refuse));
        let [met] = report.findings.as_slice() else { panic!("{report:?}") };
        assert_eq!((met.relation, met.rank, met.fits), (Relation::Identical, 2, false));
        assert!(report.words().contains("another financier has a claim"), "{}", report.words());
    }
    // One that is over, too, and one's own claims are nobody else's.
    let own = w.check(BANK, &data, Some(50));
    assert_eq!((own.verdict, own.findings.len()), (CheckVerdict::Exceeds, 0));
    super::rejections::cancel(&mut w, id).unwrap();
    let ended = w.check(FACTOR, &data, None);
    assert_eq!((ended.verdict, ended.findings.len()), (CheckVerdict::Ended, 1));
    // What one could not be told by a receipt is not told here either.
    assert!(w.try_check(DEBTOR, &data, None).is_err());
    let mistyped = w.check(FACTOR, &data, Some(-1));
    assert_eq!((mistyped.verdict, mistyped.findings.len()), (CheckVerdict::Malformed, 0));
}

#[test]
fn whoever_holds_a_claim_is_told_what_became_of_it() {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    let data = registration("INV-1", 100);
    w.reserve(BANK, &[(id, 80)], 5);
    let report = w.check(BANK, &data, None);
    assert_eq!((report.verdict, report.would), (CheckVerdict::Clear, Would::Fit));
    let [own] = report.own.as_slice() else { panic!("{report:?}") };
    assert_eq!((own.amount_minor, own.rank, own.case), (80, 1, None));
    assert_eq!(own.until, Some(w.now.plus_millis(5 * HOUR)));
    assert_eq!(w.check(BANK, &data, Some(30)).verdict, CheckVerdict::Exceeds);
    w.finance(FACTOR, &[(id, 50)]);
    let case = w.cases()[0].id;
    for (who, rank) in [(BANK, 1), (FACTOR, 2)] {
        let report = w.check(who, &data, None);
        assert_eq!((report.verdict, report.would), (CheckVerdict::Identical, Would::Conflict));
        let [own] = report.own.as_slice() else { panic!("{report:?}") };
        assert_eq!((own.rank, own.case), (rank, Some(case)), "{who:?}");
        assert_eq!(report.findings[0].rank, rank);
    }
    // Its time is over: the other is alone.
    w.pass(6 * HOUR);
    assert_eq!(w.found(FACTOR, &data), (CheckVerdict::Clear, Would::Fit));
}

#[test]
fn each_role_checks_what_is_its_business() {
    let mut w = World::new();
    let id = w.invoice("INV-1", 100);
    w.finance(BANK, &[(id, 100)]);
    let data = registration("INV-1", 100);
    for who in [SUPPLIER, FACTOR, OPERATOR, AUDITOR] {
        assert_eq!(w.found(who, &data), (CheckVerdict::Identical, Would::Conflict), "{who:?}");
    }
    assert_eq!(w.try_check(DEBTOR, &data, None), Err(CheckRefusal::Role));
    assert_eq!(w.try_check(PORTAL, &data, None), Err(CheckRefusal::Role));
    assert_eq!(w.try_check(RIVAL, &data, None), Err(CheckRefusal::NotOwnSale));
    let bought =
        altered(registration("X-1", 100), &json!({"seller": STRANGER.party, "buyer": BANK.party}));
    assert_eq!(w.try_check(BANK, &bought, None), Err(CheckRefusal::OwnPurchase));
    assert!(w.check(FACTOR, &bought, None).is_clear());
}

#[test]
fn a_supplier_learns_nothing_of_the_sales_of_others() {
    let mut w = World::new();
    let mut data = altered(registration("R-1", 100), &json!({"seller": RIVAL.party}));
    data["documents"] = json!(["11".repeat(32)]);
    let id = w.registered(RIVAL, &data);
    w.finance(BANK, &[(id, 100)]);
    let mut tried = registration("INV-1", 100);
    tried["documents"] = data["documents"].clone();
    assert_eq!(w.found(FACTOR, &tried), (CheckVerdict::Altered, Would::Conflict));
    assert_eq!(w.found(SUPPLIER, &tried), (CheckVerdict::Clear, Would::Fit));
    w.registered(SUPPLIER, &tried);
    assert_eq!(w.found(SUPPLIER, &tried), (CheckVerdict::Clear, Would::Fit));
    assert_eq!(w.found(RIVAL, &data), (CheckVerdict::Identical, Would::Conflict));
}

#[test]
fn a_pledge_of_everything_is_found_on_an_invoice_that_nobody_knows_yet() {
    let mut w = World::new();
    let pledge = super::blankets::pledging();
    w.say(BANK, "blanket.recorded.v1", &pledge).unwrap();
    let (blanket, data) = (w.last, registration("INV-1", 100));
    let report = w.check(FACTOR, &data, None);
    assert_eq!((report.verdict, report.would), (CheckVerdict::Covered, Would::Conflict));
    assert!(report.words().contains("a pledge of all receivables of the seller"), "{report:?}");
    assert!(report.registered.is_none() && !report.words().contains(BANK.party));
    assert_eq!(w.found(BANK, &data), (CheckVerdict::Clear, Would::Fit), "its own pledge");
    let waiver = json!({"blanket": blanket, "invoices": [report.invoice]});
    w.say(BANK, "blanket.waived.v1", &waiver).unwrap();
    assert_eq!(w.found(FACTOR, &data), (CheckVerdict::Clear, Would::Fit));
    assert_eq!(
        w.found(FACTOR, &registration("INV-2", 100)),
        (CheckVerdict::Covered, Would::Conflict)
    );
}

fn as_met(outcome: &Outcome) -> Vec<Met> {
    outcome.findings.iter().map(Met::from).collect()
}

/// What may happen beside what [`step`] lets happen.
#[derive(Debug, Clone)]
enum Turn {
    Plain(Step),
    Pledge { who: u8, debtor: bool },
    Waive { blanket: u8, to: u8, named: bool },
    Consent { who: u8, financing: u8, to: u8, limit: u8 },
    Register { who: u8, what: What },
}

/// An invoice with all that can be said of one.
#[derive(Debug, Clone, Copy)]
struct What {
    number: u8,
    variant: u8,
    due: u8,
    file: u8,
    more: u8,
}

impl What {
    fn data(self) -> Value {
        let mut data = described(self.number, self.variant, self.due, self.file);
        let day = 1 + self.more % 3;
        match self.more % 8 {
            1 => data["references"] = json!({"order": "PO-1"}),
            2 => {
                data["references"] = json!({"order": "PO-1", "despatch": "D-1"});
                data["order_amount_minor"] = json!(150);
            }
            3 => data["payee_account"] = json!("33".repeat(32)),
            4 => data["references"] = json!({"preceding": ["INV-0"]}),
            5 => data["lines"] = json!(["44".repeat(32), "55".repeat(32)]),
            6 => data["invoice"]["issue_date"] = json!(format!("2026-10-0{day}")),
            7 => data["invoice"]["number"] = json!(format!("INV-{}/A", self.number)),
            _ => {}
        }
        data
    }
}

fn what() -> impl Strategy<Value = What> {
    (0_u8..3, 0_u8..7, 0_u8..4, 0_u8..4, 0_u8..16)
        .prop_map(|(number, variant, due, file, more)| What { number, variant, due, file, more })
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        12 => step().prop_map(Turn::Plain),
        2 => (0_u8..3, any::<bool>()).prop_map(|(who, debtor)| Turn::Pledge { who, debtor }),
        1 => (any::<u8>(), 0_u8..3, any::<bool>())
            .prop_map(|(blanket, to, named)| Turn::Waive { blanket, to, named }),
        2 => (0_u8..3, any::<u8>(), 0_u8..3, 1_u8..120)
            .prop_map(|(who, financing, to, limit)| Turn::Consent { who, financing, to, limit }),
        4 => (0_u8..6, what()).prop_map(|(who, what)| Turn::Register { who, what }),
    ]
}

const FINANCIERS: [Actor; 3] = [BANK, FACTOR, LENDER];

/// Says what the turns are about; whether it is admitted is for the rules.
fn tell(turns: &[Turn], asked: What) -> Story {
    let mut story = Story::new();
    let mut blankets = Vec::new();
    let id = read(&asked.data()).invoice.id();
    for turn in turns {
        match turn {
            Turn::Plain(step) => drop(story.take(step)),
            Turn::Pledge { who, debtor } => {
                let mut data = json!({
                    "seller": SUPPLIER.party, "kind": "pledge", "disclosure": "silent",
                    "on_conflict": "record",
                });
                if *debtor {
                    data["debtor"] = json!(DEBTOR.party);
                }
                let who = FINANCIERS[usize::from(*who)];
                if story.w.say(who, "blanket.recorded.v1", &data).is_ok() {
                    blankets.push((who, story.w.last));
                }
            }
            Turn::Waive { blanket, to, named } => {
                let Some((who, blanket)) = pick(&blankets, *blanket) else { continue };
                let mut data = json!({"blanket": blanket});
                if *named {
                    data["invoices"] = json!([id]);
                } else {
                    data["financier"] = json!(FINANCIERS[usize::from(*to)].party);
                }
                drop(story.w.say(who, "blanket.waived.v1", &data));
            }
            Turn::Consent { who, financing, to, limit } => {
                let Some(financing) = pick(&story.financings, *financing) else { continue };
                let mut data = json!({
                    "financing": financing, "financier": FINANCIERS[usize::from(*to)].party,
                });
                if limit % 2 == 0 {
                    data["up_to_minor"] = json!(limit);
                    data["currency"] = json!("EUR");
                }
                let who = FINANCIERS[usize::from(*who)];
                drop(story.w.say(who, "cofinancing.consented.v1", &data));
            }
            Turn::Register { who, what } => {
                let who = [SUPPLIER, DEBTOR, BANK, FACTOR, LENDER, RIVAL][usize::from(*who)];
                drop(story.w.say(who, "invoice.registered.v1", &what.data()));
            }
        }
    }
    story
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_check_says_what_the_receipt_of_the_claim_says(
        turns in prop::collection::vec(turn(), 1..40), who in 0_usize..3, asked in what(), minor in 1_i64..230,
    ) {
        let who = FINANCIERS[who];
        let data = asked.data();
        for on_conflict in ["refuse", "record"] {
            // The same story twice: a state is not copied.
            let mut story = tell(&turns, asked);
            let w = &mut story.w;
            let before = w.state.digest().unwrap();
            let checked = match w.try_check(who, &data, Some(minor)) {
                Ok(checked) => checked,
                // The story made the financier the buyer.
                Err(refusal) => {
                    prop_assert_eq!(refusal, CheckRefusal::OwnPurchase);
                    continue;
                }
            };
            prop_assert_eq!(w.state.digest().unwrap(), before, "a check leaves no trace");
            if let Err(rejection) = w.say(who, "invoice.registered.v1", &data) {
                if rejection.code() != "author_suspended" {
                    prop_assert_eq!(checked.verdict, CheckVerdict::Malformed);
                    prop_assert_eq!(checked.reason, Some(rejection));
                }
                continue;
            }
            let mut claim = w.reservation(&[(checked.invoice, minor)], 1);
            claim["on_conflict"] = json!(on_conflict);
            claim["currency"] = data["invoice"]["currency"].clone();
            match w.say(who, "financing.reserved.v1", &claim) {
                Err(rejection) => {
                    prop_assert_eq!(checked.would, Would::Refuse);
                    prop_assert_eq!(checked.reason, Some(rejection));
                }
                Ok(outcome) => {
                    prop_assert_eq!(&checked.findings, &as_met(&outcome));
                    let conflicts = outcome.findings.iter().any(|it| matches!(it.effect, Effect::Conflict(_)));
                    let refused = outcome.verdict == Verdict::Refused;
                    prop_assert_eq!(checked.would == Would::Conflict, conflicts || refused);
                    prop_assert_eq!(checked.would == Would::Fit, !conflicts && !refused);
                    if !refused {
                        let after = w.check(who, &data, None);
                        prop_assert_eq!(after.would == Would::Conflict, conflicts);
                        prop_assert!(!after.own.is_empty());
                    }
                }
            }
        }
    }
}
