//! Strict Ed25519.

use crate::signing::key::{PublicKey, Signature};

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

/// Checks signatures.
#[derive(Debug)]
pub struct Verifier {}

impl Verifier {
    /// A verifier that keeps tables for at most this many keys.
    pub fn new(_tables_max: usize) -> Self {
        Self {}
    }

    /// Whether the signature holds.
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        key.verify(message, signature)
    }

    /// Whether each signature holds, in order.
    pub fn verify_many(&self, checks: &[Check<'_>]) -> Vec<bool> {
        checks.iter().map(|check| self.verify(check.key, check.message, check.signature)).collect()
    }
}
