//! A connection as its owner sees it. The secret is not in it, and nothing that the package answered.

use serde::Serialize;
use utoipa::ToSchema;

use crate::connect::{Condition, Connection, Connections, Settings};
use crate::domain::State;
use crate::types::{PartyId, Timestamp};

/// A connection to an accounting package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(super) struct ConnectionShown {
    /// Always `connection`.
    object: &'static str,
    /// Its id: `con_` and 22 characters.
    #[schema(value_type = String)]
    id: String,
    /// The kind of package.
    system: String,
    /// What was set beside the secret.
    settings: Settings,
    /// What the caller calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// How it is doing.
    status: ConnectionStatus,
    /// Whether what was last read is older than it should be.
    stale: bool,
    /// Since when it cannot be read, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<FailingShown>,
    /// When everything there was had last been read.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_read_at: Option<Timestamp>,
    /// When it is read next; absent where it is not read by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_read_at: Option<Timestamp>,
    /// The party to whom `status.reported.v1` is to be delegated, so that what is read may be stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    delegate: Option<PartyId>,
    /// How many entries of the books were read, each as often as it changed.
    entries_read: u64,
    /// How many statuses were stated.
    statuses_stated: u64,
    /// How many statuses the registry refused: they could not follow what it knew.
    statuses_refused: u64,
    /// The last one that it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refused: Option<RefusedShown>,
    /// When it was made.
    created_at: Timestamp,
}

/// How a connection is doing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ConnectionStatus {
    /// The caller has yet to consent at the package.
    Pending,
    /// It is read.
    Active,
    /// It could not be read the last time, and is tried again.
    Failing,
    /// The package refuses the key: give it another one. It is not tried again by itself.
    Revoked,
    /// The caller has not delegated `status.reported.v1` to `delegate`, or no longer: nothing is read.
    NotDelegated,
    /// The registry was started without the key that secrets are sealed under: nothing is read.
    Locked,
}

/// Failures in a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionFailing)]
struct FailingShown {
    /// When the first was.
    since: Timestamp,
    /// How many.
    failures: u32,
    /// What the last one was: `revoked`, `forbidden`, `limited`, `unreachable`, `address_not_allowed`, `answered`,
    /// `malformed`, `not_offered` or `store`.
    code: String,
    /// The same in words.
    detail: String,
}

/// A status that the registry refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionRefused)]
struct RefusedShown {
    /// The problem: a code of `/problems`.
    code: String,
    /// The package's own id of the entry.
    entry: String,
    /// When.
    at: Timestamp,
}

impl From<Condition> for ConnectionStatus {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Pending => Self::Pending,
            Condition::Active => Self::Active,
            Condition::Failing => Self::Failing,
            Condition::Revoked => Self::Revoked,
            Condition::NotDelegated => Self::NotDelegated,
            Condition::Locked => Self::Locked,
        }
    }
}

impl ConnectionShown {
    /// How a connection is doing, on a state at a time.
    pub(super) fn of(
        connections: &Connections,
        state: &State,
        now: Timestamp,
        connection: &Connection,
    ) -> Self {
        let condition = connections.condition(state, connection, now);
        let by_itself = condition.is_tried() && connections.is_polled(connection);
        let failing = connection.failing.as_ref();
        Self {
            object: "connection",
            id: connection.id.to_string(),
            system: connection.system.clone(),
            settings: connection.settings.clone(),
            description: connection.description.clone(),
            status: condition.into(),
            stale: connections.is_stale(connection, now),
            failing: failing.map(|it| FailingShown {
                since: it.since,
                failures: it.failures,
                code: it.code.clone(),
                detail: it.words.clone(),
            }),
            last_read_at: connection.read_at,
            next_read_at: by_itself.then_some(connection.next_at),
            delegate: connections.delegate(state),
            entries_read: connection.counts.read,
            statuses_stated: connection.counts.stated,
            statuses_refused: connection.counts.refused,
            last_refused: connection.refused.as_ref().map(|it| RefusedShown {
                code: it.code.clone(),
                entry: it.message.clone(),
                at: it.at,
            }),
            created_at: connection.created_at,
        }
    }
}
