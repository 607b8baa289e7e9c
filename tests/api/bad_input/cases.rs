//! Steps of a case file that are refused, and types that older rules do not have.

use serde_json::{Value, json};

use crate::bad_input::{Met, World};
use crate::registry::{Party, Registry, financing, invoice, invoice_id};

pub(crate) fn cases(world: &World) -> Met {
    let World { registry, financier, other_financier, .. } = world;
    // Of another amount than every other one, so that nothing looks like it.
    let data = invoice(&world.supplier, &world.debtor, "2026-0900", 77_000);
    registry.state(&world.supplier, "invoice.registered.v1", &data);
    let claim = financing(&invoice_id(&data), 70_000, "silent", "record");
    registry.state(financier, "financing.recorded.v1", &claim);
    let second = registry.state(other_financier, "financing.recorded.v1", &claim);
    let conflict = second["findings"][0]["case"].clone();
    let step = |by: &Party, kind: &str, member: &str, value: Value| {
        let mut data = json!({"conflict": conflict});
        if !member.is_empty() {
            data[member] = value;
        }
        world.say(by, kind, &data)
    };
    let resolve = |by: &Party, how: Value| step(by, "conflict.resolved.v1", "resolution", how);
    let acknowledge = |by: &Party| step(by, "conflict.acknowledged.v1", "", Value::Null);
    let shares = |one: i64, other: i64| {
        let shares = json!([{"rank": 1, "amount_minor": one}, {"rank": 2, "amount_minor": other}]);
        json!({"kind": "shared", "currency": "EUR", "shares": shares})
    };

    let unknown = json!({"conflict": "cas_77"});
    let mut met = vec![
        ("conflict_unknown", world.say(financier, "conflict.acknowledged.v1", &unknown)),
        ("resolution_not_yours", resolve(financier, json!({"kind": "fraud_confirmed"}))),
        ("ranks_malformed", resolve(financier, json!({"kind": "subordinated", "order": [2, 3]}))),
        ("same_invoice", resolve(financier, json!({"kind": "not_the_same_invoice"}))),
        ("shares_exceed", resolve(financier, shares(60_000, 17_001))),
    ];
    assert_eq!(acknowledge(financier).status, 201);
    met.push(("step_repeated", acknowledge(financier)));
    for round in 0..5_u8 {
        let hashes: Vec<String> = (0..8_u8).map(|n| format!("{:064x}", round * 8 + n)).collect();
        let answer = step(financier, "conflict.evidenced.v1", "evidence", json!(hashes));
        if round == 4 {
            met.push(("case_full", answer));
        } else {
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
    }
    registry.state(other_financier, "financing.released.v1", &json!({"financing": second["id"]}));
    met.push(("conflict_over", resolve(financier, shares(60_000, 17_000))));

    // A registry that has not adopted the rules that these statements came with.
    let older = Registry::start_unopened(1_024);
    older.open_under(1);
    older.admit(financier, &["financier"]);
    let sent = older.sign(financier, "conflict.acknowledged.v1", &unknown);
    met.push(("rules_too_old", older.submit(&sent)));
    met
}
