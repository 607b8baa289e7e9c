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

    /// The roots of the complete subtrees, largest first; what a [`Frontier`](super::Frontier) is made of.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::naive;
    use core::cell::Cell;
    use proptest::prelude::*;

    /// Counts the tiles that are read.
    struct Counting<'a>(&'a BTreeMap<TileId, Arc<TileNodes>>, Cell<u32>);

    impl HashReader for Counting<'_> {
        fn tile(&self, id: TileId, width: u16) -> Option<Arc<TileNodes>> {
            self.1.set(self.1.get().saturating_add(1));
            self.0.tile(id, width)
        }
    }

    /// Every list of hashes that differs from a proof by one bit, one hash less or one hash more.
    fn mutations(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let mut all = Vec::new();
        for at in 0..proof.len() {
            let mut bytes = *proof[at].as_bytes();
            bytes[at % 32] ^= 1;
            let mut flipped = proof.to_vec();
            flipped[at] = Hash::from_bytes(bytes);
            let mut shorter = proof.to_vec();
            shorter.remove(at);
            all.extend([flipped, shorter]);
        }
        for at in 0..=proof.len() {
            let mut longer = proof.to_vec();
            longer.insert(at, empty_root());
            all.push(longer);
        }
        all
    }

    #[test]
    fn proofs_are_those_of_the_definition_and_hold() {
        let leaves = naive::leaves(300);
        let (_, tiles) = naive::tiles(&leaves);
        let roots = (0..=300).map(|size| naive::root(&leaves[..size])).collect::<Vec<_>>();
        for (new, new_root) in roots.iter().enumerate() {
            let size = u64::try_from(new).expect("small");
            let prover = Prover::new(size, &tiles).expect("all tiles are there");
            assert_eq!(prover.root(), *new_root);
            let against_definition = new <= 70 || (255..=258).contains(&new) || new == 300;
            for (index, leaf) in (0..size).zip(&leaves) {
                let proof = prover.inclusion(index).expect("all tiles are there");
                assert_eq!(
                    verify_inclusion(leaf, index, size, new_root, &proof),
                    Ok(()),
                    "{index} of {size}"
                );
                let position = usize::try_from(index).expect("small");
                if against_definition {
                    assert_eq!(proof, naive::path(position, &leaves[..new]), "{index} of {size}");
                }
            }
            for (old, old_root) in roots[..=new].iter().enumerate() {
                let from = u64::try_from(old).expect("small");
                let proof = prover.consistency(from).expect("all tiles are there");
                let verdict = verify_consistency(from, old_root, size, new_root, &proof);
                assert_eq!(verdict, Ok(()), "{old} of {new}");
                if against_definition && old > 0 {
                    assert_eq!(proof, naive::subproof(old, &leaves[..new], true), "{old} of {new}");
                }
            }
        }
    }

    #[test]
    fn a_proof_that_was_changed_does_not_hold() {
        let leaves = naive::leaves(70);
        let (_, tiles) = naive::tiles(&leaves);
        for size in [1, 2, 3, 5, 7, 8, 33, 64, 70] {
            let root = naive::root(&leaves[..usize::try_from(size).expect("small")]);
            let other = leaves[69];
            for index in 0..size {
                let leaf = leaves[usize::try_from(index).expect("small")];
                let proof = inclusion(size, index, &tiles).expect("all tiles are there");
                for bad in mutations(&proof) {
                    assert!(
                        verify_inclusion(&leaf, index, size, &root, &bad).is_err(),
                        "{index} of {size}"
                    );
                }
                assert_eq!(
                    verify_inclusion(&leaf, index, size, &other, &proof).is_ok(),
                    root == other
                );
                assert_eq!(
                    verify_inclusion(&other, index, size, &root, &proof).is_ok(),
                    leaf == other
                );
                for index in (0..size + 2).filter(|other| *other != index) {
                    assert!(
                        verify_inclusion(&leaf, index, size, &root, &proof).is_err(),
                        "{index} of {size}"
                    );
                }
            }
            for old in 0..=size {
                let old_root = naive::root(&leaves[..usize::try_from(old).expect("small")]);
                let proof = consistency(old, size, &tiles).expect("all tiles are there");
                for bad in mutations(&proof) {
                    assert!(
                        verify_consistency(old, &old_root, size, &root, &bad).is_err(),
                        "{old} to {size}"
                    );
                }
                assert!(
                    verify_consistency(old, &other, size, &root, &proof).is_err(),
                    "{old} to {size}"
                );
                if old > 0 {
                    // From nothing to anything there is nothing to check.
                    assert!(
                        verify_consistency(old, &old_root, size, &other, &proof).is_err(),
                        "{old} to {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_large_tree_proves_from_one_tile_a_level() {
        let leaves = naive::leaves(70_000);
        let (tree, tiles) = naive::tiles(&leaves);
        let counting = Counting(&tiles, Cell::new(0));
        let prover = Prover::new(70_000, &counting).expect("all tiles are there");
        assert_eq!(prover.root(), tree.root());
        for index in
            (0..70_000).step_by(61).chain([0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999])
        {
            counting.1.set(0);
            let proof = prover.inclusion(index).expect("all tiles are there");
            assert!(counting.1.get() <= 3, "{} tiles read for {index}", counting.1.get());
            let leaf = leaves[usize::try_from(index).expect("small")];
            assert_eq!(
                verify_inclusion(&leaf, index, 70_000, &tree.root(), &proof),
                Ok(()),
                "{index}"
            );
        }
        for old in [1, 255, 256, 257, 4096, 65_535, 65_536, 65_537, 69_632, 69_999, 70_000] {
            let proof = prover.consistency(old).expect("all tiles are there");
            let old_root =
                Prover::new(old, &tiles).map(|prover| prover.root()).expect("wider tiles serve");
            assert_eq!(old_root, naive::root(&leaves[..usize::try_from(old).expect("small")]));
            assert_eq!(
                verify_consistency(old, &old_root, 70_000, &tree.root(), &proof),
                Ok(()),
                "{old}"
            );
        }
    }

    #[test]
    fn what_is_not_in_the_tree_is_not_proved() {
        let (_, tiles) = naive::tiles(&naive::leaves(10));
        let outside = |position, size| Err(ProofError::OutOfRange { position, size });
        assert_eq!(inclusion(10, 10, &tiles), outside(10, 10));
        assert_eq!(inclusion(0, 0, &tiles), outside(0, 0));
        assert_eq!(consistency(11, 10, &tiles), outside(11, 10));
        assert_eq!(inclusion(11, 10, &tiles), Err(ProofError::TileMissing(TileId::new(0, 0))));
        assert_eq!(inclusion(300, 0, &tiles), Err(ProofError::TileMissing(TileId::new(1, 0))));
        let root = empty_root();
        assert_eq!(verify_inclusion(&root, 0, 0, &root, &[]), Err(VerifyError::OutOfRange));
        assert_eq!(verify_consistency(2, &root, 1, &root, &[]), Err(VerifyError::OutOfRange));
        assert_eq!(verify_consistency(0, &root, 0, &root, &[]), Ok(()));
        assert_eq!(
            verify_consistency(0, &root, 0, &Hash::from_bytes([1; 32]), &[]),
            Err(VerifyError::Root)
        );
    }

    proptest! {
        #[test]
        fn any_numbers_and_hashes_give_an_answer(
            index: u64, size: u64, near in 0..4_u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            let empty = BTreeMap::new();
            let proof = hashes.into_iter().map(Hash::from_bytes).collect::<Vec<_>>();
            let root = empty_root();
            for (index, size) in [(index, size), (size.saturating_sub(near), size), (!near, u64::MAX)] {
                prop_assert!(inclusion(size, index, &empty).is_err());
                prop_assert!(verify_inclusion(&root, index, size, &root, &proof).is_err());
                let trivial = index == size || index == 0;
                prop_assert!(trivial || consistency(index, size, &empty).is_err());
                prop_assert!(trivial || verify_consistency(index, &root, size, &root, &proof).is_err());
            }
        }
    }
}
