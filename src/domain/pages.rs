//! Rows of a read model, in pages that need not be in memory.
//!
//! A column is a dense, append-mostly list of rows. Rows that changed since the column was last saved stay
//! in memory; the others are kept in a bounded cache and loaded again when they are asked for. Deciding
//! stays a function of values: a row is the same value whether it was at hand or not.
//!
//! Loading can fail when what was saved is damaged. A failure is latched: the row reads as absent, and
//! nothing that was read since may be used (see [`Pages::fault`]). That keeps the rules free of storage
//! errors, at one obligation for the shell: look at the latch before an answer leaves.

use core::num::NonZeroUsize;
use core::ops::Deref;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lru::LruCache;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Names a column in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column(pub u8);

/// Where saved pages are; the encoding of a page is postcard of its rows.
pub trait PageSource: Send + Sync {
    /// The bytes of a page as last saved.
    ///
    /// # Errors
    /// A text for the log where the page is missing or damaged.
    fn load(&self, column: Column, page: u32) -> Result<Vec<u8>, String>;
}

/// A page that changed since it was last saved.
pub type SavedPage = (Column, u32, Vec<u8>);

/// A list of rows in pages.
pub struct Pages<T> {
    column: Column,
    rows_per_page: u32,
    length: u32,
    changed: BTreeMap<u32, Arc<Vec<T>>>,
    saving: BTreeMap<u32, Arc<Vec<T>>>,
    unchanged: Mutex<LruCache<u32, Arc<Vec<T>>>>,
    source: Option<Arc<dyn PageSource>>,
    fault: OnceLock<String>,
    held: Option<Held<T>>,
}

/// What a column was at one moment, for as long as somebody reads that.
struct Held<T> {
    length: u32,
    /// The pages that changed since, as they were.
    before: BTreeMap<u32, Arc<Vec<T>>>,
}

/// A row, kept alive with its page for as long as it is looked at.
pub struct Row<T> {
    page: Arc<Vec<T>>,
    place: usize,
}

impl<T> Deref for Row<T> {
    type Target = T;

    #[expect(
        clippy::indexing_slicing,
        reason = "the place was checked when the row was made; pages never shrink"
    )]
    fn deref(&self) -> &T {
        &self.page[self.place]
    }
}

impl<T> Row<T> {
    /// A row that is in no column.
    pub(super) fn of(value: T) -> Self {
        Self { page: Arc::new(vec![value]), place: 0 }
    }
}

impl<T: Clone + Serialize + DeserializeOwned> Pages<T> {
    /// An empty column all of whose rows stay in memory.
    pub fn new(column: Column, rows_per_page: u32) -> Self {
        Self {
            column,
            rows_per_page: rows_per_page.max(1),
            length: 0,
            changed: BTreeMap::new(),
            saving: BTreeMap::new(),
            unchanged: Mutex::new(LruCache::new(NonZeroUsize::MIN)),
            source: None,
            fault: OnceLock::new(),
            held: None,
        }
    }

    /// Takes up a saved column of a known length, keeping at most `pages_max` unchanged pages in memory, or
    /// all of them.
    pub fn attach(
        &mut self,
        source: Arc<dyn PageSource>,
        length: u32,
        pages_max: Option<NonZeroUsize>,
    ) {
        self.source = Some(source);
        self.length = length;
        self.unchanged = Mutex::new(pages_max.map_or_else(LruCache::unbounded, LruCache::new));
    }

    /// How many rows there are.
    pub const fn len(&self) -> u32 {
        self.length
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first failure to load a page; once it is there, everything read since is void.
    pub fn fault(&self) -> Option<&str> {
        self.fault.get().map(String::as_str)
    }

    /// How many pages changed since they were last saved.
    pub fn changed_pages(&self) -> usize {
        self.changed.len()
    }

    /// A row.
    pub fn get(&self, row: u32) -> Option<Row<T>> {
        if row >= self.length {
            return None;
        }
        let (number, place) = self.locate(row)?;
        let page = self.page(number)?;
        if place >= page.len() {
            self.latch(number, "is too short");
            return None;
        }
        Some(Row { page, place })
    }

    /// A row, to be changed.
    pub fn edit(&mut self, row: u32) -> Option<&mut T> {
        if row >= self.length {
            return None;
        }
        let (number, place) = self.locate(row)?;
        self.changed_page(number)?.get_mut(place)
    }

    /// Adds a row and says where it stands. `None` when the column is full.
    pub fn push(&mut self, value: T) -> Option<u32> {
        let row = self.length;
        let next = row.checked_add(1)?;
        let (number, place) = self.locate(row)?;
        if place == 0 {
            let capacity = usize::try_from(self.rows_per_page.min(64)).unwrap_or(64);
            let mut page = Vec::with_capacity(capacity);
            page.push(value);
            self.changed.insert(number, Arc::new(page));
        } else {
            self.changed_page(number)?.push(value);
        }
        self.length = next;
        Some(row)
    }

    /// Every row in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<T>> {
        (0..self.length).filter_map(|row| self.get(row))
    }

    /// Holds the column as it is now: [`Self::held_page`] reads that, whatever changes, until [`Self::let_go`].
    pub fn hold(&mut self) {
        self.held = Some(Held { length: self.length, before: BTreeMap::new() });
    }

    /// Ends what [`Self::hold`] began.
    pub fn let_go(&mut self) {
        self.held = None;
    }

    /// A page with how many of its rows were there when the column was held; `None` beyond its end, or where it
    /// cannot be loaded. Nothing that others need leaves the cache for it.
    pub fn held_page(&self, number: u32) -> Option<(Arc<Vec<T>>, usize)> {
        let held = self.held.as_ref()?;
        let rows = held.length.checked_sub(number.checked_mul(self.rows_per_page)?)?;
        let rows = usize::try_from(rows.min(self.rows_per_page)).ok().filter(|rows| *rows > 0)?;
        let at_hand = held.before.get(&number).or_else(|| self.in_memory(number)).cloned();
        let cached = || {
            let unchanged = self.unchanged.lock().unwrap_or_else(PoisonError::into_inner);
            unchanged.peek(&number).cloned()
        };
        let page = at_hand.or_else(cached).or_else(|| self.load(number).map(Arc::new))?;
        if page.len() < rows {
            self.latch(number, "is too short");
            return None;
        }
        Some((page, rows))
    }

    /// Takes the changed pages to be saved; they stay readable. [`Self::saved`] follows.
    ///
    /// What an earlier save took and never finished is taken again.
    pub fn begin_save(&mut self) -> Vec<(u32, Arc<Vec<T>>)> {
        let mut saving = core::mem::take(&mut self.saving);
        saving.append(&mut self.changed);
        self.saving = saving;
        self.saving.iter().map(|(number, page)| (*number, Arc::clone(page))).collect()
    }

    /// Says that what [`Self::begin_save`] gave is safe in storage, so that it may leave memory.
    pub fn saved(&mut self) {
        if self.source.is_none() {
            // Nowhere to load from: everything stays.
            for (number, page) in core::mem::take(&mut self.saving) {
                self.changed.entry(number).or_insert(page);
            }
            return;
        }
        let unchanged = self.unchanged.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (number, page) in core::mem::take(&mut self.saving) {
            if !self.changed.contains_key(&number) {
                unchanged.put(number, page);
            }
        }
    }

    /// The column's name in storage.
    pub const fn column(&self) -> Column {
        self.column
    }

    /// Encodes a page as [`PageSource`] will give it back.
    ///
    /// # Errors
    /// None for rows of this crate's types; kept because serialisation says so.
    pub fn encode(page: &[T]) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(page)
    }

    fn locate(&self, row: u32) -> Option<(u32, usize)> {
        let number = row.checked_div(self.rows_per_page)?;
        let place = row.checked_rem(self.rows_per_page)?;
        Some((number, usize::try_from(place).ok()?))
    }

    fn in_memory(&self, number: u32) -> Option<&Arc<Vec<T>>> {
        self.changed.get(&number).or_else(|| self.saving.get(&number))
    }

    fn page(&self, number: u32) -> Option<Arc<Vec<T>>> {
        if let Some(page) = self.in_memory(number) {
            return Some(Arc::clone(page));
        }
        let mut unchanged = self.unchanged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = unchanged.get(&number) {
            return Some(Arc::clone(page));
        }
        let page = Arc::new(self.load(number)?);
        unchanged.put(number, Arc::clone(&page));
        Some(page)
    }

    fn load(&self, number: u32) -> Option<Vec<T>> {
        let Some(source) = &self.source else {
            self.latch(number, "was never saved");
            return None;
        };
        let loaded = source
            .load(self.column, number)
            .and_then(|bytes| postcard::from_bytes(&bytes).map_err(|error| error.to_string()));
        match loaded {
            Ok(rows) => Some(rows),
            Err(error) => {
                self.latch(number, &error);
                None
            }
        }
    }

    fn changed_page(&mut self, number: u32) -> Option<&mut Vec<T>> {
        if !self.changed.contains_key(&number) {
            let page = self.page(number)?;
            // Let go of the cache's hold, or the page would be copied for nothing.
            self.unchanged.get_mut().unwrap_or_else(PoisonError::into_inner).pop(&number);
            self.changed.insert(number, page);
        }
        let page = self.changed.get_mut(&number)?;
        if let Some(held) = &mut self.held
            && number.checked_mul(self.rows_per_page).is_some_and(|first| first < held.length)
        {
            held.before.entry(number).or_insert_with(|| Arc::clone(page));
        }
        Some(Arc::make_mut(page))
    }

    fn latch(&self, number: u32, what: &str) {
        let text = format!("page {number} of column {} {what}", self.column.0);
        drop(self.fault.set(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Shelf(Mutex<BTreeMap<u32, Vec<u8>>>);

    impl PageSource for Shelf {
        fn load(&self, _: Column, page: u32) -> Result<Vec<u8>, String> {
            self.0.lock().unwrap().get(&page).cloned().ok_or_else(|| "is missing".to_owned())
        }
    }

    proptest! {
        #[test]
        fn rows_are_the_same_whether_kept_or_loaded(
            steps in proptest::collection::vec((0_u8..4, any::<u32>(), any::<u64>()), 1..200),
        ) {
            let shelf = Arc::new(Shelf::default());
            let mut pages = Pages::new(Column(0), 4);
            pages.attach(Arc::<Shelf>::clone(&shelf), 0, NonZeroUsize::new(2));
            let mut model = Vec::new();
            for (step, row, value) in steps {
                match step {
                    0 | 1 => {
                        prop_assert!(pages.push(value).is_some());
                        model.push(value);
                    }
                    2 if !model.is_empty() => {
                        let row = row.checked_rem(u32::try_from(model.len()).unwrap()).unwrap();
                        *pages.edit(row).unwrap() = value;
                        model[usize::try_from(row).unwrap()] = value;
                    }
                    _ => {
                        // A save that fails half-way is followed by another one.
                        let failed = value % 3 == 0;
                        for (number, page) in pages.begin_save() {
                            if failed {
                                continue;
                            }
                            shelf.0.lock().unwrap().insert(number, Pages::encode(&page).unwrap());
                        }
                        if !failed {
                            pages.saved();
                        }
                    }
                }
                prop_assert_eq!(pages.iter().map(|row| *row).collect::<Vec<u64>>(), model.clone());
                prop_assert_eq!(pages.fault(), None);
            }
        }
    }

    proptest! {
        #[test]
        fn a_held_column_reads_as_it_was_whatever_changes(
            before in proptest::collection::vec(any::<u64>(), 0..30),
            steps in proptest::collection::vec((0_u8..4, any::<u32>(), any::<u64>()), 0..60),
        ) {
            let shelf = Arc::new(Shelf::default());
            let mut pages = Pages::new(Column(0), 4);
            pages.attach(Arc::<Shelf>::clone(&shelf), 0, NonZeroUsize::new(2));
            for value in &before {
                pages.push(*value);
            }
            pages.hold();
            for (step, row, value) in steps {
                match step {
                    0 => drop(pages.push(value)),
                    1 | 2 if !pages.is_empty() => {
                        let row = row.checked_rem(pages.len()).unwrap();
                        *pages.edit(row).unwrap() = value;
                    }
                    _ => {
                        for (number, page) in pages.begin_save() {
                            shelf.0.lock().unwrap().insert(number, Pages::encode(&page).unwrap());
                        }
                        pages.saved();
                    }
                }
            }
            let held = (0..).map_while(|number| pages.held_page(number));
            let rows = held.flat_map(|(page, rows)| page[..rows].to_vec()).collect::<Vec<_>>();
            prop_assert_eq!(rows, before);
            prop_assert_eq!(pages.fault(), None);
            pages.let_go();
            prop_assert!(pages.held_page(0).is_none());
        }
    }

    #[test]
    fn a_page_that_cannot_be_loaded_is_latched() {
        let mut pages = Pages::<u64>::new(Column(7), 4);
        pages.attach(Arc::new(Shelf::default()), 8, NonZeroUsize::new(2));
        assert!(pages.get(5).is_none());
        assert_eq!(pages.fault(), Some("page 1 of column 7 is missing"));
    }
}
