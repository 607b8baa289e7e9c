//! Everything that was said about an invoice, as far as the caller is told of it.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Receivable, State, View, certainty};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::invoices::visible;
use crate::http::params::{Cursor, List, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::invoice::InvoiceNumber;
use crate::record::Record;
use crate::statement::{
    CancellationReason, Code, Payload, SignedStatement, Source, Statement, StatementType, Status,
};
use crate::types::{ClaimId, Date, InvoiceId, Minor, PartyId, StatementId, Timestamp};

/// How many records are read for one page.
const LOOKS_MAX: usize = 400;

/// One record in an invoice's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
struct Event {
    /// Always `history_entry`.
    object: &'static str,
    /// The log position.
    position: u64,
    /// The statement's type.
    #[serde(rename = "type")]
    kind: StatementType,
    /// The author's clock.
    stated_at: Timestamp,
    /// The registry's time.
    recorded_at: Timestamp,
    /// Who said it, where the caller may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<PartyId>,
    /// The statement, where the caller may know its author.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementId>,
    /// What was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    /// The credit note.
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<CreditShown>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<CancellationReason>,
    /// The claims that it made, changed or ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimId>,
}

/// A status with its source, times and worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusReport)]
struct Report {
    /// The status.
    status: Status,
    /// When it came into effect at its source.
    effective_at: Timestamp,
    /// Who or what says so, where and when it was read.
    source: Source,
    /// What it is worth to a financier, from 0 to 6.
    certainty: u8,
    /// The amount, in minor units of the invoice's currency, for who sees amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    amount_minor: Option<Minor>,
    /// The day, for who sees amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    /// Clarification codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Code>,
}

/// A credit note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote)]
struct CreditShown {
    /// Its number.
    number: InvoiceNumber,
    /// Its day of issue.
    issue_date: Date,
    /// By how much, in minor units, for who sees amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    amount_minor: Option<Minor>,
}

/// List an invoice's history
///
/// Every statement about it that the caller is told of, in the order of the log. Nothing is ever overwritten.
#[utoipa::path(
    get, path = "/v1/invoices/{invoice_id}/history", tag = "Invoices", operation_id = "list_history",
    params(
        ("invoice_id" = InvoiceId, Path),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<Event>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<InvoiceId>,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::History).await?;
    let positions = app.ask(&caller, |state, now| {
        let (receivable, _) = visible(state, &caller, &id, now)?;
        let from = receivable
            .history
            .partition_point(|at| request.after.is_some_and(|Cursor(after, _)| *at <= after));
        let rest = receivable.history.get(from..).unwrap_or_default();
        Ok(rest.iter().copied().take(LOOKS_MAX.saturating_add(1)).collect::<Vec<u64>>())
    });
    let positions = positions.await?.value;
    let entries = app.entries(positions).await?;
    let mut records = Vec::with_capacity(entries.len());
    for (position, entry) in &entries {
        let record = Record::decode(entry).map_err(|_| Problem::of(Fault::Unavailable))?;
        let signed = SignedStatement::parse(record.statement);
        let signed = signed.map_err(|_| Problem::of(Fault::Unavailable))?;
        records.push((*position, record.time, signed));
    }
    let fill = |state: &State, now| {
        let (receivable, view) = visible(state, &caller, &id, now)?;
        let show = |(position, time, signed): &(u64, Timestamp, SignedStatement)| {
            let statement = signed.statement();
            let told = state.sees_record(caller.row, &view, &receivable, *position, statement);
            let at = (*position, *time);
            let event = || event(state, &caller, &view, &receivable, at, statement);
            told.then(|| (event(), Seen::default()))
        };
        let places = records.iter().map(|record| (Cursor(record.0, 0), record));
        let (page, mut seen) = Filling::of_few(request, LOOKS_MAX, places, show);
        seen.note(&view, &receivable, caller.row);
        Ok((page, seen))
    };
    app.list(&caller, "/v1/invoices/{invoice_id}/history", fill).await
}

fn event(
    state: &State,
    caller: &Caller,
    view: &View,
    receivable: &Receivable,
    (position, recorded_at): (u64, Timestamp),
    statement: &Statement,
) -> Event {
    let amounts = view.sees_amounts();
    let author = state.sees_author(caller.row, view, receivable, statement);
    let mut event = Event {
        object: "history_entry",
        position,
        kind: statement.payload.kind(),
        stated_at: statement.time,
        recorded_at,
        author: author.then(|| statement.author.clone()),
        statement: author.then_some(statement.id),
        report: None,
        credit: None,
        reason: None,
        claims: Vec::new(),
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others have nothing of their own to show"
    )]
    match &statement.payload {
        Payload::StatusReported(data) => {
            event.report = Some(Report {
                status: data.status,
                effective_at: data.effective_at,
                source: data.source.clone(),
                certainty: certainty(data.status, data.source.kind),
                amount_minor: data.amount_minor.filter(|_| amounts),
                date: data.date.filter(|_| amounts),
                reasons: data.reasons.clone(),
            });
        }
        Payload::InvoiceCredited(data) => {
            event.credit = Some(CreditShown {
                number: data.credit_note.clone(),
                issue_date: data.issue_date,
                amount_minor: amounts.then_some(data.amount_minor),
            });
        }
        Payload::InvoiceCancelled(data) => event.reason = Some(data.reason),
        Payload::FinancingReserved(_)
        | Payload::FinancingRecorded(_)
        | Payload::FinancingReleased(_)
        | Payload::FinancingSettled(_)
        | Payload::FinancingReturned(_)
        | Payload::FinancingTransferred(_) => {
            event.claims = claims_of(state, caller, view, receivable, position);
        }
        _ => {}
    }
    event
}

/// The claims on an invoice of the financing that a record is about.
fn claims_of(
    state: &State,
    caller: &Caller,
    view: &View,
    receivable: &Receivable,
    position: u64,
) -> Vec<ClaimId> {
    let subject = state.journal_entry(position).map(|entry| entry.subject);
    let Some(crate::domain::Subject::Financing(financing)) = subject else { return Vec::new() };
    let claims = receivable.claims.iter().filter(|claim| claim.financing == financing);
    claims.filter(|claim| view.sees_claim(claim, caller.row)).map(|claim| claim.id).collect()
}
