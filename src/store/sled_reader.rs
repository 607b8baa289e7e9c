//! Reads the log in sled: a value holds many positions, and each is checked on the way.
//!
//! A reader shows what is durable and nothing else: size and checkpoint are those that the writer set
//! after its sync, and a tile is shown when all entries below it are durable. Cheap to share: any
//! number of threads read at once, beside the writer.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    log::{TILE_WIDTH, TileId},
    store::{
        LogReader, ReadError, TILE_BYTES,
        database::{Database, Trouble, guarded, touch},
        packing::{Kind, Packed, unseal},
    },
};

/// How many of the newest values are checked when a log opens.
const VALUES_CHECKED_AT_OPEN: usize = 64;
/// The keys of `meta`.
pub(super) const FORMAT_KEY: &[u8] = b"format";
pub(super) const CHECKPOINT_KEY: &[u8] = b"checkpoint";

/// The durable part of a log in sled.
pub(super) struct SledReader {
    pub(super) entries: sled::Tree,
    pub(super) tiles: sled::Tree,
    pub(super) meta: sled::Tree,
    /// What is durable, which is less than what is stored while an append is under way.
    size: AtomicU64,
    checkpoint: RwLock<Option<String>>,
    /// Keeps the lock of the folder.
    _database: Arc<Database>,
}

impl SledReader {
    /// A reader that shows nothing yet.
    pub(super) fn open(database: &Arc<Database>) -> Result<Self, Trouble> {
        Ok(Self {
            entries: database.tree("entries")?,
            tiles: database.tree("tiles")?,
            meta: database.tree("meta")?,
            size: AtomicU64::new(0),
            checkpoint: RwLock::default(),
            _database: Arc::clone(database),
        })
    }

    /// Shows what is durable from now on.
    pub(super) fn show(&self, size: u64, checkpoint: Option<String>) {
        if checkpoint.is_some() {
            *self.checkpoint.write().unwrap_or_else(PoisonError::into_inner) = checkpoint;
        }
        self.size.store(size, Ordering::Release);
    }

    /// The format version, or `None` where there is none that is as it was written.
    pub(super) fn format(&self) -> Result<Option<u32>, Trouble> {
        let value = guarded(|| self.meta.get(FORMAT_KEY))?;
        Ok(value
            .as_deref()
            .and_then(|value| unseal(Kind::Meta, FORMAT_KEY, value))
            .and_then(|content| content.try_into().ok())
            .map(u32::from_be_bytes))
    }

    /// The checkpoint in the database, which may not be durable yet.
    pub(super) fn stored_checkpoint(&self) -> Result<Option<String>, ReadError> {
        let Some(value) = guarded(|| self.meta.get(CHECKPOINT_KEY))? else { return Ok(None) };
        unseal(Kind::Meta, CHECKPOINT_KEY, &value)
            .and_then(|content| String::from_utf8(content.to_vec()).ok())
            .map(Some)
            .ok_or_else(|| ReadError::Damaged { what: "the stored checkpoint changed".to_owned() })
    }

    /// Checks the newest values and the very first position; returns the size.
    pub(super) fn check_newest(&self) -> Result<u64, ReadError> {
        let mut values = self.entries.iter();
        let mut size = None;
        let mut above = None;
        for _ in 0..VALUES_CHECKED_AT_OPEN {
            let Some((key, value)) = guarded(|| values.next_back().transpose())? else { break };
            let first = position(&key)?;
            let next =
                Packed::check(first, &value).map_err(|what| ReadError::Damaged { what })?.next();
            if above.is_some_and(|above| next != above) {
                return Err(gap(next));
            }
            size = size.or(Some(next));
            above = Some(first);
        }
        let lowest = guarded(|| self.entries.first())?;
        match lowest.map(|(key, _)| position(&key)).transpose()? {
            Some(0) | None => Ok(size.unwrap_or(0)),
            Some(_) => Err(gap(0)),
        }
    }

    /// Reads everything; returns the size.
    pub(super) fn verify_all(&self) -> Result<u64, ReadError> {
        let size = self.size();
        let mut expected = 0;
        let mut values = self.entries.iter();
        while expected < size {
            let Some((key, value)) = guarded(|| values.next().transpose())? else {
                return Err(gap(expected));
            };
            expected = follow(expected, &key, &value)?.next();
            touch(&self.entries, &key)?;
        }
        let mut tiles = self.tiles.iter();
        while let Some((key, value)) = guarded(|| tiles.next().transpose())? {
            if unseal(Kind::Tile, &key, &value).is_none_or(|tile| tile.len() != TILE_BYTES) {
                return Err(ReadError::Damaged { what: format!("the tile under {key:?} changed") });
            }
            touch(&self.tiles, &key)?;
        }
        self.stored_checkpoint()?;
        Ok(size)
    }
}

impl LogReader for SledReader {
    fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn read(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let size = self.size();
        if from > to || to > size {
            return Err(ReadError::OutOfRange { from, to, size });
        }
        let mut entries = Vec::new();
        if from == to {
            return Ok(entries);
        }
        let above = from.checked_add(1).ok_or_else(|| gap(from))?;
        let (key, value) =
            guarded(|| self.entries.get_lt(above.to_be_bytes()))?.ok_or_else(|| gap(from))?;
        let first = position(&key)?;
        let packed = follow(first, &key, &value)?;
        let mut next = packed.next();
        if next <= from {
            return Err(gap(from));
        }
        let wanted = from..to;
        packed.copy(&wanted, &mut entries).map_err(|what| ReadError::Damaged { what })?;
        touch(&self.entries, &key)?;
        if next < to {
            let mut values = self.entries.range(next.to_be_bytes()..to.to_be_bytes());
            while next < to {
                let (key, value) =
                    guarded(|| values.next().transpose())?.ok_or_else(|| gap(next))?;
                let packed = follow(next, &key, &value)?;
                packed.copy(&wanted, &mut entries).map_err(|what| ReadError::Damaged { what })?;
                next = packed.next();
                touch(&self.entries, &key)?;
            }
        }
        Ok(entries)
    }

    fn tile(&self, id: TileId) -> Result<Option<Box<[u8]>>, ReadError> {
        if id.width_at(self.size()) < TILE_WIDTH {
            return Ok(None);
        }
        let key = tile_key(id);
        let Some(value) = guarded(|| self.tiles.get(key))? else { return Ok(None) };
        touch(&self.tiles, &key)?;
        match unseal(Kind::Tile, &key, &value) {
            Some(tile) if tile.len() == TILE_BYTES => Ok(Some(tile.into())),
            _ => Err(ReadError::Damaged {
                what: format!("the tile {}/{} changed", id.level, id.index),
            }),
        }
    }

    fn checkpoint(&self) -> Result<Option<String>, ReadError> {
        Ok(self.checkpoint.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Checks that a value is the one with the `expected` first position.
fn follow<'a>(expected: u64, key: &[u8], value: &'a [u8]) -> Result<Packed<'a>, ReadError> {
    if position(key)? != expected {
        return Err(gap(expected));
    }
    Packed::check(expected, value).map_err(|what| ReadError::Damaged { what })
}

pub(super) fn tile_key(id: TileId) -> [u8; 9] {
    let mut key = [id.level; 9];
    if let Some(rest) = key.last_chunk_mut() {
        *rest = id.index.to_be_bytes();
    }
    key
}

fn position(key: &[u8]) -> Result<u64, ReadError> {
    key.try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| ReadError::Damaged { what: format!("{key:?} is not a position") })
}

fn gap(position: u64) -> ReadError {
    ReadError::Damaged { what: format!("position {position} is missing or does not follow") }
}
