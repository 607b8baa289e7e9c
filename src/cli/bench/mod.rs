//! `bench`: the figures that the README quotes, each as a ratio within one run.

mod audit;
#[cfg(feature = "server")]
mod ingest;
mod rate;
mod world;

use anyhow::Result;

/// What to measure.
#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum Bench {
    /// Records audited a second, against the naive bound.
    Audit(audit::Args),
    /// Durable statements a second through the real HTTP endpoint, against the naive bound.
    #[cfg(feature = "server")]
    Ingest(ingest::Args),
}

/// Runs a benchmark.
///
/// # Errors
/// What went wrong, in words.
pub(super) fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Audit(args) => audit::run(args),
        #[cfg(feature = "server")]
        Bench::Ingest(args) => ingest::run(args),
    }
}
