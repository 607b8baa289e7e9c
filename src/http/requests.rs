//! Offers: invoices that a supplier asks a financier to finance, for the two of them.
//!
//! While an offer stands, the financier is shown the invoices, their status as far as mandates show it to him, and
//! what a check of each finds; he then reserves, records or declines. The debtor's side never learns of one.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::domain::{Request, RequestStanding, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::params::{Cursor, List, Paging, Params, PathId};
use crate::http::problem::{NoToken, Problem};
use crate::http::shown::InvoiceShown;
use crate::http::verdicts::CheckShown;
use crate::statement::DeclineReason;
use crate::types::{ClaimId, InvoiceId, Minor, PartyId, StatementId, Timestamp};

/// How many invoices of offers are looked at for one page of a list.
const LOOKS_MAX: usize = 2_000;
/// How many invoices of an offer are shown and checked before others get their turn on the state.
const TURN: usize = 32;

/// An offer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancingRequest)]
struct RequestShown {
    /// Always `financing_request`.
    object: &'static str,
    /// The statement that made it.
    id: StatementId,
    /// Who offers.
    supplier: PartyId,
    /// To whom.
    financier: PartyId,
    /// When it was made.
    recorded_at: Timestamp,
    /// Until when it stands.
    until: Timestamp,
    /// What became of it.
    status: RequestStatus,
    /// When it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined_at: Option<Timestamp>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DeclineReason>,
    /// The invoices, in the order of the offer.
    invoices: Vec<InvoiceId>,
    /// What the financier took up of them, also where that ended since.
    taken_up: Vec<TakenUp>,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RequestStatus {
    /// It waits for an answer.
    Open,
    /// Some of its invoices were reserved or recorded, the others wait.
    PartlyTakenUp,
    /// All of its invoices were reserved or recorded by the financier.
    TakenUp,
    /// The financier declined what it had not taken up.
    Declined,
    /// Its time is over.
    Expired,
}

impl core::str::FromStr for RequestStatus {
    type Err = serde::de::value::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::deserialize(serde::de::value::StrDeserializer::new(text))
    }
}

impl From<RequestStanding> for RequestStatus {
    fn from(standing: RequestStanding) -> Self {
        match standing {
            RequestStanding::Open => Self::Open,
            RequestStanding::PartlyTakenUp => Self::PartlyTakenUp,
            RequestStanding::TakenUp => Self::TakenUp,
            RequestStanding::Declined => Self::Declined,
            RequestStanding::Expired => Self::Expired,
        }
    }
}

/// A reservation or financing by which an offered invoice was taken up.
#[derive(Debug, Serialize, ToSchema)]
struct TakenUp {
    /// The invoice.
    invoice: InvoiceId,
    /// The claim.
    claim: ClaimId,
    /// How much it claims, in minor units.
    #[schema(value_type = i64)]
    claimed_minor: Minor,
    /// Since when.
    since: Timestamp,
}

impl RequestShown {
    fn of(state: &State, request: &Request, now: Timestamp) -> Option<Self> {
        let mut invoices = Vec::with_capacity(request.receivables.len());
        let mut taken_up = Vec::new();
        for row in &request.receivables {
            let Some(receivable) = state.receivable(*row) else { continue };
            let invoice = receivable.id;
            invoices.push(invoice);
            taken_up.extend(request.taken_up_by(&receivable).map(|claim| TakenUp {
                invoice,
                claim: claim.id,
                claimed_minor: claim.amount_minor,
                since: claim.since,
            }));
        }
        Some(Self {
            object: "financing_request",
            id: request.statement,
            supplier: state.participant(request.supplier)?.id.clone(),
            financier: state.participant(request.financier)?.id.clone(),
            recorded_at: request.recorded_at,
            until: request.until,
            status: state.request_standing(request, now).into(),
            declined_at: request.declined.map(|(at, _)| at),
            reason: request.declined.map(|(_, reason)| reason),
            invoices,
            taken_up,
        })
    }
}

/// List offers
///
/// Those that the caller made and those that were made to it, in the order of the log, narrowed by what became of them.
/// The operator and auditors see everybody's; the debtors of the invoices see none.
#[utoipa::path(
    get, path = "/v1/requests", tag = "The caller's", operation_id = "list_requests",
    params(
        ("status" = Option<RequestStatus>, Query, description = "What became of it, such as `open`."),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<RequestShown>),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let wanted = params.take::<RequestStatus>("status")?;
    let request = app.page(params, List::Requests).await?;
    let fill = |state: &State, now| {
        let own = || state.requests_of(caller.row).iter().copied();
        let rows = caller.rows(state, (request.first_row(), state.requests_len()), own);
        let mut page = Filling::new(request);
        let mut looks = 0_usize;
        for row in rows {
            let Some(offer) = state.request(row) else { continue };
            let at = Cursor(u64::from(row), 0);
            let shown = RequestShown::of(state, &offer, now);
            let shown = shown.filter(|it| wanted.is_none_or(|wanted| wanted == it.status));
            if let Some(shown) = shown {
                if page.is_full() {
                    break;
                }
                page.push(at, shown);
            }
            looks = looks.saturating_add(offer.receivables.len());
            if looks >= LOOKS_MAX {
                page.stop(at);
                break;
            }
        }
        Ok((page, Seen::default()))
    };
    app.list(&caller, "/v1/requests", fill).await
}

/// An offer with its invoices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancingRequestInFull)]
struct WholeRequest {
    #[serde(flatten)]
    request: RequestShown,
    /// The invoices as the caller sees them now, and what a check of each finds.
    offered: Vec<Offered>,
}

/// An offered invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferedInvoice)]
struct Offered {
    /// The invoice; absent where the caller sees it no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<InvoiceShown>,
    /// What a check by the financier finds, while the offer stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckShown>,
}

/// Get an offer
///
/// For its supplier and its financier, the operator and auditors. The financier is shown each invoice, as long as the
/// offer stands, with its status as far as mandates show it to him, and is told what a check of it finds: claims of
/// others that stand in the way, without whose they are. Each such check counts and is accounted for as
/// `POST /v1/checks`.
#[utoipa::path(
    get, path = "/v1/requests/{statement_id}", tag = "The caller's", operation_id = "get_request",
    params(
        ("statement_id" = StatementId, Path),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
    ),
    responses(
        (status = 200, description = "The offer.", body = AsOf<WholeRequest>),
        NoToken,
        (status = 404, description = "No such offer, or not yours.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many checks; see `retry-after`.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<StatementId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, now| {
        let request = own(state, &caller, &id)?;
        let checks = request.financier == caller.row && request.stands(now);
        Ok((request.receivables.clone(), checks))
    });
    let (rows, checks) = asked.await?.value;
    if checks {
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let taken = app.checks.take(caller.row, count, Instant::now());
        taken.map_err(|_| Problem::of(Fault::TooManyChecks))?;
    }
    let mut offered = Vec::with_capacity(rows.len());
    for turn in rows.chunks(TURN) {
        let asked = app.ask(&caller, |state, now| {
            let request = own(state, &caller, &id)?;
            let checks = checks && request.stands(now);
            let mut seen = Seen::default();
            let shown: Vec<Offered> =
                turn.iter().map(|row| one(state, &caller, *row, checks, now, &mut seen)).collect();
            Ok((shown, seen, now))
        });
        let (shown, seen, now) = asked.await?.value;
        app.account(&caller, "/v1/requests/{statement_id}", now, seen)?;
        offered.extend(shown);
    }
    let asked = app.ask(&caller, |state, now| {
        let request = own(state, &caller, &id)?;
        RequestShown::of(state, &request, now).ok_or_else(Problem::not_found)
    });
    let answer = asked.await?;
    let whole = WholeRequest { request: answer.value, offered };
    Ok(json(StatusCode::OK, &AsOf::new(whole, answer.as_of)))
}

/// An offer that the caller may know of.
///
/// # Errors
/// Not found, alike for none and for not yours.
fn own(
    state: &State,
    caller: &Caller,
    id: &StatementId,
) -> Result<crate::domain::Row<Request>, Problem> {
    let (_, request) = state.request_by_id(id).ok_or_else(Problem::not_found)?;
    let parties = [request.supplier, request.financier];
    if caller.sees_all(state) || parties.contains(&caller.row) {
        Ok(request)
    } else {
        Err(Problem::not_found())
    }
}

/// An offered invoice as the caller sees it.
fn one(
    state: &State,
    caller: &Caller,
    row: u32,
    checks: bool,
    now: Timestamp,
    seen: &mut Seen,
) -> Offered {
    let nothing = Offered { invoice: None, check: None };
    let Some(receivable) = state.receivable(row) else { return nothing };
    let view = state.view(caller.row, &receivable, now);
    if !view.any() {
        return nothing;
    }
    seen.note(&view, &receivable, caller.row);
    let check = if checks {
        state.check_again(caller.row, &receivable.id, None, now).and_then(Result::ok)
    } else {
        None
    };
    Offered {
        invoice: Some(InvoiceShown::of(state, &receivable, &view, caller.row, now)),
        check: check.map(|report| CheckShown::of(&report, receivable.core.currency, None)),
    }
}
