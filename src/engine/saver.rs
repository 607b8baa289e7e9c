//! Saving the read models in the background, in bulk, as of a log size that is durable.

use std::sync::{Arc, mpsc};
use std::thread;

use crate::domain::{Column, PageSource, SavedPage, Snapshot, Summary};
use crate::store::views::ViewsStore;

/// The saved pages, as a state loads them.
pub(super) struct SavedViews(pub(super) Arc<ViewsStore>);

impl PageSource for SavedViews {
    fn load(&self, column: Column, page: u32) -> Result<Vec<u8>, String> {
        let loaded = self.0.load_page(column.0, page).map_err(|error| error.to_string())?;
        loaded.ok_or_else(|| "is missing".to_owned())
    }
}

/// Writes snapshots on a thread of its own, one at a time.
pub(super) struct Saver {
    work: Option<mpsc::SyncSender<Snapshot>>,
    done: mpsc::Receiver<Result<(), String>>,
    thread: Option<thread::JoinHandle<()>>,
    busy: bool,
}

impl Saver {
    /// Starts the thread.
    pub(super) fn start(views: Arc<ViewsStore>) -> std::io::Result<Self> {
        let (work, snapshots) = mpsc::sync_channel::<Snapshot>(1);
        let (report, done) = mpsc::channel();
        let thread = thread::Builder::new().name("saver".to_owned()).spawn(move || {
            for snapshot in snapshots {
                if report.send(save(&views, snapshot)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { work: Some(work), done, thread: Some(thread), busy: false })
    }

    /// Whether a snapshot is being written.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Hands a snapshot over.
    pub(super) fn save(&mut self, snapshot: Snapshot) {
        self.busy = self.work.as_ref().is_some_and(|work| work.send(snapshot).is_ok());
    }

    /// What became of the last snapshot, once that is known.
    pub(super) fn finished(&mut self) -> Option<Result<(), String>> {
        let result = self.done.try_recv().ok()?;
        self.busy = false;
        Some(result)
    }

    /// Waits for the last snapshot.
    pub(super) fn wait(&mut self) -> Result<(), String> {
        if !self.busy {
            return Ok(());
        }
        self.busy = false;
        self.done.recv().unwrap_or_else(|_| Err("the saver ended".to_owned()))
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Writes a snapshot.
pub(super) fn save(views: &ViewsStore, snapshot: Snapshot) -> Result<(), String> {
    let (pages, summary) = snapshot.encode().map_err(|error| error.to_string())?;
    let meta = postcard::to_stdvec(&summary).map_err(|error| error.to_string())?;
    let pages = pages.into_iter().map(|(column, page, bytes): SavedPage| (column.0, page, bytes));
    views.persist(pages, &meta).map_err(|error| error.to_string())
}

/// The summary of what was saved last.
pub(super) fn saved_summary(views: &ViewsStore) -> Result<Option<Summary>, String> {
    let Some(meta) = views.meta().map_err(|error| error.to_string())? else { return Ok(None) };
    postcard::from_bytes(&meta).map(Some).map_err(|error| error.to_string())
}
