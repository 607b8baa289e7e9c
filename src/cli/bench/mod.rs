//! `bench`: the figures that the README quotes, each as a ratio within one run.

mod audit;
mod detect;
#[cfg(feature = "server")]
mod ingest;
#[cfg(feature = "server")]
mod query;
mod rate;
#[cfg(feature = "server")]
mod server;
mod world;

use anyhow::Result;

use crate::cli::Ending;

/// What to measure.
#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum Bench {
    /// Records audited a second, against the naive bound.
    Audit(audit::Args),
    /// Recall by kind of fraud and false alarms on honest trade; or what a check costs as the registry grows.
    Detect(detect::Args),
    /// Durable statements a second through the real HTTP endpoint, against the naive bound.
    #[cfg(feature = "server")]
    Ingest(ingest::Args),
    /// How long readers wait for an invoice, a portfolio and alerts, through the real HTTP endpoint.
    #[cfg(feature = "server")]
    Query(query::Args),
}

/// Runs a benchmark.
///
/// # Errors
/// What went wrong, in words.
pub(super) fn run(bench: &Bench) -> Result<Ending> {
    match bench {
        Bench::Audit(args) => audit::run(args).map(|()| Ending::Fine),
        Bench::Detect(args) => detect::run(args),
        #[cfg(feature = "server")]
        Bench::Ingest(args) => ingest::run(args).map(|()| Ending::Fine),
        #[cfg(feature = "server")]
        Bench::Query(args) => query::run(args).map(|()| Ending::Fine),
    }
}
