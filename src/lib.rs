//! Tallystick: a neutral registry of invoices.

pub mod types;
pub mod signing;
pub mod invoice;
pub mod statement;
pub mod domain;
pub mod log;
pub mod record;
pub mod audit;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod engine;
pub mod einvoice;
#[cfg(feature = "server")]
pub mod http;
