//! The message of a test: it says nothing but that it is one.

use serde::Serialize;

use crate::types::{Origin, Timestamp};
use crate::webhooks::endpoint::{Place, WebhookId};
use crate::webhooks::source::Event;

/// The type of a test.
pub const TEST_TYPE: &str = "webhook.test.v1";

/// CloudEvents 1.0, as every other event.
#[derive(Serialize)]
struct Probe<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a Origin,
    #[serde(rename = "type")]
    kind: &'static str,
    time: Timestamp,
    datacontenttype: &'static str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    webhook: String,
}

/// A new message id, and the event; nothing where there is no randomness.
pub(super) fn probe(id: WebhookId, origin: &Origin, now: Timestamp) -> Option<(String, Event)> {
    let mut chance = [0; 16];
    getrandom::fill(&mut chance).ok()?;
    let name = format!("test_{:032x}", u128::from_be_bytes(chance));
    let probe = Probe {
        specversion: "1.0",
        id: &name,
        source: origin,
        kind: TEST_TYPE,
        time: now,
        datacontenttype: "application/json",
        data: Data { webhook: id.to_string() },
    };
    let body = serde_json::to_vec(&probe).ok()?;
    let event = Event { place: Place::at(0), kind: TEST_TYPE.to_owned(), body };
    Some((format!("evt_{name}"), event))
}
