//! The schemes that identify a party, and the one spelling that each gives to a value.
//!
//! The list is that of Peppol's participant identifier schemes, version 9.7, without the schemes that were
//! removed and without those that are addresses. Nothing here computes a check digit.

use super::PartyIdError;

/// A scheme of the list and the form of its values.
pub(super) struct Scheme {
    /// The four digits of the ISO 6523 code.
    pub(super) code: &'static str,
    /// Prefixes that people write or leave out; they are taken off before `put` goes on.
    drop: &'static [&'static str],
    /// The prefix that the canonical spelling has.
    put: &'static str,
    /// The forms of the whole value: `n` a digit, `a` a letter, `x` either, `?` either or nothing at the
    /// end, any other character itself. No form means free text.
    forms: &'static [&'static str],
    /// A value of the right form, for messages.
    example: &'static str,
}

/// A scheme whose values are digits or letters of a fixed form, written without separators.
const fn plain(
    code: &'static str,
    forms: &'static [&'static str],
    example: &'static str,
) -> Scheme {
    Scheme { code, drop: &[], put: "", forms, example }
}

/// A scheme whose values start with a prefix, which the canonical spelling always has.
const fn prefixed(
    code: &'static str,
    drop: &'static [&'static str],
    forms: &'static [&'static str],
    example: &'static str,
) -> Scheme {
    let put = match drop {
        [first, ..] => *first,
        [] => "",
    };
    Scheme { code, drop, put, forms, example }
}

/// A scheme of free text, of which only spaces are taken out.
const fn free(code: &'static str, example: &'static str) -> Scheme {
    plain(code, &[], example)
}

/// Sorted by code.
const SCHEMES: &[Scheme] = &[
    plain("0002", &["nnnnnnnnn", "nnnnnnnnnnnnnn"], "552008443 (SIREN) or 73282932000074 (SIRET)"),
    plain("0007", &["nnnnnnnnnn"], "5560360793"),
    plain("0009", &["nnnnnnnnnnnnnn"], "73282932000074"),
    plain("0060", &["nnnnnnnnn"], "812810734"),
    plain("0088", &["nnnnnnnnnnnnn"], "8712345000004"),
    plain("0096", &["nnnnnnnnnn"], "1234567890"),
    plain("0097", &["nnnnnnnnnnn?????"], "12345671231"),
    // The code list says 17 digits; every real KvK number has 8.
    plain("0106", &["nnnnnnnn"], "12345678"),
    free("0130", "NAL-1"),
    free("0135", "12345"),
    free("0142", "12345"),
    plain("0151", &["nnnnnnnnnnn"], "51824753556"),
    plain("0158", &["nnnnnnnn"], "12345678"),
    prefixed("0183", &["CHE"], &["CHEnnnnnnnnn"], "CHE123456788"),
    Scheme {
        code: "0184",
        drop: &["DK"],
        put: "",
        forms: &["nnnnnnnn"],
        example: "12345674 (CVR number)",
    },
    plain("0188", &["nnnnnnnnnnnnn"], "7000012050002"),
    plain("0190", &["nnnnnnnnnnnnnnnnnnnn"], "00000001820029336000"),
    plain("0191", &["nnnnnnnn"], "10137025"),
    plain("0192", &["nnnnnnnnn"], "745707327"),
    free("0195", "SGUEN201912345A"),
    plain("0196", &["nnnnnnnnnn"], "5501690339"),
    prefixed("0198", &["DK"], &["DKnnnnnnnn"], "DK26769388"),
    plain("0199", &["xxxxxxxxxxxxxxxxxxnn"], "213800KUD8LAJWSQ9D15"),
    plain("0200", &["nnnnnnnnn"], "111963319"),
    plain("0201", &["xxxxxx"], "UFAB12"),
    free("0204", "991-12345-06"),
    plain("0205", &["xxxxxxx"], "ABC1234"),
    Scheme {
        code: "0208",
        drop: &["BE"],
        put: "",
        forms: &["0nnnnnnnnn", "1nnnnnnnnn"],
        example: "0403019261",
    },
    free("0209", "4145410000999993"),
    Scheme {
        code: "0210",
        drop: &[],
        put: "",
        forms: &["nnnnnnnnnnn", "xxxxxxxxxxxxxxxx"],
        example: "00743110157",
    },
    prefixed("0211", &["IT"], &["ITnnnnnnnnnnn"], "IT00743110157"),
    prefixed("0216", &["0037"], &["0037nnnnnnnn?????"], "003712345671"),
    plain("0218", &["nnnnnnnnn", "nnnnnnnnnnn"], "40003032949"),
    prefixed("0221", &["T"], &["Tnnnnnnnnnnnnn"], "T7000012050002"),
    free("0230", "MY1234567890"),
    plain("0235", &["1nnnnnnnnn"], "1234567890"),
    plain("0240", &["nnnnnnnnnnn"], "19992200123"),
    free("0242", "000001-POP"),
    plain("0244", &["nnnnnnnnnnnnn"], "2522412345678"),
    plain("0245", &["nnnnnnnnnn"], "2020317068"),
    Scheme {
        code: "0246",
        drop: &["DE"],
        put: "DE",
        forms: &[
            "DEnnnnnnnnn",
            "DEnnnnnnnnn-nnnnn",
            "DEnnnnnnnnn.x???????",
            "DEnnnnnnnnn-nnnnn.x???????",
        ],
        example: "DE123456789-00001",
    },
    prefixed("0248", &["OM"], &["OMnnnnnnnnnn"], "OM1100003554"),
    prefixed("9910", &["HU"], &["HUnnnnnnnn"], "HU12892312"),
    free("9913", "DE-HRB-12345"),
    prefixed("9914", &["AT"], &["ATUnnnnnnnn"], "ATU13585627"),
    free("9915", "B"),
    plain("9918", &["aannxxxxxxxxxxx???????????????????"], "NL91ABNA0417164300"),
    plain("9919", &["annnannna"], "Z123K456L"),
    prefixed("9920", &["ES"], &["ESxnnnnnnnx"], "ESB58378431"),
    prefixed("9922", &["AD"], &["ADxx?????????????"], "ADU132950X"),
    prefixed("9923", &["AL"], &["ALxx?????????????"], "ALJ91402501L"),
    prefixed("9924", &["BA"], &["BAxx?????????????"], "BA123456789012"),
    prefixed("9925", &["BE"], &["BE0nnnnnnnnn", "BE1nnnnnnnnn"], "BE0403019261"),
    prefixed("9926", &["BG"], &["BGnnnnnnnnn?"], "BG175074752"),
    prefixed("9927", &["CH"], &["CHxx?????????????"], "CHE107787577IVA"),
    prefixed("9928", &["CY"], &["CYnnnnnnnna"], "CY10259033P"),
    prefixed("9929", &["CZ"], &["CZnnnnnnnn??"], "CZ25123891"),
    prefixed("9930", &["DE"], &["DEnnnnnnnnn"], "DE136695976"),
    prefixed("9931", &["EE"], &["EEnnnnnnnnn"], "EE100931558"),
    prefixed(
        "9932",
        &["GB"],
        &["GBnnnnnnnnn", "GBnnnnnnnnnnnn", "GBGDnnn", "GBHAnnn"],
        "GB980780684",
    ),
    // Greek VAT numbers start with EL, not with the country code.
    prefixed("9933", &["EL", "GR"], &["ELnnnnnnnnn"], "EL094259216"),
    prefixed("9934", &["HR"], &["HRnnnnnnnnnnn"], "HR33392005961"),
    prefixed("9935", &["IE"], &["IEnxnnnnna", "IEnxnnnnnaa"], "IE6433435F"),
    prefixed("9936", &["LI"], &["LIxx?????????????"], "LI12345"),
    prefixed("9937", &["LT"], &["LTnnnnnnnnn", "LTnnnnnnnnnnnn"], "LT119511515"),
    prefixed("9938", &["LU"], &["LUnnnnnnnn"], "LU15027442"),
    prefixed("9939", &["LV"], &["LVnnnnnnnnnnn"], "LV40003521600"),
    // Monaco's numbers are French ones.
    prefixed("9940", &["FR", "MC"], &["FRxxnnnnnnnnn"], "FR53000004605"),
    prefixed("9941", &["ME"], &["MExx?????????????"], "ME12345678"),
    prefixed("9942", &["MK"], &["MKxx?????????????"], "MK4032013544513"),
    prefixed("9943", &["MT"], &["MTnnnnnnnn"], "MT11679112"),
    prefixed("9944", &["NL"], &["NLnnnnnnnnnBnn"], "NL854502130B01"),
    prefixed("9945", &["PL"], &["PLnnnnnnnnnn"], "PL8567346215"),
    prefixed("9946", &["PT"], &["PTnnnnnnnnn"], "PT501964843"),
    prefixed("9947", &["RO"], &["ROnn????????"], "RO18547290"),
    prefixed("9948", &["RS"], &["RSxx?????????????"], "RS101134702"),
    prefixed("9949", &["SI"], &["SInnnnnnnn"], "SI50223054"),
    prefixed("9950", &["SK"], &["SKnnnnnnnnnn"], "SK2022749619"),
    prefixed("9951", &["SM"], &["SMxx?????????????"], "SM24165"),
    prefixed("9952", &["TR"], &["TRxx?????????????"], "TR4540536920"),
    prefixed("9953", &["VA"], &["VAxx?????????????"], "VA12345"),
    prefixed("9957", &["FR"], &["FRxxnnnnnnnnn"], "FR83404833048"),
    plain("9959", &["nnnnnnnnn"], "911144442"),
];

/// Schemes that were removed from the list, whose values have the form of the scheme that replaced them.
const REPLACED: &[(&str, &str)] = &[
    ("9902", "0184"),
    ("9904", "0198"),
    ("9906", "0211"),
    ("9907", "0210"),
    ("9908", "0192"),
    ("9917", "0196"),
    ("9921", "0201"),
    ("9954", "0190"),
    ("9956", "0208"),
    ("9958", "0204"),
];

/// Whether a four-digit code is a scheme that identifies a party (a replaced one included).
pub fn is_party_scheme(code: &str) -> bool {
    Scheme::find(code).is_ok()
}

impl Scheme {
    /// Finds the scheme of a code, or the one that replaced it.
    pub(super) fn find(code: &str) -> Result<&'static Self, PartyIdError> {
        // 0225 is an address in the French directory; several may lead to one firm, and a suffix makes more.
        if code == "0225" {
            return Err(PartyIdError::Address("0225"));
        }
        let code = REPLACED.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| *new);
        SCHEMES
            .binary_search_by(|scheme| scheme.code.cmp(code))
            .ok()
            .and_then(|index| SCHEMES.get(index))
            .ok_or_else(|| PartyIdError::Scheme(code.into()))
    }

    /// Gives a value its one spelling.
    pub(super) fn normalise(&self, value: &str) -> Result<String, PartyIdError> {
        let refused = || PartyIdError::Value { scheme: self.code, example: self.example };
        let separators_count = self.forms.is_empty() || self.code == "0246";
        let kept = |c: &char| {
            !c.is_whitespace() && (separators_count || !matches!(c, '.' | '-' | '/' | '\u{2011}'))
        };
        let compact =
            value.chars().filter(kept).map(|c| c.to_ascii_uppercase()).collect::<String>();
        let body =
            self.drop.iter().find_map(|prefix| compact.strip_prefix(prefix)).unwrap_or(&compact);
        // Belgian numbers of before 2005 had nine digits; the tenth in front is a zero.
        let zero = if matches!(self.code, "0208" | "9925") && body.len() == 9 { "0" } else { "" };
        let whole = format!("{}{zero}{body}", self.put);
        let fits = if self.forms.is_empty() {
            !whole.is_empty() && whole.bytes().all(is_free)
        } else {
            self.forms.iter().any(|form| matches(form, &whole))
        };
        if fits { Ok(whole) } else { Err(refused()) }
    }
}

/// The characters that a free value may have: those of an address of ISO 6523 in any of the lists.
fn is_free(c: u8) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || b"-._~:/+&@".contains(&c)
}

/// Whether a value has a form of the small language of [`Scheme::forms`].
fn matches(form: &str, value: &str) -> bool {
    let mut rest = value.bytes();
    for pattern in form.bytes() {
        let fits = match (pattern, rest.next()) {
            (b'?', None) => true,
            (_, None) => false,
            (b'n', Some(c)) => c.is_ascii_digit(),
            (b'a', Some(c)) => c.is_ascii_uppercase(),
            (b'x' | b'?', Some(c)) => c.is_ascii_digit() || c.is_ascii_uppercase(),
            (literal, Some(c)) => literal == c,
        };
        if !fits {
            return false;
        }
    }
    rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_examples_fit() {
        assert!(SCHEMES.is_sorted_by(|a, b| a.code < b.code));
        for scheme in SCHEMES {
            for example in scheme.example.split(" or ") {
                let value = example.split(" (").next().unwrap_or(example);
                assert_eq!(scheme.normalise(value).as_deref(), Ok(value), "{}", scheme.code);
            }
        }
        for (old, new) in REPLACED {
            assert_eq!(Scheme::find(old).map(|scheme| scheme.code), Ok(*new));
        }
    }
}
