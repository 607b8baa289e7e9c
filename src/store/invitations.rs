//! The invitations database: contacts of debtors, links and letters, which no replay of the log brings back.
//!
//! One tree in the folder `invitations`, which only its owner may enter: a part's number ‖ the key within the part → a row,
//! sealed. It has names and addresses: they are here and nowhere else, so that they can be erased. A row is on the disk
//! only after [`InvitationStore::commit`].
//!
//! Does not know what a row says.

use std::{fs, io, path::Path, sync::Arc};

use crate::store::{
    Fault, OpenError, ReadError,
    database::{Database, Trouble, Tuning, guarded},
    packing::{Kind, seal, unseal},
};

const FOLDER: &str = "invitations";
const HINT: &str = "move the folder `invitations` aside: the log is not touched, but the operator has to set every contact \
    anew, and links that were sent no longer work";

/// Rows are small and few: an eighth of the log's segment, and of its cache.
const TUNING: Tuning = Tuning { segment_bytes: 1 << 20, cache_bytes: 8 << 20, ..Tuning::STANDARD };

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Contacts, by party id.
    Contact,
    /// Links, by the hash of their token.
    Link,
    /// Letters, by number.
    Letter,
    /// How far the log was looked through; one row.
    Cursor,
}

impl Part {
    const fn tag(self) -> u8 {
        match self {
            Self::Contact => 0,
            Self::Link => 1,
            Self::Letter => 2,
            Self::Cursor => 3,
        }
    }

    fn key(self, key: &[u8]) -> Vec<u8> {
        let mut whole = vec![self.tag()];
        whole.extend_from_slice(key);
        whole
    }
}

/// A row with its key within its part.
pub type KeyedRow = (Vec<u8>, Vec<u8>);

/// The rows. Any number of threads may read and write.
pub struct InvitationStore {
    database: Arc<Database>,
    rows: sled::Tree,
}

/// What happens to rows together: all of it, or nothing.
#[derive(Default)]
pub struct InvitationRows {
    batch: sled::Batch,
}

impl InvitationRows {
    /// Writes a row.
    pub fn put(&mut self, part: Part, key: &[u8], row: &[u8]) {
        let key = part.key(key);
        let sealed = seal(Kind::Invitation, &key, row);
        self.batch.insert(key, sealed);
    }

    /// Removes a row.
    pub fn remove(&mut self, part: Part, key: &[u8]) {
        self.batch.remove(part.key(key));
    }
}

impl InvitationStore {
    /// Opens the database in the folder of a registry, or makes it empty.
    ///
    /// # Errors
    /// On [`OpenError::Damaged`] it says what the operator can do.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let dir = dir.join(FOLDER);
        make_private(&dir)?;
        let database = Database::open(&dir, TUNING, HINT)?;
        let rows = database.tree("invitations").map_err(|trouble| match trouble {
            Trouble::Damage(what) => OpenError::Damaged { what, hint: HINT },
            Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
        })?;
        Ok(Self { database, rows })
    }

    /// Every row of a part with its key, in the order of the keys.
    ///
    /// # Errors
    /// [`ReadError::Damaged`].
    pub fn rows(&self, part: Part) -> Result<Vec<KeyedRow>, ReadError> {
        let rows = guarded(|| self.rows.scan_prefix([part.tag()]).collect::<Result<Vec<_>, _>>())?;
        rows.iter().map(|(key, value)| row(key, value)).collect()
    }

    /// Does this to the rows; durable after [`Self::commit`].
    ///
    /// # Errors
    /// The outcome is unknown.
    pub fn apply(&self, rows: InvitationRows) -> Result<(), Fault> {
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

fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A row without the tag of its part.
fn row(key: &[u8], value: &[u8]) -> Result<KeyedRow, ReadError> {
    let content = unseal(Kind::Invitation, key, value).map(<[u8]>::to_vec);
    let parts = key.split_first().map(|(_, key)| key.to_vec()).zip(content);
    // A key may have a name in it: it is not said which.
    parts.ok_or_else(|| ReadError::Damaged { what: "a row of the invitations changed".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_part_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let store = InvitationStore::open(dir.path()).unwrap();
        let mut rows = InvitationRows::default();
        rows.put(Part::Contact, b"b", b"two");
        rows.put(Part::Contact, b"a", b"one");
        rows.put(Part::Link, b"a", b"other");
        store.apply(rows).unwrap();
        let mut rows = InvitationRows::default();
        rows.remove(Part::Contact, b"b");
        store.apply(rows).unwrap();
        store.commit().unwrap();
        drop(store);
        let store = InvitationStore::open(dir.path()).unwrap();
        assert_eq!(store.rows(Part::Contact).unwrap(), [(b"a".to_vec(), b"one".to_vec())]);
        assert_eq!(store.rows(Part::Link).unwrap(), [(b"a".to_vec(), b"other".to_vec())]);
        assert_eq!(store.rows(Part::Letter).unwrap(), []);
    }

    #[test]
    fn a_row_under_another_key_is_damage_and_never_another_contact() {
        let dir = tempfile::tempdir().unwrap();
        let store = InvitationStore::open(dir.path()).unwrap();
        let mut rows = InvitationRows::default();
        rows.put(Part::Contact, b"a", b"one");
        store.apply(rows).unwrap();
        let stored = store.rows.get(Part::Contact.key(b"a")).unwrap().unwrap();
        store.rows.insert(Part::Contact.key(b"b"), stored).unwrap();
        assert!(matches!(store.rows(Part::Contact), Err(ReadError::Damaged { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_enter_the_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let _store = InvitationStore::open(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(FOLDER)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
