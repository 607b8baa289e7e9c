//! Tallystick: a neutral registry of invoices.

pub mod types;
pub mod signing;
pub mod log;
#[cfg(feature = "server")]
pub mod store;
pub mod einvoice;
