//! How a debtor behaves, as far as the invoices tell that the caller may see.

use std::collections::BTreeMap;

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{BEHAVIOUR_RULES, Behaviour, Days, Dilution, MeanDays, Observed, Share, Side};
use crate::http::App;
use crate::http::answer::{AsOf, json};
use crate::http::caller::Caller;
use crate::http::params::{Params, PathId};
use crate::http::problem::{NoToken, Problem};
use crate::http::sample::{Question, sample};
use crate::types::{Currency, Date, Minor, PartyId};

const ROUTE: &str = "/v1/debtors/{party}/behaviour";

/// How a debtor behaves. A measure with fewer than 5 observations has no value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Behaviour)]
struct BehaviourShown {
    /// Always `behaviour`.
    object: &'static str,
    /// The debtor, as it was asked for.
    debtor: PartyId,
    /// The invoices that were looked at.
    invoices: Basis,
    /// From issue to approval in whole.
    days_to_approve: DaysShown,
    /// From issue to payment in full.
    days_to_pay: DaysShown,
    /// From the due day to payment in full; negative where it was earlier.
    days_late: DaysShown,
    /// Paid after the due day, or overdue.
    late: ShareShown,
    /// Queried or refused at any time.
    disputed: ShareShown,
    /// From query to what ended it, where that was no refusal.
    days_to_resolve: MeanDaysShown,
    /// Invoices with a credit note.
    credited: ShareShown,
    /// What was credited of what was invoiced, by currency.
    dilution: Vec<DilutionShown>,
    /// Promised days on which the invoice was not paid in full.
    broken_promises: ShareShown,
    /// What each of these is, word for word; `all` holds for all of them.
    #[schema(value_type = BTreeMap<String, String>)]
    rule: BTreeMap<&'static str, &'static str>,
}

/// How many were observed, and in which time they were issued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Observations)]
pub(super) struct ObservedShown {
    /// How many.
    observations: u32,
    /// The first day of issue of the invoices.
    issued_from: Option<Date>,
    /// The last.
    issued_to: Option<Date>,
}

/// The invoices behind an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BehaviourBasis)]
struct Basis {
    #[serde(flatten)]
    observed: ObservedShown,
    /// Whether these are all that the caller may see; where not, they are the newest.
    complete: bool,
}

/// Numbers of days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DaysObserved)]
pub(super) struct DaysShown {
    #[serde(flatten)]
    observed: ObservedShown,
    /// The 25th percentile.
    p25_days: Option<i32>,
    /// The 50th.
    median_days: Option<i32>,
    /// The 75th.
    p75_days: Option<i32>,
    /// The 90th.
    p90_days: Option<i32>,
}

/// A mean number of days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeanDaysObserved)]
pub(super) struct MeanDaysShown {
    #[serde(flatten)]
    observed: ObservedShown,
    /// The mean, rounded up.
    mean_days: Option<u32>,
}

/// How many of those observed something holds for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShareObserved)]
struct ShareShown {
    #[serde(flatten)]
    observed: ObservedShown,
    /// For how many.
    count: Option<u32>,
    /// Which part that is, in hundredths of a percent: 2500 is a quarter.
    basis_points: Option<u32>,
}

/// What was credited of what was invoiced in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DilutionObserved)]
struct DilutionShown {
    /// The currency.
    currency: Currency,
    #[serde(flatten)]
    observed: ObservedShown,
    /// What was invoiced, in minor units.
    #[schema(value_type = Option<i64>)]
    invoiced_minor: Option<Minor>,
    /// What was credited of it, in minor units.
    #[schema(value_type = Option<i64>)]
    credited_minor: Option<Minor>,
    /// Which part that is, in hundredths of a percent.
    basis_points: Option<u32>,
}

impl From<&Observed> for ObservedShown {
    fn from(observed: &Observed) -> Self {
        Self {
            observations: observed.observations,
            issued_from: observed.period.map(|(first, _)| first),
            issued_to: observed.period.map(|(_, last)| last),
        }
    }
}

impl From<&Days> for DaysShown {
    fn from(days: &Days) -> Self {
        Self {
            observed: (&days.observed).into(),
            p25_days: days.percentile(25),
            median_days: days.percentile(50),
            p75_days: days.percentile(75),
            p90_days: days.percentile(90),
        }
    }
}

impl From<&MeanDays> for MeanDaysShown {
    fn from(days: &MeanDays) -> Self {
        Self { observed: (&days.observed).into(), mean_days: days.mean() }
    }
}

impl From<&Share> for ShareShown {
    fn from(share: &Share) -> Self {
        let value = share.value();
        Self {
            observed: (&share.observed).into(),
            count: value.map(|(count, _)| count),
            basis_points: value.map(|(_, part)| part),
        }
    }
}

impl DilutionShown {
    fn of((currency, dilution): (&Currency, &Dilution)) -> Self {
        let value = dilution.value();
        Self {
            currency: *currency,
            observed: (&dilution.observed).into(),
            invoiced_minor: value.map(|(invoiced, ..)| invoiced),
            credited_minor: value.map(|(_, credited, _)| credited),
            basis_points: value.map(|(.., part)| part),
        }
    }
}

/// Get a debtor's behaviour
///
/// Days to approve and to pay, and how often the debtor is late, disputes, has credited or breaks its word: from the
/// invoices to it that the caller may see at this moment, the newest 10,000. Each with the number of observations
/// and their period; below 5 observations without a value. `rule` says what each is.
#[utoipa::path(
    get, path = "/v1/debtors/{party}/behaviour", tag = "Behaviour", operation_id = "get_behaviour",
    params(("party" = PartyId, Path, description = "Any party id of the debtor."), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The behaviour.", body = AsOf<BehaviourShown>),
        NoToken,
        (status = 404, description = "No such debtor, or you see no invoice to it.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let question = Question { route: ROUTE, party: &party, side: Side::Buyer };
    let sampled = sample(
        &app,
        &caller,
        question,
        |now| (Behaviour::default(), now.date()),
        |(behaviour, today), _, receivable, view| {
            behaviour.observe(receivable, view, *today);
            true
        },
    );
    let sampled = sampled.await?;
    let (behaviour, _) = &sampled.value;
    let shown = BehaviourShown {
        object: "behaviour",
        debtor: party,
        invoices: Basis { observed: (&behaviour.invoices).into(), complete: sampled.is_complete },
        days_to_approve: (&behaviour.days_to_approve).into(),
        days_to_pay: (&behaviour.days_to_pay).into(),
        days_late: (&behaviour.days_late).into(),
        late: (&behaviour.late).into(),
        disputed: (&behaviour.disputed).into(),
        days_to_resolve: (&behaviour.days_to_resolve).into(),
        credited: (&behaviour.credited).into(),
        dilution: behaviour.dilution.iter().map(DilutionShown::of).collect(),
        broken_promises: (&behaviour.broken_promises).into(),
        rule: BEHAVIOUR_RULES.into_iter().collect(),
    };
    Ok(json(StatusCode::OK, &AsOf::new(shown, sampled.as_of)))
}
