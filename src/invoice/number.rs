//! Invoice numbers: as they were written, and as they are compared.

use ::core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Most characters that an invoice number may have, as written.
pub const NUMBER_CHARS_MAX: usize = 64;

/// Letters of other alphabets that look like a Latin capital, as (looks, is) pairs.
///
/// Part of the published recipe, so it is a fixed table rather than a Unicode data file that moves with a
/// library's version: a second implementation must fold exactly these.
const LOOKALIKES: [(char, char); 44] = [
    // Greek
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    // Cyrillic
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
    ('Ү', 'Y'),
    ('Һ', 'H'),
    ('Ԁ', 'D'),
    ('Ԛ', 'Q'),
    ('Ԝ', 'W'),
    ('Ӏ', 'I'),
    ('З', '3'),
    // Armenian
    ('Օ', 'O'),
    ('Ս', 'U'),
    ('Լ', 'L'),
    ('Տ', 'S'),
    // Latin extensions
    ('Ɩ', 'I'),
    ('Ʋ', 'U'),
    ('ꜱ', 'S'),
    ('Ꞁ', 'L'),
];

/// Why a text is not an invoice number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Longer than 64 characters.
    #[error("an invoice number has at most 64 characters")]
    Long,
    /// Has a control character.
    #[error("an invoice number has no control characters")]
    Control,
    /// Has no letter or digit, so nothing to compare.
    #[error("an invoice number has at least one letter or digit")]
    Empty,
}

/// An invoice number (EN 16931 BT-1), kept as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceNumber(Box<str>);

impl InvoiceNumber {
    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as it is compared: NFKC, upper case, look-alike letters folded to Latin, everything but
    /// letters and digits dropped, NFKC again, then leading zeros dropped (a number of zeros only is `0`).
    pub fn normalised(&self) -> String {
        if self.0.is_ascii() {
            // The same recipe without the Unicode tables: most numbers are ASCII, and this is the hot path.
            return without_leading_zeros(
                self.0
                    .bytes()
                    .filter(u8::is_ascii_alphanumeric)
                    .map(|c| char::from(c.to_ascii_uppercase()))
                    .collect(),
            );
        }
        let upper = self.0.nfkc().flat_map(char::to_uppercase).nfkc();
        // What was kept apart by something that is dropped may combine: compose once more.
        without_leading_zeros(upper.map(fold).filter(|c| counts(*c)).nfkc().collect())
    }
}

/// Whether a character is compared: a letter or a digit, not a mark on one.
fn counts(letter: char) -> bool {
    letter.is_alphanumeric() && !is_combining_mark(letter)
}

fn without_leading_zeros(text: String) -> String {
    let cut = text.trim_start_matches('0');
    if cut.is_empty() {
        return "0".to_owned();
    }
    if cut.len() == text.len() { text } else { cut.to_owned() }
}

fn fold(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    LOOKALIKES.iter().find(|(looks, _)| *looks == letter).map_or(letter, |(_, is)| *is)
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for InvoiceNumber {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        if text.chars().count() > NUMBER_CHARS_MAX {
            return Err(NumberError::Long);
        }
        if text.chars().any(char::is_control) {
            return Err(NumberError::Control);
        }
        if !text.nfkc().any(counts) {
            return Err(NumberError::Empty);
        }
        Ok(Self(text.into()))
    }
}

impl utoipa::PartialSchema for InvoiceNumber {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "A document number as written: 1 to 64 characters, one of them a letter or digit.",
            ))
            .min_length(Some(1))
            .max_length(Some(NUMBER_CHARS_MAX))
            .into()
    }
}

impl utoipa::ToSchema for InvoiceNumber {}

impl Serialize for InvoiceNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InvoiceNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normalised(text: &str) -> String {
        text.parse::<InvoiceNumber>().expect("a number").normalised()
    }

    #[test]
    fn spellings_of_one_number_are_compared_as_one() {
        for (written, compared) in [
            ("INV-2026-001", "INV2026001"),
            ("inv 2026/001", "INV2026001"),
            ("ＩＮＶ２０２６００１", "INV2026001"),
            ("ІNV.2026.001", "INV2026001"), // Cyrillic І
            ("0001234", "1234"),
            ("000", "0"),
            ("№ 7", "NO7"),
            ("straße-1", "STRASSE1"),
            // Marks that something kept apart do not change places.
            ("7\u{1e026}:\u{16ff0}", "7"),
            ("\u{1100}-\u{1161}", "가"),
        ] {
            assert_eq!(normalised(written), compared, "{written}");
        }
    }

    #[test]
    fn a_text_with_nothing_to_compare_is_no_number() {
        assert_eq!("--/ ".parse::<InvoiceNumber>(), Err(NumberError::Empty));
        assert_eq!("A\u{7}1".parse::<InvoiceNumber>(), Err(NumberError::Control));
        assert_eq!("7".repeat(65).parse::<InvoiceNumber>(), Err(NumberError::Long));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{1,64}") {
            if let Ok(number) = text.parse::<InvoiceNumber>() {
                let once = number.normalised();
                prop_assert!(!once.is_empty());
                if let Ok(again) = once.parse::<InvoiceNumber>() {
                    prop_assert_eq!(again.normalised(), once);
                }
            }
        }

        #[test]
        fn the_short_way_for_ascii_is_the_same_recipe(text in "[ -~]{1,64}") {
            if let Ok(number) = text.parse::<InvoiceNumber>() {
                let long_way = number.0.nfkc().flat_map(char::to_uppercase).nfkc().map(fold);
                let expected = without_leading_zeros(long_way.filter(|c| c.is_alphanumeric()).collect());
                prop_assert_eq!(number.normalised(), expected);
            }
        }
    }
}
