//! Our own sample invoices, read to the last field.

use tallystick::invoice::{Line, line_digests};
use tallystick::{
    einvoice::{self, BornAssigned, Draft, DraftParty, Kind, Preceding},
    types::{Date, DocumentHash, PartyId},
};

use super::sample;

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn ids(texts: &[&str]) -> Vec<PartyId> {
    texts.iter().map(|text| text.parse().expect("a party id")).collect()
}

fn party(texts: &[&str], name: &str) -> DraftParty {
    DraftParty { ids: ids(texts), name: Some(name.to_owned()), unread: Vec::new() }
}

fn read(name: &str) -> Draft {
    let mut drafts = einvoice::read(&sample(name)).expect("the sample can be read");
    assert_eq!(drafts.len(), 1);
    drafts.remove(0).expect("the document is a draft")
}

fn weaver() -> DraftParty {
    party(&["0106:00000019", "9944:NL009999917B01"], "Weverij De Linde B.V.")
}

fn brewer() -> DraftParty {
    party(&["0208:0999999031"], "Brouwerij Sint-Anna NV")
}

fn one_line(item: &str, quantity: &str, unit_price: &str, net_minor: i64) -> Vec<DocumentHash> {
    line_digests([Line { item, quantity, unit_price, net_minor }])
}

fn invoice() -> Draft {
    Draft {
        kind: Kind::Invoice,
        number: "INV-2026-001".to_owned(),
        type_code: 380,
        issue_date: day("2026-09-14"),
        due_date: Some(day("2026-11-13")),
        currency: "EUR".parse().expect("a currency"),
        gross_minor: 1_245_000,
        due_minor: 1_245_000,
        seller: weaver(),
        buyer: brewer(),
        payee: None,
        payee_account: Some("NL13TEST0123456789".to_owned()),
        preceding: Vec::new(),
        order_reference: Some("PO-4711".to_owned()),
        despatch_reference: Some("DN-88".to_owned()),
        contract_reference: None,
        lines: one_line("FILTER LINEN 90 CM", "2490", "5", 1_245_000),
        line: None,
        document_hash: Some(einvoice::document_hash(&sample("invoice.ubl.xml"))),
        born_assigned: Vec::new(),
    }
}

#[test]
fn a_ubl_invoice_is_read_to_the_last_field() {
    let draft = read("invoice.ubl.xml");
    assert_eq!(draft, invoice());
    let (seller, buyer) = draft.parties().expect("both parties are identified");
    assert_eq!((seller.as_str(), buyer.as_str()), ("0106:00000019", "0208:0999999031"));
    assert_eq!(einvoice::ubl::read(&sample("invoice.ubl.xml")), Ok(draft));
}

#[test]
fn the_altered_samples_differ_from_the_invoice_in_what_their_names_say() {
    let hash = |name| Some(einvoice::document_hash(&sample(name)));
    let renumbered = Draft {
        number: "2026001".to_owned(),
        document_hash: hash("invoice-renumbered.ubl.xml"),
        ..invoice()
    };
    assert_eq!(read("invoice-renumbered.ubl.xml"), renumbered);
    let redated = Draft {
        issue_date: day("2026-09-28"),
        due_date: Some(day("2026-11-27")),
        document_hash: hash("invoice-redated.ubl.xml"),
        ..invoice()
    };
    assert_eq!(read("invoice-redated.ubl.xml"), redated);
}

#[test]
fn a_ubl_credit_note_names_the_invoice_that_it_reduces() {
    let expected = Draft {
        kind: Kind::CreditNote,
        number: "CN-2026-003".to_owned(),
        type_code: 381,
        issue_date: day("2026-10-02"),
        due_date: None,
        gross_minor: 45_000,
        due_minor: 45_000,
        preceding: vec![Preceding {
            number: "INV-2026-001".to_owned(),
            issue_date: Some(day("2026-09-14")),
        }],
        lines: one_line("filter linen 90cm", "90", "5.00", 45_000),
        document_hash: Some(einvoice::document_hash(&sample("credit-note.ubl.xml"))),
        ..invoice()
    };
    assert_eq!(read("credit-note.ubl.xml"), expected);
}

#[test]
fn a_cii_invoice_payable_to_a_factor_is_flagged_as_assigned_at_birth() {
    let bytes = sample("invoice.cii.xml");
    let expected = Draft {
        number: "F2026-0117".to_owned(),
        issue_date: day("2026-09-01"),
        due_date: Some(day("2026-10-31")),
        gross_minor: 840_000,
        due_minor: 600_000,
        seller: party(&["0002:999999907"], "Atelier du Moulin SAS"),
        buyer: weaver(),
        payee: Some(party(&["0002:999999808"], "Comptoir d’Affacturage du Nord SA")),
        payee_account: Some("FR8199999000010123456789A00".to_owned()),
        order_reference: Some("BO-31".to_owned()),
        despatch_reference: Some("BL-902".to_owned()),
        contract_reference: Some("FRAME-2025".to_owned()),
        lines: one_line("Oak display shelving", "12", "700", 840_000),
        document_hash: Some(einvoice::document_hash(&bytes)),
        born_assigned: vec![BornAssigned::PayeeNotSeller],
        ..invoice()
    };
    assert_eq!(read("invoice.cii.xml"), expected);
    assert_eq!(einvoice::cii::read(&bytes), Ok(expected));
    assert_eq!(
        einvoice::ubl::read(&bytes).map_err(|error| error.code()),
        Err("not_an_invoice"),
        "each reader reads its own syntax only"
    );
}

#[test]
fn a_factored_type_code_is_flagged_too() {
    let text = String::from_utf8(sample("invoice.ubl.xml")).expect("UTF-8");
    let factored = text.replace(">380<", ">393<");
    let draft = einvoice::ubl::read(factored.as_bytes()).expect("it can be read");
    assert_eq!(draft.born_assigned, [BornAssigned::FactoredTypeCode]);
    let self_billed = text.replace(">380<", ">389<");
    assert!(einvoice::ubl::read(self_billed.as_bytes()).expect("it can be read").is_self_billed());
}

#[test]
fn a_list_gives_a_draft_or_an_error_for_each_line() {
    let lines = einvoice::read(&sample("open-items.csv")).expect("the list can be read");
    let expected = Draft {
        due_minor: 1_200_000,
        despatch_reference: None,
        lines: Vec::new(),
        line: Some(2),
        document_hash: None,
        ..invoice()
    };
    assert_eq!(lines[0], Ok(expected));
    let second = lines[1].as_ref().expect("the second line can be read");
    assert_eq!(second.gross_minor, 98_050);
    assert_eq!(second.seller.name.as_deref(), Some("Weverij \"De Linde\" B.V."));
    let outcomes = lines.iter().map(|line| match line {
        Ok(draft) => format!("{:?} {}", draft.kind, draft.number),
        Err(error) => format!("line {}: {}", error.line, error.error.code()),
    });
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [
            "Invoice INV-2026-001",
            "Invoice INV-2026-002",
            "line 4: gross_invalid",
            "CreditNote CN-2026-003",
            "line 7: check_digits",
            "line 8: issue_date_invalid",
            "line 9: gross_invalid",
            "line 10: buyer_id_missing",
            "line 11: number_missing",
        ]
    );
    let messages = lines.iter().filter_map(|line| line.as_ref().err()).map(ToString::to_string);
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"), @r#"
    line 4: BT-112 total amount with VAT is "1.234": expected an amount such as 1234.56 or 1.234,56 (1.234 could be either)
    line 7: BT-47/BT-48 buyer identifier with a scheme is 0208:0999999032, whose check digits are wrong: correct the mistyped character
    line 8: BT-2 issue date is "09/18/2026": expected a date such as 2026-11-21 or 21-11-2026 (day first)
    line 9: BT-112 total amount with VAT is "100,005": expected an amount such as 1234.56 or 1.234,56 (1.234 could be either)
    line 10: BT-47/BT-48 buyer identifier with a scheme is missing (found: "Brouwerij"): give a register or VAT number, such as 0106:12345678 or BE0403019261
    line 11: BT-1 invoice number is missing: add it and issue the document again
    "#);
}

#[test]
fn a_refusal_says_what_is_missing_and_what_to_do() {
    let text = String::from_utf8(sample("invoice.ubl.xml")).expect("UTF-8");
    let cases = [
        ("<cbc:ID>INV-2026-001</cbc:ID>", "", "number_missing"),
        (">2026-09-14<", ">14-09-2026<", "issue_date_invalid"),
        (">2026-11-13<", ">2026-11-31<", "due_date_invalid"),
        (">380<", ">325<", "type_not_registrable"),
        (">EUR<", ">Euro<", "currency_invalid"),
        (">EUR<", ">USD<", "amount_currency"),
        (
            "12450.00</cbc:TaxInclusiveAmount>",
            "12450.001</cbc:TaxInclusiveAmount>",
            "amount_precision",
        ),
        ("12450.00</cbc:PayableAmount>", "12.450,00</cbc:PayableAmount>", "amount_due_invalid"),
        (
            "<cbc:PayableAmount currencyID=\"EUR\">12450.00</cbc:PayableAmount>",
            "",
            "amount_due_missing",
        ),
    ];
    let mut messages = Vec::new();
    for (from, to, code) in cases {
        let altered = text.replace(from, to);
        assert_ne!(altered, text, "{from}");
        let error = einvoice::ubl::read(altered.as_bytes()).expect_err(code);
        assert_eq!(error.code(), code);
        messages.push(error.to_string());
    }
    let unidentified = text.replace("0999999031", "7-31").replace("BE7-31", "unknown");
    let draft = einvoice::ubl::read(unidentified.as_bytes()).expect("a draft without its buyer");
    let error = draft.parties().expect_err("the buyer cannot be told");
    assert_eq!(error.code(), "buyer_id_missing");
    messages.push(error.to_string());
    insta::assert_snapshot!(messages.join("\n"), @r#"
    BT-1 invoice number is missing: add it and issue the document again
    BT-2 issue date is "14-09-2026": expected a date such as 2026-11-21
    BT-9 due date is "2026-11-31": expected a date such as 2026-11-21
    type code 325 (BT-3) is a proforma invoice, which cannot be registered or financed
    BT-5 currency is "Euro": expected an ISO 4217 code in capitals such as EUR
    BT-112 total amount with VAT is in "EUR", but BT-5 says USD: both must be the same
    BT-112 total amount with VAT is "12450.001": EUR has 2 decimals and nothing is rounded here
    BT-115 amount due is "12.450,00": expected a decimal such as 1234.56
    BT-115 amount due is missing: add it and issue the document again
    BT-47/BT-48 buyer identifier with a scheme is missing (found: "7-31" of scheme "0208", "unknown" without a scheme): give a register or VAT number, such as 0106:12345678 or BE0403019261
    "#);
}
