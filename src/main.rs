//! The `tallystick` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tallystick::cli::main()
}
