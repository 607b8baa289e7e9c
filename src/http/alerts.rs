//! What the caller has to know about what it holds a right on.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Alert, AlertCode, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page, json};
use crate::http::caller::Caller;
use crate::http::params::{Cursor, List, Params};
use crate::http::problem::Problem;
use crate::types::{CaseId, InvoiceId, PartyId, StatementId, Timestamp};

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertShown {
    /// Always `alert`.
    object: &'static str,
    /// What happened.
    code: AlertCode,
    /// The invoice on which the caller holds its right, or that its blanket pledge covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<InvoiceId>,
    /// The statement of the caller's blanket pledge, where that is what was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// The log position of the statement that did it.
    position: u64,
    /// When that was.
    recorded_at: Timestamp,
    /// The conflict, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<CaseId>,
    /// Who is told: for the operator and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PartyId>,
}

/// List alerts
///
/// In the order of the log. The operator and auditors see everybody's.
#[utoipa::path(
    get, path = "/v1/alerts", tag = "The caller's", operation_id = "list_alerts",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 100; 20 where it is absent."),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
    ),
    responses(
        (status = 200, description = "A page.", body = Page<AlertShown>),
        (status = 401, description = "No token that holds.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let request = params.page(List::Alerts)?;
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, now| {
        let mut page = Filling::new(request);
        let mut seen = Seen::default();
        let everything = caller.sees_all(state);
        let after = request.after.map(|Cursor(row, _)| row);
        for (row, alert) in alerts_of(state, &caller, after) {
            if page.is_full() {
                break;
            }
            let receivable = alert.receivable.and_then(|row| state.receivable(row));
            if let Some(receivable) = &receivable {
                let view = state.view(caller.row, receivable, now);
                seen.note(&view, receivable, caller.row);
            }
            let blanket = alert.blanket.and_then(|row| state.blanket(row));
            let to = if everything { state.participant(alert.to) } else { None };
            let shown = AlertShown {
                object: "alert",
                code: alert.code,
                invoice: receivable.map(|receivable| receivable.id),
                blanket: blanket.map(|blanket| blanket.statement),
                position: alert.position,
                recorded_at: alert.recorded_at,
                case: alert.case,
                to: to.map(|participant| participant.id.clone()),
            };
            page.push(Cursor(u64::from(row), 0), shown);
        }
        Ok((page, seen, now))
    });
    let answer = asked.await?;
    let (page, seen, now) = answer.value;
    app.account(&caller, "/v1/alerts", now, seen)?;
    Ok(json(StatusCode::OK, &page.page(answer.as_of)))
}

/// The alerts that a caller sees, after a row, in order.
pub(super) fn alerts_of<'a>(
    state: &'a State,
    caller: &Caller,
    after: Option<u64>,
) -> impl Iterator<Item = (u32, Alert)> + 'a {
    let first = after.map_or(0, |after| after.saturating_add(1));
    let first = u32::try_from(first).unwrap_or(u32::MAX);
    let everything = caller.sees_all(state);
    let own = if everything { &[] } else { state.alerts_of(caller.row) };
    let own = own.get(own.partition_point(|row| *row < first)..).unwrap_or_default();
    let all = if everything { first..state.alerts_len() } else { 0..0 };
    own.iter().copied().chain(all).filter_map(|row| Some((row, state.alert(row)?.clone())))
}
