//! `rebuild`: the read models made anew from the log.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::audit::ReadModelDigest;
use crate::cli::Ending;
use crate::cli::failure::WithHint as _;
use crate::cli::terminal::{print, say_bad, say_good};
use crate::engine::{Saved, rebuild};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The registry's folder, while no registry runs on it
    #[arg(long, value_name = "DIR", env = "TALLYSTICK_DATA")]
    data: PathBuf,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where the log itself cannot be read.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let rebuilt = rebuild(&args.data)
        .with_context(|| format!("the read models of {} cannot be rebuilt", args.data.display()))
        .hint("if the registry is running, stop it first; docs/OPERATING.md has the rest")?;
    let after = ReadModelDigest::from_bytes(rebuilt.after);
    let (before, why) = match &rebuilt.before {
        Saved::Nothing => (None, None),
        Saved::Unusable(why) => (None, Some(why.as_str())),
        Saved::Digest(digest) => (Some(ReadModelDigest::from_bytes(*digest)), None),
    };
    let differ = why.is_some() || before.is_some_and(|before| before != after);
    if args.json {
        print(serde_json::json!({
            "object": "rebuild", "size": rebuilt.size, "before": before, "after": after,
            "unusable": why, "equal": !differ,
        }))?;
    } else {
        let shown = before.map_or_else(|| "none".to_owned(), |before| before.to_string());
        print(format_args!("before {shown}\nafter  {after}"))?;
    }
    match (before, why) {
        (_, Some(why)) => say_bad(format_args!("what was there could not be used: {why}")),
        (Some(_), None) if differ => {
            say_bad("the read models were not those of the log; they are now. Keep the log lines");
        }
        (Some(_), None) => say_good(format_args!("the same, from {} records", rebuilt.size)),
        (None, None) => say_good(format_args!("made from {} records", rebuilt.size)),
    }
    Ok(Ending::found_if(differ))
}
