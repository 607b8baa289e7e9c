//! The bytes of a log entry.
//!
//! postcard of five fields in this order: format version (one byte, 1), registry time in milliseconds
//! (zigzag varint), rules version (varint), statement (varint length and bytes), outcome. docs/SPECIFICATION.md
//! draws them byte by byte.

use serde::{Deserialize, Serialize, Serializer};

use crate::domain::Outcome;
use crate::log::ENTRY_BYTES_MAX;
use crate::types::Timestamp;

/// The version of this encoding.
const FORMAT: u8 = 1;

/// The largest statement, so that it fits into an entry (65,535 bytes, C2SP) beside the largest outcome: 500
/// findings of at most 17 bytes, and 30 bytes for the other fields. A finding has 18 bytes where more than 126 claims
/// came before it; a statement of this length with 500 of those is refused (`record_too_large`).
pub const STATEMENT_BYTES_MAX: usize = crate::signing::jws::JWS_BYTES_MAX;

/// A statement as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<'a> {
    format: u8,
    /// The registry's time: the instant at which it was decided.
    pub time: Timestamp,
    /// The version of the rules that decided it.
    pub rules: u16,
    /// The compact JWS, byte for byte as it was received.
    #[serde(borrow, serialize_with = "as_bytes")]
    pub statement: &'a [u8],
    /// What the rules gave.
    pub outcome: Outcome,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not the encoding of a record.
    #[error("the bytes of the entry are not those of a record: {0}")]
    Encoding(&'static str),
    /// A record of another version.
    #[error("the record has format {0}, this software knows format 1")]
    Format(u8),
    /// The bytes decode to a record that has other bytes.
    #[error("the record is not in its canonical encoding")]
    NotCanonical,
    /// Longer than a log entry can be.
    #[error("the record is longer than 65,535 bytes")]
    TooLarge,
}

impl<'a> Record<'a> {
    /// A record of this version.
    pub const fn new(time: Timestamp, rules: u16, statement: &'a [u8], outcome: Outcome) -> Self {
        Self { format: FORMAT, time, rules, statement, outcome }
    }

    /// The entry.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let room = Vec::with_capacity(self.statement.len().saturating_add(64));
        let bytes = postcard::to_extend(self, room)
            .map_err(|error| RecordError::Encoding(words(&error)))?;
        if bytes.len() > ENTRY_BYTES_MAX { Err(RecordError::TooLarge) } else { Ok(bytes) }
    }

    /// Reads an entry. Exactly one sequence of bytes is a given record: what is hashed cannot be spelled twice.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn decode(entry: &'a [u8]) -> Result<Self, RecordError> {
        let (record, rest): (Self, &[u8]) = postcard::take_from_bytes(entry)
            .map_err(|error| RecordError::Encoding(words(&error)))?;
        if record.format != FORMAT {
            return Err(RecordError::Format(record.format));
        }
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(RecordError::TooLarge);
        }
        let same = Same { expected: entry };
        if !rest.is_empty() || postcard::serialize_with_flavor(&record, same) != Ok(true) {
            return Err(RecordError::NotCanonical);
        }
        Ok(record)
    }
}

/// What the decoder met, in words for who audits a log and not for who wrote the decoder.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are about values, each in its way")]
const fn words(error: &postcard::Error) -> &'static str {
    match error {
        postcard::Error::DeserializeUnexpectedEnd => {
            "they end before the record does, or a length in it is wrong"
        }
        postcard::Error::DeserializeBadVarint => "a number in it is longer than it may be",
        postcard::Error::DeserializeBadBool
        | postcard::Error::DeserializeBadOption
        | postcard::Error::DeserializeBadEnum => "a choice in it is none of those that there are",
        _ => "a value in it is not one that its place may have",
    }
}

/// Where an encoding goes that is only to be compared with bytes at hand.
struct Same<'a> {
    /// What is still to come.
    expected: &'a [u8],
}

impl postcard::ser_flavors::Flavor for Same<'_> {
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let rest = self.expected.strip_prefix(bytes);
        self.expected = rest.ok_or(postcard::Error::SerializeBufferFull)?;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.expected.is_empty())
    }
}

/// As one piece: postcard writes the same bytes for a sequence of bytes, one by one.
fn as_bytes<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Effect, Finding, Relation, Verdict};
    use crate::invoice::{Field, FieldSet, KeyKind, KeySet};
    use crate::types::CaseId;
    use proptest::prelude::*;

    /// A finding with every key and field, of a hundredth claim, in the 268 millionth conflict.
    fn widest_finding(item: u16) -> Finding {
        let mut keys = KeySet::default();
        for kind in [KeyKind::SellerNumber, KeyKind::Document, KeyKind::Predecessor] {
            keys.insert(kind);
        }
        let mut differs = FieldSet::default();
        for field in [Field::Buyer, Field::IssueDate, Field::Amount] {
            differs.insert(field);
        }
        Finding {
            item,
            relation: Relation::Altered,
            keys,
            differs,
            rank: 100,
            since: 4_102_444_800,
            effect: Effect::Conflict(CaseId::new((1 << 28) - 1)),
        }
    }

    #[test]
    fn the_largest_statement_fits_beside_the_largest_outcome() {
        let statement = vec![b'A'; STATEMENT_BYTES_MAX];
        let outcome = Outcome {
            verdict: Verdict::Admitted,
            findings: (0..500).map(widest_finding).collect(),
        };
        let record =
            Record::new(Timestamp::default().plus_millis(i64::MAX), u16::MAX, &statement, outcome);
        assert!(record.encode().is_ok_and(|bytes| bytes.len() <= ENTRY_BYTES_MAX));
    }

    #[test]
    fn a_record_has_one_spelling() {
        let record = Record::new(Timestamp::default(), 1, b"statement", Outcome::admitted());
        let bytes = record.encode().expect("small");
        assert_eq!(Record::decode(&bytes), Ok(record));
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Record::decode(&longer), Err(RecordError::NotCanonical));
        // The time 0 in two bytes instead of one.
        let padded: Vec<u8> = [&bytes[..1], &[0x80, 0x00], &bytes[2..]].concat();
        assert_eq!(Record::decode(&padded), Err(RecordError::NotCanonical));
        let mut other = bytes;
        other[0] = 2;
        assert_eq!(Record::decode(&other), Err(RecordError::Format(2)));
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said_in_words_of_the_format() {
        let record = Record::new(Timestamp::default(), 1, b"statement", Outcome::admitted());
        let bytes = record.encode().expect("small");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Err(error) = Record::decode(&flipped) else { continue };
            let words = error.to_string();
            assert!(!words.contains("buffer") && !words.contains("serde"), "{words}");
        }
        let cut = Record::decode(&bytes[..5]).expect_err("cut").to_string();
        assert!(cut.contains("end before the record does"), "{cut}");
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(record) = Record::decode(&bytes) {
                prop_assert_eq!(record.encode(), Ok(bytes.clone()));
            }
        }

        #[test]
        fn what_was_encoded_decodes_to_the_same_record(
            millis in 0_i64..253_402_300_800_000,
            rules: u16,
            statement in proptest::collection::vec(any::<u8>(), 0..300),
            items in proptest::collection::vec(0_u16..500, 0..5),
        ) {
            let time = Timestamp::default().plus_millis(millis);
            let findings = items.into_iter().map(widest_finding).collect();
            let record = Record::new(time, rules, &statement, Outcome { verdict: Verdict::Refused, findings });
            let bytes = record.encode()?;
            prop_assert_eq!(Record::decode(&bytes)?, record);
        }
    }
}
