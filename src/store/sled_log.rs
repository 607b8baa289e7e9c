//! The log in sled: packed values, one flush and one sync for each batch.
//!
//! Three trees: `entries` (first position → packed entries), `tiles` (level ‖ index → tile), `meta`
//! (format version, checkpoint). sled's own log is sequential and a crash leaves a prefix of it, so a
//! batch writes tiles and checkpoint first and its entries last, in one atomic sled batch: where the
//! entries are, all is. Tiles and a checkpoint without their entries are harmless, because a tile is
//! shown only when the entries below it are durable and is written again by the replay.
//!
//! Does not know what an entry means, nor whether a tile or a checkpoint is right.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::store::{
    AppendError, Batch, ENTRY_BYTES_MAX, Fault, Log, LogReader, OpenError, ReadError, TILE_BYTES,
    database::{Database, Trouble, Tuning, guarded},
    floor::Floor,
    packing::{Kind, pack, seal},
    reads::ReadJournal,
    sled_reader::{CHECKPOINT_KEY, FORMAT_KEY, SledReader, tile_key},
};

/// The version of everything that this module writes.
const FORMAT: u32 = 1;
/// The names of things within the folder of a registry.
const LOG_FOLDER: &str = "log";
const NEW_LOG_FOLDER: &str = "log.creating";
const FLOOR_FILE: &str = "floor";

const HINT: &str = "do not write to it and do not sign: move the folder aside and bring the log back \
    with `tallystick restore`, from a backup or from the static copy of its tiles";

/// The log of a registry, in the folder `log` of its data folder.
pub struct SledLog {
    database: Arc<Database>,
    reader: Arc<SledReader>,
    floor: Floor,
    value_bytes_max: usize,
    /// Why no more batches are taken.
    stopped: Option<Fault>,
}

impl SledLog {
    /// Makes an empty log in `dir`, whole or not at all.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where there is one.
    pub fn create(dir: &Path) -> Result<Self, OpenError> {
        Self::create_with(dir, Tuning::STANDARD)
    }

    pub(super) fn create_with(dir: &Path, tuning: Tuning) -> Result<Self, OpenError> {
        let (log, new) = (dir.join(LOG_FOLDER), dir.join(NEW_LOG_FOLDER));
        if log.exists() {
            return Err(OpenError::Exists { dir: log });
        }
        fs::create_dir_all(dir)?;
        if let Some(parent) = dir.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir(&new)?;
        // Made beside its place and renamed when it is durable: a crash leaves no half of a log that
        // would be taken for an empty one.
        {
            let database = Database::open(&new, tuning, HINT)?;
            let meta = database.tree("meta").map_err(damaged)?;
            let version = seal(Kind::Meta, FORMAT_KEY, &FORMAT.to_be_bytes());
            guarded(|| meta.insert(FORMAT_KEY, version)).map_err(damaged)?;
            database.commit().map_err(damaged)?;
            Floor::create(&new.join(FLOOR_FILE))?;
            File::open(&new)?.sync_all()?;
        }
        fs::rename(&new, &log)?;
        File::open(dir)?.sync_all()?;
        Self::open_with(dir, tuning)
    }

    /// Opens the log in `dir` and checks what can be checked quickly: the format, the newest values
    /// and their positions, the checkpoint, and that nothing acknowledged is missing.
    ///
    /// # Errors
    /// [`OpenError::Missing`] where there is none: nothing is made unasked. [`OpenError::Damaged`]
    /// says what the operator can do.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Tuning::STANDARD)
    }

    pub(super) fn open_with(dir: &Path, tuning: Tuning) -> Result<Self, OpenError> {
        let dir = existing(dir)?;
        let database = Database::open(&dir, tuning, HINT)?;
        Self::from_database(&dir, database, tuning)
    }

    /// The rest of opening, over a database that is open.
    pub(super) fn from_database(
        dir: &Path,
        database: Arc<Database>,
        tuning: Tuning,
    ) -> Result<Self, OpenError> {
        let reader = SledReader::open(&database).map_err(damaged)?;
        match reader.format().map_err(damaged)? {
            Some(FORMAT) => {}
            None => return Err(damage("it does not say its format version".to_owned())),
            Some(found) => {
                return Err(OpenError::OtherVersion {
                    dir: dir.to_path_buf(),
                    found,
                    ours: FORMAT,
                });
            }
        }
        let size = reader.check_newest().map_err(unreadable)?;
        let checkpoint = reader.stored_checkpoint().map_err(unreadable)?;

        let (mut floor, acknowledged) = match Floor::open(&dir.join(FLOOR_FILE)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damage("the file `floor` is missing".to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        let acknowledged =
            acknowledged.ok_or_else(|| damage("the file `floor` is not readable".to_owned()))?;
        if size < acknowledged {
            return Err(damage(format!(
                "{acknowledged} entries were acknowledged and {size} are left"
            )));
        }
        // What a crash left may be flushed and not synced, and is about to be shown to readers.
        database.commit().map_err(damaged)?;
        floor.raise(size)?;
        floor.raise(size)?;
        floor.sync()?;
        reader.show(size, checkpoint);
        Ok(Self {
            database,
            reader: Arc::new(reader),
            floor,
            value_bytes_max: tuning.value_bytes_max,
            stopped: None,
        })
    }

    /// The journal of reads, which lives in the same database.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] where its newest row is not what was written.
    pub fn reads(&self) -> Result<ReadJournal, OpenError> {
        ReadJournal::in_database(Arc::clone(&self.database)).map_err(unreadable)
    }

    /// Reads everything and checks every checksum and that no position is missing or there twice.
    /// Returns how many entries there are.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first damage found.
    pub fn verify_all(&self) -> Result<u64, ReadError> {
        self.reader.verify_all()
    }

    fn write(&mut self, values: Vec<(u64, Vec<u8>)>, batch: &Batch<'_>) -> Result<(), Trouble> {
        let reader = &self.reader;
        if !batch.tiles.is_empty() {
            let mut tiles = sled::Batch::default();
            for (id, tile) in batch.tiles {
                let key = tile_key(*id);
                tiles.insert(&key, seal(Kind::Tile, &key, tile));
            }
            guarded(|| reader.tiles.apply_batch(tiles))?;
        }
        if let Some(checkpoint) = batch.checkpoint {
            let value = seal(Kind::Meta, CHECKPOINT_KEY, checkpoint.as_bytes());
            guarded(|| reader.meta.insert(CHECKPOINT_KEY, value))?;
        }
        if !values.is_empty() {
            let mut entries = sled::Batch::default();
            for (first, value) in values {
                entries.insert(&first.to_be_bytes(), value);
            }
            guarded(|| reader.entries.apply_batch(entries))?;
        }
        self.database.commit()
    }
}

impl Log for SledLog {
    fn size(&self) -> u64 {
        self.reader.size()
    }

    fn append(&mut self, at: u64, batch: &Batch<'_>) -> Result<(), AppendError> {
        if let Some(fault) = &self.stopped {
            return Err(AppendError::Unknown(fault.clone()));
        }
        let (size, next) = place(self.size(), at, batch)?;
        let values = pack(size, batch.entries, self.value_bytes_max)
            .ok_or(AppendError::Unstorable("an entry is too long"))?;
        if let Err(trouble) = self.write(values, batch) {
            let fault = Fault::new(trouble.words());
            self.stopped = Some(fault.clone());
            return Err(AppendError::Unknown(fault));
        }
        // Durable before visible.
        self.reader.show(next, batch.checkpoint.map(str::to_owned));
        // The batch is acknowledged whatever becomes of the floor: a floor that stays behind only
        // notices less.
        if let Err(error) = self.floor.raise(next) {
            tracing::error!(log.size = next, "the floor of the log could not be written: {error}");
        }
        Ok(())
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.reader.clone()
    }
}

/// Checks a batch against the log's size, before anything is written. Returns that size and the next.
pub(super) fn place(size: u64, at: u64, batch: &Batch<'_>) -> Result<(u64, u64), AppendError> {
    if at != size {
        return Err(AppendError::WrongPosition { at, size });
    }
    if batch.tiles.iter().any(|(_, tile)| tile.len() != TILE_BYTES) {
        return Err(AppendError::Unstorable("a tile is not full"));
    }
    if batch.entries.iter().any(|entry| entry.len() > ENTRY_BYTES_MAX) {
        return Err(AppendError::Unstorable("an entry is too long"));
    }
    u64::try_from(batch.entries.len())
        .ok()
        .and_then(|count| size.checked_add(count))
        .map(|next| (size, next))
        .ok_or(AppendError::Unstorable("there are no more positions"))
}

fn existing(dir: &Path) -> Result<PathBuf, OpenError> {
    let log = dir.join(LOG_FOLDER);
    // sled makes what is missing, so a folder that lost its database would open as an empty log.
    if !log.is_dir() {
        return Err(OpenError::Missing { dir: dir.to_path_buf() });
    }
    for file in ["db", "conf"] {
        if !log.join(file).is_file() {
            return Err(damage(format!("the file `{file}` is missing")));
        }
    }
    Ok(log)
}

fn damage(what: String) -> OpenError {
    OpenError::Damaged { what, hint: HINT }
}

fn damaged(trouble: Trouble) -> OpenError {
    match trouble {
        Trouble::Damage(what) => damage(what),
        Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
    }
}

fn unreadable(error: ReadError) -> OpenError {
    match error {
        ReadError::Damaged { what } => damage(what),
        ReadError::OutOfRange { .. } | ReadError::Failed(_) => {
            OpenError::Io(io::Error::other(error))
        }
    }
}
