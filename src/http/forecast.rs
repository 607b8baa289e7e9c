//! When a supplier's invoices will be paid, as far as the caller may see them.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Basis, Cash, FORECAST_RULE, Forecast, Payer, Pot, Side, Week};
use crate::http::App;
use crate::http::answer::{AsOf, json};
use crate::http::behaviour::{DaysShown, MeanDaysShown};
use crate::http::caller::Caller;
use crate::http::params::{Params, PathId};
use crate::http::problem::{NoToken, Problem};
use crate::http::sample::{Question, sample};
use crate::types::{Currency, PartyId};

const ROUTE: &str = "/v1/suppliers/{party}/forecast";
/// How many debtors are told one by one.
const DEBTORS_MAX: usize = 100;

/// When a supplier's open invoices will be paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
struct ForecastShown {
    /// Always `forecast`.
    object: &'static str,
    /// The supplier, as it was asked for.
    supplier: PartyId,
    /// How many invoices of it were looked at, open or not.
    invoices: u32,
    /// Whether these are all that the caller may see; where not, they are the newest.
    complete: bool,
    /// What is expected, by currency.
    currencies: Vec<CashShown>,
    /// The debtors with the most open invoices, 100 at most, and how they paid.
    debtors: Vec<PayerShown>,
    /// How many more debtors there are.
    debtors_not_shown: usize,
    /// How all debtors paid, those without open invoices too.
    all_debtors: Paid,
    /// When money is expected, word for word.
    rule: &'static str,
}

/// What is expected in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpectedCash)]
struct CashShown {
    /// The currency of every amount here.
    currency: Currency,
    /// The present week and the twelve after it.
    weeks: Vec<Week>,
    /// What is expected after these.
    later: Pot,
    /// Queried invoices for which no day can be told; not expected.
    undated: Pot,
    /// Invoices whose last promise was broken; not expected.
    broken_promises: Pot,
    /// Refused invoices; not expected.
    refused: Pot,
    /// On what the expected days are founded.
    founded_on: FoundedOn,
}

/// On what expected days are founded.
#[derive(Debug, Serialize, ToSchema)]
struct FoundedOn {
    /// A promise of the debtor.
    promise: Pot,
    /// How this debtor paid.
    debtor: Pot,
    /// How all debtors of the supplier paid.
    all_debtors: Pot,
    /// The due day alone: no band.
    due_day: Pot,
}

/// How somebody paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaidHow)]
struct Paid {
    /// From the due day to payment in full; negative where it was earlier.
    delay: DaysShown,
    /// From query to what ended it, where that was no refusal.
    days_to_resolve: MeanDaysShown,
}

/// A debtor of the supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastDebtor)]
struct PayerShown {
    /// The debtor, as named on its newest invoice.
    debtor: PartyId,
    /// How many of its invoices are open.
    open_invoices: u32,
    #[serde(flatten)]
    paid: Paid,
}

impl From<Cash> for CashShown {
    fn from(cash: Cash) -> Self {
        let pot = |basis| cash.founded_on.get(&basis).copied().unwrap_or_default();
        Self {
            currency: cash.currency,
            founded_on: FoundedOn {
                promise: pot(Basis::Promise),
                debtor: pot(Basis::Debtor),
                all_debtors: pot(Basis::AllDebtors),
                due_day: pot(Basis::DueDay),
            },
            weeks: cash.weeks,
            later: cash.later,
            undated: cash.undated,
            broken_promises: cash.broken_promises,
            refused: cash.refused,
        }
    }
}

impl From<&Payer> for PayerShown {
    fn from(payer: &Payer) -> Self {
        Self {
            debtor: payer.debtor.clone(),
            open_invoices: payer.open_invoices,
            paid: Paid {
                delay: (&payer.delay).into(),
                days_to_resolve: (&payer.resolution).into(),
            },
        }
    }
}

/// Get a supplier's cash forecast
///
/// What its open invoices will bring, by week, with a band, and how that was computed: from the invoices of which the
/// caller may see the process and payment axes and the amounts at this moment, the newest 10,000. `rule` is applied
/// literally.
#[utoipa::path(
    get, path = "/v1/suppliers/{party}/forecast", tag = "Behaviour", operation_id = "get_forecast",
    params(("party" = PartyId, Path, description = "Any party id of the supplier."), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The forecast.", body = AsOf<ForecastShown>),
        NoToken,
        (status = 404, description = "No such supplier, or you do not see enough of any invoice of it.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let question = Question { route: ROUTE, party: &party, side: Side::Seller };
    let sampled = sample(
        &app,
        &caller,
        question,
        |now| Forecast::new(now.date()),
        |forecast, state, receivable, view| {
            forecast.observe(receivable, view, state.buyer_entity(receivable))
        },
    );
    let sampled = sampled.await?;
    let invoices = sampled.value.invoices();
    let outlook = sampled.value.finish();
    let debtors: Vec<PayerShown> =
        outlook.payers.iter().take(DEBTORS_MAX).map(PayerShown::from).collect();
    let shown = ForecastShown {
        object: "forecast",
        supplier: party,
        invoices,
        complete: sampled.is_complete,
        currencies: outlook.cash.into_iter().map(CashShown::from).collect(),
        debtors_not_shown: outlook.payers.len().saturating_sub(debtors.len()),
        debtors,
        all_debtors: Paid {
            delay: (&outlook.all_delay).into(),
            days_to_resolve: (&outlook.all_resolution).into(),
        },
        rule: FORECAST_RULE,
    };
    Ok(json(StatusCode::OK, &AsOf::new(shown, sampled.as_of)))
}
