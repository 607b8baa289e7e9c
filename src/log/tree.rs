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
