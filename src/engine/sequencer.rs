//! The one writer: decides statements in one order, makes each batch durable, answers.
//!
//! 1. Groups are taken in the order in which they were submitted, as many as are ready.
//! 2. Each statement is decided on the state that the ones before it left, and applied.
//! 3. The batch goes to the log: one durable flush, read back, signed.
//! 4. Only now receipts go out, and the durable size moves, for which readers wait.
//!
//! Any error from 3 on ends this thread: what is on the disk is no longer known, and the process that starts
//! next reads it. Nothing is acknowledged then, and sending the same bytes again is always safe.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crossbeam_channel::{Receiver, TryRecvError};
use tokio::sync::{oneshot, watch};

use crate::domain::{Rejection, State, Subject, registry_time};
use crate::engine::intake::{KeyRing, Taken};
use crate::engine::ledger::{Ledger, LedgerError, Library};
use crate::engine::saver::Saver;
use crate::engine::{Admitted, Clock, Refusal, Submission};
use crate::log::leaf_hash;
use crate::record::{LogProof, Receipt, Record};
use crate::signing::Verifier;
use crate::statement::{Payload, SignedStatement, Statement};
use crate::types::{InvoiceId, StatementId, Timestamp};

/// Statements in one durable flush: enough to hide the flush, few enough to keep a batch within some tens
/// of milliseconds.
const BATCH_MAX: usize = 1_024;

/// Changed pages that are kept before they are saved: some 12 KiB each, so about 24 MiB, and as much again while
/// they are being saved.
pub(super) const CHANGED_PAGES_MAX: usize = 2_048;

/// A group of statements on its way through.
pub(super) struct Group {
    /// Where intake puts its result.
    pub(super) taken: Receiver<Vec<Taken>>,
    /// Where the answers go.
    pub(super) reply: oneshot::Sender<Vec<Submission>>,
    /// The share of the queue that it holds, given back when it is answered.
    pub(super) room: tokio::sync::OwnedSemaphorePermit,
}

/// The writer with everything that it owns.
pub(super) struct Sequencer {
    /// What is submitted; closed when the registry stops.
    pub(super) groups: Receiver<Group>,
    /// The log.
    pub(super) ledger: Ledger,
    /// Reads beside it.
    pub(super) library: Arc<Library>,
    /// The state that readers share.
    pub(super) state: Arc<RwLock<State>>,
    /// The keys that intake looks up.
    pub(super) ring: Arc<KeyRing>,
    /// Checks signatures under keys that intake did not know yet.
    pub(super) verifier: Arc<Verifier>,
    /// Saves the read models.
    pub(super) saver: Saver,
    /// The registry's clock.
    pub(super) clock: Clock,
    /// How many records are durable.
    pub(super) durable: watch::Sender<u64>,
}

/// A statement that was admitted in the batch at hand.
struct Fresh {
    id: StatementId,
    kind: &'static str,
    position: u64,
    entry: usize,
    invoice: Option<InvoiceId>,
}

/// An answer that may wait for the flush.
enum Answer {
    Now(Box<Submission>),
    /// Index into the batch's fresh statements, and whether the same bytes were sent before.
    AfterFlush(usize, bool),
}

#[derive(Default)]
struct Pending {
    entries: Vec<Vec<u8>>,
    fresh: Vec<Fresh>,
    by_id: BTreeMap<StatementId, usize>,
    new_keys: bool,
}

impl Sequencer {
    /// Runs until the queue is closed and empty.
    ///
    /// # Errors
    /// [`LedgerError`] or a fault of the read models; the process must end.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let mut waiting: Option<(Group, Vec<Taken>)> = None;
        loop {
            let first = match waiting.take() {
                Some(ready) => ready,
                None => match self.groups.recv() {
                    Err(_) => return self.close(),
                    Ok(group) => match group.taken.recv() {
                        Ok(taken) => (group, taken),
                        // Intake died: its group is answered with "unknown" by dropping it.
                        Err(_) => continue,
                    },
                },
            };
            let mut batch = vec![first];
            let mut statements: usize = batch.iter().map(|(_, taken)| taken.len()).sum();
            while statements < BATCH_MAX {
                let Ok(group) = self.groups.try_recv() else { break };
                match group.taken.try_recv() {
                    Ok(taken) => {
                        statements = statements.saturating_add(taken.len());
                        batch.push((group, taken));
                    }
                    Err(TryRecvError::Empty) => {
                        // Not ready: the flush of what is there runs meanwhile, and it keeps its turn.
                        self.process(batch)?;
                        batch = Vec::new();
                        if let Ok(taken) = group.taken.recv() {
                            waiting = Some((group, taken));
                        }
                        break;
                    }
                    Err(TryRecvError::Disconnected) => {}
                }
            }
            if !batch.is_empty() {
                self.process(batch)?;
            }
        }
    }

    fn process(&mut self, batch: Vec<(Group, Vec<Taken>)>) -> Result<(), Failure> {
        let started = std::time::Instant::now();
        let mut pending = Pending::default();
        let mut answers = Vec::with_capacity(batch.len());
        {
            let state = Arc::clone(&self.state);
            let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
            let now = registry_time(state.time(), (self.clock)());
            for (group, taken) in batch {
                let mut answer = |taken| self.answer(&mut state, &mut pending, now, taken);
                let group_answers =
                    taken.into_iter().map(&mut answer).collect::<Result<Vec<_>, _>>()?;
                answers.push((group.reply, group_answers, group.room));
            }
            if let Some(fault) = state.fault() {
                return Err(Failure::Views(fault.to_owned()));
            }
            if pending.new_keys {
                fill_ring(&self.ring, &state);
            }
        }
        let proofs = if pending.entries.is_empty() {
            Vec::new()
        } else {
            self.ledger.append(&pending.entries)?
        };
        let size = self.ledger.size();
        metrics::histogram!("tallystick_batch_statements").record(f64_of(pending.entries.len()));
        metrics::histogram!("tallystick_batch_seconds").record(started.elapsed().as_secs_f64());
        metrics::gauge!("tallystick_log_size")
            .set(f64_of(usize::try_from(size).unwrap_or(usize::MAX)));
        self.durable.send_replace(size);
        for (reply, group_answers, room) in answers {
            let submissions =
                group_answers.into_iter().filter_map(|answer| finish(answer, &pending, &proofs));
            // The submitter may have gone; what it submitted stands.
            drop(reply.send(submissions.collect()));
            drop(room);
        }
        self.save_if_due()
    }

    fn answer(
        &self,
        state: &mut State,
        pending: &mut Pending,
        now: Timestamp,
        taken: Taken,
    ) -> Result<Answer, Failure> {
        let refused = |id, rejection: Rejection| {
            metrics::counter!("tallystick_rejections_total", "code" => rejection.code())
                .increment(1);
            Answer::Now(Box::new(Submission { id, result: Err(Refusal::Rejected(rejection)) }))
        };
        let signed = match taken {
            Taken::Malformed(malformed) => {
                metrics::counter!("tallystick_rejections_total", "code" => malformed.code())
                    .increment(1);
                return Ok(Answer::Now(Box::new(Submission {
                    id: None,
                    result: Err(Refusal::Malformed(malformed)),
                })));
            }
            Taken::Forged(signed) => {
                return Ok(refused(Some(signed.statement().id), Rejection::SignatureInvalid));
            }
            Taken::Verified(verified) => verified.into_inner(),
            Taken::KeyUnknown(signed) => match self.verify_late(state, *signed) {
                Ok(signed) => signed,
                Err((id, rejection)) => return Ok(refused(Some(id), rejection)),
            },
        };
        let statement = signed.statement();
        if let Some(position) = state.position_of(&statement.id) {
            return self.replayed(pending, position, &signed).map(|replayed| {
                replayed.unwrap_or_else(|| refused(Some(statement.id), Rejection::ReferenceReused))
            });
        }
        let decision = match state.decide(statement, now) {
            Ok(decision) => decision,
            Err(rejection) => return Ok(refused(Some(statement.id), rejection)),
        };
        let rules = state.rules_for(statement);
        let record = Record::new(now, rules, signed.bytes(), decision.outcome.clone());
        let Ok(entry) = record.encode() else {
            return Ok(refused(Some(statement.id), Rejection::RecordTooLarge));
        };
        let position = state.size();
        let subject = decision.subject;
        state.apply(statement, now, decision);
        metrics::counter!("tallystick_statements_total", "type" => statement.payload.kind().as_str()).increment(1);
        pending.new_keys |= brings_keys(&statement.payload);
        pending.by_id.insert(statement.id, pending.fresh.len());
        pending.fresh.push(Fresh {
            id: statement.id,
            kind: statement.payload.kind().as_str(),
            position,
            entry: pending.entries.len(),
            invoice: invoice_of(state, subject),
        });
        pending.entries.push(entry);
        Ok(Answer::AfterFlush(pending.fresh.len().saturating_sub(1), false))
    }

    /// Verifies under a key that a statement before this one may have added.
    fn verify_late(
        &self,
        state: &State,
        signed: SignedStatement,
    ) -> Result<SignedStatement, (StatementId, Rejection)> {
        let statement = signed.statement();
        let id = statement.id;
        let key = if let (Payload::RegistryOpened(opened), None) =
            (&statement.payload, state.rulebook())
        {
            // The first statement brings its own key.
            Some(opened.key)
        } else {
            key_in(state, statement)
        };
        // Before the registry is open nobody has a key.
        let opened = state.rulebook().is_some();
        let unknown = if opened { Rejection::KeyUnknown } else { Rejection::NotOpened };
        let key = key.ok_or((id, unknown))?;
        match signed.verify(&self.verifier, &key) {
            Ok(verified) => Ok(verified.into_inner()),
            Err(_) => Err((id, Rejection::SignatureInvalid)),
        }
    }

    /// The first receipt again, if these are the same bytes.
    fn replayed(
        &self,
        pending: &Pending,
        position: u64,
        signed: &SignedStatement,
    ) -> Result<Option<Answer>, Failure> {
        let id = signed.statement().id;
        if let Some(fresh) = pending.by_id.get(&id) {
            let entry =
                pending.fresh.get(*fresh).and_then(|fresh| pending.entries.get(fresh.entry));
            let same = entry.is_some_and(|entry| is_record_of(entry, signed.bytes()));
            return Ok(same.then_some(Answer::AfterFlush(*fresh, true)));
        }
        let entry = self
            .library
            .entries(position, position.saturating_add(1))
            .map_err(LedgerError::from)?;
        let Some(entry) = entry.first().filter(|entry| is_record_of(entry, signed.bytes())) else {
            return Ok(None);
        };
        let Some(receipt) = receipt_of(&self.library, position, entry, None)? else {
            return Ok(None);
        };
        Ok(Some(Answer::Now(Box::new(Submission {
            id: Some(id),
            result: Ok(Admitted { receipt, replayed: true }),
        }))))
    }

    fn save_if_due(&mut self) -> Result<(), Failure> {
        if let Some(result) = self.saver.finished() {
            result.map_err(Failure::Views)?;
            self.state.write().unwrap_or_else(PoisonError::into_inner).saved();
        }
        if self.saver.is_busy() {
            return Ok(());
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.changed_pages() > CHANGED_PAGES_MAX {
            self.saver.save(state.begin_save());
        }
        Ok(())
    }

    /// Everything accepted is answered: save the read models and the last checkpoint.
    fn close(mut self) -> Result<(), Failure> {
        self.saver.wait().map_err(Failure::Views)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.saved();
        self.saver.save(state.begin_save());
        self.saver.wait().map_err(Failure::Views)?;
        state.saved();
        drop(state);
        Ok(self.ledger.close()?)
    }
}

/// Why the writer ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The log.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The read models; the next start rebuilds them.
    #[error("the read models cannot be read or saved: {0}")]
    Views(String),
}

/// Puts every participant's keys into the ring.
pub(super) fn fill_ring(ring: &KeyRing, state: &State) {
    for (_, participant) in state.participants() {
        for key in &participant.keys {
            ring.add(key.id, key.key);
        }
    }
}

/// The receipt of a record that is durable.
pub(super) fn receipt_of(
    library: &Library,
    position: u64,
    entry: &[u8],
    invoice: Option<InvoiceId>,
) -> Result<Option<Receipt>, LedgerError> {
    let Ok(record) = Record::decode(entry) else { return Ok(None) };
    let Ok(signed) = SignedStatement::parse(record.statement) else { return Ok(None) };
    let statement = signed.statement();
    let proof = library.prove(position, leaf_hash(entry))?;
    let invoice = invoice.or_else(|| invoice_named(&statement.payload));
    Ok(Some(Receipt::new(
        statement.id,
        statement.payload.kind().as_str(),
        position,
        &record,
        invoice,
        proof,
    )))
}

/// The one invoice that a statement is about, from its own words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other statements are about none or many")]
fn invoice_named(payload: &Payload) -> Option<InvoiceId> {
    match payload {
        Payload::InvoiceRegistered(data) => Some(data.invoice.id()),
        Payload::InvoiceCredited(data) => Some(data.invoice),
        Payload::InvoiceCancelled(data) => Some(data.invoice),
        Payload::StatusReported(data) => Some(data.invoice),
        _ => None,
    }
}

fn invoice_of(state: &State, subject: Subject) -> Option<InvoiceId> {
    match subject {
        Subject::Receivable(row) => state.receivable(row).map(|receivable| receivable.id),
        Subject::Nothing
        | Subject::Financing(_)
        | Subject::Mandate(_)
        | Subject::Participant(_)
        | Subject::Blanket(_)
        | Subject::Consent(_)
        | Subject::Request(_) => None,
    }
}

fn finish(answer: Answer, pending: &Pending, proofs: &[LogProof]) -> Option<Submission> {
    let (fresh, replayed) = match answer {
        Answer::Now(submission) => return Some(*submission),
        Answer::AfterFlush(fresh, replayed) => (pending.fresh.get(fresh)?, replayed),
    };
    let record = Record::decode(pending.entries.get(fresh.entry)?).ok()?;
    let proof = proofs.get(fresh.entry)?.clone();
    let receipt = Receipt::new(fresh.id, fresh.kind, fresh.position, &record, fresh.invoice, proof);
    Some(Submission { id: Some(fresh.id), result: Ok(Admitted { receipt, replayed }) })
}

fn is_record_of(entry: &[u8], statement: &[u8]) -> bool {
    Record::decode(entry).is_ok_and(|record| record.statement == statement)
}

fn key_in(state: &State, statement: &Statement) -> Option<crate::signing::PublicKey> {
    let participant = state.participant(state.participant_by_key(&statement.key)?)?;
    Some(participant.key(&statement.key)?.key)
}

const fn brings_keys(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::RegistryOpened(_) | Payload::ParticipantAdmitted(_) | Payload::KeyAdded(_)
    )
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a metric is a float, whatever it counts"
)]
const fn f64_of(count: usize) -> f64 {
    count as f64
}
