//! The pages of a debtor, as a person meets them: with a browser, without scripts, and with what a person should not do.
#![cfg(feature = "server")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

mod driver;
mod forms;
mod registry;
mod story;
