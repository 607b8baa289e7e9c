//! The four axes of an invoice in words, as far as a reader sees them.
//!
//! The axis of encumbrances is not what was last said but what the claims come to that the reader sees: a
//! debtor sees those that were disclosed, a financier its own. For them the axis is never "free", since that
//! would be a word on claims that they do not see.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Axis, ClaimKind, End, Reading, Receivable, State, TacitAcceptance, View};
use crate::statement::{Code, SourceKind};
use crate::types::{Date, Minor, StatementId, Timestamp};

/// The four axes. An axis that the reader does not see is `null` and named in `not_shown`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Axes {
    /// `registered`, `delivered`, `not_delivered`, `rejected_technical`, `credited` or `cancelled`.
    document: Option<AxisShown>,
    /// What the debtor does with it; `null` where nothing was reported. `tacitly_accepted`, with `derived`, where it
    /// said nothing for the term that the reader's mandate names.
    process: Option<AxisShown>,
    /// Money; `null` where nothing was reported.
    payment: Option<AxisShown>,
    /// What the debtor undertook to pay without set-off, for who sees the payment axis; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    guaranteed: Option<GuaranteeShown>,
    /// `free`, `reserved`, `assigned`, `confidentially_assigned`, `released` or a reported status, from what the
    /// reader sees of claims; `null` where it sees none and may not know of others.
    encumbrance: Option<AxisShown>,
    /// The axes that the reader does not see.
    not_shown: Vec<&'static str>,
}

/// A state of one axis, with what other sources say of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AxisState)]
pub(super) struct AxisShown {
    /// The state: the newest word, at one time that of the best source (`ledger`, `buyer`, `platform`, `seller`).
    #[serde(flatten)]
    now: ReadingShown,
    /// Whether what the sources said last cannot all be so.
    contradicted: bool,
    /// What the other sources said last, the most trusted first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<ReadingShown>,
}

/// A state: since when, who says so and what that is worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AxisReading)]
struct ReadingShown {
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
    /// True where nobody reported it: it follows from the registry's time and the mandate, and stands in no record.
    #[serde(skip_serializing_if = "Option::is_none")]
    derived: Option<bool>,
    /// The law that makes silence count, where that is what it is derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    law: Option<Code>,
    /// The mandate that names the law.
    #[serde(skip_serializing_if = "Option::is_none")]
    mandate: Option<StatementId>,
}

/// What a debtor undertook to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Guarantee)]
struct GuaranteeShown {
    /// How much, in minor units of the invoice's currency; for who sees amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    amount_minor: Option<Minor>,
    /// On which day; for who sees amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    /// When it was recorded.
    recorded_at: Timestamp,
    /// The statement of the debtor.
    statement: StatementId,
}

impl Axes {
    /// What a reader sees of an invoice's axes.
    pub(super) fn of(
        state: &State,
        receivable: &Receivable,
        view: &View,
        reader: u32,
        now: Timestamp,
    ) -> Self {
        let shows = |axis| view.sees_axis(axis);
        let amounts = view.sees_amounts();
        let document = shows(Axis::Document).then(|| document(receivable, view));
        let process = shows(Axis::Process).then(|| {
            let tacit = state.tacit_acceptance(reader, view, receivable, now);
            process(receivable, tacit, amounts)
        });
        let payment = shows(Axis::Payment);
        let payment = payment.then(|| AxisShown::reported(receivable, Axis::Payment, amounts));
        let guarantee = receivable.guarantee().filter(|_| shows(Axis::Payment));
        let not_shown = [
            (Axis::Document, "document"),
            (Axis::Process, "process"),
            (Axis::Payment, "payment"),
            (Axis::Encumbrance, "encumbrance"),
        ];
        Self {
            document,
            process: process.flatten(),
            payment: payment.flatten(),
            guaranteed: guarantee.map(|guarantee| GuaranteeShown {
                amount_minor: amounts.then_some(guarantee.amount_minor),
                date: amounts.then_some(guarantee.date),
                recorded_at: guarantee.recorded_at,
                statement: guarantee.statement,
            }),
            encumbrance: encumbrance(receivable, view, reader, now),
            not_shown: not_shown
                .into_iter()
                .filter_map(|(axis, name)| (!shows(axis)).then_some(name))
                .collect(),
        }
    }

    /// Whether any axis that is shown is in this state.
    pub(super) fn has(&self, state: &str) -> bool {
        (state == "guaranteed" && self.guaranteed.is_some())
            || [&self.document, &self.process, &self.payment, &self.encumbrance]
                .into_iter()
                .flatten()
                .any(|axis| axis.now.state == state)
    }
}

impl AxisShown {
    /// What the sources say of an axis; nothing where none does.
    fn reported(receivable: &Receivable, axis: Axis, amounts: bool) -> Option<Self> {
        let shown = |reading: &Reading| ReadingShown::reported(reading, amounts);
        Some(Self {
            now: shown(receivable.present(axis)?),
            contradicted: receivable.is_contradicted(axis),
            readings: receivable.beside(axis).map(shown).collect(),
        })
    }

    /// What the registry itself knows.
    fn known(state: &str, at: Option<Timestamp>) -> Self {
        let now = ReadingShown::known(state, at);
        Self { now, contradicted: false, readings: Vec::new() }
    }
}

impl ReadingShown {
    fn reported(reading: &Reading, amounts: bool) -> Self {
        Self {
            state: word(&reading.status),
            effective_at: Some(reading.effective_at),
            recorded_at: Some(reading.recorded_at),
            source: Some(reading.source),
            certainty: Some(reading.certainty),
            amount_minor: reading.amount_minor.filter(|_| amounts),
            date: reading.date.filter(|_| amounts),
            derived: None,
            law: None,
            mandate: None,
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
            derived: None,
            law: None,
            mandate: None,
        }
    }

    /// That silence counts: nobody says so, so that it has neither source nor certainty, and it stands in no record.
    fn tacit(tacit: TacitAcceptance) -> Self {
        Self {
            recorded_at: None,
            derived: Some(true),
            law: Some(tacit.law),
            mandate: Some(tacit.mandate),
            ..Self::known("tacitly_accepted", Some(tacit.at))
        }
    }
}

fn document(receivable: &Receivable, view: &View) -> AxisShown {
    if let Some(end @ (End::Credited | End::Cancelled)) = receivable.end {
        return AxisShown::known(&word(&end), None);
    }
    AxisShown::reported(receivable, Axis::Document, view.sees_amounts()).unwrap_or_else(|| {
        let told = view.told(receivable);
        let at = told.map_or(receivable.registered_at, |told| told.registered_at);
        AxisShown::known("registered", Some(at))
    })
}

/// The debtor's process. Silence that counts is the state where nobody objected since; an objection comes first.
fn process(
    receivable: &Receivable,
    tacit: Option<TacitAcceptance>,
    amounts: bool,
) -> Option<AxisShown> {
    let reported = AxisShown::reported(receivable, Axis::Process, amounts);
    let Some(tacit) = tacit else { return reported };
    let objected = tacit.objected;
    let tacit = ReadingShown::tacit(tacit);
    match reported {
        Some(mut shown) if objected => {
            shown.contradicted = true;
            shown.readings.push(tacit);
            Some(shown)
        }
        reported => {
            let contradicted = reported.as_ref().is_some_and(|it| it.contradicted);
            let readings =
                reported.into_iter().flat_map(|it| [it.now].into_iter().chain(it.readings));
            Some(AxisShown { now: tacit, contradicted, readings: readings.collect() })
        }
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
        let now = ReadingShown::reported(reading, view.sees_amounts());
        return Some(AxisShown { now, contradicted: false, readings: Vec::new() });
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
