//! `audit`: verifies a whole registry, from its address or from an exported log.
//!
//! The report goes to standard output, the verdict and the progress to standard error. What is checked, and what a
//! disagreement is, is known to [`crate::audit`]; here are the files, the network and the bar.

mod file;
mod remote;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::audit::{AuditError, Auditor, Finished, Opened, Progress, PublishedReadModels, Report};
use crate::cli::client::DEFAULT_URL;
use crate::cli::failure::WithHint as _;
use crate::cli::identity::Passphrase;
use crate::cli::receipt::verifier_key;
use crate::cli::terminal::{self, print, say, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::log::{NOTE_BYTES_MAX, Vkey};
use crate::types::PartyId;

/// The largest saved state that is read: some tens of millions of invoices.
const STATE_BYTES_MAX: u64 = 1 << 36;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The registry's address
    #[arg(long, value_name = "URL", env = "TALLYSTICK_URL", default_value = DEFAULT_URL)]
    url: String,
    /// An exported log to audit, in place of the address
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The registry's verifier key, or @FILE; from a source that you trust, never from the registry at audit time
    #[arg(long, value_name = "VKEY", env = "TALLYSTICK_VKEY")]
    vkey: String,
    /// A signed checkpoint that you have from elsewhere (a witness, another participant, an earlier day)
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The auditor's private key file: entries are read by auditors and the operator only
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_KEY")]
    key: Option<PathBuf>,
    /// The auditor, as a participant, such as 0106:12345678
    #[arg(long = "as", value_name = "PARTY", env = "TALLYSTICK_AS")]
    party: Option<PartyId>,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Remembers the last good checkpoint and what led to it: the next run reads new entries only, and sees a
    /// rewritten past
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where the audit could not be made; that something disagrees is a finding.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    if args.log.is_some() && args.checkpoint.is_none() && args.state.is_none() {
        warn_of_own_checkpoint();
    }
    let (report, kept) = examine(args)?;
    // The report before the state: what was found is to be seen even where the disk is full.
    show(&report, args.json)?;
    if let (Some(path), Some(bytes)) = (&args.state, kept) {
        replace(path, &bytes)?;
    }
    Ok(Ending::found_if(!report.verified))
}

/// The report on a running registry, as one of its auditors.
///
/// # Errors
/// As [`run`].
#[cfg(feature = "server")]
pub(crate) fn of_registry(
    url: &str,
    vkey: &Vkey,
    key: &Path,
    party: &PartyId,
) -> anyhow::Result<Report> {
    let (key, party) = (Some(key.to_path_buf()), Some(party.clone()));
    Ok(examine(&Args { url: url.to_owned(), key, party, ..Args::of(vkey) })?.0)
}

/// The report on an exported log, checked against a checkpoint from elsewhere where there is one.
///
/// # Errors
/// As [`run`].
#[cfg(feature = "server")]
pub(crate) fn of_file(
    log: &Path,
    vkey: &Vkey,
    checkpoint: Option<&Path>,
) -> anyhow::Result<Report> {
    let (log, checkpoint) = (Some(log.to_path_buf()), checkpoint.map(Path::to_path_buf));
    Ok(examine(&Args { log, checkpoint, ..Args::of(vkey) })?.0)
}

#[cfg(feature = "server")]
impl Args {
    fn of(vkey: &Vkey) -> Self {
        Self {
            url: DEFAULT_URL.to_owned(),
            log: None,
            vkey: vkey.to_string(),
            checkpoint: None,
            key: None,
            party: None,
            passphrase: Passphrase::default(),
            state: None,
            json: false,
        }
    }
}

/// Makes the audit: its report, and what the next one can go on from.
fn examine(args: &Args) -> anyhow::Result<(Report, Option<Vec<u8>>)> {
    let task = Task {
        vkey: verifier_key(&args.vkey)?,
        outside: args.checkpoint.as_deref().map(read_note).transpose()?,
        saved: args.state.is_some(),
    };
    let saved = args.state.as_deref().map(|path| read_state(path, &task.vkey)).transpose()?;
    let saved = saved.flatten();
    let outcome = match &args.log {
        Some(path) => file::audit(path, &task, saved)?,
        None => remote::audit(args, &task, saved)?,
    };
    Ok(match outcome {
        Outcome::Refused(report) => (*report, None),
        Outcome::Finished(finished) => {
            let report = finished.report.clone();
            let kept = if task.saved { finished.into_progress()? } else { None };
            (report, kept)
        }
    })
}

/// What is the same for both sources.
struct Task {
    vkey: Vkey,
    /// The checkpoint from elsewhere.
    outside: Option<String>,
    /// Whether the end is to be saved.
    saved: bool,
}

/// How an audit ended.
enum Outcome {
    Finished(Box<Finished>),
    Refused(Box<Report>),
}

impl Task {
    /// Begins, with the log's own checkpoint and the one from elsewhere.
    fn open(
        &self,
        own: &str,
        saved: Option<Progress>,
        published: Option<PublishedReadModels>,
    ) -> anyhow::Result<Opened> {
        let notes: Vec<&str> = [own].into_iter().chain(self.outside.as_deref()).collect();
        let opened = Auditor::open(&self.vkey, &notes, saved, published);
        opened.map_err(unusable_state)
    }
}

/// Ends an audit.
fn finish(auditor: Auditor) -> anyhow::Result<Outcome> {
    auditor.finish().map(Box::new).map(Outcome::Finished).map_err(unusable_state)
}

fn unusable_state(error: AuditError) -> anyhow::Error {
    let failed: Result<(), AuditError> = Err(error);
    match failed.hint("move the file of --state away: the next run checks everything anew") {
        Err(error) => error,
        Ok(()) => anyhow::Error::msg("no error"),
    }
}

fn read_note(path: &Path) -> anyhow::Result<String> {
    host::read_text(path, u64::try_from(NOTE_BYTES_MAX)?)
}

/// The saved state; none where there is no such file yet.
fn read_state(path: &Path, vkey: &Vkey) -> anyhow::Result<Option<Progress>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = host::read(path, STATE_BYTES_MAX)?;
    Progress::from_bytes(bytes, vkey)
        .map(Some)
        .with_context(|| format!("cannot go on from {}", path.display()))
        .hint("move the file away: the next run checks everything anew; --vkey must be the same as then")
}

/// Replaces a file in one piece: whoever is interrupted has the old one.
fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn show(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        print(serde_json::to_string_pretty(report)?)?;
    } else {
        print(report)?;
    }
    if report.verified {
        say_good(report.verdict());
    } else {
        say_bad(report.verdict());
    }
    Ok(())
}

/// A bar over the entries that are still to be read.
fn bar(auditor: &Auditor) -> terminal::Progress {
    let rest = auditor.target().size.saturating_sub(auditor.position());
    terminal::Progress::new(rest, "records")
}

/// Says what an audit without a checkpoint from elsewhere cannot see.
fn warn_of_own_checkpoint() {
    say(
        "warning: the checkpoint is the file's own. A cut tail, or a second history, shows only against one from \
         elsewhere: add --checkpoint FILE",
    );
}
