//! `bench query`: how long readers wait, on a registry of a given size.
//!
//! The real server, the real endpoints, with tokens: authentication, visibility and the account of reads included.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::cli::bench::server::{Measured, Server, agent, tempfile_dir};
use crate::cli::bench::world::World;
use crate::cli::client::issue_token;
use crate::engine::{Folder, system_clock};
use crate::types::Origin;

/// How long the tokens of a run are good for.
const TOKEN_SECONDS: u32 = 240;

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Args {
    /// How many statements the registry has
    #[arg(long, default_value_t = 100_000)]
    statements: u64,
    /// How many suppliers signed them; a tenth as many financiers
    #[arg(long, default_value_t = 100)]
    authors: u32,
    /// How many requests of each kind
    #[arg(long, default_value_t = 2_000)]
    requests: u64,
    /// Readers at a time
    #[arg(long, default_value_t = 4)]
    readers: u64,
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
    let world = World::new(origin.clone(), args.authors, system_clock()())?;
    let server = Server::start(dir)?;
    server.send_all(&world.opening(&made.operator_key)?, 1_000, 1)?;
    let mut sent = 0;
    while sent < args.statements {
        let to = sent.saturating_add(20_000).min(args.statements);
        server.send_all(&world.statements(sent, to)?, 1_000, 4)?;
        sent = to;
    }
    // Spread over the whole registry, and not in its order.
    let number = |request: u64| {
        let number = request.wrapping_mul(7_919).checked_rem(args.statements.max(1)).unwrap_or(0);
        if World::finances(number) { number.saturating_sub(1) } else { number }
    };
    println!("{} statements, {} readers at a time:", args.statements, args.readers);
    ask(args, &server, "/v1/invoices/{id}", |request| {
        let (party, key, id) = world.registered(number(request))?;
        Ok((issue_token(key, party, origin.as_str(), TOKEN_SECONDS)?, format!("/v1/invoices/{id}")))
    })?;
    for path in ["/v1/portfolio", "/v1/alerts"] {
        ask(args, &server, path, |request| {
            let (party, key) = world.financier(request)?;
            Ok((issue_token(key, party, origin.as_str(), TOKEN_SECONDS)?, path.to_owned()))
        })?;
    }
    server.stop()
}

/// Makes the requests, and prints how long they took.
fn ask(
    args: &Args,
    server: &Server,
    name: &str,
    request: impl Fn(u64) -> Result<(String, String)> + Sync,
) -> Result<()> {
    let latencies = Mutex::new(Vec::new());
    let start = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let readers: Vec<_> = (0..args.readers.max(1))
            .map(|reader| {
                let (request, latencies) = (&request, &latencies);
                scope.spawn(move || -> Result<()> {
                    let agent = agent();
                    let mut own = Vec::new();
                    let step = usize::try_from(args.readers.max(1))?;
                    for request_number in (reader..args.requests).step_by(step) {
                        let (token, path) = request(request_number)?;
                        own.push(timed(&agent, &format!("{}{path}", server.url), &token)?);
                    }
                    latencies.lock().map_err(|_| anyhow::anyhow!("a reader died"))?.extend(own);
                    Ok(())
                })
            })
            .collect();
        for reader in readers {
            reader.join().map_err(|_| anyhow::anyhow!("a reader died"))??;
        }
        Ok(())
    })?;
    let latencies = latencies.into_inner().unwrap_or_default();
    let measured = Measured { statements: args.requests, time: start.elapsed(), latencies };
    let [median, high] = [50, 99].map(|percent| measured.at(percent));
    println!("GET {name}: p50 {median} µs, p99 {high} µs");
    Ok(())
}

fn timed(agent: &ureq::Agent, url: &str, token: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut response = agent.get(url).header("authorization", format!("Bearer {token}")).call()?;
    let text = response.body_mut().read_to_string()?;
    ensure!(response.status() == 200, "{url}: {} {text}", response.status());
    Ok(start.elapsed())
}
