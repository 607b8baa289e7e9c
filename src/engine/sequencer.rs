//! The one writer: decides statements in one order, and hands them over to be made durable.
//!
//! 1. Groups are taken in the order in which they were submitted, as many as are ready.
//! 2. Each statement is decided on the state that the ones before it left, and applied.
//! 3. What was decided goes to the [`committer`](super::committer), as soon as that is free: one durable flush,
//!    read back, signed. Meanwhile the next statements are decided.
//! 4. Only then receipts go out, and the durable size moves, for which readers wait.
//!
//! Any error from 3 on ends both threads: what is on the disk is no longer known, and the process that starts
//! next reads it. Nothing is acknowledged then, and sending the same bytes again is always safe.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Select, Sender};
use tokio::sync::{oneshot, watch};

use crate::domain::{Rejection, State, Subject, registry_time};
use crate::engine::committer::{Answer, Committer, Decided, Fresh};
use crate::engine::intake::{KeyRing, Taken};
use crate::engine::ledger::{Ledger, LedgerError, Library};
use crate::engine::saver::Saver;
use crate::engine::{Admitted, Clock, Refusal, Submission};
use crate::log::leaf_hash;
use crate::record::{Receipt, Record};
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

/// The writer at work, beside the committer.
struct Writer {
    groups: Receiver<Group>,
    library: Arc<Library>,
    state: Arc<RwLock<State>>,
    ring: Arc<KeyRing>,
    verifier: Arc<Verifier>,
    saver: Saver,
    clock: Clock,
    /// Takes what was decided whenever it is free; nothing lies in between.
    committer: Sender<Decided>,
    /// The durable size after each batch; closed when the committer ended.
    committed: Receiver<u64>,
    /// The last of these.
    durable: u64,
    /// Decided, and not handed over yet.
    decided: Decided,
}

impl Sequencer {
    /// Runs until the queue is closed and empty.
    ///
    /// # Errors
    /// [`LedgerError`] or a fault of the read models; the process must end.
    pub(super) fn run(self) -> Result<(), Failure> {
        let (committer, batches) = crossbeam_channel::bounded(0);
        let (report, durable_sizes) = crossbeam_channel::unbounded();
        let durable = self.ledger.size();
        let committing = Committer { ledger: self.ledger, batches, report, durable: self.durable };
        let writer = Writer {
            groups: self.groups,
            library: self.library,
            state: self.state,
            ring: self.ring,
            verifier: self.verifier,
            saver: self.saver,
            clock: self.clock,
            committer,
            committed: durable_sizes,
            durable,
            decided: Decided::default(),
        };
        thread::scope(|scope| {
            let committer = thread::Builder::new().name("committer".to_owned());
            let committer = committer
                .spawn_scoped(scope, || committing.run())
                .map_err(|error| Failure::Thread(error.to_string()))?;
            let written = writer.run();
            // What stopped the committer is why the writer stopped.
            joined(committer)?;
            written
        })
    }
}

fn joined(committer: ScopedJoinHandle<'_, Result<(), LedgerError>>) -> Result<(), LedgerError> {
    committer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Writer {
    fn run(mut self) -> Result<(), Failure> {
        // Submitted next, and perhaps still with intake. While that is so, what was decided may be handed over.
        let mut next: Option<Group> = None;
        loop {
            let mut select = Select::new();
            let report = select.recv(&self.committed);
            let full = self.decided.len() >= BATCH_MAX;
            let hand_over = (!self.decided.is_empty()).then(|| select.send(&self.committer));
            match &next {
                _ if full => {}
                Some(group) => drop(select.recv(&group.taken)),
                None => drop(select.recv(&self.groups)),
            }
            let ready = select.select();
            if ready.index() == report {
                let Ok(size) = ready.recv(&self.committed) else { return Err(Failure::Committer) };
                self.durable = size;
            } else if Some(ready.index()) == hand_over {
                let decided = core::mem::take(&mut self.decided);
                if ready.send(&self.committer, decided).is_err() {
                    return Err(Failure::Committer);
                }
            } else if let Some(group) = &next {
                let taken = ready.recv(&group.taken);
                // Where intake died, its group is answered with "unknown" by dropping it.
                if let (Ok(taken), Some(group)) = (taken, next.take()) {
                    self.decide(group, taken)?;
                }
            } else {
                match ready.recv(&self.groups) {
                    Ok(group) => next = Some(group),
                    Err(_) => return self.close(),
                }
            }
            self.save_if_due()?;
        }
    }

    fn decide(&mut self, group: Group, taken: Vec<Taken>) -> Result<(), Failure> {
        let state = Arc::clone(&self.state);
        let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
        let now = registry_time(state.time(), (self.clock)());
        let mut answers = Vec::with_capacity(taken.len());
        for taken in taken {
            answers.push(self.answer(&mut state, now, taken)?);
        }
        self.decided.answers.push((group.reply, answers, group.room));
        state.fault().map_or(Ok(()), |fault| Err(Failure::Views(fault.to_owned())))
    }

    fn answer(
        &mut self,
        state: &mut State,
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
            return self.replayed(position, &signed).map(|replayed| {
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
        if brings_keys(&statement.payload) {
            fill_ring(&self.ring, state);
        }
        let (id, kind) = (statement.id, statement.payload.kind().as_str());
        let invoice = invoice_of(state, subject);
        Ok(self.decided.admit(Fresh { id, kind, position, invoice }, entry))
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
        &mut self,
        position: u64,
        signed: &SignedStatement,
    ) -> Result<Option<Answer>, Failure> {
        let id = signed.statement().id;
        if let Some((place, entry)) = self.decided.find(&id) {
            let same = is_record_of(entry, signed.bytes());
            return Ok(same.then_some(Answer::AfterFlush(place, true)));
        }
        // It may be in what is being made durable right now.
        self.wait_for(position.saturating_add(1))?;
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

    /// Waits until so many records are durable; everything up to there was handed over.
    fn wait_for(&mut self, size: u64) -> Result<(), Failure> {
        while self.durable < size {
            self.durable = self.committed.recv().map_err(|_| Failure::Committer)?;
        }
        Ok(())
    }

    /// Has everything that was decided made durable.
    fn settle(&mut self) -> Result<(), Failure> {
        let decided = core::mem::take(&mut self.decided);
        if !decided.is_empty() {
            self.committer.send(decided).map_err(|_| Failure::Committer)?;
        }
        let size = self.state.read().unwrap_or_else(PoisonError::into_inner).size();
        self.wait_for(size)
    }

    fn save_if_due(&mut self) -> Result<(), Failure> {
        if let Some(result) = self.saver.finished() {
            result.map_err(Failure::Views)?;
            self.state.write().unwrap_or_else(PoisonError::into_inner).saved();
        }
        let due = |state: &State| state.changed_pages() > CHANGED_PAGES_MAX;
        if self.saver.is_busy() || !due(&self.state.read().unwrap_or_else(PoisonError::into_inner))
        {
            return Ok(());
        }
        // Read models on the disk never reflect what the log may yet lose.
        self.settle()?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        self.saver.save(state.begin_save());
        Ok(())
    }

    /// Everything accepted is answered: save the read models. The committer, which hears of the end by this one's,
    /// stores the last checkpoint.
    fn close(mut self) -> Result<(), Failure> {
        self.settle()?;
        self.saver.wait().map_err(Failure::Views)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.saved();
        self.saver.save(state.begin_save());
        self.saver.wait().map_err(Failure::Views)?;
        state.saved();
        Ok(())
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
    /// The committer ended, which says itself why.
    #[error("nothing is made durable any more")]
    Committer,
    /// A thread could not be started.
    #[error("no thread for the committer: {0}")]
    Thread(String),
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
