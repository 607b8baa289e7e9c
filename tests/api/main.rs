//! The door as its users meet it: a real server on a real port, a real client, and nothing else.
#![cfg(feature = "server")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod access;
mod bad_input;
mod behaviour;
mod cases;
mod checks;
mod connections;
mod consents;
#[expect(dead_code, reason = "most of it serves the connectors' own tests")]
#[path = "../connectors/exact_stand_in.rs"]
mod exact_stand_in;
mod financings;
mod letters;
mod limits;
mod offers;
mod paging;
mod pledges;
mod reference;
mod registry;
mod responses;
mod routes;
mod silence;
mod story;
mod streams;
mod tryton;
mod watch;
#[path = "../connectors/web.rs"]
mod web;
mod webhooks;
