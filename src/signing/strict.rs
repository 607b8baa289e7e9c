//! Strict Ed25519: one predicate, and a fast way to it for keys that sign often.
//!
//! A signature (R, s) of a message M holds under a key A where `ed25519-dalek`'s `verify_strict` says so:
//! s < ℓ, R decodes, neither R nor A has small order, and the encoding of s·B − h·A equals the bytes of R,
//! with h = SHA-512(R ‖ A ‖ M) mod ℓ. There is no cofactor in it and no randomness: whoever checks the log
//! later gets the same answer. (The library's `verify_batch` accepts more: with a torsion component in R a
//! signature may pass in one batch and fail in the next, or alone. It is not used.)
//!
//! # Why the fast path cannot differ
//!
//! The fast path computes R′ = s·B − h·A from tables (`comb`) and accepts where s < ℓ, the encoding of R′
//! equals the bytes of R, and neither R′ nor A has small order (R′ has where its encoding is one of eight). Let
//! it accept. The encoding of R′ decodes to R′; so R decodes, to R′, which has no small order; A has none; and
//! the encoding of s·B − h·A equals R: every condition of `verify_strict` holds. Where the fast path does not
//! accept, the answer *is* that of `verify_strict`. So the two accept the same signatures, provided only that
//! the tables yield the point s·B − h·A, as a point of the whole curve and not modulo its torsion: `comb` and
//! `curve` say why, and the tests compare them with the library on points of every order.
//!
//! The price of the fallback: a signature that does not hold costs both ways.
//!
//! # Memory and when a table is made
//!
//! A key's table takes 172 KiB and about as long to make as ten verifications. It is made at the tenth
//! sighting of the key: a key seen less costs no more than without tables, one seen more at most about twice
//! as much, whatever the order of keys. In a batch a check with a table costs 0.3 of one without. At most
//! `tables_max` tables are kept; the one that was not used for longest gives way.
//!
//! The predicate is over the keys that [`PublicKey`] admits: it refuses a second encoding of a key, which the
//! library would take. Who owns a key, and what is signed, is not known here.

use core::{
    fmt,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use curve25519_dalek::{
    Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
};
use sha2::{Digest as _, Sha512};

use crate::signing::{
    comb::Comb,
    curve::{Point, Summand},
    key::{PublicKey, Signature},
};

/// Multiples of the base point, shared by all keys: 1.6 MiB, made in 5 ms at the first use.
static BASE: LazyLock<Option<Comb<10>>> = LazyLock::new(|| Comb::new(&ED25519_BASEPOINT_POINT));

/// The encodings of the points of small order.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// Multiples of one negated key: 43 rows of 32 points of 128 bytes. Windows of 5 bits would need 102 KiB and
/// 1 µs more a signature, of 7 bits 296 KiB and ½ µs less, but twice the time to be made.
type KeyTable = Comb<6>;

/// At how many sightings of a key its table is made.
const SIGHTINGS: u8 = 10;

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

    /// R′ = s·B − h·A; `None` where s ≥ ℓ. `terms` is room to work in, kept from one check to the next.
    fn expected_r(&self, table: &KeyTable, terms: &mut Vec<Summand>) -> Option<Point> {
        let (r, s) = self.halves();
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s))?;
        let hash = Sha512::new().chain_update(r).chain_update(self.key.as_bytes());
        let hash = hash.chain_update(self.message).finalize();
        let h = Scalar::from_bytes_mod_order_wide(&hash.into());
        terms.clear();
        table.pick(&h, terms);
        BASE.as_ref()?.pick(&s, terms);
        Some(terms.iter().sum())
    }

    /// Whether the fast path accepts, given the encoding of R′. The key is not of small order by its type.
    fn accepts(&self, encoded: &[u8; 32]) -> bool {
        encoded == self.halves().0 && !SMALL_ORDER.contains(encoded)
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
    /// A verifier that keeps tables for at most this many keys, of 172 KiB each; none for 0.
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
        let mut terms = Vec::with_capacity(TERMS_MAX);
        let fast = self.table(key).and_then(|table| check.expected_r(&table, &mut terms));
        fast.is_some_and(|point| check.accepts(&point.encode())) || check.holds_strictly()
    }

    /// Whether each signature holds, in order: the same answers as one by one, at less cost. A thread's share
    /// of a larger batch is best a multiple of 64.
    pub fn verify_many(&self, checks: &[Check<'_>]) -> Vec<bool> {
        let mut answers = Vec::with_capacity(checks.len());
        let mut terms = Vec::with_capacity(TERMS_MAX);
        for checks in checks.chunks(BATCH) {
            // Checks under one key tend to follow one another.
            let mut last: Option<(&PublicKey, Arc<KeyTable>)> = None;
            let points = checks
                .iter()
                .map(|check| {
                    let kept = last.take().filter(|(key, _)| *key == check.key);
                    let table =
                        kept.map_or_else(|| self.table(check.key), |(_, table)| Some(table))?;
                    let point = check.expected_r(&table, &mut terms);
                    last = Some((check.key, table));
                    point
                })
                .collect::<Vec<_>>();
            let found = points.iter().flatten().copied().collect::<Vec<_>>();
            let mut encodings = Point::encode_all(&found).into_iter();
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
        let table = Arc::new(Comb::new(&key.negated())?);
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

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "points and scalars have no overflow")]
mod tests {
    use super::*;
    use crate::signing::key::SecretKey;
    use curve25519_dalek::EdwardsPoint;
    use ed25519_dalek::VerifyingKey;
    use proptest::prelude::*;
    use rayon::prelude::*;

    /// A verifier that has a table for this key.
    fn warm(key: &PublicKey) -> Verifier {
        let verifier = Verifier::new(4);
        for _ in 0..SIGHTINGS {
            verifier.verify(key, b"", &Signature::from_bytes([0; 64]));
        }
        assert!(verifier.has_table(key));
        verifier
    }

    impl Verifier {
        fn has_table(&self, key: &PublicKey) -> bool {
            self.tables.read().unwrap().contains_key(key.as_bytes())
        }
    }

    /// What the library says, from bytes; our answers with a table, without, and in a batch must be the same.
    fn library_says(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let dalek = VerifyingKey::from_bytes(key.as_bytes()).unwrap();
        let bytes = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        let expected = dalek.verify_strict(message, &bytes).is_ok();
        let verifier = warm(key);
        let check = Check { key, message, signature };
        assert_eq!(verifier.verify(key, message, signature), expected);
        assert_eq!(verifier.verify_many(&[check; 3]), vec![expected; 3]);
        assert_eq!(Verifier::new(0).verify(key, message, signature), expected);
        // The fast path alone: where it accepts, so does the library.
        let table = Comb::new(&key.negated()).unwrap();
        let fast = check
            .expected_r(&table, &mut Vec::new())
            .is_some_and(|point| check.accepts(&point.encode()));
        assert_eq!(fast, expected, "the fallback should not be needed either");
        expected
    }

    fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
        let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
        Scalar::from_bytes_mod_order_wide(&hash.into())
    }

    fn join(r: &[u8; 32], s: &[u8; 32]) -> Signature {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(r);
        bytes[32..].copy_from_slice(s);
        Signature::from_bytes(bytes)
    }

    /// Signs with a key a·B + T and a nonce point r·B + U for points of small order T and U, as only somebody
    /// who makes such keys on purpose would.
    fn crooked(
        secret: Scalar,
        key_torsion: &EdwardsPoint,
        nonce: Scalar,
        r_torsion: &EdwardsPoint,
        message: &[u8],
    ) -> ([u8; 32], Signature) {
        let key = (EdwardsPoint::mul_base(&secret) + key_torsion).compress().to_bytes();
        let r = (EdwardsPoint::mul_base(&nonce) + r_torsion).compress().to_bytes();
        let s = nonce + challenge(&r, &key, message) * secret;
        (key, join(&r, s.as_bytes()))
    }

    #[test]
    fn honest_signatures_hold_and_others_do_not() {
        let secret = SecretKey::from_seed(&[7; 32]);
        let signature = secret.sign(b"invoice");
        assert!(library_says(secret.public(), b"invoice", &signature));
        assert!(!library_says(secret.public(), b"Invoice", &signature));
        let other = SecretKey::from_seed(&[8; 32]);
        assert!(!library_says(other.public(), b"invoice", &signature));
        for bit in 0..512 {
            let mut bytes = *signature.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let signature = Signature::from_bytes(bytes);
            let check = Check { key: secret.public(), message: b"invoice", signature: &signature };
            assert!(!check.holds_strictly() && !warm(secret.public()).verify_many(&[check])[0]);
        }
    }

    /// The cases 0 to 2 of ed25519-speccheck ("Taming the many `EdDSAs`", 2020): R or A of small order.
    #[test]
    fn points_of_small_order_are_refused_in_keys_and_in_signatures() {
        let secret = Scalar::from(11_u8);
        for torsion in EIGHT_TORSION {
            let weak = torsion.compress().to_bytes();
            assert!(PublicKey::from_bytes(&weak).is_err());
            // R of small order: s = h·a makes the equation hold, and the library refuses it all the same.
            let (key, signature) =
                crooked(secret, &EdwardsPoint::default(), Scalar::ZERO, &torsion, b"m");
            let key = PublicKey::from_bytes(&key).unwrap();
            assert!(!library_says(&key, b"m", &signature));
        }
    }

    /// Cases 3 to 5: components of small order in A and R that cancel, or do not.
    #[test]
    fn mixed_order_gets_the_answer_of_the_equation_without_cofactor() {
        let (mut held, mut refused) = (0, 0);
        for key_torsion in EIGHT_TORSION {
            for r_torsion in EIGHT_TORSION {
                for nonce in 1..5_u8 {
                    let nonce = Scalar::from(nonce);
                    let secret = Scalar::from(1_234_567_u32);
                    let (key, signature) = crooked(secret, &key_torsion, nonce, &r_torsion, b"m");
                    let key = PublicKey::from_bytes(&key).unwrap();
                    if library_says(&key, b"m", &signature) { held += 1 } else { refused += 1 }
                }
            }
        }
        // A cofactored verifier would accept all 256; of those, one in eight satisfies the strict equation.
        assert!(held > 8 && refused > 128, "{held} held, {refused} refused");
    }

    #[test]
    fn a_component_of_small_order_in_r_is_refused() {
        for torsion in EIGHT_TORSION.iter().skip(1) {
            let none = EdwardsPoint::default();
            let (key, signature) =
                crooked(Scalar::from(5_u8), &none, Scalar::from(6_u8), torsion, b"m");
            assert!(!library_says(&PublicKey::from_bytes(&key).unwrap(), b"m", &signature));
        }
    }

    /// Cases 6 and 7: s + ℓ satisfies the equation too, and would be a second spelling of the signature.
    #[test]
    fn s_beyond_the_group_order_is_refused() {
        let secret = SecretKey::from_seed(&[7; 32]);
        let signature = secret.sign(b"m");
        let minus_one = (-Scalar::ONE).to_bytes();
        let mut s = *signature.as_bytes().last_chunk::<32>().unwrap();
        // s + (ℓ − 1) + 1, byte by byte from the least.
        let mut carry = 1_u16;
        for (byte, add) in s.iter_mut().zip(minus_one) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        let r = *signature.as_bytes().first_chunk().unwrap();
        assert!(!library_says(secret.public(), b"m", &join(&r, &s)));
        assert!(!library_says(secret.public(), b"m", &join(&r, &[0xff; 32])));
    }

    /// Cases 8 to 11: encodings with y ≥ p, and "negative zero". The library takes such keys, we do not: one key
    /// would have two thumbprints.
    #[test]
    fn other_encodings_of_r_and_of_keys_are_refused() {
        let secret = SecretKey::from_seed(&[7; 32]);
        let mut encodings = Vec::new();
        for low in 0xed..=0xff_u8 {
            for high in [0x7f, 0xff] {
                let mut y = [0xff; 32];
                (y[0], y[31]) = (low, high);
                encodings.push(y);
            }
        }
        let mut negative_zero = [0; 32];
        (negative_zero[0], negative_zero[31]) = (1, 0x80);
        encodings.push(negative_zero);
        for encoding in encodings {
            assert!(PublicKey::from_bytes(&encoding).is_err(), "{encoding:?}");
            for s in [Scalar::ZERO, Scalar::ONE] {
                assert!(!library_says(secret.public(), b"m", &join(&encoding, s.as_bytes())));
            }
        }
    }

    #[test]
    fn tables_come_with_use_and_go_when_others_are_used_more() {
        let secrets = (1..=6).map(|seed| SecretKey::from_seed(&[seed; 32])).collect::<Vec<_>>();
        let verifier = Verifier::new(2);
        let see = |secret: &SecretKey, times| {
            let signature = secret.sign(b"m");
            for _ in 0..times {
                assert!(verifier.verify(secret.public(), b"m", &signature));
            }
        };
        let [a, b, c, ..] = secrets.as_slice() else { panic!() };
        see(a, SIGHTINGS - 1);
        assert!(!verifier.has_table(a.public()));
        see(a, 1);
        see(b, SIGHTINGS);
        see(a, 1);
        assert!(verifier.has_table(a.public()) && verifier.has_table(b.public()));
        see(c, SIGHTINGS);
        assert!(verifier.has_table(a.public()) && verifier.has_table(c.public()));
        assert!(!verifier.has_table(b.public()), "b was not used for longest");
        for round in 0..4 {
            for secret in &secrets {
                see(secret, SIGHTINGS + round);
            }
        }
        assert_eq!(verifier.tables.read().unwrap().len(), 2);
    }

    #[test]
    fn threads_that_share_a_verifier_get_the_right_answers() {
        let secrets = (1..=5).map(|seed| SecretKey::from_seed(&[seed; 32])).collect::<Vec<_>>();
        let verifier = Verifier::new(3);
        let wrong = (0..600_usize).into_par_iter().filter(|number| {
            let secret = &secrets[number % secrets.len()];
            let message = number.to_string();
            let signature = secret.sign(message.as_bytes());
            let forged = number % 7 == 0;
            let message = if forged { "forged" } else { &message };
            verifier.verify(secret.public(), message.as_bytes(), &signature) == forged
        });
        assert_eq!(wrong.count(), 0);
    }

    proptest! {
        #[test]
        fn answers_are_those_of_the_library(
            seed: [u8; 32],
            message in proptest::collection::vec(any::<u8>(), 0..300),
            flip in proptest::option::of((0..64_usize, 0..8_u8)),
        ) {
            let secret = SecretKey::from_seed(&seed);
            let mut bytes = *secret.sign(&message).as_bytes();
            if let Some((byte, bit)) = flip {
                bytes[byte] ^= 1 << bit;
            }
            let held = library_says(secret.public(), &message, &Signature::from_bytes(bytes));
            prop_assert_eq!(held, flip.is_none());
        }

        #[test]
        fn many_are_answered_as_one_by_one(forged in proptest::collection::vec(any::<bool>(), 0..150)) {
            let verifier = Verifier::new(2);
            let secrets = (1..=3).map(|seed| SecretKey::from_seed(&[seed; 32])).collect::<Vec<_>>();
            let signed = forged.iter().enumerate().map(|(number, forged)| {
                let secret = &secrets[number % 3];
                let message = number.to_string();
                let signature = secret.sign(if *forged { b"forged" } else { message.as_bytes() });
                (secret.public(), message, signature)
            }).collect::<Vec<_>>();
            let checks = signed.iter().map(|(key, message, signature)| {
                Check { key, message: message.as_bytes(), signature }
            }).collect::<Vec<_>>();
            let expected = forged.iter().map(|forged| !forged).collect::<Vec<_>>();
            prop_assert_eq!(verifier.verify_many(&checks), expected);
        }
    }
}
