//! Blanket pledges, waivers and consents over HTTP: who learns of them before he pays.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice};

/// A supplier all of whose receivables are pledged to a bank, and two factors.
struct Pledged {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    bank: Party,
    factors: [Party; 2],
    blanket: String,
}

impl Pledged {
    fn begin() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let supplier = party("0106:00000003", 3, "supplier");
        let debtor = party("0106:00000004", 4, "debtor");
        let bank = party("0106:00000005", 5, "financier");
        let factors =
            [party("0106:00000006", 6, "financier"), party("0106:00000007", 7, "financier")];
        let deed = json!({
            "seller": supplier.id, "kind": "pledge", "disclosure": "silent", "on_conflict": "refuse",
        });
        let blanket = id(&registry.state(&bank, "blanket.recorded.v1", &deed));
        Self { registry, supplier, debtor, bank, factors, blanket }
    }

    fn invoice(&self, number: &str) -> String {
        let data = invoice(&self.supplier, &self.debtor, number, 100_000);
        self.registry.state(&self.supplier, "invoice.registered.v1", &data);
        crate::registry::invoice_id(&data)
    }

    fn finance(&self, by: &Party, invoice: &str, minor: i64) -> Value {
        let data = financing(invoice, minor, "silent", "refuse");
        self.registry.state(by, "financing.recorded.v1", &data)
    }
}

#[test]
fn a_factor_learns_of_a_banks_pledge_before_it_pays_and_the_bank_of_the_factor() {
    let world = Pledged::begin();
    let sold = world.invoice("P-1");
    let receipt = world.finance(&world.factors[0], &sold, 80_000);
    assert_eq!(receipt["outcome"], "refused");
    let finding = &receipt["findings"][0];
    assert_eq!(
        (&finding["relation"], &finding["keys_met"]),
        (&json!("covered"), &json!(["blanket"]))
    );
    assert!(!receipt.to_string().contains(world.bank.id));
    let alerts = world.registry.list(&world.bank, "/v1/alerts");
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (&alerts[0]["code"], &alerts[0]["related_invoice"]),
        (&json!("second_claim_refused"), &json!(sold))
    );
    assert_eq!(alerts[0]["blanket"], world.blanket);
    assert!(!alerts[0].to_string().contains(world.factors[0].id));
}

#[test]
fn a_waiver_lets_through_whom_it_names_and_nobody_else() {
    let world = Pledged::begin();
    let (sold, kept) = (world.invoice("P-1"), world.invoice("P-2"));
    let [first, second] = &world.factors;
    let waiver = json!({"blanket": world.blanket, "invoices": [sold], "financier": first.id});
    world.registry.state(&world.bank, "blanket.waived.v1", &waiver);
    assert_eq!(world.finance(first, &kept, 50_000)["outcome"], "refused");
    assert_eq!(world.finance(second, &sold, 50_000)["outcome"], "refused");
    assert_eq!(world.finance(first, &sold, 50_000)["outcome"], "admitted");
}

#[test]
fn consent_lets_one_claim_stand_beside_another_up_to_its_amount() {
    let world = Pledged::begin();
    let sold = world.invoice("P-1");
    let [first, second] = &world.factors;
    world.registry.state(&world.bank, "blanket.released.v1", &json!({"blanket": world.blanket}));
    let lead = id(&world.finance(first, &sold, 80_000));
    assert_eq!(world.finance(second, &sold, 40_000)["outcome"], "refused");
    let consent = json!({
        "financing": lead, "financier": second.id, "invoices": [sold], "up_to_minor": 40_000,
        "currency": "EUR",
    });
    world.registry.state(first, "cofinancing.consented.v1", &consent);
    assert_eq!(world.finance(second, &sold, 40_001)["outcome"], "refused");
    assert_eq!(world.finance(second, &sold, 40_000)["outcome"], "admitted");
}
