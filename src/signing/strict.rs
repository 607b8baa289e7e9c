//! Strict Ed25519: one predicate, and a fast way to it for keys that sign often.
//!
//! A signature (R, s) of a message M holds under a key A where `ed25519-dalek`'s `verify_strict` says so:
//! s < ℓ, R decodes, neither R nor A has small order, and the encoding of s·B − h·A equals the bytes of R,
//! with h = SHA-512(R ‖ A ‖ M) mod ℓ. There is no cofactor in it and no randomness: whoever checks the log
//! later gets the same answer. (The batch equation of RFC 8032's appendix accepts more: with a torsion
//! component in R a signature may pass in one batch and fail in the next, or alone. It is not used.)
//!
//! # Why the fast path cannot differ
//!
//! The fast path computes R′ = s·B − h·A from tables (`comb`) and accepts where s < ℓ, the encoding of R′
//! equals the bytes of R, and neither R′ nor A has small order (a point has small order where its encoding is one of
//! eight). Let it accept. The encoding of R′ is canonical
//! and decodes to R′; so R decodes, to R′, which has no small order; A has none; and the encoding of
//! s·B − h·A equals R: every condition of `verify_strict` holds. Where the fast path does not accept,
//! the answer *is* that of `verify_strict`. So the two accept the same signatures, provided only that the
//! tables yield the point s·B − h·A, as a point of the whole curve and not modulo its torsion: `comb` says why,
//! and the tests compare it with the library on points of every order.
//!
//! The price of the fallback: a signature that does not hold costs both ways.
//!
//! # Memory and when a table is made
//!
//! A key's table takes 215 KiB and about as long to make as [`SIGHTINGS`] verifications. It is made at that
//! many sightings of the key: a key seen less never costs more than without tables, one seen more at
//! most twice as much, whatever the order of keys. At most `tables_max` tables are kept; the one that was
//! not used for longest gives way.
//!
//! Who owns a key, and what is signed, is not known here.

use core::{
    fmt,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
};
use sha2::{Digest as _, Sha512};

use crate::signing::{
    comb::{Comb, Term},
    key::{PublicKey, Signature},
};

/// Multiples of the base point, shared by all keys: 2 MiB, made in 3 ms at the first use.
static BASE: LazyLock<Comb<10>> = LazyLock::new(|| Comb::new(&ED25519_BASEPOINT_POINT));

/// The encodings of the points of small order.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// Multiples of one negated key: 43 rows of 32 points of 160 bytes. Windows of 5 bits would need 128 KiB and
/// 1.5 µs more a signature, of 7 bits 370 KiB and 1 µs less.
type KeyTable = Comb<6>;

/// At how many sightings of a key its table is made.
const SIGHTINGS: u8 = 8;

/// The rows of both tables.
const TERMS_MAX: usize = 43 + 26;

/// Signatures whose R′ are encoded together: encoding needs one inversion, and 64 share one.
const BATCH: usize = 64;

/// One signature to check.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The key that should have signed.
    pub key: &'a PublicKey,
    /// What should have been signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

impl Check<'_> {
    /// The defining predicate.
    fn holds_strictly(&self) -> bool {
        self.key.verify(self.message, self.signature)
    }

    /// R′ = s·B − h·A; `None` where s ≥ ℓ.
    fn expected_r(&self, table: &KeyTable) -> Option<EdwardsPoint> {
        let (r, s) = self.halves();
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s))?;
        let hash = Sha512::new().chain_update(r).chain_update(self.key.as_bytes());
        let hash = hash.chain_update(self.message).finalize();
        let h = Scalar::from_bytes_mod_order_wide(&hash.into());
        let mut terms = Vec::with_capacity(TERMS_MAX);
        table.pick(&h, &mut terms);
        BASE.pick(&s, &mut terms);
        Some(Term::sum(&terms))
    }

    /// Whether the fast path accepts, given the encoding of R′. The key is not of small order by its type.
    fn accepts(&self, encoded: &CompressedEdwardsY) -> bool {
        encoded.as_bytes() == self.halves().0 && !SMALL_ORDER.contains(encoded.as_bytes())
    }

    /// R and s.
    fn halves(&self) -> (&[u8; 32], &[u8; 32]) {
        let bytes = self.signature.as_bytes();
        let (r, rest) = bytes.split_first_chunk().unwrap_or((&[0; 32], &[]));
        (r, rest.first_chunk().unwrap_or(&[0; 32]))
    }
}

/// Checks signatures, and remembers tables for the keys that it meets often. Many threads may share one.
pub struct Verifier {
    tables_max: usize,
    /// Counts uses of tables: the clock of "not used for longest".
    uses: AtomicU64,
    tables: RwLock<BTreeMap<[u8; 32], Entry>>,
    /// Sightings of keys without a table, counted in a cell that is chosen by thumbprint. Keys that share a
    /// cell get their tables earlier than they deserve; nothing else depends on it, and it never grows.
    sightings: Box<[AtomicU8; 256 * 16]>,
}

struct Entry {
    used: AtomicU64,
    table: Arc<KeyTable>,
}

impl Verifier {
    /// A verifier that keeps tables for at most this many keys, of 215 KiB each; none for 0.
    pub fn new(tables_max: usize) -> Self {
        Self {
            tables_max,
            uses: AtomicU64::new(0),
            tables: RwLock::default(),
            sightings: Box::new([const { AtomicU8::new(0) }; 256 * 16]),
        }
    }

    /// Whether the signature holds.
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let check = Check { key, message, signature };
        let fast = self.table(key).and_then(|table| check.expected_r(&table));
        fast.is_some_and(|point| check.accepts(&point.compress())) || check.holds_strictly()
    }

    /// Whether each signature holds, in order: the same answers as one by one, at less cost. A thread's share
    /// of a larger batch is best a multiple of 64.
    pub fn verify_many(&self, checks: &[Check<'_>]) -> Vec<bool> {
        let mut answers = Vec::with_capacity(checks.len());
        for checks in checks.chunks(BATCH) {
            let points = checks
                .iter()
                .map(|check| self.table(check.key).and_then(|table| check.expected_r(&table)))
                .collect::<Vec<_>>();
            let found = points.iter().flatten().copied().collect::<Vec<_>>();
            let mut encodings = EdwardsPoint::compress_batch_alloc(&found).into_iter();
            answers.extend(checks.iter().zip(points).map(|(check, point)| {
                let encoded = point.and_then(|_| encodings.next());
                encoded.is_some_and(|encoded| check.accepts(&encoded)) || check.holds_strictly()
            }));
        }
        answers
    }

    /// The table of a key, where it has one or has just earned one.
    fn table(&self, key: &PublicKey) -> Option<Arc<KeyTable>> {
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = tables.get(key.as_bytes()) {
                entry.used.store(used, Ordering::Relaxed);
                return Some(Arc::clone(&entry.table));
            }
        }
        if self.tables_max == 0 || !self.earns_table(key) {
            return None;
        }
        // Made outside the lock: other threads go on, and at worst make it too.
        let table = Arc::new(Comb::new(&key.negated()));
        let entry = Entry { used: AtomicU64::new(used), table: Arc::clone(&table) };
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        while tables.len() >= self.tables_max {
            let oldest = tables.iter().min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(key, _)| *key) else { break };
            tables.remove(&oldest);
        }
        tables.insert(*key.as_bytes(), entry);
        Some(table)
    }

    /// Counts a sighting of a key without a table, and says whether it is the one that earns it.
    fn earns_table(&self, key: &PublicKey) -> bool {
        let [high, low, ..] = key.thumbprint().as_bytes().map(usize::from);
        let cell = self.sightings.get((high << 4) | (low >> 4));
        cell.is_some_and(|cell| {
            let earned = cell.fetch_add(1, Ordering::Relaxed).wrapping_add(1) == SIGHTINGS;
            if earned {
                cell.store(0, Ordering::Relaxed);
            }
            earned
        })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Verifier({tables} of {} tables)", self.tables_max)
    }
}
