//! Saving a state: which pages changed, and a digest of all of them.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

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
        let mut hasher = blake3::Hasher::new_derive_key("tallystick.org 2026-11 read models v1");
        hasher.update(&postcard::to_stdvec(&self.summary())?);
        each_column!(&mut *self, column => hash_rows(column, &mut hasher)?);
        Ok(*hasher.finalize().as_bytes())
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

fn hash_rows<T>(column: &Pages<T>, hasher: &mut blake3::Hasher) -> Result<(), postcard::Error>
where
    T: Clone + Serialize + DeserializeOwned,
{
    for row in column.iter() {
        hasher.update(&postcard::to_stdvec(&*row)?);
    }
    Ok(())
}
