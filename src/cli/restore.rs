//! `restore`: a registry from a backup.
//!
//! A log that is restored and signed on may contradict what the registry has signed before: that is how public
//! logs have ended. So the backup is audited in full, and either shown to hold the newest checkpoint that anyone
//! knows, or the loss is accepted in so many words.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::audit::{Auditor, Finding, Opened, Report};
use crate::cli::failure::WithHint as _;
use crate::cli::identity::{Passphrase, secret_key};
use crate::cli::terminal::{Progress, print, say, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::engine::restore;
use crate::log::{Checkpoint, NOTE_BYTES_MAX, NoteSigner, Vkey};
use crate::record::LogFile;

/// Entries that are handed to the auditor at once.
const CHUNK: usize = 4_096;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("newest").required(true).args(["checkpoint", "accept_loss"]))]
pub(crate) struct Args {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The folder of the new registry; must not hold one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The key that signed the log's checkpoints, from your safe
    #[arg(long, value_name = "FILE")]
    log_key: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// The newest checkpoint that anyone has of this registry: from an auditor, a witness, a receipt
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Goes on from the backup although later records may be lost, and with them receipts that were given out
    #[arg(long)]
    accept_loss: bool,
    /// Prints the audit's report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or the folder cannot be written.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let key = secret_key(&args.log_key, &args.passphrase)?;
    let note = open(&args.from)?.checkpoint().to_owned();
    let claimed = note.lines().next().unwrap_or_default();
    let origin = claimed.parse().context("the backup's checkpoint has no origin")?;
    let vkey = NoteSigner::new(origin, key.as_signing_key().clone()).vkey();
    let mut notes = vec![note.clone()];
    if let Some(newest) = &args.checkpoint {
        let length = u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX);
        notes.push(host::read_text(newest, length)?);
    }
    let report = audit(&args.from, &vkey, &notes)?;
    if args.json {
        print(serde_json::to_string(&report)?)?;
    }
    if !report.verified {
        say(&report);
        say_bad("nothing was restored: the backup is not the whole log that was signed");
        return Ok(Ending::Found);
    }
    let checkpoint = Checkpoint::open(&note, &vkey)?;
    let mut progress = Progress::new(checkpoint.size, "records written");
    let mut file = open(&args.from)?;
    let entries = core::iter::from_fn(|| file.next_entry().transpose())
        .map(|entry| entry.map_err(|error| error.to_string()))
        .inspect(|_| progress.advance(1));
    let size = restore(&args.data, &key, &checkpoint, entries)
        .with_context(|| format!("the registry in {} was not restored", args.data.display()))
        .hint("give --data a folder that holds no registry; remove what a failed try left")?;
    drop(progress);
    let dir = args.data.display();
    say_good(format_args!("{dir} holds {} again, with {size} records", checkpoint.origin));
    if args.accept_loss {
        say("  whoever holds a later checkpoint or receipt will find this log cut: tell them");
    }
    say("  operator-key.pem and details/ are not in a backup: put them back from your safe");
    Ok(Ending::Fine)
}

fn open(path: &Path) -> anyhow::Result<LogFile<BufReader<File>>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    LogFile::open(BufReader::new(file))
        .with_context(|| format!("{shown} is not a backup"))
        .hint("`tallystick backup` makes one")
}

/// Audits a backup against signed checkpoints.
fn audit(path: &Path, vkey: &Vkey, notes: &[String]) -> anyhow::Result<Report> {
    let mut file = open(path)?;
    let published = match file.published() {
        [] => None,
        bytes => Some(serde_json::from_slice(bytes).context("the backup's read models")?),
    };
    let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
    let mut auditor = match Auditor::open(vkey, &notes, None, published)? {
        Opened::Refused(report) => return Ok(*report),
        Opened::Ready(auditor) => auditor,
    };
    let mut progress = Progress::new(auditor.target().size, "records audited");
    loop {
        let (entries, broken) = file.next_entries(CHUNK);
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        auditor.feed(entries);
        progress.advance(count);
        if let Some(error) = broken {
            let code = crate::audit::Code::LogUnreadable;
            auditor.note(Finding::new(Some(auditor.position()), code, error.to_string()));
            break;
        }
        if count == 0 {
            break;
        }
    }
    Ok(auditor.finish()?.report)
}
