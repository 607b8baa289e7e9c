//! The command as people run it: exit codes, what goes to which stream, and what is never overwritten.
#![cfg(all(feature = "server", unix))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const ORIGIN: &str = "registry.example/cli";
const OPERATOR: &str = "0106:00000000";
const SUPPLIER: &str = "0106:00000019";
const AUDITOR: &str = "0106:00000043";

/// What a command came to.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {}", self.out))
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TALLYSTICK_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Ran {
    finish(&mut command(args))
}

fn finish(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with a registry and keys.
struct World {
    dir: tempfile::TempDir,
    vkey: String,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut world = Self { dir, vkey: String::new() };
        let made = run(&["init", "--data", &world.at("data"), "--origin", ORIGIN]).expect(0);
        made.out.trim().clone_into(&mut world.vkey);
        for name in ["supplier", "auditor"] {
            let made = run(&["key", "new", "--out", &world.at(&format!("{name}.pem"))]).expect(0);
            // The JWK alone, and all that is printed: the JWK with the PEM after it.
            let jwk = made.out.lines().next().unwrap();
            let shown = if name == "supplier" { jwk } else { &made.out };
            fs::write(world.path(&format!("{name}.jwk")), shown).unwrap();
        }
        let admit = ["participant", "admit", "--data"];
        for (party, role) in [(SUPPLIER, "supplier"), (AUDITOR, "auditor")] {
            let (data, key) = (world.at("data"), world.at(&format!("{role}.jwk")));
            let rest =
                [data.as_str(), "--id", party, "--role", role, "--key", &key, "--name", "A Name"];
            run(&[&admit[..], &rest[..]].concat()).expect(0);
        }
        world
    }

    /// Admits somebody with a new key.
    fn admit(&self, name: &str, party: &str, role: &str) {
        let made = run(&["key", "new", "--out", &self.at(&format!("{name}.pem"))]).expect(0);
        let jwk = self.path(&format!("{name}.jwk"));
        fs::write(&jwk, made.out.lines().next().unwrap()).unwrap();
        let (data, key) = (self.at("data"), jwk.display().to_string());
        let rest =
            ["--data", &data, "--id", party, "--role", role, "--key", &key, "--name", "A Name"];
        run(&[&["participant", "admit"][..], &rest].concat()).expect(0);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    fn serve_with(&self, more: &[&str]) -> Server {
        let mut child = command(&[
            "serve",
            "--data",
            &self.at("data"),
            "--listen",
            "127.0.0.1:0",
            "--log",
            "json",
        ])
        .args(more)
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            let line: Value = serde_json::from_str(&line).expect("log lines are JSON");
            if let Some(url) = line.pointer("/fields/url").and_then(Value::as_str) {
                break url.to_owned();
            }
        };
        // Whatever else it says is read, or it would wait for its reader.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, url }
    }
}

/// A registry that runs; killed with the test that forgets it.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Asks it to stop, as a service manager does.
    fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().expect("it ended by itself")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name).display().to_string()
}

#[test]
fn a_key_is_its_owners_alone_and_never_overwritten() {
    let world = World::new();
    let key = world.at("supplier.pem");
    assert_eq!(world.mode("supplier.pem"), 0o600);
    let again = run(&["key", "new", "--out", &key]).expect(2);
    assert!(again.err.contains("not overwritten") && again.err.contains("hint:"), "{}", again.err);
    assert_eq!(again.out, "");
    let shown = run(&["key", "show", &key, "--json"]).expect(0).json();
    let public = run(&["key", "show", &world.at("supplier.jwk"), "--json"]).expect(0).json();
    assert_eq!(shown, public);
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_only() {
    let world = World::new();
    let key = world.at("sealed.pem");
    run(&["key", "new", "--encrypt", "--out", &key]).expect(2);
    fs::write(world.path("passphrase"), "correct horse\n").unwrap();
    let file = world.at("passphrase");
    run(&["key", "new", "--encrypt", "--out", &key, "--passphrase-file", &file]).expect(0);
    assert!(fs::read_to_string(&key).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    run(&["key", "show", &key]).expect(2);
    let open = |passphrase| {
        finish(command(&["key", "show", &key]).env("TALLYSTICK_PASSPHRASE", passphrase))
    };
    open("wrong").expect(2);
    open("correct horse").expect(0);
}

#[test]
fn a_registry_is_made_once_and_its_secrets_are_the_operators() {
    let world = World::new();
    let again = run(&["init", "--data", &world.at("data"), "--origin", ORIGIN]).expect(2);
    assert!(again.err.contains("hint:"), "{}", again.err);
    assert!(world.vkey.starts_with("registry.example/cli+"), "{}", world.vkey);
    assert_eq!(world.mode("data/log-key.pem"), 0o600);
    assert_eq!(world.mode("data/operator-key.pem"), 0o600);
    let details: Vec<_> = fs::read_dir(world.path("data/details")).unwrap().collect();
    assert_eq!(details.len(), 2, "each name is kept beside the log");
    run(&["serve", "--data", &world.at("elsewhere")]).expect(2);
}

#[test]
fn a_refused_admission_is_a_finding_and_leaves_no_name_behind() {
    let world = World::new();
    let (data, key) = (world.at("data"), world.at("supplier.jwk"));
    let admit =
        ["participant", "admit", "--data", &data, "--id", "0106:00000027", "--role", "financier"];
    let ran = run(&[&admit[..], &["--key", &key, "--name", "B"]].concat()).expect(1);
    assert!(ran.err.contains("key_taken"), "{}", ran.err);
    assert_eq!(fs::read_dir(world.path("data/details")).unwrap().count(), 2);
    run(&[&admit[..], &["--key", &world.at("supplier.pem")]].concat()).expect(2);
}

#[test]
fn the_operator_suspends_and_reinstates_and_a_participant_rotates_its_key() {
    let world = World::new();
    let data = world.at("data");
    for action in ["suspend", "reinstate"] {
        run(&["participant", action, "--data", &data, "--id", SUPPLIER]).expect(0);
    }
    run(&["participant", "reinstate", "--data", &data, "--id", SUPPLIER]).expect(1);
    run(&[
        "participant",
        "link",
        "--data",
        &data,
        "--id",
        SUPPLIER,
        "--alias",
        "9944:NL009999917B01",
    ])
    .expect(0);
    let server = world.serve();
    let operator_key = world.at("data/operator-key.pem");
    for action in ["suspend", "reinstate"] {
        let by = ["--key", &operator_key, "--as", OPERATOR, "--url", &server.url];
        run(&[&["participant", action, "--id", AUDITOR][..], &by].concat()).expect(0);
    }
    let made = run(&["key", "new", "--out", &world.at("new.pem")]).expect(0);
    let new = made.out.lines().next().unwrap().to_owned();
    let rotate =
        ["participant", "rotate-key", "--url", &server.url, "--id", SUPPLIER, "--key", &new];
    let old = world.at("supplier.pem");
    run(&[&rotate[..], &["--sign-with", &old, "--as", SUPPLIER]].concat()).expect(0);
    let get = |key: &str| {
        run(&["get", "/v1/invoices", "--url", &server.url, "--key", key, "--as", SUPPLIER])
    };
    get(&old).expect(1);
    get(&world.at("new.pem")).expect(0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_statement_is_signed_submitted_and_its_receipt_verified_offline() {
    let world = World::new();
    let server = world.serve();
    let data = serde_json::json!({
        "invoice": {
            "seller": SUPPLIER, "buyer": "0208:0999999031", "number": "INV-7", "type": 380,
            "issue_date": "2026-11-02", "currency": "EUR", "gross_minor": 50_000,
        },
        "amount_due_minor": 50_000,
    });
    fs::write(world.path("data.json"), data.to_string()).unwrap();
    let (key, file) = (world.at("supplier.pem"), format!("@{}", world.at("data.json")));
    let sign =
        ["sign", "invoice.registered", "--key", &key, "--as", SUPPLIER, "--registry", ORIGIN];
    let jws = run(&[&sign[..], &["--data", &file]].concat()).expect(0).out;
    fs::write(world.path("a.jws"), &jws).unwrap();
    let sent = run(&["submit", &world.at("a.jws"), "--url", &server.url]).expect(0);
    assert_eq!(sent.json()["object"], "receipt");
    fs::write(world.path("receipt.json"), &sent.out).unwrap();
    let (receipt, statement) = (world.at("receipt.json"), world.at("a.jws"));
    let verify = ["receipt", "verify", &receipt, "--vkey", &world.vkey, "--statement"];
    run(&[&verify[..], &[statement.as_str()]].concat()).expect(0);
    let other = run(&[&sign[..], &["--data", &file, "--id", "another"]].concat()).expect(0).out;
    fs::write(world.path("b.jws"), other).unwrap();
    run(&[&verify[..], &[world.at("b.jws").as_str()]].concat()).expect(1);
    // Again the same bytes, and something that nobody signed: one receipt, one problem, in order.
    fs::write(world.path("many"), format!("{jws}no.thing.signed\n")).unwrap();
    let both = run(&["submit", &world.at("many"), "--url", &server.url]).expect(1);
    let lines: Vec<Value> =
        both.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["id"], sent.json()["id"]);
    assert!(lines[1]["code"].is_string(), "{}", lines[1]);
    let wrong = run(&[&sign[..], &["--data", "{}"]].concat()).expect(2);
    assert!(wrong.err.contains("hint:"), "{}", wrong.err);
    assert_eq!(server.stop(), 0);
    let gone = run(&["submit", &world.at("a.jws"), "--url", "http://127.0.0.1:1"]).expect(2);
    assert!(gone.err.contains("error:") && gone.err.contains("hint:"), "{}", gone.err);
}

#[test]
fn invoices_are_imported_once_and_what_is_not_says_why() {
    let world = World::new();
    let server = world.serve();
    let key = world.at("supplier.pem");
    let import = |paths: &[&str], more: &[&str]| {
        let identity = ["--key", &key, "--as", SUPPLIER, "--url", &server.url, "--json"];
        run(&[&["import"], paths, &identity, more].concat())
    };
    let (invoice, credit) = (sample("invoice.ubl.xml"), sample("credit-note.ubl.xml"));
    let dry = import(&[&invoice], &["--dry-run"]).expect(0).json();
    assert_eq!(dry["ready"], 1);
    // A credit note alone finds its invoice at the registry only after that was registered.
    let early = import(&[&credit], &[]).expect(1).json();
    assert_eq!(early["documents"][0]["code"], "preceding_invoice_unknown");
    assert_eq!(import(&[&invoice], &[]).expect(0).json()["registered"], 1);
    assert_eq!(import(&[&credit], &[]).expect(0).json()["registered"], 1);
    let again = import(&[&invoice, &credit], &[]).expect(0).json();
    assert_eq!((&again["known"], &again["registered"]), (&2.into(), &0.into()));
    let table = import(&[&sample("open-items.csv")], &[]).expect(1).json();
    assert_eq!(table["registered"], 2);
    let unread =
        table["documents"].as_array().unwrap().iter().filter(|it| it["result"] == "not_read");
    for document in unread {
        assert!(document["reason"].as_str().is_some_and(|it| !it.is_empty()), "{document}");
    }
    // Somebody else's sale is refused by the registry, with its code.
    let others = import(&[&sample("invoice.cii.xml")], &[]).expect(1).json();
    assert_eq!(others["documents"][0]["code"], "not_a_party");
    let get = run(&["get", "/v1/invoices", "--key", &key, "--as", SUPPLIER, "--url", &server.url])
        .expect(0);
    assert!(get.json()["data"].as_array().is_some_and(|it| it.len() >= 2));
    assert_eq!(server.stop(), 0);
}

/// Somebody who asks a running registry.
struct Asker<'a> {
    world: &'a World,
    url: &'a str,
    name: &'a str,
    party: &'a str,
}

impl Asker<'_> {
    fn run(&self, what: &str, paths: &[&str], more: &[&str]) -> Ran {
        let key = self.world.at(&format!("{}.pem", self.name));
        let identity = ["--key", &key, "--as", self.party, "--url", self.url];
        run(&[&[what], paths, &identity, more].concat())
    }
}

fn row<'a>(report: &'a Value, document: &str) -> &'a Value {
    let rows = report["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["document"].as_str().unwrap().ends_with(document));
    found.unwrap_or_else(|| panic!("{document} is not in {report}"))
}

#[test]
fn invoices_are_checked_reserved_and_checked_again() {
    let world = World::new();
    world.admit("bank", "0106:00000027", "financier");
    world.admit("factor", "0106:00000035", "financier");
    let server = world.serve();
    let asker = |name, party| Asker { world: &world, url: &server.url, name, party };
    let (bank, factor) = (asker("bank", "0106:00000027"), asker("factor", "0106:00000035"));
    let (invoice, altered) = (sample("invoice.ubl.xml"), sample("invoice-renumbered.ubl.xml"));

    let clear = bank.run("check", &[&invoice], &["--format", "json"]).expect(0).json();
    assert_eq!((&clear["object"], &clear["to_look_at"]), (&"check_report".into(), &0.into()));
    let first = row(&clear, "invoice.ubl.xml");
    assert_eq!((&first["verdict"], &first["would"]), (&"clear".into(), &"fit".into()));
    assert_eq!(first["answer"]["object"], "check");

    // Nothing was left: the first who reserves is the first.
    let reserved = bank.run("reserve", &[&invoice], &["--json"]).expect(0).json();
    let held = row(&reserved, "invoice.ubl.xml");
    assert_eq!((&held["would"], &held["rank"]), (&"reserved".into(), &1.into()));
    assert_eq!(held["answer"]["own_claims"][0]["amount_minor"], 1_245_000);

    let table = factor.run("check", &[&altered], &[]).expect(1);
    for said in ["altered", "2026001", "€12,450.00", "another financier", "rank 2"] {
        assert!(table.out.contains(said), "{said} is not in {}", table.out);
    }
    assert!(!table.out.contains("0106:00000027") && !table.out.contains('\u{1b}'), "{}", table.out);
    assert!(table.err.contains("1 to look at"), "{}", table.err);
    let late = factor.run("reserve", &[&altered], &["--json"]).expect(1).json();
    assert_eq!(row(&late, "renumbered.ubl.xml")["would"], "refused");
    let late = factor.run("reserve", &[&altered], &["--json", "--record"]).expect(1).json();
    let late = row(&late, "renumbered.ubl.xml");
    assert_eq!((&late["would"], &late["rank"]), (&"reserved".into(), &2.into()));
    assert!(late["answer"]["own_claims"][0]["conflict"].is_string());
    // The first holder sees it too.
    let again = bank.run("check", &[&invoice], &["--json"]).expect(1).json();
    let again = row(&again, "invoice.ubl.xml");
    assert_eq!((&again["verdict"], &again["would"]), (&"altered".into(), &"conflict".into()));
    assert_eq!(again["rank"], 1);
    bank.run("reserve", &[&invoice], &["--until", "2020-01-01T00:00:00Z"]).expect(2);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_portfolio_is_a_row_for_each_document_whatever_it_is() {
    let world = World::new();
    world.admit("bank", "0106:00000027", "financier");
    let server = world.serve();
    let url = server.url.clone();
    let bank = Asker { world: &world, url: &url, name: "bank", party: "0106:00000027" };
    let folder = world.path("portfolio");
    fs::create_dir(&folder).unwrap();
    for name in ["invoice.ubl.xml", "invoice.cii.xml", "credit-note.ubl.xml", "open-items.csv"] {
        fs::copy(sample(name), folder.join(name)).unwrap();
    }
    fs::write(folder.join("scan.pdf"), b"%PDF-1.7 nothing").unwrap();
    fs::write(folder.join("empty.xml"), b"").unwrap();
    let sale = |number: usize| {
        let euros = 100 + number;
        format!("=P-{number},2026-10-01,EUR,{euros}.07,{SUPPLIER},0208:0999999031")
    };
    let heading = "number,issue_date,currency,gross,seller,buyer".to_owned();
    let many: Vec<String> = core::iter::once(heading).chain((0..1_200).map(sale)).collect();
    fs::write(folder.join("many.csv"), many.join("\n")).unwrap();
    let folder = folder.display().to_string();

    let (out, csv) = (world.at("report.json"), world.at("report.csv"));
    let ran = bank.run("check", &[&folder], &["--format", "json", "--out", &out]).expect(1);
    assert_eq!(ran.out, "", "the report is in the file");
    assert_eq!(world.mode("report.json"), 0o600);
    let report: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    // Nine lines of open items, five files with one document each, and the long list.
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(9 + 5 + 1_200));
    let verdict = |document: &str| row(&report, document)["verdict"].clone();
    assert_eq!(verdict("invoice.ubl.xml"), "clear");
    assert_eq!(verdict("credit-note.ubl.xml"), "credit_note");
    assert_eq!((verdict("scan.pdf"), verdict("empty.xml")), ("not_read".into(), "not_read".into()));
    assert_eq!(row(&report, "open-items.csv:4")["reason"], "gross_invalid");
    assert_eq!(row(&report, "many.csv:2")["number"], "=P-0");
    assert_eq!(row(&report, "many.csv:1201")["gross_minor"], 129_907);
    // The same invoice is in a document and in a list.
    let twice = row(&report, "open-items.csv:2")["why"].as_str().unwrap();
    assert!(twice.contains("the same invoice as") && twice.contains("invoice.ubl.xml"), "{twice}");
    bank.run("check", &[&folder], &["--format", "json", "--out", &out]).expect(2);

    bank.run("check", &[&folder], &["--format", "csv", "--out", &csv]).expect(1);
    let csv = fs::read_to_string(&csv).unwrap();
    assert_eq!(csv.lines().count(), 1 + 9 + 5 + 1_200);
    assert!(csv.starts_with("document,number,seller,") && csv.contains(",'=P-7,"));
    // So many rows: the table shows those that need a look.
    let table = bank.run("check", &[&folder], &[]).expect(1);
    assert!(table.out.lines().count() < 60 && table.out.contains("scan.pdf"), "{}", table.out);

    // What may not be checked is said of each, and nothing is lost.
    let auditor = Asker { world: &world, url: &server.url, name: "auditor", party: AUDITOR };
    auditor.run("check", &[&sample("invoice.ubl.xml")], &["--json"]).expect(0);
    let supplier = Asker { world: &world, url: &server.url, name: "supplier", party: SUPPLIER };
    let other = supplier.run("check", &[&sample("invoice.cii.xml")], &["--json"]).expect(1).json();
    let other = row(&other, "invoice.cii.xml");
    assert_eq!(
        (&other["verdict"], &other["reason"]),
        (&"not_checked".into(), &"check_not_allowed".into())
    );
    let missing = bank.run("check", &[&world.at("nothing")], &[]).expect(2);
    assert!(missing.err.contains("error:"), "{}", missing.err);
    assert_eq!(server.stop(), 0);
    bank.run("check", &[&sample("invoice.ubl.xml")], &[]).expect(2);
}

#[test]
fn a_log_is_audited_exported_backed_up_restored_and_rebuilt() {
    let world = World::new();
    let server = world.serve();
    let (key, supplier) = (world.at("auditor.pem"), world.at("supplier.pem"));
    let invoice = sample("invoice.ubl.xml");
    let url = server.url.clone();
    run(&["import", &invoice, "--key", &supplier, "--as", SUPPLIER, "--url", &url]).expect(0);
    let auditor = ["--key", &key, "--as", AUDITOR, "--url", &url];
    let audit = ["audit", "--vkey", &world.vkey, "--json"];
    let report = run(&[&audit[..], &auditor[..]].concat()).expect(0).json();
    assert_eq!((&report["verified"], &report["size"]), (&true.into(), &4.into()));
    run(&[&audit[..], &["--key", &supplier, "--as", SUPPLIER, "--url", &url]].concat()).expect(2);
    let export = world.at("log.export");
    run(&[&["export", "--out", &export][..], &auditor[..]].concat()).expect(0);
    run(&[&["export", "--out", &export][..], &auditor[..]].concat()).expect(2);
    assert_eq!(world.mode("log.export"), 0o600);
    run(&[&audit[..], &["--log", &export]].concat()).expect(0);
    let mut forged = fs::read(&export).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    fs::write(world.path("forged"), forged).unwrap();
    run(&[&audit[..], &["--log", &world.at("forged")]].concat()).expect(1);
    assert_eq!(server.stop(), 0);

    let (data, backup) = (world.at("data"), world.at("backup"));
    run(&["backup", "--data", &data, "--out", &backup]).expect(0);
    let before = run(&["rebuild", "--data", &data, "--json"]).expect(0).json();
    assert_eq!((&before["equal"], &before["before"]), (&true.into(), &before["after"]));
    let (again, log_key) = (world.at("again"), world.at("data/log-key.pem"));
    let restore = ["restore", "--data", &again, "--log-key", &log_key, "--from"];
    run(&[&restore[..], &[backup.as_str()]].concat()).expect(2);
    run(&[&restore[..], &[&world.at("forged"), "--accept-loss"]].concat()).expect(1);
    assert!(!world.path("again").exists(), "nothing is written before the audit has passed");
    run(&[&restore[..], &[&backup, "--accept-loss"]].concat()).expect(0);
    run(&[&restore[..], &[&backup, "--accept-loss"]].concat()).expect(2);
    let after = run(&["rebuild", "--data", &again, "--json"]).expect(0).json();
    assert_eq!(after["after"], before["after"]);
}

/// The registry went on after the backup was made: restoring it would contradict what was signed since.
#[test]
fn a_backup_that_is_older_than_a_known_checkpoint_is_not_restored() {
    let world = World::new();
    let (data, old, new) = (world.at("data"), world.at("old"), world.at("new"));
    run(&["backup", "--data", &data, "--out", &old]).expect(0);
    run(&["participant", "suspend", "--data", &data, "--id", SUPPLIER]).expect(0);
    let report = run(&["backup", "--data", &data, "--out", &new, "--json"]).expect(0).json();
    fs::write(world.path("checkpoint"), report["checkpoint"].as_str().unwrap()).unwrap();
    let (again, log_key, newest) =
        (world.at("again"), world.at("data/log-key.pem"), world.at("checkpoint"));
    let restore =
        ["restore", "--data", &again, "--log-key", &log_key, "--checkpoint", &newest, "--from"];
    let refused = run(&[&restore[..], &[old.as_str()]].concat()).expect(1);
    assert!(refused.err.contains("cut_tail"), "{}", refused.err);
    run(&[&restore[..], &[new.as_str()]].concat()).expect(0);
}

#[test]
fn read_models_that_are_not_the_logs_are_found_and_replaced() {
    let world = World::new();
    let data = world.at("data");
    fs::remove_dir_all(world.path("data/views")).unwrap();
    let made = run(&["rebuild", "--data", &data, "--json"]).expect(0).json();
    assert_eq!(made["before"], Value::Null);
    let again = run(&["rebuild", "--data", &data, "--json"]).expect(0).json();
    assert_eq!(again["before"], made["after"]);
}

#[test]
fn a_token_and_a_completion_script_are_printed_alone() {
    let world = World::new();
    let key = world.at("supplier.pem");
    let token = run(&["token", "--key", &key, "--as", SUPPLIER, "--aud", ORIGIN]).expect(0).out;
    assert_eq!(token.trim().split('.').count(), 3);
    run(&["token", "--key", &key, "--as", SUPPLIER, "--aud", ORIGIN, "--lifetime", "301"])
        .expect(2);
    assert!(run(&["completions", "bash"]).expect(0).out.contains("tallystick"));
}

#[test]
fn the_demo_tells_the_whole_story_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let ran = finish(command(&["demo", "--exit"]).env("TMPDIR", temporary.path())).expect(0);
    for said in ["recorded as a double financing", "VERIFIED", "caught", "€12,450.00"] {
        assert!(ran.out.contains(said), "{said}");
    }
    assert_eq!(ran.out.matches(": caught").count(), 5);
    assert!(!ran.out.contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn detection_is_measured_on_a_labelled_file_and_says_by_its_exit_code_whether_the_targets_are_met()
{
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/detection.jsonl");
    let measured = run(&["bench", "detect", "--file", file, "--json"]).expect(0).json();
    assert_eq!(measured["passes"], true);
    assert_eq!(measured["honest"]["bothered"], 0);
    assert_eq!(measured["errors"].as_array().unwrap().len(), 0);
    // An earlier version of the rules finds less.
    let earlier = run(&["bench", "detect", "--file", file, "--rules", "1"]).expect(1);
    assert!(
        earlier.out.contains("FAIL") && earlier.err.contains("not every target"),
        "{}",
        earlier.out
    );
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("wrong.jsonl");
    fs::write(&wrong, "{\"event\":\"invoice\",\"frauds\":\"split\"}\n").unwrap();
    let refused = run(&["bench", "detect", "--file", wrong.to_str().unwrap()]).expect(2);
    assert!(refused.err.contains("line 1"), "{}", refused.err);
}

#[test]
fn a_received_message_is_checked_offline_and_an_old_or_changed_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/vectors/webhooks.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(vectors).unwrap()).unwrap();
    let message = &vectors["messages"][1];
    let text = |name: &str| message[name].as_str().unwrap().to_owned();
    let body = dir.path().join("body").display().to_string();
    let headers = dir.path().join("headers").display().to_string();
    fs::write(&body, text("body")).unwrap();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let lines: Vec<String> =
        names.iter().map(|name| format!("{}: {}\r\n", name.to_uppercase(), text(name))).collect();
    fs::write(&headers, lines.concat()).unwrap();
    let verify = |key: &Value, more: &[&str]| {
        let given = ["webhook", "verify", &body, "--key", key.as_str().unwrap()];
        run(&[&given[..], more].concat())
    };
    let (new, old) = (&message["keys"][0], &message["keys"][1]);
    let then = ["--headers", headers.as_str(), "--received-at", "2026-11-21T10:02:00Z"];
    for key in [new, old] {
        let verified = verify(key, &[&then[..], &["--json"]].concat()).expect(0);
        assert_eq!(verified.json()["verified"], true);
    }
    let late = ["--headers", headers.as_str(), "--received-at", "2026-11-21T11:00:00Z"];
    assert!(verify(new, &late).expect(1).err.contains("too old"));
    let others = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    verify(&Value::from(others), &then).expect(1);
    fs::write(&body, text("body").replace("second_claim", "paid")).unwrap();
    assert!(verify(new, &then).expect(1).err.contains("no signature holds"));
    assert!(verify(new, &["-H", "webhook-id: evt_1"]).expect(2).err.contains("webhook-timestamp"));
    verify(&Value::from("whsec_AAAA"), &then).expect(2);
}

#[test]
fn a_webhook_is_made_listed_given_another_key_and_removed() {
    let world = World::new();
    let server = world.serve();
    let key = world.at("supplier.pem");
    let webhook = |args: &[&str]| {
        let place = ["--url", &server.url, "--registry", ORIGIN, "--key", &key, "--as", SUPPLIER];
        run(&[&["webhook"], args, &place[..]].concat())
    };
    webhook(&["list"]).expect(0);
    let address = "https://hooks.supplier.example/tallystick";
    let made = webhook(&["add", address, "--type", "alert.*", "--json"]).expect(0).json();
    let id = made["id"].as_str().unwrap();
    let listed = webhook(&["list"]).expect(0).out;
    assert!(
        listed.contains(id) && listed.contains(address) && listed.contains("whpk_"),
        "{listed}"
    );
    let rotated = webhook(&["rotate", id, "--overlap", "60", "--json"]).expect(0).json();
    assert_eq!(rotated["keys"].as_array().map(Vec::len), Some(2));
    let refused = webhook(&["add", "https://127.0.0.1/"]).expect(2).err;
    assert!(refused.contains("webhook_url_invalid"), "{refused}");
    webhook(&["remove", id]).expect(0);
    assert!(webhook(&["enable", id]).expect(2).err.contains("not_found"));
    assert_eq!(world.mode("data/webhook-secret"), 0o600);
}

/// Serves files as any web server does, until the test ends.
fn serve_files(folder: PathBuf) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            assert!(
                lines
                    .by_ref()
                    .map(Result::unwrap)
                    .take_while(|it| !it.is_empty())
                    .all(|it| { !it.to_ascii_lowercase().starts_with("authorization") })
            );
            let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            std::io::Write::write_all(&mut stream, &[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    url
}

#[test]
fn a_log_as_plain_files_is_audited_from_any_web_server() {
    let world = World::new();
    let (data, tiles) = (world.at("data"), world.at("tiles"));
    assert_eq!(world.serve_with(&["--tiles", &tiles]).stop(), 0);
    let url = serve_files(world.path("tiles"));
    let audit = ["audit", "--vkey", &world.vkey, "--url", &url, "--json"];
    let report = run(&audit).expect(0).json();
    assert_eq!(report["size"], 3);

    // A folder is brought up to date; what is there and unchanged is not written again.
    let suspend = ["participant", "suspend", "--data", &data, "--id", SUPPLIER];
    run(&suspend).expect(0);
    let export = ["export", "--data", &data, "--tiles", &tiles, "--json"];
    assert_eq!(run(&export).expect(0).json()["size"], 4);
    let written = fs::metadata(world.path("tiles/checkpoint")).unwrap().modified().unwrap();
    run(&export).expect(0);
    assert_eq!(fs::metadata(world.path("tiles/checkpoint")).unwrap().modified().unwrap(), written);
    assert_eq!(run(&audit).expect(0).json()["size"], 4);

    // What was changed in the folder shows.
    let bundle = world.path("tiles/tile/entries/000.p/4");
    let mut bytes = fs::read(&bundle).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    run(&audit).expect(1);

    // Another log does not go into the folder, and the registry itself asks who is there.
    let other = World::new();
    fs::write(world.path("tiles/checkpoint"), "nonsense").unwrap();
    run(&["export", "--data", &other.at("data"), "--tiles", &tiles]).expect(2);
    let server = world.serve();
    let anonymous = ["audit", "--vkey", &world.vkey, "--url", &server.url];
    assert!(run(&anonymous).expect(2).err.contains("--key FILE --as PARTY"));
}

#[test]
fn responses_are_stated_once_and_written_and_what_is_none_says_why() {
    const DEBTOR: &str = "0208:0999999031";
    let world = World::new();
    world.admit("debtor", DEBTOR, "debtor");
    let server = world.serve();
    let (key, own) = (world.at("debtor.pem"), world.at("supplier.pem"));
    let by_supplier = ["--key", &own, "--as", SUPPLIER, "--url", &server.url, "--json"];
    run(&[&["import", &sample("invoice.ubl.xml")][..], &by_supplier].concat()).expect(0);
    let respond = |more: &[&str]| {
        let identity = ["--key", &key, "--as", DEBTOR, "--url", &server.url];
        run(&[&["respond"], more, &identity].concat())
    };
    // Messages of last year, so that this test does not depend on the day on which it runs.
    let folder = world.path("inbox");
    fs::create_dir(&folder).unwrap();
    for name in ["response-accepted.ubl.xml", "response-paid-in-part.ubl.xml"] {
        let text = fs::read_to_string(sample(name)).unwrap();
        let dated = text.replace("2026-09-28", "2025-01-06").replace("2026-11-12", "2025-01-07");
        fs::write(folder.join(name), dated).unwrap();
    }
    let inbox = folder.display().to_string();
    let dry = respond(&[&inbox, "--dry-run", "--json"]).expect(0).json();
    assert_eq!((&dry["ready"], &dry["stated"]), (&2.into(), &0.into()), "{dry}");
    let stated = respond(&[&inbox, "--json"]).expect(0).json();
    assert_eq!(stated["stated"], 2, "{stated}");
    let again = respond(&[&inbox, "--json"]).expect(0).json();
    assert_eq!((&again["known"], &again["stated"]), (&2.into(), &0.into()), "{again}");
    let (mlr, cdar) =
        (sample("response-message-level.ubl.xml"), sample("life-cycle-collected.cdar.xml"));
    let others = respond(&[&mlr, &cdar, "--json"]).expect(1).json();
    assert_eq!(others["messages"][0]["code"], "not_a_response");
    assert_eq!(others["messages"][1]["code"], "response_unmatched");
    let table = respond(&[&mlr]).expect(1);
    assert!(table.out.contains("message level response"), "{}", table.out);
    let invoice = stated["messages"][0]["invoice"].as_str().unwrap();
    let get = run(&[&["get", &format!("/v1/invoices/{invoice}")][..], &by_supplier].concat());
    let axes = get.expect(0).json()["axes"].clone();
    assert_eq!(axes["process"]["state"], "approved");
    assert_eq!(axes["payment"]["state"], "part_paid");
    assert_eq!(axes["payment"]["amount_minor"], 622_500);

    let out = world.at("out.xml");
    respond(&["--write", invoice, "--out", &out]).expect(0);
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.contains(">PPD<") && written.contains(">6225.00<"), "{written}");
    respond(&["--write", invoice, "--out", &out]).expect(2);
    assert_eq!(respond(&["--write", invoice]).expect(0).out, written);
    respond(&["--write", invoice, &inbox]).expect(2);
    respond(&[]).expect(2);
}
