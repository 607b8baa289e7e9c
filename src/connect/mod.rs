//! Connections to accounting packages: read with the debtor's consent, never written to.
//!
//! - A connection is a debtor's. What it reads becomes `status.reported.v1`, signed with the connector service's own
//!   key under the debtor's delegation and submitted like anybody's statement: there is no side door.
//! - Secrets are sealed at rest under a key that is given at start, and shown nowhere.
//! - What is read twice is stated once, also across a restart. What cannot be read says so in the connection's state,
//!   and never becomes a status.
//! - Everything is bounded: connections, requests, answers, pages, what waits.
//!
//! What a package's answers mean is its [`Connector`]'s business, one file each; rules are in `domain`.

mod client;
mod connection;
mod connector;
pub mod csv;
mod desk;
pub mod exact;
mod matching;
mod news;
pub mod odoo;
pub mod peppol;
mod owner;
mod rounds;
mod service;
mod tryton;
mod vault;

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connect::desk::Desk;
use crate::connect::service::Service;
use crate::domain::State;
use crate::engine::Engine;
use crate::signing::SecretKey;
use crate::store::OpenError;
use crate::store::connections::{ConnectionRows, ConnectionStore};
use crate::types::{PartyId, Timestamp};
use crate::webhooks::{Reach, Schedule};

pub use client::{Client, Reply};
pub use connection::{
    Condition, Connection, ConnectionId, ConnectionIdError, Counts, Failing, Refused,
};
pub use connector::{
    Access, Batch, CURSOR_BYTES_MAX, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
    code,
};
pub use owner::{By, OwnerError, Wish};
pub use service::SERVICE_KEY;
pub use tryton::Tryton;
pub use vault::{SECRET_BYTES_MAX, Secret, Vault, VaultError};

/// How many connections a participant has at most.
pub const PER_OWNER_MAX: usize = 10;
/// How many connections there are at most.
const CONNECTIONS_MAX: usize = 20_000;
/// The longest description of a connection.
pub const DESCRIPTION_BYTES_MAX: usize = 256;
/// What the vault's own word is sealed for.
const WORD: &[u8] = b"the key of this vault";

/// How connections are read.
#[derive(Clone)]
pub struct Options {
    /// Where to.
    pub reach: Reach,
    /// How patiently.
    pub schedule: Schedule,
    /// How often it is looked whether something is due.
    pub round: Duration,
    /// How often each is read, whatever its kind says.
    pub every: Option<Duration>,
    /// The operator's key, which admits the connector service; that in the registry's folder where it is absent.
    pub operator: Option<Arc<SecretKey>>,
    /// The kinds of packages.
    pub connectors: Vec<Arc<dyn Connector>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            schedule: Schedule {
                first: Duration::from_mins(1),
                longest: Duration::from_hours(6),
                ..Schedule::default()
            },
            round: Duration::from_secs(1),
            every: None,
            operator: None,
            connectors: vec![
                Arc::new(Tryton),
                Arc::new(odoo::Odoo),
                Arc::new(csv::OpenItems),
                Arc::new(peppol::Messages::new(None)),
            ],
        }
    }
}

/// The connections of a registry. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    desk: Desk,
    vault: Option<Vault>,
    service: Service,
    client: Client,
    options: Options,
}

impl Connections {
    /// Opens the connections in the folder of a registry. Nothing is read before [`Self::run`]; without a vault nothing
    /// is ever read, and none are made.
    ///
    /// # Errors
    /// [`OpenError`] says what the operator can do; also where the vault's key is another one than that under which
    /// there are secrets.
    pub fn open(dir: &Path, vault: Option<Vault>, options: Options) -> Result<Self, OpenError> {
        let service = Service::open(dir, options.operator.clone())?;
        let desk = Desk::open(ConnectionStore::open(dir)?)?;
        if let Some(vault) = &vault {
            check_word(&desk, vault)?;
        }
        let client = Client::new(options.reach);
        Ok(Self(Arc::new(Inner { desk, vault, service, client, options })))
    }

    /// Reads what there is to read, until `stopping` says so; then lets what is under way end.
    pub fn run(&self, engine: Engine, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        tokio::spawn(rounds::run(self.clone(), engine, stopping))
    }

    /// Has the connector service admitted where it is not yet and the operator's key lies in the folder; comes before the
    /// first connection, so that a registry without any has no such participant.
    pub async fn enrol(&self, engine: &Engine) {
        if let Err(why) = self.0.service.enrol(engine).await {
            tracing::warn!(%why, "connections are not read: the connector service is no participant");
        }
    }

    /// The party to whom debtors delegate `status.reported.v1`, where it is admitted.
    pub fn delegate(&self, state: &State) -> Option<PartyId> {
        self.0.service.party(state)
    }

    /// How a connection is doing at a time.
    pub fn condition(&self, state: &State, connection: &Connection, now: Timestamp) -> Condition {
        let owner = state.participant_by_id(&connection.owner);
        let owner = owner.and_then(|row| state.participant(row));
        let delegated = owner.is_some_and(|owner| self.0.service.may_state(state, &owner, now));
        let condition = connection.condition();
        if !self.has_vault() {
            Condition::Locked
        } else if condition.is_tried() && !delegated {
            Condition::NotDelegated
        } else {
            condition
        }
    }

    /// Whether what was last read is older than it should be: nothing was read for twice as long as that usually takes.
    pub fn is_stale(&self, connection: &Connection, now: Timestamp) -> bool {
        let connector = self.connector(&connection.system).ok();
        let pace = connector.and_then(|connector| self.pace(connector.as_ref()));
        let Some(pace) = pace else { return false };
        let since = connection.read_at.unwrap_or(connection.created_at);
        now > since && u128::from(now.abs_diff_millis(since)) > pace.as_millis().saturating_mul(2)
    }

    /// Whether a connection is read by itself.
    pub fn is_polled(&self, connection: &Connection) -> bool {
        self.connector(&connection.system).is_ok_and(|connector| connector.pace().is_some())
    }

    /// How often a kind is read.
    fn pace(&self, connector: &dyn Connector) -> Option<Duration> {
        connector.pace().map(|pace| self.0.options.every.unwrap_or(pace))
    }

    /// Whether the owner lets the service state what is read, now.
    async fn may_state(&self, owner: &PartyId, engine: &Engine) -> bool {
        let ask = |state: &State, now| {
            let owner = state.participant_by_id(owner).and_then(|row| state.participant(row));
            owner.is_some_and(|owner| self.0.service.may_state(state, &owner, now))
        };
        engine.query(ask).await.is_ok_and(|answer| answer.value)
    }
}

/// Whether the vault's key is the one under which there are secrets; the first one is.
fn check_word(desk: &Desk, vault: &Vault) -> Result<(), OpenError> {
    let io = |words: &str| OpenError::Io(std::io::Error::other(words.to_owned()));
    let stored = desk.store.word().map_err(|error| io(&error.to_string()))?;
    let Some(stored) = stored.filter(|_| !desk.is_empty()) else {
        let word = vault.seal(WORD, &Secret::new("open".to_owned()));
        let mut rows = ConnectionRows::default();
        rows.word(&word.map_err(|error| io(&error.to_string()))?);
        let written = desk.store.apply(rows).and_then(|()| desk.store.commit());
        return written.map_err(|fault| io(&fault.to_string()));
    };
    let wrong = "the vault key is not the one that connections were sealed under: give that one";
    vault.open(WORD, &stored).map(|_| ()).map_err(|_| io(wrong))
}

/// When a connection is read that is only ever given files.
fn never() -> Timestamp {
    Timestamp::default().plus_millis(i64::MAX)
}
