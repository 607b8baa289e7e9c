//! `webhook verify`: what a receiver has to check, done once by hand.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::failure::{WithHint as _, failure};
use crate::cli::terminal::{print, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::signing::PublicKey;
use crate::signing::webhook::{
    self, HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Headers, TOLERANCE_S,
};
use crate::types::Timestamp;

/// The longest body and the longest file of headers: many times what is sent.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The body, byte for byte as it came, or - for standard input
    body: PathBuf,
    /// A public key of the webhook (`whpk_…`); give both while one is replaced
    #[arg(long = "key", value_name = "WHPK", required = true)]
    keys: Vec<String>,
    /// A header as it came, such as `webhook-id: evt_7`; all three are needed
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// A file with the headers as they came, one a line
    #[arg(long = "headers", value_name = "FILE")]
    file: Option<PathBuf>,
    /// When it came, where that was not just now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    received_at: Option<Timestamp>,
    /// How far the message's time may lie from that, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TOLERANCE_S)]
    tolerance: u32,
    /// Prints the verdict as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read, a key is none, or a header is missing.
pub(super) fn run(args: &Args) -> anyhow::Result<Ending> {
    let keys = args.keys.iter().map(|key| read_key(key)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut lines = args.headers.clone();
    if let Some(file) = &args.file {
        lines.extend(host::read_text(file, BYTES_MAX)?.lines().map(str::to_owned));
    }
    let headers = Headers {
        id: header(&lines, HEADER_ID)?,
        timestamp: header(&lines, HEADER_TIMESTAMP)?,
        signature: header(&lines, HEADER_SIGNATURE)?,
    };
    let body = host::read(&args.body, BYTES_MAX)?;
    let now = args.received_at.unwrap_or_else(host::now);
    let verdict = webhook::verify(&keys, headers, &body, now, args.tolerance);
    if args.json {
        let error = verdict.as_ref().err().map(ToString::to_string);
        print(serde_json::json!({
            "object": "webhook_verification", "verified": verdict.is_ok(), "error": error,
            "id": headers.id, "timestamp": headers.timestamp,
        }))?;
    }
    match verdict {
        Ok(()) => say_good(format_args!("{} is the registry's, and is not an old one", headers.id)),
        Err(error) => say_bad(format_args!("{} is not to be believed: {error}", headers.id)),
    }
    Ok(Ending::found_if(verdict.is_err()))
}

fn read_key(text: &str) -> anyhow::Result<PublicKey> {
    webhook::read_key(text)
        .with_context(|| format!("{text} is not the public key of a webhook"))
        .hint("`tallystick webhook list` shows it")
}

/// The value of a header, whose name may be written in any case; once.
fn header<'a>(lines: &'a [String], name: &str) -> anyhow::Result<&'a str> {
    let named = |line: &'a String| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    };
    let mut found = lines.iter().filter_map(named);
    match (found.next(), found.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(failure(
            format!("there is no header `{name}`"),
            "give the three webhook headers with -H, or all headers in a file with --headers",
        )),
        (Some(_), Some(_)) => Err(failure(format!("`{name}` is there twice"), "give it once")),
    }
}
