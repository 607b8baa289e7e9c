//! After the claim, as a financier hears of it: by request, as events, and of nothing that is not for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

struct Scene {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    bank: Party,
    factor: Party,
}

impl Scene {
    fn new() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, roles: &[&str]| {
            let party = Party::new(id, seed);
            registry.admit(&party, roles);
            party
        };
        let supplier = party("0106:00000003", 3, &["supplier"]);
        let debtor = party("0106:00000004", 4, &["debtor", "supplier"]);
        let bank = party("0106:00000005", 5, &["financier"]);
        let factor = party("0106:00000006", 6, &["financier"]);
        Self { registry, supplier, debtor, bank, factor }
    }

    fn register(&self, by: &Party, data: &Value) -> String {
        self.registry.state(by, "invoice.registered.v1", data);
        invoice_id(data)
    }

    fn report(&self, by: &Party, invoice: &str, status: &str, more: &Value) {
        let source = if by.id == self.supplier.id { "seller" } else { "ledger" };
        let mut data = json!({
            "invoice": invoice, "status": status, "effective_at": self.registry.at(-1),
            "source": {"kind": source},
        });
        for (name, value) in more.as_object().expect("an object") {
            data[name] = value.clone();
        }
        self.registry.state(by, "status.reported.v1", &data);
    }

    fn finance(&self, by: &Party, invoice: &str, minor: i64) -> String {
        let data = financing(invoice, minor, "silent", "record");
        id(&self.registry.state(by, "financing.recorded.v1", &data))
    }

    fn codes(&self, by: &Party) -> Vec<String> {
        let alerts = self.registry.list(by, "/v1/alerts?limit=2");
        alerts.iter().map(|alert| alert["code"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Days, and a record that shows that they passed.
    fn days_pass(&self, days: i64) {
        self.registry.pass(days * 86_400);
        self.registry.state(&self.registry.operator, "time.passed.v1", &json!({}));
    }
}

fn with(mut data: Value, core: &Value) -> Value {
    for (name, value) in core.as_object().expect("an object") {
        data["invoice"][name] = value.clone();
    }
    data["amount_due_minor"] = data["invoice"]["gross_minor"].clone();
    data
}

#[test]
fn every_later_event_is_told_with_code_severity_words_and_relation() {
    let scene = Scene::new();
    let Scene { registry, supplier, debtor, bank, factor } = &scene;
    let mut data = invoice(supplier, debtor, "2026-0001", 100_000);
    data["payee_account"] = json!("11".repeat(32));
    let first = scene.register(supplier, &data);
    scene.finance(bank, &first, 60_000);
    let until = registry.at(20 * 86_400);
    let grant =
        json!({"to": bank.id, "scope": {"kind": "all"}, "show": ["process"], "until": until});
    let mandate = id(&registry.state(debtor, "mandate.granted.v1", &grant));

    // A copy with a later date and another account, that the bank does not see.
    let mut later = with(data.clone(), &json!({"due_date": "2027-03-01"}));
    later["payee_account"] = json!("22".repeat(32));
    let copy = scene.register(supplier, &later);
    let mut expected = vec!["payee_changed", "re_aged"];
    // A claim that fits, on the invoice itself; and one that does not, on the copy.
    scene.finance(factor, &first, 40_000);
    expected.push("claim_beside");
    scene.finance(factor, &copy, 90_000);
    expected.push("second_claim");
    // Statuses of the copy.
    scene.report(debtor, &copy, "queried", &json!({}));
    expected.push("queried");
    // Statuses of the invoice.
    scene.report(debtor, &first, "approved", &json!({}));
    scene.report(debtor, &first, "queried", &json!({}));
    expected.push("approval_withdrawn");
    let part = json!({"amount_minor": 100, "currency": "EUR"});
    scene.report(debtor, &first, "part_paid", &part);
    expected.push("paid");
    scene.report(debtor, &first, "payment_reversed", &part);
    expected.push("payment_reversed");
    scene.report(debtor, &first, "payment_promised", &json!({"date": "2027-01-15"}));
    expected.push("due_changed");
    scene.report(supplier, &first, "assigned_confidential", &json!({}));
    expected.push("assigned_elsewhere");
    scene.report(supplier, &first, "payee_changed", &json!({}));
    expected.push("payee_changed");
    let credit = json!({
        "invoice": first, "credit_note": "CN-1", "issue_date": "2026-11-01", "currency": "EUR",
        "amount_minor": 1_000,
    });
    registry.state(supplier, "invoice.credited.v1", &credit);
    expected.push("credited");
    scene.report(debtor, &first, "refused", &json!({}));
    expected.push("refused");
    let cancel = json!({"invoice": first, "reason": "error"});
    registry.state(supplier, "invoice.cancelled.v1", &cancel);
    expected.push("cancelled");
    registry.state(debtor, "mandate.revoked.v1", &json!({"mandate": mandate}));
    expected.push("mandate_revoked");
    assert_eq!(scene.codes(bank), expected);

    let alerts = registry.list(bank, "/v1/alerts");
    for alert in &alerts {
        assert!(["alarm", "warning", "notice"].contains(&alert["severity"].as_str().expect("one")));
        assert!(alert["words"].as_str().expect("words").len() > 20);
        if alert["code"] == "mandate_revoked" {
            assert_eq!(alert["mandate"], json!(mandate));
            assert!(alert.get("invoice").is_none() && alert.get("relation").is_none());
            continue;
        }
        assert_eq!(alert["invoice"], json!(first), "its own");
        assert_eq!(alert["due_date"], "2026-12-01", "as first registered");
        assert!(alert.get("related_invoice").is_none(), "which it does not see: {alert}");
    }
    let relation = |code: &str| {
        let alert = alerts.iter().find(|alert| alert["code"] == *code);
        alert.map(|alert| alert["relation"].clone()).expect(code)
    };
    assert_eq!(relation("re_aged"), "altered");
    assert_eq!(relation("queried"), "altered");
    assert_eq!(relation("claim_beside"), "identical");
    assert_eq!(relation("credited"), "identical");
    // Nobody's name, customer or terms.
    let text = registry.get(bank, "/v1/alerts?limit=100").text();
    for word in [factor.id, &copy, "90000", "40000"] {
        assert!(!text.contains(word), "{word}");
    }
    // The same as events, under the same ids.
    let events = registry.get(bank, "/v1/events").lines();
    let events: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("alert.")))
        .collect();
    assert_eq!(events.len(), alerts.len());
    for (event, alert) in events.iter().zip(&alerts) {
        assert_eq!(event["id"], alert["id"]);
        assert_eq!(
            event["type"],
            json!(format!("alert.{}.v1", alert["code"].as_str().expect("one")))
        );
        assert_eq!(event["data"]["severity"], alert["severity"]);
        assert_eq!(event["data"].get("relation"), alert.get("relation"));
    }
    // The parties of the invoice are told nothing of this.
    assert!(scene.codes(supplier).is_empty() && scene.codes(debtor).is_empty());
}

#[test]
fn alerts_are_narrowed_by_code_invoice_and_time() {
    let scene = Scene::new();
    let Scene { registry, supplier, debtor, bank, .. } = &scene;
    let one = scene.register(supplier, &invoice(supplier, debtor, "A-17", 100_000));
    let other =
        with(invoice(supplier, debtor, "B-4711", 7_330), &json!({"issue_date": "2026-11-11"}));
    let other = scene.register(supplier, &other);
    scene.finance(bank, &one, 100_000);
    scene.finance(bank, &other, 5_000);
    for invoice in [&one, &other] {
        scene.report(debtor, invoice, "booked", &json!({}));
        scene.report(debtor, invoice, "queried", &json!({}));
    }
    registry.pass(60);
    let since = registry.now().to_string();
    for invoice in [&one, &other, &one] {
        scene.report(debtor, invoice, "part_paid", &json!({"amount_minor": 10, "currency": "EUR"}));
        registry.pass(1);
        scene.report(
            debtor,
            invoice,
            "payment_reversed",
            &json!({"amount_minor": 10, "currency": "EUR"}),
        );
    }
    let count = |query: &str| registry.list(bank, &format!("/v1/alerts?limit=1{query}")).len();
    assert_eq!(count(""), 8);
    assert_eq!(count("&code=queried"), 2);
    assert_eq!(count(&format!("&invoice={one}")), 5);
    assert_eq!(count(&format!("&since={since}")), 6);
    assert_eq!(count(&format!("&since={since}&invoice={one}&code=paid")), 2);
    assert_eq!(count("&since=2027-06-01T00:00:00Z"), 0);
    // The ids do not depend on where a page begins.
    let ids = |path: &str| -> BTreeSet<String> {
        registry.list(bank, path).iter().map(|it| it["id"].to_string()).collect()
    };
    assert_eq!(ids("/v1/alerts?limit=1"), ids("/v1/alerts?limit=100"));
    for wrong in ["code=storm", "invoice=x", "since=yesterday", "severity=alarm"] {
        assert_eq!(registry.get(bank, &format!("/v1/alerts?{wrong}")).code(), "parameter_invalid");
    }
    // The operator sees whose they are.
    let all = registry.list(&registry.operator, &format!("/v1/alerts?invoice={other}"));
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|alert| alert["to"] == bank.id));
}

#[test]
fn what_does_not_come_in_time_is_told_when_the_time_has_passed() {
    let scene = Scene::new();
    let Scene { registry, supplier, debtor, bank, .. } = &scene;
    let mut data = invoice(supplier, debtor, "2026-0001", 100_000);
    data["invoice"]["issue_date"] = json!("2026-11-20");
    let first = scene.register(supplier, &data);
    scene.finance(bank, &first, 100_000);
    let until = registry.at(2 * 86_400);
    let grant =
        json!({"to": bank.id, "scope": {"kind": "all"}, "show": ["process"], "until": until});
    let mandate = id(&registry.state(debtor, "mandate.granted.v1", &grant));
    let head = registry.get_open("/checkpoint").text();
    let head: u64 = head.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size");
    scene.days_pass(3);
    let events = registry.get(bank, &format!("/v1/events?after={}", head - 1)).lines();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["type"], "alert.mandate_expired.v1");
    assert_eq!(events[0]["data"]["mandate"], json!(mandate));
    assert!(events[0].get("subject").is_none());
    scene.days_pass(7);
    assert_eq!(
        scene.codes(bank),
        ["mandate_expired"],
        "the last of its days is the first of December"
    );
    registry.pass(86_400);
    // Whose record it is does not matter.
    scene.register(
        supplier,
        &with(invoice(supplier, debtor, "Z-1", 3_113), &json!({"issue_date": "2026-08-03"})),
    );
    assert_eq!(scene.codes(bank), ["mandate_expired", "approval_overdue"]);
    let own = registry.list(bank, &format!("/v1/alerts?invoice={first}"));
    assert_eq!(own[0]["severity"], "warning");
    assert_eq!(own[0]["relation"], "identical");
}

#[test]
fn drifting_terms_and_trade_in_a_circle_are_told_without_names() {
    let scene = Scene::new();
    let Scene { registry, supplier, debtor, bank, factor } = &scene;
    let dated = |number: &str, minor: i64, issued: &str, due: &str| {
        with(
            invoice(supplier, debtor, number, minor),
            &json!({"issue_date": issued, "due_date": due}),
        )
    };
    let mut ids = Vec::new();
    for (number, minor, issued, due) in [
        ("A-1", 51_000, "2026-08-01", "2026-08-31"),
        ("K-22", 8_200, "2026-09-02", "2026-10-02"),
        ("T-333", 130_417, "2026-10-05", "2026-11-04"),
    ] {
        ids.push(scene.register(supplier, &dated(number, minor, issued, due)));
    }
    scene.finance(bank, &ids[2], 100_000);
    scene.register(supplier, &dated("W-9", 777, "2026-11-10", "2027-05-09"));
    assert_eq!(scene.codes(bank), ["term_drift"]);
    // The buyer sells something to the seller's supplier, who sells to the seller.
    let third = Party::new("0106:00000007", 7);
    scene.register(
        debtor,
        &with(invoice(debtor, &third, "D-1", 130_000), &json!({"issue_date": "2026-11-01"})),
    );
    assert_eq!(scene.codes(bank).len(), 1);
    scene.register(
        factor,
        &with(invoice(&third, supplier, "X-1", 129_800), &json!({"issue_date": "2026-11-03"})),
    );
    assert_eq!(scene.codes(bank), ["term_drift", "circular_trade"]);
    for alert in registry.list(bank, "/v1/alerts") {
        assert_eq!(alert["invoice"], json!(ids[2]));
        assert!(alert.get("relation").is_none() && alert.get("related_invoice").is_none());
        assert!(!alert.to_string().contains(third.id) && !alert.to_string().contains(debtor.id));
    }
    assert!(scene.codes(factor).is_empty());
}
