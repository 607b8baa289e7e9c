//! The connections database: connections with their sealed secrets, the entries that no invoice was found for yet, and
//! what was last stated about each invoice. No replay of the log brings this back.
//!
//! One tree in the folder `connections`: `0 ‖ connection` → its row, `1 ‖ connection ‖ entry` → an entry that waits,
//! `2 ‖ connection ‖ invoice` → what was said, `3` → a word sealed under the vault key; integers big-endian, rows with
//! checksums. A row is on the disk only after [`ConnectionStore::commit`].
//!
//! Does not know what a row says.

use std::{fs, io, path::Path, sync::Arc};

use crate::store::{
    Fault, OpenError, ReadError,
    database::{Database, Trouble, Tuning, guarded},
    packing::{Kind, seal, unseal},
};

const FOLDER: &str = "connections";
const CONNECTION: u8 = 0;
const WAITING: u8 = 1;
const SAID: u8 = 2;
const WORD: u8 = 3;
const HINT: &str = "move the folder `connections` aside: the log is not touched, but every debtor has to connect its \
    package anew";

/// Rows are small and few: an eighth of the log's segment, and of its cache.
const TUNING: Tuning = Tuning { segment_bytes: 1 << 20, cache_bytes: 8 << 20, ..Tuning::STANDARD };

/// What an entry is stored under: a hash of the package's own id of it.
pub type EntryKey = [u8; 16];

/// The rows. Any number of threads may read and write.
pub struct ConnectionStore {
    database: Arc<Database>,
    rows: sled::Tree,
}

/// What happens to rows together: all of it, or nothing.
#[derive(Default)]
pub struct ConnectionRows {
    batch: sled::Batch,
}

impl ConnectionRows {
    /// Writes a connection's row.
    pub fn connection(&mut self, connection: u64, row: &[u8]) {
        self.put(&key(CONNECTION, connection, &[]), row);
    }

    /// Writes an entry that waits for its invoice.
    pub fn waiting(&mut self, connection: u64, entry: &EntryKey, row: &[u8]) {
        self.put(&key(WAITING, connection, entry), row);
    }

    /// Removes an entry that no longer waits.
    pub fn remove_waiting(&mut self, connection: u64, entry: &EntryKey) {
        self.batch.remove(key(WAITING, connection, entry));
    }

    /// Writes what was said about an invoice.
    pub fn said(&mut self, connection: u64, invoice: &[u8; 32], row: &[u8]) {
        self.put(&key(SAID, connection, invoice), row);
    }

    /// Writes the word that only the vault key opens.
    pub fn word(&mut self, row: &[u8]) {
        self.put(&[WORD], row);
    }

    fn put(&mut self, key: &[u8], row: &[u8]) {
        self.batch.insert(key, seal(Kind::Connection, key, row));
    }
}

impl ConnectionStore {
    /// Opens the database in the folder of a registry, or makes it empty.
    ///
    /// # Errors
    /// On [`OpenError::Damaged`] it says what the operator can do.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let dir = dir.join(FOLDER);
        fs::create_dir_all(&dir)?;
        let database = Database::open(&dir, TUNING, HINT)?;
        let rows = database.tree("connections").map_err(|trouble| match trouble {
            Trouble::Damage(what) => OpenError::Damaged { what, hint: HINT },
            Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
        })?;
        Ok(Self { database, rows })
    }

    /// Every connection's row, in the order of their numbers.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn connections(&self) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        let rows = guarded(|| self.rows.scan_prefix([CONNECTION]).collect::<Result<Vec<_>, _>>())?;
        let rows = rows.iter().map(|(key, value)| {
            let number = key.last_chunk().copied().map(u64::from_be_bytes);
            Ok((number.ok_or_else(|| damaged(key))?, content(key, value)?))
        });
        rows.collect()
    }

    /// Some of the entries of a connection that wait, after one.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn waiting(
        &self,
        connection: u64,
        after: Option<&EntryKey>,
        limit: usize,
    ) -> Result<Vec<(EntryKey, Vec<u8>)>, ReadError> {
        let from = key(WAITING, connection, after.map_or(&[][..], |after| &after[..]));
        let until = key(WAITING, connection, &[0xff; 17]);
        let last = after.map(|after| key(WAITING, connection, after));
        let found = || {
            let range = self.rows.range(from..until);
            let beyond = range.filter(|row| match (row, &last) {
                (Ok((key, _)), Some(last)) => key.as_ref() != last.as_slice(),
                _ => true,
            });
            beyond.take(limit).collect::<Result<Vec<_>, _>>()
        };
        let rows = guarded(found)?;
        let rows = rows.iter().map(|(key, value)| {
            let entry = key.last_chunk().copied();
            Ok((entry.ok_or_else(|| damaged(key))?, content(key, value)?))
        });
        rows.collect()
    }

    /// How many entries of a connection wait.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn waiting_len(&self, connection: u64) -> Result<u64, ReadError> {
        let prefix = key(WAITING, connection, &[]);
        let keys = guarded(|| self.rows.scan_prefix(prefix).keys().collect::<Result<Vec<_>, _>>())?;
        Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
    }

    /// Whether an entry waits.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn waits(&self, connection: u64, entry: &EntryKey) -> Result<bool, ReadError> {
        Ok(guarded(|| self.rows.contains_key(key(WAITING, connection, entry)))?)
    }

    /// What was said about an invoice.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn said(&self, connection: u64, invoice: &[u8; 32]) -> Result<Option<Vec<u8>>, ReadError> {
        self.get(&key(SAID, connection, invoice))
    }

    /// The word that only the vault key opens.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn word(&self) -> Result<Option<Vec<u8>>, ReadError> {
        self.get(&[WORD])
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let found = guarded(|| self.rows.get(key))?;
        found.map(|value| content(key, &value)).transpose()
    }

    /// Does this to the rows; durable after [`Self::commit`].
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn apply(&self, rows: ConnectionRows) -> Result<(), Fault> {
        guarded(|| self.rows.apply_batch(rows.batch)).map_err(|trouble| Fault::new(trouble.words()))
    }

    /// Removes a connection with everything that was kept for it, its secret first.
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn remove(&self, connection: u64) -> Result<(), Fault> {
        for kind in [CONNECTION, WAITING, SAID] {
            let prefix = key(kind, connection, &[]);
            let removed = guarded(|| {
                self.rows.scan_prefix(prefix).keys().try_for_each(|key| {
                    let key = key?;
                    self.rows.remove(key).map(|_| ())
                })
            });
            removed.map_err(|trouble| Fault::new(trouble.words()))?;
        }
        self.commit()
    }

    /// Makes everything that was applied survive a loss of power.
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn commit(&self) -> Result<(), Fault> {
        self.database.commit().map_err(|trouble| Fault::new(trouble.words()))
    }
}

fn key(kind: u8, connection: u64, rest: &[u8]) -> Vec<u8> {
    [&[kind][..], &connection.to_be_bytes(), rest].concat()
}

fn content(key: &[u8], value: &[u8]) -> Result<Vec<u8>, ReadError> {
    unseal(Kind::Connection, key, value).map(<[u8]>::to_vec).ok_or_else(|| damaged(key))
}

fn damaged(key: &[u8]) -> ReadError {
    ReadError::Damaged { what: format!("the connection row under {key:?} changed") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_after_reopening_and_go_with_their_connection() {
        let dir = tempfile::tempdir().unwrap();
        let store = ConnectionStore::open(dir.path()).unwrap();
        let mut rows = ConnectionRows::default();
        for connection in [1, 2] {
            rows.connection(connection, b"row");
            rows.said(connection, &[9; 32], b"said");
            for entry in [[0; 16], [7; 16], [0xff; 16]] {
                rows.waiting(connection, &entry, b"entry");
            }
        }
        rows.word(b"word");
        store.apply(rows).unwrap();
        store.commit().unwrap();
        drop(store);

        let store = ConnectionStore::open(dir.path()).unwrap();
        assert_eq!(store.connections().unwrap().len(), 2);
        let keys = |after: Option<&EntryKey>, limit| {
            let rows = store.waiting(1, after, limit).unwrap();
            rows.into_iter().map(|(key, _)| key[0]).collect::<Vec<_>>()
        };
        assert_eq!(keys(None, 2), [0, 7]);
        assert_eq!(keys(Some(&[7; 16]), 9), [0xff]);
        assert_eq!(keys(Some(&[8; 16]), 9), [0xff]);
        assert!(store.waits(1, &[7; 16]).unwrap());
        store.remove(1).unwrap();
        assert_eq!(store.connections().unwrap(), [(2, b"row".to_vec())]);
        assert_eq!((store.waiting_len(1).unwrap(), store.waiting_len(2).unwrap()), (0, 3));
        assert_eq!(store.said(1, &[9; 32]).unwrap(), None);
        assert_eq!(store.said(2, &[9; 32]).unwrap(), Some(b"said".to_vec()));
        assert_eq!(store.word().unwrap(), Some(b"word".to_vec()));
    }

    #[test]
    fn a_row_that_changed_is_damage_and_never_another_connection() {
        let dir = tempfile::tempdir().unwrap();
        let store = ConnectionStore::open(dir.path()).unwrap();
        let mut rows = ConnectionRows::default();
        rows.connection(1, b"one");
        store.apply(rows).unwrap();
        let stored = store.rows.get(key(CONNECTION, 1, &[])).unwrap().unwrap();
        store.rows.insert(key(CONNECTION, 2, &[]), stored).unwrap();
        assert!(matches!(store.connections(), Err(ReadError::Damaged { .. })));
    }
}
