//! Events as they come: as lines up to the head of the log, or as a stream that follows it.

use core::time::Duration;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio_stream::wrappers::ReceiverStream;

use crate::http::App;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::feed::{self, Batch, Event};
use crate::http::params::Params;
use crate::http::problem::{NoToken, Problem};
use crate::signing::TokenError;

/// How often a stream without events says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a stream rests between two looks, so that many streams do not outweigh the registry's work.
const REST: Duration = Duration::from_millis(20);
/// How many events or pages wait for the client, and how long.
const WAITING_MAX: usize = 64;
const UNREAD_MAX: Duration = Duration::from_secs(30);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Follow the caller's events
///
/// CloudEvents 1.0 in the order of the log: statements that concern the caller (`type` is the statement's
/// type) and alerts (`alert.<code>.v1`). They are thin: fetch what changed. NDJSON ends at the head of the log;
/// `text/event-stream` follows it until the token expires, and takes up after `Last-Event-ID`. What a mandate
/// showed is not told once it is over. The operator and auditors get everybody's.
#[utoipa::path(
    get, path = "/v1/events", tag = "The caller's", operation_id = "follow_events",
    params(
        ("after" = Option<u64>, Query, description = "Only what happened after this log position."),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
        ("last-event-id" = Option<u64>, Header, description = "As `after`; what a browser sends when it connects again."),
    ),
    responses(
        (status = 200, content(
            (Event = "application/x-ndjson"),
            (Event = "text/event-stream"),
        ), description = "Events."),
        NoToken,
    )
)]
pub(super) async fn stream(
    extract::State(app): extract::State<App>,
    caller: Caller,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let after = params.take::<u64>("after")?;
    app.wait(params.done()?).await?;
    let after = match headers.get(LAST_EVENT_ID) {
        None => after,
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| Problem::parameter("last-event-id", "is not a log position"))?)
        }
    };
    let from = after.map_or(0, |after| after.saturating_add(1));
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::of(Fault::Overloaded))?;
    // The status tells whether the first look succeeded.
    let first = feed::batch(&app, &caller, from).await?;
    let (out, events) = mpsc::channel(WAITING_MAX);
    if wants_stream(&headers) {
        tokio::spawn(async move {
            follow(&app, &caller, first, &out).await;
            drop(place);
        });
        let events = ReceiverStream::new(events);
        let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
        let unbuffered = [(ACCEL_BUFFERING, HeaderValue::from_static("no"))];
        return Ok((unbuffered, stream).into_response());
    }
    let (out, pages) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        drop(read_up(&app, &caller, first, &out).await);
        drop(place);
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    let body = Body::from_stream(ReceiverStream::new(pages));
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).any(|range| {
        let range = range.split(';').next().unwrap_or_default();
        range.trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// Sends every event up to the head. What goes wrong on the way is the last line.
async fn read_up(
    app: &App,
    caller: &Caller,
    first: Batch,
    out: &mpsc::Sender<Result<Bytes, Infallible>>,
) -> Result<(), SendTimeoutError<Result<Bytes, Infallible>>> {
    let mut batch = first;
    loop {
        let mut text = Vec::new();
        for (_, event) in &batch.events {
            if serde_json::to_writer(&mut text, event).is_ok() {
                text.push(b'\n');
            }
        }
        if !text.is_empty() {
            out.send_timeout(Ok(Bytes::from(text)), UNREAD_MAX).await?;
        }
        if batch.at_head {
            return Ok(());
        }
        batch = match feed::batch(app, caller, batch.next).await {
            Ok(batch) => batch,
            Err(problem) => {
                let mut text = serde_json::to_vec(&problem).unwrap_or_default();
                text.push(b'\n');
                return out.send_timeout(Ok(Bytes::from(text)), UNREAD_MAX).await;
            }
        };
    }
}

/// Sends events as they come, until the token expires, the caller may no longer ask, nobody listens or the
/// registry stops.
async fn follow(
    app: &App,
    caller: &Caller,
    first: Batch,
    out: &mpsc::Sender<Result<sse::Event, Infallible>>,
) {
    let mut durable = app.engine.durable();
    let mut stopping = app.stopping.subscribe();
    let millis = caller.until.millis().saturating_sub(app.engine.now().millis());
    let lifetime = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    let expiry = tokio::time::sleep(lifetime);
    tokio::pin!(expiry);
    let mut batch = first;
    loop {
        for event in written(&batch) {
            if out.send_timeout(Ok(event), UNREAD_MAX).await.is_err() {
                return;
            }
        }
        if batch.at_head {
            let next = batch.next;
            let grown = async { durable.wait_for(|size| *size > next).await.is_ok() };
            let stopped = async { stopping.wait_for(|stopping| *stopping).await.is_ok() };
            let problem = tokio::select! {
                grown = grown => if grown { None } else { Some(Problem::of(Fault::Stopping)) },
                () = &mut expiry => Some(TokenError::Expired.into()),
                _ = stopped => Some(Problem::of(Fault::Stopping)),
                () = out.closed() => return,
            };
            if let Some(problem) = problem {
                return end(out, problem).await;
            }
            tokio::time::sleep(REST).await;
        }
        batch = match feed::batch(app, caller, batch.next).await {
            Ok(batch) => batch,
            Err(problem) => return end(out, problem).await,
        };
    }
}

/// The events as they are sent. Only the last of a position carries its id: who connects again after a part of
/// them gets all of them again, and none is lost.
fn written(batch: &Batch) -> VecDeque<sse::Event> {
    let mut events = VecDeque::with_capacity(batch.events.len());
    let mut later: Option<u64> = None;
    for (position, event) in batch.events.iter().rev() {
        let sent = write(event);
        let last = later != Some(*position);
        events.push_front(if last { sent.id(position.to_string()) } else { sent });
        later = Some(*position);
    }
    events
}

fn write(event: &Event) -> sse::Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().event(event.kind()).data(data)
}

/// Says why a stream ends.
async fn end(out: &mpsc::Sender<Result<sse::Event, Infallible>>, problem: Problem) {
    let data = serde_json::to_string(&problem).unwrap_or_default();
    drop(out.send(Ok(sse::Event::default().event("problem").data(data))).await);
}
