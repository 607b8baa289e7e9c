//! Tells webhooks what their owners may know: the same events as `/v1/events`, asked for and accounted for one by one.

use tokio::sync::watch;

use crate::http::App;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::feed;
use crate::http::problem::Problem;
use crate::signing::TokenError;
use crate::types::{Origin, Timestamp};
use crate::webhooks::{Event, Found, Later, Place, Question, Silence, Source};

/// How many positions are looked at for one event.
const POSITIONS_MAX: usize = 16;
/// The route under which a message is accounted for.
const ROUTE: &str = "webhook";

/// A registry, seen by its webhooks.
pub(super) struct Teller(pub(super) App);

impl Source for Teller {
    fn origin(&self) -> &Origin {
        self.0.engine.origin()
    }

    fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    fn durable(&self) -> watch::Receiver<u64> {
        self.0.engine.durable()
    }

    fn next<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<Found, Silence>> {
        Box::pin(async move { next(&self.0, question).await.map_err(|problem| silence(&problem)) })
    }
}

async fn next(app: &App, question: Question<'_>) -> Result<Found, Problem> {
    let Question { owner, set_with, from, wanted, accounted } = question;
    let caller = app.engine.query(|state, _| Caller::standing(state, owner, *set_with)).await?;
    let caller = caller.value.ok_or_else(|| Problem::of(Fault::ParticipantSuspended))?;
    let found = feed::look(app, &caller, from.position, POSITIONS_MAX).await?;
    for told in found.told {
        let place = Place { position: told.position, number: told.number };
        if place < from || !wanted.has(told.event.kind()) {
            continue;
        }
        let body = serde_json::to_vec(&told.event).map_err(|_| Problem::of(Fault::Internal))?;
        if accounted != Some(place) {
            app.account(&caller, ROUTE, found.now, told.seen)?;
        }
        return Ok(Found::Event(Event { place, kind: told.event.kind().to_owned(), body }));
    }
    Ok(Found::Nothing { next: Place::at(found.next), at_head: found.at_head })
}

/// What a new request of the owner would meet says why it is told nothing.
fn silence(problem: &Problem) -> Silence {
    if problem.code == Fault::ParticipantSuspended.code() {
        Silence::Suspended
    } else if [Fault::TokenKeyRevoked.code(), TokenError::UnknownKey.code()].contains(&problem.code)
    {
        Silence::KeyRevoked
    } else {
        tracing::warn!(code = problem.code, "a webhook's events cannot be read now");
        Silence::Unavailable
    }
}
