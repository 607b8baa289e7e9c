//! The real server as a process of its own, so that its memory is its own; and how long requests to it took.
//!
//! The load comes from this process, on the same cores.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cli::bench::rate::{cores, per_second, ratio};

/// A folder for the server, not there yet.
pub(super) fn tempfile_dir() -> Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("tallystick-bench-{}", std::process::id()));
    ensure!(!dir.exists(), "{} exists already", dir.display());
    Ok(dir)
}

/// Times of requests, and the whole.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) statements: u64,
    pub(super) time: Duration,
    pub(super) latencies: Vec<Duration>,
}

impl Measured {
    pub(super) fn add(&mut self, other: Self) {
        self.statements = self.statements.saturating_add(other.statements);
        self.time = self.time.saturating_add(other.time);
        self.latencies.extend(other.latencies);
    }

    /// The time, in microseconds, that so many of a hundred requests stayed within.
    pub(super) fn at(&self, percent: usize) -> u128 {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let place = latencies.len().saturating_mul(percent) / 100;
        let place = place.min(latencies.len().saturating_sub(1));
        latencies.get(place).copied().unwrap_or_default().as_micros()
    }

    pub(super) fn print(&self, how: &str, strict: u64) {
        let rate = per_second(self.statements, self.time);
        let bound = strict.saturating_mul(cores());
        println!(
            "{how}: {rate} durable statements/s, {} of the bound (cores × verify_strict = {bound}/s); request p50 {} µs, p99 {} µs",
            ratio(rate, bound),
            self.at(50),
            self.at(99)
        );
    }
}

/// The server as a process of its own.
pub(super) struct Server {
    child: Child,
    pub(super) url: String,
}

impl Server {
    pub(super) fn start(dir: &Path) -> Result<Self> {
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
    pub(super) fn send_all(
        &self,
        statements: &[Vec<u8>],
        lines: usize,
        in_flight: usize,
    ) -> Result<Measured> {
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

    pub(super) fn resident_kib(&self) -> Result<u64> {
        let mut text = String::new();
        std::fs::File::open(format!("/proc/{}/status", self.child.id()))?
            .read_to_string(&mut text)?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no VmRSS")?.parse()?)
    }

    /// Stops it as an operator does, and waits.
    pub(super) fn stop(mut self) -> Result<()> {
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

pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}
