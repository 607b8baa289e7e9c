//! Makes what was decided durable, batch after batch, and answers: nothing is acknowledged before.
//!
//! It runs beside the writer, so that the next statements are decided while a batch is on its way to the disk. What
//! a statement means, and the state, are not known here.

use std::collections::BTreeMap;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use crate::engine::ledger::{Ledger, LedgerError};
use crate::engine::{Admitted, Submission};
use crate::record::{LogProof, Receipt, Record};
use crate::types::{InvoiceId, StatementId};

/// A statement that was admitted and is not durable yet.
pub(super) struct Fresh {
    pub(super) id: StatementId,
    pub(super) kind: &'static str,
    pub(super) position: u64,
    pub(super) invoice: Option<InvoiceId>,
}

/// An answer that may wait for the flush.
pub(super) enum Answer {
    /// It says nothing that the flush would change.
    Now(Box<Submission>),
    /// The receipt of an admitted statement of the batch, by its place, and whether the same bytes were sent before.
    AfterFlush(usize, bool),
}

/// The answers to one group, with where they go and the share of the queue that they give back.
type GroupAnswers = (oneshot::Sender<Vec<Submission>>, Vec<Answer>, OwnedSemaphorePermit);

/// What was decided and goes into one flush.
#[derive(Default)]
pub(super) struct Decided {
    entries: Vec<Vec<u8>>,
    fresh: Vec<Fresh>,
    by_id: BTreeMap<StatementId, usize>,
    /// By group, in order.
    pub(super) answers: Vec<GroupAnswers>,
}

impl Decided {
    /// How many statements are to be made durable.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to be made durable and nobody to be answered.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.answers.is_empty()
    }

    /// Adds an admitted statement with its entry in the log.
    pub(super) fn admit(&mut self, fresh: Fresh, entry: Vec<u8>) -> Answer {
        let place = self.fresh.len();
        self.by_id.insert(fresh.id, place);
        self.fresh.push(fresh);
        self.entries.push(entry);
        Answer::AfterFlush(place, false)
    }

    /// The place and the entry of a statement of this batch.
    pub(super) fn find(&self, id: &StatementId) -> Option<(usize, &[u8])> {
        let place = *self.by_id.get(id)?;
        Some((place, self.entries.get(place)?))
    }

    fn answer(&self, answer: Answer, proofs: &[LogProof]) -> Option<Submission> {
        let (place, replayed) = match answer {
            Answer::Now(submission) => return Some(*submission),
            Answer::AfterFlush(place, replayed) => (place, replayed),
        };
        let Fresh { id, kind, position, invoice } = *self.fresh.get(place)?;
        let record = Record::decode(self.entries.get(place)?).ok()?;
        let proof = proofs.get(place)?.clone();
        let receipt = Receipt::new(id, kind, position, &record, invoice, proof);
        Some(Submission { id: Some(id), result: Ok(Admitted { receipt, replayed }) })
    }
}

/// The log with what is to be appended to it.
pub(super) struct Committer {
    pub(super) ledger: Ledger,
    /// What the writer hands over; closed when it ended.
    pub(super) batches: Receiver<Decided>,
    /// Tells the writer how much is durable.
    pub(super) report: Sender<u64>,
    /// Tells everybody else.
    pub(super) durable: watch::Sender<u64>,
}

impl Committer {
    /// Runs until the writer ended.
    ///
    /// # Errors
    /// [`LedgerError`]; the process must end.
    pub(super) fn run(mut self) -> Result<(), LedgerError> {
        while let Ok(batch) = self.batches.recv() {
            self.commit(batch)?;
        }
        self.ledger.close()
    }

    fn commit(&mut self, mut batch: Decided) -> Result<(), LedgerError> {
        let started = Instant::now();
        let proofs = if batch.entries.is_empty() {
            Vec::new()
        } else {
            self.ledger.append(&batch.entries)?
        };
        let size = self.ledger.size();
        metrics::histogram!("tallystick_batch_statements").record(f64_of(batch.len()));
        metrics::histogram!("tallystick_batch_seconds").record(started.elapsed().as_secs_f64());
        metrics::gauge!("tallystick_log_size")
            .set(f64_of(usize::try_from(size).unwrap_or(usize::MAX)));
        self.durable.send_replace(size);
        // The writer may have ended by an error of its own; what was handed over before is answered all the same.
        let _heard = self.report.send(size);
        for (reply, answers, room) in core::mem::take(&mut batch.answers) {
            let submissions = answers.into_iter().filter_map(|it| batch.answer(it, &proofs));
            // The submitter may have gone; what it submitted stands.
            drop(reply.send(submissions.collect()));
            drop(room);
        }
        Ok(())
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a metric is a float, whatever it counts"
)]
const fn f64_of(count: usize) -> f64 {
    count as f64
}
