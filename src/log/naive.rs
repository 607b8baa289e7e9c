//! The definitions of RFC 6962 section 2.1 word for word, to test the fast ways against. Quadratic on purpose.

#![expect(clippy::arithmetic_side_effects, reason = "sizes of slices in memory, in tests only")]

use std::{collections::BTreeMap, sync::Arc};

use super::{Hash, TileId, TileNodes, Tree, empty_root, leaf_hash, node_hash};

/// The largest power of two smaller than `n`, for `n` of at least 2.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// MTH(D), section 2.1.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH(m, D), section 2.1.1.
pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if index < k {
        (path(index, left), root(right))
    } else {
        (path(index - k, right), root(left))
    };
    proof.push(sibling);
    proof
}

/// SUBPROOF(m, D, b), section 2.1.2.
pub(super) fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if old <= k {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - k, right, false), root(left))
    };
    proof.push(sibling);
    proof
}

/// Leaf hashes that differ from each other.
pub(super) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// A tree of these leaves, and all its tiles.
pub(super) fn tiles(leaves: &[Hash]) -> (Tree, BTreeMap<TileId, Arc<TileNodes>>) {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.append(*leaf);
    }
    let mut tiles = tree.take_completed().into_iter().collect::<BTreeMap<_, _>>();
    for (tile, hashes) in tree.partials() {
        tiles.insert(tile, Arc::new(TileNodes::new(hashes).expect("a partial tile has hashes")));
    }
    (tree, tiles)
}
