//! Register, reserve and check again in one request.

use serde_json::{Value, json};

use crate::registry::{Answer, Party, Registry, financing, invoice, invoice_id};

const NDJSON: &str = "application/x-ndjson";

struct World {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    bank: Party,
    factor: Party,
}

impl World {
    fn new() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        Self {
            supplier: party("0106:00000003", 3, "supplier"),
            debtor: party("0106:00000004", 4, "debtor"),
            bank: party("0106:00000005", 5, "financier"),
            factor: party("0106:00000006", 6, "financier"),
            registry,
        }
    }

    fn invoice(&self, number: &str, minor: i64) -> Value {
        invoice(&self.supplier, &self.debtor, number, minor)
    }

    fn register(&self, by: &Party, data: &Value) -> String {
        self.registry.sign(by, "invoice.registered.v1", data)
    }

    fn reserve(&self, by: &Party, data: &Value, minor: i64, on_conflict: &str) -> String {
        let reserve = json!({
            "invoices": [{"id": invoice_id(data), "claimed_minor": minor}], "currency": "EUR",
            "until": self.registry.at(3_600), "on_conflict": on_conflict,
        });
        self.registry.sign(by, "financing.reserved.v1", &reserve)
    }

    fn send(&self, by: &Party, statements: &[String]) -> Answer {
        let body = statements.join("\n");
        self.registry.post_as(by, "/v1/financings", NDJSON, body.as_bytes())
    }

    fn size(&self) -> String {
        let checkpoint = self.registry.get_open("/checkpoint").text();
        checkpoint.lines().nth(1).expect("a size").to_owned()
    }
}

#[test]
fn an_invoice_is_registered_reserved_and_checked_again_in_one_request() {
    let w = World::new();
    let (one, two) = (w.invoice("1", 1_000), w.invoice("2", 2_000));
    let statements = [
        w.register(&w.bank, &one),
        w.reserve(&w.bank, &one, 900, "refuse"),
        w.register(&w.bank, &two),
        w.reserve(&w.bank, &two, 2_000, "refuse"),
    ];
    let answer = w.send(&w.bank, &statements);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let group = answer.json();
    let results = group["results"].as_array().expect("results");
    let positions: Vec<_> = results.iter().map(|it| it["position"].as_u64()).collect();
    let first = positions[0].expect("a position");
    assert_eq!(positions, (first..first + 4).map(Some).collect::<Vec<_>>(), "nothing in between");
    let checks = group["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 2);
    for (check, (data, minor)) in checks.iter().zip([(&one, 900), (&two, 2_000)]) {
        assert_eq!(check["invoice"], json!(invoice_id(data)));
        assert_eq!((&check["verdict"], &check["would"]), (&json!("clear"), &json!("fit")));
        let own = &check["own_claims"][0];
        assert_eq!((&own["rank"], &own["amount_minor"]), (&json!(1), &json!(minor)));
        assert!(own["until"].is_string());
    }
    assert_eq!(group["as_of"].as_u64(), Some(first + 4));
    // The same bytes again: the same receipts, and nothing new.
    let size = w.size();
    let again = w.send(&w.bank, &statements).json();
    let receipts = |group: &Value| -> Vec<Value> {
        let results = group["results"].as_array().expect("results");
        results.iter().map(|it| json!([it["id"], it["position"], it["outcome"]])).collect()
    };
    assert_eq!(receipts(&again), receipts(&group));
    assert_eq!(w.size(), size);
}

#[test]
fn where_the_reservation_is_refused_the_registration_stays_and_the_answer_says_why() {
    let w = World::new();
    let data = w.invoice("1", 1_000);
    w.registry.state(&w.supplier, "invoice.registered.v1", &data);
    let held = financing(&invoice_id(&data), 800, "silent", "refuse");
    w.registry.state(&w.bank, "financing.recorded.v1", &held);
    let mut copy = data.clone();
    copy["invoice"]["number"] = json!("1-A");
    let statements = [w.register(&w.factor, &copy), w.reserve(&w.factor, &copy, 1_000, "refuse")];
    let group = w.send(&w.factor, &statements).json();
    assert_eq!(group["results"][0]["outcome"], "admitted");
    assert_eq!(group["results"][1]["outcome"], "refused");
    let check = &group["checks"][0];
    assert_eq!(check["own_claims"], json!([]));
    assert_eq!(check["would"], "conflict");
    assert_eq!(check["claimed_minor"], 1_000);
    let (found, told) = (&check["findings"][0], &group["results"][1]["findings"][0]);
    assert_eq!((&found["rank"], &found["relation"]), (&told["rank"], &told["relation"]));
    assert!(check["registered"]["registered_at"].is_string());
    assert!(!group.to_string().contains(w.bank.id), "{group}");
    assert_eq!(w.registry.list(&w.factor, "/v1/invoices").len(), 1, "the registration stays");
    // Recorded all the same, it is ranked and in a conflict.
    let group = w.send(&w.factor, &[w.reserve(&w.factor, &copy, 1_000, "record")]).json();
    let own = &group["checks"][0]["own_claims"][0];
    assert_eq!(own["rank"], 2);
    assert_eq!(own["conflict"], group["results"][0]["findings"][0]["case"]);
}

#[test]
fn what_does_not_belong_there_is_refused_as_a_whole_and_leaves_nothing() {
    let w = World::new();
    let data = w.invoice("1", 1_000);
    let good = w.register(&w.bank, &data);
    let size = w.size();
    let of_another = w.register(&w.factor, &data);
    let credit = json!({
        "invoice": invoice_id(&data), "credit_note": "C", "issue_date": "2026-11-01",
        "currency": "EUR", "amount_minor": 5,
    });
    let credit = w.registry.sign(&w.bank, "invoice.credited.v1", &credit);
    for bad in [of_another, credit] {
        let answer = w.send(&w.bank, &[good.clone(), bad]);
        assert_eq!((answer.status, answer.code().as_str()), (422, "statement_unfit"));
        assert_eq!(answer.json()["line"], 2);
    }
    assert_eq!(w.send(&w.bank, &[]).code(), "statement_unfit");
    let many = vec!["x".to_owned(); 1_001];
    assert_eq!(w.send(&w.bank, &many).code(), "statement_unfit");
    assert_eq!(w.send(&w.bank, &["x".repeat(5_000_000)]).code(), "body_too_large");
    let jose = w.registry.post_as(&w.bank, "/v1/financings", "application/jose", good.as_bytes());
    assert_eq!(jose.code(), "media_type_unsupported");
    assert_eq!(w.size(), size);
    // What cannot be read is a problem of its own line, and the rest goes on.
    let answer =
        w.send(&w.bank, &[good, "nonsense".to_owned(), w.reserve(&w.bank, &data, 5, "refuse")]);
    let group = answer.json();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(group["results"][1]["code"], "jws_not_compact");
    assert_eq!(group["results"][1]["line"], 2);
    assert_eq!(group["results"][2]["outcome"], "admitted");
    assert_eq!(group["checks"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_claim_on_what_one_does_not_know_tells_nothing_of_it() {
    let w = World::new();
    let data = w.invoice("1", 1_000);
    w.registry.state(&w.supplier, "invoice.registered.v1", &data);
    let held = financing(&invoice_id(&data), 1_000, "silent", "refuse");
    w.registry.state(&w.bank, "financing.recorded.v1", &held);
    // The hash alone: the receipt tells of the conflict, and that is all.
    let group = w.send(&w.factor, &[w.reserve(&w.factor, &data, 1_000, "refuse")]).json();
    assert_eq!(group["results"][0]["outcome"], "refused");
    assert_eq!(group["checks"], json!([]));
}
