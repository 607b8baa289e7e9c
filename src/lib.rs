//! Tallystick: a neutral registry of invoices and of the rights that financiers have on them.
//!
//! Suppliers, debtors and financiers sign statements; one sequencer decides them in one order; each is kept in an
//! append-only log with a public Merkle tree; an invoice that is pledged twice is found at the second pledge.
//!
//! ```text
//! write   http ─▶ engine::intake ─▶ engine::sequencer ─▶ domain::decide ─▶ record ─▶ store
//!         bytes   statement,        one writer           outcome           entry     durable
//!                 signing                                                    │
//!         receipt ◀─────────── log: read back, hashed again, signed ◀────────┘
//! read    http ─▶ engine ─▶ domain::State, as of a durable size     (never meets the writer's queue)
//! audit   cli ─▶ audit ─▶ record ─▶ statement ─▶ domain ─▶ log      (never meets the server)
//! import  cli ─▶ einvoice ─▶ statement ─▶ the write path            (no side door)
//! ```
//!
//! The modules stand in reading order: each imports only what stands above it (`tests/architecture.rs`). Down to
//! [`einvoice`] they are pure: no clock, storage, network or randomness, and no feature is needed to build them.
//! docs/ARCHITECTURE.md follows one statement through them; docs/SPECIFICATION.md has every format and rule.

pub mod types;
pub mod signing;
pub mod invoice;
pub mod statement;
pub mod domain;
pub mod log;
pub mod record;
pub mod audit;
pub mod einvoice;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod engine;
#[cfg(feature = "server")]
pub mod webhooks;
#[cfg(feature = "server")]
pub mod invitation;
#[cfg(feature = "server")]
pub mod connect;
#[cfg(feature = "server")]
pub mod http;
pub mod cli;
