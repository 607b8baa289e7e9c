//! Connectors to accounting packages against stand-ins of ours: real HTTP on loopback, true to the published contracts,
//! and neither Exact Online nor Odoo. What a package does with a status is the business of `connect`, tested elsewhere.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod exact;
mod exact_stand_in;
mod messages;
mod odoo;
mod odoo_stand_in;
mod reader;
mod web;
