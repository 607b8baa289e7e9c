//! Statements: one or many in, receipts out; and a receipt again.

use core::time::Duration;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::domain::Verdict;
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, json};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::ndjson;
use crate::http::params::{Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::record::{LogProof, Receipt, Record};
use crate::statement::SignedStatement;
use crate::types::{InvoiceId, StatementId, Timestamp};

/// The longest body with one statement.
pub(super) const ONE_BYTES_MAX: usize = 64 * 1024;
/// How much more than may be there is read without being looked at: a client that sends everything before it reads
/// would else meet a closed connection and never the answer.
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long it may take to arrive; shorter than the whole request may take, so that it is known what was slow.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Make statements
///
/// One compact JWS as `application/jose`, or many, one a line, as `application/x-ndjson`. No token is needed:
/// a statement is signed. The answer comes when the statement is durable. The same bytes again give the same
/// receipt. Of many, each line has its result, in order, while later lines are still read: read results while
/// you send. A line is at most 56,832 bytes; a longer one is refused by itself. A body is at most 64 MiB; what
/// exceeds it is refused in a last line and not read. A later line may build on an earlier one.
#[utoipa::path(
    post, path = "/v1/statements", tag = "Statements", operation_id = "make_statements",
    request_body(
        description = "A compact JWS over a CloudEvents 1.0 object, or many, one a line.",
        content((String = "application/jose"), (String = "application/x-ndjson")),
    ),
    security(()),
    responses(
        (status = 201, description = "Admitted.", body = Receipt),
        (status = 200, content(
            (Receipt = "application/json"),
            (Receipt = "application/x-ndjson"),
        ), description = "The same bytes had been admitted before; or, for many, a receipt or problem a line."),
        (status = 400, description = "Not a statement.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Who signed it may not say it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "It names what is not there, or not the author's.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It contradicts what the log holds.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither of the two media types.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It breaks a rule.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too busy, or stopping; see `retry-after`.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    match media(request.headers()) {
        Some("application/jose") => one(&app, request.into_body()).await,
        Some("application/x-ndjson") => {
            let declared = declared_length(request.headers());
            if declared.is_some_and(|length| length > ndjson::BODY_BYTES_MAX) {
                return Err(Problem::of(Fault::BodyTooLarge));
            }
            many(&app, request.into_body()).await
        }
        Some(_) | None => Err(Problem::of(Fault::MediaType)),
    }
}

/// The media type of a body, in lower case as this door knows it; another where it knows it not.
pub(super) fn media(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    let known = ["application/jose", "application/json", "application/x-ndjson"];
    known.into_iter().find(|known| essence.eq_ignore_ascii_case(known))
}

pub(super) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn one(app: &App, body: Body) -> Result<Response, Problem> {
    let statement = whole(body, ONE_BYTES_MAX).await?.trim_ascii_end().to_vec();
    let submissions = app.engine.submit(vec![statement]).await?;
    let submission =
        submissions.into_iter().next().ok_or_else(|| Problem::of(Fault::OutcomeUnknown))?;
    let admitted = submission.result.as_ref().map_err(Problem::from)?;
    let status = if admitted.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = json(status, &admitted.receipt);
    let address = format!("/v1/statements/{}", admitted.receipt.id);
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

/// A body that is at most so long.
///
/// # Errors
/// Where it is long, slow or cut off.
pub(super) async fn whole(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let read = timeout(BODY_TIMEOUT, read(body, bytes_max)).await;
    read.map_err(|_| Problem::of(Fault::RequestTimeout))?
}

async fn read(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::of(Fault::BodyUnreadable))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= bytes_max {
            bytes.extend_from_slice(&data);
        } else if length > bytes_max.saturating_add(DRAIN_BYTES_MAX) {
            break;
        }
    }
    if length <= bytes_max { Ok(bytes) } else { Err(Problem::of(Fault::BodyTooLarge)) }
}

async fn many(app: &App, body: Body) -> Result<Response, Problem> {
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::of(Fault::Overloaded))?;
    let output = ndjson::Output::begin(app.engine.clone(), body, place).await?;
    let body = Body::from_stream(output);
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// What is known of a statement by those that it is told to, and did not make it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementTold)]
struct Told {
    /// Always `statement`.
    object: &'static str,
    /// The statement's id.
    id: StatementId,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// Its position in the log.
    position: u64,
    /// The registry's time at which it was decided.
    recorded_at: Timestamp,
    /// Whether it took effect.
    outcome: Verdict,
    /// The invoices that it is about, as far as the reader sees them.
    invoices: Vec<InvoiceId>,
    /// The proof that the record stands in the log.
    log: LogProof,
}

/// A receipt, or what is told of the statement of another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum ReceiptOrTold {
    Receipt(Receipt),
    Told(Told),
}

/// Get a receipt
///
/// The whole receipt for the author, the operator and auditors. A party that the statement concerns gets what
/// concerns it, without the findings, which speak of others' claims.
#[utoipa::path(
    get, path = "/v1/statements/{statement_id}", tag = "Statements", operation_id = "get_statement",
    params(("statement_id" = StatementId, Path), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The receipt, with a proof to the newest checkpoint.", body = AsOf<ReceiptOrTold>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<StatementId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let found = app.ask(&caller, |state, _| Ok(state.position_of(&id))).await?;
    let position = found.value.ok_or_else(Problem::not_found)?;
    let entry = app.entries(vec![position]).await?;
    let (_, entry) = entry.into_iter().next().ok_or_else(Problem::not_found)?;
    let record = Record::decode(&entry).map_err(|_| Problem::of(Fault::Unavailable))?;
    let signed = SignedStatement::parse(record.statement);
    let signed = signed.map_err(|_| Problem::of(Fault::Unavailable))?;
    let statement = signed.statement();
    let told = app.ask(&caller, |state, now| {
        let telling = state
            .telling(caller.row, position, statement, now)
            .filter(|telling| telling.author)
            .ok_or_else(Problem::not_found)?;
        let mut seen = Seen::default();
        let mut invoices = Vec::new();
        for row in &telling.receivables {
            let Some(receivable) = state.receivable(*row) else { continue };
            let view = state.view(caller.row, &receivable, now);
            if !state.is_author(caller.row, statement) {
                seen.note(&view, &receivable, caller.row);
            }
            invoices.push(receivable.id);
        }
        Ok((telling, invoices, seen, now))
    });
    let told = told.await?;
    let (telling, invoices, seen, now) = told.value;
    let receipt = app.engine.receipt(&id).await?.ok_or_else(Problem::not_found)?;
    app.account(&caller, "/v1/statements/{statement_id}", now, seen)?;
    let shown = if telling.whole {
        ReceiptOrTold::Receipt(receipt)
    } else {
        ReceiptOrTold::Told(Told {
            object: "statement",
            id,
            kind: receipt.kind,
            position,
            recorded_at: receipt.recorded_at,
            outcome: receipt.outcome,
            invoices,
            log: receipt.log,
        })
    };
    Ok(json(StatusCode::OK, &AsOf::new(shown, told.as_of)))
}
