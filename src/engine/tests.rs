//! A running registry without a network: admitted, durable, proven, and the same after a restart.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::signing::SecretKey;
use crate::statement::{SignedStatement, StatementType};
use crate::types::PartyId;

const OPERATOR: &str = "0106:00000001";
const SUPPLIER: &str = "0106:27374841";
const FINANCIER: &str = "0106:34179503";

struct World {
    engine: Engine,
    operator: SecretKey,
    supplier: SecretKey,
    financier: SecretKey,
    time: Arc<AtomicI64>,
    counter: AtomicI64,
}

fn options(time: &Arc<AtomicI64>) -> Options {
    let time = Arc::clone(time);
    let clock: Clock =
        Arc::new(move || Timestamp::default().plus_millis(time.fetch_add(1, Ordering::SeqCst)));
    Options { clock, ..Options::default() }
}

impl World {
    async fn new(dir: &Path) -> Self {
        let origin: Origin = "registry.example/test".parse().expect("an origin");
        let made = Folder::create(dir, &origin, &[[1; 32], [2; 32]]).expect("a new folder");
        let time = Arc::new(AtomicI64::new(1_800_000_000_000));
        let world = Self {
            engine: Engine::open(dir, options(&time)).expect("it opens"),
            operator: made.operator_key,
            supplier: SecretKey::from_seed(&[3; 32]),
            financier: SecretKey::from_seed(&[4; 32]),
            time,
            counter: AtomicI64::new(0),
        };
        let opened = serde_json::json!({
            "operator": OPERATOR, "key": world.operator.public(), "rules": 3, "skew_seconds": 300,
            "check_digits": "required",
        });
        let mut first = vec![world.sign(&world.operator, OPERATOR, "registry.opened.v1", &opened)];
        for (party, role, key) in
            [(SUPPLIER, "supplier", &world.supplier), (FINANCIER, "financier", &world.financier)]
        {
            let admitted = serde_json::json!({
                "party": party, "roles": [role], "key": key.public(), "assurance": "document",
            });
            first.push(world.sign(&world.operator, OPERATOR, "participant.admitted.v1", &admitted));
        }
        for submission in world.engine.submit(first).await.expect("an answer") {
            submission.result.expect("admitted");
        }
        world
    }

    fn sign(&self, key: &SecretKey, author: &str, kind: &str, data: &serde_json::Value) -> Vec<u8> {
        let author: PartyId = author.parse().expect("a party id");
        let kind: StatementType = kind.parse().expect("a type");
        let reference = self.counter.fetch_add(1, Ordering::SeqCst).to_string();
        let time = Timestamp::default().plus_millis(self.time.load(Ordering::SeqCst));
        let origin = "registry.example/test".parse().expect("an origin");
        let signed =
            SignedStatement::sign(key, kind, &author, &reference, time, &origin, &data.to_string());
        signed.expect("well formed").bytes().to_vec()
    }

    fn invoice(&self, number: i64) -> Vec<u8> {
        let gross = number.saturating_add(100_000);
        let data = serde_json::json!({
            "invoice": {
                "seller": SUPPLIER, "buyer": "0208:0403019261", "number": format!("INV-{number:05}"),
                "type": 380, "issue_date": "2026-10-01", "currency": "EUR", "gross_minor": gross,
            },
            "amount_due_minor": 100_000,
        });
        self.sign(&self.supplier, SUPPLIER, "invoice.registered.v1", &data)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_admitted_is_proven_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    let statements: Vec<Vec<u8>> = (0..700).map(|number| world.invoice(number)).collect();
    let answers = world.engine.submit(statements.clone()).await.expect("an answer");
    assert_eq!(answers.len(), 700);
    for (statement, answer) in statements.iter().zip(&answers) {
        let admitted = answer.result.as_ref().expect("admitted");
        assert!(!admitted.replayed);
        admitted.receipt.verify(statement, world.engine.vkey()).expect("the receipt proves itself");
    }
    let digest = world.engine.read_models().await.expect("durable");
    let time = Arc::clone(&world.time);
    world.engine.shutdown().await;
    drop(world.engine);

    let engine = Engine::open(dir.path(), options(&time)).expect("it opens again");
    let again = engine.submit(statements[..3].to_vec()).await.expect("an answer");
    for (first, second) in answers.iter().zip(&again) {
        let (first, second) =
            (first.result.as_ref().expect("ok"), second.result.as_ref().expect("ok"));
        assert!(second.replayed);
        assert_eq!(first.receipt.position, second.receipt.position);
        assert_eq!(first.receipt.recorded_at, second.receipt.recorded_at);
    }
    assert_eq!(engine.read_models().await.expect("durable"), digest);
    engine.shutdown().await;
    drop(engine);

    std::fs::remove_dir_all(dir.path().join("views")).expect("views can be thrown away");
    let engine = Engine::open(dir.path(), options(&time)).expect("it rebuilds");
    assert_eq!(engine.read_models().await.expect("durable"), digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_twice_in_one_group_is_admitted_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    let invoice = world.invoice(1);
    let answers = world.engine.submit(vec![invoice.clone(), invoice]).await.expect("an answer");
    let receipts: Vec<_> = answers.iter().map(|it| it.result.as_ref().expect("admitted")).collect();
    assert_eq!([receipts[0].replayed, receipts[1].replayed], [false, true]);
    assert_eq!(receipts[0].receipt, receipts[1].receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_sent_again_while_it_is_on_its_way_is_admitted_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    for number in 0..20 {
        let invoice = world.invoice(number);
        let send = || world.engine.submit(vec![world.invoice(100 + number), invoice.clone()]);
        let (one, two, three) = tokio::join!(send(), send(), send());
        let answers = [one, two, three].map(|sent| sent.expect("an answer").pop().expect("two"));
        let receipts = answers.each_ref().map(|it| it.result.as_ref().expect("admitted"));
        assert_eq!(receipts.iter().filter(|it| !it.replayed).count(), 1);
        for again in receipts {
            assert_eq!(again.receipt.position, receipts[0].receipt.position);
            again.receipt.verify(&invoice, world.engine.vkey()).expect("it proves itself");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_used_in_the_group_that_adds_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    let key = SecretKey::from_seed(&[9; 32]);
    let added =
        serde_json::json!({"party": SUPPLIER, "key": key.public(), "assurance": "document"});
    let added = world.sign(&world.supplier, SUPPLIER, "key.added.v1", &added);
    let revoked = serde_json::json!({
        "party": SUPPLIER, "key": world.supplier.public().thumbprint(), "reason": "superseded",
    });
    let revoked = world.sign(&key, SUPPLIER, "key.revoked.v1", &revoked);
    let answers =
        world.engine.submit(vec![added, revoked, world.invoice(1)]).await.expect("an answer");
    let codes: Vec<_> =
        answers.iter().map(|it| it.result.as_ref().err().map(Refusal::code)).collect();
    assert_eq!(codes, [None, None, Some("key_revoked")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_takes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    let time = Arc::clone(&world.time);
    world.engine.shutdown().await;
    assert!(matches!(
        world.engine.submit(vec![world.invoice(1)]).await,
        Err(SubmitError::Stopping)
    ));
    drop(world.engine.clone());
    let World { engine, .. } = world;
    drop(engine);
    let small = Options { queue_kib: 1, ..options(&time) };
    let engine = Engine::open(dir.path(), small).expect("it opens");
    assert!(matches!(engine.submit(vec![vec![b'x'; 4_096]]).await, Err(SubmitError::Overloaded)));
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_those_of_one_size_though_the_writer_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::new(dir.path()).await;
    let groups: Vec<Vec<Vec<u8>>> = (0..30)
        .map(|group| (0..20).map(|number| world.invoice(group * 20 + number)).collect())
        .collect();
    let writing = async {
        for group in groups {
            for submission in world.engine.submit(group).await.expect("an answer") {
                submission.result.expect("admitted");
            }
        }
    };
    let reading = async {
        let mut read = Vec::new();
        for _ in 0..5 {
            read.push(world.engine.read_models().await.expect("durable"));
            tokio::task::yield_now().await;
        }
        read
    };
    let ((), mut read) = tokio::join!(writing, reading);
    read.push(world.engine.read_models().await.expect("durable"));
    assert_eq!(read.last().map(|last| last.as_of), Some(603));
    let entries = world.engine.records(0, 603).expect("the log");
    for published in read {
        let mut state = State::new(world.engine.origin().clone());
        let count = usize::try_from(published.as_of).expect("few");
        for entry in entries.iter().take(count) {
            let record = crate::record::Record::decode(entry).expect("a record");
            let signed = SignedStatement::parse(record.statement).expect("a statement");
            let decision = state.decide(signed.statement(), record.time).expect("admitted");
            state.apply(signed.statement(), record.time, decision);
        }
        let expected = PublishedReadModels::from_state(&mut state).expect("it encodes");
        assert_eq!(published, expected);
    }
}
