//! `bench audit`: everything that the auditor checks, over a log made in memory.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::audit::{Auditor, Opened};
use crate::cli::bench::rate::{cores, per_second, ratio, strict_per_core};
use crate::cli::bench::world::World;
use crate::domain::{RULES_VERSION, State};
use crate::log::{Checkpoint, Frontier, NoteSigner, leaf_hash};
use crate::record::Record;
use crate::signing::SecretKey;
use crate::statement::SignedStatement;
use crate::types::{Origin, Timestamp};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Args {
    /// How many statements the log has.
    #[arg(long, default_value_t = 100_000)]
    statements: u64,
    /// How many suppliers signed them.
    #[arg(long, default_value_t = 100)]
    authors: u32,
    /// How often the log is audited; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Runs the benchmark and prints its figures.
pub(super) fn run(args: &Args) -> Result<()> {
    let origin: Origin = "registry.example/bench".parse()?;
    let time = Timestamp::from_millis(1_800_000_000_000).context("a time")?;
    let world = World::new(origin.clone(), args.authors, time)?;
    let operator = SecretKey::from_seed(&[1; 32]);
    let mut statements = world.opening(&operator)?;
    statements.extend(world.statements(0, args.statements)?);
    let entries = decide_all(origin.clone(), &statements, time)?;
    drop(statements);
    let mut frontier = Frontier::new();
    for entry in &entries {
        frontier.push(leaf_hash(entry));
    }
    let signer =
        NoteSigner::new(origin.clone(), SecretKey::from_seed(&[2; 32]).as_signing_key().clone());
    let note = Checkpoint { origin, size: frontier.size(), root: frontier.root() }.sign(&signer)?;

    let before = strict_per_core();
    let mut times = Vec::with_capacity(args.rounds);
    for _ in 0..args.rounds.max(1) {
        times.push(audit(&signer, &note, &entries)?);
    }
    let after = strict_per_core();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let rate = per_second(frontier.size(), median);
    let bound = before.midpoint(after).saturating_mul(cores());
    println!(
        "audit: {rate} records/s (median of {}), {} of the bound (cores × verify_strict = {bound}/s)",
        times.len(),
        ratio(rate, bound)
    );
    println!("verify_strict, one core: {before}/s before, {after}/s after; {} cores", cores());
    Ok(())
}

fn audit(signer: &NoteSigner, note: &str, entries: &[Vec<u8>]) -> Result<Duration> {
    let entries = entries.to_vec();
    let start = Instant::now();
    let Opened::Ready(mut auditor) = Auditor::open(&signer.vkey(), &[note], None, None)? else {
        bail!("the checkpoint does not hold");
    };
    auditor.feed(entries);
    let finished = auditor.finish()?;
    let time = start.elapsed();
    ensure!(
        finished.report.verified,
        "the log of the benchmark does not verify: {}",
        finished.report.verdict()
    );
    Ok(time)
}

/// The entries that a registry would have written.
fn decide_all(origin: Origin, statements: &[Vec<u8>], time: Timestamp) -> Result<Vec<Vec<u8>>> {
    let mut state = State::new(origin);
    let mut entries = Vec::with_capacity(statements.len());
    for bytes in statements {
        let signed = SignedStatement::parse(bytes)?;
        let decision = state.decide(signed.statement(), time)?;
        entries.push(Record::new(time, RULES_VERSION, bytes, decision.outcome.clone()).encode()?);
        state.apply(signed.statement(), time, decision);
    }
    Ok(entries)
}
