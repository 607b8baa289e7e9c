//! The log as C2SP tlog-tiles has it: its checkpoint and hash tiles for everyone, its entries for auditors.

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::http::App;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::log::{TILE_WIDTH, TilePath};

/// Get the newest checkpoint
///
/// A C2SP tlog-checkpoint: a note signed with the log's key.
#[utoipa::path(
    get, path = "/checkpoint", tag = "Log", operation_id = "get_checkpoint", security(()),
    responses((status = 200, description = "The signed note.", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(super) async fn checkpoint(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, app.engine.checkpoint().to_string()).into_response()
}

/// Get a tile
///
/// A C2SP hash tile (`tile/<level>/<index>`, with `.p/<width>` where it is partial) for everyone, or an entry
/// bundle (`tile/entries/<index>`) for auditors and the operator, who send a token.
#[utoipa::path(
    get, path = "/tile/{*path}", tag = "Log", operation_id = "get_tile",
    security((), ("token" = [])),
    params(("path" = String, Path, description = "The rest of the tile's path, slashes included.")),
    responses(
        (status = 200, description = "The bytes.", body = String, content_type = "application/octet-stream"),
        (status = 401, description = "An entry bundle, and no token that holds.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "An entry bundle, and neither auditor nor operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such tile, or not yet.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path().strip_prefix('/').and_then(TilePath::parse);
    let path = path.ok_or_else(Problem::not_found)?;
    let full = path.width() == TILE_WIDTH;
    let cache = match path {
        TilePath::Hashes { .. } if full => "public, max-age=31536000, immutable",
        TilePath::Hashes { .. } => "public, max-age=3600",
        TilePath::Entries { .. } => {
            let caller = Caller::from_request_parts(&mut parts, &app).await?;
            let asked = app.ask(&caller, |state, _| Ok(caller.sees_all(state))).await?;
            if !asked.value {
                return Err(Problem::of(Fault::OversightOnly));
            }
            app.account_entries(&caller, &path.to_string())?;
            "no-store"
        }
    };
    let engine = app.engine.clone();
    let read = tokio::task::spawn_blocking(move || engine.tile(&path)).await;
    let bytes = read.map_err(|_| Problem::of(Fault::Internal))??;
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    Ok((headers, Body::from(bytes)).into_response())
}
