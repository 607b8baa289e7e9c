//! What the rules cost: deciding and applying, on a registry that has a hundred thousand invoices already.
#![expect(clippy::expect_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use tallystick::domain::{Decision, State};
use tallystick::invoice::Core;
use tallystick::signing::SecretKey;
use tallystick::statement::{Payload, SignedStatement, Statement, StatementType};
use tallystick::types::{InvoiceId, Origin, Timestamp};

/// Invoices in the registry before anything is measured.
const INVOICES: u32 = 100_000;
/// Invoices that are financed one by one while it is measured.
const MORE: u32 = 400_000;
/// Suppliers, each with its own numbering.
const SUPPLIERS: u32 = 500;

const OPERATOR: (&str, u32) = ("0106:10000001", 1);
const BANK: (&str, u32) = ("0106:30000003", 2);
const FACTOR: (&str, u32) = ("0106:40000004", 3);

struct World {
    state: State,
    now: Timestamp,
    said: u64,
}

impl World {
    fn new() -> Self {
        let origin: Origin = "registry.example/bench".parse().expect("an origin");
        let now = "2026-11-21T09:00:00Z".parse().expect("a time");
        let mut world = Self { state: State::new(origin), now, said: 0 };
        world.say(OPERATOR, "registry.opened.v1", &json!({
            "operator": OPERATOR.0, "key": key(OPERATOR.1).public(), "rules": 1, "skew_seconds": 300,
            "check_digits": "required",
        }));
        let financiers = [BANK, FACTOR].map(|(party, seed)| (party.to_owned(), seed, "financier"));
        let suppliers = (0..SUPPLIERS).map(|n| (supplier(n), seed_of(n), "supplier"));
        for (party, seed, role) in financiers.into_iter().chain(suppliers) {
            world.say(OPERATOR, "participant.admitted.v1", &json!({
                "party": party, "roles": [role], "key": key(seed).public(), "assurance": "document",
            }));
        }
        for number in 0..INVOICES {
            let statement = world.registration(number);
            world.hear(&statement);
        }
        world
    }

    /// Says it with the author's key.
    fn say(&mut self, (author, seed): (&str, u32), kind: &str, data: &Value) {
        let statement = self.statement(author, seed, kind, data);
        self.hear(&statement);
    }

    fn statement(&mut self, author: &str, seed: u32, kind: &str, data: &Value) -> Statement {
        self.said = self.said.saturating_add(1);
        let (kind, author) = (kind.parse().expect("a type"), author.parse().expect("a party"));
        let (reference, origin) = (self.said.to_string(), self.state.origin());
        let signed = SignedStatement::sign(
            &key(seed),
            kind,
            &author,
            &reference,
            self.now,
            origin,
            &data.to_string(),
        );
        signed.expect("a statement").statement().clone()
    }

    /// An invoice of one of the suppliers. It is not signed anew each time: the rules look at no signature.
    fn registration(&mut self, number: u32) -> Statement {
        let supplier_number = number.checked_rem(SUPPLIERS).unwrap_or(0);
        self.said = self.said.saturating_add(1);
        let author = supplier(supplier_number).parse().expect("a party");
        let reference = self.said.to_string();
        let data = json!({"invoice": core(number), "amount_due_minor": gross(number)}).to_string();
        Statement {
            id: tallystick::statement::statement_id(&author, &reference),
            author,
            reference: reference.into(),
            key: key(seed_of(supplier_number)).public().thumbprint(),
            time: self.now,
            registry: self.state.origin().clone(),
            payload: Payload::parse(StatementType::InvoiceRegistered.as_str(), &data)
                .expect("a payload"),
        }
    }

    fn financing(&mut self, who: (&str, u32), invoices: &[u32]) -> Statement {
        let items: Vec<Value> = invoices
            .iter()
            .map(|number| json!({"id": id(*number), "claimed_minor": gross(*number)}))
            .collect();
        self.statement(
            who.0,
            who.1,
            "financing.recorded.v1",
            &json!({
                "invoices": items, "currency": "EUR", "kind": "factoring", "recourse": "without",
                "disclosure": "silent", "on_conflict": "record",
            }),
        )
    }

    fn decide(&self, statement: &Statement) -> Decision {
        self.state.decide(statement, self.now).expect("admitted")
    }

    fn hear(&mut self, statement: &Statement) {
        let decision = self.decide(statement);
        self.state.apply(statement, self.now, decision);
    }
}

fn key(seed: u32) -> SecretKey {
    let mut bytes = [7; 32];
    bytes.iter_mut().zip(seed.to_be_bytes()).for_each(|(byte, seed)| *byte = seed);
    SecretKey::from_seed(&bytes)
}

fn seed_of(supplier: u32) -> u32 {
    supplier.saturating_add(1_000)
}

fn supplier(number: u32) -> String {
    format!("0106:5{number:07}")
}

fn gross(number: u32) -> u32 {
    number.saturating_add(10_000)
}

fn core(number: u32) -> Value {
    let (supplier_number, buyer) =
        (number.checked_rem(SUPPLIERS).unwrap_or(0), number.checked_rem(977).unwrap_or(0));
    json!({
        "seller": supplier(supplier_number), "buyer": format!("0106:6{buyer:07}"),
        "number": format!("INV-2026-{number:07}"), "type": 380, "issue_date": "2026-11-01",
        "due_date": "2026-12-01", "currency": "EUR", "gross_minor": gross(number),
    })
}

fn id(number: u32) -> InvoiceId {
    serde_json::from_value::<Core>(core(number)).expect("a core").id()
}

fn decide(criterion: &mut Criterion) {
    let mut world = World::new();
    let mut group = criterion.benchmark_group("decide");

    group.throughput(Throughput::Elements(1));
    let mut next = INVOICES;
    let registration = world.registration(next);
    group.bench_function("registration", |bencher| {
        bencher.iter(|| world.decide(black_box(&registration)));
    });
    let free = world.financing(BANK, &[0]);
    group.bench_function("financing", |bencher| bencher.iter(|| world.decide(black_box(&free))));
    let taken = world.financing(BANK, &[1]);
    world.hear(&taken);
    let second = world.financing(FACTOR, &[1]);
    group.bench_function("second_financing", |bencher| {
        bencher.iter(|| world.decide(black_box(&second)));
    });
    let all: Vec<u32> = (1_000..1_500).collect();
    let bordereau = world.financing(BANK, &all);
    group.throughput(Throughput::Elements(500));
    group.bench_function("bordereau_500", |bencher| {
        bencher.iter(|| world.decide(black_box(&bordereau)));
    });
    world.hear(&bordereau);
    let conflicting = world.financing(FACTOR, &all);
    group.bench_function("bordereau_500_conflicting", |bencher| {
        bencher.iter(|| world.decide(black_box(&conflicting)));
    });

    group.throughput(Throughput::Elements(1));
    // Both halves together: each iteration adds to the registry.
    let world = std::cell::RefCell::new(world);
    group.bench_function("registration_applied", |bencher| {
        bencher.iter_batched(
            || {
                next = next.saturating_add(1);
                world.borrow_mut().registration(next)
            },
            |statement| world.borrow_mut().hear(black_box(&statement)),
            BatchSize::PerIteration,
        );
    });
    // An invoice for each iteration, so that none has many claims.
    let mut number = next;
    for more in 1..=MORE {
        let statement = world.borrow_mut().registration(next.saturating_add(more));
        world.borrow_mut().hear(&statement);
    }
    group.bench_function("financing_applied", |bencher| {
        bencher.iter_batched(
            || {
                number = number.saturating_add(1);
                world.borrow_mut().financing(BANK, &[number])
            },
            |statement| world.borrow_mut().hear(black_box(&statement)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(core::time::Duration::from_secs(2));
    targets = decide
}
criterion_main!(benches);
