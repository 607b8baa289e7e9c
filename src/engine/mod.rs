//! When it happens: intake on all cores, one sequencer, readers beside it, recovery and the clock.
//!
//! An [`Engine`] is a running registry without a network. It decides nothing itself: the rules are in
//! `domain`, the bytes in `store`. A reader sees the state as decided and is answered when that is durable,
//! so no answer can show what a power cut takes back.

mod accounts;
mod committer;
mod intake;
mod ledger;
mod maintenance;
mod recovery;
mod sequencer;
mod saver;
mod setup;

use core::time::Duration;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, oneshot, watch};

use crate::audit::{PublishedReadModels, Reading};
use crate::domain::{Rejection, State};
use crate::engine::accounts::Accountant;
use crate::engine::intake::KeyRing;
use crate::engine::ledger::{Ledger, Library};
use crate::engine::sequencer::{Failure, Group, Sequencer};
use crate::log::{TilePath, Vkey};
use crate::record::Receipt;
use crate::signing::Verifier;
use crate::statement::Malformed;
use crate::store::reads::{ReadJournal, ReadRow};
use crate::store::sled_log::SledLog;
use crate::store::{OpenError, ReadError};
use crate::types::{Origin, StatementId, Timestamp};

pub use ledger::LedgerError;
pub use maintenance::{Rebuilt, RestoreError, Saved, rebuild, restore};
pub use setup::{Folder, InitError, Initialised, OPERATOR_KEY};

#[cfg(test)]
mod tests;

/// Pages of read models that are digested before others may have the state: some tenths of a millisecond.
const PAGES_AT_ONCE: u32 = 16;

/// Tells the registry's time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The operating system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Timestamp::default().plus_millis(millis)
    })
}

/// How an engine runs.
#[derive(Clone)]
pub struct Options {
    /// The registry's clock.
    pub clock: Clock,
    /// Kibibytes of statements that may wait; more are refused with [`SubmitError::Overloaded`].
    pub queue_kib: u32,
    /// Keys for which verification tables are kept: 172 KiB each.
    pub tables_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: system_clock(), queue_kib: 32 * 1_024, tables_max: 512 }
    }
}

/// Why a registry does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder is not a registry's.
    #[error(transparent)]
    Folder(#[from] InitError),
    /// A database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log does not fit together.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// A record does not replay.
    #[error(
        "record {position} does not replay: {what}; run the version that wrote it, or restore the log"
    )]
    Replay {
        /// Its position.
        position: u64,
        /// What differs.
        what: String,
    },
    /// The read models cannot be read.
    #[error("the read models cannot be read: {0}")]
    Views(String),
    /// A thread does not start.
    #[error("a thread cannot be started")]
    Thread(#[from] std::io::Error),
}

/// Why a submission has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full; nothing was taken. Try again later.
    #[error("the registry has more to do than it may queue: try again later")]
    Overloaded,
    /// The registry is stopping; nothing was taken.
    #[error("the registry is stopping: try again later")]
    Stopping,
    /// The registry stopped meanwhile. Whether the statements were admitted is unknown; sending the same
    /// bytes again is safe.
    #[error("the registry stopped before it could answer: send the same bytes again")]
    Unknown,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The registry is stopping, or cannot make durable what it decided.
    #[error("the registry is stopping: try again later")]
    Stopping,
    /// The size that was waited for was not reached in time.
    #[error("the log did not reach the size in time: it has {0} records")]
    NotReached(u64),
    /// The storage failed.
    #[error("the registry cannot read its storage")]
    Storage,
}

/// A value as of a log size.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// How many records it reflects; all of them are durable.
    pub as_of: u64,
}

/// What became of one statement.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its id, where it could be read.
    pub id: Option<StatementId>,
    /// The receipt or the refusal.
    pub result: Result<Admitted, Refusal>,
}

/// An admitted statement.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The receipt.
    pub receipt: Receipt,
    /// Whether the same bytes had been admitted before.
    pub replayed: bool,
}

/// A statement that was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be understood.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The rules do not allow it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.code(),
            Self::Rejected(rejection) => rejection.code(),
        }
    }
}

/// A running registry. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    origin: Origin,
    vkey: Vkey,
    options: Options,
    state: Arc<RwLock<State>>,
    library: Arc<Library>,
    ring: Arc<KeyRing>,
    verifier: Arc<Verifier>,
    groups: RwLock<Option<crossbeam_channel::Sender<Group>>>,
    /// Kibibytes of statements that may still be queued.
    room: Arc<Semaphore>,
    durable: watch::Receiver<u64>,
    failed: Arc<AtomicBool>,
    accountant: Accountant,
    reads: Arc<ReadJournal>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held while the read models are digested.
    digesting: Mutex<()>,
}

impl Engine {
    /// Opens a registry's folder, catches up with its log and starts its writer.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do; nothing was changed.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StartError> {
        let folder = Folder::open(dir)?;
        let log = SledLog::open(dir)?;
        let reads = Arc::new(log.reads()?);
        let ledger = Ledger::open(Box::new(log), folder.signer())?;
        let library = ledger.library();
        let (state, views) = recovery::recover(dir, folder.origin(), &library)?;
        let ring = Arc::new(KeyRing::default());
        sequencer::fill_ring(&ring, &state);
        let state = Arc::new(RwLock::new(state));
        let verifier = Arc::new(Verifier::new(options.tables_max));
        let (groups, queue) = crossbeam_channel::unbounded();
        let (durable_sender, durable) = watch::channel(ledger.size());
        let vkey = ledger.vkey();
        let sequencer = Sequencer {
            groups: queue,
            ledger,
            library: Arc::clone(&library),
            state: Arc::clone(&state),
            ring: Arc::clone(&ring),
            verifier: Arc::clone(&verifier),
            saver: saver::Saver::start(views)?,
            clock: Arc::clone(&options.clock),
            durable: durable_sender,
        };
        let failed = Arc::new(AtomicBool::new(false));
        let writer = spawn_writer(sequencer, Arc::clone(&failed))?;
        Ok(Self(Arc::new(Shared {
            origin: folder.origin().clone(),
            vkey,
            room: Arc::new(Semaphore::new(
                usize::try_from(options.queue_kib).unwrap_or(usize::MAX >> 4),
            )),
            options,
            state,
            library,
            ring,
            verifier,
            groups: RwLock::new(Some(groups)),
            durable,
            failed,
            accountant: Accountant::start(Arc::clone(&reads))?,
            reads,
            writer: Mutex::new(Some(writer)),
            digesting: Mutex::new(()),
        })))
    }

    /// The registry's origin.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The key that its checkpoints are checked with.
    pub fn vkey(&self) -> &Vkey {
        &self.0.vkey
    }

    /// What the registry's clock says.
    pub fn now(&self) -> Timestamp {
        (self.0.options.clock)()
    }

    /// Checks signatures.
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// Submits statements, to be decided in this order and after every group that was submitted before.
    ///
    /// # Errors
    /// [`SubmitError`]; only [`SubmitError::Unknown`] leaves open whether something was admitted.
    pub async fn submit(&self, statements: Vec<Vec<u8>>) -> Result<Vec<Submission>, SubmitError> {
        let bytes = statements
            .iter()
            .fold(0_usize, |sum, it| sum.saturating_add(it.len()).saturating_add(256));
        let kib = u32::try_from(bytes / 1_024).unwrap_or(u32::MAX).saturating_add(1);
        let room = Arc::clone(&self.0.room)
            .try_acquire_many_owned(kib)
            .map_err(|_| SubmitError::Overloaded)?;
        let (intake, taken) = crossbeam_channel::bounded(1);
        let (reply, answer) = oneshot::channel();
        {
            let groups = self.0.groups.read().unwrap_or_else(PoisonError::into_inner);
            let groups = groups.as_ref().ok_or(SubmitError::Stopping)?;
            groups.send(Group { taken, reply, room }).map_err(|_| SubmitError::Stopping)?;
        }
        let (ring, verifier) = (Arc::clone(&self.0.ring), Arc::clone(&self.0.verifier));
        rayon::spawn(move || drop(intake.send(intake::take(&ring, &verifier, &statements))));
        answer.await.map_err(|_| SubmitError::Unknown)
    }

    /// Asks the state something short, and waits until all that it saw is durable.
    ///
    /// # Errors
    /// [`QueryError::Stopping`] where it will not be, [`QueryError::Storage`] where a page cannot be read.
    pub async fn query<T>(
        &self,
        ask: impl FnOnce(&State, Timestamp) -> T,
    ) -> Result<Answer<T>, QueryError> {
        let (value, as_of) = {
            let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
            let now = crate::domain::registry_time(state.time(), self.now());
            let value = ask(&state, now);
            if state.fault().is_some() {
                return Err(QueryError::Storage);
            }
            (value, state.size())
        };
        self.reach(as_of).await?;
        Ok(Answer { value, as_of })
    }

    /// The read models as they are now, digested. Reads every row, on a thread that may take its time; nobody waits
    /// longer than for a few rows, the writer included. One is made at a time.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn read_models(&self) -> Result<PublishedReadModels, QueryError> {
        let engine = self.clone();
        let read = tokio::task::spawn_blocking(move || engine.digest()).await;
        let read = read.map_err(|_| QueryError::Stopping)?.map_err(|error| {
            tracing::error!(error, "the read models could not be digested");
            QueryError::Storage
        })?;
        self.reach(read.as_of).await?;
        Ok(read)
    }

    fn digest(&self) -> Result<PublishedReadModels, String> {
        let one = self.0.digesting.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let read = || self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let begun = Reading::begin(&mut write());
        let done = begun.and_then(|mut reading| {
            // The lock is taken anew for every few pages.
            while reading.go_on(&read(), PAGES_AT_ONCE)? {}
            Ok(reading.finish())
        });
        let mut state = write();
        state.end_digest();
        let fault = state.fault().map(str::to_owned);
        drop(state);
        drop(one);
        fault.map_or_else(|| done.map_err(|error| error.to_string()), Err)
    }

    /// Waits until the log has a size.
    ///
    /// # Errors
    /// [`QueryError::NotReached`] after the limit.
    pub async fn wait_for(&self, size: u64, limit: Duration) -> Result<(), QueryError> {
        match tokio::time::timeout(limit, self.reach(size)).await {
            Ok(reached) => reached,
            Err(_) => Err(QueryError::NotReached(*self.0.durable.borrow())),
        }
    }

    async fn reach(&self, size: u64) -> Result<(), QueryError> {
        let mut durable = self.0.durable.clone();
        durable
            .wait_for(|durable| *durable >= size)
            .await
            .map(|_| ())
            .map_err(|_| QueryError::Stopping)
    }

    /// The durable size, as it grows.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.0.durable.clone()
    }

    /// The newest signed checkpoint.
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.0.library.head().checkpoint)
    }

    /// A hash tile or entry bundle of the durable log.
    ///
    /// # Errors
    /// [`QueryError::Storage`].
    pub fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, QueryError> {
        self.0.library.resource(path).map_err(storage)
    }

    /// The entry at a position, where it is durable.
    ///
    /// # Errors
    /// [`QueryError::Storage`].
    pub fn record(&self, position: u64) -> Result<Option<Vec<u8>>, QueryError> {
        if position >= self.0.library.head().size {
            return Ok(None);
        }
        let entries =
            self.0.library.entries(position, position.saturating_add(1)).map_err(storage)?;
        Ok(entries.into_iter().next())
    }

    /// The entries at `from..to`, as far as they are durable.
    ///
    /// # Errors
    /// [`QueryError::Storage`].
    pub fn records(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, QueryError> {
        let to = to.min(self.0.library.head().size);
        self.0.library.entries(from.min(to), to).map_err(storage)
    }

    /// The receipt of a statement, with a proof to the newest checkpoint.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn receipt(&self, id: &StatementId) -> Result<Option<Receipt>, QueryError> {
        let Some(position) = self.query(|state, _| state.position_of(id)).await?.value else {
            return Ok(None);
        };
        let Some(entry) = self.record(position)? else { return Ok(None) };
        sequencer::receipt_of(&self.0.library, position, &entry, None).map_err(storage)
    }

    /// Accounts for a read. Comes before the answer that it accounts for.
    ///
    /// # Errors
    /// [`SubmitError::Overloaded`] where more reads wait to be written down than may.
    pub fn account(&self, row: ReadRow) -> Result<(), SubmitError> {
        self.0.accountant.account(row)
    }

    /// The account of reads.
    pub fn reads(&self) -> &ReadJournal {
        &self.0.reads
    }

    /// Whether it takes statements.
    pub fn ready(&self) -> bool {
        let open = self.0.groups.read().unwrap_or_else(PoisonError::into_inner).is_some();
        open && !self.failed()
    }

    /// Whether the writer ended with an error: the process must end, and the next start takes up what is
    /// durable.
    pub fn failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// Takes no more statements, answers those that were taken, and saves.
    pub async fn shutdown(&self) {
        *self.0.groups.write().unwrap_or_else(PoisonError::into_inner) = None;
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Joining blocks; it must not block the runtime that carries the last answers out.
            drop(tokio::task::spawn_blocking(move || drop(writer.join())).await);
        }
        self.0.accountant.close();
    }
}

fn spawn_writer(sequencer: Sequencer, failed: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
        let run = std::panic::AssertUnwindSafe(|| sequencer.run());
        // A panic here leaves a state that nobody knows: it counts as a failure of the writer.
        let failure = match std::panic::catch_unwind(run) {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => describe(&failure),
            Err(_) => "the writer panicked".to_owned(),
        };
        failed.store(true, Ordering::Release);
        tracing::error!(failure, "the writer stopped: restart the registry");
    })
}

fn describe(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn storage(error: impl std::error::Error) -> QueryError {
    tracing::error!(%error, "storage cannot be read");
    QueryError::Storage
}
