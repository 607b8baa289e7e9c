//! Signed webhooks: what happened is sent to those who may know, as Standard Webhooks 1.0 (`signing::webhook`).
//!
//! - Nothing is sent before it is durable, and nothing that its receiver may not be told at that moment: each message
//!   is asked for anew, also when it is sent again.
//! - A message is thin: a type, ids and a log position. Whoever wants to know more asks, and that is accounted for.
//! - Each endpoint has a key of its own and a cursor of its own: at least once, in order, never skipped.
//! - Everything is bounded: endpoints, messages under way, the time of an attempt, what is read of an answer, the log.
//!
//! Endpoints are no part of the log: no decision depends on them. What an event is, and who may be told, is
//! the [`Source`]'s business.

mod client;
mod courier;
mod desk;
mod endpoint;
mod owner;
mod probe;
mod reach;
mod rounds;
mod schedule;
mod secret;
mod source;
mod wanted;

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::store::OpenError;
use crate::store::webhooks::WebhookStore;
use crate::webhooks::courier::Courier;
use crate::webhooks::desk::Desk;
use crate::webhooks::secret::Secret;

pub(crate) use client::{NotPublic, client};
pub use courier::ATTEMPT_MAX;
pub use desk::DELIVERIES_KEPT;
pub use endpoint::{
    Delivery, Disabled, DisabledReason, Endpoint, Failing, Failure, OVERLAP_DEFAULT, OVERLAP_MAX,
    Outcome, Place, RetiringKey, SigningKey, Trigger, WebhookId, WebhookIdError,
};
pub use owner::{By, OwnerError, Wish};
pub use probe::TEST_TYPE;
pub use reach::{Reach, URL_BYTES_MAX, UrlError};
pub use schedule::Schedule;
pub use secret::SECRET_FILE;
pub use source::{Event, Found, Later, Question, Silence, Source};
pub use wanted::{Wanted, WantedError};

/// How many endpoints a participant has at most.
pub const PER_OWNER_MAX: usize = 10;
/// How many endpoints there are at most.
const WEBHOOKS_MAX: usize = 20_000;
/// The longest description of an endpoint.
pub const DESCRIPTION_BYTES_MAX: usize = 256;
/// How many messages are under way at once; each is on a thread that waits for its receiver.
const UNDER_WAY_MAX: usize = 32;
/// How many tests and messages sent again are under way at once.
const ASKED_FOR_MAX: usize = 8;

/// How webhooks are sent.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Where to.
    pub reach: Reach,
    /// How patiently.
    pub schedule: Schedule,
    /// How often it is looked whether something is due again.
    pub pace: Duration,
    /// How long an attempt may take, at most [`ATTEMPT_MAX`].
    pub attempt_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            schedule: Schedule::default(),
            pace: Duration::from_millis(250),
            attempt_max: ATTEMPT_MAX,
        }
    }
}

/// The webhooks of a registry. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    desk: Desk,
    secret: Secret,
    courier: Courier,
    options: Options,
    asked_for: Arc<Semaphore>,
}

impl Webhooks {
    /// Opens the webhooks in the folder of a registry. Nothing is sent before [`Self::run`].
    ///
    /// # Errors
    /// [`OpenError`] says what the operator can do.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let secret = Secret::open(dir).map_err(|error| {
            let words = format!("{}: {error}", dir.join(SECRET_FILE).display());
            std::io::Error::new(error.kind(), words)
        })?;
        let desk = Desk::open(WebhookStore::open(dir)?, &secret)?;
        let courier = Courier::new(options.reach, options.attempt_max);
        let asked_for = Arc::new(Semaphore::new(ASKED_FOR_MAX));
        Ok(Self(Arc::new(Inner { desk, secret, courier, options, asked_for })))
    }

    /// Sends what there is to send, until `stopping` says so; then lets what is under way end.
    pub fn run(&self, source: Arc<dyn Source>, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        tokio::spawn(rounds::run(self.clone(), source, stopping))
    }
}
