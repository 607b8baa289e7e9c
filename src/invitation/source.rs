//! Where requests come from: the registry, as far as letters need it.

use core::future::Future;
use core::pin::Pin;

use tokio::sync::watch;

use crate::types::{Date, PartyId, StatementId, Timestamp};

/// How many invoices of a request are named in its letter.
pub const INVOICES_TOLD_MAX: usize = 10;

/// An admitted `mandate.requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its statement.
    pub id: StatementId,
    /// The debtor who is asked, by its first party id.
    pub debtor: PartyId,
    /// Who asks, by its first party id.
    pub asker: PartyId,
    /// Whether who asks is a financier; a supplier otherwise.
    pub financier: bool,
    /// For which invoices.
    pub wanted: Wanted,
    /// Until when.
    pub until: Timestamp,
    /// When it was asked.
    pub recorded_at: Timestamp,
    /// Whether it still waits for an answer.
    pub open: bool,
}

/// For which of the debtor's payables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// Those of these suppliers, by the party ids that the request names.
    Suppliers(Vec<PartyId>),
    /// Named ones.
    Invoices {
        /// Those of the debtor, at most [`INVOICES_TOLD_MAX`].
        told: Vec<InvoiceTold>,
        /// How many the request names in all.
        count: usize,
    },
}

/// An invoice, as far as a letter names it: what its receiver knows it by, and no amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceTold {
    /// Its number, as the seller wrote it.
    pub number: String,
    /// The seller.
    pub seller: PartyId,
    /// Its day.
    pub issue_date: Date,
}

/// Some of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// Those that wait for an answer.
    pub open: Vec<Request>,
    /// From where on there may be more.
    pub next: u32,
    /// Whether that is the end, as it is now.
    pub at_end: bool,
}

/// The registry cannot answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

/// An answer that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// A running registry, as far as letters need it.
pub trait Registry: Send + Sync + 'static {
    /// Its clock.
    fn now(&self) -> Timestamp;

    /// The durable size of its log, as it grows.
    fn durable(&self) -> watch::Receiver<u64>;

    /// Durable requests from a place on; the place means nothing but where to go on.
    fn requests(&self, from: u32) -> Later<'_, Requests>;

    /// One request, as it stands now; `None` where there is none such.
    fn request(&self, id: StatementId) -> Later<'_, Option<Request>>;
}
