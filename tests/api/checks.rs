//! Checks before paying: who may ask, what is told, and that nothing but the account of reads remembers it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, invoice, invoice_id};
use crate::story::Story;

const NDJSON: &str = "application/x-ndjson";

fn with(mut data: Value, core: &Value) -> Value {
    for (name, value) in core.as_object().expect("members") {
        data["invoice"][name] = value.clone();
    }
    data
}

/// The verdict and what a claim would come to; the problem's code where there is one.
fn verdict(answer: &Value) -> String {
    match answer["verdict"].as_str() {
        Some(verdict) => format!("{verdict} {}", answer["would"].as_str().expect("would")),
        None => answer["code"].as_str().expect("a problem").to_owned(),
    }
}

#[test]
fn every_role_gets_for_every_invoice_what_the_table_says() {
    let story = Story::tell();
    let registry = &story.registry;
    let first = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    let altered = with(first.clone(), &json!({"gross_minor": 100_500}));
    let new = invoice(&story.supplier, &story.debtor, "77-0099", 5_000);
    let other = invoice(&story.other_supplier, &story.other_debtor, "A-1", 5_000);
    let wrong = with(new.clone(), &json!({"due_date": "2020-01-01"}));
    let rows = [&first, &altered, &new, &other, &wrong];
    let (alike, differs) = ("identical conflict", "altered conflict");
    let (clear, wrong) = ("clear fit", "malformed refuse");
    let no = "check_not_allowed";
    // The other supplier's receivables are pledged to the holder, who let the rival go before.
    let covered = "covered conflict";
    let all = [alike, differs, clear, covered, wrong];
    let free = [alike, differs, clear, clear, wrong];
    let table: [(&str, &Party, [&str; 5]); 15] = [
        ("operator", &registry.operator, all),
        ("auditor", &story.auditor, all),
        ("supplier", &story.supplier, [alike, differs, clear, no, wrong]),
        ("debtor", &story.debtor, [no; 5]),
        ("registrant", &story.registrant, all),
        ("holder", &story.holder, free),
        ("rival", &story.rival, free),
        ("mandated", &story.mandated, all),
        ("revoked", &story.revoked, all),
        ("suspended", &story.suspended, ["participant_suspended"; 5]),
        ("provider", &story.provider, [no; 5]),
        ("other supplier", &story.other_supplier, [no, no, no, covered, no]),
        ("other debtor", &story.other_debtor, [no; 5]),
        ("other financier", &story.other_financier, all),
        ("nobody", &Party::new("0106:99999998", 99), ["token_unknown_key"; 5]),
    ];
    let mut found = Vec::new();
    for (role, reader, expected) in &table {
        for (row, expected) in rows.iter().zip(expected) {
            let answer = registry.check(reader, row);
            let seen = verdict(&answer.json());
            if seen != *expected {
                found.push(format!("{role}: {seen}, not {expected}: {row}"));
            }
            let text = answer.text();
            for other in [&story.holder, &story.rival] {
                assert!(!text.contains(other.id), "{role} reads {}: {text}", other.id);
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_stranger_is_told_what_the_receipt_of_a_refused_reservation_tells() {
    let story = Story::tell();
    let (registry, stranger) = (&story.registry, &story.other_financier);
    let data = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    let check = registry.check(stranger, &data).json();
    let reserve = json!({
        "invoices": [{"id": story.invoice, "claimed_minor": 100_000}], "currency": "EUR",
        "until": registry.at(3_600), "on_conflict": "refuse",
    });
    let receipt = registry.state(stranger, "financing.reserved.v1", &reserve);
    assert_eq!(receipt["outcome"], "refused");
    let (found, told) = (&check["findings"][0], &receipt["findings"][0]);
    for member in ["relation", "keys_met", "fields_differ", "rank", "earlier_claim_since"] {
        assert_eq!(found[member], told[member], "{member}");
    }
    assert_eq!(check["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(check["invoice"], json!(story.invoice));
    assert!(check["registered"].get("open_minor").is_none(), "{check}");
    assert_eq!(check["own_claims"], json!([]));
    assert!(check["as_of"].is_u64());
    let words = check["words"].as_str().expect("words");
    assert!(words.contains("another financier") && words.contains("rank 3"), "{words}");
    // Those whom amounts concern see what is open.
    for reader in [&story.supplier, &story.auditor] {
        let check = registry.check(reader, &data).json();
        assert_eq!(check["registered"]["open_minor"], 100_000);
    }
}

#[test]
fn the_holders_see_their_own_claims_with_rank_and_conflict() {
    let story = Story::tell();
    let data = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    for (holder, rank, minor) in [(&story.holder, 1, 90_000), (&story.rival, 2, 80_000)] {
        let check = story.registry.check(holder, &data).json();
        let own = &check["own_claims"][0];
        assert_eq!((&own["rank"], &own["amount_minor"]), (&json!(rank), &json!(minor)));
        assert_eq!(own["conflict"], json!(story.conflict));
        assert!(check.get("claimed_minor").is_none(), "{check}");
    }
}

#[test]
fn a_check_leaves_no_trace_but_in_the_account_of_reads() {
    let story = Story::tell();
    let (registry, stranger) = (&story.registry, &story.other_financier);
    let before = registry.get_open("/checkpoint").text();
    let events = registry.get(&registry.operator, "/v1/events").text();
    let data = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    let new = invoice(&story.supplier, &story.debtor, "2026-0500", 7_000);
    for _ in 0..2 {
        assert_eq!(registry.check(stranger, &data).status, 200);
        assert_eq!(registry.check(stranger, &new).json()["registered"], Value::Null);
    }
    assert_eq!(registry.get_open("/checkpoint").text(), before);
    assert_eq!(registry.get(&registry.operator, "/v1/events").text(), events);
    assert_eq!(registry.list(stranger, "/v1/invoices").len(), 0);
    // A read appears within moments of its answer.
    let reads = |by: &Party, invoice: &str, at_least: usize| {
        let path = format!("/v1/reads?invoice={invoice}");
        let mut tries = 2_000;
        loop {
            let reads = registry.list(by, &path);
            tries -= 1;
            if reads.len() >= at_least || tries == 0 {
                return reads;
            }
        }
    };
    let seen = reads(&story.supplier, &story.invoice, 2);
    let checks = seen.iter().filter(|read| read["reader"] == stranger.id);
    assert!(checks.clone().all(|read| read["grounds"] == json!(["check"])), "{seen:?}");
    assert!(checks.clone().all(|read| read["route"] == "/v1/checks"));
    assert_eq!(checks.count(), 2);
    let debtor = reads(&story.debtor, &story.invoice, 0);
    assert!(debtor.iter().all(|read| read["reader"] != stranger.id), "{debtor:?}");
    // An invoice that was checked before it was registered: its seller learns who asked.
    registry.state(&story.supplier, "invoice.registered.v1", &new);
    assert_eq!(reads(&story.supplier, &invoice_id(&new), 2).len(), 2);
}

#[test]
fn many_lines_are_answered_in_order_and_each_for_itself() {
    let story = Story::tell();
    let (supplier, debtor) = (&story.supplier, &story.debtor);
    let line = |number: i64| match number % 5 {
        0 => invoice(supplier, debtor, "2026-0001", 100_000).to_string(),
        1 => "{\"nonsense\": true}".to_owned(),
        2 => "not JSON".to_owned(),
        3 => {
            let mut data = invoice(supplier, debtor, &format!("N-{number}"), 100_000);
            data["claimed_minor"] = json!(-1);
            data.to_string()
        }
        _ => invoice(supplier, debtor, &format!("N-{number}"), 100 + 7 * number).to_string(),
    };
    let lines: Vec<String> = (0..1_500).map(line).collect();
    let body = lines.join("\n");
    let answer =
        story.registry.post_as(&story.other_financier, "/v1/checks", NDJSON, body.as_bytes());
    assert_eq!((answer.status, answer.header("content-type")), (200, NDJSON));
    let answers = answer.lines();
    assert_eq!(answers.len(), lines.len());
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["line"], json!(number + 1));
        let expected = match number % 5 {
            0 => "identical conflict",
            1..=3 => "check_invalid",
            _ => "clear fit",
        };
        assert_eq!(verdict(answer), expected, "{answer}");
        assert!(answer["code"].is_string() || answer["as_of"].is_u64());
    }
    let empty = story.registry.post_as(&story.holder, "/v1/checks", NDJSON, b"");
    assert_eq!((empty.status, empty.text().as_str()), (200, ""));
}

#[test]
fn what_is_no_check_is_a_clear_problem() {
    let story = Story::tell();
    let reader = &story.other_financier;
    let data = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    let mut more = data.clone();
    more["reserve"] = json!(true);
    let mut over = data.clone();
    over["claimed_minor"] = json!(1_i64 << 53);
    for (body, code) in [
        (String::new(), "check_invalid"),
        ("[]".to_owned(), "check_invalid"),
        ("null".to_owned(), "check_invalid"),
        (more.to_string(), "check_invalid"),
        (over.to_string(), "check_invalid"),
        ("x".repeat(70_000), "body_too_large"),
    ] {
        let answer =
            story.registry.post_as(reader, "/v1/checks", "application/json", body.as_bytes());
        assert_eq!(answer.code(), code, "{}", answer.text());
        let status = if code == "body_too_large" { 413 } else { 400 };
        assert_eq!(answer.status, status);
    }
    let text = data.to_string();
    let post = |media: &str, path: &str| {
        story.registry.post_as(reader, path, media, text.as_bytes()).code()
    };
    assert_eq!(post("application/jose", "/v1/checks"), "media_type_unsupported");
    assert_eq!(post("text/plain", "/v1/checks"), "media_type_unsupported");
    assert_eq!(post("application/json", "/v1/checks?x=1"), "parameter_invalid");
    assert_eq!(story.registry.get(reader, "/v1/checks").status, 405);
}

#[test]
fn more_checks_than_one_may_make_at_once_are_slowed_down_and_none_is_lost() {
    let story = Story::tell();
    let lines = "x\n".repeat(20_300);
    let answer = story.registry.post_as(&story.holder, "/v1/checks", NDJSON, lines.as_bytes());
    assert_eq!((answer.status, answer.lines().len()), (200, 20_300));
}

#[test]
fn a_participant_has_so_many_requests_under_way_and_no_more() {
    let story = Story::tell();
    let registry = &story.registry;
    let address = registry.url.trim_start_matches("http://");
    let begin = || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let head = format!(
            "POST /v1/checks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: {NDJSON}\r\ncontent-length: 100\r\n\r\nx\n",
            registry.token(&story.holder)
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        // The answer to the first line comes while the rest is awaited.
        stream.read_exact(&mut [0; 12]).expect("an answer");
        stream
    };
    let send = |by: &Party| registry.post_as(by, "/v1/checks", NDJSON, b"x\n");
    let under_way: Vec<TcpStream> = (0..8).map(|_| begin()).collect();
    let ninth = send(&story.holder);
    assert_eq!((ninth.status, ninth.code().as_str()), (429, "too_many_checks"));
    assert!(!ninth.header("retry-after").is_empty());
    assert_eq!(send(&story.rival).status, 200, "others are not kept out");
    drop(under_way);
}

#[test]
fn a_silent_claim_is_told_by_no_check_to_the_debtors_side() {
    let registry = Registry::start();
    let supplier = Party::new("0106:00000003", 3);
    // A buyer that is a financier too, as in reverse factoring.
    let buyer = Party::new("0106:00000004", 4);
    let holder = Party::new("0106:00000005", 5);
    registry.admit(&supplier, &["supplier"]);
    registry.admit(&buyer, &["debtor", "financier"]);
    registry.admit(&holder, &["financier"]);
    let data = invoice(&supplier, &buyer, "1", 1_000);
    let before = registry.check(&buyer, &data);
    registry.state(&supplier, "invoice.registered.v1", &data);
    let silent = financing(&invoice_id(&data), 1_000, "silent", "refuse");
    registry.state(&holder, "financing.recorded.v1", &silent);
    let after = registry.check(&buyer, &data);
    for answer in [before, after] {
        assert_eq!((answer.status, answer.code().as_str()), (403, "check_not_allowed"));
    }
}

#[test]
fn what_is_answered_is_what_the_document_describes() {
    let story = Story::tell();
    let api: Value = serde_json::from_str(&tallystick::http::openapi()).expect("JSON");
    let schema = |path: &str, pointer: &str| {
        let mut schema = api["paths"][path]["post"].pointer(pointer).expect("a schema").clone();
        schema["components"] = api["components"].clone();
        jsonschema::validator_for(&schema).expect("a schema")
    };
    let answered = schema("/v1/checks", "/responses/200/content/application~1json/schema");
    let asked = schema("/v1/checks", "/requestBody/content/application~1json/schema");
    let mut data = invoice(&story.supplier, &story.debtor, "2026-0001", 100_000);
    for reader in [&story.supplier, &story.holder, &story.other_financier, &story.auditor] {
        for claimed in [None, Some(5), Some(200_000)] {
            if let Some(claimed) = claimed {
                data["claimed_minor"] = json!(claimed);
            }
            assert!(asked.is_valid(&data), "{data}");
            let answer = story.registry.check(reader, &data).json();
            if let Err(error) = answered.validate(&answer) {
                panic!("{error} at {}: {answer}", error.instance_path());
            }
        }
    }
    data["claimed"] = json!(5);
    assert!(!asked.is_valid(&data), "unknown members are not described");
    let group = schema("/v1/financings", "/responses/200/content/application~1json/schema");
    let reserve = financing(&story.invoice, 100, "silent", "refuse");
    let statement = story.registry.sign(&story.holder, "financing.recorded.v1", &reserve);
    let body = format!("{statement}\nnonsense\n");
    let post = |path| story.registry.post_as(&story.holder, path, NDJSON, body.as_bytes());
    let answer = post("/v1/financings").json();
    if let Err(error) = group.validate(&answer) {
        panic!("{error} at {}: {answer}", error.instance_path());
    }
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2));
}
