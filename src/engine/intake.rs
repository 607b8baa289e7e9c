//! Intake: everything about a statement that needs no order. Parsed and verified on all cores.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use rayon::prelude::*;

use crate::signing::{PublicKey, Verified, Verifier};
use crate::statement::{Malformed, SignedStatement};
use crate::types::KeyId;

/// Statements verified together: as many as share one batch inversion.
const TOGETHER: usize = 64;

/// What is known of a statement before its turn.
pub(super) enum Taken {
    /// It cannot be understood.
    Malformed(Malformed),
    /// Its signature does not hold under the key that it names.
    Forged(Box<SignedStatement>),
    /// Its signature holds.
    Verified(Box<Verified<SignedStatement>>),
    /// Its key is not known yet; a statement before it may add it.
    KeyUnknown(Box<SignedStatement>),
}

/// The keys of all participants, in force or not: whether a key may still speak is decided in order.
#[derive(Default)]
pub(super) struct KeyRing(RwLock<BTreeMap<KeyId, PublicKey>>);

impl KeyRing {
    /// Adds a key.
    pub(super) fn add(&self, id: KeyId, key: PublicKey) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, key);
    }

    fn get(&self, id: &KeyId) -> Option<PublicKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }
}

/// Takes in a group of statements; the answers are in the same order.
pub(super) fn take(ring: &KeyRing, verifier: &Verifier, statements: &[Vec<u8>]) -> Vec<Taken> {
    statements
        .par_chunks(TOGETHER)
        .flat_map_iter(|chunk| take_chunk(ring, verifier, chunk))
        .collect()
}

fn take_chunk(ring: &KeyRing, verifier: &Verifier, chunk: &[Vec<u8>]) -> Vec<Taken> {
    let mut taken: Vec<Option<Taken>> = Vec::with_capacity(chunk.len());
    let mut to_verify = Vec::with_capacity(chunk.len());
    for bytes in chunk {
        match SignedStatement::parse(bytes) {
            Err(malformed) => taken.push(Some(Taken::Malformed(malformed))),
            Ok(signed) => match ring.get(&signed.statement().key) {
                None => taken.push(Some(Taken::KeyUnknown(Box::new(signed)))),
                Some(key) => {
                    to_verify.push((signed, key));
                    taken.push(None);
                }
            },
        }
    }
    let mut results = verifier.verified_many(to_verify).into_iter().map(|result| match result {
        Ok(held) => Taken::Verified(Box::new(held)),
        Err(forged) => Taken::Forged(Box::new(forged)),
    });
    taken.into_iter().filter_map(|taken| taken.or_else(|| results.next())).collect()
}
