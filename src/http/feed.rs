//! The caller's events: thin CloudEvents that say what happened to which invoice, and nothing else.
//!
//! Two kinds: records that concern the caller, and alerts. What may be told is asked when an event is read, on
//! the state of that moment. The event's `id` is the log position, with the number of the alert where it is one.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{About, Alert, Relation, Severity, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::alerts::alerts_of;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::record::Record;
use crate::statement::{SignedStatement, Statement};
use crate::types::{CaseId, InvoiceId, Origin, StatementId, Timestamp};

/// How many positions are looked at at once.
const POSITIONS_MAX: usize = 128;

/// A CloudEvents 1.0 event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// Always `1.0`.
    specversion: &'static str,
    /// The log position; for an alert, the position, a dot and a number.
    id: String,
    /// The registry's origin.
    #[schema(value_type = Origin)]
    source: Origin,
    /// The statement's type, or `alert.<code>.v1`.
    #[serde(rename = "type")]
    kind: String,
    /// The invoice, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<InvoiceId>,
    /// The registry's time.
    time: Timestamp,
    /// Always `application/json`.
    datacontenttype: &'static str,
    /// Where to look.
    data: EventData,
}

/// Where to look for what happened.
#[derive(Debug, Serialize, ToSchema)]
struct EventData {
    /// The log position; go on with `after` this.
    position: u64,
    /// The invoices that it is about, as far as the caller sees them.
    invoices: Vec<InvoiceId>,
    /// The statement, where the caller may know who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementId>,
    /// The caller's blanket pledge, where that is what was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// The conflict, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<CaseId>,
    /// How soon to look, where it is an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// What the invoice on which it happened is to the caller's, where it is an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    /// The mandate that an alert is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    mandate: Option<StatementId>,
    /// The offer that an alert is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<StatementId>,
}

/// An event of a caller, with what telling it shows.
pub(super) struct Told {
    /// Where it happened.
    pub(super) position: u64,
    /// Which of the position's events it is: 0 the record itself, then its alerts.
    pub(super) number: u32,
    /// The event.
    pub(super) event: Event,
    /// The invoices that it shows; to be accounted for before it is told.
    pub(super) seen: Seen,
}

/// What a look at the log found for a caller.
pub(super) struct Found {
    /// In order.
    pub(super) told: Vec<Told>,
    /// Where to go on.
    pub(super) next: u64,
    /// Whether that is the end of the log, as it was.
    pub(super) at_head: bool,
    /// When the look was.
    pub(super) now: Timestamp,
}

/// The next events.
pub(super) struct Batch {
    /// Each with its position, in order.
    pub(super) events: Vec<(u64, Event)>,
    /// Where to go on.
    pub(super) next: u64,
    /// Whether that is the end of the log, as it was.
    pub(super) at_head: bool,
}

/// What is to be looked at for a batch.
struct Plan {
    records: Vec<u64>,
    alerts: Vec<(u32, Alert)>,
    next: u64,
    at_head: bool,
}

/// The caller's next events from a position on, accounted for.
pub(super) async fn batch(app: &App, caller: &Caller, from: u64) -> Result<Batch, Problem> {
    let Found { told, next, at_head, now } = look(app, caller, from, POSITIONS_MAX).await?;
    let mut seen = Seen::default();
    let mut events = Vec::with_capacity(told.len());
    for one in told {
        seen.join(one.seen);
        events.push((one.position, one.event));
    }
    app.account(caller, "/v1/events", now, seen)?;
    Ok(Batch { events, next, at_head })
}

/// Looks for the caller's events at its next positions, so many at most. Nothing is accounted for yet.
pub(super) async fn look(
    app: &App,
    caller: &Caller,
    from: u64,
    positions_max: usize,
) -> Result<Found, Problem> {
    let plan = |state: &State, now| Ok((plan(state, caller, from, positions_max), now));
    let (plan, now) = app.ask(caller, plan).await?.value;
    let Plan { records, alerts, next, at_head } = plan;
    if records.is_empty() && alerts.is_empty() {
        return Ok(Found { told: Vec::new(), next, at_head, now });
    }
    let entries = app.entries(records).await?;
    let mut read = Vec::with_capacity(entries.len());
    for (position, entry) in &entries {
        let record = Record::decode(entry).map_err(|_| Problem::of(Fault::Unavailable))?;
        let signed = SignedStatement::parse(record.statement);
        let signed = signed.map_err(|_| Problem::of(Fault::Unavailable))?;
        read.push((*position, record.time, signed));
    }
    let asked = app.ask(caller, |state, now| {
        let mut told = Vec::new();
        for (position, time, signed) in &read {
            let mut seen = Seen::default();
            let at = (*position, *time);
            let event = record_event(state, caller, at, signed.statement(), now, &mut seen);
            let position = *position;
            told.extend(event.map(|event| Told { position, number: 0, event, seen }));
        }
        for (number, (_, alert)) in (1_u32..).zip(&alerts) {
            let mut seen = Seen::default();
            let event = alert_event(state, caller, alert, now, &mut seen);
            let position = alert.position;
            told.extend(event.map(|event| Told { position, number, event, seen }));
        }
        told.sort_by_key(|one| (one.position, one.number));
        number_alerts(&mut told);
        Ok((told, now))
    });
    let (told, now) = asked.await?.value;
    Ok(Found { told, next, at_head, now })
}

/// Chooses whole positions: what happened at one is never told in parts.
fn plan(state: &State, caller: &Caller, from: u64, positions_max: usize) -> Plan {
    let enough = positions_max.saturating_add(1);
    let records: Vec<u64> = if caller.sees_all(state) {
        (from..state.size()).take(enough).collect()
    } else {
        let feed = state.feed_of(caller.row);
        let start = feed.partition_point(|position| u64::from(*position) < from);
        let feed = feed.get(start..).unwrap_or_default();
        feed.iter().take(enough).copied().map(u64::from).collect()
    };
    let (alerts, alerts_end) = alerts_from(state, caller, from, enough);
    let positions = alerts.iter().map(|(_, alert)| alert.position);
    let positions: BTreeSet<u64> = records.iter().copied().chain(positions).collect();
    // Where either list was cut, nothing is known from its end on.
    let records_end = (records.len() == enough).then(|| records.last().copied()).flatten();
    let cut = [records_end, alerts_end].into_iter().flatten().min();
    let known = positions.into_iter().filter(|position| cut.is_none_or(|cut| *position < cut));
    let next = cut.unwrap_or(state.size());
    let known: BTreeSet<u64> = known.collect();
    Plan {
        records: records.into_iter().filter(|position| known.contains(position)).collect(),
        alerts: alerts.into_iter().filter(|(_, alert)| known.contains(&alert.position)).collect(),
        next,
        at_head: cut.is_none(),
    }
}

/// The caller's alerts from a position on, and the position from which on others may be missing.
fn alerts_from(
    state: &State,
    caller: &Caller,
    from: u64,
    enough: usize,
) -> (Vec<(u32, Alert)>, Option<u64>) {
    let at = |row: u32| state.alert(row).map_or(0, |alert| alert.position);
    let first = if caller.sees_all(state) {
        let (mut low, mut high) = (0, state.alerts_len());
        while low < high {
            let middle = low.midpoint(high);
            if at(middle) < from {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Some(low)
    } else {
        let own = state.alerts_of(caller.row);
        own.get(own.partition_point(|row| at(*row) < from)).copied()
    };
    let Some(first) = first else { return (Vec::new(), None) };
    let after = u64::from(first).checked_sub(1);
    let mut rest = alerts_of(state, caller, after).peekable();
    let mut alerts: Vec<(u32, Alert)> = rest.by_ref().take(enough).collect();
    if alerts.len() < enough {
        return (alerts, None);
    }
    // All alerts of a bordereau have one position: a batch takes all of them, so that it always moves on.
    let begins = alerts.first().map(|(_, alert)| alert.position);
    let ends = alerts.last().map(|(_, alert)| alert.position);
    if begins != ends {
        return (alerts, ends);
    }
    while let Some(next) = rest.next_if(|(_, alert)| Some(alert.position) == ends) {
        alerts.push(next);
    }
    (alerts, ends.map(|position| position.saturating_add(1)))
}

/// Numbers the alerts of each position from one, in their order.
fn number_alerts(told: &mut [Told]) {
    let mut last = (u64::MAX, 0_u32);
    for one in told.iter_mut().filter(|one| one.number > 0) {
        let next = if last.0 == one.position { last.1.saturating_add(1) } else { 1 };
        last = (one.position, next);
        one.number = next;
        one.event.id = format!("{}.{next}", one.position);
    }
}

fn record_event(
    state: &State,
    caller: &Caller,
    (position, time): (u64, Timestamp),
    statement: &Statement,
    now: Timestamp,
    seen: &mut Seen,
) -> Option<Event> {
    let telling = state.telling(caller.row, position, statement, now)?;
    let own = state.is_author(caller.row, statement);
    let mut invoices = Vec::with_capacity(telling.receivables.len());
    for row in &telling.receivables {
        let Some(receivable) = state.receivable(*row) else { continue };
        if !own {
            seen.note(&state.view(caller.row, &receivable, now), &receivable, caller.row);
        }
        invoices.push(receivable.id);
    }
    let kind = statement.payload.kind().as_str().to_owned();
    let data = EventData {
        position,
        invoices,
        statement: telling.author.then_some(statement.id),
        blanket: None,
        case: None,
        severity: None,
        relation: None,
        mandate: None,
        request: None,
    };
    Some(Event::new(state, kind, time, data))
}

fn alert_event(
    state: &State,
    caller: &Caller,
    alert: &Alert,
    now: Timestamp,
    seen: &mut Seen,
) -> Option<Event> {
    let mut data = EventData {
        position: alert.position,
        invoices: Vec::new(),
        statement: None,
        blanket: None,
        case: alert.case,
        severity: Some(alert.code.severity()),
        relation: None,
        mandate: None,
        request: None,
    };
    match alert.about {
        About::Mandate(row) => data.mandate = Some(state.mandate(row)?.statement),
        About::Request(row) => data.request = Some(state.request(row)?.statement),
        About::Blanket { row, receivable } => {
            data.blanket = Some(state.blanket(row)?.statement);
            let receivable = receivable.and_then(|row| state.receivable(row));
            data.invoices.extend(receivable.map(|receivable| receivable.id));
        }
        About::Invoice { row, place } => {
            let receivable = state.receivable(row)?;
            seen.note(&state.view(caller.row, &receivable, now), &receivable, caller.row);
            data.invoices.push(receivable.id);
            data.relation = place.relation;
        }
    }
    let kind = format!("alert.{}.v1", alert.code.as_str());
    Some(Event::new(state, kind, alert.recorded_at, data))
}

impl Event {
    fn new(state: &State, kind: String, time: Timestamp, data: EventData) -> Self {
        let subject = match data.invoices.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        Self {
            specversion: "1.0",
            id: data.position.to_string(),
            source: state.origin().clone(),
            kind,
            subject,
            time,
            datacontenttype: "application/json",
            data,
        }
    }

    /// Its type.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }
}
