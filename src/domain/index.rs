//! The exact index: hashes to rows, some ten bytes an entry.
//!
//! An entry keeps 32 bits of the hash beside the row. That finds every row that was put under a hash, and
//! now and then one that was not: a caller compares the row itself, so a truncated hash is never an identity
//! here. One hash may have several rows.
//!
//! The table is in parts that grow one by one, so that growing holds a thousandth of it twice and never the
//! whole.

/// How many bits of a hash choose the part.
const PART_BITS: u32 = 10;

/// The least number of slots of a part.
const SLOTS_MIN: usize = 8;

/// Hashes to rows.
#[derive(Debug, Clone, Default)]
pub struct HashIndex {
    /// None at first, then all.
    parts: Vec<Part>,
    entries: usize,
}

/// The entries whose hashes begin with the same bits.
#[derive(Debug, Clone, Default)]
struct Part {
    slots: Box<[Slot]>,
    entries: usize,
}

/// An entry, or none where it is [`Slot::EMPTY`].
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
        if self.parts.is_empty() {
            self.parts.resize_with(1 << PART_BITS, Part::default);
        }
        let tag = tag_of(hash);
        if let Some(part) = self.parts.get_mut(part_of(tag)) {
            part.insert(Slot { tag, row });
            self.entries = self.entries.saturating_add(1);
        }
    }

    /// The rows that may be under a hash, in the order in which they were put there.
    pub fn candidates(&self, hash: &[u8; 32]) -> impl Iterator<Item = u32> {
        let tag = tag_of(hash);
        let part = self.parts.get(part_of(tag));
        part.into_iter().flat_map(move |part| part.run(tag)).map(|slot| slot.row)
    }
}

/// What is kept of a hash.
fn tag_of(hash: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *hash;
    u32::from_be_bytes([a, b, c, d])
}

fn part_of(tag: u32) -> usize {
    usize::try_from(tag >> u32::BITS.saturating_sub(PART_BITS)).unwrap_or(0)
}

impl Slot {
    const EMPTY: Self = Self { tag: 0, row: u32::MAX };

    const fn is_empty(self) -> bool {
        self.row == Self::EMPTY.row
    }
}

impl Part {
    fn insert(&mut self, slot: Slot) {
        if self.entries.saturating_mul(20) >= self.slots.len().saturating_mul(17) {
            self.grow();
        }
        self.put(slot);
        self.entries = self.entries.saturating_add(1);
    }

    /// The entries with a tag.
    fn run(&self, tag: u32) -> impl Iterator<Item = &Slot> {
        let (before, after) = self.slots.split_at_checked(self.place(tag)).unwrap_or_default();
        let run = after.iter().chain(before).take_while(|slot| !slot.is_empty());
        run.filter(move |slot| slot.tag == tag)
    }

    /// Maps a tag onto the part in proportion, so that a part may have any size and growing needs no more of the
    /// hash than was kept.
    fn place(&self, tag: u32) -> usize {
        let slots = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let within = tag.checked_shl(PART_BITS).unwrap_or(0);
        let scaled = u128::from(within).saturating_mul(u128::from(slots)) >> 32;
        usize::try_from(scaled).unwrap_or(0)
    }

    fn put(&mut self, slot: Slot) {
        let place = self.place(slot.tag).min(self.slots.len());
        let (before, after) = self.slots.split_at_mut(place);
        if let Some(free) = after.iter_mut().chain(before).find(|slot| slot.is_empty()) {
            *free = slot;
        }
    }

    /// A fifth more slots, whenever more than 85 % are full.
    fn grow(&mut self) {
        let more = self.slots.len().saturating_mul(6) / 5;
        let slots = vec![Slot::EMPTY; more.max(self.slots.len().saturating_add(SLOTS_MIN))];
        let old = core::mem::replace(&mut self.slots, slots.into());
        // Entries of one hash must keep their order, and a run may wrap around the end: start at the
        // beginning of a run.
        let start = old.iter().position(|slot| slot.is_empty()).unwrap_or(0);
        let (head, tail) = old.split_at(start);
        for slot in tail.iter().chain(head).filter(|slot| !slot.is_empty()) {
            self.put(*slot);
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

        #[test]
        fn rows_under_hashes_of_all_parts_are_found(seeds in proptest::collection::vec(any::<u16>(), 0..3_000)) {
            let hash = |seed: u16| *blake3::hash(&seed.to_be_bytes()).as_bytes();
            let mut index = HashIndex::default();
            for (row, seed) in (0_u32..).zip(&seeds) {
                index.insert(&hash(*seed), row);
            }
            for (row, seed) in (0_u32..).zip(&seeds) {
                prop_assert!(index.candidates(&hash(*seed)).any(|found| found == row));
            }
        }
    }

    #[test]
    fn an_entry_takes_some_ten_bytes() {
        let mut index = HashIndex::default();
        for row in 0..200_000_u32 {
            index.insert(blake3::hash(&row.to_be_bytes()).as_bytes(), row);
        }
        let slots: usize = index.parts.iter().map(|part| part.slots.len()).sum();
        assert!(slots * size_of::<Slot>() < 200_000 * 12, "{slots} slots");
        let largest = index.parts.iter().map(|part| part.slots.len()).max().unwrap();
        assert!(largest * 500 < slots, "{largest} of {slots} slots would be held twice");
    }
}
