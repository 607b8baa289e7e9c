//! Identities in their wire form: a prefix that tells the kind, then the full digest or number.
//!
//! A digest is never truncated and never re-derived from less than the whole (an attacker who can choose
//! content would otherwise look for a collision of the shorter form). Parsing is strict: each value has
//! exactly one text.

use core::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not an identity of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the prefix of the kind.
    #[error("expected an id that starts with `{0}`")]
    Prefix(&'static str),
    /// What follows the prefix is not the canonical encoding of the kind.
    #[error("expected {0}")]
    Form(&'static str),
}

/// Declares a 32-byte identity whose text is a prefix and 43 characters of canonical base64url.
macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes of the digest.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of the digest.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let encoded = text.strip_prefix($prefix).ok_or(IdError::Prefix($prefix))?;
                let mut bytes = [0; 32];
                match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
                    Ok(32) => Ok(Self(bytes)),
                    _ => Err(IdError::Form($form)),
                }
            }
        }

        text_serde!($name, $form);
    };
}

/// Gives a type with `Display` and `FromStr` the same text in JSON, and its bytes in postcard.
macro_rules! text_serde {
    ($name:ident, $form:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    Deserialize::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

digest_id! {
    /// The content hash of an invoice's normalised core; text `inv_…`.
    InvoiceId, "inv_", "`inv_` and 43 characters of base64url"
}
digest_id! {
    /// The identity of a statement: a hash of its author and the author's own `id`; text `stm_…`.
    StatementId, "stm_", "`stm_` and 43 characters of base64url"
}
digest_id! {
    /// The identity of a public key: its JWK thumbprint (RFC 7638, SHA-256); text without a prefix, as `kid` has it.
    KeyId, "", "43 characters of base64url (RFC 7638 thumbprint)"
}

/// The SHA-256 of a document's bytes; text is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// Takes the 32 bytes of the digest.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DocumentHash {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let form = IdError::Form("a SHA-256 as 64 lower-case hexadecimal digits");
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(form);
        }
        let nibble = |c: u8| match c {
            b'0'..=b'9' => Some(c.wrapping_sub(b'0')),
            b'a'..=b'f' => Some(c.wrapping_sub(b'a').wrapping_add(10)),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let [high, low] = *pair;
            let (Some(high), Some(low)) = (nibble(high), nibble(low)) else { return Err(form) };
            *byte = (high << 4) | low;
        }
        Ok(Self(bytes))
    }
}

text_serde!(DocumentHash, "a SHA-256 in hexadecimal");

/// Declares a numbered identity: a prefix and a decimal without leading zeros.
macro_rules! numbered_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Takes the number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix($prefix).ok_or(IdError::Prefix($prefix))?;
                let canonical = digits == "0"
                    || (digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0'));
                match digits.parse() {
                    Ok(number) if canonical => Ok(Self(number)),
                    _ => Err(IdError::Form($form)),
                }
            }
        }

        text_serde!($name, $form);
    };
}

numbered_id! {
    /// A conflict's case number, in the order in which cases were opened; text `cas_…`.
    CaseId, "cas_", "`cas_` and a decimal number"
}
numbered_id! {
    /// A claim's number, in the order in which claims were admitted; text `clm_…`.
    ClaimId, "clm_", "`clm_` and a decimal number"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one(bytes: [u8; 32], number: u64) {
            let id = InvoiceId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<InvoiceId>().ok(), Some(id));
            let hash = DocumentHash::from_bytes(bytes);
            prop_assert_eq!(hash.to_string().parse::<DocumentHash>().ok(), Some(hash));
            let case = CaseId::new(number);
            prop_assert_eq!(case.to_string().parse::<CaseId>().ok(), Some(case));
            let json = serde_json::to_string(&id)?;
            prop_assert_eq!(serde_json::from_str::<InvoiceId>(&json)?, id);
        }
    }

    #[test]
    fn other_spellings_of_an_id_are_refused() {
        let text = InvoiceId::from_bytes([7; 32]).to_string();
        let loose_bits = format!("{}d", &text[..text.len() - 1]);
        for bad in [
            "",
            "inv_",
            "stm_AAAA",
            &text.to_uppercase(),
            &text[..46],
            &format!("{text}="),
            &format!("{text}A"),
            &loose_bits,
        ] {
            assert!(bad.parse::<InvoiceId>().is_err(), "{bad}");
        }
        for bad in ["cas_", "cas_01", "cas_+1", "cas_-1", "1", "cas_18446744073709551616"] {
            assert!(bad.parse::<CaseId>().is_err(), "{bad}");
        }
    }
}
