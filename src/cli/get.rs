//! `get`: an authenticated request, its answer on standard output.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

use crate::cli::Ending;
use crate::cli::client::{Place, Session};
use crate::cli::identity::Identity;
use crate::cli::terminal::{print, say_bad};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The path, such as /v1/portfolio
    path: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Prints the answer as it came, also on a terminal
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let session = Session::open(&args.place, &args.identity)?;
    let (status, body) = session.client.get_any(&args.path, Some(&session.token()?))?;
    match serde_json::from_slice::<Value>(&body) {
        Ok(json) if std::io::stdout().is_terminal() && !args.json => {
            print(format_args!("{json:#}"))?;
        }
        _ => std::io::stdout().lock().write_all(&body)?,
    }
    if !status.is_success() {
        say_bad(format_args!("the registry answered {status}"));
    }
    Ok(Ending::found_if(!status.is_success()))
}
