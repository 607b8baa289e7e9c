//! SHA-256 as RFC 6962 section 2.1 uses it: leaves and inner nodes in separate domains.
//!
//! The first byte of every hashed input says what it is (0 for an entry, 1 for two hashes), so no entry can pass
//! for an inner node.

use core::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// Why a text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a sha-256 as 44 characters of base64")]
pub struct HashError;

/// A SHA-256 of the tree; text is standard base64 with padding, as checkpoints and proofs have it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Takes the 32 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of an entry as a leaf: SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut bytes = [0; 32];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(HashError),
        }
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            Deserialize::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::DocumentHash;
    use proptest::prelude::*;

    #[test]
    fn the_domains_are_those_of_rfc_6962() {
        let hex = |hash: Hash| DocumentHash::from_bytes(*hash.as_bytes()).to_string();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(empty_root()), empty);
        assert_eq!(empty_root().to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        let empty_leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hex(leaf_hash(b"")), empty_leaf);
        let two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
        assert_eq!(hex(node_hash(&leaf_hash(b""), &leaf_hash(&[0]))), two);
    }

    #[test]
    fn other_spellings_of_a_hash_are_refused() {
        let text = empty_root().to_string();
        let loose_bits = text.replace("FU=", "FV=");
        let bare = text.trim_end_matches('=');
        let url_safe = text.replace('+', "-").replace('/', "_");
        for bad in [
            "",
            "A",
            bare,
            &loose_bits,
            &url_safe,
            &format!("{text}\n"),
            &format!("{text}AAAA"),
            "AAAA",
        ] {
            assert_eq!(bad.parse::<Hash>(), Err(HashError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one(bytes: [u8; 32], noise in ".{0,60}") {
            let hash = Hash::from_bytes(bytes);
            prop_assert_eq!(hash.to_string().parse(), Ok(hash));
            prop_assert_eq!(serde_json::from_str::<Hash>(&serde_json::to_string(&hash)?)?, hash);
            let compact = postcard::to_stdvec(&hash)?;
            prop_assert_eq!(&compact, &bytes);
            prop_assert_eq!(postcard::from_bytes::<Hash>(&compact)?, hash);
            if let Ok(hash) = noise.parse::<Hash>() {
                prop_assert_eq!(hash.to_string(), noise);
            }
        }
    }
}
