//! The published specification says what the code does: vectors, codes, and the order of the checks.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tallystick::domain::{AlertCode, Rejection};
use tallystick::invoice::{Core, amount_key, document_key, number_key};
use tallystick::statement::statement_id;
use tallystick::types::DocumentHash;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Invoices as they are written in many ways; what each hashes to is the vector.
fn invoices() -> Vec<Value> {
    let base = |number: &str| {
        json!({
            "seller": "0106:27374841", "buyer": "0208:0403019261", "number": number, "type": 380,
            "issue_date": "2026-10-01", "due_date": "2026-10-31", "currency": "EUR", "gross_minor": 1_210_000,
        })
    };
    let with = |changes: Value| {
        let mut invoice = base("INV-2026-001");
        for (member, value) in changes.as_object().unwrap() {
            invoice[member] = value.clone();
        }
        invoice
    };
    vec![
        base("INV-2026-001"),
        base("inv 2026/001"),
        base("ＩＮＶ．２０２６．００１"),
        base("ІNV-2026-001"),
        base("000-INV-2026-001"),
        base("0000"),
        base("№ 12/a"),
        base("Straße 7"),
        with(json!({"due_date": null})),
        with(json!({"gross_minor": 1_210_001})),
        with(json!({"issue_date": "2026-10-02"})),
        with(json!({"currency": "USD"})),
        with(json!({"type": 384})),
        with(json!({"seller": "0009:73282932000074"})),
        with(json!({"seller": "0002:732829320"})),
        with(json!({"buyer": "9925:BE0403019261"})),
    ]
}

fn vectors() -> Value {
    let vector = |invoice: Value| {
        let core: Core = serde_json::from_value(invoice.clone()).unwrap();
        let (seller, buyer) = (core.seller.canonical(), core.buyer.canonical());
        json!({
            "invoice": invoice,
            "normalised": {"seller": seller, "buyer": buyer, "number": core.number.normalised()},
            "id": core.id(),
            "seller_number": hex(number_key(&seller, &core).as_bytes()),
            "seller_buyer_amount_date": hex(amount_key(&seller, &buyer, &core).as_bytes()),
        })
    };
    let document: DocumentHash =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse().unwrap();
    let author = "0106:27374841".parse().unwrap();
    json!({
        "recipe": 1,
        "invoices": invoices().into_iter().map(vector).collect::<Vec<_>>(),
        "documents": [{"sha256": document, "document": hex(document_key(&document).as_bytes())}],
        "statements": [{"source": "0106:27374841", "id": "2026-000001", "statement_id": statement_id(&author, "2026-000001")}],
    })
}

#[test]
fn the_published_vectors_come_out_again() {
    let computed = format!("{}\n", serde_json::to_string_pretty(&vectors()).unwrap());
    let file = path("docs/vectors/invoices.json");
    if std::env::var_os("TALLYSTICK_BLESS").is_some() {
        fs::write(&file, &computed).unwrap();
    }
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        computed,
        "bless with TALLYSTICK_BLESS=1 after a new recipe"
    );
}

#[test]
fn spellings_of_one_invoice_share_its_id() {
    let ids: Vec<_> =
        vectors()["invoices"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert!(ids[1..5].iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ids[13], ids[14], "a SIRET and its SIREN are one seller");
    assert_eq!(ids[15], ids[0], "a Belgian VAT number and its enterprise number are one buyer");
    assert!(ids[8..14].iter().all(|id| *id != ids[0]));
}

#[test]
fn every_alert_is_specified_with_its_severity_and_meaning() {
    let text = fs::read_to_string(path("docs/SPECIFICATION.md")).unwrap();
    let table = text.split("**Who is told.**").nth(1).unwrap();
    for code in AlertCode::ALL {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        let line = format!("\n| `{name}` | {severity} | {} | ", code.words());
        assert!(table.contains(&line), "the line of `{name}` is missing or differs:{line}");
    }
}

#[test]
fn every_refusal_is_specified_in_the_order_of_the_checks() {
    let text = fs::read_to_string(path("docs/SPECIFICATION.md")).unwrap();
    let table = text.split("Rules, in the order of the checks").nth(1).unwrap();
    let mut from = 0;
    for (code, _, sentence) in Rejection::ALL {
        let line = format!("| `{code}` |");
        let found = table[from..].find(&line);
        let at = found.unwrap_or_else(|| {
            panic!("`{code}` is missing, or out of order, in the specification")
        });
        from += at;
        assert!(
            table[from..].lines().next().unwrap().contains(sentence),
            "the sentence of `{code}` differs"
        );
    }
}
