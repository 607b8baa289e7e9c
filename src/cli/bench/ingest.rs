//! `bench ingest`: the real server, the real endpoint, many authors.
//!
//! The server runs as a process of its own, so that its memory is its own; the load comes from this process,
//! on the same cores. Statements are signed before the clock starts.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cli::bench::rate::{cores, per_second, ratio, strict_per_core};
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

fn tempfile_dir() -> Result<std::path::PathBuf> {
    let dir = std::env::temp_dir().join(format!("tallystick-bench-{}", std::process::id()));
    ensure!(!dir.exists(), "{} exists already", dir.display());
    Ok(dir)
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
        let step = args.memory_every.unwrap_or(args.statements).clamp(1, args.statements.max(1));
        while sent < args.statements {
            let to = sent.saturating_add(step).min(args.statements);
            let statements = world.statements(sent, to)?;
            total.add(server.send_all(&statements, args.lines, args.streams)?);
            sent = to;
            if args.memory_every.is_some() {
                eprintln!("{sent} records: {} MiB resident", server.resident_kib()? / 1_024);
            }
        }
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

/// Times of requests, and the whole.
#[derive(Default)]
struct Measured {
    statements: u64,
    time: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.statements = self.statements.saturating_add(other.statements);
        self.time = self.time.saturating_add(other.time);
        self.latencies.extend(other.latencies);
    }

    fn print(mut self, how: &str, strict: u64) {
        self.latencies.sort_unstable();
        let at = |percent: usize| {
            let place = self.latencies.len().saturating_mul(percent) / 100;
            let place = place.min(self.latencies.len().saturating_sub(1));
            self.latencies.get(place).copied().unwrap_or_default().as_micros()
        };
        let rate = per_second(self.statements, self.time);
        let bound = strict.saturating_mul(cores());
        println!(
            "{how}: {rate} durable statements/s, {} of the bound (cores × verify_strict = {bound}/s); request p50 {} µs, p99 {} µs",
            ratio(rate, bound),
            at(50),
            at(99)
        );
    }
}

/// The server as a process of its own.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(dir: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &listen, "--data"])
            .arg(dir)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("the server does not start")?;
        let server = Self { child, url: format!("http://{listen}") };
        let agent = agent();
        for _ in 0..200 {
            if agent.get(format!("{}/readyz", server.url)).call().is_ok_and(|it| it.status() == 200)
            {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the server does not get ready")
    }

    /// Sends statements in requests of so many lines, so many at a time.
    fn send_all(&self, statements: &[Vec<u8>], lines: usize, in_flight: usize) -> Result<Measured> {
        let requests: Vec<Vec<u8>> =
            statements.chunks(lines.max(1)).map(|chunk| chunk.join(&b'\n')).collect();
        let next = AtomicUsize::new(0);
        let latencies = Mutex::new(Vec::with_capacity(requests.len()));
        let start = Instant::now();
        std::thread::scope(|scope| -> Result<()> {
            let workers: Vec<_> = (0..in_flight.max(1))
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let agent = agent();
                        let mut own = Vec::new();
                        while let Some(body) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let sent = Instant::now();
                            self.send(&agent, body, lines)?;
                            own.push(sent.elapsed());
                        }
                        latencies.lock().map_err(|_| anyhow::anyhow!("a sender died"))?.extend(own);
                        Ok(())
                    })
                })
                .collect();
            for worker in workers {
                worker.join().map_err(|_| anyhow::anyhow!("a sender died"))??;
            }
            Ok(())
        })?;
        let time = start.elapsed();
        let latencies = latencies.into_inner().unwrap_or_default();
        Ok(Measured { statements: u64::try_from(statements.len())?, time, latencies })
    }

    fn send(&self, agent: &ureq::Agent, body: &[u8], lines: usize) -> Result<()> {
        let media_type = if lines == 1 { "application/jose" } else { "application/x-ndjson" };
        let request =
            agent.post(format!("{}/v1/statements", self.url)).header("content-type", media_type);
        let mut response = request.send(body)?;
        let status = response.status();
        if lines == 1 {
            let text = response.body_mut().read_to_string()?;
            ensure!(status == 201, "{status}: {text}");
            return Ok(());
        }
        let expected = body.split(|byte| *byte == b'\n').count();
        let mut receipts = 0_usize;
        for line in BufReader::with_capacity(1 << 16, response.body_mut().as_reader()).split(b'\n')
        {
            let line = line?;
            ensure!(
                line.starts_with(b"{\"object\":\"receipt\""),
                "{}",
                String::from_utf8_lossy(&line)
            );
            receipts = receipts.saturating_add(1);
        }
        ensure!(receipts == expected, "{receipts} receipts for {expected} statements");
        Ok(())
    }

    fn resident_kib(&self) -> Result<u64> {
        let mut text = String::new();
        std::fs::File::open(format!("/proc/{}/status", self.child.id()))?
            .read_to_string(&mut text)?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no VmRSS")?.parse()?)
    }

    /// Stops it as an operator does, and waits.
    fn stop(mut self) -> Result<()> {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(stopped.success(), "the server cannot be stopped");
        ensure!(self.child.wait()?.success(), "the server did not stop cleanly");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn size_of(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return Ok(path.metadata()?.len());
    }
    let sizes = std::fs::read_dir(path)?.map(|entry| size_of(&entry?.path()));
    sizes.sum()
}
