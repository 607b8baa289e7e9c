//! `bench detect --cost`: what a check costs as the registry grows, and what the keys cost at ingest.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::cli::bench::detect::trial::Trial;
use crate::cli::bench::detect::world::{Recipe, make};
use crate::cli::bench::rate::{per_second, ratio};
use crate::cli::terminal::{Progress, print};
use crate::domain::{Facts, RULES_VERSION};

/// Sizes of the registry at which checks are timed.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// The one more that needs a large machine.
const LARGEST: u32 = 10_000_000;

/// Invoices in each of the worlds that a registry is filled with.
const WORLD: usize = 10_000;

/// How many checks are timed at each size.
const CHECKS: u32 = 4_000;

/// A count in the middle, near the top and at the top.
struct Spread {
    p50: u64,
    p99: u64,
    max: u64,
}

/// What was measured at one size.
struct Measured {
    invoices: u32,
    candidates: Spread,
    p50: Duration,
    p99: Duration,
    max: Duration,
    ingested: u64,
    time: Duration,
}

/// Runs the measurement and prints it.
///
/// # Errors
/// Where a world cannot be made or played.
pub(super) fn run(sizes: &[u32], largest: bool, as_json: bool) -> Result<()> {
    let mut sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes.to_vec() };
    if largest {
        sizes.push(LARGEST);
    }
    sizes.sort_unstable();
    let all = fill(&sizes, RULES_VERSION)?;
    let exact = fill(sizes.get(..sizes.len().min(2)).unwrap_or_default(), 1)?;
    if as_json {
        let shown = |rows: &[Measured]| rows.iter().map(as_value).collect::<Vec<_>>();
        let value =
            json!({"rules": RULES_VERSION, "all_keys": shown(&all), "exact_index": shown(&exact)});
        return Ok(print(serde_json::to_string_pretty(&value)?)?);
    }
    print(
        "checks: one invoice against the whole registry, every second one a copy of one that is there",
    )?;
    for row in &all {
        print(format_args!(
            "{:>10} invoices: p50 {} µs, p99 {} µs, longest {} µs; invoices looked at: p50 {}, p99 {}, at most {}",
            row.invoices,
            row.p50.as_micros(),
            row.p99.as_micros(),
            row.max.as_micros(),
            row.candidates.p50,
            row.candidates.p99,
            row.candidates.max
        ))?;
    }
    print("")?;
    print(
        "ingest: decide and apply of registrations, claims and what follows them, one core, without signatures",
    )?;
    for row in &all {
        let rate = per_second(row.ingested, row.time);
        let beside = exact.iter().find(|it| it.invoices == row.invoices);
        let beside = beside.map_or_else(String::new, |it| {
            let other = per_second(it.ingested, it.time);
            format!(
                "; with the exact index alone (rules of version 1) {other}/s, ratio {}",
                ratio(rate, other)
            )
        });
        print(format_args!(
            "{:>10} invoices: {rate} statements/s with all keys{beside}",
            row.invoices
        ))?;
    }
    Ok(())
}

fn as_value(row: &Measured) -> serde_json::Value {
    json!({
        "invoices": row.invoices,
        "check_p50_nanos": u64::try_from(row.p50.as_nanos()).unwrap_or(u64::MAX),
        "check_p99_nanos": u64::try_from(row.p99.as_nanos()).unwrap_or(u64::MAX),
        "check_max_nanos": u64::try_from(row.max.as_nanos()).unwrap_or(u64::MAX),
        "looked_at_p50": row.candidates.p50,
        "looked_at_p99": row.candidates.p99,
        "looked_at_max": row.candidates.max,
        "statements_per_second": per_second(row.ingested, row.time),
    })
}

/// Fills one registry with world after world and measures at each size.
fn fill(sizes: &[u32], rules: u16) -> Result<Vec<Measured>> {
    let mut trial = Trial::open(rules)?;
    let mut rows = Vec::new();
    let mut seed = 1_000;
    let (mut ingested, mut time) = (0_u64, Duration::ZERO);
    let end = sizes.last().copied().unwrap_or(0);
    let mut progress = Progress::new(end.into(), "invoices");
    for size in sizes {
        while trial.state.receivables_len() < *size {
            seed = u64::saturating_add(seed, 1);
            let missing = size.saturating_sub(trial.state.receivables_len());
            let invoices = WORLD.min(usize::try_from(missing)?).max(1);
            let world = make(&Recipe { seed, invoices, frauds: 0 })?;
            let before = (trial.state.receivables_len(), trial.said(), trial.deciding());
            for line in &world.lines {
                trial.play(&line.of_world(seed))?;
            }
            ingested = ingested.saturating_add(trial.said().saturating_sub(before.1));
            time = time.saturating_add(trial.deciding().saturating_sub(before.2));
            progress.advance(trial.state.receivables_len().saturating_sub(before.0).into());
        }
        rows.push(measure(&trial, ingested, time)?);
        (ingested, time) = (0, Duration::ZERO);
    }
    Ok(rows)
}

/// Times checks of invoices spread over the registry; every second with another number and amount, as a copy has.
fn measure(trial: &Trial, ingested: u64, time: Duration) -> Result<Measured> {
    let invoices = trial.state.receivables_len();
    let step = (invoices / CHECKS).max(1);
    let (mut times, mut counts) = (Vec::new(), Vec::new());
    for (turn, row) in (0..invoices).step_by(usize::try_from(step)?).enumerate() {
        let mut receivable = (*trial.state.receivable(row).context("an invoice")?).clone();
        if turn.is_multiple_of(2) {
            receivable.core.number =
                format!("{}-A", receivable.core.number).parse().unwrap_or(receivable.core.number);
            receivable.core.gross_minor = receivable.core.gross_minor.saturating_add(1);
            receivable.id = receivable.core.id();
        }
        let start = Instant::now();
        let looked = trial.state.look(&Facts::of(&receivable), true);
        times.push(start.elapsed());
        counts.push(u64::try_from(looked.candidates)?);
    }
    times.sort_unstable();
    counts.sort_unstable();
    let at = |percent: usize, length: usize| {
        (length.saturating_mul(percent) / 100).min(length.saturating_sub(1))
    };
    let time_at = |percent| times.get(at(percent, times.len())).copied().unwrap_or_default();
    let count_at = |percent| counts.get(at(percent, counts.len())).copied().unwrap_or_default();
    Ok(Measured {
        invoices,
        candidates: Spread { p50: count_at(50), p99: count_at(99), max: count_at(100) },
        p50: time_at(50),
        p99: time_at(99),
        max: time_at(100),
        ingested,
        time,
    })
}
