//! Where events come from: what an endpoint's owner may be told, asked anew before each message.

use core::future::Future;
use core::pin::Pin;

use tokio::sync::watch;

use crate::types::{KeyId, Origin, PartyId, Timestamp};
use crate::webhooks::endpoint::Place;
use crate::webhooks::wanted::Wanted;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Whose events.
    pub owner: &'a PartyId,
    /// The key that the endpoint was set with.
    pub set_with: &'a KeyId,
    /// From where on.
    pub from: Place,
    /// Which.
    pub wanted: &'a Wanted,
    /// The event for which the owner's look was accounted for already, when it was sent before.
    pub accounted: Option<Place>,
}

/// An event as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub place: Place,
    /// Its type.
    pub kind: String,
    /// CloudEvents 1.0 in JSON.
    pub body: Vec<u8>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The next event that the owner may be told and wants.
    Event(Event),
    /// None before this place.
    Nothing {
        /// Where to go on.
        next: Place,
        /// Whether that is the end of the log, as it was.
        at_head: bool,
    },
}

/// Why nothing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The owner is suspended, or not known.
    Suspended,
    /// The key that the endpoint was set with was revoked.
    KeyRevoked,
    /// The registry cannot answer now.
    Unavailable,
}

/// An answer that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A running registry, as far as webhooks need it.
pub trait Source: Send + Sync + 'static {
    /// Its name.
    fn origin(&self) -> &Origin;

    /// Its clock.
    fn now(&self) -> Timestamp;

    /// The durable size of its log, as it grows.
    fn durable(&self) -> watch::Receiver<u64>;

    /// The owner's next event, by the rules that hold at this moment. Only durable records are told.
    ///
    /// # Errors
    /// [`Silence`]: nothing is to be sent.
    fn next<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<Found, Silence>>;
}
