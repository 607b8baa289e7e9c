//! The webhooks database: endpoints and what became of each message, which no replay of the log brings back.
//!
//! One tree in the folder `webhooks`: `0 ‖ endpoint` → its row, `1 ‖ endpoint ‖ delivery` → a row of its
//! log; integers big-endian, rows sealed. A row is on the disk only after [`WebhookStore::commit`]: what
//! a power cut takes back is delivered again.
//!
//! Does not know what a row says.

use std::{fs, io, path::Path, sync::Arc};

use crate::store::{
    Fault, OpenError, ReadError,
    database::{Database, Trouble, Tuning, guarded},
    packing::{Kind, seal, unseal},
};

const FOLDER: &str = "webhooks";
const ENDPOINT: u8 = 0;
const DELIVERY: u8 = 1;
const HINT: &str = "move the folder `webhooks` aside: the log is not touched, but every participant has to make its \
    webhooks anew";

/// Rows are small and few: an eighth of the log's segment, and of its cache.
const TUNING: Tuning = Tuning { segment_bytes: 1 << 20, cache_bytes: 8 << 20, ..Tuning::STANDARD };

/// The rows. Any number of threads may read and write.
pub struct WebhookStore {
    database: Arc<Database>,
    rows: sled::Tree,
}

/// What happens to rows together: all of it, or nothing.
#[derive(Default)]
pub struct WebhookRows {
    batch: sled::Batch,
}

impl WebhookRows {
    /// Writes an endpoint's row.
    pub fn endpoint(&mut self, endpoint: u64, row: &[u8]) {
        self.put(&key(ENDPOINT, &[endpoint]), row);
    }

    /// Writes a row of an endpoint's log.
    pub fn delivery(&mut self, endpoint: u64, delivery: u64, row: &[u8]) {
        self.put(&key(DELIVERY, &[endpoint, delivery]), row);
    }

    /// Removes an endpoint's row.
    pub fn remove_endpoint(&mut self, endpoint: u64) {
        self.batch.remove(key(ENDPOINT, &[endpoint]));
    }

    /// Removes a row of an endpoint's log.
    pub fn remove_delivery(&mut self, endpoint: u64, delivery: u64) {
        self.batch.remove(key(DELIVERY, &[endpoint, delivery]));
    }

    fn put(&mut self, key: &[u8], row: &[u8]) {
        self.batch.insert(key, seal(Kind::Webhook, key, row));
    }
}

impl WebhookStore {
    /// Opens the database in the folder of a registry, or makes it empty.
    ///
    /// # Errors
    /// On [`OpenError::Damaged`] it says what the operator can do.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let dir = dir.join(FOLDER);
        fs::create_dir_all(&dir)?;
        let database = Database::open(&dir, TUNING, HINT)?;
        let rows = database.tree("webhooks").map_err(|trouble| match trouble {
            Trouble::Damage(what) => OpenError::Damaged { what, hint: HINT },
            Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
        })?;
        Ok(Self { database, rows })
    }

    /// Every endpoint's row, in the order of their numbers.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn endpoints(&self) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        let rows = guarded(|| self.rows.scan_prefix([ENDPOINT]).collect::<Result<Vec<_>, _>>())?;
        rows.iter().map(|(key, value)| row(key, value)).collect()
    }

    /// The newest rows of an endpoint's log before a delivery, the newest first.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn deliveries(
        &self,
        endpoint: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        let range = key(DELIVERY, &[endpoint, 0])..key(DELIVERY, &[endpoint, before]);
        let found = || self.rows.range(range).rev().take(limit).collect::<Result<Vec<_>, _>>();
        guarded(found)?.iter().map(|(key, value)| row(key, value)).collect()
    }

    /// Does this to the rows; durable after [`Self::commit`].
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn apply(&self, rows: WebhookRows) -> Result<(), Fault> {
        guarded(|| self.rows.apply_batch(rows.batch)).map_err(|trouble| Fault::new(trouble.words()))
    }

    /// Makes everything that was applied survive a loss of power.
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn commit(&self) -> Result<(), Fault> {
        self.database.commit().map_err(|trouble| Fault::new(trouble.words()))
    }
}

fn key(kind: u8, numbers: &[u64]) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    key
}

/// A row with the number that its key ends with.
fn row(key: &[u8], value: &[u8]) -> Result<(u64, Vec<u8>), ReadError> {
    let number = key.last_chunk().copied().map(u64::from_be_bytes);
    let content = unseal(Kind::Webhook, key, value).map(<[u8]>::to_vec);
    number.zip(content).ok_or_else(|| ReadError::Damaged {
        what: format!("the webhook row under {key:?} changed"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_and_their_logs_come_back_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let store = WebhookStore::open(dir.path()).unwrap();
        let mut rows = WebhookRows::default();
        rows.endpoint(1, b"one");
        rows.endpoint(300, b"three hundred");
        for delivery in 0..5 {
            rows.delivery(1, delivery, &[u8::try_from(delivery).unwrap()]);
            rows.delivery(300, delivery, b"other");
        }
        store.apply(rows).unwrap();
        let mut rows = WebhookRows::default();
        rows.remove_delivery(1, 0);
        rows.remove_endpoint(300);
        store.apply(rows).unwrap();
        store.commit().unwrap();
        drop(store);

        let store = WebhookStore::open(dir.path()).unwrap();
        assert_eq!(store.endpoints().unwrap(), [(1, b"one".to_vec())]);
        let newest = |before, limit| {
            let rows = store.deliveries(1, before, limit).unwrap();
            rows.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
        };
        assert_eq!(newest(u64::MAX, 2), [4, 3]);
        assert_eq!(newest(3, 9), [2, 1]);
        assert_eq!(store.deliveries(2, u64::MAX, 9).unwrap(), []);
    }

    #[test]
    fn a_row_that_changed_is_damage_and_never_another_endpoint() {
        let dir = tempfile::tempdir().unwrap();
        let store = WebhookStore::open(dir.path()).unwrap();
        let mut rows = WebhookRows::default();
        rows.endpoint(1, b"one");
        store.apply(rows).unwrap();
        let stored = store.rows.get(key(ENDPOINT, &[1])).unwrap().unwrap();
        store.rows.insert(key(ENDPOINT, &[2]), stored).unwrap();
        assert!(matches!(store.endpoints(), Err(ReadError::Damaged { .. })));
    }
}
