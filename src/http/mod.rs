//! The door: HTTP in, the engine asked, JSON out. It decides nothing itself.
//!
//! - Every error is a problem document (RFC 9457) with a stable code that has a page of its own.
//! - Whoever reads is known by a token that it signed itself; what it sees is decided on the state that is
//!   read, and a look at others' invoices is accounted for before the answer leaves.
//! - Everything is bounded: bodies, lines, pages, waits, requests and streams at a time.
//!
//! Rules are in `domain`, storage and time in `engine`; this module knows routes, media types and statuses.

mod accounting;
mod alerts;
mod answer;
mod audit;
mod axes;
mod behaviour;
mod beside;
mod blankets;
mod body;
mod caller;
mod casefile;
mod catalogue;
mod checks;
mod claims;
mod connections;
mod conflicts;
mod contacts;
mod events;
mod feed;
mod financings;
mod forecast;
mod history;
mod html;
mod inviter;
mod invoices;
mod layers;
mod letters;
mod mandates;
mod ndjson;
mod operation;
mod pages;
mod params;
mod participants;
mod portfolio;
mod problem;
mod reads;
mod recorder;
mod reference;
mod requests;
mod responses;
mod sample;
mod serve;
mod shown;
mod statements;
mod teller;
mod throttle;
mod tiles;
mod verdicts;
mod webhooks;

use core::ops::Deref;
use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::connect::Connections;
use crate::domain::State;
use crate::engine::{Answer, Engine};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::pages::Pages;
use crate::http::params::MinSize;
use crate::http::reference::Reference;
use crate::http::throttle::Throttle;
use crate::invitation::Invitations;
use crate::types::Timestamp;
use crate::webhooks::Webhooks;

pub use beside::Beside;
pub use catalogue::{Entry, entries as problems};
pub use pages::Clerk;
pub use problem::Problem;
pub use serve::serve;

/// The most requests whose answer has not begun, at a time; more are shed.
const REQUESTS_MAX: usize = 1_024;
/// The most streams at a time: bodies of many statements, and events that are followed.
const STREAMS_MAX: usize = 512;
/// How long a request waits for the log to reach `min_size`.
const MIN_SIZE_WAIT: Duration = Duration::from_secs(5);
/// How far beyond the log `min_size` may lie at all.
const MIN_SIZE_AHEAD: u64 = 1_000_000;

/// What every handler has at hand.
#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    engine: Engine,
    webhooks: Webhooks,
    invitations: Invitations,
    pages: Pages,
    connections: Connections,
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    checks: Throttle,
    stopping: watch::Sender<bool>,
    reference: Reference,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    fn new(engine: Engine, beside: Beside) -> Self {
        let Beside { webhooks, invitations, connections, clerk, tls } = beside;
        recorder::recorder();
        Self(Arc::new(Inner {
            engine,
            webhooks,
            invitations,
            pages: Pages::new(clerk, tls),
            connections,
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            checks: Throttle::default(),
            stopping: watch::Sender::new(false),
            reference: Reference::new(),
        }))
    }

    /// Ends the streams that would go on for ever.
    fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Asks the state on behalf of a caller who may still ask; answers when what it saw is durable.
    async fn ask<T>(
        &self,
        caller: &Caller,
        ask: impl FnOnce(&State, Timestamp) -> Result<T, Problem>,
    ) -> Result<Answer<T>, Problem> {
        let asked = |state: &State, now| caller.stands(state, now).and_then(|()| ask(state, now));
        let Answer { value, as_of } = self.engine.query(asked).await?;
        Ok(Answer { value: value?, as_of })
    }

    /// Waits until the log has the size that the request asks for.
    async fn wait(&self, MinSize(size): MinSize) -> Result<(), Problem> {
        let Some(size) = size else { return Ok(()) };
        let durable = *self.engine.durable().borrow();
        if size > durable.saturating_add(MIN_SIZE_AHEAD) {
            return Err(Problem::parameter("min_size", "is far beyond the log"));
        }
        Ok(self.engine.wait_for(size, MIN_SIZE_WAIT).await?)
    }

    /// The entries at these positions, read on a thread that may block.
    async fn entries(&self, positions: Vec<u64>) -> Result<Vec<(u64, Vec<u8>)>, Problem> {
        let engine = self.engine.clone();
        let read = move || {
            let read = |position| Ok((position, engine.record(position)?));
            positions.into_iter().map(read).collect::<Result<Vec<_>, Problem>>()
        };
        let read = tokio::task::spawn_blocking(read).await;
        let entries = read.map_err(|_| Problem::of(Fault::Internal))??;
        Ok(entries.into_iter().filter_map(|(at, entry)| Some((at, entry?))).collect())
    }
}

/// The door of a registry. Webhooks and connections are set here, and sent and read only by [`serve()`].
pub fn router(engine: Engine, beside: Beside) -> Router {
    routes(App::new(engine, beside))
}

/// The OpenAPI document of the door, in JSON.
pub fn openapi() -> String {
    Reference::new().openapi().to_owned()
}

/// The routes that the OpenAPI document describes.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(reference::outline())
        .routes(routes!(statements::make))
        .routes(routes!(statements::get))
        .routes(routes!(invoices::list))
        .routes(routes!(invoices::get))
        .routes(routes!(history::list))
        .routes(routes!(claims::list))
        .routes(routes!(responses::write))
        .routes(routes!(responses::read))
        .routes(routes!(portfolio::list))
        .routes(routes!(checks::make))
        .routes(routes!(financings::make))
        .routes(routes!(conflicts::list))
        .routes(routes!(conflicts::get))
        .routes(routes!(alerts::list))
        .routes(routes!(mandates::list))
        .routes(routes!(blankets::list))
        .routes(routes!(blankets::consents))
        .routes(routes!(requests::list))
        .routes(routes!(requests::get))
        .routes(routes!(behaviour::get))
        .routes(routes!(forecast::get))
        .routes(routes!(participants::list))
        .routes(routes!(participants::get))
        .routes(routes!(reads::list))
        .routes(routes!(events::stream))
        .routes(routes!(webhooks::list, webhooks::make))
        .routes(routes!(webhooks::get, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::resend))
        .routes(routes!(connections::list, connections::make))
        .routes(routes!(connections::get, connections::change, connections::remove))
        .routes(routes!(connections::read))
        .routes(routes!(connections::give))
        .routes(routes!(connections::consent))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::get, contacts::set, contacts::erase))
        .routes(routes!(contacts::confirm))
        .routes(routes!(letters::list))
        .routes(routes!(letters::get))
        .routes(routes!(letters::approve))
        .routes(routes!(letters::resend))
        .routes(routes!(letters::drop_letter))
        .routes(routes!(letters::remind))
        .routes(routes!(audit::read_models))
        .routes(routes!(tiles::checkpoint))
        .routes(routes!(tiles::tile))
        .routes(routes!(operation::health))
        .routes(routes!(operation::ready))
        .routes(routes!(operation::metrics))
}

fn routes(app: App) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .route("/openapi.json", get(reference::openapi))
        .route("/docs", get(reference::docs))
        .route("/docs/style.css", get(reference::style))
        .route("/connections/back", get(connections::back))
        .route("/connections/notices/{system}", post(connections::notice))
        .route("/problems", get(reference::problems))
        .route("/problems/{code}", get(reference::problem))
        .route("/schemas/{file}", get(reference::schema))
        .merge(pages::routes())
        .fallback(layers::no_route)
        .method_not_allowed_fallback(layers::no_method)
        .layer(axum::middleware::from_fn(body::gather))
        .layer(axum::middleware::from_fn_with_state(app.clone(), layers::limit))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(axum::middleware::from_fn(layers::dress))
        .with_state(app)
}
