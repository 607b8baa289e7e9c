//! Sends what there is to send: rounds over the endpoints that are due, each served by a task of its own.
//!
//! The order of things for one message: ask what the owner may be told, which accounts for its look; sign; carry;
//! note what became of it. Only then the next one of the same endpoint.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::signing::webhook::sign;
use crate::store::Fault;
use crate::types::Timestamp;
use crate::webhooks::courier::{Message, Report};
use crate::webhooks::desk::{Attempt, Turn};
use crate::webhooks::endpoint::{Delivery, DisabledReason, Failure, Outcome, Place, Trigger};
use crate::webhooks::source::{Event, Found, Question, Silence, Source};
use crate::webhooks::{UNDER_WAY_MAX, Webhooks};

/// How many messages an endpoint gets before others have their turn.
const TURN_MAX: usize = 64;
/// How long a round rests after news, so that many small batches of the log are looked at together.
const REST: Duration = Duration::from_millis(50);
/// How often what became of messages is made durable.
const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// Goes round until it is told to stop.
pub(super) async fn run(
    webhooks: Webhooks,
    source: Arc<dyn Source>,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    let mut durable = source.durable();
    let mut serving = JoinSet::new();
    let mut committed = Instant::now();
    let mut last = u64::MAX;
    let size = *durable.borrow();
    webhooks.0.desk.pull_back(size);
    loop {
        let size = *durable.borrow_and_update();
        let free = places.available_permits();
        for turn in webhooks.0.desk.take_due(|| source.now(), size, free, last) {
            last = turn.number;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                webhooks.0.desk.end(turn.number);
                continue;
            };
            let (webhooks, source) = (webhooks.clone(), Arc::clone(&source));
            let stopping = stopping.clone();
            serving.spawn(async move {
                let number = turn.number;
                serve(&webhooks, source.as_ref(), turn, &stopping).await;
                webhooks.0.desk.end(number);
                drop(place);
            });
        }
        while serving.try_join_next().is_some() {}
        if committed.elapsed() >= COMMIT_EVERY {
            commit(&webhooks).await;
            committed = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(webhooks.0.options.pace) => {}
            grown = durable.changed() => if grown.is_err() { break },
            () = webhooks.0.desk.changed.notified() => {}
            // A place, or another endpoint of the same owner, is free again.
            Some(_) = serving.join_next() => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
        tokio::time::sleep(REST.min(webhooks.0.options.pace)).await;
    }
    while serving.join_next().await.is_some() {}
    commit(&webhooks).await;
}

async fn commit(webhooks: &Webhooks) {
    let webhooks = webhooks.clone();
    let committed = tokio::task::spawn_blocking(move || webhooks.0.desk.commit()).await;
    if let Ok(Err(fault)) = committed {
        tracing::error!(%fault, "what became of webhooks cannot be stored: they will be sent again");
    }
}

/// Serves one endpoint: some of its next events, one after another.
async fn serve(
    webhooks: &Webhooks,
    source: &dyn Source,
    first: Turn,
    stopping: &watch::Receiver<bool>,
) {
    let mut next = Some(first);
    for _ in 0..TURN_MAX {
        let Some(turn) = next.take().filter(|_| !*stopping.borrow()) else { return };
        let size = *source.durable().borrow();
        let question = Question {
            owner: &turn.endpoint.owner,
            set_with: &turn.endpoint.set_with,
            from: turn.endpoint.next,
            wanted: &turn.endpoint.wanted,
            accounted: turn.endpoint.failing.map(|failing| failing.place),
        };
        let desk = &webhooks.0.desk;
        match source.next(question).await {
            Ok(Found::Nothing { next, at_head }) => {
                desk.skip(&turn, next);
                if at_head {
                    return;
                }
            }
            Ok(Found::Event(event)) => {
                if desk.stands(&turn) {
                    let message = event.place.message_id();
                    let now = source.now();
                    let sent = deliver(webhooks, &turn, Trigger::Event, message, event, now).await;
                    match sent {
                        Ok(Some(delivery)) if delivery.outcome.is_taken() => {}
                        Ok(_) => return,
                        Err(fault) => {
                            tracing::error!(%fault, "what became of a webhook cannot be stored");
                            return;
                        }
                    }
                }
            }
            Err(Silence::Suspended) => return desk.silence(turn.number, size),
            Err(Silence::KeyRevoked) => {
                let reason = DisabledReason::KeyRevoked;
                if let Err(fault) = desk.disable(turn.number, reason, source.now()) {
                    tracing::error!(%fault, "a webhook whose key was revoked cannot be stored");
                }
                return;
            }
            Err(Silence::Unavailable) => return,
        }
        next = desk.again(turn.number, source.now());
    }
}

/// Signs and carries one message, and notes what became of it; nothing where the endpoint was removed meanwhile.
pub(super) async fn deliver(
    webhooks: &Webhooks,
    turn: &Turn,
    trigger: Trigger,
    message: String,
    event: Event,
    now: Timestamp,
) -> Result<Option<Delivery>, Fault> {
    let Event { place, kind, body } = event;
    let endpoint = &turn.endpoint;
    let keys = endpoint.signing(now);
    let keys: Vec<_> =
        keys.iter().map(|key| webhooks.0.secret.key(endpoint.id, key.generation)).collect();
    let seconds = now.millis().div_euclid(1_000);
    let signature =
        sign(&keys, &message, seconds, &body).map_err(|error| Fault::new(error.to_string()))?;
    let sent = Message { url: endpoint.url.clone(), id: message.clone(), seconds, signature, body };
    let carrier = webhooks.clone();
    let report = tokio::task::spawn_blocking(move || carrier.0.courier.carry(&sent)).await;
    let lost = |_| Report {
        outcome: Outcome::Failed(Failure::Unreachable),
        took: Duration::ZERO,
        asked: None,
    };
    let report = report.unwrap_or_else(lost);
    count(trigger, report.outcome);
    let attempt = Attempt {
        trigger,
        place: place_of(trigger, place),
        message,
        kind,
        at: now,
        millis: u32::try_from(report.took.as_millis()).unwrap_or(u32::MAX),
        outcome: report.outcome,
    };
    let schedule = webhooks.0.options.schedule;
    webhooks.0.desk.settle(turn, attempt, |endpoint| match trigger {
        Trigger::Event => {
            let luck = (chance(), report.asked);
            endpoint.settle(place, report.outcome, &schedule, luck, now);
        }
        Trigger::Test | Trigger::Resend => endpoint.heard(report.outcome, now),
    })
}

fn place_of(trigger: Trigger, place: Place) -> Option<Place> {
    match trigger {
        Trigger::Event | Trigger::Resend => Some(place),
        Trigger::Test => None,
    }
}

/// A number that nobody has to keep secret.
fn chance() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness receivers are met again together; that is no reason not to meet them.
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

fn count(trigger: Trigger, outcome: Outcome) {
    let trigger = match trigger {
        Trigger::Event => "event",
        Trigger::Test => "test",
        Trigger::Resend => "resend",
    };
    let outcome = match outcome {
        outcome if outcome.is_taken() => "taken",
        Outcome::Answered(_) => "refused",
        Outcome::Failed(Failure::AddressNotPublic) => "address_not_public",
        Outcome::Failed(_) => "failed",
    };
    metrics::counter!("tallystick_webhook_attempts_total", "trigger" => trigger, "outcome" => outcome)
        .increment(1);
}
