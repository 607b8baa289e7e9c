//! Bundles of up to 256 entries, each with its length in two bytes before it (C2SP tlog-tiles).
//!
//! The format has no count and no end mark: a reader must know how many entries to expect, and anything else than
//! exactly those is refused.

use super::tile::TILE_WIDTH;

/// How many entries a full bundle has.
pub const ENTRIES_PER_BUNDLE: u16 = TILE_WIDTH;
/// The longest entry in bytes; its length is written in two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Why entries do not make a bundle, or bytes are not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry of {0} bytes is longer than 65535")]
    EntryTooLong(usize),
    /// A bundle has 1 to 256 entries.
    #[error("a bundle has 1 to 256 entries")]
    Count,
    /// The bytes end before the last expected entry does.
    #[error("the bundle ends early")]
    Truncated,
    /// Bytes follow the last expected entry.
    #[error("bytes follow the last entry of the bundle")]
    Trailing,
}

/// Adds one entry to the bytes of a bundle. Leaves them as they are when it refuses.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The bundle of 1 to 256 entries.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    if !(1..=usize::from(ENTRIES_PER_BUNDLE)).contains(&entries.len()) {
        return Err(BundleError::Count);
    }
    let mut bundle = Vec::new();
    entries.iter().try_for_each(|entry| push_entry(&mut bundle, entry.as_ref()))?;
    Ok(bundle)
}

/// The entries of a bundle that must hold exactly `count`, 1 to 256.
pub fn decode_bundle(bytes: &[u8], count: u16) -> Result<Vec<&[u8]>, BundleError> {
    if !(1..=ENTRIES_PER_BUNDLE).contains(&count) {
        return Err(BundleError::Count);
    }
    let mut entries = Vec::with_capacity(usize::from(count));
    let mut rest = bytes;
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Truncated)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bytes_are_length_and_entry_in_turn() {
        let bundle = encode_bundle(&[b"ab".as_slice(), b"", b"c"]);
        assert_eq!(bundle.as_deref(), Ok(b"\x00\x02ab\x00\x00\x00\x01c".as_slice()));
    }

    #[test]
    fn anything_but_exactly_the_expected_entries_is_refused() {
        let bundle = b"\x00\x02ab\x00\x01c";
        assert_eq!(decode_bundle(bundle, 2), Ok(vec![b"ab".as_slice(), b"c"]));
        assert_eq!(decode_bundle(bundle, 1), Err(BundleError::Trailing));
        assert_eq!(decode_bundle(bundle, 3), Err(BundleError::Truncated));
        for length in 0..bundle.len() {
            assert_eq!(
                decode_bundle(&bundle[..length], 2),
                Err(BundleError::Truncated),
                "{length}"
            );
        }
        assert_eq!(decode_bundle(&[], 0), Err(BundleError::Count));
        assert_eq!(decode_bundle(&[0; 514], 257), Err(BundleError::Count));
        assert_eq!(encode_bundle::<&[u8]>(&[]), Err(BundleError::Count));
        assert_eq!(encode_bundle(&[b""; 257]), Err(BundleError::Count));
    }

    #[test]
    fn the_longest_entry_fits_and_one_byte_more_does_not() {
        let mut bundle = Vec::new();
        assert_eq!(push_entry(&mut bundle, &vec![7; ENTRY_BYTES_MAX]), Ok(()));
        let length = bundle.len();
        let too_long = ENTRY_BYTES_MAX + 1;
        assert_eq!(
            push_entry(&mut bundle, &vec![7; too_long]),
            Err(BundleError::EntryTooLong(too_long))
        );
        assert_eq!(bundle.len(), length);
        assert_eq!(decode_bundle(&bundle, 1).map(|entries| entries[0].len()), Ok(ENTRY_BYTES_MAX));
    }

    proptest! {
        #[test]
        fn writing_and_reading_a_bundle_is_lossless(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=256),
        ) {
            let bundle = encode_bundle(&entries)?;
            prop_assert_eq!(decode_bundle(&bundle, u16::try_from(entries.len())?)?, entries);
        }

        #[test]
        fn bytes_that_are_read_are_written_the_same(bytes in prop::collection::vec(0..4_u8, 0..60), count in 0..9_u16) {
            if let Ok(entries) = decode_bundle(&bytes, count) {
                prop_assert_eq!(encode_bundle(&entries)?, bytes);
            }
        }
    }
}
