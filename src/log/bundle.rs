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
