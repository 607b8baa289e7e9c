//! How many entries a second the log makes durable, by the size of the batch.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tallystick::store::{Batch, Log, sled_log::SledLog};

/// About the length of a record with one signed statement.
const ENTRY_BYTES: usize = 700;

fn durable_appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("durable_append");
    for count in [1_u64, 64, 1_024] {
        let Ok(dir) = tempfile::tempdir() else { return };
        let Ok(mut log) = SledLog::create(dir.path()) else { return };
        let entries: Vec<Vec<u8>> =
            (0..count).map(|entry| entry.to_be_bytes().repeat(ENTRY_BYTES.div_ceil(8))).collect();
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("batch_of_{count}"), |bencher| {
            bencher.iter(|| {
                let batch = Batch { entries: black_box(&entries), ..Batch::default() };
                log.append(log.size(), &batch)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, durable_appends);
criterion_main!(benches);
