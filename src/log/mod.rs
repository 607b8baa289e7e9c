//! The verifiable log over opaque entries: tree, tiles, bundles, notes, checkpoints and proofs.
//!
//! The tree is that of RFC 6962 section 2.1 with SHA-256; tiles, notes and checkpoints are those of C2SP
//! (tlog-tiles, signed-note, tlog-checkpoint), so that tools of others read this log. Nothing here panics on input
//! from outside, whatever its size.
//!
//! It does not know what an entry means, where tiles are kept, or when a checkpoint is due.

mod hash;
mod tile;
mod tree;
mod frontier;
mod proof;
mod bundle;
mod note;
mod checkpoint;
#[cfg(test)]
mod naive;

pub use bundle::{
    BundleError, ENTRIES_PER_BUNDLE, ENTRY_BYTES_MAX, decode_bundle, encode_bundle, push_entry,
};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use frontier::{Frontier, FrontierError};
pub use hash::{Hash, HashError, empty_root, leaf_hash, node_hash};
pub use note::{
    KeyKind, NOTE_BYTES_MAX, Note, NoteError, NoteSignature, NoteSigner, SIGNATURES_MAX,
    VerifiedBy, Vkey, VkeyError,
};
pub use proof::{
    HashReader, ProofError, Prover, VerifyError, consistency, inclusion, verify_consistency,
    verify_inclusion,
};
pub use tile::{HASH_BYTES, TILE_WIDTH, TileId, TileNodes, TilePath};
pub use tree::{RestoreError, SIZE_MAX, Tree};
