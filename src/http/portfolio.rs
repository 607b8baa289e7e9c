//! What the caller holds: its claims with their invoices, and what they come to.

use std::collections::BTreeMap;

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::State;
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page, json};
use crate::http::caller::Caller;
use crate::http::claims::ClaimShown;
use crate::http::params::{Cursor, List, PageRequest, Paging, Params};
use crate::http::problem::{NoToken, Problem};
use crate::http::shown::InvoiceShown;
use crate::types::{Currency, Minor, Timestamp};

/// How many invoices are looked at while the state is held, and how often for the totals of one request.
const LOOKS_MAX: usize = 1_000;
const ROUNDS_MAX: usize = 100;

/// A claim with the invoice that it is on.
#[derive(Debug, Serialize, ToSchema)]
struct Holding {
    /// Always `holding`.
    object: &'static str,
    /// The claim.
    claim: ClaimShown,
    /// The invoice, as far as the caller sees it.
    invoice: InvoiceShown,
}

/// What the standing claims in one currency come to.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Total {
    /// The currency.
    currency: Currency,
    /// How many claims stand.
    claims: u32,
    /// What they claim together, in minor units.
    #[schema(value_type = i64)]
    claimed_minor: Minor,
}

/// A page of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
struct Portfolio {
    /// The page.
    #[serde(flatten)]
    page: Page<Holding>,
    /// What all standing claims come to, by currency, whatever the page; absent for a portfolio that is too
    /// large to add up in one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Vec<Total>>,
}

/// Get the caller's portfolio
///
/// The claims that the caller holds or held, with their invoices, in the order of the log.
#[utoipa::path(
    get, path = "/v1/portfolio", tag = "The caller's", operation_id = "get_portfolio",
    params(Paging),
    responses(
        (status = 200, description = "A page and the totals.", body = Portfolio),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Portfolio).await?;
    let totals = totals(&app, &caller).await?;
    let asked = app.ask(&caller, |state, now| {
        let (page, seen) = fill(state, &caller, request, now);
        Ok((page, seen, now))
    });
    let answer = asked.await?;
    let (page, seen, now) = answer.value;
    app.account(&caller, "/v1/portfolio", now, seen)?;
    Ok(json(StatusCode::OK, &Portfolio { page: page.page(answer.as_of), totals }))
}

/// The invoices of the caller's financings after a place, in order.
fn places(
    state: &State,
    caller: &Caller,
    after: Option<Cursor>,
) -> impl Iterator<Item = (Cursor, u32, u32)> {
    let first = after.map_or(0, |Cursor(financing, _)| financing);
    let rows = state.financings_of(caller.row).iter().copied();
    let rows = rows.filter(move |row| u64::from(*row) >= first);
    let rows = rows.filter_map(|row| Some((row, state.financing(row)?)));
    let all = rows.flat_map(|(row, financing)| {
        let items = (0_u32..).zip(financing.receivables.clone());
        items.map(move |(item, on)| (Cursor(u64::from(row), item), row, on))
    });
    all.filter(move |(at, ..)| after.is_none_or(|after| *at > after))
}

fn fill(
    state: &State,
    caller: &Caller,
    request: PageRequest,
    now: Timestamp,
) -> (Filling<Holding>, Seen) {
    let places = places(state, caller, request.after);
    let places = places.map(|(at, financing, row)| (at, (financing, row)));
    let show = |(financing, row): (u32, u32)| {
        let receivable = state.receivable(row)?;
        let mut claims = receivable.claims.iter();
        let claim = claims.find(|it| it.financing == financing && it.was_held_by(caller.row))?;
        let view = state.view(caller.row, &receivable, now);
        let claim = ClaimShown::of(state, &receivable, claim, &view, caller.row, now)?;
        let invoice = InvoiceShown::of(state, &receivable, &view, caller.row, now);
        let mut seen = Seen::default();
        seen.note(&view, &receivable, caller.row);
        Some((Holding { object: "holding", claim, invoice }, seen))
    };
    Filling::of_few(request, LOOKS_MAX, places, show)
}

/// Adds up all standing claims, letting go of the state now and then.
async fn totals(app: &App, caller: &Caller) -> Result<Option<Vec<Total>>, Problem> {
    let mut totals = BTreeMap::<Currency, Total>::new();
    let mut after = None;
    for _ in 0..ROUNDS_MAX {
        let round = app.ask(caller, |state, now| {
            let mut last = None;
            for (at, financing, row) in places(state, caller, after).take(LOOKS_MAX) {
                last = Some(at);
                let Some(receivable) = state.receivable(row) else { continue };
                let claims = receivable.active_claims(now);
                let own = claims.filter(|it| it.financing == financing && it.holder == caller.row);
                for claim in own {
                    let currency = receivable.core.currency;
                    let zero = Total { currency, claims: 0, claimed_minor: 0 };
                    let total = totals.entry(currency).or_insert(zero);
                    total.claims = total.claims.saturating_add(1);
                    total.claimed_minor = total.claimed_minor.saturating_add(claim.amount_minor);
                }
            }
            Ok(last)
        });
        match round.await?.value {
            Some(last) => after = Some(last),
            None => return Ok(Some(totals.into_values().collect())),
        }
    }
    Ok(None)
}
