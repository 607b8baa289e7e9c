//! Packs consecutive entries into stored values and checks them on the way back.
//!
//! A value is `version (1) ‖ checksum (16) ‖ count (u32) ‖ count × (length (u16) ‖ entry)`, integers
//! big-endian; the part after the count is a C2SP entry bundle. The checksum covers the position too,
//! so a value that an engine returns for another position is refused. Packing is what makes the
//! engine fast: some 16 KB for each key, not one record.

use core::ops::Range;

/// The version byte of a packed value.
const VERSION: u8 = 1;

/// The bytes of a checksum. 128 bits: damage is random here, and an attacker is the Merkle root's.
pub(super) const CHECKSUM_BYTES: usize = 16;

/// What a checksum is for, so that no value passes for one of another kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Entries,
    Tile,
    Meta,
    Floor,
    Page,
    Read,
    Webhook,
    Invitation,
    Connection,
}

impl Kind {
    fn context(self) -> &'static str {
        match self {
            Self::Entries => "tallystick store v1 entries",
            Self::Tile => "tallystick store v1 tile",
            Self::Meta => "tallystick store v1 meta",
            Self::Floor => "tallystick store v1 floor",
            Self::Page => "tallystick store v1 page",
            Self::Read => "tallystick store v1 read",
            Self::Webhook => "tallystick store v1 webhook",
            Self::Invitation => "tallystick store v1 invitation",
            Self::Connection => "tallystick store v1 connection",
        }
    }
}

/// The checksum of `content` stored under `key`.
pub(super) fn checksum(kind: Kind, key: &[u8], content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(kind.context());
    hasher.update(key);
    hasher.update(content);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

/// `checksum ‖ content`, for values that are not packed.
pub(super) fn seal(kind: Kind, key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut value = checksum(kind, key, content).to_vec();
    value.extend_from_slice(content);
    value
}

/// The content of a sealed value, or `None` where it is not what was sealed under this key.
pub(super) fn unseal<'a>(kind: Kind, key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, content) = value.split_at_checked(CHECKSUM_BYTES)?;
    (sum == checksum(kind, key, content)).then_some(content)
}

/// Packs `entries`, the first of which has position `at`, into values of about `value_bytes_max`.
///
/// An entry that is larger gets a value of its own. `None` where an entry or a position does not fit.
pub(super) fn pack(
    at: u64,
    entries: &[Vec<u8>],
    value_bytes_max: usize,
) -> Option<Vec<(u64, Vec<u8>)>> {
    let mut values = Vec::new();
    let mut first = at;
    let mut count: u32 = 0;
    let mut bundle = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).ok()?;
        let grown = bundle.len().checked_add(entry.len())?.checked_add(2)?;
        if count > 0 && grown > value_bytes_max {
            let next = first.checked_add(u64::from(count))?;
            values.push((first, value(first, count, &bundle)));
            (first, count) = (next, 0);
            bundle.clear();
        }
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
        count = count.checked_add(1)?;
    }
    if count > 0 {
        first.checked_add(u64::from(count))?;
        values.push((first, value(first, count, &bundle)));
    }
    Some(values)
}

fn value(first: u64, count: u32, bundle: &[u8]) -> Vec<u8> {
    let mut content = count.to_be_bytes().to_vec();
    content.extend_from_slice(bundle);
    let mut value = vec![VERSION];
    value.extend_from_slice(&checksum(Kind::Entries, &first.to_be_bytes(), &content));
    value.append(&mut content);
    value
}

/// A stored value whose checksum was right.
pub(super) struct Packed<'a> {
    first: u64,
    next: u64,
    bundle: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Checks the value stored under position `first`.
    pub(super) fn check(first: u64, value: &'a [u8]) -> Result<Self, String> {
        Self::check_parts(first, value).ok_or_else(|| {
            format!("the value at position {first} does not have the checksum it was written with")
        })
    }

    fn check_parts(first: u64, value: &'a [u8]) -> Option<Self> {
        let (version, rest) = value.split_first()?;
        let (sum, content) = rest.split_at_checked(CHECKSUM_BYTES)?;
        if *version != VERSION || sum != checksum(Kind::Entries, &first.to_be_bytes(), content) {
            return None;
        }
        let (count, bundle) = content.split_first_chunk()?;
        let next = first.checked_add(u64::from(u32::from_be_bytes(*count)))?;
        (next > first).then_some(Self { first, next, bundle })
    }

    /// The position after the last entry.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Appends the entries that have a position in `wanted`.
    pub(super) fn copy(&self, wanted: &Range<u64>, into: &mut Vec<Vec<u8>>) -> Result<(), String> {
        let mut rest = self.bundle;
        for position in self.first..self.next.min(wanted.end) {
            let entry = split_entry(&mut rest)
                .ok_or_else(|| format!("the value of position {position} is cut short"))?;
            if position >= wanted.start {
                into.push(entry.to_vec());
            }
        }
        Ok(())
    }
}

fn split_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk()?;
    let (entry, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = tail;
    Some(entry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unpack(values: &[(u64, Vec<u8>)], wanted: &Range<u64>) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for (first, value) in values {
            Packed::check(*first, value).unwrap().copy(wanted, &mut entries).unwrap();
        }
        entries
    }

    proptest! {
        #[test]
        fn packed_entries_come_back(
            at in 0..u64::from(u32::MAX),
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..40),
            value_bytes_max in 1_usize..2_000,
        ) {
            let values = pack(at, &entries, value_bytes_max).unwrap();
            prop_assert_eq!(unpack(&values, &(0..u64::MAX)), entries);
        }
    }

    #[test]
    fn values_are_split_near_their_limit_and_no_entry_is_split() {
        let entries = vec![vec![7; 400], vec![8; 400], vec![9; 2_000], vec![]];
        let firsts: Vec<u64> = pack(10, &entries, 1_000).unwrap().iter().map(|v| v.0).collect();
        assert_eq!(firsts, [10, 12, 13]);
    }

    #[test]
    fn entries_and_positions_that_do_not_fit_are_refused() {
        assert!(pack(0, &[vec![0; 65_535]], 1_000).is_some());
        assert!(pack(0, &[vec![0; 65_536]], 1_000).is_none());
        assert!(pack(u64::MAX, &[vec![0; 1]], 1_000).is_none());
    }

    #[test]
    fn any_flipped_bit_and_any_other_position_is_noticed() {
        let values = pack(5, &[b"one".to_vec(), b"two".to_vec()], 1_000).unwrap();
        let (first, value) = values.first().unwrap();
        assert!(Packed::check(6, value).is_err());
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Packed::check(*first, &flipped).is_err(), "bit {bit}");
        }
        for length in 0..value.len() {
            assert!(Packed::check(*first, &value[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn a_sealed_value_opens_only_as_its_kind_and_under_its_key() {
        let value = seal(Kind::Tile, b"key", b"content");
        assert_eq!(unseal(Kind::Tile, b"key", &value), Some(&b"content"[..]));
        assert_eq!(unseal(Kind::Page, b"key", &value), None);
        assert_eq!(unseal(Kind::Tile, b"other", &value), None);
        assert_eq!(unseal(Kind::Tile, b"key", &value[..10]), None);
    }
}
