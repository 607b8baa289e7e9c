//! The views database: pages of read models, thrown away and rebuilt from the log at will.
//!
//! One tree in the folder `views`: (column ‖ page, big-endian) → `checksum (16) ‖ content`, and one
//! meta value of the caller's, which is written in the same atomic batch as the pages that it
//! describes. Damage is an error, which the engine answers with [`ViewsStore::wipe`] and a replay.
//!
//! Does not know what a page holds, nor up to which position of the log it reflects it: that is in
//! the meta value.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::store::{
    Fault, OpenError, ReadError,
    database::{Database, Trouble, Tuning, guarded, touch},
    packing::{Kind, seal, unseal},
};

const VIEWS_FOLDER: &str = "views";
/// Shorter than the key of a page, and above them all.
const META_KEY: [u8; 1] = [u8::MAX];
/// What is read often is kept as rows, before it comes to here.
const TUNING: Tuning = Tuning { cache_bytes: 16 << 20, ..Tuning::STANDARD };
const HINT: &str = "delete the folder `views`; it is rebuilt from the log at the next start";

/// The pages. One writer persists, any number of threads load.
pub struct ViewsStore {
    dir: PathBuf,
    database: Arc<Database>,
    pages: sled::Tree,
}

impl ViewsStore {
    /// Opens the views in `dir`, or makes them empty.
    ///
    /// # Errors
    /// On [`OpenError::Damaged`], call [`ViewsStore::recreate`] and rebuild.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, TUNING)
    }

    fn open_with(dir: &Path, tuning: Tuning) -> Result<Self, OpenError> {
        let views = dir.join(VIEWS_FOLDER);
        fs::create_dir_all(&views)?;
        let database = Database::open(&views, tuning, HINT)?;
        let pages = database.tree("pages").map_err(|trouble| match trouble {
            Trouble::Damage(what) => OpenError::Damaged { what, hint: HINT },
            Trouble::Refusal(words) => OpenError::Io(io::Error::other(words)),
        })?;
        Ok(Self { dir: dir.to_path_buf(), database, pages })
    }

    /// Deletes the views in `dir`, which nobody has open, and makes them empty.
    ///
    /// # Errors
    /// [`OpenError::Io`] where the folder cannot be deleted or made.
    pub fn recreate(dir: &Path) -> Result<Self, OpenError> {
        match fs::remove_dir_all(dir.join(VIEWS_FOLDER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Self::open(dir),
        }
    }

    /// Deletes these views and makes them empty.
    ///
    /// # Errors
    /// As [`ViewsStore::recreate`].
    pub fn wipe(self) -> Result<Self, OpenError> {
        let dir = self.dir.clone();
        drop(self);
        Self::recreate(&dir)
    }

    /// A page, or `None` where it was never persisted.
    ///
    /// # Errors
    /// [`ReadError::Damaged`]: wipe and rebuild.
    pub fn load_page(&self, column: u8, page: u32) -> Result<Option<Vec<u8>>, ReadError> {
        self.load(&page_key(column, page))
    }

    /// The caller's meta value of the newest [`ViewsStore::persist`].
    ///
    /// # Errors
    /// [`ReadError::Damaged`]: wipe and rebuild.
    pub fn meta(&self) -> Result<Option<Vec<u8>>, ReadError> {
        self.load(&META_KEY)
    }

    fn load(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(value) = guarded(|| self.pages.get(key))? else { return Ok(None) };
        touch(&self.pages, key)?;
        content(key, &value).map(Some)
    }

    /// Writes pages and meta: after a crash all of them are there, or none.
    ///
    /// # Errors
    /// The outcome is unknown: the old state or the new one. Open the views again.
    pub fn persist(
        &self,
        pages: impl IntoIterator<Item = (u8, u32, Vec<u8>)>,
        meta: &[u8],
    ) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        let mut keys = Vec::new();
        for (column, page, content) in pages {
            let key = page_key(column, page);
            keys.push(key);
            batch.insert(&key, seal(Kind::Page, &key, &content));
        }
        batch.insert(&META_KEY, seal(Kind::Page, &META_KEY, meta));
        guarded(|| self.pages.apply_batch(batch))
            .and_then(|()| self.database.commit())
            .and_then(|()| keys.iter().try_for_each(|key| touch(&self.pages, key)))
            .map_err(|trouble| Fault::new(trouble.words()))
    }

    /// All pages of a column, in the order of their numbers.
    ///
    /// The first damage ends the iteration with an error.
    pub fn scan_column(
        &self,
        column: u8,
    ) -> impl Iterator<Item = Result<(u32, Vec<u8>), ReadError>> + use<> {
        let pages = self.pages.clone();
        let mut rows = pages.range(page_key(column, 0)..=page_key(column, u32::MAX));
        let mut failed = false;
        core::iter::from_fn(move || {
            if failed {
                return None;
            }
            let row = match guarded(|| rows.next().transpose()) {
                Ok(None) => return None,
                Ok(Some((key, value))) => touch(&pages, &key)
                    .map_err(ReadError::from)
                    .and_then(|()| page_row(&key, &value)),
                Err(trouble) => Err(trouble.into()),
            };
            failed = row.is_err();
            Some(row)
        })
    }
}

fn page_row(key: &[u8], value: &[u8]) -> Result<(u32, Vec<u8>), ReadError> {
    let page = key.last_chunk().copied().map(u32::from_be_bytes);
    match page {
        Some(page) => Ok((page, content(key, value)?)),
        None => Err(ReadError::Damaged { what: format!("{key:?} is not the key of a page") }),
    }
}

fn content(key: &[u8], value: &[u8]) -> Result<Vec<u8>, ReadError> {
    unseal(Kind::Page, key, value)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| ReadError::Damaged { what: format!("the page under {key:?} changed") })
}

fn page_key(column: u8, page: u32) -> [u8; 5] {
    let mut key = [column; 5];
    if let Some(rest) = key.last_chunk_mut() {
        *rest = page.to_be_bytes();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Tuning = Tuning { segment_bytes: 256 << 10, ..Tuning::STANDARD };

    fn column(views: &ViewsStore, column: u8) -> Vec<(u32, Vec<u8>)> {
        views.scan_column(column).map(Result::unwrap).collect()
    }

    #[test]
    fn pages_and_meta_come_back_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let views = ViewsStore::open_with(dir.path(), SMALL).unwrap();
        assert_eq!((views.meta().unwrap(), views.load_page(1, 0).unwrap()), (None, None));
        let pages = [(1, 300, vec![3]), (1, 2, vec![2; 10_000]), (2, 0, vec![]), (255, 7, vec![9])];
        views.persist(pages, b"first").unwrap();
        views.persist([(1, 2, b"new".to_vec())], b"second").unwrap();
        drop(views);

        let views = ViewsStore::open_with(dir.path(), SMALL).unwrap();
        assert_eq!(views.meta().unwrap().as_deref(), Some(&b"second"[..]));
        assert_eq!(column(&views, 1), [(2, b"new".to_vec()), (300, vec![3])]);
        assert_eq!(column(&views, 2), [(0, vec![])]);
        assert_eq!(column(&views, 255), [(7, vec![9])], "the meta value is no page");
        assert_eq!(views.load_page(1, 300).unwrap(), Some(vec![3]));
    }

    #[test]
    fn wiping_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let views = ViewsStore::open(dir.path()).unwrap();
        views.persist([(1, 1, vec![1])], b"meta").unwrap();
        let views = views.wipe().unwrap();
        assert_eq!((views.meta().unwrap(), column(&views, 1)), (None, vec![]));
        views.persist([(1, 1, vec![1])], b"meta").unwrap();
    }

    #[test]
    fn views_that_do_not_open_can_be_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let views = ViewsStore::open_with(dir.path(), SMALL).unwrap();
        views.persist([(1, 1, vec![1; 100_000])], b"meta").unwrap();
        drop(views);
        fs::write(dir.path().join("views/conf"), b"not sled's settings").unwrap();
        assert!(ViewsStore::open_with(dir.path(), SMALL).is_err());
        let views = ViewsStore::recreate(dir.path()).unwrap();
        assert_eq!(views.meta().unwrap(), None);
    }
}
