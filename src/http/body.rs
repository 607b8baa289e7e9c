//! A body in JSON: bounded, strict, and refused with what is wrong in it.

use core::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::http::App;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;

/// The longest body.
const BYTES_MAX: usize = 16 << 10;
/// How long it may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(5);

/// A JSON object. An empty body counts as one without members.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let has_kind = request.headers().contains_key(header::CONTENT_TYPE);
        let bytes = read(request.into_body()).await?;
        if !is_json && (has_kind || !bytes.is_empty()) {
            return Err(Problem::new(Fault::MediaType, "send `application/json`"));
        }
        let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_slice() };
        let parsed = serde_json::from_slice(bytes);
        parsed.map(Self).map_err(|error| {
            Problem::new(
                Fault::BodyInvalid,
                format!("the body is not what this address takes: {error}"),
            )
        })
    }
}

/// Whether a request has a body in JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// Reads a body in JSON before anybody decides about the request: who is refused while he still sends gets a broken
/// connection instead of his answer.
pub(super) async fn gather(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if !is_json(request.headers()) || length.is_none_or(|length| length > BYTES_MAX) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => problem.into_response(),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let body = timeout(ARRIVAL_MAX, Limited::new(body, BYTES_MAX).collect()).await;
    let body = body.map_err(|_| Problem::of(Fault::RequestTimeout))?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Problem::new(
                Fault::BodyTooLarge,
                "the body is longer than the 16,384 bytes of this address",
            )
        } else {
            Problem::of(Fault::BodyUnreadable)
        }
    })?;
    Ok(body.to_bytes().to_vec())
}
