//! Inclusion and consistency proofs (RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4).
//!
//! Proving reads nodes, it does not hash subtrees: a proof over a million leaves looks at three tiles. Verifying
//! needs nothing but the proof. Both are total: any 64-bit numbers and any list of hashes give an answer within 64
//! steps.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    hash::{Hash, empty_root, node_hash},
    tile::{TileId, TileNodes},
};

/// Where proofs find the tiles of the tree.
pub trait HashReader {
    /// The expanded tile with at least `width` hashes; a wider one, such as the full tile, serves as well. `None`
    /// where it is not there. Expanding costs up to 255 hashes, so implementations keep what they return.
    fn tile(&self, id: TileId, width: u16) -> Option<Arc<TileNodes>>;
}

impl HashReader for BTreeMap<TileId, Arc<TileNodes>> {
    fn tile(&self, id: TileId, width: u16) -> Option<Arc<TileNodes>> {
        self.get(&id).filter(|nodes| nodes.width() >= width).cloned()
    }
}

/// Why there is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The position or the older size is not within the tree.
    #[error("position or size {position} is not within a tree of {size} leaves")]
    OutOfRange {
        /// The position, or the older size.
        position: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A tile that the proof needs is not there.
    #[error("tile {} of level {} is missing", .0.index, .0.level)]
    TileMissing(TileId),
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The position or the older size is not within the tree.
    #[error("the position or size is not within the tree")]
    OutOfRange,
    /// The proof does not have the number of hashes that position and size call for.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    Root,
}

/// Proves many things about one size of the tree. What all its proofs share is read once.
pub struct Prover<'a, R: ?Sized> {
    reader: &'a R,
    size: u64,
    /// The roots of the complete subtrees, largest first; one for each one bit of the size.
    peaks: Vec<Hash>,
    /// For each peak the root over it and all that is right of it.
    tails: Vec<Hash>,
}

impl<'a, R: HashReader + ?Sized> Prover<'a, R> {
    /// Reads the peaks of the tree of `size` leaves.
    pub fn new(size: u64, reader: &'a R) -> Result<Self, ProofError> {
        let mut prover = Self { reader, size, peaks: Vec::new(), tails: Vec::new() };
        for level in (0..64_u8).rev() {
            let count = size >> level;
            if count & 1 == 1 {
                let peak = prover.node(level, count.saturating_sub(1))?;
                prover.peaks.push(peak);
            }
        }
        let mut tail = None;
        for peak in prover.peaks.iter().rev() {
            let root = tail.map_or(*peak, |right| node_hash(peak, &right));
            prover.tails.push(root);
            tail = Some(root);
        }
        prover.tails.reverse();
        Ok(prover)
    }

    /// The root over all leaves, from the tiles.
    pub fn root(&self) -> Hash {
        self.tails.first().copied().unwrap_or_else(empty_root)
    }

    /// The proof that the leaf at `index` is in the tree: siblings from the leaf up.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, ProofError> {
        let mut proof = Vec::with_capacity(64);
        self.path(index, 0, &mut proof)?;
        Ok(proof)
    }

    /// The proof that the tree of the first `old` leaves is a beginning of this one. Empty when `old` is 0 or the
    /// whole tree.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, ProofError> {
        if old > self.size {
            return Err(ProofError::OutOfRange { position: old, size: self.size });
        }
        let mut proof = Vec::new();
        if old == 0 || old == self.size {
            return Ok(proof);
        }
        // The proof is the path from the last complete subtree of the old tree. Where that subtree is the whole old
        // tree the verifier has its root already.
        let level = u8::try_from(old.trailing_zeros()).unwrap_or(63);
        if !old.is_power_of_two() {
            proof.push(self.node(level, (old >> level).saturating_sub(1))?);
        }
        self.path(old.saturating_sub(1), level, &mut proof)?;
        Ok(proof)
    }

    /// Appends the siblings on the way from the node of level `from` above `position` to the root.
    fn path(&self, position: u64, from: u8, proof: &mut Vec<Hash>) -> Result<(), ProofError> {
        if position >= self.size {
            return Err(ProofError::OutOfRange { position, size: self.size });
        }
        // The highest bit in which position and size differ is set in the size: it is the peak above the position.
        let top = 63_u32.saturating_sub((position ^ self.size).leading_zeros());
        let mut held = None;
        for level in from..u8::try_from(top).unwrap_or(63) {
            let sibling = (position >> level) ^ 1;
            let (tile, within, index) = locate(level, sibling);
            let nodes = match held {
                Some((held_tile, nodes)) if held_tile == tile => nodes,
                _ => self.read(tile)?,
            };
            proof.push(nodes.node(within, index).ok_or(ProofError::TileMissing(tile))?);
            held = Some((tile, nodes));
        }
        let left = self.size.checked_shr(top.saturating_add(1)).unwrap_or(0).count_ones();
        let left = usize::try_from(left).unwrap_or(0);
        proof.extend(self.tails.get(left.saturating_add(1)));
        proof.extend(self.peaks.iter().take(left).rev());
        Ok(())
    }

    /// The node `index` of a level of the tree, whose subtree must be complete.
    fn node(&self, level: u8, index: u64) -> Result<Hash, ProofError> {
        let (tile, within, index) = locate(level, index);
        self.read(tile)?.node(within, index).ok_or(ProofError::TileMissing(tile))
    }

    fn read(&self, tile: TileId) -> Result<Arc<TileNodes>, ProofError> {
        self.reader.tile(tile, tile.width_at(self.size)).ok_or(ProofError::TileMissing(tile))
    }
}

/// The tile in which a node lies, and the level and index it has there.
fn locate(level: u8, index: u64) -> (TileId, u8, u16) {
    let within = level % 8;
    let in_tile = 8_u8.saturating_sub(within);
    let mask = u64::from(u8::MAX >> within);
    let tile = TileId::new(level / 8, index >> in_tile);
    (tile, within, u16::try_from(index & mask).unwrap_or(0))
}

/// The proof that the leaf at `index` is in the tree of `size` leaves; see [`Prover`] for more than one.
pub fn inclusion(
    size: u64,
    index: u64,
    reader: &(impl HashReader + ?Sized),
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { position: index, size });
    }
    Prover::new(size, reader)?.inclusion(index)
}

/// The proof that the tree of `old` leaves is a beginning of the tree of `new` leaves.
pub fn consistency(
    old: u64,
    new: u64,
    reader: &(impl HashReader + ?Sized),
) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange { position: old, size: new });
    }
    Prover::new(new, reader)?.consistency(old)
}

/// Checks that `leaf` is at `index` in the tree of `size` leaves with this root (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    let last = size.checked_sub(1).filter(|last| index <= *last).ok_or(VerifyError::OutOfRange)?;
    let mut path = Path { node: index, last };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match path.climb().ok_or(VerifyError::Length)? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    path.finish()?;
    if hash == *root { Ok(()) } else { Err(VerifyError::Root) }
}

/// Checks that the tree of `old` leaves is a beginning of the tree of `new` leaves (RFC 9162 section 2.1.4.2).
///
/// The proof must be empty when `old` is 0 (C2SP tlog-witness) or equals `new`.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    if old > new {
        return Err(VerifyError::OutOfRange);
    }
    if old == 0 || old == new {
        let expected = if old == 0 { empty_root() } else { *new_root };
        return match (proof, *old_root == expected) {
            ([], true) if new > 0 || *new_root == expected => Ok(()),
            ([], _) => Err(VerifyError::Root),
            _ => Err(VerifyError::Length),
        };
    }
    let (first, siblings) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(VerifyError::Length)?
    };
    let level = old.trailing_zeros();
    let shift = |number: u64| number.saturating_sub(1).checked_shr(level).unwrap_or(0);
    let mut path = Path { node: shift(old), last: shift(new) };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in siblings {
        match path.climb().ok_or(VerifyError::Length)? {
            Side::Left => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            Side::Right => new_hash = node_hash(&new_hash, sibling),
        }
    }
    path.finish()?;
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(VerifyError::Root) }
}

/// The way from a node to the root: the numbers that RFC 9162 calls `fn` and `sn`.
struct Path {
    node: u64,
    last: u64,
}

/// On which side of the node its sibling stands.
enum Side {
    Left,
    Right,
}

impl Path {
    /// One step up; `None` at the root.
    fn climb(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // Levels on which the last node has no sibling are passed without a hash.
            let skip = if self.node == 0 { 0 } else { self.node.trailing_zeros() };
            self.shift(skip);
            Side::Left
        } else {
            Side::Right
        };
        self.shift(1);
        Some(side)
    }

    fn shift(&mut self, levels: u32) {
        self.node = self.node.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }

    fn finish(&self) -> Result<(), VerifyError> {
        if self.last == 0 { Ok(()) } else { Err(VerifyError::Length) }
    }
}
