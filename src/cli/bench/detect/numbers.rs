//! How sellers number their invoices, and how fraudsters alter a number.
//!
//! The styles are those that invoices in circulation show: a year in front, in the middle or nowhere, counters that
//! start anew each year, month or day, one counter for each branch or customer, check digits, project numbers.

use std::collections::BTreeMap;

use crate::cli::bench::detect::chance::Chance;
use crate::types::Date;

/// A style of numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Style {
    /// `INV-2026-0001`, anew each year.
    #[default]
    PrefixYear,
    /// `2026/123`, anew each year.
    YearSlash,
    /// `F2026-00012`, anew each year.
    LetterYear,
    /// `20261122-1`, anew each day.
    Day,
    /// `202611014`, anew each month.
    Month,
    /// `26/11-003`, anew each month.
    ShortMonth,
    /// `AMS-26-00017`: each branch has its own counter.
    Branch,
    /// `100417`: one counter, for ever.
    Counter,
    /// `4800174`: a counter with a check digit.
    CheckDigit,
    /// `K1042-7`: each customer has its own counter.
    Customer,
    /// `17`: anew each year, without the year.
    BareYearly,
    /// `R-17/2026`, anew each year.
    YearLast,
    /// `VF26000171`: letters, the year in two digits, a counter.
    Dense,
    /// `2026-118-2`: a project and the number within it.
    Project,
    /// `0000123456`: a counter with leading zeros.
    Padded,
    /// `C1-000873`: a fixed prefix and a counter.
    FixedPrefix,
}

impl Style {
    /// Every style.
    pub(super) const ALL: [Self; 16] = [
        Self::PrefixYear,
        Self::YearSlash,
        Self::LetterYear,
        Self::Day,
        Self::Month,
        Self::ShortMonth,
        Self::Branch,
        Self::Counter,
        Self::CheckDigit,
        Self::Customer,
        Self::BareYearly,
        Self::YearLast,
        Self::Dense,
        Self::Project,
        Self::Padded,
        Self::FixedPrefix,
    ];
}

/// One seller's counters.
#[derive(Debug, Clone)]
pub(super) struct Numbering {
    style: Style,
    /// Where counters that never start anew start.
    start: u64,
    /// By what starts anew: a year, a month, a branch.
    counters: BTreeMap<String, u64>,
}

impl Numbering {
    /// A seller's numbering.
    pub(super) fn new(style: Style, chance: &mut Chance) -> Self {
        Self { style, start: chance.between(0, 90_000), counters: BTreeMap::new() }
    }

    /// The next number, for an invoice of a day to a customer, in a project where it is part of one.
    pub(super) fn next(&mut self, date: Date, customer: u64, project: Option<u64>) -> String {
        let date = date.to_string();
        let (year, month) = (date.get(..4).unwrap_or_default(), date.get(5..7).unwrap_or_default());
        let (short, day) = (date.get(2..4).unwrap_or_default(), date.get(8..).unwrap_or_default());
        let branch = ["AMS", "RTM", "UTR"].get(usize::try_from(customer % 3).unwrap_or(0));
        let branch = branch.copied().unwrap_or_default();
        let project = project.unwrap_or_else(|| customer.saturating_add(600));
        let scope = match self.style {
            Style::PrefixYear
            | Style::YearSlash
            | Style::LetterYear
            | Style::BareYearly
            | Style::YearLast
            | Style::Dense => year.to_owned(),
            Style::Day => date.clone(),
            Style::Month | Style::ShortMonth => format!("{year}{month}"),
            Style::Branch => format!("{branch}{year}"),
            Style::Customer => customer.to_string(),
            Style::Project => format!("{year}-{project}"),
            Style::Counter | Style::CheckDigit | Style::Padded | Style::FixedPrefix => {
                String::new()
            }
        };
        let counter = self.counters.entry(scope).or_default();
        *counter = counter.saturating_add(1);
        let n = *counter;
        let running = self.start.saturating_add(n);
        match self.style {
            Style::PrefixYear => format!("INV-{year}-{n:04}"),
            Style::YearSlash => format!("{year}/{n}"),
            Style::LetterYear => format!("F{year}-{n:05}"),
            Style::Day => format!("{year}{month}{day}-{n}"),
            Style::Month => format!("{year}{month}{n:03}"),
            Style::ShortMonth => format!("{short}/{month}-{n:03}"),
            Style::Branch => format!("{branch}-{short}-{n:05}"),
            Style::Counter => running.saturating_add(100_000).to_string(),
            Style::CheckDigit => with_check_digit(running.saturating_add(400_000)),
            Style::Customer => format!("K{}-{n}", customer.saturating_add(1_000)),
            Style::BareYearly => n.to_string(),
            Style::YearLast => format!("R-{n}/{year}"),
            Style::Dense => format!("VF{short}{n:06}"),
            Style::Project => format!("{year}-{project}-{n}"),
            Style::Padded => format!("{running:010}"),
            Style::FixedPrefix => format!("C1-{running:06}"),
        }
    }
}

/// A number with Luhn's check digit after it.
fn with_check_digit(number: u64) -> String {
    let text = number.to_string();
    let sum: u32 = text
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit) {
            (0, digit) if digit > 4 => digit.saturating_mul(2).saturating_sub(9),
            (0, digit) => digit.saturating_mul(2),
            (_, digit) => digit,
        })
        .sum();
    let check = 10_u32.saturating_sub(sum % 10) % 10;
    format!("{text}{check}")
}

/// Ways to alter a number that keep what it is: another spelling, a mark in front or behind, a look-alike.
pub(super) const DRESSED: [&str; 12] = [
    "separators_out",
    "separators_other",
    "lower_case",
    "spaces",
    "prefix_added",
    "prefix_removed",
    "suffix_added",
    "zeros_added",
    "zeros_removed",
    "o_for_0",
    "i_for_1",
    "confusable",
];

/// Ways to alter a number so that it may be another's: only what else is equal tells that it is a copy.
pub(super) const CHANGED: [&str; 6] =
    ["typo", "transposition", "digit_dropped", "digit_doubled", "year_moved", "new_number"];

/// Alters a number; `None` where this number cannot be altered in this way.
pub(super) fn alter(number: &str, how: &str, chance: &mut Chance) -> Option<String> {
    let separator = |c: char| !c.is_alphanumeric();
    let altered = match how {
        "separators_out" => number.replace(separator, ""),
        "separators_other" => {
            let with = chance.one_of(&['.', '/', '_', ' ', '-']);
            number.replace(separator, &with.to_string())
        }
        "lower_case" => number.to_lowercase(),
        "spaces" => number.chars().flat_map(|c| [c, ' ']).collect::<String>().trim().to_owned(),
        "prefix_added" => {
            let prefix = chance.one_of(&["A", "INV", "FA-", "NR ", "X-", "RE"]);
            format!("{prefix}{number}")
        }
        "prefix_removed" => {
            let rest = number.trim_start_matches(|c: char| !c.is_ascii_digit());
            rest.to_owned()
        }
        "suffix_added" => {
            let suffix = chance.one_of(&["A", "-A", "/1", "-1", " bis", "-R", " COPY", "-NEW"]);
            format!("{number}{suffix}")
        }
        "zeros_added" => grow_zeros(number)?,
        "zeros_removed" => shrink_zeros(number)?,
        "o_for_0" => number.replacen('0', "O", 1),
        "i_for_1" => number.replacen('1', chance.one_of(&["I", "l"]), 1),
        "confusable" => confuse(number),
        "typo" => at_digit(number, chance, |digit, chance| {
            vec![char::from_digit(
                digit.saturating_add(chance.below_u32(8)).saturating_add(1) % 10,
                10,
            )]
        })?,
        "transposition" => transpose(number, chance)?,
        "digit_dropped" => at_digit(number, chance, |_, _| vec![])?,
        "digit_doubled" => at_digit(number, chance, |digit, _| {
            vec![char::from_digit(digit, 10), char::from_digit(digit, 10)]
        })?,
        "year_moved" => move_year(number)?,
        "new_number" => format!("{}{}", chance.one_of(&["", "N-", "S"]), chance.digits(6)),
        _ => return None,
    };
    let says_something = altered.chars().any(char::is_alphanumeric);
    (altered != number && says_something && altered.chars().count() <= 64).then_some(altered)
}

impl Chance {
    fn below_u32(&mut self, limit: u32) -> u32 {
        u32::try_from(self.below(limit.into())).unwrap_or(0)
    }
}

/// Puts zeros before the last group of digits.
fn grow_zeros(number: &str) -> Option<String> {
    let (head, digits) = last_digits(number)?;
    Some(format!("{head}00{digits}"))
}

/// Takes leading zeros from the last group of digits.
fn shrink_zeros(number: &str) -> Option<String> {
    let (head, digits) = last_digits(number)?;
    // A group that follows digits without a separator is no group of its own.
    let rest = digits.trim_start_matches('0');
    (!rest.is_empty()).then(|| format!("{head}{rest}"))
}

/// What stands before the last group of digits, and that group; only where the number ends in digits.
fn last_digits(number: &str) -> Option<(&str, &str)> {
    let head = number.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = number.get(head.len()..).filter(|digits| !digits.is_empty())?;
    Some((head, digits))
}

/// Replaces capitals by their Cyrillic look-alikes, or a digit by its full-width form.
fn confuse(number: &str) -> String {
    let look = |c: char| match c {
        'A' => 'А',
        'C' => 'С',
        'K' => 'К',
        'I' => 'І',
        'M' => 'М',
        '7' => '７',
        '2' => '２',
        other => other,
    };
    number.chars().map(look).collect()
}

/// Replaces one of the digits of the last group.
fn at_digit(
    number: &str,
    chance: &mut Chance,
    with: impl Fn(u32, &mut Chance) -> Vec<Option<char>>,
) -> Option<String> {
    let (head, digits) = last_digits(number)?;
    let at = chance.place(digits.len());
    let digit = digits.chars().nth(at)?.to_digit(10)?;
    let with: String = with(digit, chance).into_iter().flatten().collect();
    let (before, after) = (digits.get(..at)?, digits.get(at.saturating_add(1)..)?);
    Some(format!("{head}{before}{with}{after}"))
}

/// Swaps two neighbouring digits.
fn transpose(number: &str, chance: &mut Chance) -> Option<String> {
    let (head, digits) = last_digits(number)?;
    let at = chance.place(digits.len().saturating_sub(1));
    let mut swapped: Vec<char> = digits.chars().collect();
    let next = at.saturating_add(1);
    if next >= swapped.len() {
        return None;
    }
    swapped.swap(at, next);
    Some(format!("{head}{}", swapped.into_iter().collect::<String>()))
}

/// The year before, or after.
fn move_year(number: &str) -> Option<String> {
    let years = [("2026", "2025"), ("2025", "2026"), ("26", "25"), ("25", "26")];
    let (from, to) = years.into_iter().find(|(year, _)| {
        // Two digits are a year only where nothing else is.
        number.contains(year)
            && (year.len() == 4 || number.starts_with("VF") || number.contains('-'))
    })?;
    Some(number.replacen(from, to, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_start_anew_as_their_style_says() {
        let table = [
            (Style::PrefixYear, ["INV-2025-0001", "INV-2025-0002", "INV-2026-0001"]),
            (Style::Day, ["20251231-1", "20251231-2", "20260101-1"]),
            (Style::Month, ["202512001", "202512002", "202601001"]),
            (Style::BareYearly, ["1", "2", "1"]),
            (Style::Customer, ["K1007-1", "K1007-2", "K1007-3"]),
            (Style::Project, ["2025-9-1", "2025-9-2", "2026-9-1"]),
        ];
        for (style, expected) in table {
            let mut numbering = Numbering::new(style, &mut Chance::new(1));
            let days = ["2025-12-31", "2025-12-31", "2026-01-01"];
            let numbers = days.map(|day| numbering.next(day.parse().unwrap(), 7, Some(9)));
            assert_eq!(numbers, expected, "{style:?}");
        }
        assert_eq!(with_check_digit(7_992_739_871), "79927398713");
    }

    #[test]
    fn a_number_is_altered_or_the_way_does_not_apply() {
        let table = [
            ("INV-2026-0017", "separators_out", Some("INV20260017")),
            ("INV-2026-0017", "prefix_removed", Some("2026-0017")),
            ("INV-2026-0017", "zeros_added", Some("INV-2026-000017")),
            ("INV-2026-0017", "zeros_removed", Some("INV-2026-17")),
            ("INV-2026-0017", "o_for_0", Some("INV-2O26-0017")),
            ("INV-2026-0017", "year_moved", Some("INV-2025-0017")),
            ("100417", "separators_out", None),
            ("100417", "year_moved", None),
            ("100417", "prefix_removed", None),
        ];
        for (number, how, expected) in table {
            assert_eq!(alter(number, how, &mut Chance::new(1)).as_deref(), expected, "{how}");
        }
        for how in DRESSED.iter().chain(&CHANGED) {
            let altered = alter("INV-2026-10047", how, &mut Chance::new(3));
            assert!(altered.is_none_or(|altered| altered != "INV-2026-10047"), "{how}");
        }
    }
}
