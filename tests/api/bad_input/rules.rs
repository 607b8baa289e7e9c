//! Statements that are well formed and against the rules: each rejection, in the order of the checks.

use serde_json::{Value, json};
use tallystick::statement::{SignedStatement, StatementType};

use crate::bad_input::{Met, World, header, jws};
use crate::registry::{Party, Registry, financing, id, invoice};

/// Who signs, for whom, where and when.
pub(crate) fn envelopes(world: &World) -> Met {
    let World { registry, supplier, debtor, stranger, .. } = world;
    let data = invoice(supplier, debtor, "2026-0100", 1_000);
    let kind = "invoice.registered.v1";
    let unopened = Registry::start_unopened(1_024);
    let mut met =
        vec![("registry_not_opened", unopened.submit(&unopened.sign(supplier, kind, &data)))];

    let older = json!({
        "operator": unopened.operator.id, "key": unopened.operator.key.public(), "rules": 1,
        "skew_seconds": 300, "check_digits": "required",
    });
    unopened.state(&unopened.operator, "registry.opened.v1", &older);
    let newer = unopened.sign(&unopened.operator, "time.passed.v1", &json!({}));
    met.push(("rules_too_old", unopened.submit(&newer)));

    let elsewhere = SignedStatement::sign(
        &supplier.key,
        StatementType::InvoiceRegistered,
        &supplier.party(),
        "1",
        registry.now(),
        &"other.example".parse().expect("an origin"),
        &data.to_string(),
    );
    let elsewhere = String::from_utf8(elsewhere.expect("signed").bytes().to_vec());
    met.push(("registry_mismatch", registry.submit(&elsewhere.expect("ASCII"))));
    let opened = json!({
        "operator": registry.operator.id, "key": registry.operator.key.public(), "rules": 2,
        "skew_seconds": 300, "check_digits": "ignored",
    });
    met.push((
        "registry_already_opened",
        world.say(&registry.operator, "registry.opened.v1", &opened),
    ));

    let late = registry.sign(supplier, kind, &data);
    registry.pass(301);
    met.push(("time_outside_skew", registry.submit(&late)));

    let first = registry.sign_as(&supplier.key, supplier.id, "mine", kind, &data);
    assert_eq!(registry.submit(&first).status, 201);
    let other = invoice(supplier, debtor, "2026-0101", 1_000);
    let second = registry.sign_as(&supplier.key, supplier.id, "mine", kind, &other);
    met.push(("id_reused", registry.submit(&second)));

    met.push(("key_unknown", world.say(stranger, kind, &data)));
    let event = world.event(kind, &data).to_string();
    let forged = jws(&stranger.key, &header(&supplier.key).to_string(), &event);
    met.push(("signature_invalid", registry.submit(&forged)));
    let spare = Party::new(supplier.id, 30);
    let added = json!({"party": supplier.id, "key": spare.key.public(), "assurance": "email-link"});
    registry.state(supplier, "key.added.v1", &added);
    let thumbprint = spare.key.public().thumbprint();
    let data = json!({"party": supplier.id, "key": thumbprint, "reason": "superseded"});
    registry.state(supplier, "key.revoked.v1", &data);
    met.push(("key_revoked", world.say(&spare, kind, &other)));
    let unknown = registry.sign_as(&supplier.key, stranger.id, "1", kind, &other);
    met.push(("author_unknown", registry.submit(&unknown)));
    let out = Party::new("0106:00000031", 31);
    registry.admit(&out, &["supplier"]);
    let data = json!({"party": out.id, "reason": "insolvency"});
    registry.state(&registry.operator, "participant.suspended.v1", &data);
    met.push(("author_suspended", world.say(&out, kind, &invoice(&out, debtor, "1", 1))));
    let on_behalf = registry.sign_as(&debtor.key, supplier.id, "2", kind, &other);
    met.push(("not_delegated", registry.submit(&on_behalf)));
    met.push(("role_not_allowed", world.say(debtor, "rules.adopted.v1", &json!({"rules": 2}))));
    met
}

/// Who is who.
pub(crate) fn participants(world: &World) -> Met {
    let World { registry, supplier, debtor, financier, stranger, .. } = world;
    let operator = &registry.operator;
    let admit = |party: &str, roles: Value, key: &Party| {
        let data = json!({
            "party": party, "roles": roles, "key": key.key.public(), "assurance": "document",
        });
        world.say(operator, "participant.admitted.v1", &data)
    };
    let add = |by: &Party, party: &str, key: &Party, assurance: &str| {
        let data = json!({"party": party, "key": key.key.public(), "assurance": assurance});
        world.say(by, "key.added.v1", &data)
    };
    let suspend = |party: &str| {
        let data = json!({"party": party, "reason": "other"});
        world.say(operator, "participant.suspended.v1", &data)
    };
    let revoke = |by: &Party, key: &Party| {
        let key = key.key.public().thumbprint();
        let data = json!({"party": by.id, "key": key, "reason": "ceased"});
        world.say(by, "key.revoked.v1", &data)
    };
    let delegate = |to: &str, types: Value| {
        let data = json!({"delegate": to, "types": types});
        world.say(supplier, "delegation.granted.v1", &data)
    };
    let provider = world.provider.id;
    vec![
        ("rules_unknown", world.say(operator, "rules.adopted.v1", &json!({"rules": 99}))),
        ("rules_not_newer", world.say(operator, "rules.adopted.v1", &json!({"rules": 2}))),
        ("party_check_digits", admit("0208:0403019262", json!(["supplier"]), stranger)),
        ("roles_malformed", admit("0106:00000040", json!([]), stranger)),
        ("party_taken", admit(supplier.id, json!(["supplier"]), stranger)),
        ("key_taken", admit("0106:00000040", json!(["supplier"]), supplier)),
        ("participant_unknown", suspend(stranger.id)),
        ("operator_not_suspendable", suspend(operator.id)),
        (
            "standing_unchanged",
            world.say(operator, "participant.reinstated.v1", &json!({"party": debtor.id})),
        ),
        ("key_not_yours", add(supplier, debtor.id, stranger, "document")),
        ("assurance_raised", add(supplier, supplier.id, stranger, "electronic-identity")),
        ("key_not_in_force", revoke(supplier, stranger)),
        ("last_operator_key", revoke(operator, operator)),
        ("delegation_types", delegate(provider, json!([]))),
        ("delegation_types", delegate(provider, json!(["key.added.v1"]))),
        ("delegate_unfit", delegate(financier.id, json!(["invoice.registered.v1"]))),
        (
            "delegation_unknown",
            world.say(supplier, "delegation.revoked.v1", &json!({"delegate": provider})),
        ),
    ]
}

/// What a statement says by itself.
pub(crate) fn contents(world: &World) -> Met {
    let World { registry, supplier, debtor, financier, .. } = world;
    let register = |change: &dyn Fn(&mut Value)| {
        let mut data = invoice(supplier, debtor, "2026-0200", 1_000);
        change(&mut data);
        world.say(supplier, "invoice.registered.v1", &data)
    };
    let report = |change: Value| {
        let mut data = json!({
            "invoice": world.invoice, "status": "received", "effective_at": registry.at(-60),
            "source": {"kind": "ledger"},
        });
        for (name, value) in change.as_object().expect("an object") {
            data[name] = value.clone();
        }
        world.say(debtor, "status.reported.v1", &data)
    };
    let grant = |change: Value| {
        let mut data = json!({
            "to": financier.id, "scope": {"kind": "all"}, "show": ["process"],
            "until": registry.at(600),
        });
        for (name, value) in change.as_object().expect("an object") {
            data[name] = value.clone();
        }
        world.say(debtor, "mandate.granted.v1", &data)
    };
    let reserve = |until: String| {
        let data = json!({
            "invoices": [{"id": world.invoice, "claimed_minor": 1}], "currency": "EUR",
            "until": until, "on_conflict": "refuse",
        });
        world.say(financier, "financing.reserved.v1", &data)
    };
    let claim = |change: &dyn Fn(&mut Value)| {
        let mut data = financing(&world.invoice, 1_000, "silent", "refuse");
        change(&mut data);
        world.say(financier, "financing.recorded.v1", &data)
    };
    vec![
        ("invoice_unfit", register(&|it| it["invoice"]["buyer"] = it["invoice"]["seller"].clone())),
        ("invoice_unfit", register(&|it| it["invoice"]["gross_minor"] = json!(0))),
        ("invoice_unfit", register(&|it| it["invoice"]["type"] = json!(381))),
        ("invoice_unfit", register(&|it| it["invoice"]["due_date"] = json!("2026-09-30"))),
        ("amount_due_invalid", register(&|it| it["amount_due_minor"] = json!(1_001))),
        ("list_malformed", claim(&|it| it["invoices"] = json!([]))),
        ("amount_invalid", claim(&|it| it["invoices"][0]["claimed_minor"] = json!(0))),
        ("show_malformed", grant(json!({"show": []}))),
        ("term_invalid", grant(json!({"until": registry.at(-1)}))),
        ("mandate_party_unfit", grant(json!({"to": debtor.id}))),
        ("status_incomplete", report(json!({"status": "part_paid"}))),
        ("status_incomplete", report(json!({"status": "payment_promised"}))),
        ("effective_in_future", report(json!({"effective_at": registry.at(3_600)}))),
        ("reservation_term", reserve(registry.at(73 * 3_600))),
        ("reservation_term", reserve(registry.at(-1))),
    ]
}

/// What the log holds already.
pub(crate) fn states(world: &World) -> Met {
    let World { registry, supplier, debtor, financier, other_financier, .. } = world;
    let mut met = Vec::new();
    let foreign = invoice(&Party::new("0106:00000050", 50), debtor, "1", 1);
    met.push(("not_a_party", world.say(supplier, "invoice.registered.v1", &foreign)));
    let unknown = "inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let credit = |invoice: &str, note: &str, amount: i64, currency: &str| {
        let data = json!({
            "invoice": invoice, "credit_note": note, "issue_date": "2026-10-05",
            "currency": currency, "amount_minor": amount,
        });
        world.say(supplier, "invoice.credited.v1", &data)
    };
    met.push(("invoice_unknown", credit(unknown, "C1", 1, "EUR")));
    met.push(("currency_mismatch", credit(&world.invoice, "C1", 1, "USD")));
    let credited = world.another("2026-0300");
    assert_eq!(credit(&credited, "C1", 10, "EUR").status, 201);
    met.push(("credit_note_repeated", credit(&credited, "c-1", 10, "EUR")));
    met.push(("credit_exceeds_invoice", credit(&credited, "C2", 100_000, "EUR")));
    let ended = world.another("2026-0301");
    registry.state(supplier, "invoice.cancelled.v1", &json!({"invoice": ended, "reason": "error"}));
    met.push(("invoice_ended", credit(&ended, "C1", 1, "EUR")));

    let report = |by: &Party, status: &str, kind: &str| {
        let data = json!({
            "invoice": credited, "status": status, "effective_at": registry.at(0),
            "source": {"kind": kind},
        });
        world.say(by, "status.reported.v1", &data)
    };
    met.push(("source_not_yours", report(supplier, "received", "ledger")));
    assert_eq!(report(debtor, "refused", "ledger").status, 201);
    met.push(("status_out_of_transition", report(debtor, "in_process", "ledger")));

    let mandate = json!({"mandate": world.registration});
    met.push(("mandate_unknown", world.say(debtor, "mandate.revoked.v1", &mandate)));

    let claim = |by: &Party, invoice: &str, amount: i64| {
        world.say(by, "financing.recorded.v1", &financing(invoice, amount, "silent", "refuse"))
    };
    met.push(("over_capacity", claim(financier, &world.invoice, 100_001)));
    let held = claim(financier, &world.invoice, 1_000);
    assert_eq!(held.status, 201, "{}", held.text());
    let held = id(&held.json());
    let transfer = json!({"financing": held, "to": supplier.id});
    met.push(("transferee_unfit", world.say(financier, "financing.transferred.v1", &transfer)));
    let release = json!({"financing": held});
    met.push(("financing_unknown", world.say(other_financier, "financing.released.v1", &release)));

    let free = world.another("2026-0302");
    let reserve = |extends: Option<&str>| {
        let mut data = json!({
            "invoices": [{"id": free, "claimed_minor": 1}], "currency": "EUR",
            "until": registry.at(3_600), "on_conflict": "refuse",
        });
        if let Some(extends) = extends {
            data["extends"] = json!(extends);
        }
        world.say(financier, "financing.reserved.v1", &data)
    };
    met.push(("reservation_unknown", reserve(Some(&held))));
    let first = id(&reserve(None).json());
    let second = id(&reserve(Some(&first)).json());
    met.push(("reservation_extended_already", reserve(Some(&second))));
    met
}

/// What pledgees and holders say of rights that they do not have, or in a way that cannot be meant.
pub(crate) fn pledges(world: &World) -> Met {
    let World { registry, supplier, financier, other_financier, .. } = world;
    let older = Registry::start_unopened(1_024);
    let opened = json!({
        "operator": older.operator.id, "key": older.operator.key.public(), "rules": 1,
        "skew_seconds": 300, "check_digits": "ignored",
    });
    older.state(&older.operator, "registry.opened.v1", &opened);
    older.admit(financier, &["financier"]);
    let pledge = |seller: &str, from: &str| {
        json!({
            "seller": seller, "kind": "pledge", "disclosure": "silent", "on_conflict": "record",
            "issued_from": from, "issued_until": "2020-12-31",
        })
    };
    let kind = "blanket.recorded.v1";
    let data = pledge(supplier.id, "2020-01-01");
    let mut met = vec![("rules_too_old", older.submit(&older.sign(financier, kind, &data)))];
    let say = |by: &Party, kind: &str, data: &Value| world.say(by, kind, data);

    let backwards = pledge(supplier.id, "2021-01-01");
    met.push(("issue_range_invalid", say(financier, kind, &backwards)));
    let own = pledge(financier.id, "2020-01-01");
    met.push(("blanket_party_unfit", say(financier, kind, &own)));
    let blanket = id(&registry.state(financier, kind, &data));
    met.push(("blanket_repeated", say(financier, kind, &data)));
    for day in 2..65 {
        let from = format!("2020-{:02}-{:02}", 1 + day % 12, 1 + day / 12);
        registry.state(financier, kind, &pledge(supplier.id, &from));
    }
    met.push(("blanket_limit", say(financier, kind, &pledge(supplier.id, "2019-01-01"))));
    let waive = |by: &Party, more: &Value| {
        let mut data = json!({"blanket": blanket});
        if let Some(more) = more.as_object() {
            for (name, value) in more {
                data[name] = value.clone();
            }
        }
        say(by, "blanket.waived.v1", &data)
    };
    met.push(("waiver_scope", waive(financier, &json!({}))));
    let to_itself = json!({"financier": financier.id});
    met.push(("beneficiary_unfit", waive(financier, &to_itself)));
    let not_its_own = json!({"debtors": [supplier.id]});
    met.push(("blanket_unknown", waive(other_financier, &not_its_own)));
    let consent = json!({"consent": blanket});
    met.push(("consent_unknown", say(financier, "consent.withdrawn.v1", &consent)));
    let free = world.another("2026-0303");
    let mut share = financing(&free, 1, "silent", "record");
    share["kind"] = json!("participation");
    met.push(("participation_unfounded", say(financier, "financing.recorded.v1", &share)));
    met
}
