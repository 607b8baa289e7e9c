//! Tallystick: a neutral registry of invoices.

pub mod types;
pub mod signing;
pub mod log;
