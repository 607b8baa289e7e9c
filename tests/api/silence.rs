//! A silent financing is not visible to the debtor: by no endpoint, count, order, event or account of reads.
//!
//! The same story is told twice, once with everything silent in it and once with as many statements that have
//! nothing to do with the debtor. What the debtor reads must be the same, byte for byte, but for what is random
//! in an answer (the request's id) and for the roots and hashes of the two logs.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

struct Telling {
    registry: Registry,
    silent: bool,
    next_key: u8,
}

impl Telling {
    /// Makes a statement of the silent story, or one that is nobody's business in its place.
    fn whisper(&mut self, by: &Party, kind: &str, data: &Value) -> String {
        if self.silent {
            return id(&self.registry.state(by, kind, data));
        }
        let key = Party::new(by.id, self.next_key);
        self.next_key += 1;
        let data = json!({"party": by.id, "key": key.key.public(), "assurance": "email-link"});
        id(&self.registry.state(by, "key.added.v1", &data))
    }
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
fn tell(silent: bool) -> Vec<(String, u16, String)> {
    let registry = Registry::start();
    let party = |id: &'static str, seed: u8, role: &str| {
        let party = Party::new(id, seed);
        registry.admit(&party, &[role]);
        party
    };
    let supplier = party("0106:00000003", 3, "supplier");
    let debtor = Party::new("0106:00000004", 4);
    registry.admit(&debtor, &["debtor", "supplier"]);
    let holder = party("0106:00000005", 5, "financier");
    let rival = party("0106:00000006", 6, "financier");
    let heir = party("0106:00000007", 7, "financier");
    let open = party("0106:00000008", 8, "financier");
    let mut telling = Telling { registry, silent, next_key: 150 };

    let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
    let shared = invoice_id(&data);
    telling.registry.state(&supplier, "invoice.registered.v1", &data);
    let other = invoice(&supplier, &debtor, "2026-0002", 50_000);
    let disclosed = invoice_id(&other);
    telling.registry.state(&supplier, "invoice.registered.v1", &other);
    // The holder also has a mandate: that it reads is the debtor's business, what else it is to the invoice is not.
    let grant = json!({
        "to": holder.id, "scope": {"kind": "all"}, "show": ["process", "payment"],
        "until": telling.registry.at(2 * 86_400),
    });
    telling.registry.state(&debtor, "mandate.granted.v1", &grant);

    // A registration, with an account and a claim to be born assigned.
    let mut again = data.clone();
    again["payee_account"] = json!("11".repeat(32));
    again["payee_differs"] = json!(true);
    again["documents"] = json!(["22".repeat(32)]);
    telling.whisper(&holder, "invoice.registered.v1", &again);
    // A reservation, a financing that takes its place, a rival's claims, refused and recorded.
    let reserve = json!({
        "invoices": [{"id": shared, "claimed_minor": 60_000}], "currency": "EUR",
        "until": telling.registry.at(3_600), "on_conflict": "refuse",
    });
    let reservation = telling.whisper(&holder, "financing.reserved.v1", &reserve);
    let mut record = financing(&shared, 60_000, "silent", "refuse");
    record["reservation"] = json!(reservation);
    let held = telling.whisper(&holder, "financing.recorded.v1", &record);
    let refused = financing(&shared, 70_000, "silent", "refuse");
    telling.whisper(&rival, "financing.recorded.v1", &refused);
    let recorded = financing(&shared, 70_000, "silent", "record");
    let second = telling.whisper(&rival, "financing.recorded.v1", &recorded);
    // On the other invoice a silent claim comes before one that is disclosed.
    let before = financing(&disclosed, 20_000, "silent", "refuse");
    let before = telling.whisper(&holder, "financing.recorded.v1", &before);
    let told = financing(&disclosed, 30_000, "disclosed", "record");
    telling.registry.state(&open, "financing.recorded.v1", &told);
    // The seller says so too, and takes it back.
    for status in ["assigned_confidential", "released"] {
        let report = json!({
            "invoice": shared, "status": status, "effective_at": telling.registry.at(-60),
            "source": {"kind": "seller"},
        });
        telling.whisper(&supplier, "status.reported.v1", &report);
    }
    // What the holders are told: a copy is registered and something happens to it, terms grow longer than they were,
    // the debtor's own supplier sells in a circle, an approval does not come, the mandate is narrowed.
    let mut copy = data.clone();
    copy["invoice"]["due_date"] = json!("2027-02-01");
    copy["payee_account"] = json!("33".repeat(32));
    telling.registry.state(&supplier, "invoice.registered.v1", &copy);
    let queried = json!({
        "invoice": invoice_id(&copy), "status": "queried", "effective_at": telling.registry.at(-60),
        "source": {"kind": "ledger"},
    });
    telling.registry.state(&debtor, "status.reported.v1", &queried);
    let back = invoice(&debtor, &supplier, "2026-0003", 31_000);
    telling.registry.state(&debtor, "invoice.registered.v1", &back);
    telling.registry.pass(40 * 86_400);
    telling.registry.state(&telling.registry.operator, "time.passed.v1", &json!({}));
    // The claims pass on and end in every way.
    let transfer = json!({"financing": held, "to": heir.id});
    telling.whisper(&holder, "financing.transferred.v1", &transfer);
    telling.whisper(&rival, "financing.released.v1", &json!({"financing": second}));
    let settled = json!({
        "financing": held, "currency": "EUR", "invoices": [{"id": shared, "received_minor": 60_000}],
    });
    telling.whisper(&heir, "financing.settled.v1", &settled);
    telling.whisper(&holder, "financing.returned.v1", &json!({"financing": before}));

    // Everybody looks, at everything.
    let routes = [
        "/v1/invoices".to_owned(),
        "/v1/invoices?status=confidentially_assigned".to_owned(),
        "/v1/invoices?status=free".to_owned(),
        "/v1/invoices?status=released".to_owned(),
        "/v1/invoices?limit=1".to_owned(),
        format!("/v1/invoices/{shared}"),
        format!("/v1/invoices/{shared}/history"),
        format!("/v1/invoices/{shared}/claims"),
        format!("/v1/invoices/{disclosed}"),
        format!("/v1/invoices/{disclosed}/history"),
        format!("/v1/invoices/{disclosed}/claims"),
        format!("/v1/statements/{held}"),
        "/v1/portfolio".to_owned(),
        "/v1/conflicts".to_owned(),
        "/v1/conflicts/cas_0".to_owned(),
        "/v1/alerts".to_owned(),
        "/v1/mandates".to_owned(),
        "/v1/participants".to_owned(),
        "/v1/events".to_owned(),
    ];
    for reader in [&holder, &rival, &heir] {
        for route in &routes {
            telling.registry.get(reader, route);
        }
    }
    let mut seen = Vec::new();
    for route in &routes {
        let answer = telling.registry.get(&debtor, route);
        seen.push((route.replace(&held, "{held}"), answer.status, masked(&answer.text())));
    }
    for invoice in [&shared, &disclosed] {
        let route = format!("/v1/reads?invoice={invoice}");
        seen.push((route.clone(), 200, readers(&telling.registry, &debtor, &route)));
    }
    seen
}

/// Takes out what is random in an answer, and the number of a claim: it counts all claims of the registry, as a
/// position counts all its records.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut json: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(members) = json.as_object_mut() {
            members.remove("request_id");
        }
        let mut parts = Vec::new();
        for part in json.to_string().split("clm_") {
            parts.push(part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned());
        }
        parts.join("clm_")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Who looked and on what ground. How often a mandate's holder looked is its own doing, so each once.
fn readers(registry: &Registry, by: &Party, route: &str) -> String {
    let mut readers: Vec<String> = Vec::new();
    for read in registry.list(by, route) {
        assert!(read.get("route").is_none(), "{read}");
        readers.push(format!("{} {}", read["reader"], read["grounds"]));
    }
    readers.sort();
    readers.dedup();
    readers.join("\n")
}

#[test]
fn the_debtor_sees_the_same_whether_or_not_there_is_a_silent_financing() {
    let with = tell(true);
    let without = tell(false);
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(with, without);
    }
    assert_eq!(with.len(), without.len());
    let claims = with.iter().filter(|(route, ..)| route.ends_with("/claims"));
    let disclosed: usize = claims.map(|(_, _, text)| text.matches("\"claim\"").count()).sum();
    assert_eq!(disclosed, 1, "the disclosed claim is there");
}
