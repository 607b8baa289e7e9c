//! `completions`: a script that teaches a shell this command.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::{Cli, Ending};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Where standard output is closed.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tallystick", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Ending::Fine)
}
