//! One-click finance, guarantees, several sources and silence that counts, as readers see them.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

struct Scene {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    bank: Party,
    factor: Party,
}

fn scene() -> Scene {
    let registry = Registry::start();
    let party = |id: &'static str, seed: u8, role: &str| {
        let party = Party::new(id, seed);
        registry.admit(&party, &[role]);
        party
    };
    let supplier = party("0106:00000003", 3, "supplier");
    let debtor = party("0106:00000004", 4, "debtor");
    let bank = party("0106:00000005", 5, "financier");
    let factor = party("0106:00000006", 6, "financier");
    Scene { registry, supplier, debtor, bank, factor }
}

impl Scene {
    fn invoice(&self, number: &str) -> String {
        self.invoice_of(number, 100_000)
    }

    fn invoice_of(&self, number: &str, gross_minor: i64) -> String {
        let data = invoice(&self.supplier, &self.debtor, number, gross_minor);
        self.registry.state(&self.supplier, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    fn offer(&self, to: &Party, invoices: &[String]) -> String {
        let data = json!({"to": to.id, "invoices": invoices, "until": self.registry.at(86_400)});
        id(&self.registry.state(&self.supplier, "financing.requested.v1", &data))
    }

    fn see(&self, who: &Party, path: &str) -> Value {
        let answer = self.registry.get(who, path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn grant(&self, to: &Party, more: &Value) -> String {
        let mut data = json!({
            "to": to.id, "scope": {"kind": "all"},
            "show": ["document", "process", "payment", "amounts"],
            "until": self.registry.at(90 * 86_400),
        });
        for (name, value) in more.as_object().expect("an object") {
            data[name] = value.clone();
        }
        id(&self.registry.state(&self.debtor, "mandate.granted.v1", &data))
    }

    fn report(&self, invoice: &str, source: &str, status: &str, at: i64) {
        let by = if source == "seller" { &self.supplier } else { &self.debtor };
        let data = json!({
            "invoice": invoice, "status": status, "effective_at": self.registry.at(at),
            "source": {"kind": source},
        });
        self.registry.state(by, "status.reported.v1", &data);
    }
}

#[test]
fn a_financier_sees_what_it_is_offered_and_what_stands_in_the_way_before_it_answers() {
    let s = scene();
    let (one, two) = (s.invoice("2026-0001"), s.invoice_of("2026-0002", 340_000));
    s.registry.state(
        &s.factor,
        "financing.recorded.v1",
        &financing(&two, 340_000, "silent", "refuse"),
    );
    assert_eq!(s.registry.get(&s.bank, &format!("/v1/invoices/{one}")).status, 404);
    let offer = s.offer(&s.bank, &[one.clone(), two.clone()]);

    let list = s.registry.list(&s.bank, "/v1/requests?status=open");
    assert_eq!((list.len(), &list[0]["id"]), (1, &json!(offer)));
    let whole = s.see(&s.bank, &format!("/v1/requests/{offer}"));
    assert_eq!(whole["supplier"], s.supplier.id);
    assert_eq!(whole["invoices"], json!([one, two]));
    let [first, second] = [&whole["offered"][0], &whole["offered"][1]];
    assert_eq!(first["invoice"]["relations"], json!(["offered"]));
    assert_eq!(first["invoice"]["gross_minor"], 100_000);
    assert_eq!(first["invoice"]["axes"]["not_shown"], json!(["process", "payment", "encumbrance"]));
    assert_eq!(
        (&first["check"]["verdict"], &first["check"]["would"]),
        (&json!("clear"), &json!("fit"))
    );
    assert_eq!(second["check"]["would"], "conflict");
    assert!(!whole.to_string().contains(s.factor.id), "not whose the claim is");
    assert_eq!(s.registry.list(&s.bank, "/v1/invoices").len(), 2);

    // Reserving takes it up, invoice by invoice.
    let reservation = json!({
        "invoices": [{"id": one, "claimed_minor": 50_000}], "currency": "EUR",
        "until": s.registry.at(3_600), "on_conflict": "refuse",
    });
    s.registry.state(&s.bank, "financing.reserved.v1", &reservation);
    let seen = s.see(&s.supplier, &format!("/v1/requests/{offer}"));
    assert_eq!(seen["status"], "partly_taken_up");
    assert_eq!(seen["taken_up"][0]["invoice"], json!(one));
    assert_eq!(seen["taken_up"][0]["claimed_minor"], 50_000);
    assert!(seen["offered"][0].get("check").is_none(), "a check is the financier's");
    let codes = |who: &Party| -> Vec<Value> {
        let alerts = s.registry.list(who, "/v1/alerts");
        alerts.iter().map(|alert| json!([alert["code"], alert["request"]])).collect()
    };
    assert_eq!(codes(&s.bank), [json!(["financing_requested", offer])]);
    assert_eq!(codes(&s.supplier), [json!(["financing_taken_up", offer])]);

    // The rest is declined, and then no longer seen.
    let declined = json!({"request": offer, "reason": "claimed"});
    s.registry.state(&s.bank, "financing.declined.v1", &declined);
    let seen = s.see(&s.bank, &format!("/v1/requests/{offer}"));
    assert_eq!((&seen["status"], &seen["reason"]), (&json!("declined"), &json!("claimed")));
    assert!(seen["offered"][1].get("invoice").is_none());
    assert_eq!(s.registry.get(&s.bank, &format!("/v1/invoices/{two}")).status, 404);
    assert_eq!(s.registry.get(&s.bank, &format!("/v1/invoices/{one}")).status, 200);
    assert_eq!(codes(&s.supplier)[1], json!(["financing_declined", offer]));
}

#[test]
fn nobody_but_the_two_learns_of_an_offer() {
    let s = scene();
    let one = s.invoice("2026-0001");
    s.grant(&s.factor, &json!({}));
    let before: Vec<String> = everything(&s, &s.debtor, &one);
    let offer = s.offer(&s.bank, std::slice::from_ref(&one));
    // The same invoice, offered to another: each knows of its own offer only.
    let other = s.offer(&s.factor, std::slice::from_ref(&one));
    s.see(&s.bank, &format!("/v1/requests/{offer}"));
    assert_eq!(everything(&s, &s.debtor, &one), before);
    for (who, theirs) in [(&s.bank, &other), (&s.factor, &offer), (&s.debtor, &offer)] {
        assert_eq!(s.registry.get(who, &format!("/v1/requests/{theirs}")).status, 404);
        assert_eq!(s.registry.get(who, &format!("/v1/statements/{theirs}")).status, 404);
        let seen = everything(&s, who, &one).concat();
        assert!(!seen.contains(theirs.as_str()), "{seen}");
    }
    let history = s.registry.list(&s.bank, &format!("/v1/invoices/{one}/history"));
    let offers = history.iter().filter(|it| it["type"] == "financing.requested.v1");
    assert_eq!(offers.count(), 1);
    // The seller sees who looked; the debtor does not learn that somebody did.
    let reads = s.registry.list(&s.supplier, &format!("/v1/reads?invoice={one}"));
    assert!(reads.iter().any(|it| it["grounds"] == json!(["offer"])), "{reads:?}");
    let reads = s.registry.list(&s.debtor, &format!("/v1/reads?invoice={one}"));
    assert!(reads.iter().all(|it| it["reader"] != s.bank.id), "{reads:?}");
}

/// All that a reader sees around an invoice, without the size of the log.
fn everything(s: &Scene, who: &Party, invoice: &str) -> Vec<String> {
    let paths = [
        format!("/v1/invoices/{invoice}"),
        format!("/v1/invoices/{invoice}/history"),
        format!("/v1/invoices/{invoice}/claims"),
        "/v1/invoices".to_owned(),
        "/v1/requests".to_owned(),
        "/v1/alerts".to_owned(),
        "/v1/mandates".to_owned(),
        "/v1/events".to_owned(),
    ];
    let read = |path: &String| {
        let answer = s.registry.get(who, path);
        if path == "/v1/events" {
            return format!("{:?}", answer.lines());
        }
        let mut json = answer.json();
        json["as_of"] = Value::Null;
        json.to_string()
    };
    paths.iter().map(read).collect()
}

#[test]
fn an_offer_that_is_over_shows_nothing_any_more() {
    let s = scene();
    let one = s.invoice("2026-0001");
    let offer = s.offer(&s.bank, std::slice::from_ref(&one));
    s.registry.pass(86_401);
    assert_eq!(s.registry.get(&s.bank, &format!("/v1/invoices/{one}")).status, 404);
    let seen = s.see(&s.bank, &format!("/v1/requests/{offer}"));
    assert_eq!((&seen["status"], &seen["offered"]), (&json!("expired"), &json!([{}])));
    assert_eq!(s.registry.list(&s.bank, "/v1/requests?status=open").len(), 0);
    let wrong = s.registry.get(&s.bank, "/v1/requests?status=lost");
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "parameter_invalid"));
}

#[test]
fn a_guarantee_stands_beside_the_payment_axis_for_who_sees_that() {
    let s = scene();
    let one = s.invoice("2026-0001");
    s.grant(&s.bank, &json!({}));
    s.grant(&s.factor, &json!({"show": ["payment"]}));
    let data =
        json!({"invoice": one, "amount_minor": 80_000, "currency": "EUR", "date": "2036-01-31"});
    let statement = id(&s.registry.state(&s.debtor, "invoice.guaranteed.v1", &data));
    for who in [&s.supplier, &s.debtor, &s.bank] {
        let axes = s.see(who, &format!("/v1/invoices/{one}"))["axes"].clone();
        assert_eq!(axes["payment"], Value::Null, "it is no status");
        assert_eq!(axes["guaranteed"]["amount_minor"], 80_000);
        assert_eq!(axes["guaranteed"]["date"], "2036-01-31");
        assert_eq!(axes["guaranteed"]["statement"], json!(statement));
    }
    let axes = s.see(&s.factor, &format!("/v1/invoices/{one}"))["axes"].clone();
    assert!(axes["guaranteed"]["recorded_at"].is_string());
    assert!(axes["guaranteed"].get("amount_minor").is_none(), "amounts are not shown to it");
    assert_eq!(s.registry.list(&s.bank, "/v1/invoices?status=guaranteed").len(), 1);
    let history = s.registry.list(&s.bank, &format!("/v1/invoices/{one}/history"));
    assert!(history.iter().any(|it| it["type"] == "invoice.guaranteed.v1"));
}

#[test]
fn what_other_sources_say_stands_beside_the_state_and_contradictions_are_marked() {
    let s = scene();
    let one = s.invoice("2026-0001");
    s.grant(&s.bank, &json!({}));
    s.report(&one, "buyer", "approved", -60);
    let axis = |who: &Party| s.see(who, &format!("/v1/invoices/{one}"))["axes"]["process"].clone();
    assert_eq!(
        (&axis(&s.bank)["contradicted"], axis(&s.bank).get("readings")),
        (&json!(false), None)
    );
    s.report(&one, "ledger", "refused", -30);
    let seen = axis(&s.bank);
    assert_eq!((&seen["state"], &seen["source"]), (&json!("refused"), &json!("ledger")));
    assert_eq!(seen["contradicted"], true);
    assert_eq!(seen["readings"][0]["state"], "approved");
    assert_eq!(
        (&seen["readings"][0]["source"], &seen["readings"][0]["certainty"]),
        (&json!("buyer"), &json!(4))
    );
    assert_eq!(axis(&s.supplier), seen);
}

#[test]
fn silence_counts_for_whom_the_mandate_says_so_and_is_marked_as_derived() {
    let s = scene();
    let one = s.invoice("2026-0001");
    let law = json!({"tacit": {"days": 8, "law": "co-1231-2008"}});
    let mandate = s.grant(&s.bank, &law);
    s.grant(&s.factor, &json!({}));
    s.report(&one, "ledger", "booked", -1);
    assert_eq!(s.registry.list(&s.bank, "/v1/mandates")[0]["tacit"], law["tacit"]);
    let axis = |who: &Party| s.see(who, &format!("/v1/invoices/{one}"))["axes"]["process"].clone();
    s.registry.pass(8 * 86_400 - 60);
    assert_eq!((&axis(&s.bank)["state"], axis(&s.bank).get("derived")), (&json!("booked"), None));
    s.registry.pass(120);
    for who in [&s.bank, &s.debtor] {
        let seen = axis(who);
        assert_eq!((&seen["state"], &seen["derived"]), (&json!("tacitly_accepted"), &json!(true)));
        assert_eq!((&seen["law"], &seen["mandate"]), (&json!("co-1231-2008"), &json!(mandate)));
        assert!(seen.get("source").is_none() && seen.get("certainty").is_none());
        assert_eq!(seen["readings"][0]["state"], "booked");
    }
    for who in [&s.supplier, &s.factor] {
        assert_eq!(axis(who)["state"], "booked");
    }
    assert_eq!(s.registry.list(&s.bank, "/v1/invoices?status=tacitly_accepted").len(), 1);
    let history = s.registry.list(&s.bank, &format!("/v1/invoices/{one}/history"));
    assert_eq!(history.len(), 2, "it stands in no report");
    // A question comes first, and that it comes late is shown.
    s.report(&one, "ledger", "queried", -1);
    let seen = axis(&s.bank);
    assert_eq!((&seen["state"], &seen["contradicted"]), (&json!("queried"), &json!(true)));
    assert_eq!(seen["readings"][0]["state"], "tacitly_accepted");
    s.registry.state(&s.debtor, "mandate.revoked.v1", &json!({"mandate": mandate}));
    assert_eq!(axis(&s.debtor).get("readings"), None);
}

#[test]
fn a_declined_request_for_a_mandate_is_shown_as_declined() {
    let s = scene();
    let asked =
        json!({"debtor": s.debtor.id, "scope": {"kind": "all"}, "until": s.registry.at(600)});
    let asked = id(&s.registry.state(&s.bank, "mandate.requested.v1", &asked));
    s.registry.state(&s.debtor, "mandate.declined.v1", &json!({"request": asked}));
    let seen = s.registry.list(&s.bank, "/v1/mandates");
    assert_eq!(seen[0]["status"], "declined");
    assert!(seen[0]["declined_at"].is_string());
    assert_eq!(s.registry.list(&s.bank, "/v1/alerts")[0]["code"], "mandate_declined");
}
