//! Invoices that the caller may see, one and many.

use std::collections::BTreeSet;

use axum::extract;
use axum::response::Response;

use crate::domain::{Coverage, Receivable, State, View};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page};
use crate::http::caller::Caller;
use crate::http::params::{Cursor, List, PageRequest, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::http::shown::InvoiceShown;
use crate::invoice::InvoiceNumber;
use crate::types::{Date, InvoiceId, PartyId, Timestamp};

/// How many invoices are looked at for one page: a filter that few pass must not hold the state for long.
const LOOKS_MAX: usize = 2_000;

/// Get an invoice
///
/// Its core, its four axes with source, effective and recorded time and certainty, and its amounts, as far as
/// the caller sees them.
#[utoipa::path(
    get, path = "/v1/invoices/{invoice_id}", tag = "Invoices", operation_id = "get_invoice",
    params(("invoice_id" = InvoiceId, Path), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The invoice.", body = AsOf<InvoiceShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<InvoiceId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let get = |state: &State, now| {
        let (receivable, view) = visible(state, &caller, &id, now)?;
        let mut seen = Seen::default();
        seen.note(&view, &receivable, caller.row);
        Ok((InvoiceShown::of(state, &receivable, &view, caller.row, now), seen))
    };
    app.one(&caller, "/v1/invoices/{invoice_id}", get).await
}

/// An invoice that the caller may know of, with what it sees of it.
///
/// # Errors
/// Not found, alike for none and for not yours.
pub(super) fn visible(
    state: &State,
    caller: &Caller,
    id: &InvoiceId,
    now: Timestamp,
) -> Result<(crate::domain::Row<Receivable>, View), Problem> {
    let (_, receivable) = state.receivable_by_id(id).ok_or_else(Problem::not_found)?;
    let view = state.view(caller.row, &receivable, now);
    if view.any() { Ok((receivable, view)) } else { Err(Problem::not_found()) }
}

/// What a list of invoices is narrowed to.
struct Filter {
    seller: Option<PartyId>,
    buyer: Option<PartyId>,
    number: Option<InvoiceNumber>,
    status: Option<String>,
    issued_from: Option<Date>,
    issued_to: Option<Date>,
}

impl Filter {
    fn take(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self {
            seller: params.take("seller")?,
            buyer: params.take("buyer")?,
            number: params.take("number")?,
            status: params.take("status")?,
            issued_from: params.take("issued_from")?,
            issued_to: params.take("issued_to")?,
        })
    }

    /// Whether the core passes; the status is compared with what the reader sees.
    fn passes(&self, state: &State, receivable: &Receivable) -> bool {
        let core = &receivable.core;
        let same = |wanted: &Option<PartyId>, is: &PartyId| {
            wanted.as_ref().is_none_or(|wanted| state.same_entity(wanted, is))
        };
        same(&self.seller, &core.seller)
            && same(&self.buyer, &core.buyer)
            && self
                .number
                .as_ref()
                .is_none_or(|number| number.normalised() == core.number.normalised())
            && self.issued_from.is_none_or(|from| from <= core.issue_date)
            && self.issued_to.is_none_or(|to| core.issue_date <= to)
    }
}

/// List invoices
///
/// Those that the caller may see, in the order of their registration, narrowed by any of the filters. A status
/// is the state of any axis as the caller sees it.
#[utoipa::path(
    get, path = "/v1/invoices", tag = "Invoices", operation_id = "list_invoices",
    params(
        ("seller" = Option<PartyId>, Query, description = "Any party id of the seller."),
        ("buyer" = Option<PartyId>, Query, description = "Any party id of the buyer."),
        ("number" = Option<String>, Query, description = "The number, in any spelling."),
        ("status" = Option<String>, Query, description = "A state of any axis, such as `approved`."),
        ("issued_from" = Option<Date>, Query, description = "Issued on this day or later."),
        ("issued_to" = Option<Date>, Query, description = "Issued on this day or earlier."),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<InvoiceShown>),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let filter = Filter::take(&mut params)?;
    let page = app.page(params, List::Invoices).await?;
    let fill = |state: &State, now| Ok(fill(state, &caller, &filter, page, now));
    app.list(&caller, "/v1/invoices", fill).await
}

fn fill(
    state: &State,
    caller: &Caller,
    filter: &Filter,
    request: PageRequest,
    now: Timestamp,
) -> (Filling<InvoiceShown>, Seen) {
    let show = |row: u32| {
        let receivable = state.receivable(row)?;
        let view = state.view(caller.row, &receivable, now);
        if !view.any() || !filter.passes(state, &receivable) {
            return None;
        }
        let shown = InvoiceShown::of(state, &receivable, &view, caller.row, now);
        if filter.status.as_ref().is_some_and(|status| !shown.axes.has(status)) {
            return None;
        }
        let mut seen = Seen::default();
        seen.note(&view, &receivable, caller.row);
        Some((shown, seen))
    };
    let bounds = (request.first_row(), state.receivables_len());
    let rows = caller.rows(state, bounds, || candidates(state, caller.row, bounds.0, now));
    let rows = rows.map(|row| (Cursor(u64::from(row), 0), row));
    Filling::of_few(request, LOOKS_MAX, rows, show)
}

/// The invoices that a participant may see, and perhaps others, from a row on, in order: at least as many as are
/// looked at for one page.
fn candidates(state: &State, reader: u32, first: u32, now: Timestamp) -> BTreeSet<u32> {
    let mut rows = BTreeSet::new();
    let Some(participant) = state.participant(reader) else { return rows };
    // The first of all are among the first of each.
    let mut add = |list: &[u32]| {
        let from = list.partition_point(|row| *row < first);
        rows.extend(list.get(from..).unwrap_or_default().iter().take(LOOKS_MAX));
    };
    add(state.trades_of_entity(participant.entity));
    add(state.registered_by(reader));
    add(state.held_by(reader));
    add(&state.offered_to(reader));
    for mandate in state.mandates_of(reader) {
        let Some(mandate) = state.mandate(*mandate) else { continue };
        if mandate.holder != reader || !mandate.in_force(now) {
            continue;
        }
        match &mandate.scope {
            Coverage::Invoices(ids) => {
                let named = ids.iter().filter_map(|id| Some(state.receivable_by_id(id)?.0));
                let mut named: Vec<u32> = named.collect();
                named.sort_unstable();
                add(&named);
            }
            Coverage::All | Coverage::Suppliers(_) => {
                if let Some(debtor) = state.participant(mandate.debtor) {
                    add(state.trades_of_entity(debtor.entity));
                }
            }
        }
    }
    rows
}
