//! A connection to a real Tryton server: supplier invoices in all states, what happens to them, and a key that is taken
//! back.
//!
//! `tests/tryton/install.sh` makes the server, once. Where that was not done the test says so and passes, unless the
//! variable `TALLYSTICK_TRYTON` is `required`.

use std::env;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tallystick::types::Timestamp;
use tempfile::TempDir;

use crate::connections::until;
use crate::registry::{Party, Registry, id, invoice, invoice_id, quick_connections};

/// Where Tryton is installed; nothing where it is not and need not be.
fn installed() -> Option<PathBuf> {
    let own = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("tryton");
    let dir = env::var_os("TALLYSTICK_TRYTON_DIR").map_or_else(own, PathBuf::from);
    if env::var_os("TALLYSTICK_TRYTON").is_some_and(|value| value == "required") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tryton/install.sh");
        let status = Command::new(script).arg(&dir).status().expect("a shell");
        assert!(status.success(), "Tryton is required but cannot be installed");
    } else if !dir.join("ready").exists() {
        // Not `eprintln!`, which the test harness would hide with a test that passes.
        let warning = b"SKIPPED: no books were read with Tryton, it is not installed: tests/tryton/install.sh\n";
        std::io::stderr().write_all(warning).expect("standard error");
        return None;
    }
    Some(dir)
}

/// A Tryton server with books of its own.
struct Tryton {
    installed: PathBuf,
    folder: TempDir,
    port: u16,
    key: String,
    server: Option<Child>,
}

impl Tryton {
    /// Fills the books, and serves them.
    fn start(installed: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["books.sqlite", "password"] {
            let from = installed.join("base").join(file);
            fs::copy(from, folder.path().join(file)).expect("it is installed");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
        let port = port.port();
        let path = folder.path().display();
        let conf = format!(
            "[database]\nuri = sqlite://\npath = {path}\n[web]\nlisten = 127.0.0.1:{port}\n"
        );
        fs::write(folder.path().join("trytond.conf"), conf).expect("a file");
        let mut tryton = Self { installed, folder, port, key: String::new(), server: None };
        let key = tryton.bookkeeper("begin");
        key.trim().clone_into(&mut tryton.key);
        let conf = tryton.folder.path().join("trytond.conf");
        let server = tryton
            .python()
            .arg(tryton.installed.join("venv/bin/trytond"))
            .args([Path::new("-c"), &conf, Path::new("-d"), Path::new("books")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        tryton.server = Some(server.expect("it starts"));
        until("Tryton answers", || tryton.get("party.party").is_some());
        tryton
    }

    fn python(&self) -> Command {
        Command::new(self.installed.join("venv/bin/python"))
    }

    /// Has the bookkeeper do something.
    fn bookkeeper(&self, what: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tryton/seed.py");
        let conf = self.folder.path().join("trytond.conf");
        let output = self.python().arg(script).arg(conf).args(["books", what]).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text")
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The status of a request with the key, where there is an answer.
    fn get(&self, model: &str) -> Option<u16> {
        let url = format!("{}/books/rest/model/{model}?s=1", self.url());
        let sent = ureq::get(&url)
            .config()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .header("authorization", format!("bearer {}", self.key))
            .call();
        sent.ok().map(|response| response.status().as_u16())
    }
}

impl Drop for Tryton {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

/// A registry that reads a Tryton, and whose clock is the world's.
struct World {
    registry: Registry,
    suppliers: [Party; 2],
    debtor: Party,
    connection: String,
}

impl World {
    fn register(&self, supplier: usize, number: &str, amount: i64) -> String {
        let seller = &self.suppliers[supplier];
        let mut data = invoice(seller, &self.debtor, number, amount);
        data["invoice"]["issue_date"] = json!(today());
        data["invoice"]["due_date"] = Value::Null;
        data["invoice"].as_object_mut().expect("members").remove("due_date");
        self.registry.state(seller, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    /// Reads the books from their beginning to their end; how the connection is doing then.
    fn read(&self) -> Value {
        let path = format!("/v1/connections/{}", self.connection);
        let before = self.registry.get(&self.debtor, &path).json()["last_read_at"].clone();
        let mut shown = Value::Null;
        until("the books are read", || {
            let path = format!("{path}/read");
            let answer = self.registry.send(&self.debtor, "POST", &path, &json!({}));
            shown = answer.json();
            shown["status"] == "revoked"
                || (answer.status == 200 && shown["last_read_at"] != before)
        });
        shown
    }

    fn statuses(&self, invoice: &str) -> Vec<String> {
        let path = format!("/v1/invoices/{invoice}/history");
        let history = self.registry.list(&self.debtor, &path);
        let reports = history.iter().filter(|it| it["type"] == "status.reported.v1");
        let text = |report: &Value| match report["amount_minor"].as_i64() {
            Some(amount) => format!("{} {amount}", report["status"].as_str().unwrap_or("?")),
            None => report["status"].as_str().unwrap_or("?").to_owned(),
        };
        reports.map(|it| text(&it["report"])).collect()
    }

    fn size(&self) -> u64 {
        let answer = self.registry.get(&self.debtor, "/v1/participants?limit=1");
        answer.json()["as_of"].as_u64().expect("a size")
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::default().plus_millis(i64::try_from(since.as_millis()).expect("before 9999"))
}

fn today() -> String {
    now().date().to_string()
}

#[test]
fn the_books_of_a_tryton_server_are_stated_as_they_stand_and_as_they_change() {
    let Some(installed) = installed() else { return };
    let begun = Instant::now();
    let tryton = Tryton::start(installed);
    let mut registry = Registry::start();
    let behind = now().millis() - registry.now().millis();
    registry.pass(behind / 1_000);
    let suppliers = [Party::new("0208:0403019261", 3), Party::new("9944:NL854502130B01", 5)];
    let debtor = Party::new("0106:00000004", 4);
    for supplier in &suppliers {
        registry.admit(supplier, &["supplier"]);
    }
    registry.admit(&debtor, &["debtor"]);
    let hourly = Some(Duration::from_hours(1));
    registry.connect(
        tallystick::connect::Options { every: hourly, ..quick_connections() },
        Some([9; 32]),
    );
    let body = json!({
        "system": "tryton", "secret": tryton.key,
        "settings": {"url": tryton.url(), "database": "books", "payments": "yes"},
    });
    let made = registry.send(&debtor, "POST", "/v1/connections", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let data = json!({"delegate": made.json()["delegate"], "types": ["status.reported.v1"]});
    let world = World { registry, suppliers, debtor, connection: id(&made.json()) };
    // Numbers are written as people write them, not as the bookkeeper did.
    let numbers = ["BE-1", "be 2", "BE3", "BE-4", "BE-5", "BE-6", "BE-7", "BE-8", "BE-9"];
    let invoices: Vec<String> =
        (1..).zip(numbers).map(|(n, number)| world.register(0, number, n * 10_000)).collect();
    let dutch = world.register(1, "2026-00010", 100_000);
    let twice = world.register(0, "BE-12", 120_000);
    world.registry.state(&world.debtor, "delegation.granted.v1", &data);

    let shown = world.read();
    assert_eq!(shown["status"], "active", "{shown}");
    assert_eq!(shown["statuses_refused"], 0, "{shown}");
    let told = |invoice: &str| world.statuses(invoice);
    let stand: [&[&str]; 9] = [
        &["received"],
        &["in_process"],
        &["booked"],
        &["booked", "part_paid 15000"],
        &["booked", "paid"],
        &["refused"],
        &["queried"],
        &["booked", "payment_selected"],
        &["booked", "payment_initiated"],
    ];
    for (invoice, stand) in invoices.iter().zip(stand) {
        assert_eq!(told(invoice), *stand);
    }
    assert_eq!(told(&dutch), ["booked"]);
    assert_eq!(told(&twice), ["booked"], "what was entered anew counts, not what is void");
    let paid = world.registry.get(&world.debtor, &format!("/v1/invoices/{}", invoices[4])).json();
    assert_eq!(paid["axes"]["payment"]["certainty"], 6, "{paid}");
    assert_eq!(paid["axes"]["payment"]["date"], today());

    // Read again, and nothing happened.
    let size = world.size();
    world.read();
    assert_eq!(world.size(), size);

    // Registered only now, and long in the books.
    let late = world.register(0, "BE-13", 130_000);
    until("what waits is looked at", || told(&late) == ["booked"]);

    tryton.bookkeeper("go-on");
    let shown = world.read();
    assert_eq!(shown["statuses_refused"], 0, "{shown}");
    assert_eq!(told(&invoices[0]), ["received", "booked"]);
    assert_eq!(told(&invoices[3]), ["booked", "part_paid 15000", "paid"]);
    assert_eq!(told(&invoices[4]), ["booked", "paid", "payment_reversed 50000"]);
    assert_eq!(told(&invoices[8]), ["booked", "payment_initiated", "payment_failed"]);

    // The key reads, and nothing else: what is more, nobody uses it for more.
    let write = ureq::put(format!("{}/books/rest/model/account.invoice/3", tryton.url()))
        .config()
        .http_status_as_error(false)
        .build()
        .header("authorization", format!("bearer {}", tryton.key))
        .header("content-type", "application/json")
        .send(r#"{"description": "ours"}"#);
    assert!(write.expect("an answer").status().as_u16() >= 400);

    tryton.bookkeeper("revoke");
    assert_eq!(tryton.get("account.invoice"), Some(401));
    let size = world.size();
    let shown = world.read();
    assert_eq!(
        (&shown["status"], &shown["failing"]["code"]),
        (&json!("revoked"), &json!("revoked"))
    );
    assert_eq!(world.size(), size, "what cannot be read is no status");
    assert!(begun.elapsed() < Duration::from_mins(3), "{:?}", begun.elapsed());
}
