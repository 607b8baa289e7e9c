//! An endpoint: where a participant wants its events, how far it has got, how it is doing. Functions of values.
//!
//! An endpoint has one cursor, and events are sent in their order, one at a time: the next one only after the one
//! before was taken. Nothing is skipped: whoever was away for a week and enables its endpoint again gets the week.

use core::time::Duration;
use core::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::{KeyId, PartyId, Timestamp};
use crate::webhooks::schedule::Schedule;
use crate::webhooks::wanted::Wanted;

/// The longest time for which a replaced key signs too, and how long that is unless it is said.
pub const OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);
/// See [`OVERLAP_MAX`].
pub const OVERLAP_DEFAULT: Duration = Duration::from_hours(24);

/// The identity of an endpoint: 16 random bytes; text is `whk_` and 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WebhookId(pub(super) [u8; 16]);

/// Why a text is not the id of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `whk_` and 22 characters of base64url")]
pub struct WebhookIdError;

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whk_{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for WebhookId {
    type Err = WebhookIdError;

    fn from_str(text: &str) -> Result<Self, WebhookIdError> {
        let encoded = text.strip_prefix("whk_").ok_or(WebhookIdError)?;
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(WebhookIdError),
        }
    }
}

/// A place among a participant's events: the log position, and the number of the event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The log position.
    pub position: u64,
    /// 0 for the record itself, then its alerts.
    pub number: u32,
}

impl Place {
    /// Where a position begins.
    pub const fn at(position: u64) -> Self {
        Self { position, number: 0 }
    }

    /// The place right after.
    #[must_use]
    pub const fn after(self) -> Self {
        match self.number.checked_add(1) {
            Some(number) => Self { number, ..self },
            None => Self::at(self.position.saturating_add(1)),
        }
    }

    /// The id of the message with the event here: the event's own id without its full stop.
    pub fn message_id(self) -> String {
        match self.number {
            0 => format!("evt_{}", self.position),
            number => format!("evt_{}_{number}", self.position),
        }
    }
}

/// A row of the endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its identity.
    pub id: WebhookId,
    /// Whose it is.
    pub owner: PartyId,
    /// The key that the owner last set it with. Once that is revoked nothing is sent.
    pub set_with: KeyId,
    /// Where messages go.
    pub url: String,
    /// What is wanted.
    pub wanted: Wanted,
    /// What the owner calls it.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key that signs.
    pub key: SigningKey,
    /// The key before, while it signs too.
    pub retiring: Option<RetiringKey>,
    /// Where the next event is looked for.
    pub next: Place,
    /// When the last message was taken.
    pub delivered_at: Option<Timestamp>,
    /// Since when and how often it has failed.
    pub failing: Option<Failing>,
    /// Why nothing is sent.
    pub disabled: Option<Disabled>,
    /// How many attempts there were, which numbers the rows of its log.
    pub attempts: u64,
}

/// One of an endpoint's keys. The private one is derived from the registry's secret and this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Which of the endpoint's keys it is.
    pub generation: u32,
    /// The public key.
    pub public: [u8; 32],
    /// Since when it signs.
    pub since: Timestamp,
}

/// A key that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiringKey {
    /// The key.
    pub key: SigningKey,
    /// Until when it signs too.
    pub until: Timestamp,
}

/// Failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The event of the last attempt.
    pub place: Place,
    /// When the first was.
    pub since: Timestamp,
    /// How many.
    pub failures: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
}

/// Since when and why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: DisabledReason,
}

/// Why nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDisabledReason)]
pub enum DisabledReason {
    /// The owner wants it so.
    Owner,
    /// It took nothing for three days.
    Failing,
    /// It answered 410: there is nothing there for us any more.
    Gone,
    /// The key that it was set with was revoked: whoever has that key may have set it.
    KeyRevoked,
    /// The registry lost the secret that its key came from: rotate, then enable.
    SecretLost,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The receiver answered with this status; 200 to 299 say that it took the message.
    Answered(u16),
    /// It did not answer.
    Failed(Failure),
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookFailure)]
pub enum Failure {
    /// The name leads to an address that is not public.
    AddressNotPublic,
    /// The name leads nowhere.
    NameUnknown,
    /// Nobody took the connection.
    Unreachable,
    /// No TLS connection came about, or its certificate does not hold.
    Tls,
    /// The answer did not begin in time.
    Timeout,
    /// What was answered is not HTTP, or its head is too long.
    Protocol,
}

impl Outcome {
    /// Whether the message was taken.
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

/// Why something was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookTrigger)]
pub enum Trigger {
    /// It was the next event.
    Event,
    /// The owner asked for a test.
    Test,
    /// The owner asked for it again.
    Resend,
}

/// A row of an endpoint's log: one attempt. The message itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number; `dlv_…` in text.
    pub number: u64,
    /// Why it was made.
    pub trigger: Trigger,
    /// The event's place; none for a test.
    pub place: Option<Place>,
    /// `webhook-id`
    pub message: String,
    /// The event's type.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// When the next attempt is due, where there is one.
    pub next_at: Option<Timestamp>,
}

impl Endpoint {
    /// Whether something is to be looked for or sent at a time.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.disabled.is_none() && self.failing.is_none_or(|failing| failing.next_at <= now)
    }

    /// The keys that sign at a time, the newest first.
    pub fn signing(&self, now: Timestamp) -> Vec<SigningKey> {
        let retiring = self.retiring.filter(|retiring| now < retiring.until);
        core::iter::once(self.key).chain(retiring.map(|retiring| retiring.key)).collect()
    }

    /// The next key signs from now on; the one before signs too for a while.
    pub fn rotate(&mut self, public: [u8; 32], overlap: Duration, now: Timestamp) {
        let millis = i64::try_from(overlap.min(OVERLAP_MAX).as_millis()).unwrap_or(i64::MAX);
        let retiring = RetiringKey { key: self.key, until: now.plus_millis(millis) };
        self.retiring = (millis > 0).then_some(retiring);
        let generation = self.key.generation.saturating_add(1);
        self.key = SigningKey { generation, public, since: now };
    }

    /// Sends again from now on.
    pub fn enable(&mut self) {
        self.disabled = None;
        self.failing = None;
    }

    /// Sends nothing from now on.
    pub fn disable(&mut self, reason: DisabledReason, now: Timestamp) {
        self.disabled = Some(Disabled { at: now, reason });
        self.failing = None;
    }

    /// What follows from an attempt to deliver the event at a place.
    pub fn settle(
        &mut self,
        place: Place,
        outcome: Outcome,
        schedule: &Schedule,
        (chance, asked): (u16, Option<Duration>),
        now: Timestamp,
    ) {
        if outcome.is_taken() {
            self.next = place.after();
            self.delivered_at = Some(now);
            self.failing = None;
            return;
        }
        if outcome == Outcome::Answered(410) {
            self.disable(DisabledReason::Gone, now);
            return;
        }
        let before = self.failing;
        let since = before.map_or(now, |failing| failing.since);
        if schedule.is_over(since, now) {
            self.disable(DisabledReason::Failing, now);
            return;
        }
        let failures = before.map_or(0, |failing| failing.failures).saturating_add(1);
        let pause = schedule.pause(failures, chance, asked);
        let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.failing = Some(Failing { place, since, failures, next_at: now.plus_millis(millis) });
    }

    /// What follows from a test or a message that was sent again: whoever took it is there.
    pub fn heard(&mut self, outcome: Outcome, now: Timestamp) {
        if outcome.is_taken() {
            self.delivered_at = Some(now);
            if let Some(failing) = &mut self.failing {
                failing.next_at = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            id: WebhookId([7; 16]),
            owner: "0106:00000006".parse().unwrap(),
            set_with: KeyId::from_bytes([1; 32]),
            url: "https://bank.example/hook".to_owned(),
            wanted: Wanted::default(),
            description: None,
            created_at: at(0),
            key: SigningKey { generation: 0, public: [1; 32], since: at(0) },
            retiring: None,
            next: Place::at(5),
            delivered_at: None,
            failing: None,
            disabled: None,
            attempts: 0,
        }
    }

    fn settle(endpoint: &mut Endpoint, outcome: Outcome, now: i64) {
        let middle = (u16::MAX / 2, None);
        endpoint.settle(Place::at(5), outcome, &Schedule::default(), middle, at(now));
    }

    #[test]
    fn a_message_that_is_not_taken_stays_the_next_one() {
        let mut endpoint = endpoint();
        settle(&mut endpoint, Outcome::Failed(Failure::Timeout), 100);
        assert_eq!(endpoint.next, Place::at(5));
        assert!(!endpoint.is_due(at(104)) && endpoint.is_due(at(105)));
        settle(&mut endpoint, Outcome::Answered(500), 105);
        assert_eq!(endpoint.failing.map(|it| (it.since, it.failures)), Some((at(100), 2)));
        settle(&mut endpoint, Outcome::Answered(204), 115);
        assert_eq!((endpoint.next, endpoint.failing), (Place { position: 5, number: 1 }, None));
        assert_eq!(endpoint.delivered_at, Some(at(115)));
    }

    #[test]
    fn a_redirect_is_not_followed_and_is_a_failure() {
        let mut endpoint = endpoint();
        settle(&mut endpoint, Outcome::Answered(307), 100);
        assert_eq!(endpoint.failing.map(|it| it.failures), Some(1));
    }

    #[test]
    fn an_endpoint_that_took_nothing_for_days_is_disabled_and_says_why() {
        let mut endpoint = endpoint();
        settle(&mut endpoint, Outcome::Answered(503), 0);
        settle(&mut endpoint, Outcome::Answered(503), 72 * 3_600 - 1);
        assert_eq!(endpoint.disabled, None);
        settle(&mut endpoint, Outcome::Answered(503), 72 * 3_600);
        assert_eq!(endpoint.disabled.map(|it| it.reason), Some(DisabledReason::Failing));
        assert!(!endpoint.is_due(at(i64::from(u32::MAX))));
        endpoint.enable();
        assert!(endpoint.is_due(at(0)));
        assert_eq!(endpoint.next, Place::at(5), "and goes on where it was");
    }

    #[test]
    fn an_endpoint_that_is_gone_is_disabled_at_once() {
        let mut endpoint = endpoint();
        settle(&mut endpoint, Outcome::Answered(410), 100);
        assert_eq!(endpoint.disabled.map(|it| it.reason), Some(DisabledReason::Gone));
    }

    #[test]
    fn a_replaced_key_signs_beside_the_new_one_until_its_time_is_over() {
        let mut endpoint = endpoint();
        endpoint.rotate([2; 32], Duration::from_mins(1), at(100));
        let signing = |endpoint: &Endpoint, now| {
            endpoint.signing(at(now)).iter().map(|key| key.public[0]).collect::<Vec<_>>()
        };
        assert_eq!(signing(&endpoint, 159), [2, 1]);
        assert_eq!(signing(&endpoint, 160), [2]);
        endpoint.rotate([3; 32], Duration::ZERO, at(101));
        assert_eq!(signing(&endpoint, 101), [3], "a compromised key signs no more");
        endpoint.rotate([4; 32], Duration::from_hours(10_000), at(102));
        assert_eq!(endpoint.retiring.map(|it| it.until), Some(at(102 + 7 * 86_400)));
    }

    #[test]
    fn whoever_takes_a_test_is_tried_again_at_once() {
        let mut endpoint = endpoint();
        settle(&mut endpoint, Outcome::Failed(Failure::Unreachable), 100);
        endpoint.heard(Outcome::Answered(500), at(101));
        assert!(!endpoint.is_due(at(101)));
        endpoint.heard(Outcome::Answered(200), at(101));
        assert!(endpoint.is_due(at(101)) && endpoint.next == Place::at(5));
    }

    #[test]
    fn an_id_has_one_text() {
        let id = WebhookId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in
            ["", "whk_", "whk_AAAA", "whk_AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert_eq!(wrong.parse::<WebhookId>(), Err(WebhookIdError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_cursor_moves_only_over_what_was_taken_and_a_row_survives_being_stored(
            outcomes in proptest::collection::vec((100_u16..600, 0_i64..200_000), 0..50),
        ) {
            let mut endpoint = endpoint();
            let mut now = 0;
            for (status, later) in outcomes {
                now += later;
                let before = endpoint.next;
                let outcome = Outcome::Answered(status);
                let schedule = Schedule::default();
                endpoint.settle(before, outcome, &schedule, (status, None), at(now));
                let expected = if outcome.is_taken() { before.after() } else { before };
                prop_assert_eq!(endpoint.next, expected);
                prop_assert!(endpoint.failing.is_none_or(|it| it.next_at > at(now)));
                let row = postcard::to_stdvec(&endpoint).unwrap();
                prop_assert_eq!(&postcard::from_bytes::<Endpoint>(&row).unwrap(), &endpoint);
            }
        }
    }
}
