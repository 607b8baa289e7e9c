//! The stage of an audit that has an order: the tree, the time, and every decision, one record after the other.
//!
//! After a record that the rules do not give, the replay goes on with what the rules give, never with what the
//! record says: one lie is not believed because it stands in the log.

use std::collections::BTreeSet;

use crate::audit::finding::{Code, Finding};
use crate::audit::published::PublishedReadModels;
use crate::audit::stages::{Parsed, ParsedRecord, ToVerify};
use crate::domain::{Effect, Outcome, State, Verdict};
use crate::log::{Checkpoint, Frontier, Hash};
use crate::signing::PublicKey;
use crate::statement::{Payload, Statement};
use crate::types::{CaseId, StatementId};

/// What was counted in the order of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) leaves: u64,
    pub(super) records: u64,
    pub(super) statements: u64,
    pub(super) signatures: u64,
}

/// The registry as far as the log was replayed.
pub(super) struct Replay {
    pub(super) state: State,
    pub(super) frontier: Frontier,
    /// Checkpoints that the log must agree with, none beyond the one that is audited.
    pub(super) known: Vec<Known>,
    pub(super) published: Option<PublishedReadModels>,
    /// What the log gives, as of the size of what is published.
    pub(super) rebuilt: Option<PublishedReadModels>,
    pub(super) counts: Counts,
}

/// An earlier checkpoint.
pub(super) struct Known {
    pub(super) checkpoint: Checkpoint,
    /// Whether the log was held against it already.
    pub(super) compared: bool,
}

impl Known {
    pub(super) const fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, compared: false }
    }

    /// Compares the root over its entries with what the registry signed for that many.
    pub(super) fn compare(&mut self, root: Hash) -> Option<Finding> {
        self.compared = true;
        let Checkpoint { size, root: signed, .. } = self.checkpoint;
        let detail = format!(
            "for size {size} the registry signed root {signed}, this log has {root}: there are two histories"
        );
        (signed != root).then(|| Finding::new(size.checked_sub(1), Code::Fork, detail))
    }
}

/// A stretch of the log after its decisions.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) signatures: Vec<ToVerify>,
    pub(super) findings: Vec<Finding>,
}

impl Decided {
    pub(super) const fn is_empty(&self) -> bool {
        self.signatures.is_empty() && self.findings.is_empty()
    }
}

impl Replay {
    pub(super) fn new(
        state: State,
        frontier: Frontier,
        known: Vec<Known>,
        published: Option<PublishedReadModels>,
    ) -> Self {
        let counts = Counts::default();
        Self { state, frontier, known, published, rebuilt: None, counts }
    }

    /// Replays the next records.
    pub(super) fn decide(&mut self, chunk: Vec<Parsed>) -> Decided {
        let mut decided =
            Decided { signatures: Vec::with_capacity(chunk.len()), ..Decided::default() };
        for parsed in chunk {
            self.record(parsed, &mut decided);
            self.pass(&mut decided.findings);
        }
        decided
    }

    fn record(&mut self, parsed: Parsed, decided: &mut Decided) {
        let position = self.frontier.size();
        let unnamed = StatementId::from_bytes(*parsed.leaf.as_bytes());
        self.frontier.push(parsed.leaf);
        add(&mut self.counts.leaves);
        let findings = &mut decided.findings;
        let mut find = |code, detail| findings.push(Finding::new(Some(position), code, detail));
        let ParsedRecord { time, rules, outcome, statement } = match parsed.record {
            Ok(record) => record,
            Err(error) => {
                find(Code::RecordMalformed, error.to_string());
                return self.state.pass_over(unnamed, self.state.time());
            }
        };
        add(&mut self.counts.records);
        if time < self.state.time() {
            let before = self.state.time();
            find(Code::TimeBackwards, format!("recorded at {time}, the one before it at {before}"));
        }
        let signed = match statement {
            Ok(signed) => signed,
            Err(error) => {
                find(Code::StatementMalformed, format!("{}: {error}", error.code()));
                return self.state.pass_over(unnamed, time);
            }
        };
        add(&mut self.counts.statements);
        let statement = signed.statement();
        let expected = self.state.rules_for(statement);
        if rules != expected {
            find(
                Code::RulesVersion,
                format!("recorded under rules {rules}, in force are {expected}"),
            );
        }
        // The key as it is before this record: a statement never vouches for the key that signs it, but the first.
        let author = self.state.participant_by_key(&statement.key);
        let key = self.key_of(author, statement);
        if key.is_none() {
            let detail = format!("no participant has key {} here", statement.key);
            find(Code::KeyUnknown, detail);
        }
        match self.state.decide(statement, time) {
            Ok(decision) => {
                if decision.outcome != outcome {
                    let code = disagreement(&decision.outcome, &outcome);
                    let (given, recorded) = (describe(&decision.outcome), describe(&outcome));
                    find(code, format!("the rules give {given}; recorded is {recorded}"));
                }
                self.state.apply(statement, time, decision);
            }
            Err(rejection) => {
                let code = rejection.code();
                find(Code::DecisionRejected, format!("the rules reject it, {code}: {rejection}"));
                let id = statement.id;
                self.state.pass_over(id, time);
            }
        }
        if let Some(key) = key {
            add(&mut self.counts.signatures);
            decided.signatures.push(ToVerify { position, statement: signed, key, signer: author });
        }
    }

    /// The key that a statement names, in force or revoked: whether it is in force is for the rules to say.
    fn key_of(&self, signer: Option<u32>, statement: &Statement) -> Option<PublicKey> {
        let found = signer.and_then(|row| {
            let participant = self.state.participant(row)?;
            participant.key(&statement.key).map(|key| key.key)
        });
        // The first statement brings the key that signs it; the trusted log key vouches for both.
        let Payload::RegistryOpened(opened) = &statement.payload else { return found };
        found.or_else(|| Some(opened.key).filter(|key| key.thumbprint() == statement.key))
    }

    /// Holds the log against whatever is known of its present size.
    pub(super) fn pass(&mut self, findings: &mut Vec<Finding>) {
        let size = self.frontier.size();
        for known in self.known.iter_mut().filter(|it| it.checkpoint.size == size && !it.compared) {
            findings.extend(known.compare(self.frontier.root()));
        }
        if self.rebuilt.is_none()
            && let Some(published) = &self.published
            && published.as_of == size
        {
            // Encoding a row of this crate does not fail; if it ever did, `finish` reports what was not compared.
            let Ok(rebuilt) = PublishedReadModels::from_state(&mut self.state) else { return };
            findings.extend(published.differences(&rebuilt));
            self.rebuilt = Some(rebuilt);
        }
    }
}

fn conflicts(outcome: &Outcome) -> BTreeSet<CaseId> {
    let case = |finding: &crate::domain::Finding| match finding.effect {
        Effect::Conflict(case) => Some(case),
        Effect::Fits | Effect::Refused | Effect::Own => None,
    };
    outcome.findings.iter().filter_map(case).collect()
}

fn disagreement(given: &Outcome, recorded: &Outcome) -> Code {
    if conflicts(given).is_subset(&conflicts(recorded)) {
        Code::OutcomeDiffers
    } else {
        Code::OutcomeSuppressesConflict
    }
}

/// An outcome in few words.
fn describe(outcome: &Outcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Admitted => "admitted",
        Verdict::Refused => "refused",
    };
    let cases: Vec<String> = conflicts(outcome).iter().map(ToString::to_string).collect();
    let met = match outcome.findings.len() {
        0 => "no earlier claim met".to_owned(),
        1 => "1 earlier claim met".to_owned(),
        count => format!("{count} earlier claims met"),
    };
    if cases.is_empty() {
        format!("{verdict}, {met}")
    } else {
        format!("{verdict}, {met}, conflict {}", cases.join(" "))
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}
