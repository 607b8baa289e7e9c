//! The account of reads: who looked at what, which no replay of the log could bring back.
//!
//! One tree in the log's database with two kinds of keys, so that a row and its index entries are one
//! atomic batch: `0 ‖ time ‖ sequence` → sealed row, and `1 ‖ invoice id ‖ time ‖ sequence` → nothing.
//! Rows are in the order in which they were appended; a clock that goes back does not reorder them.
//!
//! Does not know what a row says: it has a time, the invoices that it is about, and bytes.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

use crate::store::{
    Fault, ReadError,
    database::{Database, guarded},
    packing::{Kind, seal, unseal},
};

const ROW: u8 = 0;
const BY_INVOICE: u8 = 1;
/// Time and sequence.
const KEY_BYTES: usize = 12;

/// The 32 bytes of an invoice id.
pub type InvoiceKey = [u8; 32];

/// One read to be accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// The invoices under which it is found again; each counts once.
    pub invoices: Vec<InvoiceKey>,
    /// What the caller wants to keep.
    pub bytes: Vec<u8>,
}

/// Where a row is in the journal; also the cursor for what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadKey {
    /// The time of the row, or of the row before it where that is later.
    pub time_ms: u64,
    /// Tells rows of one millisecond apart.
    pub sequence: u32,
}

impl ReadKey {
    fn bytes(self) -> [u8; KEY_BYTES] {
        let mut key = [0; KEY_BYTES];
        if let Some(time) = key.first_chunk_mut() {
            *time = self.time_ms.to_be_bytes();
        }
        if let Some(sequence) = key.last_chunk_mut() {
            *sequence = self.sequence.to_be_bytes();
        }
        key
    }

    fn from_bytes(key: &[u8]) -> Option<Self> {
        let (time, sequence) = key.split_first_chunk()?;
        Some(Self {
            time_ms: u64::from_be_bytes(*time),
            sequence: u32::from_be_bytes(sequence.try_into().ok()?),
        })
    }

    /// The key of a row with this time that follows the row at `self`.
    fn next(self, time_ms: u64) -> Self {
        if time_ms > self.time_ms {
            return Self { time_ms, sequence: 0 };
        }
        match self.sequence.checked_add(1) {
            Some(sequence) => Self { sequence, ..self },
            None => Self { time_ms: self.time_ms.saturating_add(1), sequence: 0 },
        }
    }
}

/// The journal. Any number of threads may append and read.
pub struct ReadJournal {
    rows: Rows,
    /// The newest key, held while rows are written: keys go up in the order of appending.
    newest: Mutex<Option<ReadKey>>,
}

enum Rows {
    Sled { database: Arc<Database>, tree: sled::Tree },
    Memory(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>),
}

impl ReadJournal {
    /// A journal that is gone with the process, for tests.
    pub fn in_memory() -> Self {
        Self { rows: Rows::Memory(Mutex::default()), newest: Mutex::new(None) }
    }

    pub(super) fn in_database(database: Arc<Database>) -> Result<Self, ReadError> {
        let tree = database.tree("reads")?;
        let last = guarded(|| tree.get_lt([BY_INVOICE]))?;
        let newest = match last {
            None => None,
            Some((key, value)) => Some(row(&key, &value)?.0),
        };
        Ok(Self { rows: Rows::Sled { database, tree }, newest: Mutex::new(newest) })
    }

    /// Appends rows, durably: one flush and one sync for all of them.
    ///
    /// # Errors
    /// The outcome is unknown; appending the rows again may account for them twice, which is the
    /// better of the two mistakes.
    pub fn append(&self, rows: &[ReadRow]) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = Vec::new();
        let mut last = *newest;
        for row in rows {
            let first = ReadKey { time_ms: row.time_ms, sequence: 0 };
            let key = last.map_or(first, |last| last.next(row.time_ms));
            last = Some(key);
            for invoice in &row.invoices {
                pairs.push((index_key(invoice, &key.bytes()), Vec::new()));
            }
            let stored_key = row_key(key);
            let content = encode(row)?;
            let value = seal(Kind::Read, &stored_key, &content);
            pairs.push((stored_key, value));
        }
        self.rows.put(pairs)?;
        *newest = last;
        Ok(())
    }

    /// The oldest rows after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where a row is not what was written.
    pub fn scan(
        &self,
        after: Option<ReadKey>,
        limit: usize,
    ) -> Result<Vec<(ReadKey, ReadRow)>, ReadError> {
        let from = match after {
            Some(after) => Bound::Excluded(row_key(after)),
            None => Bound::Included(vec![ROW]),
        };
        let rows = self.rows.range((from, Bound::Excluded(vec![BY_INVOICE])), limit)?;
        rows.iter().map(|(key, value)| row(key, value)).collect()
    }

    /// The oldest rows after `after` that are about this invoice, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where a row is missing or is not what was written.
    pub fn by_invoice(
        &self,
        invoice: &InvoiceKey,
        after: Option<ReadKey>,
        limit: usize,
    ) -> Result<Vec<(ReadKey, ReadRow)>, ReadError> {
        let from = match after {
            Some(after) => Bound::Excluded(index_key(invoice, &after.bytes())),
            None => Bound::Included(index_key(invoice, &[])),
        };
        let to = Bound::Included(index_key(invoice, &[u8::MAX; KEY_BYTES]));
        let mut found = Vec::new();
        for (index, _) in self.rows.range((from, to), limit)? {
            let key = index.last_chunk::<KEY_BYTES>().and_then(|key| ReadKey::from_bytes(key));
            let stored_key = key.map(row_key).ok_or_else(|| changed(&index))?;
            let value = self.rows.get(&stored_key)?.ok_or_else(|| changed(&stored_key))?;
            found.push(row(&stored_key, &value)?);
        }
        Ok(found)
    }
}

/// Stored keys and their values.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

impl Rows {
    fn put(&self, pairs: Pairs) -> Result<(), Fault> {
        match self {
            Self::Sled { database, tree } => {
                let mut batch = sled::Batch::default();
                for (key, value) in pairs {
                    batch.insert(key, value);
                }
                guarded(|| tree.apply_batch(batch))
                    .and_then(|()| database.commit())
                    .map_err(|trouble| Fault::new(trouble.words()))
            }
            Self::Memory(map) => {
                map.lock().unwrap_or_else(PoisonError::into_inner).extend(pairs);
                Ok(())
            }
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self {
            Self::Sled { tree, .. } => Ok(guarded(|| tree.get(key))?.map(|value| value.to_vec())),
            Self::Memory(map) => {
                Ok(map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
            }
        }
    }

    fn range(
        &self,
        range: (Bound<Vec<u8>>, Bound<Vec<u8>>),
        limit: usize,
    ) -> Result<Pairs, ReadError> {
        match self {
            Self::Sled { tree, .. } => {
                let mut rows = tree.range(range);
                let mut pairs = Vec::new();
                while pairs.len() < limit {
                    let Some((key, value)) = guarded(|| rows.next().transpose())? else { break };
                    pairs.push((key.to_vec(), value.to_vec()));
                }
                Ok(pairs)
            }
            Self::Memory(map) => {
                let map = map.lock().unwrap_or_else(PoisonError::into_inner);
                let rows = map.range(range).take(limit);
                Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
            }
        }
    }
}

/// `count (u16) ‖ invoice ids ‖ time ‖ bytes`. The time is there too: the key may have a later one.
fn encode(row: &ReadRow) -> Result<Vec<u8>, Fault> {
    let count = u16::try_from(row.invoices.len())
        .map_err(|_| Fault::new("a read is about more than 65,535 invoices"))?;
    let mut content = count.to_be_bytes().to_vec();
    content.extend_from_slice(row.invoices.as_flattened());
    content.extend_from_slice(&row.time_ms.to_be_bytes());
    content.extend_from_slice(&row.bytes);
    Ok(content)
}

fn decode(content: &[u8]) -> Option<ReadRow> {
    let (count, mut rest) = content.split_first_chunk()?;
    let mut invoices = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (invoice, tail) = rest.split_first_chunk()?;
        invoices.push(*invoice);
        rest = tail;
    }
    let (time, bytes) = rest.split_first_chunk()?;
    Some(ReadRow { time_ms: u64::from_be_bytes(*time), invoices, bytes: bytes.to_vec() })
}

fn row(stored_key: &[u8], value: &[u8]) -> Result<(ReadKey, ReadRow), ReadError> {
    let key = stored_key.split_first().and_then(|(_, key)| ReadKey::from_bytes(key));
    let row = unseal(Kind::Read, stored_key, value).and_then(decode);
    key.zip(row).ok_or_else(|| changed(stored_key))
}

fn changed(key: &[u8]) -> ReadError {
    ReadError::Damaged { what: format!("the account of reads changed under {key:?}") }
}

fn row_key(key: ReadKey) -> Vec<u8> {
    let mut stored = vec![ROW];
    stored.extend_from_slice(&key.bytes());
    stored
}

fn index_key(invoice: &InvoiceKey, key: &[u8]) -> Vec<u8> {
    let mut stored = vec![BY_INVOICE];
    stored.extend_from_slice(invoice);
    stored.extend_from_slice(key);
    stored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Log, conformance::SMALL, sled_log::SledLog};

    fn row(time_ms: u64, invoices: &[u8]) -> ReadRow {
        let invoices: Vec<InvoiceKey> = invoices.iter().map(|fill| [*fill; 32]).collect();
        ReadRow { time_ms, bytes: format!("at {time_ms} of {}", invoices.len()).into(), invoices }
    }

    fn rows(found: Result<Vec<(ReadKey, ReadRow)>, ReadError>) -> Vec<ReadRow> {
        found.unwrap().into_iter().map(|(_, row)| row).collect()
    }

    fn some() -> Vec<ReadRow> {
        // The clock goes back once, and one row is about an invoice twice.
        vec![row(5, &[1, 2]), row(5, &[1]), row(3, &[2]), row(9, &[]), row(9, &[255, 1, 1])]
    }

    fn check(journal: &ReadJournal) {
        assert_eq!(rows(journal.scan(None, 99)), some());
        let about = |fill: u8| rows(journal.by_invoice(&[fill; 32], None, 99));
        let [a, b, c, _, e] = some().try_into().unwrap();
        assert_eq!(about(1), [a.clone(), b, e.clone()]);
        assert_eq!(about(2), [a, c]);
        assert_eq!(about(255), [e]);
        assert_eq!(about(3), []);

        let mut after = None;
        for expected in some() {
            let page = journal.scan(after, 1).unwrap();
            assert_eq!(page[0].1, expected);
            after = Some(page[0].0);
        }
        assert_eq!(journal.scan(after, 1).unwrap(), []);
        let first = journal.by_invoice(&[1; 32], None, 2).unwrap();
        let rest = journal.by_invoice(&[1; 32], Some(first[1].0), 2).unwrap();
        assert_eq!((first.len(), rest.len()), (2, 1));
    }

    #[test]
    fn rows_are_found_in_order_and_by_invoice() {
        let journal = ReadJournal::in_memory();
        journal.append(&some()).unwrap();
        check(&journal);
    }

    #[test]
    fn rows_stay_beside_the_log_and_go_on_after_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = SledLog::create_with(dir.path(), SMALL).unwrap();
        let journal = log.reads().unwrap();
        journal.append(&some()[..2]).unwrap();
        log.append(0, &Batch { entries: &[vec![1]], ..Batch::default() }).unwrap();
        drop((journal, log));
        let log = SledLog::open_with(dir.path(), SMALL).unwrap();
        let journal = log.reads().unwrap();
        journal.append(&[]).unwrap();
        journal.append(&some()[2..]).unwrap();
        check(&journal);
    }

    #[test]
    fn keys_go_up_whatever_the_clock_does() {
        let key = ReadKey { time_ms: 7, sequence: u32::MAX };
        assert_eq!(key.next(8), ReadKey { time_ms: 8, sequence: 0 });
        assert_eq!(key.next(2), ReadKey { time_ms: 8, sequence: 0 });
        assert_eq!(ReadKey { sequence: 0, ..key }.next(7), ReadKey { time_ms: 7, sequence: 1 });
    }

    #[test]
    fn a_changed_row_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let log = SledLog::create_with(dir.path(), SMALL).unwrap();
        let journal = log.reads().unwrap();
        journal.append(&some()).unwrap();
        let Rows::Sled { tree, .. } = &journal.rows else { panic!("not in sled") };
        let (key, value) = tree.first().unwrap().unwrap();
        let mut value = value.to_vec();
        value[20] ^= 1;
        tree.insert(key, value).unwrap();
        assert!(matches!(journal.scan(None, 9), Err(ReadError::Damaged { .. })));
        assert!(matches!(journal.by_invoice(&[1; 32], None, 9), Err(ReadError::Damaged { .. })));
        assert_eq!(journal.by_invoice(&[255; 32], None, 9).unwrap().len(), 1);
    }
}
