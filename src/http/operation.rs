//! For those who run it: is it there, does it take statements, how is it doing.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::http::App;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::http::recorder;

/// Is it there
#[utoipa::path(
    get, path = "/healthz", tag = "Operation", operation_id = "health", security(()),
    responses((status = 200, description = "It is.", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// Does it take statements
#[utoipa::path(
    get, path = "/readyz", tag = "Operation", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "It does.", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 503, description = "It does not.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.engine.ready() { Ok("ready\n") } else { Err(Problem::of(Fault::Unavailable)) }
}

/// How is it doing
///
/// Prometheus text. Keep it to yourself: a proxy in front should not pass it on.
#[utoipa::path(
    get, path = "/metrics", tag = "Operation", operation_id = "metrics", security(()),
    responses((status = 200, description = "Counters.", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8"))
)]
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let streams = super::STREAMS_MAX.saturating_sub(app.streams.available_permits());
    let requests = super::REQUESTS_MAX.saturating_sub(app.requests.available_permits());
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    metrics::gauge!("tallystick_streams_open").set(number(streams));
    metrics::gauge!("tallystick_requests_open").set(number(requests));
    let text = recorder::recorder().map(|handle| {
        handle.run_upkeep();
        handle.render()
    });
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text.unwrap_or_default()).into_response()
}
