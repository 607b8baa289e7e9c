//! A connection: whose it is, to what, how far it was read, how it is doing. Functions of values.

use core::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::connect::connector::{Settings, Trouble};
use crate::types::{KeyId, PartyId, Timestamp};
use crate::webhooks::Schedule;

/// The identity of a connection: 16 random bytes; text is `con_` and 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectionId(pub(super) [u8; 16]);

/// Why a text is not the id of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `con_` and 22 characters of base64url")]
pub struct ConnectionIdError;

impl ConnectionId {
    /// Its bytes, which a sealed secret is bound to.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "con_{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for ConnectionId {
    type Err = ConnectionIdError;

    fn from_str(text: &str) -> Result<Self, ConnectionIdError> {
        let encoded = text.strip_prefix("con_").ok_or(ConnectionIdError)?;
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(ConnectionIdError),
        }
    }
}

/// A row of the connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its identity.
    pub id: ConnectionId,
    /// The debtor whose books they are.
    pub owner: PartyId,
    /// The key that the owner last set it with, where it signed for that itself.
    pub set_with: Option<KeyId>,
    /// The kind of package.
    pub system: String,
    /// What the owner set.
    pub settings: Settings,
    /// What the owner calls it.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The secret, sealed.
    pub(super) sealed: Option<Vec<u8>>,
    /// A consent that was asked for.
    pub(super) asked: Option<Asked>,
    /// Whether there is what it takes to read: false until the owner consented at the package.
    pub ready: bool,
    /// How far it was read.
    pub(super) cursor: Option<Vec<u8>>,
    /// When everything there was had last been read.
    pub read_at: Option<Timestamp>,
    /// When it is read next.
    pub next_at: Timestamp,
    /// What keeps it from being read.
    pub failing: Option<Failing>,
    /// How many entries were read, and how many statuses were stated of them.
    pub counts: Counts,
    /// The last status that the registry refused: its code, the source's message, and when.
    pub refused: Option<Refused>,
}

/// A consent that was asked for at the package, until it comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The hash of what must come back.
    pub(super) state: [u8; 32],
    /// The address for the way back, as it was given to the package.
    pub(super) back: String,
    /// Until when.
    pub(super) until: Timestamp,
}

/// Failures in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// When the first was.
    pub since: Timestamp,
    /// How many.
    pub failures: u32,
    /// What the last one was: the code of [`Trouble`].
    pub code: String,
    /// The same in words.
    pub words: String,
    /// Whether it is not tried again before the owner does something.
    pub over: bool,
}

/// What a connection brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Entries that were read, the same one each time that it changed.
    pub read: u64,
    /// Statuses that were stated.
    pub stated: u64,
    /// Statuses that the registry refused.
    pub refused: u64,
}

/// A status that the registry refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The code of the rejection.
    pub code: String,
    /// The source's id of the message.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// How a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The owner has yet to consent at the package.
    Pending,
    /// It is read.
    Active,
    /// It was not read the last time, and is tried again.
    Failing,
    /// The package refuses the key. It is not read before the owner gives another one.
    Revoked,
    /// The owner has not delegated, or no longer: nothing is read, and nothing is stated.
    NotDelegated,
    /// The registry runs without the key that its secret is sealed under.
    Locked,
}

impl Condition {
    /// Whether it is read, or would be if it could.
    pub const fn is_tried(self) -> bool {
        matches!(self, Self::Active | Self::Failing)
    }
}

impl Connection {
    /// Its condition, whatever is delegated.
    pub fn condition(&self) -> Condition {
        match &self.failing {
            Some(failing) if failing.over => Condition::Revoked,
            _ if !self.ready => Condition::Pending,
            Some(_) => Condition::Failing,
            None => Condition::Active,
        }
    }

    /// Whether it is to be read now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.condition().is_tried() && self.next_at <= now
    }

    /// It was read to the end.
    pub(super) fn succeeded(&mut self, now: Timestamp, next_at: Timestamp) {
        self.read_at = Some(now);
        self.next_at = next_at;
        self.failing = None;
    }

    /// It could not be read.
    pub(super) fn failed(
        &mut self,
        trouble: Trouble,
        schedule: &Schedule,
        chance: u16,
        now: Timestamp,
    ) {
        let before = self.failing.take();
        let since = before.as_ref().map_or(now, |before| before.since);
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let asked = if let Trouble::Limited(asked) = trouble { asked } else { None };
        let pause = schedule.pause(failures, chance, asked);
        self.next_at = now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        self.failing = Some(Failing {
            since,
            failures,
            code: trouble.code().to_owned(),
            words: trouble.to_string(),
            over: trouble == Trouble::Revoked,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    pub(crate) fn connection(now: Timestamp) -> Connection {
        Connection {
            id: ConnectionId([1; 16]),
            owner: "0106:12345678".parse().unwrap(),
            set_with: None,
            system: "tryton".to_owned(),
            settings: Settings::new(),
            description: None,
            created_at: now,
            sealed: None,
            asked: None,
            ready: true,
            cursor: None,
            read_at: None,
            next_at: now,
            failing: None,
            counts: Counts::default(),
            refused: None,
        }
    }

    #[test]
    fn an_id_has_one_text() {
        let id = ConnectionId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "con_", "whk_BwcHBwcHBwcHBwcHBwcHBw", "con_AA"] {
            assert_eq!(text.parse::<ConnectionId>(), Err(ConnectionIdError), "{text}");
        }
    }

    #[test]
    fn who_fails_is_left_alone_for_longer_and_who_is_revoked_for_good() {
        let schedule = Schedule::default();
        let now = Timestamp::from_millis(1_000_000).unwrap();
        let mut one = connection(now);
        assert!(one.is_due(now));
        one.failed(Trouble::Unreachable, &schedule, 0, now);
        assert_eq!(one.condition(), Condition::Failing);
        let first = one.next_at.abs_diff_millis(now);
        one.failed(Trouble::Unreachable, &schedule, 0, now);
        assert!(one.next_at.abs_diff_millis(now) > first);
        one.failed(Trouble::Limited(Some(Duration::from_mins(30))), &schedule, 0, now);
        assert!(one.next_at.abs_diff_millis(now) >= 1_800_000);
        assert!(!one.is_due(now) && one.is_due(one.next_at));
        one.failed(Trouble::Revoked, &schedule, 0, now);
        assert_eq!(one.condition(), Condition::Revoked);
        assert!(!one.is_due(now.plus_millis(i64::MAX)));
        one.succeeded(now, now);
        assert_eq!(one.condition(), Condition::Active);
    }
}
