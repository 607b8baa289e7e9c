//! `token`: a short-lived access token, for tools that are not this one.

use crate::cli::Ending;
use crate::cli::client::issue_token;
use crate::cli::identity::Identity;
use crate::cli::terminal::print;
use crate::signing::token::LIFETIME_MAX_S;
use crate::types::Origin;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    identity: Identity,
    /// The name (origin) of the registry that it is for
    #[arg(
        long = "aud",
        visible_alias = "registry",
        value_name = "ORIGIN",
        env = "TALLYSTICK_REGISTRY"
    )]
    audience: Origin,
    /// How long it is good for, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u32).range(1..=LIFETIME_MAX_S))]
    lifetime: u32,
}

/// Runs the command.
///
/// # Errors
/// Where the key cannot be read.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let key = args.identity.secret()?;
    let audience = args.audience.as_str();
    print(issue_token(&key, &args.identity.party, audience, args.lifetime)?)?;
    Ok(Ending::Fine)
}
