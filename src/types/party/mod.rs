//! Party identifiers: an ISO 6523 scheme and a value, in one canonical text.
//!
//! A [`PartyId`] has a scheme that we know and a value of that scheme's form, written in the one spelling
//! that the form allows; two ids are the same identifier exactly when their texts are equal. Its check
//! digits may still be wrong: sample and legacy data is full of them, so only [`PartyId::verify`] tells, and
//! whoever admits a party must ask it. Which ids belong to one party beyond what their syntax says is not
//! known here: that takes the registry's table of links.

mod check_digits;
mod schemes;

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use check_digits::iban_is_valid;
pub use schemes::is_party_scheme;

use schemes::Scheme;

/// The longest canonical text, scheme and colon included.
const TEXT_BYTES_MAX: usize = 50;
/// The longest text that is looked at before separators are taken out.
const INPUT_BYTES_MAX: usize = 100;

/// Why a text is not a party id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartyIdError {
    /// The text is not `scheme:value`, or it is too long.
    #[error(
        "expected `scheme:value` of at most 50 characters with a four-digit ISO 6523 scheme, such as 0106:12345678"
    )]
    Form,
    /// The scheme is not on the list of schemes that identify a party.
    #[error("{0} is no scheme of the Peppol list of participant identifiers (v9.7)")]
    Scheme(Box<str>),
    /// The scheme names where to send a message, not who a party is.
    #[error(
        "{0} is a routing address, not an identity: give the register or VAT number, such as 0002:<SIREN>"
    )]
    Address(&'static str),
    /// The value does not have the form of its scheme.
    #[error("a value of scheme {scheme} looks like {example}")]
    Value {
        /// The scheme of the text.
        scheme: &'static str,
        /// A value of the right form.
        example: &'static str,
    },
}

/// The check digits of a party id do not fit its other characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the check digits of {0} are wrong: a character was mistyped or the id does not exist")]
pub struct CheckDigitError(pub PartyId);

/// A party identifier `ICD:value` with the ISO 6523 code list that Peppol uses, normalised.
///
/// Reading takes out what the scheme's form makes superfluous (spaces, dots, dashes), puts a missing VAT
/// prefix or leading zero in, and upper-cases; a scheme that was replaced one to one becomes its successor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(Box<str>);

impl PartyId {
    /// The whole id, `0106:12345678`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme: the four digits of the ISO 6523 code.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The value in the scheme's canonical spelling.
    pub fn value(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, value)| value)
    }

    /// Tests the check digits; schemes without check digits always pass.
    ///
    /// # Errors
    ///
    /// [`CheckDigitError`] where the digits do not fit: the id cannot be that of a real party.
    pub fn verify(&self) -> Result<(), CheckDigitError> {
        if self.is_valid() { Ok(()) } else { Err(CheckDigitError(self.clone())) }
    }

    /// Whether the check digits fit (see [`Self::verify`]).
    pub fn is_valid(&self) -> bool {
        check_digits::fit(self.scheme(), self.value())
    }

    /// The id under which a party is known when its syntax alone tells of another id of the same party.
    ///
    /// A French establishment (0002 or 0009 with a SIRET) and a French VAT number (9957) become the SIREN
    /// of the legal entity; a Belgian VAT number (9925) becomes the enterprise number. Every other id is
    /// its own canonical id: a Dutch register number cannot be derived from a VAT number.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let value = self.value();
        let replaced = match self.scheme() {
            "0002" | "0009" => value.get(..9).map(|siren| format!("0002:{siren}")),
            // Monaco uses French VAT numbers whose last nine digits start with 000 and are no SIREN.
            "9957" => value
                .get(4..)
                .filter(|siren| !siren.starts_with("000"))
                .map(|siren| format!("0002:{siren}")),
            "9925" => value.get(2..).map(|number| format!("0208:{number}")),
            _ => None,
        };
        replaced.map_or_else(|| self.clone(), |text| Self(text.into()))
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PartyId {
    type Err = PartyIdError;

    fn from_str(text: &str) -> Result<Self, PartyIdError> {
        if text.len() > INPUT_BYTES_MAX {
            return Err(PartyIdError::Form);
        }
        let (code, value) = text.split_once(':').ok_or(PartyIdError::Form)?;
        let code = code.trim();
        if code.len() != 4 || !code.bytes().all(|c| c.is_ascii_digit()) {
            return Err(PartyIdError::Form);
        }
        let scheme = Scheme::find(code)?;
        let canonical = format!("{}:{}", scheme.code, scheme.normalise(value)?);
        if canonical.len() > TEXT_BYTES_MAX {
            return Err(PartyIdError::Form);
        }
        Ok(Self(canonical.into()))
    }
}

impl Serialize for PartyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PartyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> PartyId {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_spelling_of_a_value_has_one_text() {
        let cases = [
            ("0106: 12 34 56 78 ", "0106:12345678"),
            (" 0106:12345678", "0106:12345678"),
            ("0208:BE 0403.019.261", "0208:0403019261"),
            ("0208:403.019.261", "0208:0403019261"),
            ("9956:0403019261", "0208:0403019261"),
            ("9925:403019261", "9925:BE0403019261"),
            ("9925:be0403.019.261", "9925:BE0403019261"),
            ("9944:nl8545.02.130.b.01", "9944:NL854502130B01"),
            ("9944:854502130B01", "9944:NL854502130B01"),
            ("0002:552 008 443", "0002:552008443"),
            ("0009:732 829 320 00074", "0009:73282932000074"),
            ("9957:83404833048", "9957:FR83404833048"),
            ("9930:136695976", "9930:DE136695976"),
            ("0211:00743110157", "0211:IT00743110157"),
            ("9906:IT00743110157", "0211:IT00743110157"),
            ("9933:GR123456789", "9933:EL123456789"),
            ("0184:DK12345674", "0184:12345674"),
            ("0088:8712345 00000 4", "0088:8712345000004"),
            ("0199:213800kud8lajwsq9d15", "0199:213800KUD8LAJWSQ9D15"),
            ("0204:991-12345-06", "0204:991-12345-06"),
            ("0246:de123456789-00001.a1", "0246:DE123456789-00001.A1"),
            ("0216:12345671", "0216:003712345671"),
            ("9918:NL91 ABNA 0417 1643 00", "9918:NL91ABNA0417164300"),
        ];
        for (text, canonical) in cases {
            assert_eq!(id(text).as_str(), canonical, "{text}");
            assert_eq!(id(canonical).as_str(), canonical, "{text}");
        }
    }

    #[test]
    fn texts_of_the_wrong_form_are_refused() {
        for (text, message) in [
            ("", "scheme:value"),
            ("12345678", "scheme:value"),
            (":12345678", "scheme:value"),
            ("0106", "scheme:value"),
            ("EM:a@b.example", "scheme:value"),
            ("0106:", "0106 looks like"),
            ("0106:1234567", "0106 looks like"),
            ("0106:SITEST00000", "0106 looks like"),
            ("0106:１２３４５６７８", "0106 looks like"),
            ("0208:2403019261", "0208 looks like"),
            ("0208:40301926", "0208 looks like"),
            ("9944:NL854502130C01", "9944 looks like"),
            ("0002:5520084431", "0002 looks like"),
            ("9925:FR83404833048", "9925 looks like"),
            ("0225:552008443_X", "routing address"),
            ("1234:5678", "no scheme"),
            ("0195:", "0195 looks like"),
            ("0195:a\u{0}b", "0195 looks like"),
            (&format!("0195:{}", "A".repeat(46)), "at most 50"),
            (&format!("0195:{}", " ".repeat(200)), "at most 50"),
        ] {
            let error = text.parse::<PartyId>().expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn the_ids_of_one_party_share_one_canonical_id() {
        for text in
            ["0002:404833048", "0002:40483304800022", "0009:40483304800022", "9957:FR83404833048"]
        {
            assert_eq!(id(text).canonical().as_str(), "0002:404833048", "{text}");
        }
        for text in ["0208:0403019261", "9925:BE0403019261", "9925:403019261"] {
            assert_eq!(id(text).canonical().as_str(), "0208:0403019261", "{text}");
        }
        for text in ["0106:12345678", "9944:NL854502130B01", "9957:FR40000123456", "0195:A:B"] {
            assert_eq!(id(text).canonical().as_str(), id(text).as_str(), "{text}");
        }
    }

    #[test]
    fn reading_does_not_look_at_check_digits_and_verifying_does() {
        for (good, bad) in [
            ("0208:0403019261", "0208:0403019262"),
            ("9925:BE1000000021", "9925:BE1000000035"),
            ("9944:NL854502130B01", "9944:NL854502131B01"),
            ("9944:NL002455799B11", "9944:NL002455799B12"),
            ("0002:404833048", "0002:404833047"),
            ("0002:73282932000074", "0002:73282932000079"),
            ("0009:35600000049837", "0009:35600000049838"),
            ("9957:FR83404833048", "9957:FR84404833048"),
            ("9930:DE136695976", "9930:DE136695978"),
            ("0211:IT00743110157", "0211:IT00743110158"),
            ("0088:8712345000004", "0088:8712345000005"),
            ("0199:213800KUD8LAJWSQ9D15", "0199:213800KUD8LXJWSQ9D15"),
            ("9918:NL91ABNA0417164300", "9918:NL91ABNA0417164301"),
            ("0007:5560360793", "0007:5560360794"),
            ("0192:745707327", "0192:745707328"),
        ] {
            assert_eq!(id(good).verify(), Ok(()), "{good}");
            assert_eq!(id(bad).verify(), Err(CheckDigitError(id(bad))), "{bad}");
        }
        assert!(id("0106:00000000").is_valid(), "a KvK number has no check digit");
    }

    #[test]
    fn json_has_the_text() {
        let party = id("0208:403.019.261");
        let json = serde_json::to_string(&party).unwrap_or_default();
        assert_eq!(json, "\"0208:0403019261\"");
        assert_eq!(serde_json::from_str::<PartyId>(&json).ok(), Some(party));
        assert!(serde_json::from_str::<PartyId>("\"0106:1\"").is_err());
    }

    proptest! {
        #[test]
        fn text_is_canonical(scheme in "[0-9]{4}", value in "[A-Za-z0-9 .:-]{0,30}") {
            if let Ok(party) = format!("{scheme}:{value}").parse::<PartyId>() {
                prop_assert_eq!(party.as_str().parse::<PartyId>().ok(), Some(party.clone()));
                prop_assert_eq!(party.canonical().as_str().parse::<PartyId>().ok(), Some(party.canonical()));
                prop_assert_eq!(party.canonical().canonical(), party.canonical());
                prop_assert_eq!(format!("{}:{}", party.scheme(), party.value()), party.to_string());
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>(), known in 0_usize..4) {
            let scheme = ["0208", "9957", "9918", "0002"][known];
            let _ = text.parse::<PartyId>().map(|party| (party.canonical(), party.is_valid()));
            let _ = format!("{scheme}:{text}").parse::<PartyId>().map(|party| party.is_valid());
            let _ = iban_is_valid(&text);
        }
    }
}
