//! Lists: in the order of the log, page by page, narrowed by filters, none twice and none left out.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, invoice, invoice_id};

struct Shop {
    registry: Registry,
    supplier: Party,
    debtors: [Party; 2],
    invoices: Vec<String>,
}

impl Shop {
    fn new(count: i64) -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let supplier = party("0106:00000003", 3, "supplier");
        let debtors = [party("0106:00000004", 4, "debtor"), party("0106:00000005", 5, "debtor")];
        let mut invoices = Vec::new();
        for number in 0..count {
            let debtor = &debtors[usize::from(number % 3 == 0)];
            let mut data = invoice(&supplier, debtor, &format!("2026/{number:03}"), 1_000 + number);
            data["invoice"]["issue_date"] = json!(format!("2026-10-{:02}", number % 28 + 1));
            registry.state(&supplier, "invoice.registered.v1", &data);
            invoices.push(invoice_id(&data));
        }
        Self { registry, supplier, debtors, invoices }
    }
}

fn ids(list: &[Value]) -> Vec<String> {
    list.iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn pages_follow_the_log_and_join_without_a_seam() {
    let shop = Shop::new(45);
    for limit in [1, 7, 20, 44, 45, 46, 100] {
        let list = shop.registry.list(&shop.supplier, &format!("/v1/invoices?limit={limit}"));
        assert_eq!(ids(&list), shop.invoices, "{limit}");
    }
    let page = shop.registry.get(&shop.supplier, "/v1/invoices").json();
    assert_eq!(page["object"], "list");
    assert_eq!(page["data"].as_array().map(Vec::len), Some(20));
    assert_eq!(page["has_more"], true);
    assert_eq!(page["as_of"], 49);
    let last = shop.registry.get(&shop.supplier, "/v1/invoices?limit=45").json();
    assert_eq!((&last["has_more"], &last["next_cursor"]), (&json!(false), &Value::Null));
    // A page goes on where it stopped, whatever was registered meanwhile.
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let new = invoice(&shop.supplier, &shop.debtors[0], "2026/999", 5);
    shop.registry.state(&shop.supplier, "invoice.registered.v1", &new);
    let rest = format!("/v1/invoices?limit=100&cursor={cursor}");
    assert_eq!(shop.registry.list(&shop.supplier, &rest).len(), 26);
}

#[test]
fn filters_narrow_a_list_to_what_the_reader_sees() {
    let shop = Shop::new(30);
    let count = |by: &Party, query: &str| {
        shop.registry.list(by, &format!("/v1/invoices?limit=4&{query}")).len()
    };
    let supplier = &shop.supplier;
    assert_eq!(count(supplier, "buyer=0106:00000005"), 10);
    assert_eq!(count(supplier, "buyer=0106:00000005&issued_from=2026-10-10"), 7);
    assert_eq!(count(supplier, "issued_from=2026-10-02&issued_to=2026-10-03"), 3);
    assert_eq!(count(supplier, "number=2026-007"), 1);
    assert_eq!(count(supplier, "number=2026%2F007"), 1);
    assert_eq!(count(supplier, "seller=0106:00000004"), 0);
    assert_eq!(count(supplier, "status=registered"), 30);
    assert_eq!(count(supplier, "status=free"), 30);
    assert_eq!(count(&shop.debtors[0], "status=registered"), 20);
    assert_eq!(count(&shop.debtors[0], "status=free"), 0, "a debtor is not told what is free");
    let report = json!({
        "invoice": shop.invoices[1], "status": "approved", "effective_at": shop.registry.at(-1),
        "source": {"kind": "ledger"},
    });
    shop.registry.state(&shop.debtors[0], "status.reported.v1", &report);
    assert_eq!(count(supplier, "status=approved"), 1);
    shop.registry.state(
        supplier,
        "invoice.cancelled.v1",
        &json!({"invoice": shop.invoices[2], "reason": "error"}),
    );
    assert_eq!(count(supplier, "status=cancelled"), 1);
    assert_eq!(count(supplier, "status=registered"), 29);
}

#[test]
fn a_portfolio_adds_up_what_stands_whatever_the_page() {
    let shop = Shop::new(6);
    let financier = Party::new("0106:00000007", 7);
    shop.registry.admit(&financier, &["financier"]);
    for invoice in &shop.invoices[..4] {
        let claim = financing(invoice, 100, "silent", "refuse");
        shop.registry.state(&financier, "financing.recorded.v1", &claim);
    }
    let items: Vec<Value> =
        shop.invoices[4..].iter().map(|id| json!({"id": id, "claimed_minor": 50})).collect();
    let reserve = json!({
        "invoices": items, "currency": "EUR", "until": shop.registry.at(3_600),
        "on_conflict": "refuse",
    });
    shop.registry.state(&financier, "financing.reserved.v1", &reserve);
    let totals = || shop.registry.get(&financier, "/v1/portfolio?limit=1").json()["totals"].clone();
    assert_eq!(totals(), json!([{"currency": "EUR", "claims": 6, "claimed_minor": 500}]));
    let standings = || -> Vec<String> {
        let list = shop.registry.list(&financier, "/v1/portfolio?limit=4");
        list.iter()
            .map(|it| it["claim"]["standing"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(standings(), ["active"; 6]);
    // A reservation lapses by the clock, without a record.
    shop.registry.pass(3_601);
    assert_eq!(standings()[4..], ["lapsed", "lapsed"]);
    assert_eq!(totals(), json!([{"currency": "EUR", "claims": 4, "claimed_minor": 400}]));
}

#[test]
fn an_answer_waits_for_the_size_that_it_is_asked_for() {
    let shop = Shop::new(1);
    let answer = shop.registry.get(&shop.supplier, "/v1/invoices?min_size=5");
    assert_eq!((answer.status, &answer.json()["as_of"]), (200, &json!(5)));
}
