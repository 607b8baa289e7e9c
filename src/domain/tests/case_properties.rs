//! What holds of case files whatever is said in them, in whatever order, among everything else that happens.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::properties::{Step, Story, assert_same, replay, step};
use super::world::*;
use crate::domain::standing::Standing;
use crate::domain::{Action, Resolution, State};

/// Something that happens, or something that is said in a conflict.
#[derive(Debug, Clone)]
enum Act {
    Happens(Step),
    Says { who: u8, case: u8, what: u8, flip: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => step().prop_map(Act::Happens),
        4 => (0_u8..4, 0_u8..3, 0_u8..9, any::<bool>())
            .prop_map(|(who, case, what, flip)| Act::Says { who, case, what, flip }),
    ]
}

/// What is said; mostly what makes sense for two rights.
fn said(what: u8, flip: bool) -> (&'static str, Value) {
    let ranks = if flip { [2, 1] } else { [1, 2] };
    let resolution = |how: Value| ("conflict.resolved.v1", json!({"resolution": how}));
    match what {
        0 => ("conflict.acknowledged.v1", json!({})),
        1 => (
            "conflict.contested.v1",
            json!({"reason": if flip { "other" } else { "charged_back" }}),
        ),
        2 => ("conflict.evidenced.v1", json!({"evidence": [format!("{:064x}", u8::from(flip))]})),
        3 => ("conflict.disclosed.v1", json!({})),
        4 => resolution(json!({"kind": "fraud_confirmed"})),
        5 => resolution(json!({"kind": "subordinated", "order": ranks})),
        6 => resolution(json!({"kind": "shared", "currency": "EUR", "shares": [
            {"rank": 1, "amount_minor": 2}, {"rank": 2, "amount_minor": 1 + u8::from(flip)},
        ]})),
        _ => resolution(json!({"kind": "not_the_same_invoice"})),
    }
}

/// The pairs of invoices that were told apart.
fn apart(state: &State) -> BTreeSet<(u32, u32)> {
    let mut pairs = BTreeSet::new();
    for row in 0..state.receivables_len() {
        let receivable = state.receivable(row).unwrap();
        for other in &receivable.apart {
            pairs.insert((row, *other));
            assert!(state.receivable(*other).unwrap().apart.contains(&row), "both or neither");
        }
        let related = state.related(&receivable);
        assert!(related.iter().all(|it| !receivable.apart.contains(&it.row)), "it came back");
    }
    pairs
}

/// Every claim with its holder, amount, place and standing.
fn claims(state: &State) -> Vec<String> {
    let all = (0..state.receivables_len()).map(|row| state.receivable(row).unwrap());
    all.map(|receivable| format!("{:?}", receivable.claims)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_case_file_ends_no_claim_and_nobody_alone_resolves_anything(
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let mut story = Story::new();
        // A conflict to begin with, on two invoices that look like one.
        let one = story.w.invoice("INV-0", 100);
        let copy = altered(registration("INV-0", 100), &json!({"type": 393}));
        let copy = story.w.registered(SUPPLIER, &copy);
        story.w.finance(BANK, &[(one, 60)]);
        story.w.finance(FACTOR, &[(copy, 60)]);
        let mut known = apart(&story.w.state);
        for act in &acts {
            match act {
                Act::Happens(step) => {
                    story.take(step);
                }
                Act::Says { who, case, what, flip } => {
                    let w = &mut story.w;
                    let who = [BANK, FACTOR, LENDER, OPERATOR][usize::from(*who)];
                    let before = claims(&w.state);
                    let open: Vec<bool> =
                        w.cases().iter().map(|case| case.cleared_at.is_none()).collect();
                    let (kind, data) = said(*what, *flip);
                    let data = with(data, &json!({"conflict": format!("cas_{case}")}));
                    drop(w.say(who, kind, &data));
                    assert_eq!(claims(&w.state), before, "a step makes, moves and ends no claim");
                    let standing = Standing::new(&w.state, w.now);
                    for (case, open) in w.cases().iter().zip(open) {
                        if open && case.cleared_at.is_some() {
                            assert!(!standing.disputed(&case.claims, &case.blankets));
                        }
                    }
                }
            }
            let now = apart(&story.w.state);
            assert!(now.is_superset(&known), "told apart for good");
            if now != known {
                let position = story.w.state.size() - 1;
                let of = |it: &&crate::domain::Step| it.position == position;
                let cases = story.w.cases();
                let case = cases.iter().find(|case| case.steps.iter().any(|it| of(&it))).unwrap();
                let operator = story.w.row(OPERATOR);
                let say_so = case.steps.iter().filter(|step| {
                    matches!(step.action, Action::Resolved(Resolution::NotTheSame { .. }))
                });
                let who: BTreeSet<u32> = say_so.map(|step| step.by).collect();
                assert!(who.len() > 1 || who.contains(&operator), "one side alone told them apart");
            }
            known = now;
        }
        let mut rebuilt = State::new(origin());
        replay(&mut rebuilt, &story.w, 0);
        assert_same(&mut story.w.state, &mut rebuilt);
    }
}
