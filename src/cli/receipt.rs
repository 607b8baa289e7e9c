//! `receipt`: checks offline that a statement stands in the log.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::failure::WithHint as _;
use crate::cli::terminal::{print, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::log::Vkey;
use crate::record::Receipt;

/// The longest receipt: a bordereau with 500 findings in words.
const RECEIPT_BYTES_MAX: u64 = 4 << 20;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Checks a receipt against its statement and the registry's verifier key
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The receipt, as the registry gave it
    file: PathBuf,
    /// The statement that it is for: the compact JWS, byte for byte
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
    /// The registry's verifier key, or @FILE
    #[arg(long, value_name = "VKEY", env = "TALLYSTICK_VKEY")]
    vkey: String,
    /// Prints the verdict as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    let Command::Verify(args) = command;
    let receipt: Receipt = serde_json::from_slice(&host::read(&args.file, RECEIPT_BYTES_MAX)?)
        .with_context(|| format!("{} is not a receipt", args.file.display()))
        .hint("a receipt is the JSON object that `submit` prints, alone in its file")?;
    let statement = host::read(&args.statement, RECEIPT_BYTES_MAX)?;
    let vkey = verifier_key(&args.vkey)?;
    let verdict = receipt.verify(statement.trim_ascii(), &vkey);
    if args.json {
        let error = verdict.as_ref().err().map(|error| format!("{:#}", chain(error)));
        let size = verdict.as_ref().ok().map(|checkpoint| checkpoint.size);
        print(serde_json::json!({
            "object": "receipt_verification", "verified": verdict.is_ok(), "error": error,
            "position": receipt.position, "recorded_at": receipt.recorded_at, "log_size": size,
        }))?;
    }
    match verdict {
        Ok(checkpoint) => say_good(format_args!(
            "the statement stands at position {} of {} in {}, recorded {}",
            receipt.position, checkpoint.size, checkpoint.origin, receipt.recorded_at
        )),
        Err(error) => {
            say_bad(chain(&error));
            return Ok(Ending::Found);
        }
    }
    Ok(Ending::Fine)
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Reads a verifier key, given as text or as `@FILE`.
///
/// # Errors
/// Where it is none.
pub(crate) fn verifier_key(given: &str) -> anyhow::Result<Vkey> {
    let text = match given.strip_prefix('@') {
        Some(file) => host::read_text(file.as_ref(), 4_096)?,
        None => given.to_owned(),
    };
    text.trim().parse().context("this is not a verifier key").hint(
        "it has the form NAME+HASH+KEY; `tallystick init` prints it and the operator publishes it",
    )
}
