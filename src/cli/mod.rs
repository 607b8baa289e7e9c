//! The `tallystick` command: one file a subcommand.
//!
//! Data goes to standard output, progress and verdicts to standard error. The exit code is 0 where all is
//! well, 1 for a finding or a refusal, 2 where the command could not run. Decides nothing about invoices.

mod audit;
mod bench;
mod check;
mod client;
mod completions;
mod connection;
mod contact;
#[cfg(feature = "server")]
mod demo;
mod export;
mod failure;
mod get;
mod host;
mod identity;
mod import;
mod key;
mod mandate;
mod mirror;
mod offer;
mod participant;
mod receipt;
mod reserve;
mod respond;
mod sign;
mod submit;
mod terminal;
mod token;
mod webhook;
#[cfg(feature = "server")]
mod folder;
#[cfg(feature = "server")]
mod init;
#[cfg(feature = "server")]
mod posting;
#[cfg(feature = "server")]
mod rebuild;
#[cfg(feature = "server")]
mod restore;
#[cfg(feature = "server")]
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::terminal::{Ink, Stream, paint, say};

/// A neutral, verifiable registry of invoices.
#[derive(Debug, clap::Parser)]
#[command(name = "tallystick", version, about, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The whole story on a temporary registry, step by step; then its API until Ctrl-C
    #[cfg(feature = "server")]
    Demo(demo::Args),
    /// Makes a registry: log key, operator key, first record
    #[cfg(feature = "server")]
    Init(init::Args),
    /// Runs a registry
    #[cfg(feature = "server")]
    Serve(serve::Args),
    /// Makes and shows keys
    #[command(subcommand)]
    Key(key::Command),
    /// Who takes part: admit, suspend, reinstate, link, keys
    #[command(subcommand)]
    Participant(participant::Command),
    /// Prints a signed statement (a compact JWS)
    Sign(sign::Args),
    /// Sends signed statements and prints the receipts
    Submit(submit::Args),
    /// Reads invoices (UBL, CII, CSV; files, folders, archives) and registers them
    Import(import::Args),
    /// Reads responses to invoices (Peppol Invoice Response, French CDAR) and reports the statuses; writes one
    Respond(respond::Args),
    /// Checks invoices before they are paid (UBL, CII, CSV; files, folders, archives), without registering them
    Check(check::Args),
    /// Registers and reserves invoices, and checks them again, each in one request
    Reserve(reserve::Args),
    /// Offers invoices to a financier, by their ids or from documents, which are registered first
    Offer(offer::Args),
    /// Declines invoices that were offered to you
    Decline(offer::Declined),
    /// Asks the registry something, as a participant
    Get(get::Args),
    /// Prints an access token, for curl and other tools
    Token(token::Args),
    /// Mandates to see statuses: asks for them, grants, declines, revokes and lists them
    #[command(subcommand)]
    Mandate(mandate::Command),
    /// How debtors are reached, and the letters to them: the operator's record
    #[command(subcommand)]
    Contact(contact::Command),
    /// Has events sent to you, signed; checks a message that came
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Connects your accounting package, so that statuses need nobody's hands
    #[command(subcommand)]
    Connection(connection::Command),
    /// Verifies everything: signatures, tree, decisions, read models
    Audit(audit::Args),
    /// Checks receipts offline
    #[command(subcommand)]
    Receipt(receipt::Command),
    /// Writes the whole log into a file, for an audit elsewhere
    Export(export::Args),
    /// Writes the whole log into a file, to be restored from; of a running registry or of a folder
    Backup(export::Args),
    /// Makes a registry from a backup, after auditing it
    #[cfg(feature = "server")]
    Restore(restore::Args),
    /// Makes the read models anew from the log and compares them with those that were there
    #[cfg(feature = "server")]
    Rebuild(rebuild::Args),
    /// Measures: the figures that the README quotes, as ratios within one run
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Prints a completion script for a shell
    Completions(completions::Args),
}

/// How a command ended, if it could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Fine,
    /// Something was found, or the registry refused something.
    Found,
}

impl Ending {
    /// A finding where there is a reason for one.
    pub(crate) const fn found_if(found: bool) -> Self {
        if found { Self::Found } else { Self::Fine }
    }
}

/// Parses the command line, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(Ending::Fine) => ExitCode::SUCCESS,
        Ok(Ending::Found) => ExitCode::from(1),
        // Whoever reads the output had enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{} {error:#}", paint(Stream::Err, Ink::Bad, "error:")));
            if let Some(advice) = failure::advice(&error) {
                say(format_args!("{} {advice}", paint(Stream::Err, Ink::Bold, "hint:")));
            }
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<Ending> {
    match command {
        #[cfg(feature = "server")]
        Command::Demo(args) => demo::run(&args),
        #[cfg(feature = "server")]
        Command::Init(args) => init::run(&args),
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(&args),
        Command::Key(command) => key::run(&command),
        Command::Participant(command) => participant::run(&command),
        Command::Sign(args) => sign::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Respond(args) => respond::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Reserve(args) => reserve::run(&args),
        Command::Offer(args) => offer::run(&args),
        Command::Decline(args) => offer::decline(&args),
        Command::Get(args) => get::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Mandate(command) => mandate::run(&command),
        Command::Contact(command) => contact::run(&command),
        Command::Webhook(command) => webhook::run(&command),
        Command::Connection(command) => connection::run(&command),
        Command::Audit(args) => audit::run(&args),
        Command::Receipt(command) => receipt::run(&command),
        Command::Export(args) | Command::Backup(args) => export::run(&args),
        #[cfg(feature = "server")]
        Command::Restore(args) => restore::run(&args),
        #[cfg(feature = "server")]
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(broken)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
