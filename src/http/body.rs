//! A body in JSON: bounded, strict, and refused with what is wrong in it.

use core::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
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
        let kind = request.headers().get(header::CONTENT_TYPE);
        let essence = kind.and_then(|value| value.to_str().ok());
        let essence = essence.map(|value| value.split(';').next().unwrap_or_default().trim());
        let is_json = essence.is_some_and(|it| it.eq_ignore_ascii_case("application/json"));
        let has_kind = kind.is_some();
        let bytes = read(request.into_body()).await?;
        if !is_json && (has_kind || !bytes.is_empty()) {
            return Err(Problem::new(Fault::MediaType, "send `application/json`"));
        }
        let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_slice() };
        let parsed = serde_json::from_slice(bytes);
        parsed.map(Self).map_err(|error| {
            Problem::new(Fault::BodyInvalid, format!("the body is not what this address takes: {error}"))
        })
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let body = timeout(ARRIVAL_MAX, Limited::new(body, BYTES_MAX).collect()).await;
    let body = body.map_err(|_| Problem::of(Fault::RequestTimeout))?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Problem::new(Fault::BodyTooLarge, "the body is longer than the 16,384 bytes of this address")
        } else {
            Problem::of(Fault::BodyUnreadable)
        }
    })?;
    Ok(body.to_bytes().to_vec())
}
