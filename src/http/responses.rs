//! Responses to invoices: a message that came from outside, read and matched for the party that will state it; and
//! the buyer's last word as an Invoice Response.
//!
//! Nothing is stated for anybody: what is prepared here is signed by the party, or not.

use axum::body::Body;
use axum::extract::{self, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Reading, Standing, State};
use crate::einvoice::response::{self, Outgoing, Prepared, ResponseDraft, ResponseError, Unfit};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, json};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::invoices::visible;
use crate::http::params::{Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::http::statements::whole;
use crate::invoice::Core;
use crate::record::Record;
use crate::statement::{Code, Payload, SignedStatement, StatementType, StatusReported};
use crate::types::{Date, InvoiceId, PartyId, Timestamp};

/// The longest message.
const BYTES_MAX: usize = 1 << 20;
/// How many records are looked at for the reasons of a status.
const LOOKS_MAX: usize = 200;

/// What messages say, one entry for each invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Responses)]
struct ResponsesShown {
    /// Always `responses`.
    object: &'static str,
    /// What the message says of each invoice that it is about.
    data: Vec<Entry>,
}

/// What a message says of one invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Response)]
struct Entry {
    /// Always `response`.
    object: &'static str,
    /// The standard of the message: `peppol-invoice-response` or `fr-cdar`.
    system: &'static str,
    /// The message's own id.
    message: String,
    /// The status code, as written.
    code: String,
    /// The number of the invoice, as written.
    number: String,
    /// The invoice that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<InvoiceId>,
    /// Its core.
    #[serde(skip_serializing_if = "Option::is_none")]
    core: Option<Core>,
    /// What the caller may state.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<Stated>,
    /// Why there is nothing to state.
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing: Option<&'static str>,
    /// Why it cannot be stated; of a message about several invoices.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// What is unusual about it: rules of its standard that it breaks, a step outside the BIS.
    notes: Vec<NoteShown>,
}

/// A statement that was prepared and is not signed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreparedStatement)]
struct Stated {
    /// Its type.
    #[serde(rename = "type")]
    kind: StatementType,
    /// Its data.
    #[schema(value_type = StatusReported)]
    data: serde_json::Value,
}

/// Something that a person should know of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResponseNote)]
struct NoteShown {
    /// The stable name; that of the standard where it has one.
    code: &'static str,
    /// What is wrong.
    words: &'static str,
}

/// Read a response to an invoice
///
/// A Peppol Invoice Response (UBL) or a French life cycle message (CDAR), as `application/xml`. Answers the data of
/// the statement that the caller may make of it, unsigned, with the invoice that it is about: the seller's with that
/// number, type and date among those that the caller may see. Nothing is stated. What the seller hands in counts as
/// the seller's word.
#[utoipa::path(
    post, path = "/v1/responses", tag = "Invoices", operation_id = "read_response",
    params(
        ("on_behalf_of" = Option<PartyId>, Query, description = "Who will state it, where that is somebody who delegated `status.reported.v1` to the caller."),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
    ),
    request_body(content = String, content_type = "application/xml", description = "The message."),
    responses(
        (status = 200, description = "What it says, for each invoice.", body = AsOf<ResponsesShown>),
        NoToken,
        (status = 403, description = "Not the caller's to state.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such invoice, or not yours.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It may mean several invoices.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not XML.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a response, or one that lacks something.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let principal = params.take::<PartyId>("on_behalf_of")?;
    app.wait(params.done()?).await?;
    let is_xml = is_xml(request.headers());
    let bytes = whole(request.into_body(), BYTES_MAX).await?;
    if !is_xml {
        return Err(Problem::new(Fault::MediaType, "send the message as `application/xml`"));
    }
    let read = tokio::task::spawn_blocking(move || response::read(&bytes)).await;
    let drafts = read.map_err(|_| Problem::of(Fault::Internal))?.map_err(|error| unread(&error))?;
    let asked = app.ask(&caller, |state, now| {
        let reader = match &principal {
            None => caller.row,
            Some(party) => delegator(state, &caller, party, now)?,
        };
        let alone = drafts.len() == 1;
        let entries = drafts.iter().map(|draft| {
            let prepared = response::prepare(state, reader, draft, now).map_err(|it| unfit(&it));
            match prepared {
                Err(problem) if alone => Err(problem),
                prepared => Ok(entry(state, draft, prepared)),
            }
        });
        entries.collect::<Result<Vec<_>, _>>()
    });
    let answer = asked.await?;
    let shown = ResponsesShown { object: "responses", data: answer.value };
    Ok(json(StatusCode::OK, &AsOf::new(shown, answer.as_of)))
}

/// The participant on whose behalf the caller may report statuses.
fn delegator(
    state: &State,
    caller: &Caller,
    party: &PartyId,
    now: Timestamp,
) -> Result<u32, Problem> {
    let row = state.participant_by_id(party).ok_or_else(Problem::not_found)?;
    let participant = state.participant(row).ok_or_else(Problem::not_found)?;
    let lets = participant.delegations.iter().any(|it| {
        it.delegate == caller.row
            && it.types.contains(&StatementType::StatusReported)
            && it.until.is_none_or(|until| now < until)
    });
    let may = row == caller.row || (lets && participant.standing == Standing::Active);
    if may { Ok(row) } else { Err(Problem::not_found()) }
}

fn entry(state: &State, draft: &ResponseDraft, prepared: Result<Prepared, Problem>) -> Entry {
    let mut entry = Entry {
        object: "response",
        system: draft.syntax.system(),
        message: draft.message.clone(),
        code: draft.code.clone(),
        number: draft.number.to_string(),
        invoice: None,
        core: None,
        statement: None,
        nothing: None,
        problem: None,
        notes: Vec::new(),
    };
    let notes = match prepared {
        Err(problem) => {
            entry.problem = Some(problem);
            draft.notes.clone()
        }
        Ok(Prepared { invoice, statement, notes }) => {
            let receivable = state.receivable_by_id(&invoice);
            entry.core = receivable.map(|(_, receivable)| receivable.core.clone());
            entry.invoice = Some(invoice);
            match statement {
                Ok(statement) => {
                    let data = statement.payload().to_json();
                    let data = data.and_then(|data| serde_json::from_str(&data));
                    let kind = statement.kind();
                    entry.statement = data.ok().map(|data| Stated { kind, data });
                }
                Err(nothing) => entry.nothing = Some(nothing),
            }
            notes
        }
    };
    let shown = notes.iter().map(|note| NoteShown { code: note.code, words: note.words });
    entry.notes = shown.collect();
    entry
}

fn is_xml(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/xml", "text/xml"].iter().any(|known| essence.eq_ignore_ascii_case(known))
}

/// A message that is none, or cannot be read.
fn unread(error: &ResponseError) -> Problem {
    let fault = match error {
        ResponseError::NotAResponse { .. } => Fault::NotAResponse,
        ResponseError::Unreadable(_)
        | ResponseError::Missing(_)
        | ResponseError::Invalid { .. }
        | ResponseError::Contradictory(_)
        | ResponseError::StatusUnknown(_)
        | ResponseError::TooMany => Fault::ResponseUnreadable,
    };
    Problem::new(fault, error.to_string())
}

/// A message that cannot be stated.
fn unfit(error: &Unfit) -> Problem {
    let fault = match error {
        Unfit::Unknown { .. } => Fault::ResponseUnmatched,
        Unfit::Ambiguous { .. } => Fault::ResponseAmbiguous,
        Unfit::NotAParty | Unfit::SellersWord => Fault::ResponseNotYours,
        Unfit::SellerMissing
        | Unfit::CreditNote
        | Unfit::AmountMissing { .. }
        | Unfit::AmountInvalid { .. }
        | Unfit::Future(_) => Fault::ResponseIncomplete,
    };
    Problem::new(fault, error.to_string())
}

/// Get the buyer's last word as an Invoice Response
///
/// The last status that the buyer's side reported of the invoice, as a Peppol Invoice Response 3 (UBL 2.1
/// `ApplicationResponse`) from the buyer to the seller; what the seller reported is none of it. For the two parties of
/// the invoice, and the operator and auditors.
#[utoipa::path(
    get, path = "/v1/invoices/{invoice_id}/response", tag = "Invoices", operation_id = "get_response",
    params(
        ("invoice_id" = InvoiceId, Path),
        ("buyer_name" = Option<String>, Query, description = "The buyer's name; its party id where there is none."),
        ("seller_name" = Option<String>, Query, description = "The seller's name; its party id where there is none."),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
    ),
    responses(
        (status = 200, description = "The message.", body = String, content_type = "application/xml"),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn write(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<InvoiceId>,
    mut params: Params,
) -> Result<Response, Problem> {
    let buyer_name = params.take::<String>("buyer_name")?;
    let seller_name = params.take::<String>("seller_name")?;
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, now| {
        let (receivable, view) = visible(state, &caller, &id, now)?;
        if !view.party() && !view.everything {
            return Err(Problem::not_found());
        }
        let mut seen = Seen::default();
        seen.note(&view, &receivable, caller.row);
        Ok((receivable, seen, now))
    });
    let (receivable, seen, now) = asked.await?.value;
    let newest = receivable.history.iter().rev().copied().take(LOOKS_MAX).collect();
    let reports = reports(&app, newest).await?;
    let outgoing = Outgoing::last(&receivable, |reading| reasons(&reports, reading));
    let outgoing = outgoing.ok_or_else(|| Problem::of(Fault::ResponseNone))?;
    app.account(&caller, "/v1/invoices/{invoice_id}/response", now, seen)?;
    let xml = response::write(&Outgoing { buyer_name, seller_name, ..outgoing });
    let kind = HeaderValue::from_static("application/xml");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from(xml)).into_response())
}

/// The reports among some records, the newest first.
async fn reports(app: &App, positions: Vec<u64>) -> Result<Vec<StatusReported>, Problem> {
    let mut reports = Vec::new();
    for (_, entry) in app.entries(positions).await? {
        let record = Record::decode(&entry).map_err(|_| Problem::of(Fault::Unavailable))?;
        let signed = SignedStatement::parse(record.statement);
        let signed = signed.map_err(|_| Problem::of(Fault::Unavailable))?;
        if let Payload::StatusReported(report) = &signed.statement().payload {
            reports.push(report.clone());
        }
    }
    Ok(reports)
}

/// The reasons of the report that a reading came from.
fn reasons(reports: &[StatusReported], reading: &Reading) -> Vec<Code> {
    let said = |report: &&StatusReported| {
        let of_report: (_, _, _, Option<Date>) =
            (report.status, report.effective_at, report.source.kind, report.date);
        of_report == (reading.status, reading.effective_at, reading.source, reading.date)
    };
    reports.iter().find(said).map(|report| report.reasons.clone()).unwrap_or_default()
}
