//! Saving a state: which pages changed, and a digest of all of them.

use core::num::NonZeroUsize;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::encumbrance::Case;
use crate::domain::pages::{Column, PageSource, Pages, SavedPage};
use crate::domain::state::{State, Summary};

/// Encodes the rows of one page.
type Encode = Box<dyn FnOnce() -> Result<Vec<u8>, postcard::Error> + Send>;

/// What has to be stored for a state to be taken up again: the pages that changed, and the summary.
///
/// The pages are encoded by [`Self::encode`], which may run on another thread while the state moves on.
pub struct Snapshot {
    pages: Vec<(Column, u32, Encode)>,
    summary: Summary,
}

impl Snapshot {
    /// The scalar part.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Encodes the pages.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn encode(self) -> Result<(Vec<SavedPage>, Summary), postcard::Error> {
        let encode = |(column, page, encode): (Column, u32, Encode)| Ok((column, page, encode()?));
        Ok((self.pages.into_iter().map(encode).collect::<Result<_, _>>()?, self.summary))
    }
}

/// A column, whatever its rows are.
pub(super) trait Table {
    /// As [`Pages::attach`].
    fn attach(&mut self, source: Arc<dyn PageSource>, length: u32, pages_max: Option<NonZeroUsize>);
    /// How many rows there are.
    fn rows(&self) -> u32;
    /// As [`Pages::fault`].
    fn fault(&self) -> Option<&str>;
    /// As [`Pages::changed_pages`].
    fn changed_pages(&self) -> usize;
    /// Takes the changed pages to be saved, as [`Pages::begin_save`].
    fn take_changed(&mut self, pages: &mut Vec<(Column, u32, Encode)>);
    /// As [`Pages::saved`].
    fn saved(&mut self);
    /// As [`Pages::hold`].
    fn hold(&mut self);
    /// As [`Pages::let_go`].
    fn let_go(&mut self);
    /// Hashes the rows of a page, as the column was when it was held; says whether there was that page.
    fn hash_page(&self, page: u32, hasher: &mut blake3::Hasher) -> Result<bool, postcard::Error>;
}

impl<T> Table for Pages<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn attach(
        &mut self,
        source: Arc<dyn PageSource>,
        length: u32,
        pages_max: Option<NonZeroUsize>,
    ) {
        self.attach(source, length, pages_max);
    }

    fn rows(&self) -> u32 {
        self.len()
    }

    fn fault(&self) -> Option<&str> {
        self.fault()
    }

    fn changed_pages(&self) -> usize {
        self.changed_pages()
    }

    fn take_changed(&mut self, pages: &mut Vec<(Column, u32, Encode)>) {
        let name = self.column();
        for (number, page) in self.begin_save() {
            let encode: Encode = Box::new(move || Self::encode(&page));
            pages.push((name, number, encode));
        }
    }

    fn saved(&mut self) {
        self.saved();
    }

    fn hold(&mut self) {
        self.hold();
    }

    fn let_go(&mut self) {
        self.let_go();
    }

    fn hash_page(&self, page: u32, hasher: &mut blake3::Hasher) -> Result<bool, postcard::Error> {
        let Some((page, rows)) = self.held_page(page) else { return Ok(false) };
        for row in page.iter().take(rows) {
            hasher.update(&postcard::to_stdvec(row)?);
        }
        Ok(true)
    }
}

impl State {
    /// Takes what changed since the last save. [`Self::saved`] follows once it is safe.
    pub fn begin_save(&mut self) -> Snapshot {
        let summary = self.summary();
        let mut pages = Vec::new();
        self.columns_mut().into_iter().for_each(|column| column.take_changed(&mut pages));
        Snapshot { pages, summary }
    }

    /// Says that the last snapshot is stored, so that its pages may leave memory.
    pub fn saved(&mut self) {
        self.columns_mut().into_iter().for_each(Table::saved);
    }

    /// How many pages changed since the last save.
    pub fn changed_pages(&self) -> usize {
        self.columns().map(Table::changed_pages).iter().sum()
    }

    /// A digest of every read model: BLAKE3 over the summary and all rows, in order. Two states with equal
    /// digests answer every question alike.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn digest(&mut self) -> Result<[u8; 32], postcard::Error> {
        let mut digest = self.begin_digest()?;
        let more = loop {
            match digest.go_on(self, u32::MAX) {
                Ok(true) => {}
                end => break end,
            }
        };
        self.end_digest();
        more.map(|_| digest.finish())
    }

    /// Begins a digest of the read models as they are now. The state may move on meanwhile, and keeps what changes
    /// as it was until [`Self::end_digest`]; there is one digest at a time.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn begin_digest(&mut self) -> Result<Digest, postcard::Error> {
        let mut hasher = blake3::Hasher::new_derive_key("tallystick.org 2026-11 read models v1");
        hasher.update(&postcard::to_stdvec(&self.summary())?);
        self.columns_mut().into_iter().for_each(Table::hold);
        Ok(Digest { hasher, column: 0, page: 0 })
    }

    /// A page of the conflicts as they were when the digest began, with how many of its rows there were then.
    pub fn digested_cases(&self, page: u32) -> Option<(Arc<Vec<Case>>, usize)> {
        self.cases.held_page(page)
    }

    /// Ends a digest, whether it was finished or not.
    pub fn end_digest(&mut self) {
        self.columns_mut().into_iter().for_each(Table::let_go);
    }
}

/// A digest in progress.
pub struct Digest {
    hasher: blake3::Hasher,
    /// What is read next.
    column: usize,
    page: u32,
}

impl Digest {
    /// Reads so many more pages, as they were when the digest began; says whether there are more.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn go_on(&mut self, state: &State, pages: u32) -> Result<bool, postcard::Error> {
        let mut left = pages;
        while left > 0 {
            let Some(column) = state.columns().get(self.column).copied() else { return Ok(false) };
            let read = column.hash_page(self.page, &mut self.hasher)?;
            (self.column, self.page) = if read {
                (self.column, self.page.saturating_add(1))
            } else {
                (self.column.saturating_add(1), 0)
            };
            left = left.saturating_sub(1);
        }
        Ok(true)
    }

    /// The digest, once there is nothing more.
    pub fn finish(self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}
