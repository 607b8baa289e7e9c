//! Responses of buyers, platforms and sellers: our own samples, hostile ones, and the collection's.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tallystick::einvoice::response::{
    self, Figure, Meaning, ResponseCode, ResponseDraft, Syntax, Voice,
};
use tallystick::statement::{Code, Status};
use tallystick::types::PartyId;

use super::collection::{Collection, load};
use super::sample;

fn word(draft: &ResponseDraft) -> String {
    match draft.meaning {
        Meaning::Status(status) => serde_json::to_value(status)
            .ok()
            .and_then(|word| word.as_str().map(str::to_owned))
            .expect("a status is a word"),
        Meaning::Collected => "collected".to_owned(),
        Meaning::Cancelled => "cancelled".to_owned(),
        Meaning::Nothing(_) => "nothing".to_owned(),
    }
}

#[test]
fn every_response_of_the_collection_is_read_to_its_status_or_refused_for_its_reason() {
    let Some(Collection { rows, files }) = load() else { return };
    let mut counts = BTreeMap::<(String, String, String), u32>::new();
    for row in &rows {
        let outcome = match response::read(&files[&row.path]) {
            Ok(drafts) => {
                assert_eq!(drafts.len(), 1, "{}", row.path);
                let draft = &drafts[0];
                assert_eq!(draft.number.as_str(), row.number, "{}", row.path);
                assert_eq!(draft.type_code.to_string(), row.type_code, "{}", row.path);
                let status = row.status.split('/').next().expect("a status");
                assert_eq!(draft.code, status, "{}", row.path);
                assert!(!draft.seller.is_empty(), "{}: the seller is identified", row.path);
                word(draft)
            }
            Err(error) => {
                assert_ne!(row.subkind, "cdar", "{}: {error}", row.path);
                let what = match row.subkind.as_str() {
                    "mlr" => "a message level response (MLR)",
                    "mls" => "a message level status (MLS)",
                    "app-response" => "a response to a catalogue",
                    "zugferd1" => "a ZUGFeRD 1 invoice",
                    "fatturapa" => "an Italian",
                    _ => "an invoice or a credit note",
                };
                assert!(error.to_string().contains(what), "{}: {error}", row.path);
                error.code().to_owned()
            }
        };
        let status = if row.subkind == "cdar" { row.status.as_str() } else { "" };
        *counts.entry((row.subkind.clone(), status.to_owned(), outcome)).or_default() += 1;
    }
    let counted: Vec<String> = counts
        .iter()
        .map(|((kind, status, outcome), count)| format!("{count:3} {kind} {status} {outcome}"))
        .collect();
    insta::assert_snapshot!(counted.join("\n"), @r"
      3 app-response  not_a_response
      4 cdar 200/ nothing
      1 cdar 202/ delivered
      2 cdar 204/ in_process
      2 cdar 205/ approved
      1 cdar 206/AUTRE approved_part
      1 cdar 208/JUSTIF_ABS queried
      4 cdar 212/ collected
    272 cii  not_a_response
     12 fatturapa  not_a_response
      1 mlr  not_a_response
      5 mls  not_a_response
    321 ubl  not_a_response
     19 zugferd1  not_a_response
    ");
}

fn only(name: &str) -> ResponseDraft {
    let mut drafts = response::read(&sample(name)).expect("it can be read");
    assert_eq!(drafts.len(), 1);
    drafts.remove(0)
}

fn ids(texts: &[&str]) -> Vec<PartyId> {
    texts.iter().map(|text| text.parse().expect("a party id")).collect()
}

fn texts(codes: &[Code]) -> Vec<&str> {
    codes.iter().map(Code::as_str).collect()
}

fn accepted() -> ResponseDraft {
    ResponseDraft {
        syntax: Syntax::InvoiceResponse,
        message: "SA-2026-0417".to_owned(),
        code: "AP".to_owned(),
        response_code: Some(ResponseCode::Accepted),
        meaning: Meaning::Status(Status::Approved),
        effective_at: "2026-09-28T12:05:00Z".parse().expect("a time"),
        voice: Voice::Buyer,
        speaker: ids(&["0208:0999999031"]),
        seller: ids(&["0106:00000019"]),
        buyer: Vec::new(),
        number: "INV-2026-001".parse().expect("a number"),
        issue_date: None,
        type_code: 380,
        amounts: Vec::new(),
        due_date: None,
        only_due_date: false,
        reasons: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn an_invoice_response_is_read_to_the_last_field() {
    assert_eq!(only("response-accepted.ubl.xml"), accepted());
    let due = only("response-new-due-date.ubl.xml");
    let expected = ResponseDraft {
        message: "SA-2026-0388".to_owned(),
        code: "CA".to_owned(),
        response_code: Some(ResponseCode::ConditionallyAccepted),
        meaning: Meaning::Status(Status::ApprovedPart),
        // Effective on the day before it was issued: at the end of that day, in Central European summer time.
        effective_at: "2026-09-20T21:59:59Z".parse().expect("a time"),
        issue_date: "2026-09-14".parse().ok(),
        due_date: "2026-12-13".parse().ok(),
        only_due_date: true,
        reasons: due.reasons.clone(),
        ..accepted()
    };
    assert_eq!(due, expected);
    assert_eq!(texts(&due.reasons), ["PAY", "NOA"]);
    let part = only("response-paid-in-part.ubl.xml");
    assert_eq!(part.meaning, Meaning::Status(Status::PartPaid));
    assert_eq!((part.code.as_str(), texts(&part.reasons)), ("PD", vec!["PPD"]));
    let euro = "EUR".parse().expect("a currency");
    assert_eq!(part.sum(Figure::Paid, euro), Ok(Some(622_500)));
    // No hour: the day's last second, in winter time.
    assert_eq!(part.effective_at.to_string(), "2026-11-12T22:59:59.000Z");
}

#[test]
fn a_life_cycle_message_is_read_with_its_amounts_and_french_hours() {
    let collected = only("life-cycle-collected.cdar.xml");
    let euro = "EUR".parse().expect("a currency");
    assert_eq!((collected.syntax, collected.meaning), (Syntax::LifeCycle, Meaning::Collected));
    assert_eq!(collected.sum(Figure::Collected, euro), Ok(Some(175_000)), "two VAT rates");
    let dollar = "USD".parse().expect("a currency");
    assert!(collected.sum(Figure::Collected, dollar).is_err());
    assert_eq!(collected.voice, Voice::Seller);
    assert_eq!(collected.seller, ids(&["0002:999999907"]));
    assert_eq!(collected.effective_at.to_string(), "2026-10-20T08:15:00.000Z");
    assert_eq!(collected.issue_date, "2026-09-01".parse().ok());
    let part = only("life-cycle-approved-in-part.cdar.xml");
    assert_eq!(part.meaning, Meaning::Status(Status::ApprovedPart));
    assert_eq!((part.voice, part.speaker), (Voice::Buyer, ids(&["0106:00000019"])));
    assert_eq!(texts(&part.reasons), ["QTE_ERR", "CNP"]);
    assert!(part.notes.is_empty(), "{:?}", part.notes);
}

#[test]
fn every_french_status_has_one_meaning_and_unknown_ones_none() {
    let text = String::from_utf8(sample("life-cycle-approved-in-part.cdar.xml")).expect("UTF-8");
    let read = |code: &str, role: &str| {
        let altered = text.replace(">206<", &format!(">{code}<")).replace(
            "<ram:RoleCode>BY</ram:RoleCode>",
            &format!("<ram:RoleCode>{role}</ram:RoleCode>"),
        );
        response::read(altered.as_bytes()).map(|drafts| word(&drafts[0])).map_err(|it| it.code())
    };
    for (code, role, meaning) in [
        ("200", "WK", "nothing"),
        ("201", "WK", "nothing"),
        ("202", "WK", "delivered"),
        ("203", "WK", "delivered"),
        ("204", "BY", "in_process"),
        ("205", "BY", "approved"),
        ("206", "BY", "approved_part"),
        ("207", "BY", "queried"),
        ("208", "BY", "queried"),
        ("209", "SE", "answered"),
        ("210", "BY", "refused"),
        ("211", "BY", "payment_initiated"),
        ("213", "WK", "rejected_technical"),
        ("214", "BY", "approved"),
        ("214", "AB", "approved"),
        ("214", "SE", "nothing"),
        ("214", "SR", "nothing"),
        ("220", "SE", "cancelled"),
        ("221", "WK", "not_delivered"),
        ("224", "SE", "nothing"),
        ("225", "SE", "assigned_disclosed"),
        ("226", "SE", "assigned_confidential"),
        ("227", "SE", "payee_changed"),
        ("228", "SE", "released"),
        ("501", "WK", "rejected_technical"),
        ("601", "DFH", "nothing"),
    ] {
        assert_eq!(read(code, role), Ok(meaning.to_owned()), "{code} {role}");
    }
    for unknown in ["250", "251", "300", "301", "400", "401", "500", "999", "AP", "20 5"] {
        assert_eq!(read(unknown, "BY"), Err("response_status_unknown"), "{unknown}");
    }
    assert_eq!(read("212", "SE"), Err("response_incomplete"), "nothing was collected");
    let not_sent = text.replace(">206<", ">200<").replace(">QTE_ERR<", ">NON_TRANSMISE<");
    let drafts = response::read(not_sent.as_bytes()).expect("it can be read");
    assert_eq!(word(&drafts[0]), "not_delivered");
    let seller = text.replace(">206<", ">205<").replace(">BY<", ">SE<");
    let drafts = response::read(seller.as_bytes()).expect("it can be read");
    assert_eq!(drafts[0].voice, Voice::Seller, "who writes that it is the seller, is");
    assert_eq!(drafts[0].notes[0].code, "role_unexpected");
}

#[test]
fn one_french_message_may_speak_of_several_invoices() {
    let text = String::from_utf8(sample("life-cycle-approved-in-part.cdar.xml")).expect("UTF-8");
    let (start, end) = (
        text.find("    <ram:ReferenceReferencedDocument>").expect("it begins"),
        text.find("  </rsm:AcknowledgementDocument>").expect("it ends"),
    );
    let second = text[start..end].replace("F2026-0117", "F2026-0118");
    let both = format!("{}{second}{}", &text[..end], &text[end..]);
    let drafts = response::read(both.as_bytes()).expect("it can be read");
    let numbers: Vec<&str> = drafts.iter().map(|draft| draft.number.as_str()).collect();
    assert_eq!(numbers, ["F2026-0117", "F2026-0118"]);
    let many = format!("{}{}{}", &text[..end], second.repeat(1_000), &text[end..]);
    let error = response::read(many.as_bytes()).expect_err("too many");
    assert_eq!(error.code(), "response_too_long");
}

#[test]
fn what_is_no_response_or_half_a_one_is_refused_by_name() {
    let text = String::from_utf8(sample("response-new-due-date.ubl.xml")).expect("UTF-8");
    let cdar = String::from_utf8(sample("life-cycle-collected.cdar.xml")).expect("UTF-8");
    let edit = |text: &str, from: &str, to: &str| {
        let altered = text.replace(from, to);
        assert_ne!(altered, text, "{from}");
        response::read(altered.as_bytes())
    };
    let specification = "poacc:trns:invoice_response:3<";
    let response_part = |tag: &str| {
        let (open, close) = (format!("<cac:{tag}>"), format!("</cac:{tag}>"));
        let start = text.find(&open).expect("it is there");
        let end = text.find(&close).expect("it ends") + close.len();
        text[start..end].to_owned()
    };
    let twice = |tag: &str| response_part(tag).repeat(2);
    for (text, from, to, code) in [
        (&text, specification, "poacc:trns:mlr:3<", "not_a_response"),
        (&text, specification, "poacc:trns:invoice_response:30<", "not_a_response"),
        (&text, specification, "poacc:trns:invoice_response_advanced:3<", "not_a_response"),
        (&text, "CustomizationID", "UBLVersionID", "not_a_response"),
        (&text, ">CA<", ">XX<", "response_status_unknown"),
        (&text, ">CA<", ">ca<", "response_status_unknown"),
        (&text, ">PAY<", ">PPD<", "response_contradictory"),
        (&text, "<cbc:ResponseCode>CA</cbc:ResponseCode>", "", "response_incomplete"),
        (&text, "<cbc:ID>INV-2026-001</cbc:ID>", "", "response_incomplete"),
        (&text, "<cbc:ID>SA-2026-0388</cbc:ID>", "", "response_incomplete"),
        (&text, "<cbc:DocumentTypeCode>380</cbc:DocumentTypeCode>", "", "response_incomplete"),
        (&text, ">2026-09-21<", ">21-09-2026<", "response_invalid"),
        (&text, ">2026-09-20<", ">2026-09-31<", "response_invalid"),
        (&text, ">380<", ">invoice<", "response_invalid"),
        (&text, &response_part("SenderParty"), "", "response_incomplete"),
        (&text, &response_part("SenderParty"), &twice("SenderParty"), "response_contradictory"),
        (
            &text,
            &response_part("DocumentResponse"),
            &twice("DocumentResponse"),
            "response_contradictory",
        ),
        (
            &text,
            &response_part("DocumentReference"),
            &twice("DocumentReference"),
            "response_contradictory",
        ),
        (
            &text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<!DOCTYPE a SYSTEM \"b\">",
            "xml_doctype",
        ),
        (&text, ">INV-2026-001<", ">&number;<", "xml_entity"),
        (&cdar, "CDV:invoice", "CDV:ereporting", "not_a_response"),
        (&cdar, "<ram:ValuePercent>10.00</ram:ValuePercent>", "", "response_incomplete"),
        (&cdar, ">550.00<", ">550,00<", "response_invalid"),
        (&cdar, ">20261020101500<", ">20261020<", "read"),
        (&cdar, ">20261020101500<", ">2026-10-20<", "response_invalid"),
        (&cdar, "<ram:RoleCode>SE</ram:RoleCode>", "", "response_incomplete"),
    ] {
        let outcome = edit(text, from, to).map_or_else(|error| error.code(), |_| "read");
        assert_eq!(outcome, code, "{from} to {to}");
    }
    for name in
        ["response-message-level.ubl.xml", "invoice.ubl.xml", "invoice.cii.xml", "open-items.csv"]
    {
        let error = response::read(&sample(name)).expect_err(name);
        assert_eq!(error.code(), "not_a_response", "{name}");
    }
    assert_eq!(response::read(b"").expect_err("empty").code(), "empty");
    assert_eq!(response::read(b"PK\x03\x04").expect_err("archive").code(), "is_archive");
}

#[test]
fn a_broken_rule_that_changes_no_meaning_is_noted() {
    let text = String::from_utf8(sample("response-new-due-date.ubl.xml")).expect("UTF-8");
    let notes = |text: &str| {
        let drafts = response::read(text.as_bytes()).expect("it can be read");
        drafts[0].notes.iter().map(|note| note.code).collect::<Vec<_>>()
    };
    assert!(notes(&text).is_empty());
    let bare = text.replace("StatusReasonCode", "StatusX").replace(">CA<", ">RE<");
    assert_eq!(notes(&bare), ["PEPPOL-T111-R001"], "a refusal without a code is a refusal");
    assert_eq!(notes(&text.replace(">NOA<", ">OTH<")), ["PEPPOL-T111-R002"]);
    assert_eq!(notes(&text.replace(">NOA<", ">ABC<")), ["clarification_unknown"]);
    assert_eq!(notes(&text.replace(">2026-12-13<", ">in 90 days<")), ["condition_unreadable"]);
    let part = String::from_utf8(sample("response-paid-in-part.ubl.xml")).expect("UTF-8");
    assert_eq!(notes(&part.replace("StatusReason>", "StatusX>")), ["PEPPOL-T111-R004"]);
    let french = text.replace("poacc:bis:invoice_response:3<", "x<");
    assert_eq!(notes(&french), ["profile_unknown"]);
}

#[test]
fn parties_are_known_by_address_where_nothing_else_is_there() {
    let text = String::from_utf8(sample("response-accepted.ubl.xml")).expect("UTF-8");
    let seller = |scheme: &str, value: &str| {
        let id = format!("schemeID=\"{scheme}\">{value}<");
        let altered = text.replace("schemeID=\"0106\">00000019<", &id);
        response::read(altered.as_bytes()).expect("it can be read")[0].seller.clone()
    };
    assert_eq!(seller("0225", "999999907_FACTURES"), ids(&["0002:999999907"]));
    assert_eq!(seller("0088", "8712345000004"), ids(&["0088:8712345000004"]));
    assert_eq!(seller("9925", "BE0999999031"), ids(&["0208:0999999031"]));
    assert_eq!(seller("EM", "a@seller.example"), ids(&[]));
    // Where the receiver is a provider, the issuer is named beside it, and so is the buyer.
    let named = "</cac:DocumentReference>\n    <cac:IssuerParty><cac:PartyIdentification><cbc:ID schemeID=\"0002\">999999907</cbc:ID></cac:PartyIdentification></cac:IssuerParty>\n    <cac:RecipientParty><cac:PartyIdentification><cbc:ID schemeID=\"0106\">00000019</cbc:ID></cac:PartyIdentification></cac:RecipientParty>";
    let altered = text.replace("</cac:DocumentReference>", named);
    let draft = &response::read(altered.as_bytes()).expect("it can be read")[0];
    assert_eq!(draft.seller, ids(&["0002:999999907"]));
    assert_eq!(draft.buyer, ids(&["0106:00000019"]));
}

proptest! {
    #[test]
    fn no_mutation_of_a_response_makes_the_reader_panic(
        name in prop::sample::select(vec!["response-new-due-date.ubl.xml", "response-paid-in-part.ubl.xml", "life-cycle-collected.cdar.xml"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8),
    ) {
        let mut bytes = sample(name);
        for (place, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let _ = response::read(&bytes);
    }
}
