//! Connections to accounting packages, with books of the test's own behind the connector.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tallystick::connect::{
    self, Access, Batch, Client, Connector, Entry, Payment, Secret, Setting, Settings, Stand,
    Trouble,
};
use tallystick::statement::{SourceKind, Status};

use crate::registry::{Party, Registry, id, invoice, invoice_id, quick_connections};

/// A token that must be seen nowhere but in the package.
const TOKEN: &str = "books-token-5f0c1e7a";

/// What lies in the books, and how they answer.
#[derive(Default)]
struct Shelf {
    entries: Vec<Entry>,
    trouble: Option<Trouble>,
    reads: usize,
    tokens: Vec<String>,
}

/// Books that a test writes. The cursor is the number of the last entry that changed.
#[derive(Clone, Default)]
struct Books(Arc<Mutex<Shelf>>);

impl Books {
    fn change(&self, change: impl FnOnce(&mut Shelf)) {
        change(&mut self.0.lock().expect("no panic"));
    }

    fn write(&self, entry: Entry) {
        self.change(|shelf| shelf.entries.push(entry));
    }

    fn reads(&self) -> usize {
        self.0.lock().expect("no panic").reads
    }

    fn options(&self) -> connect::Options {
        let every = Some(Duration::from_hours(1));
        connect::Options { connectors: vec![Arc::new(self.clone())], every, ..quick_connections() }
    }
}

impl Connector for Books {
    fn system(&self) -> &'static str {
        "books"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting { name: "shelf", required: true }] }
    }

    fn check(&self, settings: &Settings, _: &Client) -> Result<(), String> {
        if settings["shelf"] == "none" { Err("`shelf` is not there".to_owned()) } else { Ok(()) }
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        let mut books = self.0.lock().expect("no panic");
        books.reads += 1;
        books.tokens.push(access.secret()?.reveal().to_owned());
        if let Some(trouble) = books.trouble {
            return Err(trouble);
        }
        // A token that is used once: the next one is kept before anything is read.
        let next = format!("{TOKEN}-{}", books.reads);
        drop(books);
        access.keep(Secret::new(next))?;
        let from: usize = cursor.map_or(0, |it| String::from_utf8_lossy(it).parse().expect("ours"));
        let books = self.0.lock().expect("no panic");
        let entries: Vec<Entry> = books.entries.iter().skip(from).take(2).cloned().collect();
        let at = from + entries.len();
        Ok(Batch { entries, cursor: at.to_string().into(), more: at < books.entries.len() })
    }

    fn take(&self, _: &mut Access<'_>, _: Option<&[u8]>, file: &[u8]) -> Result<Batch, Trouble> {
        match file {
            b"all" => {
                let entries = self.0.lock().expect("no panic").entries.clone();
                Ok(Batch { entries, cursor: b"0".to_vec(), more: false })
            }
            _ => Err(Trouble::Malformed("it does not say all")),
        }
    }
}

/// A package that asks the debtor on a page of its own.
struct Asking(Books);

impl Connector for Asking {
    fn system(&self) -> &'static str {
        "asking"
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn check(&self, _: &Settings, _: &Client) -> Result<(), String> {
        Ok(())
    }

    fn takes_secret(&self) -> bool {
        false
    }

    fn consents(&self) -> bool {
        true
    }

    fn consent(
        &self,
        access: &mut Access<'_>,
        back: &str,
        state: &str,
    ) -> Result<Option<String>, Trouble> {
        access.keep(Secret::new("verifier".to_owned()))?;
        Ok(Some(format!("https://package.example/?redirect_uri={back}&state={state}")))
    }

    fn redeem(&self, access: &mut Access<'_>, back: &str, code: &str) -> Result<(), Trouble> {
        assert_eq!(access.secret()?.reveal(), "verifier");
        assert_eq!(back, "https://registry.example/connections/back");
        if code == "good" {
            access.keep(Secret::new(TOKEN.to_owned()))
        } else {
            Err(Trouble::Revoked)
        }
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        self.0.read(access, cursor)
    }
}

/// A registry whose debtor has books, and a supplier of his.
struct World {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    books: Books,
}

impl World {
    fn new() -> Self {
        let mut registry = Registry::start();
        let supplier = Party::new("0106:00000003", 3);
        let debtor = Party::new("0106:00000004", 4);
        registry.admit(&supplier, &["supplier"]);
        registry.admit(&debtor, &["debtor"]);
        let books = Books::default();
        registry.connect(books.options(), Some([9; 32]));
        Self { registry, supplier, debtor, books }
    }

    fn register(&self, number: &str, amount: i64) -> String {
        let data = invoice(&self.supplier, &self.debtor, number, amount);
        self.registry.state(&self.supplier, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    fn entry(&self, number: &str, process: Status, payment: Payment) -> Entry {
        Entry {
            key: format!("entry {number}"),
            suppliers: vec![self.supplier.party()],
            number: number.to_owned(),
            issued: None,
            total: None,
            changed_at: self.registry.now(),
            source: SourceKind::Ledger,
            document: None,
            process: Some(Stand::at(process)),
            payment: Some(payment),
        }
    }

    fn make(&self) -> Value {
        let body = json!({"system": "books", "settings": {"shelf": "1"}, "secret": TOKEN});
        let answer = self.registry.send(&self.debtor, "POST", "/v1/connections", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    fn delegate(&self, connection: &Value) {
        let data = json!({"delegate": connection["delegate"], "types": ["status.reported.v1"]});
        self.registry.state(&self.debtor, "delegation.granted.v1", &data);
    }

    /// A connection that is read and may state.
    fn connect(&self) -> String {
        let connection = self.make();
        self.delegate(&connection);
        id(&connection)
    }

    fn show(&self, connection: &str) -> Value {
        let path = format!("/v1/connections/{connection}");
        let answer = self.registry.get(&self.debtor, &path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Reads the books now; how the connection is doing then.
    fn read(&self, connection: &str) -> Value {
        let path = format!("/v1/connections/{connection}/read");
        let mut answer = None;
        until("it is read", || {
            let said = self.registry.send(&self.debtor, "POST", &path, &json!({}));
            let busy = said.code() == "connection_busy";
            answer = Some(said);
            !busy
        });
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// What was reported of an invoice, in the order of the log.
    fn reports(&self, invoice: &str) -> Vec<Value> {
        let path = format!("/v1/invoices/{invoice}/history");
        let history = self.registry.list(&self.supplier, &path);
        let reports = history.iter().filter(|it| it["type"] == "status.reported.v1");
        reports.map(|it| it["report"].clone()).collect()
    }

    fn statuses(&self, invoice: &str) -> Vec<String> {
        let text = |report: &Value| match report["amount_minor"].as_i64() {
            Some(amount) => format!("{} {amount}", report["status"].as_str().unwrap_or("?")),
            None => report["status"].as_str().unwrap_or("?").to_owned(),
        };
        self.reports(invoice).iter().map(text).collect()
    }

    fn size(&self) -> u64 {
        let path = "/v1/participants?limit=1";
        self.registry.get(&self.debtor, path).json()["as_of"].as_u64().expect("a size")
    }
}

/// Waits for something that another thread, or another program, does.
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_mins(1), "not in time: {what}");
        std::thread::yield_now();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (kind, to) = (entry.file_type().expect("a type"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

/// Whether a text stands in any file of a folder.
fn has(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return has(&path, text);
        }
        let bytes = fs::read(&path).expect("a file");
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[test]
fn what_stands_in_the_books_is_stated_with_its_source_and_only_once() {
    let world = World::new();
    let one = world.register("2026-0001", 100_000);
    let other = world.register("2026/2", 50_000);
    world.books.write(world.entry("2026 0001", Status::Booked, Payment::Open));
    world.books.write(world.entry("2026-2", Status::Booked, Payment::Part(20_000)));
    world.books.write(world.entry("nobody's", Status::Booked, Payment::Open));
    let connection = world.connect();
    let shown = world.read(&connection);
    assert_eq!((&shown["status"], &shown["stale"]), (&json!("active"), &json!(false)));
    assert_eq!(shown["statuses_stated"], 3);
    assert_eq!(world.statuses(&one), ["booked"]);
    assert_eq!(world.statuses(&other), ["booked", "part_paid 20000"]);
    let report = &world.reports(&other)[1];
    assert_eq!(report["certainty"], 5);
    assert_eq!(report["source"]["kind"], "ledger");
    assert_eq!(report["source"]["system"], "books");
    assert!(report["source"]["message"].as_str().is_some_and(|it| it.starts_with("entry2026-2@")));
    assert!(report["effective_at"].as_str() < report["source"]["read_at"].as_str());

    // Touched, and not changed; then paid, and taken back.
    world.books.write(world.entry("2026-2", Status::Booked, Payment::Part(20_000)));
    world.read(&connection);
    assert_eq!(world.statuses(&other).len(), 2);
    world.books.write(world.entry("2026-2", Status::Booked, Payment::Paid(None)));
    world.read(&connection);
    world.books.write(world.entry("2026-2", Status::Booked, Payment::Open));
    world.read(&connection);
    let told = ["booked", "part_paid 20000", "paid", "payment_reversed 50000"];
    assert_eq!(world.statuses(&other), told);
    let shown = world.registry.get(&world.debtor, &format!("/v1/invoices/{other}")).json();
    assert_eq!(shown["amounts"]["open_minor"], 50_000);
}

#[test]
fn a_restart_and_even_a_lost_memory_state_nothing_twice() {
    let mut world = World::new();
    let invoice = world.register("2026-0001", 100_000);
    let connection = world.connect();
    let memory = tempfile::tempdir().expect("a folder");
    world.registry.restart_after(|dir| copy(&dir.join("connections"), memory.path()));
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Part(20_000)));
    world.read(&connection);
    assert_eq!(world.statuses(&invoice), ["booked", "part_paid 20000"]);
    let size = world.size();
    world.registry.restart_after(|_| ());
    world.read(&connection);
    assert_eq!(world.size(), size, "what was read is remembered");
    world.registry.restart_after(|dir| {
        fs::remove_dir_all(dir.join("connections")).expect("it goes");
        copy(memory.path(), &dir.join("connections"));
    });
    let shown = world.read(&connection);
    assert_eq!(shown["entries_read"], 1, "it was read anew");
    assert_eq!(world.size(), size, "the same statement is the same");
    assert_eq!(world.statuses(&invoice), ["booked", "part_paid 20000"]);
}

#[test]
fn a_revoked_or_failing_connection_says_so_and_states_nothing() {
    let world = World::new();
    let invoice = world.register("2026-0001", 100_000);
    let connection = world.connect();
    assert_eq!(world.read(&connection)["status"], "active");
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Open));
    for (trouble, status, code) in [
        (Trouble::Unreachable, "failing", "unreachable"),
        (Trouble::Limited(None), "failing", "limited"),
        (Trouble::Forbidden, "failing", "forbidden"),
        (Trouble::Revoked, "revoked", "revoked"),
    ] {
        world.books.change(|shelf| shelf.trouble = Some(trouble));
        let shown = world.read(&connection);
        assert_eq!((&shown["status"], &shown["failing"]["code"]), (&json!(status), &json!(code)));
        assert!(world.statuses(&invoice).is_empty());
    }
    // Nothing is asked of a package that refuses the key, until there is another one.
    let reads = world.books.reads();
    world.registry.pass(7_200);
    assert_eq!(world.show(&connection)["stale"], true);
    assert_eq!(world.books.reads(), reads);
    world.books.change(|shelf| shelf.trouble = None);
    let path = format!("/v1/connections/{connection}");
    let mended = world.registry.send(&world.debtor, "PATCH", &path, &json!({"secret": "new"}));
    assert_eq!(mended.status, 200, "{}", mended.text());
    until("it is read by itself", || world.statuses(&invoice) == ["booked"]);
    assert_eq!(world.show(&connection)["status"], "active");
    world.books.change(|shelf| assert!(shelf.tokens.contains(&"new".to_owned())));
}

#[test]
fn nothing_is_read_and_nothing_stated_without_a_delegation() {
    let world = World::new();
    let invoice = world.register("2026-0001", 100_000);
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Open));
    let made = world.make();
    let connection = id(&made);
    assert_eq!(made["status"], "not_delegated");
    let path = format!("/v1/connections/{connection}/read");
    let refused = world.registry.send(&world.debtor, "POST", &path, &json!({}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "connection_not_delegated"));
    assert_eq!(world.books.reads(), 0);
    world.delegate(&made);
    world.read(&connection);
    assert_eq!(world.statuses(&invoice), ["booked"]);
    let data = json!({"delegate": made["delegate"]});
    world.registry.state(&world.debtor, "delegation.revoked.v1", &data);
    let reads = world.books.reads();
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Paid(None)));
    world.registry.pass(7_200);
    assert_eq!(world.show(&connection)["status"], "not_delegated");
    let refused = world.registry.send(&world.debtor, "POST", &path, &json!({}));
    assert_eq!(refused.code(), "connection_not_delegated");
    assert_eq!((world.books.reads(), world.statuses(&invoice).len()), (reads, 1));
}

#[test]
fn an_invoice_that_is_registered_after_it_was_read_is_stated_then() {
    let mut world = World::new();
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Paid(None)));
    let connection = world.connect();
    assert_eq!(world.read(&connection)["statuses_stated"], 0);
    world.registry.restart_after(|_| ());
    let invoice = world.register("2026-0001", 100_000);
    until("what waits is looked at", || world.statuses(&invoice) == ["booked", "paid"]);
}

#[test]
fn only_the_invoice_that_it_is_gets_a_status() {
    let world = World::new();
    let elsewhere = Party::new("0106:00000005", 5);
    world.registry.admit(&elsewhere, &["debtor"]);
    let data = invoice(&world.supplier, &elsewhere, "2026-0001", 100_000);
    world.registry.state(&world.supplier, "invoice.registered.v1", &data);
    let others = invoice_id(&data);
    let first = world.register("2026-0002", 100_000);
    let second = world.register("2026-0002", 70_000);
    let last_year = world.register("2026-0003", 100_000);
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Open));
    // Two invoices have this number: one entry says which by its total, the other does not.
    let mut told_apart = world.entry("2026-0002", Status::Booked, Payment::Open);
    told_apart.total = Some((70_000, "EUR".parse().expect("a currency")));
    world.books.write(world.entry("2026-0002", Status::Refused, Payment::Open));
    world.books.write(told_apart);
    let mut of_another_year = world.entry("2026-0003", Status::Booked, Payment::Open);
    of_another_year.issued = "2025-11-01".parse().ok();
    world.books.write(of_another_year);
    let connection = world.connect();
    world.read(&connection);
    assert_eq!(world.statuses(&second), ["booked"]);
    for untouched in [others, first, last_year] {
        assert!(world.statuses(&untouched).is_empty(), "{untouched}");
    }
}

#[test]
fn what_the_registry_refuses_is_shown_and_not_tried_for_ever() {
    let world = World::new();
    let invoice = world.register("2026-0001", 100_000);
    let connection = world.connect();
    world.books.write(world.entry("2026-0001", Status::Refused, Payment::Open));
    world.read(&connection);
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Open));
    let shown = world.read(&connection);
    assert_eq!(shown["last_refused"]["code"], "status_out_of_transition");
    assert_eq!(world.read(&connection)["statuses_refused"], 1);
    assert_eq!(world.statuses(&invoice), ["refused"]);
}

#[test]
fn a_token_is_sealed_and_seen_nowhere() {
    let mut world = World::new();
    let connection = world.connect();
    let shown = world.read(&connection).to_string();
    let list = world.registry.get(&world.debtor, "/v1/connections").text();
    assert!(!shown.contains(TOKEN) && !list.contains(TOKEN));
    // The token was replaced while it was read, and the new one is kept.
    world.read(&connection);
    world.books.change(|shelf| {
        assert_eq!(shelf.tokens[0], TOKEN);
        assert!(shelf.tokens[1..].iter().all(|it| it.starts_with("books-token-5f0c1e7a-")));
    });
    world.registry.restart_after(|dir| assert!(!has(dir, TOKEN), "it lies about unsealed"));
    // Another key of the vault opens nothing, and none keeps everything closed.
    world.registry.connect(world.books.options(), None);
    assert_eq!(world.show(&connection)["status"], "locked");
    let body = json!({"system": "books", "settings": {"shelf": "1"}, "secret": TOKEN});
    let refused = world.registry.send(&world.debtor, "POST", "/v1/connections", &body);
    assert_eq!((refused.status, refused.code().as_str()), (503, "vault_missing"));
    let reads = world.books.reads();
    world.registry.connect(world.books.options(), Some([9; 32]));
    world.read(&connection);
    assert!(world.books.reads() > reads);
}

#[test]
fn a_vault_under_another_key_does_not_open() {
    use tallystick::connect::{Connections, Options, Vault};
    use tallystick::engine::Folder;
    let mut world = World::new();
    world.make();
    let mut refused = String::new();
    world.registry.restart_after(|dir| {
        let opened = Connections::open(dir, Some(Vault::new(&[8; 32])), Options::default());
        refused = opened.err().map(|error| format!("{error:?}")).unwrap_or_default();
        assert!(Folder::open(dir).is_ok());
    });
    assert!(refused.contains("vault key"), "{refused}");
}

#[test]
fn a_connection_that_cannot_be_is_refused_with_what_is_wrong() {
    let world = World::new();
    let good = json!({"system": "books", "settings": {"shelf": "1"}, "secret": TOKEN});
    let post = |by: &Party, body: &Value| {
        let answer = world.registry.send(by, "POST", "/v1/connections", body);
        assert!(!answer.text().contains(TOKEN), "{}", answer.text());
        (answer.status, answer.code(), answer.text())
    };
    for (change, words) in [
        (json!({"system": "abacus"}), "`system` is one of books"),
        (json!({"settings": {}}), "`shelf` is missing"),
        (json!({"settings": {"shelf": "1", "drawer": "2"}}), "`settings` takes shelf"),
        (json!({"settings": {"shelf": "none"}}), "`shelf` is not there"),
        (json!({"settings": {"shelf": "x".repeat(9_000)}}), "`shelf` is too long"),
        (json!({"secret": ""}), "`secret` is missing"),
        (json!({"description": "two\nlines"}), "`description` is a line"),
    ] {
        let mut body = good.clone();
        for (name, value) in change.as_object().expect("members") {
            body[name] = value.clone();
        }
        let (status, code, text) = post(&world.debtor, &body);
        assert_eq!((status, code.as_str()), (422, "connection_invalid"), "{text}");
        assert!(text.contains(words), "{text}");
    }
    let (status, code, _) = post(&world.supplier, &good);
    assert_eq!((status, code.as_str()), (403, "connection_not_allowed"));
    for _ in 0..10 {
        world.make();
    }
    let (status, code, _) = post(&world.debtor, &good);
    assert_eq!((status, code.as_str()), (409, "connection_too_many"));
}

#[test]
fn a_consent_counts_once_and_only_where_it_was_asked_for() {
    let mut world = World::new();
    let mut options = world.books.options();
    options.connectors.push(Arc::new(Asking(world.books.clone())));
    world.registry.connect(options, Some([9; 32]));
    let made =
        world.registry.send(&world.debtor, "POST", "/v1/connections", &json!({"system": "asking"}));
    assert_eq!((made.status, &made.json()["status"]), (201, &json!("pending")), "{}", made.text());
    let connection = id(&made.json());
    world.delegate(&made.json());
    let ask = || {
        let path = format!("/v1/connections/{connection}/consent");
        let body = json!({"back": "https://registry.example/connections/back"});
        let answer = world.registry.send(&world.debtor, "POST", &path, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let url = answer.json()["url"].as_str().expect("a URL").to_owned();
        url.split("&state=").nth(1).expect("a state").to_owned()
    };
    let come_back = |state: &str, code: &str| {
        let path = format!("/connections/back?state={state}&code={code}");
        let answer = world.registry.get_open(&path);
        (answer.status, answer.code())
    };
    let unknown = (409, "connection_consent_unknown".to_owned());
    let first = ask();
    let second = ask();
    assert_eq!(come_back(&first, "good"), unknown, "a later one takes its place");
    assert_eq!(come_back("AAAA", "good"), unknown);
    assert_eq!(come_back(&second, "bad"), (502, "connection_trouble".to_owned()));
    assert_eq!(come_back(&second, "good"), unknown, "it was used");
    let late = ask();
    world.registry.pass(901);
    assert_eq!(come_back(&late, "good"), unknown, "it is too late");
    assert_eq!(world.books.reads(), 0);
    let last = ask();
    assert_eq!(come_back(&last, "good"), (200, String::new()));
    assert_eq!(come_back(&last, "good"), unknown);
    until("it is read", || world.show(&connection)["last_read_at"].is_string());
    assert_eq!(world.show(&connection)["status"], "active");
}

#[test]
fn a_file_is_stated_like_what_is_read_and_a_removed_connection_is_gone() {
    let world = World::new();
    let invoice = world.register("2026-0001", 100_000);
    let connection = world.connect();
    world.read(&connection);
    world.books.write(world.entry("2026-0001", Status::Booked, Payment::Open));
    let path = format!("/v1/connections/{connection}/files");
    let give = |file: &[u8]| {
        world.registry.post_as(&world.debtor, &path, "application/octet-stream", file)
    };
    let refused = give(b"none");
    assert_eq!((refused.status, refused.code().as_str()), (502, "connection_trouble"));
    let taken = give(b"all");
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(world.statuses(&invoice), ["booked"]);
    let path = format!("/v1/connections/{connection}");
    let gone = world.registry.send(&world.debtor, "DELETE", &path, &Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(world.registry.get(&world.debtor, &path).status, 404);
    let reads = world.books.reads();
    world.registry.pass(7_200);
    assert_eq!(world.registry.list(&world.debtor, "/v1/connections").len(), 0);
    assert_eq!(world.books.reads(), reads);
}
