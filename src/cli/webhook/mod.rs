//! `webhook`: where a participant wants its events sent; and, for whoever receives them, whether one is to be believed.

mod manage;
mod verify;

use crate::cli::Ending;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Checks a received message offline: its signature, and that it is not an old one
    Verify(verify::Args),
    /// Makes a webhook and prints its public key
    Add(manage::Add),
    /// Lists the webhooks and how they are doing
    List(manage::List),
    /// Sends a test now and says what became of it
    Test(manage::One),
    /// Sends again from now on, after the receiver was mended
    Enable(manage::One),
    /// Gives a webhook a new key; the one before signs too for a while
    Rotate(manage::Rotate),
    /// Removes a webhook
    Remove(manage::One),
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or the registry cannot be reached.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::Verify(args) => verify::run(args),
        Command::Add(args) => manage::add(args),
        Command::List(args) => manage::list(args),
        Command::Test(args) => manage::test(args),
        Command::Enable(args) => manage::enable(args),
        Command::Rotate(args) => manage::rotate(args),
        Command::Remove(args) => manage::remove(args),
    }
}
