//! Dates and amounts as people write them in tables: exact where one reading exists, else refused.

use crate::types::Date;

/// A date: `2026-11-21`, or day, month and year as `21-11-2026`, `21/11/2026` or `21.11.2026`.
///
/// The American order, month first, is never guessed.
pub(super) fn date(cell: &str) -> Option<Date> {
    if let Ok(date) = cell.parse() {
        return Some(date);
    }
    let separator = cell.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let fields = cell.split(separator).collect::<Vec<_>>();
    let [day, month, year] = fields.as_slice() else { return None };
    let number = |field: &str, width: core::ops::RangeInclusive<usize>| {
        let fits = width.contains(&field.len()) && field.bytes().all(|c| c.is_ascii_digit());
        if fits { field.parse::<u32>().ok() } else { None }
    };
    let year = i32::try_from(number(year, 4..=4)?).ok()?;
    Date::from_ymd(year, number(month, 1..=2)?, number(day, 1..=2)?)
}

/// An amount as a plain decimal with a point; `None` where it is no amount or has two readings.
///
/// With both a point and a comma, the last one is the decimal sign and the other one groups thousands. One
/// sign alone is the decimal sign, unless three digits follow: `1.234` may be either, so it is refused.
pub(super) fn amount(cell: &str) -> Option<String> {
    let compact = cell
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '\u{2019}'))
        .collect::<String>();
    let (sign, digits) = match compact.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => ("-", digits),
        None => ("", compact.as_str()),
    };
    let points = digits.matches('.').count();
    let commas = digits.matches(',').count();
    let (whole, fraction) = match (points, commas) {
        (0, 0) => (digits.to_owned(), ""),
        (1, 0) | (0, 1) => {
            let (whole, fraction) = digits.split_once(['.', ','])?;
            if fraction.len() == 3 {
                return None;
            }
            (whole.to_owned(), fraction)
        }
        (_, 0) => (ungrouped(digits, '.')?, ""),
        (0, _) => (ungrouped(digits, ',')?, ""),
        _ => {
            let (whole, fraction) = digits.rsplit_once(['.', ','])?;
            let group = if whole.contains('.') { '.' } else { ',' };
            if fraction.contains(group) {
                return None;
            }
            (ungrouped(whole, group)?, fraction)
        }
    };
    let all_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !all_digits(&whole) || !all_digits(fraction) {
        return None;
    }
    Some(if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

/// Digits in groups of three, without the sign between them.
fn ungrouped(text: &str, sign: char) -> Option<String> {
    let mut groups = text.split(sign);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_iso_or_day_first() {
        for cell in ["2026-03-01", "01-03-2026", "1/3/2026", "01.03.2026"] {
            assert_eq!(
                date(cell).map(|date| date.to_string()).as_deref(),
                Some("2026-03-01"),
                "{cell}"
            );
        }
        for cell in
            ["", "03/13/2026", "1-3-26", "2026/03/01", "01-03/2026", "31-02-2026", "+1-3-2026"]
        {
            assert_eq!(date(cell), None, "{cell}");
        }
    }

    #[test]
    fn amounts_have_one_reading_or_none() {
        for (cell, expected) in [
            ("1234.5", Some("1234.5")),
            ("1234,56", Some("1234.56")),
            ("1.234,56", Some("1234.56")),
            ("1,234.56", Some("1234.56")),
            ("1.234.567,8", Some("1234567.8")),
            ("1.234.567", Some("1234567")),
            ("1 234,50", Some("1234.50")),
            ("1\u{a0}234,50", Some("1234.50")),
            ("1'234.50", Some("1234.50")),
            ("-12,00", Some("-12.00")),
            ("0,125000", Some("0.125000")),
            ("1.234", None),
            ("1,234", None),
            ("12.34,56", None),
            ("1.234,56.7", None),
            ("1,2,3", None),
            ("1.2345.678", None),
            (",50", None),
            ("EUR 5", None),
            ("1e3", None),
            ("--1", None),
            ("", None),
            ("-", None),
            ("１２", None),
        ] {
            assert_eq!(amount(cell).as_deref(), expected, "{cell}");
        }
    }
}
