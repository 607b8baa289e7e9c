//! What the door says about itself is whole, locked, and readable without anything from elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tallystick::statement::StatementType;

use crate::registry::Registry;
use crate::story::Story;

fn api() -> Value {
    serde_json::from_str(&tallystick::http::openapi()).expect("JSON")
}

/// Every `$ref` below a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => {
                        found.insert(target.to_owned());
                    }
                    _ => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_openapi_document_is_the_one_that_is_kept() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
    let made = tallystick::http::openapi() + "\n";
    if std::env::var_os("TALLYSTICK_BLESS").is_some() {
        fs::write(&path, &made).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == kept,
        "schemas/openapi.json differs: run the test with TALLYSTICK_BLESS=1, look at the change"
    );
}

#[test]
fn the_openapi_document_is_whole() {
    let api = api();
    assert_eq!(api["openapi"], "3.1.0");
    let mut targets = BTreeSet::new();
    references(&api, &mut targets);
    for target in &targets {
        let pointer = target.trim_start_matches('#');
        assert!(api.pointer(pointer).is_some(), "{target} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].to_string()), "{name}: its id is taken");
            for member in ["summary", "tags", "responses"] {
                assert!(!operation[member].is_null(), "{name} has no {member}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                let part = part.trim_end_matches('}');
                let there = parameters.iter().any(|it| it["name"] == part && it["in"] == "path");
                assert!(there, "{name} does not describe {part}");
            }
            let guarded = operation.get("security").is_none();
            let says = !operation["responses"]["401"].is_null();
            assert!(!guarded || says, "{name} needs a token and does not say so");
        }
    }
}

#[test]
fn the_reference_has_every_operation_and_needs_nothing_from_elsewhere() {
    let registry = Registry::start();
    let docs = registry.get_open("/docs");
    assert!(docs.header("content-type").starts_with("text/html"));
    let text = docs.text();
    for (path, item) in api()["paths"].as_object().expect("paths") {
        for (_, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(text.contains(&format!("id=\"{id}\"")), "{id} is not in the reference");
            assert!(text.contains(path), "{path} is not in the reference");
        }
    }
    for page in [text, registry.get_open("/problems").text()] {
        for foreign in ["<script", "http://", "https://", "src=", "style=\""] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
    let links: Vec<String> = docs
        .text()
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect();
    for link in links {
        assert!(docs.text().contains(&format!("id=\"{link}\"")), "{link} leads nowhere");
    }
}

#[test]
fn every_statement_type_has_a_schema() {
    let registry = Registry::start();
    for kind in StatementType::ALL {
        let answer = registry.get_open(&format!("/schemas/{kind}.json"));
        assert_eq!(answer.status, 200, "{kind}");
        assert_eq!(answer.header("content-type"), "application/schema+json");
        assert!(answer.json().is_object(), "{kind}");
    }
}

#[test]
fn what_is_answered_is_what_the_document_describes() {
    let story = Story::tell();
    let api = api();
    let pages = [
        ("/v1/invoices", "/v1/invoices".to_owned()),
        ("/v1/invoices/{invoice_id}", format!("/v1/invoices/{}", story.invoice)),
        ("/v1/invoices/{invoice_id}/history", format!("/v1/invoices/{}/history", story.invoice)),
        ("/v1/invoices/{invoice_id}/claims", format!("/v1/invoices/{}/claims", story.invoice)),
        ("/v1/statements/{statement_id}", format!("/v1/statements/{}", story.financing)),
        ("/v1/statements/{statement_id}", format!("/v1/statements/{}", story.report)),
        ("/v1/portfolio", "/v1/portfolio".to_owned()),
        ("/v1/conflicts", "/v1/conflicts".to_owned()),
        ("/v1/conflicts/{conflict_id}", format!("/v1/conflicts/{}", story.conflict)),
        ("/v1/alerts", "/v1/alerts".to_owned()),
        ("/v1/mandates", "/v1/mandates".to_owned()),
        ("/v1/participants", "/v1/participants".to_owned()),
        ("/v1/participants/{party}", format!("/v1/participants/{}", story.supplier.id)),
        ("/v1/debtors/{party}/behaviour", format!("/v1/debtors/{}/behaviour", story.debtor.id)),
        ("/v1/suppliers/{party}/forecast", format!("/v1/suppliers/{}/forecast", story.supplier.id)),
        ("/v1/reads", format!("/v1/reads?invoice={}", story.invoice)),
        ("/v1/reads", "/v1/reads".to_owned()),
        ("/v1/events", "/v1/events".to_owned()),
        ("/v1/connections", "/v1/connections".to_owned()),
        ("/v1/connections/{connection_id}", format!("/v1/connections/{}", story.connection)),
        ("/v1/webhooks", "/v1/webhooks".to_owned()),
        ("/v1/webhooks/{webhook_id}", format!("/v1/webhooks/{}", story.webhook)),
        (
            "/v1/webhooks/{webhook_id}/deliveries",
            format!("/v1/webhooks/{}/deliveries", story.webhook),
        ),
        ("/v1/audit/read-models", "/v1/audit/read-models".to_owned()),
    ];
    let operator = &story.registry.operator;
    let readers = [operator, &story.supplier, &story.debtor, &story.holder, &story.mandated];
    for (template, path) in &pages {
        let responses = &api["paths"][template]["get"]["responses"];
        for reader in readers {
            let answer = story.registry.get(reader, path);
            let kind = answer.header("content-type").to_owned();
            let schema = &responses[answer.status.to_string()]["content"][&kind]["schema"];
            assert!(schema.is_object(), "{template} may not answer {} {kind}", answer.status);
            let mut whole = schema.clone();
            whole["components"] = api["components"].clone();
            let validator = jsonschema::validator_for(&whole).expect("a schema");
            for value in answer.lines() {
                if let Err(error) = validator.validate(&value) {
                    panic!("{template}: {error} at {}", error.instance_path());
                }
            }
        }
    }
}

#[test]
fn the_document_is_served_as_it_is_kept() {
    let registry = Registry::start();
    let answer = registry.get_open("/openapi.json");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json(), api());
}
