//! Which party ids the identifiers of a document are.
//!
//! A scheme that the document states is believed where the value has its form. Where none is stated, it is
//! inferred only from the country prefix of a VAT number, or from the country of the party for a legal
//! registration number whose check digits pass. Tax numbers that are no VAT numbers, names, bank creditor
//! ids and e-mail addresses never become ids. An electronic address is where to send, not who it is; it is
//! taken only when nothing else is there and its scheme is a national register or a VAT number.

use crate::types::PartyId;

use super::DraftParty;
use super::error::quoted;
use super::fields;

/// How many identifiers of a party are looked at.
const CANDIDATES_MAX: usize = 16;

/// An identifier as a document has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// The scheme, where one is stated.
    pub(super) scheme: Option<&'a str>,
    /// The value.
    pub(super) value: &'a str,
}

/// What a document says of a party.
#[derive(Debug, Default)]
pub(super) struct Evidence<'a> {
    /// BT-27, BT-44, BT-59.
    pub(super) name: Option<&'a str>,
    /// BT-40, BT-55.
    pub(super) country: Option<&'a str>,
    /// BT-30, BT-47, BT-61.
    pub(super) legal: Vec<Raw<'a>>,
    /// BT-31, BT-48.
    pub(super) vat: Vec<&'a str>,
    /// BT-29, BT-46, BT-60, without bank creditor ids.
    pub(super) other: Vec<Raw<'a>>,
    /// BT-34, BT-49.
    pub(super) endpoint: Option<Raw<'a>>,
}

impl Evidence<'_> {
    /// The party's ids, canonical and best first.
    pub(super) fn resolve(&self) -> DraftParty {
        let vat_country = self.vat.iter().find_map(|vat| country_of_vat(vat));
        let country = vat_country.or(self.country);
        let mut ids = Vec::new();
        let mut unread = Vec::new();
        let mut take = |id: Option<PartyId>, raw: Raw<'_>| match id {
            Some(id) => ids.push(id),
            None => unread.push(match raw.scheme {
                Some(scheme) => format!("{} of scheme {}", quoted(raw.value), quoted(scheme)),
                None => format!("{} without a scheme", quoted(raw.value)),
            }),
        };
        for raw in self.legal.iter().take(CANDIDATES_MAX) {
            take(stated(*raw).or_else(|| legal_of_country(*raw, country)), *raw);
        }
        for vat in self.vat.iter().take(CANDIDATES_MAX) {
            take(vat_id(vat, self.country), Raw { scheme: None, value: vat });
        }
        for raw in self.other.iter().take(CANDIDATES_MAX) {
            take(stated(*raw), *raw);
        }
        if ids.is_empty() {
            let address = self.endpoint.and_then(stated).filter(|id| rank(id) <= RANK_VAT);
            ids.extend(address);
        }
        DraftParty { ids: in_order(ids), name: fields::name(self.name), unread }
    }
}

/// Canonical, without repetition, best first.
pub(super) fn in_order(ids: Vec<PartyId>) -> Vec<PartyId> {
    let mut canonical = Vec::new();
    for id in ids {
        let id = id.canonical();
        if !canonical.contains(&id) {
            canonical.push(id);
        }
    }
    canonical.sort_by_key(|id| (!id.is_valid(), rank(id)));
    canonical
}

/// What an accounting package knows a supplier by.
#[derive(Debug, Default, Clone, Copy)]
pub struct LedgerParty<'a> {
    /// The country of its address, as ISO 3166 has it.
    pub country: Option<&'a str>,
    /// Its number in the register of its country, without a scheme.
    pub register: Option<&'a str>,
    /// Its VAT number.
    pub vat: Option<&'a str>,
    /// Further numbers, each with its ISO 6523 scheme.
    pub stated: &'a [(&'a str, &'a str)],
}

impl LedgerParty<'_> {
    /// Its ids, canonical and best first, by the same rules as those of a document.
    pub fn ids(&self) -> Vec<PartyId> {
        let full = |text: &&str| !text.trim().is_empty();
        let register = self.register.filter(full);
        let stated = self.stated.iter().filter(|(_, value)| full(value));
        let evidence = Evidence {
            country: self.country,
            legal: register.map(|value| Raw { scheme: None, value }).into_iter().collect(),
            vat: self.vat.filter(full).into_iter().collect(),
            other: stated.map(|(scheme, value)| Raw { scheme: Some(scheme), value }).collect(),
            ..Evidence::default()
        };
        evidence.resolve().ids
    }
}

const RANK_REGISTER: u8 = 0;
const RANK_VAT: u8 = 1;

/// How well a scheme tells legal entities apart: a register of them, then VAT numbers (which a fiscal unity
/// shares), then the legal entity identifier, then codes that firms give to places and departments.
fn rank(id: &PartyId) -> u8 {
    match id.scheme() {
        "0002" | "0007" | "0106" | "0151" | "0158" | "0183" | "0184" | "0188" | "0190" | "0191"
        | "0192" | "0195" | "0196" | "0198" | "0200" | "0208" | "0210" | "0211" | "0216"
        | "0218" | "0240" => RANK_REGISTER,
        scheme if scheme.starts_with("99") && !matches!(scheme, "9913" | "9915" | "9918") => {
            RANK_VAT
        }
        "0199" => 2,
        _ => 3,
    }
}

/// Names of schemes that documents of before 2019 use.
const OLD_NAMES: &[(&str, &str)] = &[
    ("NL:KVK", "0106"),
    ("NL:OIN", "0190"),
    ("NL:OINO", "0190"),
    ("NL:VAT", "9944"),
    ("BE:EN", "0208"),
    ("BE:CBE", "0208"),
    ("BE:VAT", "9925"),
    ("FR:SIRENE", "0002"),
    ("FR:SIRET", "0009"),
    ("FR:VAT", "9957"),
    ("DE:VAT", "9930"),
    ("LU:VAT", "9938"),
    ("AT:VAT", "9914"),
    ("ES:VAT", "9920"),
    ("IT:VAT", "0211"),
    ("IT:IVA", "0211"),
    ("IT:CF", "0210"),
    ("IT:CFI", "0210"),
    ("DK:CVR", "0184"),
    ("DK:SE", "0198"),
    ("NO:ORGNR", "0192"),
    ("NO:ORG", "0192"),
    ("SE:ORGNR", "0007"),
    ("CVR", "0184"),
    ("KVK", "0106"),
    ("GLN", "0088"),
    ("DUNS", "0060"),
    ("LEI", "0199"),
];

/// An identifier whose scheme the document states.
pub(super) fn stated(raw: Raw<'_>) -> Option<PartyId> {
    let scheme = raw.scheme?.trim();
    let code = OLD_NAMES
        .iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name))
        .map_or(scheme, |(_, code)| *code);
    format!("{code}:{}", raw.value).parse().ok()
}

/// A legal registration number without a scheme, by the country of its party. The Dutch register has no
/// check digits, but it is the only one whose numbers have eight digits there.
fn legal_of_country(raw: Raw<'_>, country: Option<&str>) -> Option<PartyId> {
    if raw.scheme.is_some() {
        return None;
    }
    let scheme = match country?.trim().to_ascii_uppercase().as_str() {
        "NL" => "0106",
        "BE" => "0208",
        "FR" => "0002",
        "NO" => "0192",
        "SE" => "0007",
        _ => return None,
    };
    format!("{scheme}:{}", raw.value).parse::<PartyId>().ok().filter(PartyId::is_valid)
}

/// The scheme of the VAT numbers that start with a prefix.
const VAT_SCHEMES: &[(&str, &str)] = &[
    ("AD", "9922"),
    ("AL", "9923"),
    ("AT", "9914"),
    ("BA", "9924"),
    ("BE", "9925"),
    ("BG", "9926"),
    ("CH", "9927"),
    ("CY", "9928"),
    ("CZ", "9929"),
    ("DE", "9930"),
    ("DK", "0184"),
    ("EE", "9931"),
    ("EL", "9933"),
    ("ES", "9920"),
    ("FI", "0216"),
    ("FR", "9957"),
    ("GB", "9932"),
    ("GR", "9933"),
    ("HR", "9934"),
    ("HU", "9910"),
    ("IE", "9935"),
    ("IT", "0211"),
    ("LI", "9936"),
    ("LT", "9937"),
    ("LU", "9938"),
    ("LV", "9939"),
    ("MC", "9940"),
    ("ME", "9941"),
    ("MK", "9942"),
    ("MT", "9943"),
    ("NL", "9944"),
    ("NO", "0192"),
    ("PL", "9945"),
    ("PT", "9946"),
    ("RO", "9947"),
    ("RS", "9948"),
    ("SE", "0007"),
    ("SI", "9949"),
    ("SK", "9950"),
    ("SM", "9951"),
    ("TR", "9952"),
    ("VA", "9953"),
    ("XI", "9932"),
];

fn scheme_of_vat(country: &str) -> Option<&'static str> {
    let country = country.trim();
    VAT_SCHEMES
        .iter()
        .find(|(prefix, _)| country.eq_ignore_ascii_case(prefix))
        .map(|(_, scheme)| *scheme)
}

/// The country prefix of a VAT number, where it has one.
fn country_of_vat(vat: &str) -> Option<&str> {
    let (prefix, number) = vat.trim().split_at_checked(2)?;
    let has_digits = number.bytes().any(|c| c.is_ascii_digit());
    scheme_of_vat(prefix).filter(|_| has_digits).map(|_| prefix)
}

/// The party of a VAT number: by its prefix, or by its party's country where the check digits pass.
///
/// Where the number holds the party's number in the national register (Denmark, Finland, Norway, Sweden),
/// the id is that of the register, since Peppol has no scheme for these VAT numbers any more.
pub(super) fn vat_id(vat: &str, country: Option<&str>) -> Option<PartyId> {
    let compact =
        vat.chars().filter(char::is_ascii_alphanumeric).take(40).map(|c| c.to_ascii_uppercase());
    let compact = compact.collect::<String>();
    if let Some(number) = compact.strip_suffix("MVA") {
        return format!("0192:{}", number.strip_prefix("NO").unwrap_or(number)).parse().ok();
    }
    if let Some(prefix) = country_of_vat(&compact) {
        let scheme = scheme_of_vat(prefix)?;
        let number = compact.strip_prefix(prefix)?;
        let value = match prefix {
            // The last two digits number the tax registrations of one organisation.
            "SE" => number.get(..10).filter(|_| number.len() == 12)?,
            "DK" | "FI" | "NO" | "XI" => number,
            _ => compact.as_str(),
        };
        return format!("{scheme}:{value}").parse().ok();
    }
    // Only where check digits exist can they confirm the country.
    let scheme = country.and_then(scheme_of_vat)?;
    if !matches!(scheme, "9925" | "9930" | "9944" | "9957" | "0211") {
        return None;
    }
    format!("{scheme}:{compact}").parse::<PartyId>().ok().filter(PartyId::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(evidence: &Evidence<'_>) -> Vec<String> {
        evidence.resolve().ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_vat_number_names_its_scheme_by_its_prefix() {
        for (vat, country, expected) in [
            ("NL8545.02.130.B.01", None, Some("9944:NL854502130B01")),
            ("BE0403019261", None, Some("9925:BE0403019261")),
            ("FR 83 404 833 048", None, Some("9957:FR83404833048")),
            ("SE556036079301", None, Some("0007:5560360793")),
            ("NO745707327MVA", None, Some("0192:745707327")),
            ("745707327 MVA", None, Some("0192:745707327")),
            ("DK12345674", None, Some("0184:12345674")),
            ("FI12345671", None, Some("0216:003712345671")),
            ("XI980780684", None, Some("9932:GB980780684")),
            ("IT00743110157", None, Some("0211:IT00743110157")),
            ("GR094259216", None, Some("9933:EL094259216")),
            ("854502130B01", Some("NL"), Some("9944:NL854502130B01")),
            ("854502131B01", Some("NL"), None),
            ("123456789", Some("PL"), None),
            ("854502130B01", None, None),
            ("Godkänd för F-skatt", Some("SE"), None),
            ("DE", None, None),
            ("", Some("NL"), None),
        ] {
            let id = vat_id(vat, country).map(|id| id.to_string());
            assert_eq!(id.as_deref(), expected, "{vat} {country:?}");
        }
    }

    #[test]
    fn the_best_identifier_comes_first_and_each_party_once() {
        let evidence = Evidence {
            legal: vec![Raw { scheme: Some("0009"), value: "40483304800022" }],
            vat: vec!["FR83404833048"],
            other: vec![Raw { scheme: Some("0088"), value: "8712345000004" }],
            ..Evidence::default()
        };
        assert_eq!(texts(&evidence), ["0002:404833048", "0088:8712345000004"]);
        let evidence = Evidence {
            legal: vec![Raw { scheme: Some("0106"), value: "68750110" }],
            vat: vec!["NL002455799B11"],
            ..Evidence::default()
        };
        assert_eq!(texts(&evidence), ["0106:68750110", "9944:NL002455799B11"]);
        // A mistyped register number does not hide a right VAT number.
        let evidence = Evidence {
            legal: vec![Raw { scheme: Some("0002"), value: "404833047" }],
            vat: vec!["FR83404833048"],
            ..Evidence::default()
        };
        assert_eq!(texts(&evidence), ["0002:404833048", "0002:404833047"]);
    }

    #[test]
    fn a_scheme_is_inferred_only_where_country_and_check_digits_agree() {
        let legal = |value, country| {
            let legal = vec![Raw { scheme: None, value }];
            texts(&Evidence { country, legal, ..Evidence::default() })
        };
        assert_eq!(legal("0403.019.261", Some("BE")), ["0208:0403019261"]);
        assert_eq!(legal("68750110", Some("nl")), ["0106:68750110"]);
        assert_eq!(legal("404 833 048", Some("FR")), ["0002:404833048"]);
        assert!(legal("0403019262", Some("BE")).is_empty());
        assert!(legal("404833048", None).is_empty());
        assert!(legal("HRB 12345", Some("DE")).is_empty());
    }

    #[test]
    fn addresses_are_a_last_resort_and_never_from_every_scheme() {
        let address = |scheme, value| {
            let endpoint = Some(Raw { scheme: Some(scheme), value });
            texts(&Evidence { endpoint, ..Evidence::default() })
        };
        assert_eq!(address("0208", "0403019261"), ["0208:0403019261"]);
        assert_eq!(address("NL:KVK", "68750110"), ["0106:68750110"]);
        for (scheme, value) in
            [("EM", "a@b.example"), ("0088", "8712345000004"), ("0225", "404833048_1")]
        {
            assert!(address(scheme, value).is_empty(), "{scheme}");
        }
    }

    #[test]
    fn a_party_of_a_ledger_is_known_by_what_the_ledger_has() {
        let ids = |party: LedgerParty<'_>| {
            party.ids().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let full = LedgerParty {
            country: Some("NL"),
            register: Some("68750110"),
            vat: Some("NL002455799B11"),
            stated: &[("0088", "8712345000004"), ("0190", "")],
        };
        assert_eq!(ids(full), ["0106:68750110", "9944:NL002455799B11", "0088:8712345000004"]);
        let bare = LedgerParty { vat: Some("854502130B01"), ..LedgerParty::default() };
        assert!(ids(bare).is_empty(), "a number without its country is nobody's");
        assert_eq!(ids(LedgerParty { country: Some("NL"), ..bare }), ["9944:NL854502130B01"]);
        assert!(ids(LedgerParty { country: Some("NL"), vat: Some(" "), ..full }).len() == 2);
    }

    #[test]
    fn what_could_not_be_used_is_told() {
        let legal = vec![Raw { scheme: Some("0106"), value: "SITEST00000" }];
        let other = vec![Raw { scheme: None, value: "K-77" }];
        let party = Evidence { legal, other, ..Evidence::default() }.resolve();
        assert_eq!(
            party.unread,
            [r#""SITEST00000" of scheme "0106""#, r#""K-77" without a scheme"#]
        );
    }
}
