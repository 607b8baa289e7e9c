//! Evidence that a signature was checked, as a type.
//!
//! A [`Verified`] value can be made only here, after the check, under the key whose thumbprint the value
//! itself names. What was signed, and whether the key's holder may say it, is not known here.

use core::ops::Deref;

use crate::{
    signing::{
        key::{PublicKey, Signature},
        strict::{Check, Verifier},
    },
    types::KeyId,
};

/// Something that carries a signature over its own bytes.
pub trait Signed {
    /// The key that it says signed it.
    fn key_id(&self) -> KeyId;
    /// The exact bytes that were signed.
    fn signing_input(&self) -> &[u8];
    /// The signature over them.
    fn signature(&self) -> &Signature;
}

/// A value whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The value, without the evidence.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Verifier {
    /// Checks one value under the key that its author has by that id.
    ///
    /// # Errors
    /// Hands the value back where the key is not the one that it names, or the signature does not hold.
    pub fn verified<T: Signed>(&self, value: T, key: &PublicKey) -> Result<Verified<T>, T> {
        let holds = value.key_id() == key.thumbprint()
            && self.verify(key, value.signing_input(), value.signature());
        if holds { Ok(Verified(value)) } else { Err(value) }
    }

    /// Checks many values, each under its key; the answers are in the same order and the same as one by one.
    pub fn verified_many<T: Signed>(
        &self,
        values: Vec<(T, PublicKey)>,
    ) -> Vec<Result<Verified<T>, T>> {
        let checks = values
            .iter()
            .map(|(value, key)| Check {
                key,
                message: value.signing_input(),
                signature: value.signature(),
            })
            .collect::<Vec<_>>();
        let held = self.verify_many(&checks);
        values
            .into_iter()
            .zip(held)
            .map(|((value, key), held)| {
                let holds = held && value.key_id() == key.thumbprint();
                if holds { Ok(Verified(value)) } else { Err(value) }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::{jws, jws::CompactJws, key::SecretKey};

    #[test]
    fn evidence_needs_the_named_key_and_a_signature_that_holds() {
        let (a, b) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let of_a = jws::sign(&a, b"1", None);
        let of_b = jws::sign(&b, b"1", None);
        // The header of b with the signature of a over it.
        let (input, _) = of_b.rsplit_once('.').unwrap();
        let signature = of_a.rsplit_once('.').unwrap().1;
        let forged = format!("{input}.{signature}");
        let verifier = Verifier::new(1);
        let cases = [
            (&of_a, &a, true),
            (&of_a, &b, false),
            (&of_b, &b, true),
            (&forged, &b, false),
            (&forged, &a, false),
        ];
        let values = cases
            .iter()
            .map(|(text, key, _)| (CompactJws::parse(text.as_bytes()).unwrap(), *key.public()))
            .collect::<Vec<_>>();
        for ((value, key), (.., expected)) in values.iter().zip(cases) {
            assert_eq!(verifier.verified(value.clone(), key).is_ok(), expected);
        }
        let many = verifier.verified_many(values);
        assert!(many.iter().zip(cases).all(|(found, (.., expected))| found.is_ok() == expected));
    }
}
