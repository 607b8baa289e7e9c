//! What happens to every request: an id, limits on time and number, a problem document for every error.
//!
//! From the outside in: [`dress`] gives the request its id, counts it, and writes headers and problem
//! documents on the way out; a panic becomes a 500; [`limit`] sheds what is too much and stops what is too slow.

use core::any::Any;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::http::App;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;

/// How long a request may take until its answer begins.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest request id that is taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers that every answer has, unless it says otherwise itself.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// Marks an answer whose words for people are there already: no problem document takes their place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written;

/// Gives the request an id, and the answer its headers and, where it is an error, its problem document.
pub(super) async fn dress(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "(none)".to_owned(), |route| route.as_str().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    let written = response.extensions().get::<Written>().is_some();
    if (status.is_client_error() || status.is_server_error()) && !written {
        response = write_problem(response, &id);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let elapsed = begun.elapsed();
    let labels = [
        ("method", method.as_str().to_owned()),
        ("route", route.clone()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::histogram!("tallystick_http_seconds", &labels).record(elapsed.as_secs_f64());
    tracing::debug!(%method, route, status = status.as_u16(), request_id = id, ?elapsed, "answered");
    response
}

/// Writes the document of the problem that the answer stands for; an error of a library below becomes one.
fn write_problem(response: Response, id: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    let mut problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| {
        Problem::of(match parts.status {
            StatusCode::NOT_FOUND => Fault::RouteUnknown,
            StatusCode::METHOD_NOT_ALLOWED => Fault::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Fault::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Fault::MediaType,
            status if status.is_client_error() => Fault::BodyUnreadable,
            _ => Fault::Internal,
        })
    });
    parts.status = problem.status;
    problem.request_id = Some(id.to_owned());
    metrics::counter!("tallystick_problems_total", "code" => problem.code).increment(1);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    Response::from_parts(parts, Body::from(body))
}

/// The id that the client or a proxy gave, where it is one that can be written everywhere; a new one otherwise.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let visible = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    match given {
        Some(id) if (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(visible) => {
            id.to_owned()
        }
        _ => {
            let mut bytes = [0; 15];
            // Without randomness requests share an id; that is no reason to refuse them.
            let _ = getrandom::fill(&mut bytes);
            format!("req_{}", URL_SAFE_NO_PAD.encode(bytes))
        }
    }
}

/// What has to be answered also when there is too much to do: else a busy registry is taken for a dead one.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Sheds requests beyond the limit at once, and ends those that take too long to begin their answer.
pub(super) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    if ALWAYS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let states = request.method() == Method::POST && request.uri().path() != "/v1/checks";
    let Ok(permit) = Arc::clone(&app.requests).try_acquire_owned() else {
        return Problem::of(Fault::Overloaded).into_response();
    };
    let answer = tokio::time::timeout(HEAD_TIMEOUT, next.run(request)).await;
    drop(permit);
    answer.unwrap_or_else(|_| {
        let fault = if states { Fault::OutcomeUnknown } else { Fault::Unavailable };
        Problem::of(fault).into_response()
    })
}

/// The answer where a handler panicked: nothing of the panic's words.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = words.unwrap_or("(not a text)"), "a request panicked");
    Problem::of(Fault::Internal).into_response()
}

/// The answer to an unknown route.
pub(super) async fn no_route() -> Problem {
    Problem::of(Fault::RouteUnknown)
}

/// The answer to a known route with another method; axum adds `allow`.
pub(super) async fn no_method() -> Problem {
    Problem::of(Fault::MethodNotAllowed)
}
