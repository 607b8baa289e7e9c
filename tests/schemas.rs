//! The published JSON Schemas are those of the types that parse, and an independent validator reads them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};
use tallystick::signing::SecretKey;
use tallystick::statement::{Payload, SCHEMA_BASE, StatementType, envelope_schema, json_schema};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn documents() -> Vec<(String, Value)> {
    let of_types = StatementType::ALL.iter().map(|kind| (kind.to_string(), json_schema(*kind)));
    of_types.chain([("statement".to_owned(), envelope_schema())]).collect()
}

fn validator(schema: &Value) -> Validator {
    let mut registry = Registry::new();
    for (name, document) in documents() {
        registry = registry.add(format!("{SCHEMA_BASE}{name}.json"), document).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .with_registry(&registry)
        .build(schema)
        .unwrap()
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let bless = std::env::var_os("TALLYSTICK_BLESS").is_some();
    let mut names = Vec::new();
    for (name, document) in documents() {
        let file = folder().join(format!("{name}.json"));
        if bless {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&file, format!("{document:#}\n")).unwrap();
        }
        let published = fs::read_to_string(&file).unwrap_or_default();
        let published: Value = serde_json::from_str(&published).unwrap_or_default();
        assert_eq!(published, document, "bless {name}.json with TALLYSTICK_BLESS=1");
        names.push(format!("{name}.json"));
    }
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "openapi.json")
        .collect();
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names, "and no others");
}

#[test]
fn the_schemas_are_valid_themselves() {
    for (name, document) in documents() {
        assert!(jsonschema::meta::is_valid(&document), "{name}");
    }
}

/// One payload of each type, with every member that may be there.
#[expect(clippy::too_many_lines, reason = "a few lines for each type")]
fn samples() -> Vec<(StatementType, Value)> {
    let key = serde_json::to_value(SecretKey::from_seed(&[1; 32]).public()).unwrap();
    let kid = SecretKey::from_seed(&[1; 32]).public().thumbprint();
    let invoice = format!("inv_{}", "A".repeat(43));
    let statement = format!("stm_{}", "A".repeat(43));
    let hash = "ab".repeat(32);
    let (party, time) = ("0106:27374841", "2026-11-21T09:30:00.000Z");
    let item = json!({"id": invoice, "claimed_minor": 1_210_000});
    let of_type = |name: &str| match name {
        "registry.opened.v1" => json!({
            "operator": party, "key": key, "rules": 2, "skew_seconds": 300, "check_digits": "required"
        }),
        "rules.adopted.v1" => json!({"rules": 2}),
        "time.passed.v1" => json!({}),
        "participant.admitted.v1" => json!({
            "party": party, "roles": ["supplier", "debtor"], "key": key, "assurance": "electronic-identity",
            "details": hash,
        }),
        "participant.suspended.v1" => json!({"party": party, "reason": "key_compromise"}),
        "participant.reinstated.v1" => json!({"party": party}),
        "party.linked.v1" => {
            json!({"party": party, "alias": "9944:NL854502130B01", "evidence": hash})
        }
        "key.added.v1" => json!({"party": party, "key": key, "assurance": "email-link"}),
        "key.revoked.v1" => json!({"party": party, "key": kid, "reason": "superseded"}),
        "delegation.granted.v1" => json!({
            "delegate": party, "types": ["invoice.registered.v1"], "until": time
        }),
        "delegation.revoked.v1" => json!({"delegate": party}),
        "invoice.registered.v1" => json!({
            "invoice": {
                "seller": party, "buyer": "0208:0403019261", "number": "INV-2026-001", "type": 380,
                "issue_date": "2026-10-01", "due_date": "2026-10-31", "currency": "EUR",
                "gross_minor": 1_210_000,
            },
            "amount_due_minor": 1_210_000,
            "references": {"order": "PO-1", "despatch": null, "contract": "C-1", "preceding": ["INV-0"]},
            "documents": [hash], "payee_account": hash, "payee_differs": true, "details": hash,
        }),
        "invoice.credited.v1" => json!({
            "invoice": invoice, "credit_note": "CN-1", "issue_date": "2026-11-02", "currency": "EUR",
            "amount_minor": 10, "document": hash,
        }),
        "invoice.cancelled.v1" => {
            json!({"invoice": invoice, "reason": "superseded", "replaced_by": invoice})
        }
        "status.reported.v1" => json!({
            "invoice": invoice, "status": "approved_part", "effective_at": time,
            "source": {"kind": "ledger", "system": "exact-online", "message": "m-1", "read_at": time},
            "amount_minor": 5, "currency": "EUR", "date": "2026-12-01", "reasons": ["OP-1"],
        }),
        "mandate.requested.v1" => json!({"debtor": party, "scope": {"kind": "all"}, "until": time}),
        "mandate.granted.v1" => json!({
            "to": party, "scope": {"kind": "suppliers", "suppliers": [party]}, "show": ["process", "amounts"],
            "from": time, "until": time, "request": statement, "tacit": {"days": 8, "law": "co-1231-2008"},
        }),
        "mandate.declined.v1" => json!({"request": statement}),
        "invoice.guaranteed.v1" => json!({
            "invoice": invoice, "amount_minor": 5, "currency": "EUR", "date": "2026-12-01",
        }),
        "financing.requested.v1" => json!({"to": party, "invoices": [invoice], "until": time}),
        "financing.declined.v1" => json!({"request": statement, "reason": "limit"}),
        "mandate.amended.v1" => json!({
            "mandate": statement, "scope": {"kind": "invoices", "invoices": [invoice]}, "show": ["document"],
            "until": time,
        }),
        "mandate.revoked.v1" => json!({"mandate": statement}),
        "financing.reserved.v1" => json!({
            "invoices": [item], "currency": "EUR", "until": time, "on_conflict": "refuse", "extends": statement
        }),
        "financing.recorded.v1" => json!({
            "invoices": [item], "currency": "EUR", "advanced_minor": 0, "kind": "dailly", "recourse": "with",
            "disclosure": "silent", "on_conflict": "record", "reservation": statement, "deed": hash,
            "deed_date": "2026-11-01",
        }),
        "financing.released.v1" | "financing.returned.v1" => {
            json!({"financing": statement, "invoices": [invoice]})
        }
        "financing.settled.v1" => json!({
            "financing": statement, "currency": "EUR",
            "invoices": [{"id": invoice, "received_minor": 0}],
        }),
        "financing.transferred.v1" => {
            json!({"financing": statement, "to": party, "invoices": [invoice]})
        }
        "blanket.recorded.v1" => json!({
            "seller": party, "debtor": "0208:0403019261", "kind": "assignment", "disclosure": "silent",
            "issued_from": "2026-01-01", "issued_until": "2026-12-31", "deed": hash,
            "deed_date": "2026-01-01", "on_conflict": "refuse",
        }),
        "blanket.released.v1" => json!({"blanket": statement}),
        "blanket.waived.v1" => json!({
            "blanket": statement, "invoices": [invoice], "debtors": [party], "financier": party,
            "until": time,
        }),
        "cofinancing.consented.v1" => json!({
            "financing": statement, "invoices": [invoice], "financier": party, "up_to_minor": 5,
            "currency": "EUR", "until": time,
        }),
        "consent.withdrawn.v1" => json!({"consent": statement}),
        "conflict.acknowledged.v1" | "conflict.disclosed.v1" => json!({"conflict": "cas_7"}),
        "conflict.contested.v1" => json!({"conflict": "cas_7", "reason": "duplicate_entry"}),
        "conflict.evidenced.v1" => json!({"conflict": "cas_7", "evidence": [hash]}),
        "conflict.resolved.v1" => json!({"conflict": "cas_7", "resolution": {
            "kind": "shared", "currency": "EUR",
            "shares": [{"rank": 1, "amount_minor": 5}, {"rank": 2, "amount_minor": 6}],
        }}),
        other => panic!("{other} has no sample"),
    };
    StatementType::ALL.iter().map(|kind| (*kind, of_type(kind.as_str()))).collect()
}

fn parses(kind: StatementType, data: &Value) -> bool {
    Payload::parse(kind.as_str(), &data.to_string()).is_ok()
}

#[test]
fn what_is_read_is_valid_and_what_is_written_too() {
    for (kind, sample) in samples() {
        let schema = validator(&json_schema(kind));
        let errors: Vec<String> = schema.iter_errors(&sample).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{kind}");
        let payload = Payload::parse(kind.as_str(), &sample.to_string());
        let payload = payload.unwrap_or_else(|malformed| panic!("{kind}: {malformed}"));
        let written: Value = serde_json::from_str(&payload.to_json().unwrap()).unwrap();
        assert!(schema.is_valid(&written), "{kind}: {written}");
        assert_eq!(Payload::parse(kind.as_str(), &written.to_string()).ok(), Some(payload));
    }
}

#[test]
fn what_the_schema_refuses_the_parser_refuses() {
    for (kind, sample) in samples() {
        let schema = validator(&json_schema(kind));
        for (place, object) in objects(&sample) {
            let mut more = sample.clone();
            more.pointer_mut(&place).unwrap()["unknown_member"] = json!(1);
            assert!(!schema.is_valid(&more) && !parses(kind, &more), "{kind} {place}");
            for name in object {
                // A member that is missing is missed by both or by neither.
                let mut less = sample.clone();
                less.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(&name);
                assert_eq!(
                    schema.is_valid(&less),
                    parses(kind, &less),
                    "{kind} {place} without {name}"
                );
                // Nothing in a statement is a list of lists.
                let mut odd = sample.clone();
                odd.pointer_mut(&place).unwrap()[&name] = json!([[1]]);
                assert!(!schema.is_valid(&odd) && !parses(kind, &odd), "{kind} {place} {name}");
            }
        }
    }
}

/// Every object of a value, with its place and the names of its members.
fn objects(value: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), value)];
    while let Some((place, value)) = left.pop() {
        match value {
            Value::Object(members) => {
                found.push((place.clone(), members.keys().cloned().collect()));
                left.extend(members.iter().map(|(name, value)| (format!("{place}/{name}"), value)));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                left.extend(items.map(|(number, value)| (format!("{place}/{number}"), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

#[test]
fn a_scope_means_no_more_than_it_says() {
    let kind: StatementType = "mandate.requested.v1".parse().unwrap();
    let invoice = format!("inv_{}", "A".repeat(43));
    let data = json!({
        "debtor": "0106:27374841", "until": "2026-11-21T09:30:00Z",
        "scope": {"kind": "all", "invoices": [invoice]},
    });
    assert!(!parses(kind, &data), "a list beside `all` would be signed and not count");
    assert!(!validator(&json_schema(kind)).is_valid(&data));
}

#[test]
fn amounts_have_their_bounds() {
    let kind: StatementType = "financing.recorded.v1".parse().unwrap();
    let schema = validator(&json_schema(kind));
    let (_, sample) = samples().into_iter().find(|(of, _)| *of == kind).unwrap();
    for (minor, valid) in
        [(0, false), (1, true), (9_007_199_254_740_991_i64, true), (i64::MAX, false)]
    {
        let mut data = sample.clone();
        data["invoices"][0]["claimed_minor"] = json!(minor);
        assert_eq!(schema.is_valid(&data), valid, "{minor}");
    }
    let mut data = sample;
    data["invoices"][0]["claimed_minor"] = json!(1.5);
    assert!(!schema.is_valid(&data) && !parses(kind, &data));
}

#[test]
fn an_envelope_holds_the_data_of_its_type() {
    let schema = validator(&envelope_schema());
    for (kind, data) in samples() {
        let envelope = json!({
            "specversion": "1.0", "id": "a-1", "source": "0106:27374841", "type": kind.as_str(),
            "time": "2026-11-21T09:30:00Z", "registry": "registry.example/2026",
            "datacontenttype": "application/json", "data": data,
        });
        assert!(schema.is_valid(&envelope), "{kind}");
        for (member, value) in [
            ("specversion", json!("0.3")),
            ("id", json!("")),
            ("source", json!("27374841")),
            ("type", json!("invoice.registered.v2")),
            ("time", json!("yesterday")),
            ("registry", json!("a b")),
            ("data", json!({"unknown_member": 1})),
            ("subject", json!("x")),
        ] {
            let mut wrong = envelope.clone();
            wrong[member] = value;
            assert!(!schema.is_valid(&wrong), "{kind} {member}");
        }
    }
}
