//! Connections to accounting packages: read with the debtor's consent, never written to.
//!
//! - A connection is a debtor's. What it reads becomes `status.reported.v1`, signed with the connector service's own
//!   key under the debtor's delegation and submitted like anybody's statement: there is no side door.
//! - Secrets are sealed at rest and shown nowhere.
//! - What is read twice is stated once, also across a restart. What cannot be read says so in the connection's state,
//!   and never becomes a status.

mod client;
mod connector;
pub mod csv;
pub mod exact;
pub mod odoo;
pub mod peppol;
mod vault;

pub use client::{Client, Reply};
pub use connector::{
    Access, Batch, CURSOR_BYTES_MAX, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
    code,
};
pub use vault::{SECRET_BYTES_MAX, Secret, Vault, VaultError};
