//! Webhooks and deliveries as they are shown.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use crate::signing::{PublicKey, webhook};
use crate::types::{KeyId, Timestamp};
use crate::webhooks::{Delivery, DisabledReason, Endpoint, Failure, Outcome, SigningKey, Trigger};

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookShown {
    /// Always `webhook`.
    object: &'static str,
    /// Its id: `whk_` and 22 characters.
    #[schema(value_type = String)]
    id: String,
    /// Where messages go.
    url: String,
    /// Which events: types, `alert.*` and so on, or `*`.
    types: Vec<String>,
    /// What the caller calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// How it is doing.
    status: WebhookStatus,
    /// Why and since when nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<DisabledShown>,
    /// Since when it fails, and when it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<FailingShown>,
    /// The keys that sign its messages now, the newest first. Check messages with these.
    keys: Vec<KeyShown>,
    /// From which log position on the next event is looked for.
    next_position: u64,
    /// When a message was last taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_delivered_at: Option<Timestamp>,
    /// The key that it was last set with. Nothing is sent once that key is revoked.
    set_with: KeyId,
    /// When it was made.
    created_at: Timestamp,
}

/// How a webhook is doing.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WebhookStatus {
    /// Messages are sent.
    Enabled,
    /// The last message was not taken; it is sent again.
    Failing,
    /// Nothing is sent.
    Disabled,
}

/// Why and since when nothing is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDisabled)]
struct DisabledShown {
    /// Why.
    reason: DisabledReason,
    /// Since when.
    at: Timestamp,
}

/// Failures in a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookFailing)]
struct FailingShown {
    /// When the first was.
    since: Timestamp,
    /// How many.
    failures: u32,
    /// When the message is sent again.
    next_attempt_at: Timestamp,
}

/// A key that signs a webhook's messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookKey)]
struct KeyShown {
    /// `whpk_` and the Ed25519 public key in base64.
    key: String,
    /// Since when it signs.
    since: Timestamp,
    /// Until when it signs, where it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// One attempt to deliver a message. The message itself is not kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryShown {
    /// Always `webhook_delivery`.
    object: &'static str,
    /// Its id: `dlv_` and a number.
    id: String,
    /// Why it was made.
    trigger: Trigger,
    /// `webhook-id`: the same each time that this event is sent.
    message: String,
    /// The event's type.
    #[serde(rename = "type")]
    kind: String,
    /// The event's log position; absent for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// When.
    at: Timestamp,
    /// How long it took, in milliseconds.
    duration_ms: u32,
    /// What became of it.
    status: DeliveryStatus,
    /// What the receiver answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    /// Why it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// When it is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Timestamp>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookDeliveryStatus)]
enum DeliveryStatus {
    /// The receiver answered with a status from 200 to 299.
    Taken,
    /// It answered with another one; redirects are not followed.
    Refused,
    /// It did not answer.
    Failed,
}

/// The number of an attempt: `dlv_` and digits.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct DeliveryId(pub(super) u64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dlv_{}", self.0)
    }
}

impl FromStr for DeliveryId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix("dlv_").and_then(|number| number.parse().ok()).map(Self);
        number.filter(|id| id.to_string() == text).ok_or("expected `dlv_` and a number")
    }
}

impl WebhookShown {
    pub(super) fn of(endpoint: &Endpoint, now: Timestamp) -> Self {
        let status = match (endpoint.disabled, endpoint.failing) {
            (Some(_), _) => WebhookStatus::Disabled,
            (None, Some(_)) => WebhookStatus::Failing,
            (None, None) => WebhookStatus::Enabled,
        };
        let shown = |key: SigningKey, until| {
            let public = PublicKey::from_bytes(&key.public).ok()?;
            Some(KeyShown { key: webhook::write_key(&public), since: key.since, until })
        };
        let retiring = endpoint.retiring.filter(|retiring| now < retiring.until);
        let newest = shown(endpoint.key, None);
        let retiring = retiring.and_then(|it| shown(it.key, Some(it.until)));
        Self {
            object: "webhook",
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            types: endpoint.wanted.entries().to_vec(),
            description: endpoint.description.clone(),
            status,
            disabled: endpoint.disabled.map(|it| DisabledShown { reason: it.reason, at: it.at }),
            failing: endpoint.failing.map(|it| FailingShown {
                since: it.since,
                failures: it.failures,
                next_attempt_at: it.next_at,
            }),
            keys: newest.into_iter().chain(retiring).collect(),
            next_position: endpoint.next.position,
            last_delivered_at: endpoint.delivered_at,
            set_with: endpoint.set_with,
            created_at: endpoint.created_at,
        }
    }
}

impl DeliveryShown {
    pub(super) fn of(delivery: Delivery) -> Self {
        let (status, http_status, failure) = match delivery.outcome {
            taken @ Outcome::Answered(status) if taken.is_taken() => {
                (DeliveryStatus::Taken, Some(status), None)
            }
            Outcome::Answered(status) => (DeliveryStatus::Refused, Some(status), None),
            Outcome::Failed(failure) => (DeliveryStatus::Failed, None, Some(failure)),
        };
        Self {
            object: "webhook_delivery",
            id: DeliveryId(delivery.number).to_string(),
            trigger: delivery.trigger,
            message: delivery.message,
            kind: delivery.kind,
            position: delivery.place.map(|place| place.position),
            at: delivery.at,
            duration_ms: delivery.millis,
            status,
            http_status,
            failure,
            next_attempt_at: delivery.next_at,
        }
    }
}
