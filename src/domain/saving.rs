//! Saving a state: which pages changed, and a digest of all of them.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::encumbrance::Case;
use crate::domain::pages::{Column, Pages, SavedPage};
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

/// Runs an expression for each column in turn.
macro_rules! each_column {
    ($state:expr, $column:ident => $body:expr) => {{
        let state = $state;
        {
            let $column = &mut state.parties;
            $body;
        }
        {
            let $column = &mut state.participants;
            $body;
        }
        {
            let $column = &mut state.receivables;
            $body;
        }
        {
            let $column = &mut state.financings;
            $body;
        }
        {
            let $column = &mut state.cases;
            $body;
        }
        {
            let $column = &mut state.mandates;
            $body;
        }
        {
            let $column = &mut state.alerts;
            $body;
        }
        {
            let $column = &mut state.journal;
            $body;
        }
        {
            let $column = &mut state.blankets;
            $body;
        }
        {
            let $column = &mut state.consents;
            $body;
        }
    }};
}

impl State {
    /// Takes what changed since the last save. [`Self::saved`] follows once it is safe.
    pub fn begin_save(&mut self) -> Snapshot {
        let summary = self.summary();
        let mut pages = Vec::new();
        each_column!(&mut *self, column => take_changed(column, &mut pages));
        Snapshot { pages, summary }
    }

    /// Says that the last snapshot is stored, so that its pages may leave memory.
    pub fn saved(&mut self) {
        each_column!(&mut *self, column => column.saved());
    }

    /// How many pages changed since the last save.
    pub fn changed_pages(&mut self) -> usize {
        let mut sum = 0_usize;
        each_column!(&mut *self, column => sum = sum.saturating_add(column.changed_pages()));
        sum
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
        each_column!(&mut *self, column => column.hold());
        Ok(Digest { hasher, column: 0, page: 0 })
    }

    /// A page of the conflicts as they were when the digest began, with how many of its rows there were then.
    pub fn digested_cases(&self, page: u32) -> Option<(Arc<Vec<Case>>, usize)> {
        self.cases.held_page(page)
    }

    /// Ends a digest, whether it was finished or not.
    pub fn end_digest(&mut self) {
        each_column!(&mut *self, column => column.let_go());
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
            let read = match self.column {
                0 => hash_page(&state.parties, self.page, &mut self.hasher)?,
                1 => hash_page(&state.participants, self.page, &mut self.hasher)?,
                2 => hash_page(&state.receivables, self.page, &mut self.hasher)?,
                3 => hash_page(&state.financings, self.page, &mut self.hasher)?,
                4 => hash_page(&state.cases, self.page, &mut self.hasher)?,
                5 => hash_page(&state.mandates, self.page, &mut self.hasher)?,
                6 => hash_page(&state.alerts, self.page, &mut self.hasher)?,
                7 => hash_page(&state.journal, self.page, &mut self.hasher)?,
                8 => hash_page(&state.blankets, self.page, &mut self.hasher)?,
                9 => hash_page(&state.consents, self.page, &mut self.hasher)?,
                _ => return Ok(false),
            };
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

fn take_changed<T>(column: &mut Pages<T>, pages: &mut Vec<(Column, u32, Encode)>)
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let name = column.column();
    for (number, page) in column.begin_save() {
        let encode: Encode = Box::new(move || Pages::<T>::encode(&Arc::clone(&page)));
        pages.push((name, number, encode));
    }
}

fn hash_page<T>(
    column: &Pages<T>,
    page: u32,
    hasher: &mut blake3::Hasher,
) -> Result<bool, postcard::Error>
where
    T: Clone + Serialize + DeserializeOwned,
{
    let Some((page, rows)) = column.held_page(page) else { return Ok(false) };
    for row in page.iter().take(rows) {
        hasher.update(&postcard::to_stdvec(row)?);
    }
    Ok(true)
}
