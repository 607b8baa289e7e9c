//! The account of reads: who looked at whose invoices, written down beside the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::engine::SubmitError;
use crate::store::reads::{ReadJournal, ReadRow};

/// Reads that may wait to be written down, and how many are written at once.
const WAITING_MAX: usize = 65_536;
const TOGETHER_MAX: usize = 4_096;

/// Takes reads and writes them down on a thread of its own.
pub(super) struct Accountant {
    rows: Mutex<Option<Sender<ReadRow>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Accountant {
    /// Starts the thread.
    pub(super) fn start(journal: Arc<ReadJournal>) -> std::io::Result<Self> {
        let (rows, waiting) = bounded(WAITING_MAX);
        let thread = thread::Builder::new()
            .name("accountant".to_owned())
            .spawn(move || write(&journal, &waiting))?;
        Ok(Self { rows: Mutex::new(Some(rows)), thread: Mutex::new(Some(thread)) })
    }

    /// Takes a read.
    pub(super) fn account(&self, row: ReadRow) -> Result<(), SubmitError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.as_ref().ok_or(SubmitError::Stopping)?;
        rows.try_send(row).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Overloaded,
            TrySendError::Disconnected(_) => SubmitError::Stopping,
        })
    }

    /// Writes down what was taken.
    pub(super) fn close(&self) {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

fn write(journal: &ReadJournal, waiting: &Receiver<ReadRow>) {
    while let Ok(first) = waiting.recv() {
        let mut rows = vec![first];
        rows.extend(waiting.try_iter().take(TOGETHER_MAX));
        if let Err(error) = journal.append(&rows) {
            // Without the account nobody may read: the channel closes, and readers are refused.
            tracing::error!(%error, "reads cannot be accounted for: restart the registry");
            return;
        }
    }
}
