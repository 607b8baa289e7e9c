//! Who sees what: every role, every endpoint, every cell.
//!
//! A cell is the status where it is not 200, and else what is seen:
//! - of a list, how many entries;
//! - of events and the history a letter each: `o` registry, `p` participant, `d` delegation, `m` mandate, `r`
//!   registered, `s` status, `f` financing, `b` blanket pledge, `c` conflict, `!` alert; a
//!   capital where the author is not told;
//! - of an invoice `g` gross amount, `a` amounts, `p` process, `y` payment shown, `e` encumbrance, `w` paper,
//!   `R` registrants, `b` whether it was born assigned;
//! - of claims and conflicts the number, and how many of them whole;
//! - of a statement `receipt` or `statement`.

use serde_json::Value;

use crate::connections::until;
use crate::registry::{Answer, Party};
use crate::story::Story;

/// The columns of the table.
const ROLES: [&str; 15] = [
    "nobody",
    "operator",
    "auditor",
    "supplier",
    "debtor",
    "registrant",
    "holder",
    "rival",
    "mandated",
    "revoked",
    "suspended",
    "provider",
    "other supplier",
    "other debtor",
    "other financier",
];

type See = fn(&Answer) -> String;

/// An endpoint, how its answer is put into a cell, and the cells in the order of [`ROLES`].
type Row = (&'static str, See, [&'static str; 15]);

/// The cells of what is public.
const EVERYONE: [&str; 15] = ["ok"; 15];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("/v1/statements/{registration}", object, ["401", "receipt", "receipt", "receipt", "statement", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/statements/{second}", object, ["401", "receipt", "receipt", "statement", "404", "receipt", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/statements/{financing}", object, ["401", "receipt", "receipt", "statement", "404", "404", "receipt", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/statements/{report}", object, ["401", "receipt", "receipt", "statement", "receipt", "404", "404", "404", "statement", "404", "403", "receipt", "404", "404", "404"]),
    ("/v1/statements/{mandate}", object, ["401", "receipt", "receipt", "404", "receipt", "404", "404", "404", "statement", "404", "403", "404", "404", "404", "404"]),
    ("/v1/statements/{step}", object, ["401", "receipt", "receipt", "404", "404", "404", "receipt", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/invoices", count, ["401", "1", "1", "1", "1", "1", "1", "1", "1", "0", "403", "0", "0", "0", "0"]),
    ("/v1/invoices?status=confidentially_assigned", count, ["401", "1", "1", "1", "0", "0", "1", "1", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/invoices/{invoice}", invoice, ["401", "gapyewRb", "gapyewRb", "gapyewRb", "gapyw", "gb", "geb", "geb", "gapb", "404", "403", "404", "404", "404", "404"]),
    ("/v1/invoices/{invoice}/history", history, ["401", "rrrffsf", "rrrffsf", "rrrffsf", "rs", "rr", "rf", "rf", "rsf", "404", "403", "404", "404", "404", "404"]),
    ("/v1/invoices/{invoice}/claims", claims, ["401", "2 2", "2 2", "2 2", "0 0", "0 0", "1 1", "1 1", "0 0", "404", "403", "404", "404", "404", "404"]),
    ("/v1/invoices/{invoice}/response", ok, ["401", "ok", "ok", "ok", "ok", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/portfolio", count, ["401", "0", "0", "0", "0", "0", "1", "1", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/conflicts", count, ["401", "1", "1", "0", "0", "0", "1", "1", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/conflicts/{conflict}", conflict, ["401", "2 2", "2 2", "404", "404", "404", "2 1", "2 1", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/alerts", count, ["401", "3", "3", "0", "0", "0", "1", "1", "1", "0", "403", "0", "0", "0", "0"]),
    ("/v1/mandates", count, ["401", "3", "3", "0", "3", "0", "0", "0", "1", "1", "403", "0", "0", "0", "0"]),
    ("/v1/blankets", count, ["401", "1", "1", "0", "0", "0", "1", "0", "0", "0", "403", "0", "1", "0", "0"]),
    ("/v1/consents", count, ["401", "1", "1", "0", "0", "0", "1", "1", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/debtors/0106:00000004/behaviour", behaviour, ["401", "1 ads", "1 ads", "1 ads", "1 ads", "1", "1", "1", "1 ads", "404", "403", "404", "404", "404", "404"]),
    ("/v1/debtors/0106:99999999/behaviour", ok, ["401", "404", "404", "404", "404", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/suppliers/0106:00000003/forecast", forecast, ["401", "1 1", "1 1", "1 1", "1 1", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/suppliers/0106:99999999/forecast", ok, ["401", "404", "404", "404", "404", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/requests", count, ["401", "1", "1", "1", "0", "0", "0", "0", "1", "0", "403", "0", "0", "0", "0"]),
    ("/v1/requests/{offer}", object, ["401", "financing_request", "financing_request", "financing_request", "404", "404", "404", "404", "financing_request", "404", "403", "404", "404", "404", "404"]),
    ("/v1/statements/{offer}", object, ["401", "receipt", "receipt", "receipt", "404", "404", "404", "404", "statement", "404", "403", "404", "404", "404", "404"]),
    ("/v1/participants", count, ["401", "15", "15", "1", "1", "1", "1", "1", "1", "1", "403", "1", "1", "1", "1"]),
    ("/v1/participants/0106:00000003", object, ["401", "participant", "participant", "participant", "404", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/participants/0106:00000006", object, ["401", "participant", "participant", "404", "404", "404", "participant", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/reads", whose, ["401", "others", "others", "none", "none", "own", "own", "own", "own", "none", "403", "none", "none", "none", "none"]),
    ("/v1/reads?invoice={invoice}", ok, ["401", "ok", "ok", "ok", "ok", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/events", events, ["401", "oppppppppppppprrrmmmff!dsmc!pbbf!p", "oppppppppppppprrrmmmff!dsmc!pbbf!p", "prrrffsf", "prmmmdsm", "pr", "pf!cbb", "pf!b", "pmsf!", "pmm", "403", "pd", "pbb", "p", "p"]),
    ("/v1/webhooks", count, ["401", "0", "0", "0", "0", "0", "1", "0", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/webhooks/{webhook}", object, ["401", "404", "404", "404", "404", "404", "webhook", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/webhooks/{webhook}/deliveries", count, ["401", "404", "404", "404", "404", "404", "1", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/connections", count, ["401", "0", "0", "0", "1", "0", "0", "0", "0", "0", "403", "0", "0", "0", "0"]),
    ("/v1/connections/{connection}", object, ["401", "404", "404", "404", "connection", "404", "404", "404", "404", "404", "403", "404", "404", "404", "404"]),
    ("/v1/contacts", count, ["401", "0", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/v1/contacts/0106:00000004", object, ["401", "404", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/v1/letters", count, ["401", "0", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/v1/letters/ltr_0", object, ["401", "404", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/v1/audit/read-models", object, ["401", "read_models", "read_models", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/checkpoint", ok, EVERYONE),
    ("/tile/0/000.p/31", ok, EVERYONE),
    ("/tile/entries/000.p/31", ok, ["401", "ok", "ok", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403", "403"]),
    ("/healthz", ok, EVERYONE),
    ("/readyz", ok, EVERYONE),
    ("/metrics", ok, EVERYONE),
    ("/openapi.json", ok, EVERYONE),
    ("/docs", ok, EVERYONE),
    ("/docs/style.css", ok, EVERYONE),
    ("/problems", ok, EVERYONE),
    ("/problems/key_unknown", ok, EVERYONE),
    ("/schemas/invoice.registered.v1.json", ok, EVERYONE),
];

fn cell(answer: &Answer, see: See) -> String {
    if answer.status == 200 { see(answer) } else { answer.status.to_string() }
}

fn ok(_: &Answer) -> String {
    "ok".to_owned()
}

fn data(answer: &Answer) -> Vec<Value> {
    answer.json()["data"].as_array().expect("a list").clone()
}

fn count(answer: &Answer) -> String {
    data(answer).len().to_string()
}

fn object(answer: &Answer) -> String {
    answer.json()["object"].as_str().unwrap_or("?").to_owned()
}

fn invoice(answer: &Answer) -> String {
    let json = answer.json();
    let shown = |pointer: &str| json.pointer(pointer).is_some_and(|value| !value.is_null());
    let not_shown = json["axes"]["not_shown"].to_string();
    [
        ('g', shown("/gross_minor")),
        ('a', shown("/amounts")),
        ('p', shown("/axes/process")),
        ('y', !not_shown.contains("payment")),
        ('e', shown("/axes/encumbrance")),
        ('w', shown("/paper")),
        ('R', shown("/registrants")),
        ('b', shown("/born_assigned")),
    ]
    .into_iter()
    .filter_map(|(letter, seen)| seen.then_some(letter))
    .collect()
}

/// How many invoices a debtor's behaviour is from, and of which measures something was observed: `a` approval, `p`
/// payment, `d` dilution, `s` disputes.
fn behaviour(answer: &Answer) -> String {
    let json = answer.json();
    let observed = |pointer: &str| json.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let measures = [
        ('a', "/days_to_approve/observations"),
        ('p', "/days_to_pay/observations"),
        ('d', "/dilution/0/observations"),
        ('s', "/disputed/observations"),
    ];
    let seen = measures.into_iter().filter(|(_, pointer)| observed(pointer) > 0);
    let seen: String = seen.map(|(letter, _)| letter).collect();
    format!("{} {seen}", observed("/invoices/observations")).trim_end().to_owned()
}

/// How many invoices a forecast is from, and in how many currencies something is open.
fn forecast(answer: &Answer) -> String {
    let json = answer.json();
    let currencies = json["currencies"].as_array().map_or(0, Vec::len);
    format!("{} {currencies}", json["invoices"])
}

/// Whose reads are told; the caller's own have one reader.
fn whose(answer: &Answer) -> String {
    let mut readers: Vec<Value> = data(answer).iter().map(|read| read["reader"].clone()).collect();
    readers.sort_by_key(Value::to_string);
    readers.dedup();
    ["none", "own", "others"][readers.len().min(2)].to_owned()
}

fn letter(entry: &Value, author_told: bool) -> char {
    let kind = entry["type"].as_str().unwrap_or_default();
    let letter = match kind.split('.').next().unwrap_or_default() {
        "registry" => 'o',
        "participant" => 'p',
        "delegation" => 'd',
        "mandate" => 'm',
        "invoice" => 'r',
        "status" => 's',
        "financing" => 'f',
        "blanket" => 'b',
        "conflict" => 'c',
        "alert" => return '!',
        _ => '?',
    };
    if author_told { letter } else { letter.to_ascii_uppercase() }
}

fn history(answer: &Answer) -> String {
    data(answer).iter().map(|entry| letter(entry, entry["author"].is_string())).collect()
}

fn events(answer: &Answer) -> String {
    let lines = answer.lines();
    lines.iter().map(|event| letter(event, event["data"]["statement"].is_string())).collect()
}

fn claims(answer: &Answer) -> String {
    let claims = data(answer);
    let whole = claims.iter().filter(|claim| claim["terms"].is_object()).count();
    format!("{} {whole}", claims.len())
}

fn conflict(answer: &Answer) -> String {
    let json = answer.json();
    let claims = json["claims"].as_array().expect("claims");
    let whole = claims.iter().filter(|claim| claim["claim"].is_object()).count();
    format!("{} {whole}", claims.len())
}

fn path(story: &Story, template: &str) -> String {
    template
        .replace("{invoice}", &story.invoice)
        .replace("{registration}", &story.registration)
        .replace("{second}", &story.second_registration)
        .replace("{financing}", &story.financing)
        .replace("{report}", &story.report)
        .replace("{mandate}", &story.mandate)
        .replace("{webhook}", &story.webhook)
        .replace("{connection}", &story.connection)
        .replace("{conflict}", &story.conflict)
        .replace("{step}", &story.step)
        .replace("{offer}", &story.offer)
}

fn readers(story: &Story) -> [Option<&Party>; 15] {
    [
        None,
        Some(&story.registry.operator),
        Some(&story.auditor),
        Some(&story.supplier),
        Some(&story.debtor),
        Some(&story.registrant),
        Some(&story.holder),
        Some(&story.rival),
        Some(&story.mandated),
        Some(&story.revoked),
        Some(&story.suspended),
        Some(&story.provider),
        Some(&story.other_supplier),
        Some(&story.other_debtor),
        Some(&story.other_financier),
    ]
}

#[test]
fn every_role_sees_at_every_endpoint_what_the_table_says() {
    let story = Story::tell();
    let mut wrong = Vec::new();
    for (template, see, cells) in TABLE {
        let path = path(&story, template);
        for ((role, reader), expected) in ROLES.iter().zip(readers(&story)).zip(cells) {
            let answer = match reader {
                None => story.registry.get_open(&path),
                Some(reader) => story.registry.get(reader, &path),
            };
            let seen = cell(&answer, *see);
            if seen != *expected {
                wrong.push(format!("{role} at {template}: {seen}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is done to what has an owner, and what becomes of it in the order of [`ROLES`]; whose it is, is the last to try.
#[rustfmt::skip]
const DEEDS: &[(&str, &str, [u16; 15])] = &[
    ("POST", "/v1/webhooks", [401, 201, 201, 201, 201, 201, 201, 201, 201, 201, 403, 201, 201, 201, 201]),
    ("PATCH", "/v1/webhooks/{webhook}", [401, 404, 404, 404, 404, 404, 200, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/webhooks/{webhook}/rotate", [401, 404, 404, 404, 404, 404, 200, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/webhooks/{webhook}/test", [401, 404, 404, 404, 404, 404, 200, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/webhooks/{webhook}/deliveries/dlv_0/resend", [401, 404, 404, 404, 404, 404, 200, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("DELETE", "/v1/webhooks/{webhook}", [401, 404, 404, 404, 404, 404, 204, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/connections", [401, 403, 403, 403, 201, 403, 403, 403, 403, 403, 403, 403, 403, 201, 403]),
    ("PATCH", "/v1/connections/{connection}", [401, 404, 404, 404, 200, 404, 404, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/connections/{connection}/read", [401, 404, 404, 404, 409, 404, 404, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/connections/{connection}/files", [401, 404, 404, 404, 409, 404, 404, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("POST", "/v1/connections/{connection}/consent", [401, 404, 404, 404, 422, 404, 404, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("DELETE", "/v1/connections/{connection}", [401, 404, 404, 404, 204, 404, 404, 404, 404, 404, 403, 404, 404, 404, 404]),
    ("PUT", "/v1/contacts/0106:00000004", [401, 200, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST", "/v1/contacts/0106:00000004/confirm", [401, 200, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("DELETE", "/v1/contacts/0106:00000004", [401, 204, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST", "/v1/letters/ltr_0/approve", [401, 404, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST", "/v1/letters/ltr_0/resend", [401, 404, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST", "/v1/letters/ltr_0/drop", [401, 404, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ("POST", "/v1/mandates/{mandate}/remind", [401, 404, 404, 404, 404, 404, 404, 404, 409, 404, 403, 404, 404, 404, 404]),
];

#[test]
fn every_role_can_do_what_the_table_says() {
    let story = Story::tell();
    let mut wrong = Vec::new();
    for (method, template, cells) in DEEDS {
        let path = path(&story, template);
        let body = match (*method, *template) {
            ("POST", "/v1/webhooks") => serde_json::json!({"url": "http://127.0.0.1:1/other"}),
            ("POST", "/v1/connections") => serde_json::json!({
                "system": "tryton", "secret": "a key",
                "settings": {"url": "http://127.0.0.1:1", "database": "books"},
            }),
            ("PATCH", "/v1/webhooks/{webhook}") => serde_json::json!({"description": "mine"}),
            ("PATCH", _) => serde_json::json!({"secret": "another"}),
            ("PUT", _) => serde_json::json!({"name": "N", "email": "ap@debtor.example"}),
            (_, path) if path.ends_with("/confirm") || path.ends_with("/approve") => {
                serde_json::json!({"email": "ap@debtor.example"})
            }
            ("POST", "/v1/connections/{connection}/consent") => {
                serde_json::json!({"back": "https://registry.example/connections/back"})
            }
            _ => Value::Null,
        };
        let readers = ROLES.iter().zip(readers(&story)).zip(cells);
        let owner = if template.contains("connections") { "debtor" } else { "holder" };
        let (owner, others): (Vec<_>, Vec<_>) = readers.partition(|((role, _), _)| **role == owner);
        for ((role, reader), expected) in others.into_iter().chain(owner) {
            let ask = || match reader {
                None => story.registry.send_open(method, &path, &body),
                Some(reader) => story.registry.send(reader, method, &path, &body),
            };
            let mut answer = ask();
            // A round may be at work with the connection just then.
            if answer.status == 409 && answer.code() == "connection_busy" {
                until("the connection is free", || {
                    answer = ask();
                    answer.status != 409 || answer.code() != "connection_busy"
                });
            }
            if answer.status != *expected {
                wrong.push(format!("{role}: {method} {template}: {}", answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_deeds_has_every_address_that_changes_something() {
    let api: Value = serde_json::from_str(&tallystick::http::openapi()).expect("JSON");
    let deeds: Vec<String> =
        DEEDS.iter().map(|(method, template, _)| format!("{method} {}", shape(template))).collect();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            let deed = format!("{} {}", method.to_uppercase(), shape(path));
            let guarded = item[method]["security"].is_null();
            let deeds_of =
                ["/v1/webhooks", "/v1/connections", "/v1/contacts", "/v1/letters", "/v1/mandates/"];
            let meant = deeds_of.iter().any(|prefix| path.starts_with(prefix));
            let covered = method == "get" || !meant || deeds.contains(&deed);
            assert!(covered || !guarded, "{deed} is not in the table");
        }
    }
}

/// An address without what is named in it.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let named = |part: &str| {
        let numbered = part.starts_with("dlv_") || part.starts_with("ltr_");
        part.starts_with('{') || part.contains(':') || part.is_empty() || numbered
    };
    let parts = path.split('/').skip(1).map(|part| if named(part) { "*" } else { part });
    let shape = parts.collect::<Vec<_>>().join("/");
    if shape.starts_with("tile/") { "tile/*".to_owned() } else { shape }
}

#[test]
fn the_table_has_every_address_that_can_be_read() {
    let api: Value = serde_json::from_str(&tallystick::http::openapi()).expect("JSON");
    let rows: Vec<String> = TABLE.iter().map(|(template, ..)| shape(template)).collect();
    for (path, item) in api["paths"].as_object().expect("paths") {
        let covered = item.get("get").is_none() || rows.contains(&shape(path));
        assert!(covered, "{path} is not in the table");
    }
}

#[test]
fn what_is_not_there_and_what_is_not_yours_look_alike() {
    let story = Story::tell();
    let stranger = &story.other_financier;
    let none = [
        ("/v1/invoices/", &story.invoice, "inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("/v1/statements/", &story.financing, "stm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("/v1/conflicts/", &story.conflict, "cas_77"),
        ("/v1/participants/", &story.supplier.id.to_owned(), "0106:99999999"),
    ];
    for (route, not_yours, not_there) in none {
        let [one, other] = [not_yours.as_str(), not_there].map(|id| {
            let answer = story.registry.get(stranger, &format!("{route}{id}"));
            let mut json = answer.json();
            json["request_id"] = Value::Null;
            (answer.status, json)
        });
        assert_eq!(one, other, "{route}");
        assert_eq!(one.0, 404, "{route}");
    }
}
