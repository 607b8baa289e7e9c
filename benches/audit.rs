//! What an audit costs a record, and its ratio to the naive bound: all cores doing nothing but `verify_strict`.

#[path = "../tests/suite/audit/world.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "the world of the tests, of which a part is used here"
)]
mod world;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tallystick::audit::{Auditor, Opened};
use tallystick::log::Vkey;
use tallystick::signing::SecretKey;
use world::World;

/// Long enough that the tables of a hundred keys are a small part of it.
const RECORDS: usize = 40_000;

fn audit_all(vkey: &Vkey, note: &str, entries: Vec<Vec<u8>>) -> bool {
    match Auditor::open(vkey, &[note], None, None) {
        Ok(Opened::Ready(mut auditor)) => {
            auditor.feed(entries);
            auditor.finish().is_ok_and(|finished| finished.report.verified)
        }
        _ => false,
    }
}

/// How long one core takes to verify one signature of a statement's length.
fn strict() -> Duration {
    let key = SecretKey::from_seed(&[7; 32]);
    let message = [b'm'; 900];
    let signature = key.sign(&message);
    let rounds = 4_000_u32;
    let begin = Instant::now();
    for _ in 0..rounds {
        black_box(key.public().verify(black_box(&message), &signature));
    }
    begin.elapsed().checked_div(rounds).unwrap_or_default()
}

fn audit(criterion: &mut Criterion) {
    let mut world = World::new();
    world.bulk(RECORDS);
    let (vkey, note) = (world.vkey(), world.note());
    let records = u64::try_from(world.entries.len()).unwrap_or(u64::MAX);

    let (strict, entries) = (strict(), world.entries.clone());
    let begin = Instant::now();
    assert!(audit_all(&vkey, &note, entries), "the log is honest");
    let elapsed = begin.elapsed();
    let cores = u64::try_from(rayon::current_num_threads()).unwrap_or(u64::MAX);
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let naive = micros(strict).saturating_mul(records).checked_div(cores).unwrap_or(0);
    let percent = naive.saturating_mul(100).checked_div(micros(elapsed)).unwrap_or(0);
    println!(
        "audit: {records} records in {elapsed:?}, {} records/s; naive bound {cores} cores x 1/{strict:?}; ratio {}.{:02}",
        records.saturating_mul(1_000_000).checked_div(micros(elapsed)).unwrap_or(0),
        percent / 100,
        percent % 100,
    );

    let mut group = criterion.benchmark_group("audit");
    group.sample_size(10);
    group.throughput(Throughput::Elements(records));
    group.bench_function("full", |bencher| {
        bencher.iter_batched(
            || world.entries.clone(),
            |entries| audit_all(&vkey, &note, entries),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, audit);
criterion_main!(benches);
