//! The server is killed at random moments under load, again and again; nothing acknowledged may be lost.
//!
//! `TALLYSTICK_CRASH_ROUNDS` sets the number of rounds (8 by default; 100 and more for a release, with
//! `cargo test --release`). After every kill each receipt that was handed out before it is asked for again, and must
//! come back with the same position and time. In the end the log holds every statement that was ever acknowledged,
//! at its position, its tree verifies against every checkpoint that was ever handed out, and the read models equal
//! a rebuild.
#![cfg(all(feature = "server", unix))]
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tallystick::engine::{Folder, system_clock};
use tallystick::log::{Checkpoint, Vkey, verify_consistency};
use tallystick::record::Receipt;
use tallystick::signing::SecretKey;
use tallystick::statement::SignedStatement;
use tallystick::types::{Origin, PartyId};

const OPERATOR: &str = "0106:00000000";
const SUPPLIER: &str = "0106:27374841";

struct Registry {
    child: Child,
    url: String,
}

impl Registry {
    fn start(dir: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_tallystick"))
            .args(["serve", "--listen", &listen, "--data"])
            .arg(dir)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { child, url: format!("http://{listen}") };
        let started = Instant::now();
        while !agent()
            .get(format!("{}/readyz", registry.url))
            .call()
            .is_ok_and(|it| it.status() == 200)
        {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "the registry does not start after a kill"
            );
            thread::sleep(Duration::from_millis(10));
        }
        registry
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(20))).build().into()
}

/// Signs statements with running numbers.
struct Author {
    key: SecretKey,
    party: PartyId,
    origin: Origin,
    next: AtomicU64,
}

impl Author {
    fn sign(&self, kind: &str, reference: &str, data: &serde_json::Value) -> Vec<u8> {
        let now = system_clock()();
        let kind = kind.parse().unwrap();
        let data = data.to_string();
        let signed = SignedStatement::sign(
            &self.key,
            kind,
            &self.party,
            reference,
            now,
            &self.origin,
            &data,
        );
        signed.unwrap().bytes().to_vec()
    }

    fn invoice(&self) -> Vec<u8> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let data = serde_json::json!({
            "invoice": {
                "seller": SUPPLIER, "buyer": "0208:0403019261", "number": format!("C-{number}"), "type": 380,
                "issue_date": "2026-10-01", "currency": "EUR", "gross_minor": 1_000 + number,
            },
            "amount_due_minor": 1_000,
        });
        self.sign("invoice.registered.v1", &number.to_string(), &data)
    }
}

/// Sends groups until the registry dies, and keeps what it acknowledged.
fn load(
    url: &str,
    author: &Author,
    lines: usize,
    dead: &AtomicBool,
    kept: &Mutex<BTreeMap<Vec<u8>, Receipt>>,
) {
    let agent = agent();
    while !dead.load(Ordering::SeqCst) {
        let statements: Vec<Vec<u8>> = (0..lines).map(|_| author.invoice()).collect();
        let sent = agent
            .post(format!("{url}/v1/statements"))
            .header("content-type", "application/x-ndjson")
            .send(&statements.join(&b'\n'));
        let Ok(mut response) = sent else { return };
        let mut body = Vec::new();
        // A body that the kill cut short still holds whole lines, and those are promises.
        let read = std::io::Read::read_to_end(&mut response.body_mut().as_reader(), &mut body);
        let mut kept = kept.lock().unwrap();
        for (statement, line) in statements.iter().zip(body.split(|byte| *byte == b'\n')) {
            if let Ok(receipt) = serde_json::from_slice::<Receipt>(line) {
                kept.insert(statement.clone(), receipt);
            }
        }
        if read.is_err() {
            return;
        }
    }
}

fn tallystick(args: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tallystick")).args(args).arg(dir).output().unwrap()
}

/// Asks for receipts again by sending the same statements: the same position, not a new record.
fn check_receipts(url: &str, vkey: &Vkey, kept: &BTreeMap<Vec<u8>, Receipt>) {
    let statements: Vec<&Vec<u8>> = kept.keys().collect();
    for chunk in statements.chunks(500) {
        let body = chunk.iter().map(|it| it.as_slice()).collect::<Vec<_>>().join(&b'\n');
        let mut response = agent()
            .post(format!("{url}/v1/statements"))
            .header("content-type", "application/x-ndjson")
            .send(&body)
            .unwrap();
        let answer = response.body_mut().read_to_string().unwrap();
        let lines: Vec<&str> = answer.lines().collect();
        assert_eq!(lines.len(), chunk.len(), "each statement is answered");
        chunk.par_iter().zip(lines).for_each(|(statement, line)| {
            let again: Receipt =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("lost: {line}"));
            let first = &kept[*statement];
            assert_eq!((again.position, again.recorded_at), (first.position, first.recorded_at));
            again.verify(statement, vkey).unwrap();
            first.verify(statement, vkey).unwrap();
        });
    }
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let rounds: u64 =
        std::env::var("TALLYSTICK_CRASH_ROUNDS").map_or(8, |rounds| rounds.parse().unwrap());
    let started = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("registry");
    let origin: Origin = "registry.example/crash".parse().unwrap();
    let made = Folder::create(&data, &origin, &[[1; 32], [2; 32]]).unwrap();
    let operator = Author {
        key: made.operator_key,
        party: OPERATOR.parse().unwrap(),
        origin: origin.clone(),
        next: AtomicU64::new(0),
    };
    let supplier = Arc::new(Author {
        key: SecretKey::from_seed(&[3; 32]),
        party: SUPPLIER.parse().unwrap(),
        origin,
        next: AtomicU64::new(0),
    });
    let mut all = BTreeMap::new();
    let mut fresh = BTreeMap::new();
    let mut checkpoints: Vec<String> = Vec::new();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;

    for round in 0..rounds {
        let registry = Registry::start(&data);
        if round == 0 {
            let opened = operator.sign("registry.opened.v1", "open", &serde_json::json!({
                "operator": OPERATOR, "key": operator.key.public(), "rules": 3, "skew_seconds": 3_600,
                "check_digits": "required",
            }));
            let admitted = operator.sign("participant.admitted.v1", "admit", &serde_json::json!({
                "party": SUPPLIER, "roles": ["supplier"], "key": supplier.key.public(), "assurance": "document",
            }));
            for statement in [opened, admitted] {
                let url = format!("{}/v1/statements", registry.url);
                let sent = agent()
                    .post(url)
                    .header("content-type", "application/jose")
                    .send(&statement)
                    .unwrap();
                assert_eq!(sent.status(), 201);
            }
        }
        let newest = agent().get(format!("{}/checkpoint", registry.url)).call().unwrap();
        checkpoints.push(newest.into_body().read_to_string().unwrap());
        check_receipts(&registry.url, &made.vkey, &fresh);
        all.append(&mut fresh);
        let kept = Arc::new(Mutex::new(BTreeMap::new()));
        let dead = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = [1_usize, 7, 120, 400]
            .into_iter()
            .map(|lines| {
                let (url, author) = (registry.url.clone(), Arc::clone(&supplier));
                let (dead, kept) = (Arc::clone(&dead), Arc::clone(&kept));
                thread::spawn(move || load(&url, &author, lines, &dead, &kept))
            })
            .collect();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(20 + (seed >> 33) % 700));
        registry.kill();
        dead.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.join().unwrap();
        }
        fresh = core::mem::take(&mut *kept.lock().unwrap());
    }

    let registry = Registry::start(&data);
    check_receipts(&registry.url, &made.vkey, &fresh);
    registry.kill();
    all.append(&mut fresh);
    assert!(!all.is_empty());
    checkpoints.extend(all.values().step_by(97).map(|receipt| receipt.log.checkpoint.clone()));
    eprintln!(
        "{rounds} kills, {} receipts, {} checkpoints, {} ms a round",
        all.len(),
        checkpoints.len(),
        started.elapsed().as_millis() / u128::from(rounds.max(1)),
    );
    check_log(&data, &all);
    check_tree(&data, &made.vkey, &checkpoints);
    let rebuilt = tallystick(&["rebuild", "--data"], &data);
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
}

/// Every statement that was ever acknowledged stands in the log, byte for byte, where and when its receipt says.
fn check_log(data: &Path, all: &BTreeMap<Vec<u8>, Receipt>) {
    use tallystick::record::Record;
    use tallystick::store::Log as _;

    let log = tallystick::store::sled_log::SledLog::open(data).unwrap();
    let reader = log.reader();
    let by_position: BTreeMap<u64, (&Vec<u8>, &Receipt)> =
        all.iter().map(|(statement, receipt)| (receipt.position, (statement, receipt))).collect();
    assert_eq!(by_position.len(), all.len(), "no two receipts name one position");
    for (position, entry) in (0_u64..).zip(reader.read(0, reader.size()).unwrap()) {
        let record = Record::decode(&entry).unwrap();
        if let Some((statement, receipt)) = by_position.get(&position) {
            assert_eq!(
                (record.statement, record.time),
                (statement.as_slice(), receipt.recorded_at)
            );
        }
    }
    assert!(by_position.keys().all(|position| *position < reader.size()));
}

/// Every checkpoint that was handed out is a beginning of the log as it is now.
fn check_tree(data: &Path, vkey: &Vkey, checkpoints: &[String]) {
    use tallystick::log::{HashReader, Prover, TileId, TileNodes, Tree, leaf_hash};
    use tallystick::store::Log as _;

    let log = tallystick::store::sled_log::SledLog::open(data).unwrap();
    let reader = log.reader();
    let mut tree = Tree::new();
    let mut tiles: BTreeMap<TileId, Arc<TileNodes>> = BTreeMap::new();
    for entry in reader.read(0, reader.size()).unwrap() {
        tree.append(leaf_hash(&entry));
        tiles.extend(tree.take_completed());
    }
    for (id, hashes) in tree.partials() {
        tiles.insert(id, Arc::new(TileNodes::new(hashes).unwrap()));
    }
    let reader: &dyn HashReader = &tiles;
    let prover = Prover::new(tree.size(), reader).unwrap();
    for note in checkpoints {
        let old = Checkpoint::open(note, vkey).unwrap();
        let proof = prover.consistency(old.size).unwrap();
        verify_consistency(old.size, &old.root, tree.size(), &tree.root(), &proof).unwrap();
    }
}
