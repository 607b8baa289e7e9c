//! Behaviour and forecast over HTTP: what they say, from what, to whom, for how long, and who is told that they were read.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, id, invoice, invoice_id};

/// Ten days that the debtor took to pay after the due day, one for each invoice.
const LATE: [i64; 6] = [0, 2, 4, 6, 8, 30];

struct Scene {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    bank: Party,
    invoices: Vec<String>,
    open: String,
}

impl Scene {
    /// Six paid invoices and an open one.
    fn new() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let supplier = party("0106:00000003", 3, "supplier");
        let debtor = party("0106:00000004", 4, "debtor");
        let bank = party("0106:00000005", 5, "financier");
        let register = |number: &str, minor: i64, issued: &str, due: &str| {
            let mut data = invoice(&supplier, &debtor, number, minor);
            data["invoice"]["issue_date"] = json!(issued);
            data["invoice"]["due_date"] = json!(due);
            registry.state(&supplier, "invoice.registered.v1", &data);
            invoice_id(&data)
        };
        let report = |invoice: &str, status: &str, at: &str| {
            let data = json!({
                "invoice": invoice, "status": status, "effective_at": at, "source": {"kind": "ledger"},
            });
            registry.state(&debtor, "status.reported.v1", &data);
        };
        let mut invoices = Vec::new();
        for (number, late) in (1_i64..).zip(LATE) {
            let minor = 1_000 * number;
            let invoice = register(&format!("A-{number}00"), minor, "2026-07-01", "2026-07-31");
            report(&invoice, "approved", &format!("2026-07-{:02}T08:00:00Z", 2 * number));
            let day = 31 + late;
            let paid =
                if day > 31 { format!("2026-08-{:02}", day - 31) } else { "2026-07-31".into() };
            report(&invoice, "paid", &format!("{paid}T08:00:00Z"));
            invoices.push(invoice);
        }
        let open = register("Z-9", 77_000, "2026-11-02", "2026-11-30");
        Self { registry, supplier, debtor, bank, invoices, open }
    }

    fn grant(&self, show: &Value, seconds: i64) -> String {
        let data = json!({
            "to": self.bank.id, "scope": {"kind": "all"}, "show": show, "until": self.registry.at(seconds),
        });
        id(&self.registry.state(&self.debtor, "mandate.granted.v1", &data))
    }

    fn behaviour(&self, by: &Party) -> Value {
        let answer = self.registry.get(by, &format!("/v1/debtors/{}/behaviour", self.debtor.id));
        if answer.status == 200 { answer.json() } else { json!(answer.status) }
    }

    fn forecast(&self, by: &Party) -> Value {
        let answer = self.registry.get(by, &format!("/v1/suppliers/{}/forecast", self.supplier.id));
        if answer.status == 200 { answer.json() } else { json!(answer.status) }
    }
}

#[test]
fn a_debtors_behaviour_is_told_with_observations_period_and_rule() {
    let scene = Scene::new();
    let behaviour = scene.behaviour(&scene.supplier);
    assert_eq!(behaviour["object"], "behaviour");
    assert_eq!(
        behaviour["invoices"],
        json!({"observations": 7, "issued_from": "2026-07-01", "issued_to": "2026-11-02", "complete": true})
    );
    assert_eq!(
        behaviour["days_to_approve"],
        json!({
            "observations": 6, "issued_from": "2026-07-01", "issued_to": "2026-07-01",
            "p25_days": 3, "median_days": 5, "p75_days": 9, "p90_days": 11,
        })
    );
    assert_eq!(behaviour["days_to_pay"]["median_days"], 34);
    assert_eq!(behaviour["days_late"]["p90_days"], 30);
    assert_eq!(behaviour["late"]["count"], 5);
    assert_eq!(behaviour["late"]["basis_points"], 8_333);
    assert_eq!(behaviour["dilution"][0]["invoiced_minor"], 98_000);
    // Below five observations the number is told, and no value.
    assert_eq!(
        behaviour["broken_promises"],
        json!({
            "observations": 0, "issued_from": null, "issued_to": null, "count": null, "basis_points": null,
        })
    );
    assert!(behaviour["rule"]["late"].as_str().is_some_and(|rule| rule.contains("the due day")));
    assert!(behaviour["as_of"].is_u64());
    // Of no party id that is an alias there is another answer.
    let link = json!({"party": scene.debtor.id, "alias": "0208:0403019261"});
    scene.registry.state(&scene.registry.operator, "party.linked.v1", &link);
    let alias = scene.registry.get(&scene.supplier, "/v1/debtors/0208:0403019261/behaviour").json();
    assert_eq!(alias["days_to_approve"], behaviour["days_to_approve"]);
    let wrong = scene.registry.get(&scene.supplier, "/v1/debtors/nobody/behaviour");
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "parameter_invalid"));
}

#[test]
fn a_suppliers_cash_is_told_by_week_with_its_band_and_rule() {
    let scene = Scene::new();
    let forecast = scene.forecast(&scene.supplier);
    let cash = &forecast["currencies"][0];
    // Due on 30 November, a median of 4 days later: 4 December; from 2 to 8 days later.
    assert_eq!(cash["weeks"][2]["expected"], json!({"invoices": 1, "open_minor": 77_000}));
    assert_eq!(
        (&cash["weeks"][2]["from"], &cash["weeks"][2]["to"]),
        (&json!("2026-11-30"), &json!("2026-12-06"))
    );
    assert_eq!(cash["weeks"][2]["low_by_end_minor"], 0);
    assert_eq!(cash["weeks"][2]["high_by_end_minor"], 77_000);
    assert_eq!(cash["weeks"][3]["low_by_end_minor"], 77_000);
    assert_eq!(cash["founded_on"]["debtor"]["invoices"], 1);
    assert_eq!(forecast["debtors"][0]["delay"]["median_days"], 4);
    assert_eq!(forecast["debtors"][0]["debtor"], scene.debtor.id);
    assert_eq!((&forecast["invoices"], &forecast["complete"]), (&json!(7), &json!(true)));
    assert!(forecast["rule"].as_str().is_some_and(|rule| rule.contains("promised")));
}

#[test]
fn both_end_with_the_mandate_and_the_debtor_sees_that_they_were_read() {
    let scene = Scene::new();
    let registry = &scene.registry;
    assert_eq!(
        (scene.behaviour(&scene.bank), scene.forecast(&scene.bank)),
        (json!(404), json!(404))
    );
    let mandate = scene.grant(&json!(["process"]), 86_400);
    assert_eq!(scene.behaviour(&scene.bank)["days_to_approve"]["median_days"], 5);
    assert_eq!(scene.behaviour(&scene.bank)["days_to_pay"]["observations"], 0);
    assert_eq!(scene.forecast(&scene.bank), json!(404));
    let whole = scene.grant(&json!(["process", "payment", "amounts"]), 600);
    assert_eq!(scene.behaviour(&scene.bank)["days_to_pay"]["median_days"], 34);
    assert_eq!(
        scene.forecast(&scene.bank)["currencies"],
        scene.forecast(&scene.debtor)["currencies"]
    );
    // Of each invoice, once for each answer: the debtor sees who, the seller also by what.
    let reads = |by: &Party, invoice: &str, wanted: usize| {
        let path = format!("/v1/reads?invoice={invoice}");
        let found = (0..500).map(|_| registry.list(by, &path)).find(|reads| reads.len() == wanted);
        found.expect("the reads")
    };
    for invoice in scene.invoices.iter().chain([&scene.open]) {
        let seen = reads(&scene.debtor, invoice, 4);
        assert!(seen.iter().all(|read| read["reader"] == scene.bank.id));
        assert!(seen.iter().all(|read| read["grounds"] == json!(["mandate"])));
    }
    let routes = reads(&scene.supplier, &scene.open, 4);
    assert_eq!(routes[0]["route"], "/v1/debtors/{party}/behaviour");
    assert_eq!(routes[3]["route"], "/v1/suppliers/{party}/forecast");
    // The one is revoked, the other expires: nothing is told any more, by neither.
    registry.state(&scene.debtor, "mandate.revoked.v1", &json!({"mandate": mandate}));
    assert_eq!(scene.behaviour(&scene.bank)["days_to_approve"]["median_days"], 5);
    registry.pass(600);
    assert_eq!(
        (scene.behaviour(&scene.bank), scene.forecast(&scene.bank)),
        (json!(404), json!(404))
    );
    let over = json!({"mandate": whole});
    let over = registry.submit(&registry.sign(&scene.debtor, "mandate.revoked.v1", &over));
    assert_eq!(over.status, 201, "{}", over.text());
    // What it was shown stays in its own account, and nobody else's is there.
    let own = registry.list(&scene.bank, "/v1/reads?limit=2");
    assert_eq!(own.len(), 5);
    for read in &own {
        assert_eq!(read["reader"], scene.bank.id);
        assert_eq!(read["invoices"].as_array().map(Vec::len), Some(7));
    }
    assert!(registry.list(&scene.debtor, "/v1/reads").is_empty(), "its own looks are not kept");
}
