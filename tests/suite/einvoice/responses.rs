//! Responses of buyers, platforms and sellers: our own samples, hostile ones, and the collection's.

use std::collections::BTreeMap;

use tallystick::einvoice::response::{self, Meaning, ResponseDraft};

use super::collection::{Collection, load};

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
