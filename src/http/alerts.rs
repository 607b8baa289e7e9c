//! What the caller has to know about what it holds a right on.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{About, Alert, AlertCode, Relation, Severity, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::params::{Cursor, List, Paging, Params};
use crate::http::problem::{NoToken, Problem};
use crate::invoice::KeyKind;
use crate::types::{CaseId, Date, InvoiceId, PartyId, StatementId, Timestamp};

/// How many alerts a request looks at.
const LOOKS_MAX: usize = 1_000;

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertShown {
    /// Always `alert`.
    object: &'static str,
    /// The id that it has among the caller's events.
    id: String,
    /// What happened.
    code: AlertCode,
    /// How soon to look.
    severity: Severity,
    /// What happened, in words.
    words: &'static str,
    /// The invoice on which the caller holds its right, where it is about one.
    #[serde(flatten)]
    own: OwnInvoice,
    /// What the invoice on which it happened is to the caller's; absent where it is none that matches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    /// Which keys the two share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys_met: Vec<KeyKind>,
    /// The invoice on which it happened, where that is another one that the caller sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    related_invoice: Option<InvoiceId>,
    /// The mandate, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mandate: Option<StatementId>,
    /// The offer, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<StatementId>,
    /// The caller's blanket pledge, where that is what was met; `related_invoice` is then the invoice under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// The log position of the statement that did it, or at which the time for it had passed.
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

/// The caller's own invoice, with the dates against which a later one shows; nothing where it is about none.
#[derive(Debug, Default, Serialize, ToSchema)]
struct OwnInvoice {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<InvoiceId>,
    /// When it was first registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_at: Option<Timestamp>,
    /// Its day of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_date: Option<Date>,
    /// The day on which it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<Date>,
}

/// What a list of alerts is narrowed to.
struct Filter {
    code: Option<AlertCode>,
    invoice: Option<InvoiceId>,
    since: Option<Timestamp>,
}

impl Filter {
    fn passes(&self, state: &State, alert: &Alert) -> bool {
        let on = |id: &InvoiceId| {
            let receivable = alert.receivable().and_then(|row| state.receivable(row));
            receivable.is_some_and(|receivable| receivable.id == *id)
        };
        self.code.is_none_or(|code| code == alert.code)
            && self.since.is_none_or(|since| since <= alert.recorded_at)
            && self.invoice.as_ref().is_none_or(on)
    }
}

/// List alerts
///
/// In the order of the log, narrowed by any of the filters. The operator and auditors see everybody's.
#[utoipa::path(
    get, path = "/v1/alerts", tag = "The caller's", operation_id = "list_alerts",
    params(
        ("code" = Option<AlertCode>, Query, description = "Of this code."),
        ("invoice" = Option<InvoiceId>, Query, description = "About this invoice of the caller's."),
        ("since" = Option<Timestamp>, Query, description = "Recorded at this time or later."),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<AlertShown>),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let filter = Filter {
        code: params.take("code")?,
        invoice: params.take("invoice")?,
        since: params.take("since")?,
    };
    let request = app.page(params, List::Alerts).await?;
    let fill = |state: &State, now| {
        let after = request.after.map(|Cursor(row, _)| row);
        let after = after.max(filter.since.and_then(|since| before(state, since)));
        let alerts = alerts_of(state, &caller, after);
        let alerts = alerts.map(|(row, alert)| (Cursor(u64::from(row), 0), (row, alert)));
        let mut numbers = Numbers::default();
        let show = |(row, alert): (u32, Alert)| {
            let number = numbers.next(state, &caller, row, &alert);
            let passes = filter.passes(state, &alert);
            passes.then(|| shown(state, &caller, &alert, number, now)).flatten()
        };
        Ok(Filling::of_few(request, LOOKS_MAX, alerts, show))
    };
    app.list(&caller, "/v1/alerts", fill).await
}

fn shown(
    state: &State,
    caller: &Caller,
    alert: &Alert,
    number: u32,
    now: Timestamp,
) -> Option<(AlertShown, Seen)> {
    let mut seen = Seen::default();
    let everything = caller.sees_all(state);
    let to = if everything { state.participant(alert.to) } else { None };
    let mut shown = AlertShown {
        object: "alert",
        id: format!("{}.{number}", alert.position),
        code: alert.code,
        severity: alert.code.severity(),
        words: alert.code.words(),
        own: OwnInvoice::default(),
        relation: None,
        keys_met: Vec::new(),
        related_invoice: None,
        mandate: None,
        request: None,
        blanket: None,
        position: alert.position,
        recorded_at: alert.recorded_at,
        case: alert.case,
        to: to.map(|participant| participant.id.clone()),
    };
    match alert.about {
        About::Mandate(row) => shown.mandate = Some(state.mandate(row)?.statement),
        About::Request(row) => shown.request = Some(state.request(row)?.statement),
        About::Blanket { row, receivable } => {
            shown.blanket = Some(state.blanket(row)?.statement);
            // Only its id, which a waiver names: what it says is for those who see the invoice.
            let receivable = receivable.and_then(|row| state.receivable(row));
            shown.related_invoice = receivable.map(|receivable| receivable.id);
        }
        About::Invoice { row, place } => {
            let receivable = state.receivable(row)?;
            let view = state.view(caller.row, &receivable, now);
            seen.note(&view, &receivable, caller.row);
            shown.own = OwnInvoice {
                invoice: Some(receivable.id),
                registered_at: Some(receivable.registered_at),
                issue_date: Some(receivable.core.issue_date),
                due_date: receivable.core.due_date,
            };
            shown.relation = place.relation;
            shown.keys_met = place.keys.iter().collect();
            let other = place.other.and_then(|row| state.receivable(row));
            if let Some(other) = other {
                let view = state.view(caller.row, &other, now);
                if view.any() {
                    seen.note(&view, &other, caller.row);
                    shown.related_invoice = Some(other.id);
                }
            }
        }
    }
    Some((shown, seen))
}

/// Numbers the alerts of each position from one, in their order, as events are numbered.
#[derive(Default)]
struct Numbers {
    last: Option<(u64, u32)>,
}

impl Numbers {
    fn next(&mut self, state: &State, caller: &Caller, row: u32, alert: &Alert) -> u32 {
        let number = match self.last {
            Some((position, number)) if position == alert.position => number.saturating_add(1),
            Some(_) => 1,
            // The page may begin in the midst of a position.
            None => earlier(state, caller, row, alert.position).saturating_add(1),
        };
        self.last = Some((alert.position, number));
        number
    }
}

/// How many alerts of a position the caller has before a row.
fn earlier(state: &State, caller: &Caller, row: u32, position: u64) -> u32 {
    let here = |row: &u32| state.alert(*row).is_some_and(|it| it.position == position);
    let count = if caller.sees_all(state) {
        (0..row).rev().take_while(here).count()
    } else {
        let own = state.alerts_of(caller.row);
        let end = own.partition_point(|own| *own < row);
        let before = own.get(..end).unwrap_or_default();
        before.iter().rev().copied().take_while(here).count()
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The last alert that was recorded before a time.
fn before(state: &State, time: Timestamp) -> Option<u64> {
    let (mut low, mut high) = (0, state.alerts_len());
    while low < high {
        let middle = low.midpoint(high);
        if state.alert(middle).is_some_and(|it| it.recorded_at < time) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    u64::from(low).checked_sub(1)
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
