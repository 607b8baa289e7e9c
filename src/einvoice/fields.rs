//! The fields of an invoice from the texts of any syntax: each valid and exact, or refused by its term.

use crate::invoice;
use crate::invoice::Line;
use crate::types::Currency;
use crate::types::Date;
use crate::types::DocumentHash;
use crate::types::Minor;
use crate::types::iban_is_valid;

use super::Kind;
use super::ReadError;
use super::Term;
use super::error::quoted;
use super::xml::Element;

/// The longest invoice number, in characters; Peppol and the French reform allow fewer.
const NUMBER_CHARS_MAX: usize = 100;
/// The longest reference, in characters.
const REFERENCE_CHARS_MAX: usize = 200;

/// BT-1.
pub(super) fn number(text: Option<&str>) -> Result<String, ReadError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or(ReadError::Missing(Term::Number))?;
    if text.chars().count() > NUMBER_CHARS_MAX || text.chars().any(char::is_control) {
        let expected = "at most 100 characters on one line";
        return Err(ReadError::invalid(Term::Number, text, expected));
    }
    Ok(text.to_owned())
}

/// A date as UBL writes it (ISO 8601). XML Schema allows a time zone behind it, which changes no day.
pub(super) fn iso_date(term: Term, text: &str) -> Result<Date, ReadError> {
    let day = text.strip_suffix('Z').unwrap_or(text);
    let zone_at = day.len().saturating_sub("+01:00".len());
    let day = match day.split_at_checked(zone_at) {
        Some((day, zone)) if is_zone(zone) && day.len() == "2026-11-21".len() => day,
        _ => day,
    };
    day.parse().map_err(|_| ReadError::invalid(term, text, "a date such as 2026-11-21"))
}

fn is_zone(text: &str) -> bool {
    text.bytes().zip(*b"+99:99").all(|(c, form)| match form {
        b'9' => c.is_ascii_digit(),
        b'+' => matches!(c, b'+' | b'-'),
        form => c == form,
    })
}

/// A date as CII writes it: format 102, `20261121`.
pub(super) fn cii_date(term: Term, element: &Element) -> Result<Date, ReadError> {
    let text = element.text();
    let expected = "a date of format 102 such as 20261121";
    let fields = || {
        if element.attribute("format").is_some_and(|format| format != "102") || text.len() != 8 {
            return None;
        }
        if !text.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let year = text.get(..4)?.parse().ok()?;
        Date::from_ymd(year, text.get(4..6)?.parse().ok()?, text.get(6..)?.parse().ok()?)
    };
    fields().ok_or_else(|| ReadError::invalid(term, text, expected))
}

/// BT-5.
pub(super) fn currency(text: Option<&str>) -> Result<Currency, ReadError> {
    let text = text.ok_or(ReadError::Missing(Term::Currency))?;
    let expected = "an ISO 4217 code in capitals such as EUR";
    text.parse().map_err(|_| ReadError::invalid(Term::Currency, text, expected))
}

/// BT-112 or BT-115 in XML; an amount that names another currency than the document's is refused.
pub(super) fn amount(
    term: Term,
    currency: Currency,
    candidates: &[&Element],
) -> Result<Minor, ReadError> {
    let own = |element: &&&Element| {
        element.attribute("currencyID").is_none_or(|code| code == currency.as_str())
    };
    let written = candidates.iter().filter(|element| !element.text().is_empty());
    let Some(element) = written.clone().find(own) else {
        return Err(match written.clone().next().and_then(|other| other.attribute("currencyID")) {
            Some(other) => ReadError::OtherCurrency { term, found: quoted(other), currency },
            None => ReadError::Missing(term),
        });
    };
    decimal(term, currency, element.text())
}

/// An exact decimal of major units.
pub(super) fn decimal(term: Term, currency: Currency, text: &str) -> Result<Minor, ReadError> {
    if let Some(minor) = currency.minor(text) {
        return Ok(minor);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole_is_number = currency.minor(whole).is_some();
    let digits_only = fraction.bytes().all(|c| c.is_ascii_digit());
    if whole_is_number && digits_only && fraction.len() > usize::from(currency.decimals()) {
        return Err(ReadError::Precision { term, found: quoted(text), currency });
    }
    Err(ReadError::invalid(term, text, "a decimal such as 1234.56"))
}

/// Codes of documents that give money back (UNTDID 1001, list of BR-CL-01).
const CREDIT_CODES: &[u16] = &[81, 83, 261, 262, 296, 308, 381, 396, 420, 458, 502, 503, 532];

/// Codes of documents that claim money (UNTDID 1001, list of BR-CL-01).
const INVOICE_CODES: &[u16] = &[
    71, 80, 82, 84, 102, 130, 202, 203, 204, 211, 218, 219, 295, 326, 331, 380, 382, 383, 384, 385,
    386, 387, 388, 389, 390, 393, 394, 395, 456, 457, 471, 472, 473, 500, 501, 527, 553, 575, 623,
    633, 780, 817, 870, 875, 876, 877, 935,
];

/// BT-3, and what it makes of the document.
pub(super) fn type_code(text: &str) -> Result<(u16, Kind), ReadError> {
    let unknown =
        || ReadError::invalid(Term::TypeCode, text, "a code of UNTDID 1001 such as 380 or 381");
    let type_code = text.parse::<u16>().map_err(|_| unknown())?;
    match type_code {
        325 => Err(ReadError::NotRegistrable { type_code, what: "a proforma invoice" }),
        751 => Err(ReadError::NotRegistrable {
            type_code,
            what: "an invoice for accounting purposes only",
        }),
        code if CREDIT_CODES.contains(&code) => Ok((type_code, Kind::CreditNote)),
        code if INVOICE_CODES.contains(&code) => Ok((type_code, Kind::Invoice)),
        _ => Err(unknown()),
    }
}

/// A reference to an order, despatch or contract; what people write when there is none is none.
pub(super) fn reference(text: Option<&str>) -> Option<String> {
    let text = text?.trim();
    let none = ["", "-", ".", "0", "NA", "N/A", "N.A.", "NONE", "NULL"]
        .iter()
        .any(|none| text.eq_ignore_ascii_case(none));
    let unfit = text.chars().count() > REFERENCE_CHARS_MAX || text.chars().any(char::is_control);
    if none || unfit { None } else { Some(text.to_owned()) }
}

/// A name for display, cut where it is too long.
pub(super) fn name(text: Option<&str>) -> Option<String> {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let name = text?.trim().chars().take(REFERENCE_CHARS_MAX).map(clean).collect::<String>();
    if name.is_empty() { None } else { Some(name) }
}

/// An account, where it is a valid IBAN.
pub(super) fn iban(text: &str) -> Option<String> {
    let compact = text.chars().filter(|c| !c.is_whitespace());
    let iban = compact.take(40).map(|c| c.to_ascii_uppercase()).collect::<String>();
    if iban_is_valid(&iban) { Some(iban) } else { None }
}

/// A line of an invoice (BG-25) by the best name that its item has; `None` where a part of it is missing or no
/// plain amount.
pub(super) fn line<'a>(
    currency: Currency,
    items: [Option<&'a str>; 3],
    quantity: Option<&'a str>,
    unit_price: Option<&'a str>,
    net: Option<&str>,
) -> Option<Line<'a>> {
    let item = items.into_iter().flatten().find(|item| !item.is_empty())?;
    Some(Line {
        item,
        quantity: quantity?,
        unit_price: unit_price?,
        net_minor: currency.minor(net?)?,
    })
}

/// The digests of all lines; none where one of them could not be read: a part of the lines would be taken for
/// another delivery.
pub(super) fn line_digests<'a>(lines: impl Iterator<Item = Option<Line<'a>>>) -> Vec<DocumentHash> {
    let lines: Option<Vec<Line<'a>>> = lines.collect();
    lines.map(invoice::line_digests).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_may_have_a_time_zone_which_changes_nothing() {
        for text in ["2026-03-01", "2026-03-01Z", "2026-03-01+01:00", "2026-03-01-11:30"] {
            let date = iso_date(Term::IssueDate, text).map(|date| date.to_string());
            assert_eq!(date.as_deref(), Ok("2026-03-01"), "{text}");
        }
        for text in
            ["", "2026-3-1", "20260301", "2026-02-30", "2026-03-01T00:00:00", "2026-03-01+1:00"]
        {
            assert!(iso_date(Term::IssueDate, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_is_exact_or_refused_with_its_reason() {
        let currency = currency(Some("EUR")).expect("a currency");
        for (text, expected) in [
            ("12.30", Ok(1230)),
            ("12.3000", Ok(1230)),
            ("-0.01", Ok(-1)),
            ("12.345", Err("amount_precision")),
            ("1,5", Err("gross_invalid")),
            ("1e3", Err("gross_invalid")),
            ("99999999999999999999", Err("gross_invalid")),
            ("x.001", Err("gross_invalid")),
        ] {
            let read = decimal(Term::Gross, currency, text).map_err(|error| error.code());
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn a_type_code_decides_what_the_document_is() {
        for (text, expected) in [
            ("380", Ok((380, Kind::Invoice))),
            ("393", Ok((393, Kind::Invoice))),
            ("381", Ok((381, Kind::CreditNote))),
            ("325", Err("type_not_registrable")),
            ("751", Err("type_not_registrable")),
            ("220", Err("type_code_invalid")),
            ("TD01", Err("type_code_invalid")),
            ("99999", Err("type_code_invalid")),
        ] {
            assert_eq!(type_code(text).map_err(|error| error.code()), expected, "{text}");
        }
    }

    #[test]
    fn no_reference_is_none() {
        assert_eq!(reference(Some(" PO-7 ")).as_deref(), Some("PO-7"));
        for none in [None, Some(""), Some("NA"), Some("n/a"), Some("-"), Some("a\nb")] {
            assert_eq!(reference(none), None);
        }
    }
}
