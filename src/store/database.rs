//! Opens a sled database defensively, and makes its flush durable.
//!
//! What was measured of sled 0.34.7, and is answered here: its `flush` alone loses everything in a
//! power cut (it syncs a range, not the length of the file); a kill can leave a half-written snapshot
//! that keeps it from opening; damaged files make it panic inside; a page above a quarter of a segment
//! goes to a file of its own, in `blobs`, which it never syncs.
//!
//! Every call of sled goes through [`guarded`], so that a panic of it ends here. Does not know what is
//! stored.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crate::store::{Fault, OpenError, ReadError};

/// sled's own file.
const DATA_FILE: &str = "db";
/// Where sled puts pages that are too large for its file.
const BLOB_FOLDER: &str = "blobs";
/// Our lock, taken before anything in the folder is touched.
const LOCK_FILE: &str = "lock";

/// What sled says where its file is locked.
const LOCKED: &str = "could not acquire lock";
/// How often, and how far apart, a locked file is tried again: half a second in all.
const OPEN_TRIES: u32 = 20;
const OPEN_PAUSE: Duration = Duration::from_millis(25);

/// How often a value is touched; each time takes less than a microsecond.
const TOUCHES: u32 = 8;

/// Sizes that tests make smaller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuning {
    /// sled's segment. Fixed when a database is made.
    pub(super) segment_bytes: usize,
    /// The page cache.
    pub(super) cache_bytes: u64,
    /// The aim for a packed value.
    pub(super) value_bytes_max: usize,
}

impl Tuning {
    /// Values of 16 KiB were the fastest of 8, 16, 32 and 64 KiB with batches of 64 and of 1,024
    /// entries, and the memory that sled's cache takes beyond its limit grows with them.
    ///
    /// A leaf of sled holds 17 values before it is split, and is written whole. With the longest
    /// entries, one to a value, that is 1.1 MB. A page must stay below a quarter of a segment to stay
    /// in the one file that one sync covers, so a segment has 8 MB.
    pub(super) const STANDARD: Self =
        Self { segment_bytes: 8 << 20, cache_bytes: 32 << 20, value_bytes_max: 16 << 10 };
}

/// What sled said, by what it means for us.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// The data is not what was written.
    Damage(String),
    /// The disk or the system refused.
    Refusal(String),
}

impl Trouble {
    pub(super) fn words(self) -> String {
        match self {
            Self::Damage(words) | Self::Refusal(words) => words,
        }
    }
}

impl From<Trouble> for ReadError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Damage(what) => Self::Damaged { what },
            Trouble::Refusal(words) => Self::Failed(Fault::new(words)),
        }
    }
}

/// Calls sled; a panic inside becomes [`Trouble::Damage`], which is what makes it panic.
pub(super) fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(match error {
            sled::Error::Io(error) => Trouble::Refusal(error.to_string()),
            sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_)
            | sled::Error::Corruption { .. } => Trouble::Damage(error.to_string()),
        }),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("without a word");
            Err(Trouble::Damage(format!("the engine panicked: {words}")))
        }
    }
}

/// Keeps sled's cache near its limit: to be called with each key that was read or written.
///
/// The cache has 256 shards, and one drops pages only when 64 accesses to it have come together. A leaf
/// is accessed once or twice when it is read, so that a scan keeps up to 16,000 leaves, which was the
/// whole log. With some more accesses for each value it is a few leaves for each shard.
pub(super) fn touch(tree: &sled::Tree, key: &[u8]) -> Result<(), Trouble> {
    guarded(|| {
        for _ in 0..TOUCHES {
            tree.contains_key(key)?;
        }
        Ok(())
    })
}

/// Makes everything that was flushed survive a loss of power. A seam, so that tests see each sync.
pub(super) trait Durable: Send + Sync {
    fn sync(&self) -> io::Result<()>;
}

/// An open database.
pub(super) struct Database {
    db: sled::Db,
    durable: Arc<dyn Durable>,
    _lock: File,
}

impl Database {
    /// Opens the database in `dir`, which exists; makes it where it is empty.
    pub(super) fn open(
        dir: &Path,
        tuning: Tuning,
        hint: &'static str,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_with(dir, tuning, hint, |dir| {
            FileSync::open(dir).map(|files| -> Arc<dyn Durable> { Arc::new(files) })
        })
    }

    /// The same with another way to sync.
    pub(super) fn open_with(
        dir: &Path,
        tuning: Tuning,
        hint: &'static str,
        durable: impl FnOnce(&Path) -> io::Result<Arc<dyn Durable>>,
    ) -> Result<Arc<Self>, OpenError> {
        let lock = lock(dir)?;
        remove_half_snapshots(dir)?;
        let config = sled::Config::new()
            .path(dir)
            .segment_size(tuning.segment_bytes)
            .cache_capacity(tuning.cache_bytes)
            .flush_every_ms(None);
        let db = open_patiently(&config).map_err(|trouble| match trouble {
            Trouble::Refusal(words) if words.contains(LOCKED) => {
                OpenError::Locked { dir: dir.to_path_buf() }
            }
            Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
            Trouble::Damage(what) => OpenError::Damaged { what, hint },
        })?;
        // sled wrote its settings and a snapshot of its page table and synced neither name.
        File::open(dir.join("conf"))?.sync_all()?;
        File::open(dir)?.sync_all()?;
        let durable = durable(dir)?;
        Ok(Arc::new(Self { db, durable, _lock: lock }))
    }

    /// A tree, made where it is not there.
    pub(super) fn tree(&self, name: &str) -> Result<sled::Tree, Trouble> {
        guarded(|| self.db.open_tree(name))
    }

    /// Flushes what was applied and makes it durable: both, always, in this order.
    pub(super) fn commit(&self) -> Result<(), Trouble> {
        guarded(|| self.db.flush())?;
        self.durable.sync().map_err(|error| Trouble::Refusal(error.to_string()))
    }
}

/// Opens sled once it lets go of its own lock: a database that this process has just closed does so a
/// moment later, from a thread of sled's. Another process is not waited for, it holds [`LOCK_FILE`].
fn open_patiently(config: &sled::Config) -> Result<sled::Db, Trouble> {
    for _ in 0..OPEN_TRIES {
        match guarded(|| config.open()) {
            Err(Trouble::Refusal(words)) if words.contains(LOCKED) => thread::sleep(OPEN_PAUSE),
            outcome => return outcome,
        }
    }
    guarded(|| config.open())
}

/// Takes the lock of the folder.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let file =
        File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes what a kill left of a snapshot. sled takes it for the newest one and refuses to open;
/// without it, it reads its file again and has everything.
fn remove_half_snapshots(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file.name = %name, "removing a snapshot that was never finished: {name}");
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The real sync: of the data file, and of any blob that sled put beside it.
pub(super) struct FileSync {
    data: File,
    blobs: PathBuf,
    synced_blobs: Mutex<BTreeSet<OsString>>,
}

impl FileSync {
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        Ok(Self {
            data: File::open(dir.join(DATA_FILE))?,
            blobs: dir.join(BLOB_FOLDER),
            synced_blobs: Mutex::default(),
        })
    }

    /// Blobs are written once under a name that is never used again, so each needs one sync. There
    /// are none while pages keep to their size, and then this is one look at an empty folder.
    fn sync_blobs(&self) -> io::Result<()> {
        let mut synced = self.synced_blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut present = BTreeSet::new();
        for entry in fs::read_dir(&self.blobs)? {
            let entry = entry?;
            let name = entry.file_name();
            if !synced.contains(&name) {
                match File::open(entry.path()).and_then(|blob| blob.sync_all()) {
                    // sled removes a blob as soon as no page needs it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    outcome => outcome?,
                }
            }
            present.insert(name);
        }
        if present != *synced {
            File::open(&self.blobs)?.sync_all()?;
            *synced = present;
        }
        Ok(())
    }
}

impl Durable for FileSync {
    fn sync(&self) -> io::Result<()> {
        self.sync_blobs()?;
        self.data.sync_data()
    }
}
