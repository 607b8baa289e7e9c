//! A log in memory, with the contract of the real one: for tests of what stands on it.
//!
//! Knows nothing of disks; "durable" means "as long as the process".

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::{
    log::{TILE_WIDTH, TileId},
    store::{AppendError, Batch, Log, LogReader, ReadError, sled_log::place},
};

/// A log that is gone when its last handle is. Clones share their content, which stands in for
/// opening a log again: see [`MemoryLog::reopen`].
#[derive(Debug, Default)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(RwLock<Content>);

#[derive(Debug, Default)]
struct Content {
    entries: Vec<Vec<u8>>,
    tiles: BTreeMap<TileId, Box<[u8]>>,
    checkpoint: Option<String>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another handle on the same content, as a restart would get it.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn content(&self) -> RwLockReadGuard<'_, Content> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn content_mut(&self) -> RwLockWriteGuard<'_, Content> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn size(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }
}

impl Log for MemoryLog {
    fn size(&self) -> u64 {
        self.shared.content().size()
    }

    fn append(&mut self, at: u64, batch: &Batch<'_>) -> Result<(), AppendError> {
        let mut content = self.shared.content_mut();
        place(content.size(), at, batch)?;
        content.entries.extend_from_slice(batch.entries);
        content.tiles.extend(batch.tiles.iter().cloned());
        if let Some(checkpoint) = batch.checkpoint {
            content.checkpoint = Some(checkpoint.to_owned());
        }
        Ok(())
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.shared.clone()
    }
}

impl LogReader for Shared {
    fn size(&self) -> u64 {
        self.content().size()
    }

    fn read(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let content = self.content();
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        range
            .and_then(|(from, to)| content.entries.get(from..to))
            .map(<[Vec<u8>]>::to_vec)
            .ok_or_else(|| ReadError::OutOfRange { from, to, size: content.size() })
    }

    fn tile(&self, id: TileId) -> Result<Option<Box<[u8]>>, ReadError> {
        let content = self.content();
        Ok(content.tiles.get(&id).filter(|_| id.width_at(content.size()) == TILE_WIDTH).cloned())
    }

    fn checkpoint(&self) -> Result<Option<String>, ReadError> {
        Ok(self.content().checkpoint.clone())
    }
}
