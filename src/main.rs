//! The `tallystick` command.

use std::process::ExitCode;

/// Gives back what is no longer used, where the system's own allocator keeps it in pieces between rows that stay.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tallystick::cli::main()
}
