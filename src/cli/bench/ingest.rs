//! `bench ingest`: the real server, the real endpoint, many authors.
//!
//! The server runs as a process of its own, so that its memory is its own; the load comes from this process,
//! on the same cores. Statements are signed before the clock starts.

use std::path::Path;

use anyhow::Result;

use crate::cli::bench::rate::{cores, strict_per_core};
use crate::cli::bench::server::{Measured, Server, tempfile_dir};
use crate::cli::bench::world::World;
use crate::engine::{Folder, system_clock};
use crate::types::Origin;

/// How the statements travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Transport {
    /// Many in one request, one a line.
    Ndjson,
    /// One in each request.
    Single,
}

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Args {
    /// How many statements to send with NDJSON; a tenth as many one by one.
    #[arg(long, default_value_t = 200_000)]
    statements: u64,
    /// How many suppliers sign them.
    #[arg(long, default_value_t = 100)]
    authors: u32,
    /// Lines in one NDJSON request.
    #[arg(long, default_value_t = 1_000)]
    lines: usize,
    /// Requests in flight with NDJSON.
    #[arg(long, default_value_t = 4)]
    streams: usize,
    /// Requests in flight one by one.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Only one way of sending.
    #[arg(long)]
    only: Option<Transport>,
    /// Report the server's resident memory whenever the log has grown by this many records.
    #[arg(long)]
    memory_every: Option<u64>,
}

/// Runs the benchmark and prints its figures.
pub(super) fn run(args: &Args) -> Result<()> {
    let dir = tempfile_dir()?;
    let result = measure(args, &dir);
    std::fs::remove_dir_all(&dir).ok();
    result
}

fn measure(args: &Args, dir: &Path) -> Result<()> {
    let origin: Origin = "registry.example/bench".parse()?;
    let made = Folder::create(dir, &origin, &[[1; 32], [2; 32]])?;
    let world = World::new(origin, args.authors, system_clock()())?;
    let server = Server::start(dir)?;
    server.send_all(&world.opening(&made.operator_key)?, args.lines, 1)?;
    let before = strict_per_core();
    let mut sent = 0;
    if args.only != Some(Transport::Single) {
        let mut total = Measured::default();
        let mut memory = Vec::new();
        let step = args.memory_every.unwrap_or(args.statements).clamp(1, args.statements.max(1));
        while sent < args.statements {
            let to = sent.saturating_add(step).min(args.statements);
            let statements = world.statements(sent, to)?;
            total.add(server.send_all(&statements, args.lines, args.streams)?);
            sent = to;
            if args.memory_every.is_some() {
                let resident = server.resident_kib()?;
                eprintln!("{sent} records: {} MiB resident", resident / 1_024);
                memory.push((sent, resident));
            }
        }
        print_growth(&memory);
        total.print(
            &format!("NDJSON, {} lines a request, {} in flight", args.lines, args.streams),
            before,
        );
    }
    if args.only != Some(Transport::Ndjson) {
        let count = (args.statements / 10).max(1);
        // Requests in flight overtake each other: what is financed must have been registered before.
        let financings = (sent..sent.saturating_add(count)).map(World::finances);
        let statements =
            world.statements(sent, sent.saturating_add(count))?.into_iter().zip(financings);
        let (later, first): (Vec<_>, Vec<_>) = statements.partition(|(_, finances)| *finances);
        let mut measured = Measured::default();
        for part in [first, later] {
            let statements: Vec<Vec<u8>> =
                part.into_iter().map(|(statement, _)| statement).collect();
            measured.add(server.send_all(&statements, 1, args.clients)?);
        }
        sent = sent.saturating_add(count);
        measured.print(&format!("one a request, {} in flight", args.clients), before);
    }
    let after = strict_per_core();
    println!("verify_strict, one core: {before}/s before, {after}/s after; {} cores", cores());
    println!("resident memory of the server: {} MiB", server.resident_kib()? / 1_024);
    server.stop()?;
    let on_disk = |name: &str| size_of(&dir.join(name));
    let per_record = |bytes: u64| bytes.checked_div(sent.max(1)).unwrap_or(0);
    println!(
        "bytes on disk a record: {} log, {} read models",
        per_record(on_disk("log")?),
        per_record(on_disk("views")?)
    );
    Ok(())
}

/// How resident memory grew from the first measurement to the last.
fn print_growth(memory: &[(u64, u64)]) {
    let (Some((few, before)), Some((many, after))) = (memory.first(), memory.last()) else {
        return;
    };
    let records = many.saturating_sub(*few);
    let invoices = (*few..*many).filter(|number| !World::finances(*number)).count();
    let bytes = after.saturating_sub(*before).saturating_mul(1_024);
    let each = |count: u64| bytes.checked_div(count).unwrap_or(0);
    println!(
        "resident memory grew by {} bytes a record, {} an invoice, from {few} records to {many}",
        each(records),
        each(u64::try_from(invoices).unwrap_or(u64::MAX))
    );
}

fn size_of(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return Ok(path.metadata()?.len());
    }
    let sizes = std::fs::read_dir(path)?.map(|entry| size_of(&entry?.path()));
    sizes.sum()
}
