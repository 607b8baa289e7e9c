//! One story with everybody in it: an invoice, a silent financing, a rival, mandates, a suspended financier.

use serde_json::json;

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

/// The registry with its people and what they said.
pub(crate) struct Story {
    /// The registry.
    pub(crate) registry: Registry,
    /// Reads everything.
    pub(crate) auditor: Party,
    /// Sold the invoice.
    pub(crate) supplier: Party,
    /// Owes it.
    pub(crate) debtor: Party,
    /// A financier that registered it too, and no more.
    pub(crate) registrant: Party,
    /// A financier with a silent financing on it.
    pub(crate) holder: Party,
    /// A financier with a second claim on it.
    pub(crate) rival: Party,
    /// A financier with a mandate of the debtor, for process and amounts.
    pub(crate) mandated: Party,
    /// A financier whose mandate was revoked.
    pub(crate) revoked: Party,
    /// A supplier with nothing to do with it.
    pub(crate) other_supplier: Party,
    /// A debtor with nothing to do with it.
    pub(crate) other_debtor: Party,
    /// A financier with nothing to do with it.
    pub(crate) other_financier: Party,
    /// A service provider to which the debtor delegated reports.
    pub(crate) provider: Party,
    /// A financier that registered it, had a mandate, and was suspended.
    pub(crate) suspended: Party,
    /// The invoice.
    pub(crate) invoice: String,
    /// Its registration by the supplier.
    pub(crate) registration: String,
    /// Its registration by the registrant.
    pub(crate) second_registration: String,
    /// The silent financing.
    pub(crate) financing: String,
    /// The debtor's report, made by the service provider.
    pub(crate) report: String,
    /// The mandate in force.
    pub(crate) mandate: String,
    /// The conflict.
    pub(crate) conflict: String,
    /// The holder's statement in the conflict.
    pub(crate) step: String,
    /// The supplier's offer of it to the financier with a mandate.
    pub(crate) offer: String,
    /// The holder's webhook, of which one test was not taken.
    pub(crate) webhook: String,
    /// The debtor's connection, which is not delegated for.
    pub(crate) connection: String,
}

impl Story {
    /// Tells the story.
    #[expect(clippy::too_many_lines, reason = "one story, in its order")]
    pub(crate) fn tell() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let auditor = party("0106:00000002", 2, "auditor");
        let supplier = party("0106:00000003", 3, "supplier");
        let debtor = party("0106:00000004", 4, "debtor");
        let registrant = party("0106:00000005", 5, "financier");
        let holder = party("0106:00000006", 6, "financier");
        let rival = party("0106:00000007", 7, "financier");
        let mandated = party("0106:00000008", 8, "financier");
        let revoked = party("0106:00000009", 9, "financier");
        let other_supplier = party("0106:00000010", 10, "supplier");
        let other_debtor = party("0106:00000011", 11, "debtor");
        let other_financier = party("0106:00000012", 12, "financier");
        let provider = party("0106:00000013", 13, "service_provider");
        let suspended = party("0106:00000014", 14, "financier");

        let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
        let invoice = invoice_id(&data);
        let registration = id(&registry.state(&supplier, "invoice.registered.v1", &data));
        let second_registration = id(&registry.state(&registrant, "invoice.registered.v1", &data));
        registry.state(&suspended, "invoice.registered.v1", &data);
        let grant = |to: &Party| {
            let data = json!({
                "to": to.id, "scope": {"kind": "all"}, "show": ["process", "amounts"],
                "until": registry.at(86_400),
            });
            id(&registry.state(&debtor, "mandate.granted.v1", &data))
        };
        let mandate = grant(&mandated);
        let over = grant(&revoked);
        grant(&suspended);

        let silent = financing(&invoice, 90_000, "silent", "refuse");
        let financing_id = id(&registry.state(&holder, "financing.recorded.v1", &silent));
        let second = financing(&invoice, 80_000, "silent", "record");
        let second = registry.state(&rival, "financing.recorded.v1", &second);
        let conflict = second["findings"][0]["case"].as_str().expect("a conflict").to_owned();

        let types = json!({"delegate": provider.id, "types": ["status.reported.v1"]});
        registry.state(&debtor, "delegation.granted.v1", &types);
        let report = json!({
            "invoice": invoice, "status": "approved", "effective_at": registry.at(-60),
            "source": {"kind": "ledger", "system": "exact-online"},
            "amount_minor": 100_000, "currency": "EUR",
        });
        let reference = registry.reference();
        let kind = "status.reported.v1";
        let report = registry.sign_as(&provider.key, debtor.id, &reference, kind, &report);
        let report = registry.submit(&report);
        assert_eq!(report.status, 201, "{}", report.text());
        registry.state(&debtor, "mandate.revoked.v1", &json!({"mandate": over}));
        let acknowledged = json!({"conflict": conflict});
        let step = id(&registry.state(&holder, "conflict.acknowledged.v1", &acknowledged));
        let out = json!({"party": suspended.id, "reason": "misconduct"});
        registry.state(&registry.operator, "participant.suspended.v1", &out);

        // The holder of the financing has a pledge of all that another supplier is owed, which it waives for the rival.
        let pledge = json!({
            "seller": other_supplier.id, "kind": "pledge", "disclosure": "silent",
            "on_conflict": "refuse",
        });
        let blanket = id(&registry.state(&holder, "blanket.recorded.v1", &pledge));
        let waiver = json!({"blanket": blanket, "financier": rival.id});
        registry.state(&holder, "blanket.waived.v1", &waiver);
        let offer = json!({"to": mandated.id, "invoices": [invoice], "until": registry.at(86_400)});
        let offer = id(&registry.state(&supplier, "financing.requested.v1", &offer));
        let nowhere = json!({"url": "http://127.0.0.1:1/hook"});
        let webhook = id(&registry.send(&holder, "POST", "/v1/webhooks", &nowhere).json());
        let test = format!("/v1/webhooks/{webhook}/test");
        assert_eq!(registry.send(&holder, "POST", &test, &json!({})).status, 200);
        let books = json!({
            "system": "tryton", "secret": "a key",
            "settings": {"url": "http://127.0.0.1:1", "database": "books"},
        });
        let connection = id(&registry.send(&debtor, "POST", "/v1/connections", &books).json());

        Self {
            auditor,
            supplier,
            debtor,
            registrant,
            holder,
            rival,
            mandated,
            revoked,
            other_supplier,
            other_debtor,
            other_financier,
            provider,
            suspended,
            invoice,
            registration,
            second_registration,
            financing: financing_id,
            report: id(&report.json()),
            mandate,
            conflict,
            step,
            offer,
            webhook,
            connection,
            registry,
        }
    }
}
