//! The name of a registry: the first line of its checkpoints and the name of its log key.
//!
//! One text, checked once. It is written into signed notes (C2SP signed-note, tlog-checkpoint), where a space, a
//! line break or `+` would be read as structure; letters outside ASCII are refused because two names that look
//! alike must not be two registries.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest origin in bytes; cosigners write its length in one byte (C2SP tlog-cosignature).
pub const ORIGIN_BYTES_MAX: usize = 255;

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 255 visible ascii characters without `+`, such as registry.example/2026")]
pub struct OriginError;

/// The name of a registry, such as `registry.example/2026`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Box<str>);

impl Origin {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let right_length = (1..=ORIGIN_BYTES_MAX).contains(&text.len());
        if right_length && text.bytes().all(|c| c.is_ascii_graphic() && c != b'+') {
            Ok(Self(text.into()))
        } else {
            Err(OriginError)
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_that_cannot_be_read_as_note_structure_are_origins() {
        let longest = "x".repeat(ORIGIN_BYTES_MAX);
        for good in
            ["a", "registry.example", "registry.example/2026", "registry.example:8443", &longest]
        {
            assert_eq!(
                good.parse::<Origin>().map(|origin| origin.to_string()).as_deref(),
                Ok(good)
            );
        }
        let too_long = "x".repeat(ORIGIN_BYTES_MAX + 1);
        for bad in [
            "",
            " ",
            "a b",
            "a+b",
            "a\n",
            "a\tb",
            "a\u{a0}b",
            "régistre.example",
            "a\u{7f}",
            &too_long,
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(OriginError), "{bad:?}");
            let json = serde_json::Value::from(bad);
            assert!(serde_json::from_value::<Origin>(json).is_err(), "{bad:?}");
        }
    }
}
