//! The compact form of a tree: its size and the roots of its complete subtrees, one for each bit of the size.
//!
//! A second way to the same root that shares nothing with the writer's tree but the hash function. The writer
//! compares both before it signs (a flipped bit has ended logs); the auditor keeps one between two runs. The number
//! of peaks always equals the number of one bits of the size.

use serde::{Deserialize, Serialize};

use super::{
    hash::{Hash, empty_root, node_hash},
    tree::SIZE_MAX,
};

/// The peaks of a tree, from the largest and leftmost to the smallest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// A frontier as it was written down, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    size: u64,
    peaks: Vec<Hash>,
}

/// Why a size and peaks are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of peaks does not fit the size of the tree")]
pub struct FrontierError;

impl TryFrom<Parts> for Frontier {
    type Error = FrontierError;

    fn try_from(parts: Parts) -> Result<Self, FrontierError> {
        Self::from_parts(parts.size, parts.peaks)
    }
}

impl Frontier {
    /// The frontier of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier with these peaks, largest first. That they belong to some tree only its root can show.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > SIZE_MAX || u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(FrontierError);
        }
        Ok(Self { size, peaks })
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        // Counting in binary: every trailing one bit is a subtree that the new one completes to twice its size.
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over all leaves (RFC 6962 section 2.1).
    pub fn root(&self) -> Hash {
        let folded =
            self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        folded.unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::naive;

    #[test]
    fn a_frontier_that_was_written_down_goes_on_as_the_original() {
        let leaves = naive::leaves(600);
        let mut frontier = Frontier::new();
        for leaf in &leaves {
            let json = serde_json::to_string(&frontier).expect("plain data");
            assert_eq!(serde_json::from_str::<Frontier>(&json).ok().as_ref(), Some(&frontier));
            let bytes = postcard::to_stdvec(&frontier).expect("plain data");
            assert_eq!(postcard::from_bytes::<Frontier>(&bytes).ok().as_ref(), Some(&frontier));
            let parts = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec());
            assert_eq!(parts.as_ref(), Ok(&frontier));
            frontier = parts.expect("just compared");
            frontier.push(*leaf);
        }
        assert_eq!(frontier.root(), naive::root(&leaves));
    }

    #[test]
    fn peaks_that_do_not_fit_the_size_are_refused() {
        for (size, peaks) in
            [(0, 1), (1, 0), (1, 2), (255, 7), (256, 2), (SIZE_MAX, 62), (u64::MAX, 64)]
        {
            assert_eq!(
                Frontier::from_parts(size, naive::leaves(peaks)),
                Err(FrontierError),
                "{size}"
            );
        }
        assert!(serde_json::from_str::<Frontier>(r#"{"size":1,"peaks":[]}"#).is_err());
        assert!(serde_json::from_str::<Frontier>(r#"{"size":0,"peaks":[],"more":1}"#).is_err());
    }

    #[test]
    fn the_largest_frontier_still_takes_a_leaf() {
        let mut frontier = Frontier::from_parts(SIZE_MAX, naive::leaves(63)).expect("63 one bits");
        frontier.push(empty_root());
        assert_eq!(frontier.peaks().len(), 1);
    }
}
