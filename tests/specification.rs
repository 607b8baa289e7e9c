//! The published specification says what the code does: vectors, codes, and the order of the checks.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tallystick::domain::{AlertCode, BEHAVIOUR_RULES, FORECAST_RULE, Rejection, Relation, reasons};
use tallystick::invoice::{
    Compared, Core, Field, FieldSet, InvoiceNumber, KeyKind, KeySet, Kinship, Line, account_key,
    amount_key, buyer_key, despatch_key, document_key, line_digests, lines_key, near_key,
    number_key, order_key, skeleton, skeleton_key,
};
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

/// What rules 2 added to the recipe.
fn matching() -> Value {
    let number = |text: &str| text.parse::<InvoiceNumber>().unwrap();
    let skeletons = [
        "INV-2026-0117",
        "inv/2026/117",
        "F 117",
        "FACT.2025.0117-A",
        "RE117BIS",
        "VF2O26-O117 copy",
        "I17",
        "100O",
        "1001B",
        "2026",
        "2026-11-0001",
        "26/11-003",
        "AMS-26-00017",
        "PROFORMA",
        "12AB34",
        "000",
    ];
    let kin = [
        ("INV-2026-001", 2026, "inv 2026/001", 2026),
        ("INV-2026-001", 2026, "2026-001", 2026),
        ("INV-2026-17", 2026, "1NV-2026-17", 2026),
        ("2026-0117", 2026, "2025-0117", 2026),
        ("2026-0117", 2026, "2025-0117", 2025),
        ("A-0001", 2026, "B-0001", 2026),
        ("INV-17", 2026, "FA-INV-17", 2026),
        ("1001", 2026, "1001-A", 2026),
        ("1001", 2026, "1001/2", 2026),
        ("1001/1", 2026, "1001/2", 2026),
        ("AMS-26-00017", 2026, "AMS-26-17", 2026),
        ("10432", 2026, "10342", 2026),
        ("1001", 2026, "1093", 2026),
    ];
    let kinship = |(one, of_one, other, of_other): (&str, i32, &str, i32)| {
        let kinship = Kinship::of(
            &Compared::new(&number(one), of_one),
            &Compared::new(&number(other), of_other),
        );
        json!({
            "one": one, "issued": of_one, "other": other, "other_issued": of_other,
            "kinship": format!("{kinship:?}").to_lowercase(),
        })
    };
    let line =
        |item, quantity, unit_price, net_minor| Line { item, quantity, unit_price, net_minor };
    let lines = [
        line("Filter linen, 90 cm", "2490", "5.00", 1_245_000),
        line("filter-linen 90CM", "+02490.0", "5", 1_245_000),
        line("8712345000004", "0.50", "-1.250", -63),
    ];
    let digest = |line: &Line<'_>| {
        json!({
            "item": line.item, "quantity": line.quantity, "unit_price": line.unit_price,
            "net_minor": line.net_minor, "digest": line.digest(),
        })
    };
    let core: Core = serde_json::from_value(invoices().swap_remove(0)).unwrap();
    let (seller, buyer) = (core.seller.canonical(), core.buyer.canonical());
    let digests = line_digests(lines.clone());
    let account: DocumentHash =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse().unwrap();
    let bones = skeleton(&core.number);
    json!({
        "recipe": 2,
        "skeletons": skeletons.map(|it| json!({"number": it, "skeleton": skeleton(&number(it))})),
        "kinships": kin.map(kinship),
        "lines": lines.iter().map(digest).collect::<Vec<_>>(),
        "keys": {
            "invoice": core, "order": "PO-4711", "despatch": "DN 88", "payee_account": account,
            "line_digests": digests,
            "number_skeleton": hex(skeleton_key(&seller, &bones).as_bytes()),
            "order_key": hex(order_key(&buyer, &number("PO-4711")).as_bytes()),
            "despatch_key": hex(despatch_key(&seller, &number("DN 88")).as_bytes()),
            "lines": hex(lines_key(&buyer, &digests).as_bytes()),
            "payee_amount": hex(account_key(&account, &core).as_bytes()),
            "buyer_amount_date": hex(buyer_key(&buyer, &core, &bones).as_bytes()),
            "near": hex(near_key(&seller, &buyer, &core).as_bytes()),
        },
    })
}

#[test]
fn the_published_vectors_come_out_again() {
    for (name, vectors) in [("invoices", vectors()), ("matching", matching())] {
        let computed = format!("{}\n", serde_json::to_string_pretty(&vectors).unwrap());
        let file = path(&format!("docs/vectors/{name}.json"));
        if std::env::var_os("TALLYSTICK_BLESS").is_some() {
            fs::write(&file, &computed).unwrap();
        }
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            computed,
            "bless with TALLYSTICK_BLESS=1 after a new recipe"
        );
    }
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

#[test]
fn the_rules_of_behaviour_and_forecast_are_specified_word_for_word() {
    let text = fs::read_to_string(path("docs/SPECIFICATION.md")).unwrap();
    for (name, rule) in BEHAVIOUR_RULES {
        assert!(text.contains(&format!("\n- `{name}`: {rule}\n")), "{name}");
    }
    assert!(text.contains(FORECAST_RULE));
}

#[test]
fn every_reason_is_specified() {
    let text = fs::read_to_string(path("docs/SPECIFICATION.md")).unwrap();
    let (mut keys, mut differs) = (KeySet::default(), FieldSet::default());
    let all: Vec<KeyKind> = KeyKind::ALL.to_vec();
    for kind in all {
        keys.insert(kind);
    }
    for field in Field::ALL {
        differs.insert(field);
    }
    let codes = reasons(Relation::Suspected, keys, differs);
    assert_eq!(codes.len(), 1 + KeyKind::ALL.len() + Field::ALL.len());
    for reason in codes {
        assert!(text.contains(&format!("`{}`", reason.code)), "{}", reason.code);
    }
}
