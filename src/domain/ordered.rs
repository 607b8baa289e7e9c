//! The ordered index: match keys to rows, in the order of a day, an amount or a number; some thirteen bytes an
//! entry.
//!
//! An entry has 32 bits of a key's hash, 32 bits by which the entries of one key are ordered, and the row. It finds
//! what stands under a key in a range, and now and then something of another key: a caller compares the row itself.
//! It is a set: whatever the order in which entries came and went, equal sets give equal answers. It knows nothing
//! of what the 32 bits mean.

use core::ops::RangeInclusive;

/// How many entries a shard has on average, at most.
const SHARD_MEAN: usize = 96;

/// A row under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    tag: u32,
    /// Its place among those of its key.
    pub(super) place: u32,
    /// The row.
    pub(super) row: u32,
}

/// Entries in shards, each of which is sorted. There is always one more shard when the mean is reached, and one
/// shard is divided for it (linear hashing): no insertion has to move more than one shard.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    shards: Vec<Vec<Entry>>,
    entries: usize,
}

impl Default for Ordered {
    fn default() -> Self {
        Self { shards: vec![Vec::new()], entries: 0 }
    }
}

impl Ordered {
    /// Puts a row under a key at a place; once.
    pub(super) fn insert(&mut self, hash: &[u8; 32], place: u32, row: u32) {
        let entry = Entry { tag: tag(hash), place, row };
        let shard = self.shard_of(entry.tag);
        let Some(shard) = self.shards.get_mut(shard) else { return };
        let Err(at) = shard.binary_search(&entry) else { return };
        if shard.len() == shard.capacity() {
            // A vector that doubles would leave a quarter of the memory empty.
            shard.reserve_exact((shard.len() / 16).max(4));
        }
        shard.insert(at, entry);
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.shards.len().saturating_mul(SHARD_MEAN) {
            self.divide();
        }
    }

    /// Takes a row away from a key.
    pub(super) fn remove(&mut self, hash: &[u8; 32], place: u32, row: u32) {
        let entry = Entry { tag: tag(hash), place, row };
        let shard = self.shard_of(entry.tag);
        let Some(shard) = self.shards.get_mut(shard) else { return };
        if let Ok(at) = shard.binary_search(&entry) {
            shard.remove(at);
            self.entries = self.entries.saturating_sub(1);
        }
    }

    /// What stands under a key in a range of places, in the order of places and then of rows.
    pub(super) fn range(&self, hash: &[u8; 32], places: RangeInclusive<u32>) -> &[Entry] {
        let tag = tag(hash);
        let shard = self.shards.get(self.shard_of(tag)).map_or(&[][..], Vec::as_slice);
        let from = shard.partition_point(|it| (it.tag, it.place) < (tag, *places.start()));
        let to = shard.partition_point(|it| (it.tag, it.place) <= (tag, *places.end()));
        shard.get(from..to).unwrap_or_default()
    }

    /// What stands under a key around a place: at most so many at or behind it, and at most so many before it.
    pub(super) fn around(&self, hash: &[u8; 32], place: u32, each_side: usize) -> &[Entry] {
        let all = self.range(hash, 0..=u32::MAX);
        let middle = all.partition_point(|it| it.place < place);
        let from = middle.saturating_sub(each_side);
        let to = middle.saturating_add(each_side).min(all.len());
        all.get(from..to).unwrap_or_default()
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.entries
    }

    fn shard_of(&self, tag: u32) -> usize {
        let tag = usize::try_from(tag).unwrap_or(0);
        let level = self.level();
        // The last bits of the hash; a shard that there is not yet is still part of the one below.
        let place = tag & level.saturating_mul(2).saturating_sub(1);
        if place < self.shards.len() { place } else { tag & level.saturating_sub(1) }
    }

    /// The largest power of two that is not above the number of shards.
    fn level(&self) -> usize {
        1_usize.checked_shl(self.shards.len().max(1).ilog2()).unwrap_or(1)
    }

    fn divide(&mut self) {
        let new = self.shards.len();
        let from = new.saturating_sub(self.level());
        self.shards.push(Vec::new());
        let old = self.shards.get_mut(from).map(core::mem::take).unwrap_or_default();
        let (mut stays, mut goes): (Vec<Entry>, Vec<Entry>) =
            old.into_iter().partition(|entry| self.shard_of(entry.tag) != new);
        stays.shrink_to_fit();
        goes.shrink_to_fit();
        for (place, part) in [(from, stays), (new, goes)] {
            if let Some(shard) = self.shards.get_mut(place) {
                *shard = part;
            }
        }
    }
}

fn tag(hash: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *hash;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn hash(key: u32) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&key.wrapping_mul(0x9e37_79b9).to_be_bytes());
        hash
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_set(
            steps in proptest::collection::vec((0_u32..300, 0_u32..9, 0_u32..4, any::<bool>()), 0..2_000),
            key in 0_u32..300, from in 0_u32..9, to in 0_u32..9,
        ) {
            let (mut index, mut model) = (Ordered::default(), BTreeSet::new());
            for (key, place, row, goes) in steps {
                if goes && row == 0 {
                    index.remove(&hash(key), place, row);
                    model.remove(&(key, place, row));
                } else {
                    index.insert(&hash(key), place, row);
                    model.insert((key, place, row));
                }
            }
            prop_assert_eq!(index.len(), model.len());
            let plain = |entries: &[Entry]| entries.iter().map(|it| (it.place, it.row)).collect::<Vec<_>>();
            if from <= to {
                let expected: Vec<_> = model.iter()
                    .filter(|it| it.0 == key && (from..=to).contains(&it.1))
                    .map(|it| (it.1, it.2))
                    .collect();
                prop_assert_eq!(plain(index.range(&hash(key), from..=to)), expected);
            }
            let all: Vec<_> = model.iter().filter(|it| it.0 == key).map(|it| (it.1, it.2)).collect();
            prop_assert_eq!(plain(index.range(&hash(key), 0..=u32::MAX)), all.clone());
            let around = plain(index.around(&hash(key), from, 2));
            let behind = all.iter().filter(|it| it.0 >= from).take(2);
            let before: Vec<_> = all.iter().filter(|it| it.0 < from).rev().take(2).collect();
            let expected: Vec<_> = before.into_iter().rev().chain(behind).copied().collect();
            prop_assert_eq!(around, expected);
        }
    }

    #[test]
    fn many_entries_of_one_key_are_no_burden() {
        let mut index = Ordered::default();
        for row in 0..20_000 {
            index.insert(&hash(7), 5, row);
            index.insert(&hash(row), row, row);
        }
        assert_eq!(index.around(&hash(7), 5, 3).len(), 3);
        assert_eq!(index.range(&hash(7), 5..=5).len(), 20_000);
        assert_eq!(index.range(&hash(9), 9..=9).len(), 1);
    }
}
