//! Tiles of 256 hashes, their addresses, and a tile expanded to the inner nodes above its hashes.
//!
//! Addresses and paths are those of C2SP tlog-tiles. Every address has exactly one path; a path that is not of that
//! form is no path at all. Only nodes whose subtree is complete exist, so a node never changes once it is there, and
//! a wider tile answers for a narrower one.

use core::fmt;

use super::hash::{Hash, node_hash};

/// How many hashes a full tile has.
pub const TILE_WIDTH: u16 = 256;
/// The length of a hash in a tile.
pub const HASH_BYTES: usize = 32;
/// The highest level that C2SP tlog-tiles gives a path to.
const PATH_LEVEL_MAX: u64 = 63;

/// Where a tile stands: tile `index` of `level`, counted from the left; level 0 holds leaf hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// The level of tiles, not of nodes.
    pub level: u8,
    /// The number of the tile within its level.
    pub index: u64,
}

impl TileId {
    /// The tile at this address.
    pub const fn new(level: u8, index: u64) -> Self {
        Self { level, index }
    }

    /// How many hashes this tile has in a tree of `size` leaves: 0 where it does not exist, 256 where it is full.
    pub fn width_at(self, size: u64) -> u16 {
        width_at(u32::from(self.level), self.index, size)
    }
}

/// The width of unit `index` of 256, where the units of `level` count 256^level leaves each.
fn width_at(level: u32, index: u64, size: u64) -> u16 {
    let hashes = level.checked_mul(8).and_then(|shift| size.checked_shr(shift)).unwrap_or(0);
    let before = index.saturating_mul(u64::from(TILE_WIDTH));
    let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH));
    u16::try_from(width).unwrap_or(TILE_WIDTH)
}

/// A path below a log's address, as in `tile/0/x001/x234/067.p/12` and `tile/entries/000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes {
        /// Which tile.
        tile: TileId,
        /// How many hashes it has, 1 to 256; 256 has no suffix in the path.
        width: u16,
    },
    /// A bundle of entries.
    Entries {
        /// Which bundle; it holds the entries of the level 0 tile with this index.
        index: u64,
        /// How many entries it has, 1 to 256; 256 has no suffix in the path.
        width: u16,
    },
}

impl TilePath {
    /// Reads a path without a leading slash; `None` for anything that is not exactly of the form.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => {
                let width = decimal(width).filter(|width| (1..256).contains(width))?;
                (number, u16::try_from(width).ok()?)
            }
            None => (rest, TILE_WIDTH),
        };
        let index = parse_number(number)?;
        if kind == "entries" {
            return Some(Self::Entries { index, width });
        }
        let level = decimal(kind).filter(|level| *level <= PATH_LEVEL_MAX)?;
        Some(Self::Hashes { tile: TileId::new(u8::try_from(level).ok()?, index), width })
    }

    /// How many hashes or entries the path asks for, 1 to 256.
    pub const fn width(&self) -> u16 {
        match self {
            Self::Hashes { width, .. } | Self::Entries { width, .. } => *width,
        }
    }

    /// Whether a tree of `size` leaves has at least this much of the tile or bundle.
    pub fn exists_at(&self, size: u64) -> bool {
        let available = match self {
            Self::Hashes { tile, .. } => tile.width_at(size),
            Self::Entries { index, .. } => width_at(0, *index, size),
        };
        self.width() <= available
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes { tile, width } => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, *width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (*index, *width)
            }
        };
        write_number(f, index)?;
        if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

/// Writes a number in groups of three digits, all but the last marked with `x`: 1234067 is `x001/x234/067`.
fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    let mut groups = [0_u64; 7];
    let mut rest = number;
    let mut used = 0_usize;
    for group in &mut groups {
        *group = rest % 1000;
        rest /= 1000;
        used = used.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    let (last, upper) = groups.split_first().unwrap_or((&0, &[]));
    for group in upper.iter().take(used.saturating_sub(1)).rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{last:03}")
}

/// Reads what [`write_number`] writes and nothing else.
fn parse_number(text: &str) -> Option<u64> {
    let mut number = 0_u64;
    let mut groups = text.split('/').peekable();
    let mut first = true;
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        // A leading group of zeros would give one number a second path.
        if first && groups.peek().is_some() && digits == "000" {
            return None;
        }
        first = false;
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(number)
}

/// Reads a decimal without sign or leading zeros.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// A tile's hashes and every complete inner node above them, computed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileNodes {
    width: u16,
    /// Level by level from the tile's hashes up; level k has `width >> k` nodes, so 511 in all for a full tile.
    nodes: Box<[Hash]>,
}

impl TileNodes {
    /// Computes the inner nodes over 1 to 256 hashes; `None` for any other number.
    pub fn new(hashes: &[Hash]) -> Option<Self> {
        let width =
            u16::try_from(hashes.len()).ok().filter(|width| (1..=TILE_WIDTH).contains(width))?;
        let mut nodes = Vec::with_capacity(hashes.len().saturating_mul(2));
        let mut level = hashes.to_vec();
        while !level.is_empty() {
            let (pairs, _) = level.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            nodes.append(&mut level);
            level = above;
        }
        Some(Self { width, nodes: nodes.into() })
    }

    /// Reads a tile as it is served, 32 bytes a hash; `None` where the length is not 1 to 256 whole hashes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() || chunks.len() > usize::from(TILE_WIDTH) {
            return None;
        }
        Self::new(&chunks.iter().map(|bytes| Hash::from_bytes(*bytes)).collect::<Vec<_>>())
    }

    /// The tile as it is served, 32 bytes a hash.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes().iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// How many hashes the tile has, 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The tile's own hashes.
    pub fn hashes(&self) -> &[Hash] {
        self.nodes.get(..usize::from(self.width)).unwrap_or_default()
    }

    /// The node `index` of `level` within the tile (level 0 is the hashes, level 8 the root of a full tile); `None`
    /// where its subtree is not complete.
    pub fn node(&self, level: u8, index: u16) -> Option<Hash> {
        let width = |level: u8| self.width.checked_shr(u32::from(level)).unwrap_or(0);
        if index >= width(level) {
            return None;
        }
        let before = (0..level).map(|below| usize::from(width(below))).sum::<usize>();
        self.nodes.get(before.saturating_add(usize::from(index))).copied()
    }

    /// The root of a full tile, which is a hash of the tile above; `None` for a partial tile.
    pub fn root(&self) -> Option<Hash> {
        self.node(8, 0)
    }

    /// The roots of the largest complete subtrees, left to right; together they cover the tile.
    pub fn peaks(&self) -> impl DoubleEndedIterator<Item = Hash> {
        (0..=8_u8).rev().filter_map(|level| {
            let count = self.width >> level;
            if count & 1 == 1 { self.node(level, count.saturating_sub(1)) } else { None }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::naive;
    use proptest::prelude::*;

    fn hashes(level: u8, index: u64, width: u16) -> TilePath {
        TilePath::Hashes { tile: TileId::new(level, index), width }
    }

    #[test]
    fn every_address_has_the_path_of_the_standard() {
        let cases = [
            ("tile/0/000", hashes(0, 0, 256)),
            ("tile/1/000.p/1", hashes(1, 0, 1)),
            ("tile/0/273.p/112", hashes(0, 273, 112)),
            ("tile/63/x001/x234/067", hashes(63, 1_234_067, 256)),
            ("tile/2/x001/000.p/255", hashes(2, 1000, 255)),
            ("tile/0/x018/x446/x744/x073/x709/x551/615", hashes(0, u64::MAX, 256)),
            ("tile/entries/000", TilePath::Entries { index: 0, width: 256 }),
            ("tile/entries/x001/x234/067.p/8", TilePath::Entries { index: 1_234_067, width: 8 }),
        ];
        for (path, expected) in cases {
            assert_eq!(TilePath::parse(path), Some(expected), "{path}");
            assert_eq!(expected.to_string(), path);
        }
    }

    #[test]
    fn paths_of_any_other_form_are_none() {
        let bad = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0//000",
            "tile/64/000",
            "tile/200/000",
            "tile/256/000",
            "tile/00/000",
            "tile/+0/000",
            "tile/-1/000",
            "tile/8/0/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/x001/x000",
            "tile/0/x01/000",
            "tile/0/xx01/000",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/-1",
            "tile/0/000.p/1.p/1",
            "tile/0/000.P/1",
            "tile/0/000.p/99999999999999999999",
            "tile/data/000",
            "tile/entries",
            "tile/entries/",
            "tile/0/00٣",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        ];
        for path in bad {
            assert_eq!(TilePath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn only_what_a_tree_of_that_size_has_exists() {
        let cases = [
            (0, hashes(0, 0, 1), false),
            (1, hashes(0, 0, 1), true),
            (1, hashes(0, 0, 2), false),
            (256, hashes(0, 0, 256), true),
            (256, hashes(0, 1, 1), false),
            (256, hashes(1, 0, 1), true),
            (255, hashes(1, 0, 1), false),
            (70_000, hashes(0, 273, 112), true),
            (70_000, hashes(0, 273, 113), false),
            (70_000, hashes(1, 1, 17), true),
            (70_000, hashes(2, 0, 1), true),
            (70_000, hashes(3, 0, 1), false),
            (u64::MAX, hashes(7, 0, 255), true),
            (u64::MAX, hashes(7, 0, 256), false),
            (u64::MAX, hashes(8, 0, 1), false),
            (u64::MAX, hashes(63, 0, 1), false),
            (u64::MAX, hashes(0, u64::MAX, 1), false),
            (70_000, TilePath::Entries { index: 273, width: 112 }, true),
            (70_000, TilePath::Entries { index: 274, width: 1 }, false),
        ];
        for (size, path, expected) in cases {
            assert_eq!(path.exists_at(size), expected, "{path} at {size}");
        }
    }

    #[test]
    fn an_expanded_tile_has_exactly_the_complete_nodes() {
        let leaves = naive::leaves(256);
        for width in 1..=256_u16 {
            let hashes = &leaves[..usize::from(width)];
            let nodes = TileNodes::new(hashes).expect("1 to 256 hashes");
            assert_eq!(nodes.hashes(), hashes);
            assert_eq!(nodes.root().is_some(), width == 256);
            for level in 0..=9_u8 {
                let span = 1_usize << level;
                for index in [0, 1, width >> level, (width >> level).saturating_sub(1), u16::MAX] {
                    let start = usize::from(index) * span;
                    let expected =
                        hashes.get(start..start + span).filter(|_| level <= 8).map(naive::root);
                    assert_eq!(
                        nodes.node(level, index),
                        expected,
                        "width {width} level {level} index {index}"
                    );
                }
            }
            assert_eq!(
                nodes.peaks().count(),
                usize::try_from(width.count_ones()).expect("at most 16")
            );
            assert_eq!(TileNodes::from_bytes(&nodes.to_bytes()), Some(nodes));
        }
        for length in [0, 1, 31, 33, 8191, 8193, 8224] {
            assert_eq!(TileNodes::from_bytes(&vec![0; length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_a_path_is_lossless(level in 0..=63_u8, index: u64, width in 1..=256_u16) {
            for path in [hashes(level, index, width), TilePath::Entries { index, width }] {
                prop_assert_eq!(TilePath::parse(&path.to_string()), Some(path));
            }
        }

        #[test]
        fn a_path_that_is_read_is_written_the_same(
            path in prop_oneof![".*", "tile/([0-9]{1,3}|entries)/(x?[0-9]{1,3}/){0,8}[0-9]{1,4}(\\.p/[0-9]{1,4})?"],
        ) {
            if let Some(parsed) = TilePath::parse(&path) {
                prop_assert_eq!(parsed.to_string(), path);
            }
        }
    }
}
