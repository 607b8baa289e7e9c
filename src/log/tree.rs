//! The tree as its writer keeps it: per level, the hashes of the one tile that is not yet full.
//!
//! A full tile leaves the edge the moment it is complete, expanded and ready to be stored and to answer proofs; its
//! root moves into the tile above. What is kept is at most 255 hashes a level, whatever the size.
//!
//! It does not store anything and does not know whether the tiles it gave away were stored.

use std::sync::Arc;

use super::{
    hash::{Hash, empty_root, node_hash},
    tile::{TILE_WIDTH, TileId, TileNodes},
};

/// The largest size that a tree is restored at. Other verifiers count in signed 64-bit integers, and it leaves the
/// counter more room than appending can use up.
pub const SIZE_MAX: u64 = i64::MAX.unsigned_abs();

/// How many levels of tiles a tree has: 64 levels of nodes, eight to a tile.
const TILE_LEVELS: usize = 8;

/// Why a tree cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The size is beyond [`SIZE_MAX`].
    #[error("a tree of {0} leaves is too large")]
    Size(u64),
    /// A tile of the right edge is not there.
    #[error("tile {} of level {} is missing", .0.index, .0.level)]
    Missing(TileId),
    /// A tile of the right edge does not have the number of hashes that the size calls for.
    #[error("tile {} of level {} has {got} hashes instead of {expected}", .tile.index, .tile.level)]
    Width {
        /// Which tile.
        tile: TileId,
        /// How many hashes it must have.
        expected: u16,
        /// How many it has.
        got: usize,
    },
}

/// The right edge of the tree, and the tiles completed since they were last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The partial tile of each level, at most 255 hashes.
    edge: [Vec<Hash>; TILE_LEVELS],
    completed: Vec<(TileId, Arc<TileNodes>)>,
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of `size` leaves from the partial tiles of its right edge, which `partial` returns with exactly the
    /// width it is asked for. At most eight tiles are read.
    pub fn restore(
        size: u64,
        mut partial: impl FnMut(TileId, u16) -> Option<Vec<Hash>>,
    ) -> Result<Self, RestoreError> {
        if size > SIZE_MAX {
            return Err(RestoreError::Size(size));
        }
        let mut tree = Self { size, ..Self::default() };
        for (level, edge) in (0_u8..).zip(&mut tree.edge) {
            let tile = edge_tile(level, size);
            let expected = tile.width_at(size);
            if expected == 0 {
                continue;
            }
            let hashes = partial(tile, expected).ok_or(RestoreError::Missing(tile))?;
            if hashes.len() != usize::from(expected) {
                return Err(RestoreError::Width { tile, expected, got: hashes.len() });
            }
            *edge = hashes;
        }
        Ok(tree)
    }

    /// Adds a leaf and returns its position.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let position = self.size;
        let mut hash = leaf;
        for (level, edge) in (0_u8..).zip(&mut self.edge) {
            edge.push(hash);
            if edge.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let Some((nodes, root)) =
                TileNodes::new(edge).and_then(|nodes| nodes.root().map(|root| (nodes, root)))
            else {
                break;
            };
            edge.clear();
            self.completed.push((edge_tile(level, position), Arc::new(nodes)));
            hash = root;
        }
        self.size = position.saturating_add(1);
        position
    }

    /// The full tiles completed since the last call, in the order in which they became full: a tile comes after all
    /// tiles below it.
    #[must_use = "a completed tile is handed out once"]
    pub fn take_completed(&mut self) -> Vec<(TileId, Arc<TileNodes>)> {
        core::mem::take(&mut self.completed)
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile of a level, at most 255; empty where the level ends in a full tile or is not
    /// there.
    pub fn partial(&self, level: u8) -> &[Hash] {
        self.edge.get(usize::from(level)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The partial tiles that exist at this size, from the leaves up: what must be served besides the full tiles.
    pub fn partials(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        (0_u8..)
            .zip(&self.edge)
            .filter(|(_, edge)| !edge.is_empty())
            .map(|(level, edge)| (edge_tile(level, self.size), edge.as_slice()))
    }

    /// The root over all leaves (RFC 6962 section 2.1).
    pub fn root(&self) -> Hash {
        // Each level stands to the right of the one above it, so the fold goes from the last leaf to the first.
        let mut root = None;
        for nodes in self.edge.iter().filter_map(|edge| TileNodes::new(edge)) {
            for peak in nodes.peaks().rev() {
                root = Some(root.map_or(peak, |right| node_hash(&peak, &right)));
            }
        }
        root.unwrap_or_else(empty_root)
    }
}

/// The tile of a level that holds what lies at leaf position `position`.
fn edge_tile(level: u8, position: u64) -> TileId {
    let shift = u32::from(level).saturating_add(1).saturating_mul(8);
    TileId::new(level, position.checked_shr(shift).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Frontier, leaf_hash, naive};
    use crate::types::DocumentHash;
    use std::collections::BTreeMap;

    #[test]
    fn roots_are_those_of_the_certificate_transparency_test_tree() {
        let entries: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::new();
        assert_eq!(tree.root(), empty_root());
        for (position, (entry, root)) in (0..).zip(entries.into_iter().zip(roots)) {
            assert_eq!(tree.append(leaf_hash(entry)), position);
            assert_eq!(DocumentHash::from_bytes(*tree.root().as_bytes()).to_string(), root);
        }
    }

    #[test]
    fn tree_frontier_and_definition_agree_on_every_root() {
        let leaves = naive::leaves(70_000);
        let (mut tree, mut frontier) = (Tree::new(), Frontier::new());
        assert_eq!(frontier.root(), tree.root());
        for (size, leaf) in (1_u64..).zip(&leaves) {
            tree.append(*leaf);
            frontier.push(*leaf);
            let near_a_full_tile = size % 256 < 2 && size % 2048 < 2;
            if size <= 520 || near_a_full_tile || size % 997 == 0 || size == 70_000 {
                assert_eq!(tree.size(), size);
                assert_eq!(frontier.size(), size);
                assert_eq!(tree.root(), frontier.root(), "size {size}");
            }
            if size <= 520 || [65_535, 65_536, 65_537, 70_000].contains(&size) {
                let prefix = &leaves[..usize::try_from(size).expect("small")];
                assert_eq!(tree.root(), naive::root(prefix), "size {size}");
            }
        }
    }

    #[test]
    fn seventy_thousand_leaves_make_the_tiles_that_the_standard_counts() {
        let (tree, tiles) = naive::tiles(&naive::leaves(70_000));
        let count = |level, full| {
            tiles
                .iter()
                .filter(|(id, nodes)| id.level == level && (nodes.width() == TILE_WIDTH) == full)
                .count()
        };
        assert_eq!([count(0, true), count(1, true), count(2, true)], [273, 1, 0]);
        let partials = tree.partials().map(|(id, hashes)| (id, hashes.len())).collect::<Vec<_>>();
        let expected =
            [(TileId::new(0, 273), 112), (TileId::new(1, 1), 17), (TileId::new(2, 0), 1)];
        assert_eq!(partials, expected);
        for (id, nodes) in &tiles {
            assert_eq!(nodes.width(), id.width_at(70_000));
        }
    }

    #[test]
    fn completed_tiles_are_handed_out_once_and_from_the_leaves_up() {
        let mut tree = Tree::new();
        let mut handed = Vec::new();
        for leaf in naive::leaves(65_536) {
            tree.append(leaf);
            if tree.size().is_multiple_of(1000) {
                handed.extend(tree.take_completed().into_iter().map(|(id, _)| id));
            }
        }
        handed.extend(tree.take_completed().into_iter().map(|(id, _)| id));
        let expected = (0..256).map(|index| TileId::new(0, index)).chain([TileId::new(1, 0)]);
        assert_eq!(handed, expected.collect::<Vec<_>>());
        assert_eq!(tree.partials().map(|(id, _)| id).collect::<Vec<_>>(), [TileId::new(2, 0)]);
    }

    #[test]
    fn a_restored_tree_goes_on_as_the_original() {
        let leaves = naive::leaves(70_000);
        let mut tree = Tree::new();
        let mut kept = BTreeMap::new();
        for (size, leaf) in (1_u64..).zip(&leaves) {
            tree.append(*leaf);
            kept.extend(tree.take_completed());
            if size <= 3 || size % 256 < 2 && size % 4096 < 2 || size % 9973 == 0 {
                let restored = Tree::restore(size, |tile, width| {
                    assert_eq!(width, tile.width_at(size));
                    Some(tree.partial(tile.level)[..usize::from(width)].to_vec())
                });
                assert_eq!(restored.as_ref(), Ok(&tree), "size {size}");
                let mut restored = restored.expect("just compared");
                let mut original = tree.clone();
                for leaf in leaves.iter().take(300) {
                    restored.append(*leaf);
                    original.append(*leaf);
                }
                assert_eq!(restored, original);
            }
        }
    }

    #[test]
    fn a_tree_is_not_restored_from_other_tiles_than_its_size_calls_for() {
        let missing = Tree::restore(300, |tile, _| (tile.level == 0).then(|| naive::leaves(44)));
        assert_eq!(missing, Err(RestoreError::Missing(TileId::new(1, 0))));
        let narrow = Tree::restore(300, |_, _| Some(naive::leaves(43)));
        let expected = RestoreError::Width { tile: TileId::new(0, 1), expected: 44, got: 43 };
        assert_eq!(narrow, Err(expected));
        assert_eq!(Tree::restore(0, |_, _| None), Ok(Tree::new()));
        for size in [SIZE_MAX + 1, u64::MAX] {
            assert_eq!(Tree::restore(size, |_, _| None), Err(RestoreError::Size(size)));
        }
    }
}
