//! The file of a conflict: who is in it, what was said, what is due, and who may know whom.
//!
//! A step is kept as it was said; deadlines and whether somebody is late are derived when they are read. A rank in
//! a conflict is never stored: a claim is kept by its seat (its invoice and its place), which a financing takes over
//! from its reservation and a new holder from the one before.

use serde::{Deserialize, Serialize};

use crate::domain::blanket::Blanket;
use crate::domain::encumbrance::Case;
use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, ClaimStanding, Receivable};
use crate::domain::state::State;
use crate::statement::ContestReason;
use crate::types::{Currency, DocumentHash, Minor, Timestamp};

/// How long a financier has to acknowledge a conflict, from when it came into it: 24 hours, in milliseconds.
pub const ACKNOWLEDGE_MILLIS: i64 = 24 * 3_600_000;
/// How long it then has to answer: 72 hours, in milliseconds.
pub const ANSWER_MILLIS: i64 = 72 * 3_600_000;
/// Most document hashes that one participant may name in one conflict.
pub(super) const EVIDENCE_MAX: usize = 32;
/// Most steps that one participant may make in one conflict.
pub(super) const STEPS_MAX: usize = 64;

/// Where a right sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Seat {
    /// A claim: the row of its invoice, and its place.
    Claim {
        /// The row of the invoice.
        row: u32,
        /// The place.
        place: u64,
    },
    /// A blanket pledge, by row.
    Pledge(u32),
}

/// One step of a case file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The log position of the statement.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The participant that made it.
    pub by: u32,
    /// What it is.
    pub action: Action,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Taken note of.
    Acknowledged,
    /// Contested.
    Contested(ContestReason),
    /// Documents were named.
    Evidenced(Vec<DocumentHash>),
    /// Consent to be known by these participants, to each that consents as well.
    Disclosed(Vec<u32>),
    /// The operator's decision that these participants know each other.
    Revealed(Vec<u32>),
    /// A way to end it: by a financier a proposal or the release of its own claims, by the operator a decision.
    Resolved(Resolution),
}

/// How a conflict ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// A reservation was released by its holder.
    Withdrawn,
    /// A financing was released by its holder.
    Released,
    /// Another order of payment, over all that stood.
    Subordinated(Vec<Seat>),
    /// What goes to each that stood.
    Shared {
        /// The shares, in the order of the seats.
        shares: Vec<(Seat, Minor)>,
        /// Their currency.
        currency: Currency,
    },
    /// Invoices that are not the same receivable.
    NotTheSame {
        /// The invoices, by row.
        rows: Vec<u32>,
        /// The claims that stood.
        among: Vec<Seat>,
    },
    /// Fraud.
    FraudConfirmed,
}

impl Resolution {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Released => "released",
            Self::Subordinated(_) => "subordinated",
            Self::Shared { .. } => "shared",
            Self::NotTheSame { .. } => "not_the_same_invoice",
            Self::FraudConfirmed => "fraud_confirmed",
        }
    }
}

/// What is due of one financier in a conflict, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until when to acknowledge.
    pub acknowledge_by: Timestamp,
    /// When it did: its first step counts, whatever that was.
    pub acknowledged_at: Option<Timestamp>,
    /// Until when to answer: to contest, to name evidence, or to propose or do something that ends it.
    pub answer_by: Timestamp,
    /// When it first did.
    pub answered_at: Option<Timestamp>,
}

impl Case {
    /// What was said by a participant, in order.
    pub fn steps_by(&self, participant: u32) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.by == participant)
    }

    /// What is due of a financier that came into it at a time.
    pub fn due(&self, participant: u32, since: Timestamp) -> Deadlines {
        let acknowledged_at = self.steps_by(participant).next().map(|step| step.at);
        let answers = |step: &&Step| match step.action {
            Action::Contested(_) | Action::Evidenced(_) | Action::Resolved(_) => true,
            Action::Acknowledged | Action::Disclosed(_) | Action::Revealed(_) => false,
        };
        let acknowledge_by = since.plus_millis(ACKNOWLEDGE_MILLIS);
        let from = acknowledged_at.map_or(acknowledge_by, |at| at.min(acknowledge_by));
        Deadlines {
            acknowledge_by,
            acknowledged_at,
            answer_by: from.plus_millis(ANSWER_MILLIS),
            answered_at: self.steps_by(participant).find(answers).map(|step| step.at),
        }
    }

    /// Whether a participant may know who another one in it is: both consented, or the operator decided so.
    pub fn reveals(&self, reader: u32, other: u32) -> bool {
        let consented = |by: u32, to: u32| {
            let mut steps = self.steps_by(by);
            steps
                .any(|step| matches!(&step.action, Action::Disclosed(among) if among.contains(&to)))
        };
        let decided = |step: &Step| match &step.action {
            Action::Revealed(among) => among.contains(&reader) && among.contains(&other),
            Action::Acknowledged
            | Action::Contested(_)
            | Action::Evidenced(_)
            | Action::Disclosed(_)
            | Action::Resolved(_) => false,
        };
        (consented(reader, other) && consented(other, reader)) || self.steps.iter().any(decided)
    }

    /// The resolution that took effect last, where one did.
    pub fn resolution(&self) -> Option<&Resolution> {
        let position = self.took_effect.last()?;
        let step = self.steps.iter().find(|step| step.position == *position)?;
        if let Action::Resolved(resolution) = &step.action { Some(resolution) } else { None }
    }

    /// The resolutions that took effect, with the log positions of the statements that did it, in order; that there was
    /// fraud is one of them.
    pub fn resolutions(&self) -> impl Iterator<Item = (u64, &Resolution)> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Resolved(it)
                if *it == Resolution::FraudConfirmed
                    || self.took_effect.contains(&step.position) =>
            {
                Some((step.position, it))
            }
            Action::Resolved(_)
            | Action::Acknowledged
            | Action::Contested(_)
            | Action::Evidenced(_)
            | Action::Disclosed(_)
            | Action::Revealed(_) => None,
        })
    }

    /// Whether the operator found fraud, and when.
    pub fn fraud_confirmed_at(&self) -> Option<Timestamp> {
        let fraud = |step: &&Step| step.action == Action::Resolved(Resolution::FraudConfirmed);
        self.steps.iter().find(fraud).map(|step| step.at)
    }
}

/// A right in a conflict.
pub enum Contender {
    /// A claim, with its invoice and the row of that.
    Claim(u32, Row<Receivable>, Claim),
    /// A blanket pledge, with its row.
    Pledge(u32, Row<Blanket>),
}

impl Contender {
    /// Where it sits.
    pub fn seat(&self) -> Seat {
        match self {
            Self::Claim(row, _, claim) => Seat::Claim { row: *row, place: claim.place },
            Self::Pledge(row, _) => Seat::Pledge(*row),
        }
    }

    /// Its place: the log position that is its priority.
    pub fn place(&self) -> u64 {
        match self {
            Self::Claim(_, _, claim) => claim.place,
            Self::Pledge(_, blanket) => blanket.position,
        }
    }

    /// When it took its place.
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Claim(_, _, claim) => claim.since,
            Self::Pledge(_, blanket) => blanket.recorded_at,
        }
    }

    /// Who holds it.
    pub fn holder(&self) -> u32 {
        match self {
            Self::Claim(_, _, claim) => claim.holder,
            Self::Pledge(_, blanket) => blanket.holder,
        }
    }

    /// Whether a participant holds it or held it.
    pub fn was_held_by(&self, participant: u32) -> bool {
        match self {
            Self::Claim(_, _, claim) => claim.was_held_by(participant),
            Self::Pledge(_, blanket) => blanket.holder == participant,
        }
    }

    /// Whether it stands.
    pub fn is_active(&self, now: Timestamp) -> bool {
        match self {
            Self::Claim(_, _, claim) => claim.is_active(now),
            Self::Pledge(_, blanket) => blanket.released.is_none(),
        }
    }
}

impl State {
    /// The rights in a conflict, in the order of their rank in it: 1 for the earliest place, each one more. Those that
    /// ended keep theirs. A claim whose place another claim of the case took over is left out: it would tell the
    /// others that a reservation became a financing.
    pub fn contenders(&self, case: &Case) -> Vec<Contender> {
        let claims = case.claims.iter().filter_map(|(row, id)| {
            let receivable = self.receivable(*row)?;
            let claim = receivable.claims.iter().find(|claim| claim.id == *id)?.clone();
            Some((*row, receivable, claim))
        });
        let mut claims: Vec<(u32, Row<Receivable>, Claim)> = claims.collect();
        claims.sort_by_key(|(_, _, claim)| (claim.place, claim.id));
        let places: Vec<(u32, u64, ClaimStanding)> =
            claims.iter().map(|(row, _, claim)| (*row, claim.place, claim.standing)).collect();
        claims.retain(|(row, _, claim)| {
            let taken_over = places.iter().any(|(on, place, standing)| {
                on == row && *place == claim.place && *standing != ClaimStanding::Superseded
            });
            claim.standing != ClaimStanding::Superseded || !taken_over
        });
        let pledges = case.blankets.iter();
        let pledges = pledges.filter_map(|row| Some(Contender::Pledge(*row, self.blanket(*row)?)));
        let claims = claims.into_iter().map(|(row, on, claim)| Contender::Claim(row, on, claim));
        let mut contenders: Vec<Contender> = claims.chain(pledges).collect();
        contenders.sort_by_key(Contender::place);
        contenders
    }
}
