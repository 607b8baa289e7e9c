//! What supplier, debtor and financier say of guarantees, offers and tacit acceptance that cannot be meant.

use serde_json::{Value, json};

use crate::bad_input::{Met, World};
use crate::registry::{Party, Registry, id};

/// Guarantees, offers, and mandates under which silence counts.
pub(crate) fn offers(world: &World) -> Met {
    let World { registry, supplier, debtor, financier, other_financier, .. } = world;
    let older = Registry::start_unopened(1_024);
    older.open_under(2);
    older.admit(financier, &["financier"]);
    let nothing = json!({"request": world.registration, "reason": "limit"});
    let sent = older.sign(financier, "financing.declined.v1", &nothing);
    let mut met = vec![("rules_too_old", older.submit(&sent))];

    let invoice = world.another("2026-0400");
    let guarantee = |amount: i64, date: &str| {
        let data = json!({
            "invoice": invoice, "amount_minor": amount, "currency": "EUR", "date": date,
        });
        world.say(debtor, "invoice.guaranteed.v1", &data)
    };
    met.push(("guarantee_date_past", guarantee(100, "2020-01-01")));
    met.push(("guarantee_exceeds", guarantee(100_001, "2036-01-01")));
    assert_eq!(guarantee(100, "2036-01-01").status, 201);
    met.push(("guarantee_not_stronger", guarantee(99, "2036-01-01")));

    let grant = |change: Value| {
        let mut data = json!({
            "to": financier.id, "scope": {"kind": "suppliers", "suppliers": [supplier.id]},
            "show": ["process"], "until": registry.at(600),
            "tacit": {"days": 8, "law": "co-1231-2008"},
        });
        for (name, value) in change.as_object().expect("an object") {
            data[name] = value.clone();
        }
        world.say(debtor, "mandate.granted.v1", &data)
    };
    let forever = json!({"tacit": {"days": 366, "law": "co-1231-2008"}});
    met.push(("tacit_term_invalid", grant(forever)));
    let wider = json!({
        "mandate": id(&grant(json!({})).json()), "scope": {"kind": "all"}, "show": ["process"],
        "until": registry.at(600),
    });
    met.push(("tacit_scope_widened", world.say(debtor, "mandate.amended.v1", &wider)));

    let offer = |to: &Party| {
        let data = json!({"to": to.id, "invoices": [invoice], "until": registry.at(600)});
        world.say(supplier, "financing.requested.v1", &data)
    };
    met.push(("offeree_unfit", offer(debtor)));
    let decline = json!({"request": id(&offer(financier).json()), "reason": "debtor"});
    met.push(("request_unknown", world.say(other_financier, "financing.declined.v1", &decline)));
    met
}
