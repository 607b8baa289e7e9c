//! What flows: many statements in, events out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use serde_json::{Value, json};

use crate::registry::{Event, Party, Registry, financing, id, invoice, invoice_id};

fn people(registry: &Registry) -> [Party; 3] {
    [
        ("0106:00000003", 3, "supplier"),
        ("0106:00000004", 4, "debtor"),
        ("0106:00000005", 5, "financier"),
    ]
    .map(|(id, seed, role)| {
        let party = Party::new(id, seed);
        registry.admit(&party, &[role]);
        party
    })
}

#[test]
fn each_line_has_its_result_in_order_and_may_build_on_the_lines_before() {
    let registry = Registry::start();
    let [supplier, debtor, financier] = people(&registry);
    let mut lines = Vec::new();
    let mut expected = Vec::new();
    for number in 0..700 {
        let data = invoice(&supplier, &debtor, &format!("N-{number:05}"), 1_000 + number);
        lines.push(registry.sign(&supplier, "invoice.registered.v1", &data));
        expected.push("invoice.registered.v1".to_owned());
        if number % 7 == 0 {
            // The invoice of the line before, financed; it may fall into the next group.
            let claim = financing(&invoice_id(&data), 10, "silent", "refuse");
            lines.push(registry.sign(&financier, "financing.recorded.v1", &claim));
            expected.push("financing.recorded.v1".to_owned());
        }
        if number % 11 == 0 {
            lines.push("nonsense".to_owned());
            expected.push("jws_not_compact".to_owned());
        }
        if number % 50 == 0 {
            lines.push("x".repeat(60_000));
            expected.push("jws_too_long".to_owned());
        }
    }
    let body = lines.join("\n");
    let answer = registry.post("application/x-ndjson", body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let results = answer.lines();
    let kinds: Vec<String> = results
        .iter()
        .map(|it| {
            it["type"]
                .as_str()
                .filter(|_| it["object"] == "receipt")
                .map_or_else(|| it["code"].as_str().unwrap_or_default().to_owned(), str::to_owned)
        })
        .collect();
    assert_eq!(kinds, expected);
    let problems = results.iter().zip(1_u64..).filter(|(result, _)| result.get("code").is_some());
    for (problem, line) in problems {
        assert_eq!(problem["line"], line);
        assert!(problem["status"].as_u64().is_some_and(|status| status == 400 || status == 413));
    }
    let positions: Vec<u64> = results.iter().filter_map(|it| it["position"].as_u64()).collect();
    assert!(positions.is_sorted(), "{positions:?}");

    // The same again: the same receipts, nothing new.
    let again = registry.post("application/x-ndjson", body.as_bytes()).lines();
    let repeated: Vec<u64> = again.iter().filter_map(|it| it["position"].as_u64()).collect();
    assert_eq!(repeated, positions);
}

#[test]
fn results_come_while_lines_are_still_sent() {
    let registry = Registry::start();
    let [supplier, debtor, _] = people(&registry);
    let address = registry.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let head = "POST /v1/statements HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answers = BufReader::new(stream.try_clone().expect("a connection")).lines();
    for number in 0..20 {
        let data = invoice(&supplier, &debtor, &format!("N-{number:05}"), 1_000 + number);
        let line = registry.sign(&supplier, "invoice.registered.v1", &data) + "\n";
        write!(stream, "{:x}\r\n{line}\r\n", line.len()).expect("sent");
        // One line sent, one result read: nobody waits for a group to fill.
        let result = answers.by_ref().map_while(Result::ok).find(|line| line.starts_with('{'));
        let result: Value = serde_json::from_str(&result.expect("a result")).expect("JSON");
        assert_eq!(result["object"], "receipt", "{result}");
    }
    stream.write_all(b"0\r\n\r\n").expect("sent");
    assert_eq!(answers.map_while(Result::ok).filter(|line| line.starts_with('{')).count(), 0);
}

#[test]
fn a_client_that_reads_nothing_until_it_has_sent_everything_is_served() {
    let registry = Registry::start();
    let [supplier, debtor, _] = people(&registry);
    let lines: Vec<String> = (0..2_000)
        .map(|number| {
            let data = invoice(&supplier, &debtor, &format!("N-{number:05}"), 1_000 + number);
            registry.sign(&supplier, "invoice.registered.v1", &data)
        })
        .collect();
    let answer = registry.post("application/x-ndjson", lines.join("\n").as_bytes());
    assert_eq!(answer.lines().len(), 2_000);
}

#[test]
fn an_empty_body_has_no_results() {
    let registry = Registry::start();
    for body in ["", "\n", "\r\n \n"] {
        let answer = registry.post("application/x-ndjson", body.as_bytes());
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{body:?}");
    }
}

#[test]
fn a_body_that_declares_too_much_is_refused_before_it_is_read() {
    let registry = Registry::start();
    let mut stream =
        TcpStream::connect(registry.url.trim_start_matches("http://")).expect("a connection");
    let head = "POST /v1/statements HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                content-type: application/x-ndjson\r\ncontent-length: 67108865\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let answer = crate::registry::Answer::parse(&answer);
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

struct Scene {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    financier: Party,
    invoice: String,
    mandate: String,
}

impl Scene {
    fn new() -> Self {
        let registry = Registry::start();
        let [supplier, debtor, financier] = people(&registry);
        let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
        registry.state(&supplier, "invoice.registered.v1", &data);
        let grant = json!({
            "to": financier.id, "scope": {"kind": "all"}, "show": ["process", "payment"],
            "until": registry.at(86_400),
        });
        let mandate = id(&registry.state(&debtor, "mandate.granted.v1", &grant));
        Self { supplier, debtor, financier, invoice: invoice_id(&data), mandate, registry }
    }

    fn report(&self, status: &str) {
        let data = json!({
            "invoice": self.invoice, "status": status, "effective_at": self.registry.at(0),
            "source": {"kind": "ledger"},
        });
        self.registry.state(&self.debtor, "status.reported.v1", &data);
    }

    /// Something that concerns the financier and nobody else.
    fn touch(&self, seed: u8) {
        let key = Party::new(self.financier.id, seed).key;
        let data = json!({
            "party": self.financier.id, "key": key.public(), "assurance": "email-link",
        });
        self.registry.state(&self.registry.operator, "key.added.v1", &data);
    }
}

#[test]
fn a_revoked_mandate_ends_status_events_at_once_also_in_an_open_stream() {
    let scene = Scene::new();
    let mut stream = scene.registry.follow(&scene.financier, None);
    let first: Vec<Event> = stream.by_ref().take(2).collect();
    assert_eq!(kinds(&first), ["participant.admitted.v1", "mandate.granted.v1"]);
    scene.report("received");
    let told = stream.next().expect("an event");
    assert_eq!(told.kind, "status.reported.v1");
    assert_eq!(told.data["subject"], scene.invoice.as_str());
    assert_eq!(told.data["specversion"], "1.0");
    assert_eq!(told.id, told.data["data"]["position"].as_u64());
    assert!(told.data["data"].get("amount_minor").is_none(), "events are thin");

    scene.registry.state(&scene.debtor, "mandate.revoked.v1", &json!({"mandate": scene.mandate}));
    assert_eq!(stream.next().expect("an event").kind, "mandate.revoked.v1");
    scene.report("approved");
    scene.touch(50);
    assert_eq!(stream.next().expect("an event").kind, "key.added.v1", "and not the approval");

    // Nor does it read again what it was told while the mandate was in force.
    let answer = scene.registry.get(&scene.financier, "/v1/events");
    assert!(!answer.text().contains("status.reported"), "{}", answer.text());
    assert_eq!(answer.lines().len(), 4);
    // The debtor's own events are all there.
    let own = scene.registry.get(&scene.debtor, "/v1/events").text();
    assert_eq!(own.matches("status.reported.v1").count(), 2);
}

#[test]
fn a_mandate_that_expires_or_is_narrowed_ends_status_events_at_once_also_in_an_open_stream() {
    let scene = Scene::new();
    let Scene { registry, debtor, financier, .. } = &scene;
    // From here on until a minute has passed, and of the process only.
    let amend = |show: Value, seconds: i64| {
        let data = json!({
            "mandate": scene.mandate, "scope": {"kind": "all"}, "show": show, "until": registry.at(seconds),
        });
        registry.state(debtor, "mandate.amended.v1", &data);
    };
    let mut stream = registry.follow(financier, None);
    let first: Vec<Event> = stream.by_ref().take(2).collect();
    assert_eq!(kinds(&first), ["participant.admitted.v1", "mandate.granted.v1"]);
    amend(json!(["payment"]), 60);
    assert_eq!(stream.next().expect("an event").kind, "mandate.amended.v1");
    scene.report("received");
    scene.touch(50);
    assert_eq!(stream.next().expect("an event").kind, "key.added.v1", "and not the process");
    scene.report("payment_selected");
    assert_eq!(stream.next().expect("an event").kind, "status.reported.v1");
    registry.pass(60);
    scene.report("payment_initiated");
    scene.touch(51);
    assert_eq!(stream.next().expect("an event").kind, "key.added.v1", "and not the payment");
    assert!(!registry.get(financier, "/v1/events").text().contains("status.reported"));
    // What it was shown stays in its own account of reads.
    let own = || registry.list(financier, "/v1/reads");
    let shown = |read: &Value| read["invoices"] == json!([scene.invoice]);
    assert!((0..500).any(|_| own().iter().any(shown)), "{:?}", own());
    assert_eq!(registry.get(financier, &format!("/v1/invoices/{}", scene.invoice)).status, 404);
}

#[test]
fn a_stream_is_taken_up_after_the_last_event_that_was_seen() {
    let scene = Scene::new();
    scene.report("received");
    let all: Vec<Event> = scene.registry.follow(&scene.financier, None).take(3).collect();
    let seen = all[1].id.expect("an id");
    let rest = scene.registry.follow(&scene.financier, Some(seen)).next();
    assert_eq!(rest.as_ref(), all.get(2));
    let lines = scene.registry.get(&scene.financier, &format!("/v1/events?after={seen}")).lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0], all[2].data);
}

#[test]
fn the_last_event_of_a_position_carries_its_id() {
    let scene = Scene::new();
    let claim = financing(&scene.invoice, 90_000, "silent", "record");
    scene.registry.state(&scene.financier, "financing.recorded.v1", &claim);
    let rival = Party::new("0106:00000006", 6);
    scene.registry.admit(&rival, &["financier"]);
    scene.registry.state(&rival, "financing.recorded.v1", &claim);
    // The operator is told of the statement and of the alert that it caused.
    let operator = &scene.registry.operator;
    let events: Vec<Event> = scene.registry.follow(operator, None).take(10).collect();
    let last = &events[8..];
    assert_eq!(kinds(last), ["financing.recorded.v1", "alert.second_claim.v1"]);
    assert_eq!(last[0].id, None);
    assert_eq!(last[1].id, last[1].data["data"]["position"].as_u64());
    assert_ne!(last[0].data["id"], last[1].data["id"]);
}

#[test]
fn a_stream_ends_with_its_token_its_caller_or_its_registry() {
    let mut scene = Scene::new();
    let end = |stream: crate::registry::Follower| {
        let events: Vec<Event> = stream.collect();
        let last = events.last().expect("an event");
        assert_eq!(last.kind, "problem");
        last.data["code"].as_str().expect("a code").to_owned()
    };
    // The token is over; the next record shows it.
    let stream = scene.registry.follow(&scene.financier, None);
    scene.registry.pass(200);
    scene.touch(50);
    assert_eq!(end(stream), "token_expired");
    // The caller is suspended.
    let stream = scene.registry.follow(&scene.financier, None);
    let out = json!({"party": scene.financier.id, "reason": "other"});
    scene.registry.state(&scene.registry.operator, "participant.suspended.v1", &out);
    assert_eq!(end(stream), "participant_suspended");
    // The registry stops, and does not wait for those who listen.
    let stream = scene.registry.follow(&scene.supplier, None);
    let listener = thread::spawn(move || end(stream));
    scene.registry.stop();
    assert_eq!(listener.join().expect("ends"), "stopping");
}

#[test]
fn events_are_read_up_to_the_head_however_many_there_are() {
    let registry = Registry::start();
    let [supplier, debtor, _] = people(&registry);
    let lines: Vec<String> = (0..1_000)
        .map(|number| {
            let data = invoice(&supplier, &debtor, &format!("N-{number:05}"), 1_000 + number);
            registry.sign(&supplier, "invoice.registered.v1", &data)
        })
        .collect();
    registry.post("application/x-ndjson", lines.join("\n").as_bytes());
    let events = registry.get(&debtor, "/v1/events").lines();
    assert_eq!(events.len(), 1_001);
    let positions: Vec<u64> =
        events.iter().filter_map(|event| event["data"]["position"].as_u64()).collect();
    assert!(positions.is_sorted_by(|one, other| one < other));
}
