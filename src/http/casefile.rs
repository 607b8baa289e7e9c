//! The file of a conflict as one of its parties sees it: who is in it, what is due, and what was said.
//!
//! The parties are numbered in the order in which they came in. Who they are is shown to the operator and to
//! auditors, and to a party as soon as both consented or the operator decided so; what they said is shown to all.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Action, Case, Contender, Resolution, Seat, State, Step};
use crate::http::caller::Caller;
use crate::statement::ContestReason;
use crate::types::{Currency, DocumentHash, InvoiceId, Minor, PartyId, Timestamp};

/// A party to a conflict: a financier that holds or held a claim or a blanket pledge in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConflictParty)]
pub(super) struct PartyShown {
    /// Its number, in the order of coming in.
    party: u16,
    /// Whether it is the caller.
    you: bool,
    /// Who it is, where the caller may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<PartyId>,
    /// When it came in.
    since: Timestamp,
    /// Until when to acknowledge: 24 hours after it came in.
    acknowledge_by: Timestamp,
    /// When it did: its first step counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Timestamp>,
    /// Until when to answer (contest, name evidence, propose a resolution): 72 hours after it acknowledged, or was
    /// to acknowledge.
    answer_by: Timestamp,
    /// When it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
    /// What is late; nothing once the conflict is over, or none of its claims stands.
    overdue: Vec<Overdue>,
}

/// What is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Overdue {
    /// To acknowledge.
    Acknowledge,
    /// To answer.
    Answer,
}

/// Whose step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// The caller's.
    You,
    /// Another party's: which, says its number.
    Other,
    /// The operator's.
    Operator,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepCode {
    /// Taken note of.
    Acknowledged,
    /// Contested, for a reason.
    Contested,
    /// Documents were named.
    Evidenced,
    /// Consent to be known by the others.
    Disclosed,
    /// The operator's decision that the parties know each other.
    Revealed,
    /// A resolution that takes effect when all have said the same.
    Proposed,
    /// A resolution that took effect.
    Resolved,
}

/// A step of the file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConflictStep)]
pub(super) struct StepShown {
    /// The log position of the statement.
    position: u64,
    /// When it was recorded.
    at: Timestamp,
    /// Whose it is.
    by: By,
    /// The number of the party, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<u16>,
    /// What it is.
    code: StepCode,
    /// Why it is contested.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ContestReason>,
    /// The code that this reason has outside: Brazil's `C01` to `C06`, or `1229:13` to `1229:20` of UN/EDIFACT.
    #[serde(skip_serializing_if = "Option::is_none")]
    outside_code: Option<&'static str>,
    /// SHA-256 of each document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<DocumentHash>,
    /// How it is to end, or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionShown>,
}

/// How a conflict ends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConflictResolution)]
pub(super) struct ResolutionShown {
    /// What it is.
    #[schema(value_type = String, example = "subordinated")]
    kind: &'static str,
    /// The order of payment, by rank; the ranks stay what they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order: Vec<u16>,
    /// What goes to each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shares: Vec<ShareShown>,
    /// The currency of the shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    /// The invoices that are told apart: for the operator and auditors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invoices: Vec<InvoiceId>,
}

/// What goes to one claim.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConflictShare)]
struct ShareShown {
    /// The claim, by its rank in the conflict.
    rank: u16,
    /// How much, in minor units.
    #[schema(value_type = i64)]
    amount_minor: Minor,
}

/// A case file that is written down for one reader.
pub(super) struct File<'a> {
    pub(super) state: &'a State,
    pub(super) caller: &'a Caller,
    pub(super) case: &'a Case,
    pub(super) contenders: &'a [Contender],
    pub(super) now: Timestamp,
}

impl File<'_> {
    /// The number of a party.
    pub(super) fn number(&self, participant: u32) -> Option<u16> {
        let at = self.case.parties.iter().position(|(party, _)| *party == participant)?;
        u16::try_from(at.saturating_add(1)).ok()
    }

    /// Who a participant is, where the reader may know.
    pub(super) fn identity(&self, participant: u32) -> Option<PartyId> {
        let reader = self.caller.row;
        let may = reader == participant
            || self.caller.sees_all(self.state)
            || self.case.reveals(reader, participant);
        if may { self.state.participant(participant).map(|it| it.id.clone()) } else { None }
    }

    /// The parties, in the order of coming in.
    pub(super) fn parties(&self) -> Vec<PartyShown> {
        let open = self.state.is_in_conflict(self.case, self.now);
        let shown = (1_u16..).zip(&self.case.parties).map(|(party, (participant, since))| {
            let due = self.case.due(*participant, *since);
            let stands =
                |right: &Contender| right.holder() == *participant && right.is_active(self.now);
            let awaited = open && self.contenders.iter().any(stands);
            let late =
                |by: Timestamp, done: Option<Timestamp>| awaited && done.is_none() && by < self.now;
            let acknowledge = late(due.acknowledge_by, due.acknowledged_at);
            let answer = late(due.answer_by, due.answered_at);
            let overdue = [(acknowledge, Overdue::Acknowledge), (answer, Overdue::Answer)];
            PartyShown {
                party,
                you: *participant == self.caller.row,
                id: self.identity(*participant),
                since: *since,
                acknowledge_by: due.acknowledge_by,
                acknowledged_at: due.acknowledged_at,
                answer_by: due.answer_by,
                answered_at: due.answered_at,
                overdue: overdue.iter().filter_map(|(late, what)| late.then_some(*what)).collect(),
            }
        });
        shown.collect()
    }

    /// The steps, in order.
    pub(super) fn steps(&self) -> Vec<StepShown> {
        self.case.steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&self, step: &Step) -> StepShown {
        let operator = self.state.rulebook().map(|rulebook| rulebook.operator);
        let by = if step.by == self.caller.row {
            By::You
        } else if operator == Some(step.by) {
            By::Operator
        } else {
            By::Other
        };
        let mut shown = StepShown {
            position: step.position,
            at: step.at,
            by,
            party: self.number(step.by),
            code: StepCode::Acknowledged,
            reason: None,
            outside_code: None,
            evidence: Vec::new(),
            resolution: None,
        };
        match &step.action {
            Action::Acknowledged => {}
            Action::Contested(reason) => {
                shown.code = StepCode::Contested;
                shown.reason = Some(*reason);
                shown.outside_code = Some(reason.outside_code());
            }
            Action::Evidenced(evidence) => {
                shown.code = StepCode::Evidenced;
                shown.evidence.clone_from(evidence);
            }
            Action::Disclosed(_) => shown.code = StepCode::Disclosed,
            Action::Revealed(_) => shown.code = StepCode::Revealed,
            Action::Resolved(resolution) => {
                let proposed = match resolution {
                    Resolution::Withdrawn | Resolution::Released | Resolution::FraudConfirmed => {
                        false
                    }
                    Resolution::Subordinated(_)
                    | Resolution::Shared { .. }
                    | Resolution::NotTheSame { .. } => {
                        operator != Some(step.by) && !self.case.took_effect.contains(&step.position)
                    }
                };
                shown.code = if proposed { StepCode::Proposed } else { StepCode::Resolved };
                shown.resolution = Some(self.resolution(resolution));
            }
        }
        shown
    }

    /// A resolution, in ranks.
    pub(super) fn resolution(&self, resolution: &Resolution) -> ResolutionShown {
        let mut shown = ResolutionShown {
            kind: resolution.code(),
            order: Vec::new(),
            shares: Vec::new(),
            currency: None,
            invoices: Vec::new(),
        };
        match resolution {
            Resolution::Withdrawn | Resolution::Released | Resolution::FraudConfirmed => {}
            Resolution::Subordinated(seats) => {
                shown.order = seats.iter().filter_map(|seat| self.rank(*seat)).collect();
            }
            Resolution::Shared { shares, currency } => {
                shown.currency = Some(*currency);
                let share = |(seat, minor): &(Seat, Minor)| {
                    Some(ShareShown { rank: self.rank(*seat)?, amount_minor: *minor })
                };
                shown.shares = shares.iter().filter_map(share).collect();
                shown.shares.sort_by_key(|share| share.rank);
            }
            Resolution::NotTheSame { rows, .. } => {
                if self.caller.sees_all(self.state) {
                    let invoices = rows.iter().filter_map(|row| self.state.receivable(*row));
                    shown.invoices = invoices.map(|receivable| receivable.id).collect();
                }
            }
        }
        shown
    }

    /// The rank in the conflict of the claim that has a seat.
    fn rank(&self, seat: Seat) -> Option<u16> {
        let at = self.contenders.iter().position(|right| right.seat() == seat)?;
        u16::try_from(at.saturating_add(1)).ok()
    }
}
