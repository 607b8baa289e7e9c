//! The opening of a commitment: a name, and the salt under which its hash stands in the log.
//!
//! Does not know where it is kept.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cli::host;
use crate::types::DocumentHash;

/// What opens a commitment to a name: the salt and what was committed to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    /// 32 random bytes in hexadecimal digits.
    salt: DocumentHash,
    details: Details,
}

/// What is kept beside the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    name: String,
}

impl Opening {
    /// Commits to a name under a fresh salt.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let salt = DocumentHash::from_bytes(host::random()?);
        Ok(Self { salt, details: Details { name: name.to_owned() } })
    }

    /// SHA-256 of the salt and the details as compact JSON.
    ///
    /// # Errors
    /// None for a text; kept because serialisation says so.
    pub(super) fn commitment(&self) -> anyhow::Result<DocumentHash> {
        let mut hash = Sha256::new();
        hash.update(self.salt.as_bytes());
        hash.update(serde_json::to_vec(&self.details)?);
        Ok(DocumentHash::from_bytes(hash.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are fixed: an opening kept today must open its commitment in ten years.
    #[test]
    fn a_commitment_is_the_hash_of_salt_and_compact_json() {
        let salt = DocumentHash::from_bytes([7; 32]);
        let opening =
            Opening { salt, details: Details { name: "Kredietunie \"Oost\"".to_owned() } };
        let expected =
            Sha256::digest([&[7; 32][..], br#"{"name":"Kredietunie \"Oost\""}"#].concat());
        assert_eq!(opening.commitment().unwrap().as_bytes(), expected.as_slice());
        let text = serde_json::to_string(&opening).unwrap();
        let back: Opening = serde_json::from_str(&text).unwrap();
        assert_eq!(back.commitment().unwrap(), opening.commitment().unwrap());
    }
}
