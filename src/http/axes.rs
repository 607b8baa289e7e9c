//! The four axes of an invoice in words, as far as a reader sees them.
//!
//! The axis of encumbrances is not what was last said but what the claims come to that the reader sees: a
//! debtor sees those that were disclosed, a financier its own. For them the axis is never "free", since that
//! would be a word on claims that they do not see.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Axis, ClaimKind, End, Reading, Receivable, View};
use crate::statement::SourceKind;
use crate::types::{Date, Minor, Timestamp};

/// The four axes. An axis that the reader does not see is `null` and named in `not_shown`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Axes {
    /// `registered`, `delivered`, `not_delivered`, `rejected_technical`, `credited` or `cancelled`.
    document: Option<AxisShown>,
    /// What the debtor does with it; `null` where nothing was reported.
    process: Option<AxisShown>,
    /// Money; `null` where nothing was reported.
    payment: Option<AxisShown>,
    /// `free`, `reserved`, `assigned`, `confidentially_assigned`, `released` or a reported status, from what the
    /// reader sees of claims; `null` where it sees none and may not know of others.
    encumbrance: Option<AxisShown>,
    /// The axes that the reader does not see.
    not_shown: Vec<&'static str>,
}

/// A state of one axis: since when, who says so and what that is worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AxisState)]
pub(super) struct AxisShown {
    /// The state.
    state: String,
    /// When it came into effect at its source; where it is absent, the history tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<Timestamp>,
    /// When the registry recorded it; where it is absent, the history tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<Timestamp>,
    /// Who or what says so; absent where the registry itself knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceKind>,
    /// What it is worth to a financier, from 0 (the seller's word, and everything adverse) to 6 (money matched).
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<u8>,
    /// The amount that it speaks of, in minor units of the invoice's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    amount_minor: Option<Minor>,
    /// The day that it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
}

impl Axes {
    /// What a reader sees of an invoice's axes.
    pub(super) fn of(receivable: &Receivable, view: &View, reader: u32, now: Timestamp) -> Self {
        let shows = |axis| view.sees_axis(axis);
        let amounts = view.sees_amounts();
        let reported = |axis, reading: &Option<Reading>| {
            let reading = reading.as_ref().filter(|_| shows(axis));
            reading.map(|reading| AxisShown::reported(reading, amounts))
        };
        let document = shows(Axis::Document).then(|| document(receivable, amounts));
        let not_shown = [
            (Axis::Document, "document"),
            (Axis::Process, "process"),
            (Axis::Payment, "payment"),
            (Axis::Encumbrance, "encumbrance"),
        ];
        Self {
            document,
            process: reported(Axis::Process, &receivable.process),
            payment: reported(Axis::Payment, &receivable.payment),
            encumbrance: encumbrance(receivable, view, reader, now),
            not_shown: not_shown
                .into_iter()
                .filter_map(|(axis, name)| (!shows(axis)).then_some(name))
                .collect(),
        }
    }

    /// Whether any axis that is shown is in this state.
    pub(super) fn has(&self, state: &str) -> bool {
        [&self.document, &self.process, &self.payment, &self.encumbrance]
            .into_iter()
            .flatten()
            .any(|axis| axis.state == state)
    }
}

impl AxisShown {
    fn reported(reading: &Reading, amounts: bool) -> Self {
        Self {
            state: word(&reading.status),
            effective_at: Some(reading.effective_at),
            recorded_at: Some(reading.recorded_at),
            source: Some(reading.source),
            certainty: Some(reading.certainty),
            amount_minor: reading.amount_minor.filter(|_| amounts),
            date: reading.date.filter(|_| amounts),
        }
    }

    fn known(state: &str, at: Option<Timestamp>) -> Self {
        Self {
            state: state.to_owned(),
            effective_at: at,
            recorded_at: at,
            source: None,
            certainty: None,
            amount_minor: None,
            date: None,
        }
    }
}

fn document(receivable: &Receivable, amounts: bool) -> AxisShown {
    if let Some(end @ (End::Credited | End::Cancelled)) = receivable.end {
        return AxisShown::known(&word(&end), None);
    }
    match &receivable.document {
        Some(reading) => AxisShown::reported(reading, amounts),
        None => AxisShown::known("registered", Some(receivable.registered_at)),
    }
}

/// What the claims come to that a reader sees.
fn encumbrance(
    receivable: &Receivable,
    view: &View,
    reader: u32,
    now: Timestamp,
) -> Option<AxisShown> {
    let seen = || receivable.claims.iter().filter(|claim| view.sees_claim(claim, reader));
    let standing = |wanted: fn(&ClaimKind) -> bool| {
        seen().find(|claim| claim.is_active(now) && wanted(&claim.kind)).map(|claim| claim.since)
    };
    let disclosed = standing(|kind| *kind == ClaimKind::Disclosed);
    let silent = standing(|kind| *kind == ClaimKind::Silent);
    let reserved = standing(|kind| matches!(kind, ClaimKind::Reservation { .. }));
    let claimed = disclosed
        .map(|since| ("assigned", since))
        .or_else(|| silent.map(|since| ("confidentially_assigned", since)))
        .or_else(|| reserved.map(|since| ("reserved", since)));
    if let Some((state, since)) = claimed {
        return Some(AxisShown::known(state, Some(since)));
    }
    if !view.sees_axis(Axis::Encumbrance) {
        return None;
    }
    if let Some(reading) = &receivable.encumbrance {
        return Some(AxisShown::reported(reading, view.sees_amounts()));
    }
    let state = if receivable.claims.is_empty() { "free" } else { "released" };
    Some(AxisShown::known(state, None))
}

/// A value of a closed list as it stands in JSON.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
