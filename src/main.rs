//! The `tallystick` command.

fn main() {}
