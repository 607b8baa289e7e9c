//! Each route once, as it is meant to be used.

use serde_json::{Value, json};
use tallystick::log::{Checkpoint, decode_bundle, leaf_hash};
use tallystick::record::{Receipt, Record};
use tallystick::statement::SignedStatement;

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};
use crate::story::Story;

#[test]
fn a_receipt_can_be_checked_offline_and_asked_for_again() {
    let registry = Registry::start();
    let (supplier, debtor) = (Party::new("0106:00000003", 3), Party::new("0106:00000004", 4));
    registry.admit(&supplier, &["supplier"]);
    let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
    let statement = registry.sign(&supplier, "invoice.registered.v1", &data);
    let first = registry.submit(&statement);
    assert_eq!(first.status, 201, "{}", first.text());
    let receipt: Receipt = serde_json::from_slice(&first.body).expect("a receipt");
    let checkpoint = receipt.verify(statement.as_bytes(), &registry.vkey).expect("it holds");
    assert_eq!(checkpoint.size, 3);
    assert_eq!(first.header("location"), format!("/v1/statements/{}", receipt.id));

    let again = registry.submit(&format!("{statement}\r\n"));
    assert_eq!(again.status, 200, "the same bytes again");
    let same: Receipt = serde_json::from_slice(&again.body).expect("a receipt");
    assert_eq!((same.position, same.recorded_at), (receipt.position, receipt.recorded_at));

    registry.admit(&debtor, &["debtor"]);
    let later = registry.get(&supplier, first.header("location"));
    assert_eq!(later.json()["as_of"], 4);
    let later: Receipt = serde_json::from_slice(&later.body).expect("a receipt");
    let checkpoint = later.verify(statement.as_bytes(), &registry.vkey).expect("it holds");
    assert_eq!(checkpoint.size, 4, "with a proof to the newest checkpoint");
}

#[test]
fn the_log_is_served_as_c2sp_has_it() {
    let story = Story::tell();
    let registry = &story.registry;
    let note = registry.get_open("/checkpoint").text();
    let checkpoint = Checkpoint::open(&note, &registry.vkey).expect("signed by the log");
    let width = checkpoint.size;
    let hashes = registry.get_open(&format!("/tile/0/000.p/{width}")).body;
    let bundle = registry.get(&story.auditor, &format!("/tile/entries/000.p/{width}")).body;
    let count = u16::try_from(width).expect("a partial bundle");
    let entries = decode_bundle(&bundle, count).expect("a bundle");
    for (entry, hash) in entries.iter().zip(hashes.chunks(32)) {
        assert_eq!(leaf_hash(entry).as_bytes().as_slice(), hash);
        let record = Record::decode(entry).expect("a record");
        assert!(SignedStatement::parse(record.statement).is_ok());
    }
}

#[test]
fn an_invoice_tells_its_four_axes_with_source_times_and_certainty() {
    let story = Story::tell();
    let registry = &story.registry;
    let path = format!("/v1/invoices/{}", story.invoice);
    let before = registry.get(&story.supplier, &path).json();
    assert_eq!(before["axes"]["process"]["state"], "approved");
    assert_eq!(before["axes"]["process"]["source"], "ledger");
    assert_eq!(before["axes"]["process"]["certainty"], 4);
    assert_eq!(before["axes"]["process"]["amount_minor"], 100_000);
    assert!(
        before["axes"]["process"]["effective_at"].as_str()
            < before["axes"]["process"]["recorded_at"].as_str()
    );
    assert_eq!(before["axes"]["payment"], Value::Null);
    assert_eq!(before["axes"]["encumbrance"]["state"], "confidentially_assigned");
    let paid = json!({
        "invoice": story.invoice, "status": "part_paid", "effective_at": registry.at(-1),
        "source": {"kind": "ledger"}, "amount_minor": 30_000, "currency": "EUR", "date": "2026-11-20",
    });
    registry.state(&story.debtor, "status.reported.v1", &paid);
    let credit = json!({
        "invoice": story.invoice, "credit_note": "C-1", "issue_date": "2026-11-20",
        "currency": "EUR", "amount_minor": 10_000,
    });
    registry.state(&story.supplier, "invoice.credited.v1", &credit);
    let after = registry.get(&story.debtor, &path).json();
    assert_eq!(after["axes"]["payment"]["state"], "part_paid");
    assert_eq!(after["axes"]["payment"]["date"], "2026-11-20");
    assert_eq!(
        after["amounts"],
        json!({"credited_minor": 10_000, "paid_minor": 30_000, "open_minor": 60_000})
    );
    assert_eq!(after["relations"], json!(["buyer"]));
    let history = registry.list(&story.debtor, &format!("{path}/history?limit=2"));
    let last = &history[history.len() - 1];
    assert_eq!(
        last["credit"],
        json!({"number": "C-1", "issue_date": "2026-11-20", "amount_minor": 10_000})
    );
    // The holders of rights are told.
    let codes: Vec<Value> =
        registry.list(&story.holder, "/v1/alerts").iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["second_claim", "paid", "credited"]);
}

#[test]
fn a_debtor_sees_whom_to_pay() {
    let story = Story::tell();
    let registry = &story.registry;
    let data = invoice(&story.supplier, &story.debtor, "2026-0002", 5_000);
    registry.state(&story.supplier, "invoice.registered.v1", &data);
    let invoice = invoice_id(&data);
    let told = financing(&invoice, 5_000, "disclosed", "refuse");
    registry.state(&story.holder, "financing.recorded.v1", &told);
    let claims = registry.list(&story.debtor, &format!("/v1/invoices/{invoice}/claims"));
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0]["holder"], story.holder.id);
    assert_eq!(claims[0]["standing"], "active");
    for hidden in ["terms", "rank"] {
        assert!(claims[0].get(hidden).is_none(), "{hidden}");
    }
    let shown = registry.get(&story.debtor, &format!("/v1/invoices/{invoice}")).json();
    assert_eq!(shown["axes"]["encumbrance"]["state"], "assigned");
}

#[test]
fn a_financier_in_a_conflict_sees_that_there_is_another_and_not_who() {
    let story = Story::tell();
    let registry = &story.registry;
    let path = format!("/v1/conflicts/{}", story.conflict);
    for (reader, own, other) in [(&story.holder, 0, 1), (&story.rival, 1, 0)] {
        let answer = registry.get(reader, &path);
        let conflict = answer.json();
        assert_eq!((&conflict["open"], &conflict["cleared_at"]), (&json!(true), &Value::Null));
        let claims = conflict["claims"].as_array().expect("claims");
        assert_eq!(claims.len(), 2);
        assert_eq!(claims[own]["yours"], true);
        assert_eq!(claims[own]["claim"]["holder"], reader.id);
        let stranger = &claims[other];
        assert_eq!(stranger["yours"], false);
        assert_eq!(stranger["rank"], json!(other + 1));
        assert_eq!(stranger["relation"], "identical");
        assert_eq!(stranger["keys_met"], json!(["content"]));
        assert!(stranger["since"].is_string());
        let names: Vec<&String> = stranger.as_object().expect("an object").keys().collect();
        assert_eq!(
            names,
            ["active", "keys_met", "party", "rank", "reasons", "relation", "since", "yours"]
        );
        let party = if own == 0 { story.rival.id } else { story.holder.id };
        assert!(!answer.text().contains(party));
    }
    // The rival gives way: the conflict is over, and the holder is told.
    let claims = registry.list(&story.rival, "/v1/portfolio");
    let release = json!({"financing": claims[0]["claim"]["financing"]});
    registry.state(&story.rival, "financing.released.v1", &release);
    let conflict = registry.get(&story.holder, &path).json();
    assert_eq!(conflict["open"], false);
    assert!(conflict["cleared_at"].is_string());
    let alerts = registry.list(&story.holder, "/v1/alerts");
    assert_eq!(alerts[1]["code"], "conflict_cleared");
    assert_eq!(alerts[1]["case"], json!(story.conflict));
    let events = registry.get(&story.holder, "/v1/events").text();
    assert!(
        !events.contains("financing.released"),
        "the rival's statement is not the holder's event"
    );
}

#[test]
fn every_look_by_others_is_in_the_account_of_reads() {
    let story = Story::tell();
    let registry = &story.registry;
    let path = format!("/v1/invoices/{}", story.invoice);
    registry.get(&story.supplier, &path);
    registry.get(&story.debtor, &path);
    registry.get(&story.other_financier, &path);
    let looks = [
        (&story.holder, "claim"),
        (&story.registrant, "registration"),
        (&story.mandated, "mandate"),
        (&story.auditor, "oversight"),
    ];
    for (reader, _) in looks {
        assert_eq!(registry.get(reader, &path).status, 200);
    }
    let account = |by: &Party| -> Vec<(String, String)> {
        let reads = registry.list(by, &format!("/v1/reads?limit=1&invoice={}", story.invoice));
        reads
            .iter()
            .map(|it| {
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (word(&it["reader"]), word(&it["grounds"][0]))
            })
            .collect()
    };
    let all = looks.map(|(reader, ground)| (reader.id.to_owned(), ground.to_owned()));
    // A read is written down within moments of its answer.
    let until = |by: &Party, expected: &[(String, String)]| {
        let seen = (0..500).map(|_| account(by)).find(|seen| seen.len() == expected.len());
        assert_eq!(seen.as_deref(), Some(expected));
    };
    until(&story.supplier, &all);
    until(&story.debtor, &all[2..]);
    let everything = registry.list(&story.auditor, "/v1/reads");
    assert!(everything.len() >= all.len());
    assert!(everything.iter().all(|read| read["route"].is_string()));
}

#[test]
fn a_participant_reads_under_any_of_its_party_ids() {
    let registry = Registry::start();
    let supplier = Party::new("0106:00000003", 3);
    registry.admit(&supplier, &["supplier"]);
    let link = json!({"party": supplier.id, "alias": "0208:0403019261"});
    registry.state(&registry.operator, "party.linked.v1", &link);
    let alias = Party { id: "0208:0403019261", key: supplier.key.clone() };
    let participants = registry.list(&alias, "/v1/participants");
    assert_eq!(participants[0]["id"], supplier.id);
    assert_eq!(participants[0]["parties"], json!([supplier.id, alias.id]));
    assert_eq!(registry.get(&supplier, "/v1/participants/0208:0403019261").status, 200);
    let key = &participants[0]["keys"][0];
    assert_eq!(key["id"], json!(supplier.key.public().thumbprint()));
}

#[test]
fn a_mandate_is_seen_by_both_sides_with_what_became_of_it() {
    let story = Story::tell();
    let registry = &story.registry;
    let until = registry.at(600);
    let request = json!({"debtor": story.debtor.id, "scope": {"kind": "all"}, "until": until});
    let request = id(&registry.state(&story.other_financier, "mandate.requested.v1", &request));
    let grant = json!({
        "to": story.other_financier.id, "scope": {"kind": "suppliers", "suppliers": [story.supplier.id]},
        "show": ["document"], "until": until, "request": request,
    });
    registry.state(&story.debtor, "mandate.granted.v1", &grant);
    let own = registry.list(&story.other_financier, "/v1/mandates");
    let statuses: Vec<&Value> = own.iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, ["answered", "active"]);
    assert_eq!(own[1]["scope"]["suppliers"], json!([story.supplier.id]));
    let seen =
        registry.get(&story.other_financier, &format!("/v1/invoices/{}", story.invoice)).json();
    assert_eq!((&seen["gross_minor"], &seen["amounts"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["axes"]["not_shown"], json!(["process", "payment", "encumbrance"]));
    registry.pass(601);
    let own = registry.list(&story.other_financier, "/v1/mandates");
    assert_eq!(own[1]["status"], "expired");
    let path = format!("/v1/invoices/{}", story.invoice);
    assert_eq!(registry.get(&story.other_financier, &path).status, 404);
}

#[test]
fn the_published_read_models_name_every_conflict() {
    let story = Story::tell();
    let published = story.registry.get(&story.auditor, "/v1/audit/read-models").json();
    assert_eq!(published["as_of"], 31);
    assert_eq!(published["conflicts"][0]["id"], json!(story.conflict));
    assert_eq!(published["digest"].as_str().map(str::len), Some(64));
}
