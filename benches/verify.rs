//! What a signature check costs: strictly, with a key's table, and 64 at a time; and what parsing costs.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tallystick::signing::{Check, CompactJws, SecretKey, Verifier, jws};

/// As many keys as a busy registry meets in a batch.
const KEYS: u8 = 16;

fn verify(criterion: &mut Criterion) {
    let keys = (1..=KEYS).map(|seed| SecretKey::from_seed(&[seed; 32])).collect::<Vec<_>>();
    let message = [b'm'; 600];
    let signatures = keys.iter().map(|key| key.sign(&message)).collect::<Vec<_>>();
    let verifier = Verifier::new(usize::from(KEYS));
    let checks = keys
        .iter()
        .zip(&signatures)
        .map(|(key, signature)| Check { key: key.public(), message: &message, signature })
        .collect::<Vec<_>>();
    let batch = checks.iter().copied().cycle().take(256).collect::<Vec<_>>();
    // Each key is seen often enough here to get its table.
    assert!(verifier.verify_many(&batch).into_iter().all(|holds| holds));
    let batch = batch.get(..64).unwrap_or_default();

    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    let mut next = checks.iter().cycle();
    group.bench_function("strict", |bencher| {
        bencher.iter(|| next.next().map(|c| c.key.verify(black_box(c.message), c.signature)));
    });
    group.bench_function("with_table", |bencher| {
        bencher.iter(|| {
            next.next().map(|c| verifier.verify(c.key, black_box(c.message), c.signature))
        });
    });
    group.throughput(Throughput::Elements(64));
    group.bench_function("many_64", |bencher| {
        bencher.iter(|| verifier.verify_many(black_box(batch)));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("make_table_and_verify", |bencher| {
        let mut next = checks.iter().cycle();
        bencher.iter(|| {
            // The eighth sighting makes the table: subtract seven strict checks from this figure.
            let fresh = Verifier::new(1);
            next.next().map(|c| {
                (0..8).map(|_| fresh.verify(c.key, black_box(c.message), c.signature)).last()
            })
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("jws");
    let statement = keys.first().map(|key| jws::sign(key, &message, None)).unwrap_or_default();
    group.bench_function("parse_600", |bencher| {
        bencher.iter(|| CompactJws::parse(black_box(statement.as_bytes())).is_ok());
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
