//! The log together with its tree: what is appended is durable, checked a second time, and signed.
//!
//! The order of a batch is the whole point of this file: append and force to disk, read the new range back
//! and hash it on a second path, compare the two roots, and only then sign. One flipped bit between hash and
//! disk has ended public logs; here it ends the process before a signature exists. What an entry means is
//! not known here.

use core::num::NonZeroUsize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lru::LruCache;

use crate::log::{
    Checkpoint, Frontier, Hash, HashReader, NoteSigner, ProofError, Prover, RestoreError, TileId,
    TileNodes, TilePath, Tree, Vkey, encode_bundle, leaf_hash,
};
use crate::record::LogProof;
use crate::store::{AppendError, Batch, Log, LogReader, ReadError};

/// Expanded full tiles that are kept in memory: 16 KiB each.
const TILES_CACHED: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Why the log cannot go on. Any of these ends the writer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The storage did not take a batch, or it is unknown whether it did.
    #[error("the batch was not stored")]
    Append(#[from] AppendError),
    /// The storage cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The tree cannot be taken up.
    #[error("the tree cannot be restored")]
    Restore(#[from] RestoreError),
    /// A tile is missing.
    #[error("a proof cannot be made")]
    Proof(#[from] ProofError),
    /// What was read back hashes to another root than what was written.
    #[error(
        "the entries read back hash to another root than those written: nothing was signed; check memory and disk"
    )]
    ReadBack,
    /// The stored checkpoint does not belong to this log, or not to these entries.
    #[error("the stored checkpoint contradicts the log: {0}")]
    Checkpoint(String),
    /// A note cannot be signed.
    #[error("the checkpoint cannot be signed")]
    Sign(#[from] crate::log::NoteError),
}

/// The durable head: the newest checkpoint and the tiles of the tree's right edge.
pub(super) struct Head {
    /// The size of the log.
    pub(super) size: u64,
    /// The signed checkpoint of that size.
    pub(super) checkpoint: Arc<str>,
    edge: BTreeMap<TileId, Arc<TileNodes>>,
}

/// Reads the log and its tiles beside the writer.
pub(super) struct Library {
    reader: Arc<dyn LogReader>,
    tiles: Mutex<LruCache<TileId, Arc<TileNodes>>>,
    head: RwLock<Arc<Head>>,
}

impl Library {
    /// The durable head.
    pub(super) fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The entries at `from..to`.
    pub(super) fn entries(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        self.reader.read(from, to)
    }

    /// The proof of an entry to the newest checkpoint.
    pub(super) fn prove(&self, position: u64, leaf_hash: Hash) -> Result<LogProof, ProofError> {
        let head = self.head();
        let tiles = Tiles { edge: &head.edge, library: self };
        let inclusion_proof = Prover::new(head.size, &tiles)?.inclusion(position)?;
        Ok(LogProof { leaf_hash, inclusion_proof, checkpoint: head.checkpoint.to_string() })
    }

    /// The bytes of a static resource of the tiled log (C2SP tlog-tiles), if it exists at the head.
    pub(super) fn resource(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        let head = self.head();
        if !path.exists_at(head.size) {
            return Ok(None);
        }
        match *path {
            TilePath::Hashes { tile, width } => {
                let tiles = Tiles { edge: &head.edge, library: self };
                let nodes = tiles.tile(tile, width);
                let hashes = nodes.as_deref().map_or(&[][..], TileNodes::hashes);
                let hashes = hashes.get(..usize::from(width));
                Ok(hashes.map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
            }
            TilePath::Entries { index, width } => {
                let from = index.saturating_mul(256);
                let entries = self.reader.read(from, from.saturating_add(u64::from(width)))?;
                let damaged = |_| ReadError::OutOfRange { from, to: from, size: head.size };
                encode_bundle(&entries).map(Some).map_err(damaged)
            }
        }
    }

    fn full_tile(&self, id: TileId) -> Option<Arc<TileNodes>> {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nodes) = tiles.get(&id) {
            return Some(Arc::clone(nodes));
        }
        let nodes = Arc::new(TileNodes::from_bytes(&self.reader.tile(id).ok()??)?);
        tiles.put(id, Arc::clone(&nodes));
        Some(nodes)
    }

    fn keep(&self, completed: &[(TileId, Arc<TileNodes>)]) {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, nodes) in completed {
            tiles.put(*id, Arc::clone(nodes));
        }
    }
}

/// The tiles of one size of the tree: the right edge beside the full ones.
struct Tiles<'a> {
    edge: &'a BTreeMap<TileId, Arc<TileNodes>>,
    library: &'a Library,
}

impl HashReader for Tiles<'_> {
    fn tile(&self, id: TileId, width: u16) -> Option<Arc<TileNodes>> {
        self.edge.tile(id, width).or_else(|| self.library.full_tile(id))
    }
}

/// The log as its one writer has it.
pub(super) struct Ledger {
    log: Box<dyn Log>,
    tree: Tree,
    second: Frontier,
    signer: NoteSigner,
    library: Arc<Library>,
}

impl Ledger {
    /// Takes up a log: restores the tree, checks it against the stored checkpoint, signs the head.
    pub(super) fn open(log: Box<dyn Log>, signer: NoteSigner) -> Result<Self, LedgerError> {
        let reader = log.reader();
        let size = log.size();
        let stored = reader.checkpoint()?;
        let tiles = Mutex::new(LruCache::new(TILES_CACHED));
        let nothing = Head { size: 0, checkpoint: Arc::from(""), edge: BTreeMap::new() };
        let library = Arc::new(Library { reader, tiles, head: RwLock::new(Arc::new(nothing)) });
        let tree = Tree::restore(size, |id, width| partial_tile(&library, id, width))?;
        let edge = edge(&tree);
        let peaks = Prover::new(size, &Tiles { edge: &edge, library: &library })?.peaks().to_vec();
        let second = Frontier::from_parts(size, peaks).map_err(|_| LedgerError::ReadBack)?;
        let mut ledger = Self { log, tree, second, signer, library };
        if let Some(note) = stored {
            ledger.check_against(&note, &edge)?;
        }
        ledger.publish(edge)?;
        Ok(ledger)
    }

    /// Reads beside the writer.
    pub(super) fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library)
    }

    /// The key that its checkpoints are checked with.
    pub(super) fn vkey(&self) -> Vkey {
        self.signer.vkey()
    }

    /// How many entries there are.
    pub(super) fn size(&self) -> u64 {
        self.log.size()
    }

    /// The root of the tree over all entries.
    pub(super) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Appends entries durably, signs the new head and proves each entry to it.
    pub(super) fn append(&mut self, entries: &[Vec<u8>]) -> Result<Vec<LogProof>, LedgerError> {
        let from = self.log.size();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        for leaf in &leaves {
            self.tree.append(*leaf);
        }
        let completed = self.tree.take_completed();
        let tiles: Vec<(TileId, Box<[u8]>)> =
            completed.iter().map(|(id, nodes)| (*id, nodes.to_bytes().into())).collect();
        let before = self.library.head();
        let batch = Batch { entries, tiles: &tiles, checkpoint: Some(&before.checkpoint) };
        self.log.append(from, &batch)?;

        let to = self.log.size();
        for entry in self.library.reader.read(from, to)? {
            self.second.push(leaf_hash(&entry));
        }
        if self.second.root() != self.tree.root() || self.second.size() != self.tree.size() {
            return Err(LedgerError::ReadBack);
        }
        self.library.keep(&completed);
        let edge = edge(&self.tree);
        let proofs = {
            let tiles = Tiles { edge: &edge, library: &self.library };
            let prover = Prover::new(to, &tiles)?;
            let prove = |(position, leaf): (u64, &Hash)| {
                prover.inclusion(position).map(|proof| (*leaf, proof))
            };
            (from..to).zip(&leaves).map(prove).collect::<Result<Vec<_>, _>>()?
        };
        let checkpoint = self.publish(edge)?;
        let with_checkpoint = |(leaf_hash, inclusion_proof)| LogProof {
            leaf_hash,
            inclusion_proof,
            checkpoint: checkpoint.to_string(),
        };
        Ok(proofs.into_iter().map(with_checkpoint).collect())
    }

    /// Stores the newest checkpoint, which otherwise travels with the next batch.
    pub(super) fn close(&mut self) -> Result<(), LedgerError> {
        let head = self.library.head();
        let batch = Batch { entries: &[], tiles: &[], checkpoint: Some(&head.checkpoint) };
        Ok(self.log.append(self.log.size(), &batch)?)
    }

    fn publish(&mut self, edge: BTreeMap<TileId, Arc<TileNodes>>) -> Result<Arc<str>, LedgerError> {
        let origin = self.signer.name().clone();
        let size = self.tree.size();
        let note = Checkpoint { origin, size, root: self.tree.root() }.sign(&self.signer)?;
        let checkpoint: Arc<str> = note.into();
        let head = Head { size, checkpoint: Arc::clone(&checkpoint), edge };
        *self.library.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(head);
        Ok(checkpoint)
    }

    /// A checkpoint that was signed must still be true: the log was not cut, and its beginning not changed.
    fn check_against(
        &self,
        note: &str,
        edge: &BTreeMap<TileId, Arc<TileNodes>>,
    ) -> Result<(), LedgerError> {
        let signed = Checkpoint::open(note, &self.signer.vkey())
            .map_err(|error| LedgerError::Checkpoint(error.to_string()))?;
        if signed.size > self.tree.size() {
            let words = format!(
                "it was signed for {} entries, the log has {}",
                signed.size,
                self.tree.size()
            );
            return Err(LedgerError::Checkpoint(words));
        }
        let root = Prover::new(signed.size, &Tiles { edge, library: &self.library })?.root();
        if root != signed.root {
            return Err(LedgerError::Checkpoint(format!(
                "the first {} entries changed",
                signed.size
            )));
        }
        Ok(())
    }
}

/// The right edge of the tree, expanded for proofs.
fn edge(tree: &Tree) -> BTreeMap<TileId, Arc<TileNodes>> {
    let expand = |(id, hashes): (TileId, &[Hash])| Some((id, Arc::new(TileNodes::new(hashes)?)));
    tree.partials().filter_map(expand).collect()
}

/// The hashes of a partial tile, from the entries or from the full tiles below it.
fn partial_tile(library: &Library, id: TileId, width: u16) -> Option<Vec<Hash>> {
    let first = id.index.checked_mul(256)?;
    let last = first.checked_add(u64::from(width))?;
    if id.level == 0 {
        let entries = library.reader.read(first, last).ok()?;
        return Some(entries.iter().map(|entry| leaf_hash(entry)).collect());
    }
    let below = id.level.checked_sub(1)?;
    (first..last).map(|index| library.full_tile(TileId::new(below, index))?.root()).collect()
}
