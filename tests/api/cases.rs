//! The case file over HTTP: what each side sees of it, and whom it never learns of.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

/// Two financiers in a conflict, on two registrations of what looks like one invoice.
struct Dispute {
    registry: Registry,
    supplier: Party,
    auditor: Party,
    first: Party,
    second: Party,
    invoices: [String; 2],
    conflict: String,
    /// The statements of the two, for whoever should not have them.
    statements: [Vec<String>; 2],
}

impl Dispute {
    fn begin() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let auditor = party("0106:00000002", 2, "auditor");
        let supplier = party("0106:00000003", 3, "supplier");
        let debtor = party("0106:00000004", 4, "debtor");
        let first = party("0106:00000005", 5, "financier");
        let second = party("0106:00000006", 6, "financier");
        let one = invoice(&supplier, &debtor, "2026-0001", 100_000);
        let mut other = one.clone();
        other["invoice"]["type"] = json!(393);
        let one_id = id(&registry.state(&first, "invoice.registered.v1", &one));
        let other_id = id(&registry.state(&second, "invoice.registered.v1", &other));
        let invoices = [invoice_id(&one), invoice_id(&other)];
        let claim = financing(&invoices[0], 81_000, "silent", "record");
        let mine = id(&registry.state(&first, "financing.recorded.v1", &claim));
        let claim = financing(&invoices[1], 72_000, "silent", "record");
        let receipt = registry.state(&second, "financing.recorded.v1", &claim);
        let conflict = receipt["findings"][0]["case"].as_str().expect("a conflict").to_owned();
        let statements = [vec![one_id, mine], vec![other_id, id(&receipt)]];
        Self { registry, supplier, auditor, first, second, invoices, conflict, statements }
    }

    /// A step of one side, 0 or 1, which is remembered.
    fn step(&mut self, side: usize, kind: &str, more: &Value) {
        let by = [&self.first, &self.second][side].clone();
        let receipt = self.say(&by, kind, more);
        self.statements[side].push(id(&receipt));
    }

    fn say(&self, by: &Party, kind: &str, more: &Value) -> Value {
        let mut data = json!({"conflict": self.conflict});
        for (name, value) in more.as_object().expect("members") {
            data[name] = value.clone();
        }
        self.registry.state(by, &format!("conflict.{kind}.v1"), &data)
    }

    fn resolve(&mut self, side: usize, resolution: &Value) {
        self.step(side, "resolved", &json!({"resolution": resolution}));
    }

    fn case(&self, reader: &Party) -> Value {
        let answer = self.registry.get(reader, &format!("/v1/conflicts/{}", self.conflict));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Everything that a side can read, in one text.
    fn everything_of(&self, side: usize) -> String {
        let reader = [&self.first, &self.second][side];
        let mut routes: Vec<String> = [
            "/v1/conflicts",
            "/v1/alerts",
            "/v1/events",
            "/v1/portfolio",
            "/v1/invoices",
            "/v1/participants",
            "/v1/mandates",
        ]
        .map(str::to_owned)
        .to_vec();
        routes.push(format!("/v1/conflicts/{}", self.conflict));
        for invoice in &self.invoices {
            for part in ["", "/history", "/claims"] {
                routes.push(format!("/v1/invoices/{invoice}{part}"));
            }
        }
        let others = self.statements[1 - side].iter();
        routes.extend(others.map(|statement| format!("/v1/statements/{statement}")));
        let mut all = String::new();
        for route in routes {
            let answer = self.registry.get(reader, &route);
            // What is refused says no more than what was asked.
            if answer.status == 200 {
                all.push_str(&answer.text());
            }
        }
        all
    }

    /// What must not be in anything that a side reads: the other's id, statements, invoice and amount.
    fn assert_blind(&self, side: usize, identity: bool) {
        let seen = self.everything_of(side);
        let other = 1 - side;
        let party = [&self.first, &self.second][other].id;
        assert_eq!(seen.contains(party), identity, "the identity, to side {side}");
        for statement in &self.statements[other] {
            assert!(!seen.contains(statement.as_str()), "{statement} to side {side}");
        }
        assert!(!seen.contains(&self.invoices[other]), "the invoice, to side {side}");
        let amount = ["81000", "72000"][other];
        assert!(!seen.contains(amount), "the terms, to side {side}");
    }
}

#[test]
fn whatever_is_said_the_other_side_learns_what_and_not_who() {
    let mut dispute = Dispute::begin();
    for side in [0, 1] {
        dispute.step(side, "acknowledged", &json!({}));
        dispute.step(side, "contested", &json!({"reason": "buyer_deducted"}));
        let hash = format!("{:064x}", side + 1);
        dispute.step(side, "evidenced", &json!({"evidence": [hash]}));
    }
    dispute.resolve(0, &json!({"kind": "subordinated", "order": [2, 1]}));
    dispute.step(0, "disclosed", &json!({}));
    dispute.assert_blind(0, false);
    dispute.assert_blind(1, false);
    let case = dispute.case(&dispute.second);
    let steps = case["steps"].as_array().expect("steps");
    let of = |step: &Value| (step["by"].clone(), step["party"].clone(), step["code"].clone());
    let seen: Vec<_> = steps.iter().map(of).collect();
    let expected = [
        ("other", 1, "acknowledged"),
        ("other", 1, "contested"),
        ("other", 1, "evidenced"),
        ("you", 2, "acknowledged"),
        ("you", 2, "contested"),
        ("you", 2, "evidenced"),
        ("other", 1, "proposed"),
        ("other", 1, "disclosed"),
    ];
    let expected = expected.map(|(by, party, code)| (json!(by), json!(party), json!(code)));
    assert_eq!(seen, expected);
    assert_eq!(steps[1]["outside_code"], "1229:13");
    assert_eq!(steps[2]["evidence"], json!([format!("{:064x}", 1)]));
    assert_eq!(steps[6]["resolution"], json!({"kind": "subordinated", "order": [2, 1]}));
    let alerts = dispute.registry.list(&dispute.second, "/v1/alerts");
    let codes: Vec<&str> = alerts.iter().filter_map(|alert| alert["code"].as_str()).collect();
    let expected = [
        "conflict_acknowledged",
        "conflict_contested",
        "conflict_evidence",
        "conflict_proposed",
        "identity_offered",
    ];
    assert_eq!(codes, expected);
    for alert in &alerts {
        assert_eq!(alert["invoice"], dispute.invoices[1].as_str(), "an invoice of its own");
    }

    // Both consent: each knows the other, and still nothing else.
    dispute.step(1, "disclosed", &json!({}));
    dispute.assert_blind(0, true);
    dispute.assert_blind(1, true);
    let case = dispute.case(&dispute.second);
    assert_eq!(case["parties"][0]["id"], dispute.first.id);
    assert_eq!(case["claims"][0]["holder"], dispute.first.id);
    let watched = dispute.case(&dispute.auditor);
    assert_eq!(watched["parties"][1]["id"], dispute.second.id);
}

#[test]
fn the_operator_reveals_by_a_signed_decision() {
    let dispute = Dispute::begin();
    let operator = dispute.registry.operator.clone();
    dispute.say(&operator, "disclosed", &json!({}));
    dispute.assert_blind(0, true);
    dispute.assert_blind(1, true);
    let case = dispute.case(&dispute.first);
    assert_eq!(case["steps"][0]["by"], "operator");
    assert_eq!(case["steps"][0]["code"], "revealed");
    assert!(case["steps"][0].get("party").is_none());
}

#[test]
fn what_is_late_is_shown_per_party_until_it_is_done_or_over() {
    let mut dispute = Dispute::begin();
    let parties = |dispute: &Dispute| dispute.case(&dispute.first)["parties"].clone();
    let begin = parties(&dispute);
    assert_eq!(begin[0]["overdue"], json!([]));
    assert_eq!((&begin[0]["you"], &begin[1]["you"]), (&json!(true), &json!(false)));
    dispute.step(0, "acknowledged", &json!({}));
    dispute.registry.pass(24 * 3_600 + 1);
    let later = parties(&dispute);
    assert_eq!(later[0]["overdue"], json!([]));
    assert_eq!(later[1]["overdue"], json!(["acknowledge"]));
    dispute.registry.pass(72 * 3_600);
    let late = parties(&dispute);
    assert_eq!(late[0]["overdue"], json!(["answer"]));
    assert_eq!(late[1]["overdue"], json!(["acknowledge", "answer"]));
    dispute.step(1, "contested", &json!({"reason": "not_recognised"}));
    assert_eq!(parties(&dispute)[1]["overdue"], json!([]));
    let claims = dispute.registry.list(&dispute.second, "/v1/portfolio");
    let release = json!({"financing": claims[0]["claim"]["financing"]});
    dispute.registry.state(&dispute.second, "financing.released.v1", &release);
    assert_eq!(parties(&dispute)[0]["overdue"], json!([]));
    let case = dispute.case(&dispute.first);
    assert_eq!(case["resolution"], json!({"kind": "released"}));
    assert_eq!(case["steps"][2]["code"], "resolved");
}

#[test]
fn two_invoices_that_both_say_are_not_the_same_are_told_apart_for_good() {
    let mut dispute = Dispute::begin();
    let apart = json!({"kind": "not_the_same_invoice"});
    dispute.resolve(0, &apart);
    assert_eq!(dispute.case(&dispute.first)["open"], true);
    dispute.resolve(1, &apart);
    let case = dispute.case(&dispute.first);
    assert_eq!(case["open"], false);
    assert_eq!(case["resolution"], apart);
    assert_eq!(case["steps"][0]["code"], "proposed");
    assert_eq!(case["steps"][1]["code"], "resolved");
    dispute.assert_blind(0, false);
    dispute.assert_blind(1, false);
    let watched = dispute.case(&dispute.auditor);
    let told_apart = &watched["resolution"]["invoices"];
    assert_eq!(told_apart.as_array().expect("invoices").len(), 2);
    // The rest of either is free again.
    for (side, invoice) in [(0, 0), (1, 1)] {
        let by = [&dispute.first, &dispute.second][side];
        let rest = financing(&dispute.invoices[invoice], 10_000, "silent", "refuse");
        let receipt = dispute.registry.state(by, "financing.recorded.v1", &rest);
        assert_eq!(receipt["findings"], json!([]));
    }
    assert_eq!(dispute.registry.list(&dispute.first, "/v1/conflicts").len(), 1);
}

#[test]
fn shares_are_shown_by_rank_to_those_who_agreed_on_them() {
    let mut dispute = Dispute::begin();
    let shared = json!({"kind": "shared", "currency": "EUR", "shares": [
        {"rank": 2, "amount_minor": 40_000}, {"rank": 1, "amount_minor": 60_000},
    ]});
    dispute.resolve(1, &shared);
    dispute.resolve(0, &shared);
    let case = dispute.case(&dispute.first);
    assert!(case["cleared_at"].is_string());
    let agreed = json!([{"rank": 1, "amount_minor": 60_000}, {"rank": 2, "amount_minor": 40_000}]);
    assert_eq!(case["resolution"]["shares"], agreed);
    for (rank, claim) in (1..).zip(case["claims"].as_array().expect("claims")) {
        assert_eq!((&claim["rank"], &claim["active"]), (&json!(rank), &json!(true)));
        assert!(claim.pointer("/claim/rank").is_none(), "one rank in one answer");
    }
    // The seller, who sees the claims, is told nothing of what their holders say to each other.
    let events = dispute.registry.get(&dispute.supplier, "/v1/events").text();
    assert!(!events.contains("conflict."), "{events}");
}
