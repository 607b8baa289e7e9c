//! The exact index: hashes to rows, some ten bytes an entry.
//!
//! An entry keeps 32 bits of the hash beside the row. That finds every row that was put under a hash, and
//! now and then one that was not: a caller compares the row itself, so a truncated hash is never an identity
//! here. One hash may have several rows.

/// The least number of slots, and the growth: two fifths more whenever the table is more than 85 % full.
const SLOTS_MIN: usize = 64;

/// A slot that holds nothing.
const EMPTY: u32 = u32::MAX;

/// Hashes to rows.
#[derive(Debug, Clone, Default)]
pub struct HashIndex {
    slots: Vec<Slot>,
    entries: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    row: u32,
}

impl HashIndex {
    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.entries
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Puts a row under a hash; the same row may be put under many hashes, and again under the same.
    pub fn insert(&mut self, hash: &[u8; 32], row: u32) {
        if self.entries.saturating_mul(20) >= self.slots.len().saturating_mul(17) {
            self.grow();
        }
        let (place, tag) = self.home(hash);
        self.put(place, Slot { tag, row });
        self.entries = self.entries.saturating_add(1);
    }

    /// The rows that may be under a hash, in the order in which they were put there.
    pub fn candidates(&self, hash: &[u8; 32]) -> impl Iterator<Item = u32> {
        let (place, tag) = self.home(hash);
        let (before, after) = self.slots.split_at_checked(place).unwrap_or((&self.slots, &[]));
        after
            .iter()
            .chain(before)
            .take_while(|slot| slot.row != EMPTY)
            .filter(move |slot| slot.tag == tag)
            .map(|slot| slot.row)
    }

    /// Where the search for a hash begins, and what is kept of it.
    fn home(&self, hash: &[u8; 32]) -> (usize, u32) {
        let [a, b, c, d, ..] = *hash;
        let tag = u32::from_be_bytes([a, b, c, d]);
        (self.place(tag), tag)
    }

    /// Maps a tag onto the table in proportion, so that the table may have any size and growing needs no more
    /// of the hash than was kept.
    fn place(&self, tag: u32) -> usize {
        let slots = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let scaled = u128::from(tag).saturating_mul(u128::from(slots)) >> 32;
        usize::try_from(scaled).unwrap_or(0)
    }

    fn put(&mut self, place: usize, slot: Slot) {
        let place = place.min(self.slots.len());
        let (before, after) = self.slots.split_at_mut(place);
        if let Some(free) = after.iter_mut().chain(before).find(|slot| slot.row == EMPTY) {
            *free = slot;
        }
    }

    fn grow(&mut self) {
        let more = self.slots.len().saturating_mul(7) / 5;
        let empty = Slot { tag: 0, row: EMPTY };
        let old = core::mem::replace(&mut self.slots, vec![empty; more.max(SLOTS_MIN)]);
        // Entries of one hash must keep their order, and a run may wrap around the end: start at the
        // beginning of a run.
        let start = old.iter().position(|slot| slot.row == EMPTY).unwrap_or(0);
        let (head, tail) = old.split_at(start);
        for slot in tail.iter().chain(head).filter(|slot| slot.row != EMPTY) {
            let place = self.place(slot.tag);
            self.put(place, *slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn every_row_is_found_under_its_hash_in_order(tags in proptest::collection::vec(0_u32..40, 0..400)) {
            let mut index = HashIndex::default();
            let mut model = BTreeMap::<u32, Vec<u32>>::new();
            for (row, tag) in (0_u32..).zip(&tags) {
                // Crowd the end of the table, so that runs wrap around.
                let tag = !tag;
                let mut hash = [0; 32];
                hash[..4].copy_from_slice(&tag.to_be_bytes());
                index.insert(&hash, row);
                model.entry(tag).or_default().push(row);
            }
            for (tag, rows) in model {
                let mut hash = [0; 32];
                hash[..4].copy_from_slice(&tag.to_be_bytes());
                prop_assert_eq!(index.candidates(&hash).collect::<Vec<_>>(), rows);
            }
            prop_assert_eq!(index.candidates(&[0; 32]).count(), 0);
            prop_assert_eq!(index.len(), tags.len());
        }
    }
}
