//! Consent at a package's own page, and its notices: Exact Online's stand-in behind a real registry.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tallystick::connect::{self, exact};

use crate::connections::until;
use crate::exact_stand_in::{CLIENT, CLIENT_SECRET, DIVISION, Exact, WEBHOOK_SECRET, hash_code};
use crate::registry::{Answer, Party, Registry, id, invoice, invoice_id, quick_connections};

const BACK: &str = "https://registry.example.com/connections/back";
const SUPPLIER: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const ENTRY: &str = "eeeeeeee-0000-0000-0000-000000000001";

struct World {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    other: Party,
    exact: Exact,
}

impl World {
    fn new() -> Self {
        let mut registry = Registry::start();
        let supplier = Party::new("0106:00000003", 3);
        let debtor = Party::new("0106:00000004", 4);
        let other = Party::new("0106:00000005", 5);
        registry.admit(&supplier, &["supplier"]);
        registry.admit(&debtor, &["debtor"]);
        registry.admit(&other, &["debtor"]);
        let exact = Exact::at(registry.now().millis() / 1_000);
        exact.register_redirect(BACK);
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("app.json");
        let app = json!({"base": exact.url, "client_id": CLIENT, "client_secret": CLIENT_SECRET,
            "webhook_url": "http://127.0.0.1:1/connections/notices/exact-online", "webhook_secret": WEBHOOK_SECRET});
        fs::write(&file, app.to_string()).expect("a file");
        let connector = exact::Exact::new(exact::App::read(&file).expect("an application"));
        let every = Some(Duration::from_hours(1));
        let connectors: Vec<Arc<dyn connect::Connector>> = vec![Arc::new(connector)];
        let options = connect::Options { connectors, every, ..quick_connections() };
        registry.connect(options, Some([9; 32]));
        Self { registry, supplier, debtor, other, exact }
    }

    fn make(&self, by: &Party) -> Value {
        let body = json!({"system": "exact-online"});
        let answer = self.registry.send(by, "POST", "/v1/connections", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Asks for a consent and gives it on the package's page; the query that comes back.
    fn consent(&self, by: &Party, connection: &str) -> String {
        let path = format!("/v1/connections/{connection}/consent");
        let mut answer = None;
        until("it is asked for", || {
            let said = self.registry.send(by, "POST", &path, &json!({"back": BACK}));
            let busy = said.code() == "connection_busy";
            answer = Some(said);
            !busy
        });
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json()["url"].as_str().expect("an address").to_owned();
        let agent = ureq::Agent::config_builder().max_redirects(0).max_redirects_will_error(false);
        let consented = agent.build().new_agent().get(page).call().expect("a page");
        let back = consented.headers()["location"].to_str().expect("ASCII");
        back.strip_prefix(BACK).expect("our address").to_owned()
    }

    /// The browser comes back; again where the books are being read just then.
    fn back(&self, query: &str) -> Answer {
        let mut answer = None;
        until("it is let in", || {
            let said = self.registry.get_open(&format!("/connections/back{query}"));
            let busy = said.status == 409 && said.code() == "connection_busy";
            answer = Some(said);
            !busy
        });
        answer.expect("an answer")
    }

    fn show(&self, connection: &str) -> Value {
        self.registry.get(&self.debtor, &format!("/v1/connections/{connection}")).json()
    }

    fn book(&self, status: u16, at: i64) {
        let date = |seconds: i64| format!("/Date({})/", seconds * 1_000);
        self.exact.put(
            "crm/Accounts",
            "ID",
            json!({"ID": SUPPLIER, "Country": "NL", "ChamberOfCommerce": "00000003"}),
        );
        self.exact.put(
            "purchaseentry/PurchaseEntries",
            "EntryID",
            json!({"EntryID": ENTRY, "EntryNumber": 1, "Supplier": SUPPLIER, "YourRef": "2026-0001",
                "EntryDate": Value::Null, "AmountFC": 1_000, "Currency": "EUR", "Status": status,
                "Type": 30, "Reversal": false, "Modified": date(at)}),
        );
    }

    fn statuses(&self, invoice: &str) -> Vec<Value> {
        let history =
            self.registry.list(&self.supplier, &format!("/v1/invoices/{invoice}/history"));
        let reports = history.iter().filter(|it| it["type"] == "status.reported.v1");
        reports.map(|it| it["report"]["status"].clone()).collect()
    }

    fn notice(&self, body: &str) -> Answer {
        let path = "/connections/notices/exact-online";
        self.registry.send_open_bytes("POST", path, "application/json", body.as_bytes())
    }
}

#[test]
fn a_debtor_consents_at_the_package_and_its_statuses_come_by_themselves_and_by_notice() {
    let world = World::new();
    let data = invoice(&world.supplier, &world.debtor, "2026-0001", 100_000);
    world.registry.state(&world.supplier, "invoice.registered.v1", &data);
    let invoice = invoice_id(&data);
    let now = world.registry.now().millis() / 1_000;
    world.book(20, now - 60);
    let connection = world.make(&world.debtor);
    assert_eq!(connection["status"], "pending", "{connection}");
    let delegation = json!({"delegate": connection["delegate"], "types": ["status.reported.v1"]});
    world.registry.state(&world.debtor, "delegation.granted.v1", &delegation);
    let connection = id(&connection);
    let done = world.back(&world.consent(&world.debtor, &connection));
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("connection is made"), "{}", done.text());
    until("the first round", || world.statuses(&invoice) == ["in_process"]);
    until("it is done", || world.show(&connection)["last_read_at"].is_string());
    assert_eq!(world.show(&connection)["status"], "active");
    // Its books change. Nothing is read for an hour, unless the package says so.
    world.book(50, now);
    let content = format!(r#"{{"Topic":"PurchaseEntries", "Division":{DIVISION},"Key":"1"}}"#);
    let notice = |secret: &str| {
        format!(r#"{{"Content":{content},"HashCode":"{}"}}"#, hash_code(&content, secret))
    };
    assert_eq!(world.notice(&notice("another secret")).code(), "connection_notice_invalid");
    assert_eq!(world.notice("").status, 200, "a subscription is tried with an empty body");
    assert_eq!(world.notice(&notice(WEBHOOK_SECRET)).status, 200);
    until("the notice", || world.statuses(&invoice) == ["in_process", "booked"]);
}

#[test]
fn what_comes_back_counts_once_for_whom_it_was_asked_and_not_later() {
    let world = World::new();
    let connection = id(&world.make(&world.debtor));
    let others = id(&world.make(&world.other));
    let unknown = |query: &str| {
        let answer = world.back(query);
        assert_eq!(answer.code(), "connection_consent_unknown", "{query}");
        assert_eq!(answer.status, 409);
    };
    for query in ["", "?code=a&state=", "?code=a&state=AAAA", "?code=a", "?state=AAAA"] {
        unknown(query);
    }
    // Asked anew: the first one no longer counts.
    let first = world.consent(&world.debtor, &connection);
    let second = world.consent(&world.debtor, &connection);
    unknown(&first);
    // Another debtor's code under this debtor's state: it does not fit, and the state is spent.
    let foreign = world.consent(&world.other, &others);
    let part = |query: &str, name: &str| {
        let mut pairs = query.trim_start_matches('?').split('&');
        pairs.find(|pair| pair.starts_with(name)).expect("a pair").to_owned()
    };
    let mixed = format!("?{}&{}", part(&foreign, "code="), part(&second, "state="));
    assert_eq!(world.back(&mixed).code(), "connection_trouble");
    unknown(&second);
    assert_eq!(world.show(&connection)["status"], "pending");
    let third = world.consent(&world.debtor, &connection);
    assert_eq!(world.back(&third).status, 200);
    unknown(&third);
    // Too late.
    let late = world.consent(&world.debtor, &connection);
    world.registry.pass(16 * 60);
    unknown(&late);
}
