//! The account of reads: who looked at an invoice, on what ground and when.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{State, View};
use crate::http::App;
use crate::http::accounting::{Ground, Look, Seen, reader_key};
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::invoices::visible;
use crate::http::params::{Cursor, List, PageRequest, Paging, Params};
use crate::http::problem::{NoToken, Problem};
use crate::store::reads::{InvoiceKey, ReadKey, ReadRow};
use crate::types::{InvoiceId, PartyId, Timestamp};

/// How many rows are looked at for one page.
const LOOKS_MAX: usize = 1_000;

/// A read by somebody who is not a party to the invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Read)]
struct ReadShown {
    /// Always `read`.
    object: &'static str,
    /// When.
    read_at: Timestamp,
    /// Who looked.
    reader: PartyId,
    /// At what; not for the buyer, who would learn from it which reader holds a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// The invoices that it was shown; the one that is asked for, where one is.
    invoices: Vec<InvoiceId>,
    /// Why it saw them.
    grounds: Vec<Ground>,
}

/// List the account of reads
///
/// Of an invoice: for its seller, its buyer, the operator and auditors. The buyer sees the reads by its
/// mandates, by disclosed claims and by the registry's oversight. Without `invoice`: the caller's own, also of what it
/// sees no more; for the operator and auditors everybody's. A read appears here within moments of its answer.
#[utoipa::path(
    get, path = "/v1/reads", tag = "Participants", operation_id = "list_reads",
    params(
        ("invoice" = Option<InvoiceId>, Query, description = "The invoice."),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ReadShown>),
        NoToken,
        (status = 404, description = "No such invoice, or you are not a party to it.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let invoice = params.take::<InvoiceId>("invoice")?;
    let request = app.page(params, List::Reads).await?;
    let admitted = app.ask(&caller, |state, now| match &invoice {
        None if caller.sees_all(state) => Ok((None, View { everything: true, ..View::default() })),
        // Its own looks are its own business, whatever it sees now.
        None => Ok((Some(reader_key(caller.row)), View::default())),
        Some(id) => {
            let (_, view) = visible(state, &caller, id, now)?;
            let entitled = view.everything || view.party();
            if entitled { Ok((Some(*id.as_bytes()), view)) } else { Err(Problem::not_found()) }
        }
    });
    let (key, view) = admitted.await?.value;
    let rows = rows(&app, key, request).await?;
    let fill = |state: &State, _| {
        let rows = rows.iter().map(|(key, row)| (Cursor(key.time_ms, key.sequence), row));
        let show = |row| Some((show(state, &view, invoice, row)?, Seen::default()));
        Ok(Filling::of_few(request, LOOKS_MAX, rows, show))
    };
    app.list(&caller, "/v1/reads", fill).await
}

async fn rows(
    app: &App,
    key: Option<InvoiceKey>,
    request: PageRequest,
) -> Result<Vec<(ReadKey, ReadRow)>, Problem> {
    let after = request.after.map(|Cursor(time_ms, sequence)| ReadKey { time_ms, sequence });
    let engine = app.engine.clone();
    let read = move || match &key {
        Some(key) => engine.reads().by_invoice(key, after, LOOKS_MAX.saturating_add(1)),
        None => engine.reads().scan(after, LOOKS_MAX.saturating_add(1)),
    };
    let rows = tokio::task::spawn_blocking(read).await;
    rows.map_err(|_| Problem::of(Fault::Internal))?.map_err(|error| {
        tracing::error!(%error, "the account of reads cannot be read");
        Problem::of(Fault::Unavailable)
    })
}

/// A row as the reader of the account sees it.
fn show(
    state: &State,
    view: &View,
    invoice: Option<InvoiceId>,
    row: &ReadRow,
) -> Option<ReadShown> {
    let look = Look::decode(&row.bytes)?;
    let reader = reader_key(look.reader);
    let invoices = row.invoices.iter().filter(|key| **key != reader);
    let invoices = invoices.map(|bytes| InvoiceId::from_bytes(*bytes));
    let (invoices, mut grounds): (Vec<InvoiceId>, Vec<Ground>) = if let Some(id) = invoice {
        let place = invoices.clone().position(|of| of == id)?;
        (vec![id], look.grounds.get(place)?.clone())
    } else {
        let mut grounds = look.grounds.concat();
        grounds.dedup();
        (invoices.collect(), grounds)
    };
    let debtor = view.buyer && !view.seller && !view.everything;
    if debtor {
        grounds.retain(|ground| ground.is_open_to_debtor());
    }
    if grounds.is_empty() {
        return None;
    }
    let millis = i64::try_from(row.time_ms).unwrap_or(i64::MAX);
    Some(ReadShown {
        object: "read",
        read_at: Timestamp::default().plus_millis(millis),
        reader: state.participant(look.reader)?.id.clone(),
        route: (!debtor).then_some(look.route),
        invoices,
        grounds,
    })
}
