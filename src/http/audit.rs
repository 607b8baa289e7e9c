//! What the registry publishes of its read models, for auditors to compare with what the log gives.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::audit::PublishedReadModels;
use crate::http::App;
use crate::http::answer::json;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::params::Params;
use crate::http::problem::{NoToken, Problem};

/// Get the digest of the read models
///
/// A digest over every read model, and every conflict, as of a log size. It reads everything: ask rarely.
#[utoipa::path(
    get, path = "/v1/audit/read-models", tag = "Log", operation_id = "get_read_models",
    params(("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The digest and the conflicts.", body = PublishedReadModels),
        NoToken,
        (status = 403, description = "Neither auditor nor operator.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read_models(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, _| Ok(caller.sees_all(state))).await?;
    if !asked.value {
        return Err(Problem::of(Fault::OversightOnly));
    }
    app.account_entries(&caller, "/v1/audit/read-models")?;
    let published = app.engine.read_models().await?;
    Ok(json(StatusCode::OK, &published))
}
