//! The skeleton of a number, and what two numbers are to each other.
//!
//! The skeleton is what is left of a normalised number when what people change without thinking is taken off:
//! the letters in front and at the end, a year in front, leading zeros, letters that look like digits. Equal
//! numbers have equal skeletons, so one index finds both. It is coarse on purpose: it finds candidates, and
//! [`Kinship::of`] looks at two numbers closely. Knows nothing of sellers, buyers and amounts.

use crate::invoice::InvoiceNumber;

/// The years that may stand in front of a number.
const YEARS: core::ops::RangeInclusive<u32> = 2015..=2040;

/// The shortest skeleton that tells one number from another across sellers, whose numberings all begin with 1.
const TELLING_CHARS_MIN: usize = 3;

/// A capital that looks like a digit, as that digit; anything else as it is.
const fn as_digit(letter: char) -> char {
    match letter {
        'O' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'B' => '8',
        other => other,
    }
}

/// The skeleton of a normalised number, and the year that was taken off its front.
fn strip(normalised: &str) -> (String, Option<u32>) {
    if !normalised.contains(|c: char| c.is_ascii_digit()) {
        return (normalised.chars().map(as_digit).collect(), None);
    }
    let kept = normalised.trim_end_matches(|c: char| !c.is_ascii_digit());
    let end = normalised.get(kept.len()..).unwrap_or_default();
    // A single letter at the end is a version (1001B), unless it is one that people put for a digit (100O).
    let end = if matches!(end, "O" | "I" | "L" | "S" | "Z") { end } else { "" };
    let mut rest = without_letters(kept);
    let mut year = None;
    if let Some((front, behind)) = rest.split_at_checked(4)
        && let Ok(found) = front.chars().map(as_digit).collect::<String>().parse::<u32>()
        && YEARS.contains(&found)
        && behind.len().saturating_add(end.len()) > 0
    {
        year = Some(found);
        rest = without_letters(behind);
    }
    let folded: String = rest.chars().chain(end.chars()).map(as_digit).collect();
    let skeleton = folded.trim_start_matches('0');
    (if skeleton.is_empty() { "0".to_owned() } else { skeleton.to_owned() }, year)
}

/// Takes letters and then zeros off the front, as long as a digit is left. A single letter that people put for
/// a one stays.
fn without_letters(text: &str) -> &str {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let letters = text.get(..text.len().saturating_sub(digits.len())).unwrap_or_default();
    let kept = if digits.is_empty() || matches!(letters, "I" | "L") { text } else { digits };
    let bare = kept.trim_start_matches('0');
    if bare.is_empty() { kept } else { bare }
}

/// The skeleton of a number.
pub fn skeleton(number: &InvoiceNumber) -> String {
    strip(&number.normalised()).0
}

/// A number with what is needed to compare it with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The number as it is compared.
    pub normalised: String,
    /// Its skeleton.
    pub skeleton: String,
    /// It as it is compared, with every letter that looks like a digit as that digit.
    folded: String,
    /// The letters in front of it, folded.
    series: String,
    /// Its groups without their leading zeros, folded.
    groups: String,
    /// The year in front of it.
    year: Option<u32>,
    /// The skeleton without a part number behind a separator (`1001-2`, `1001/1`), where there is one.
    pub stem: Option<String>,
    /// The year in front of that.
    stem_year: Option<u32>,
    /// The year of issue.
    issued: i32,
}

impl Compared {
    /// Prepares a number of an invoice that was issued in a year.
    pub fn new(number: &InvoiceNumber, issued: i32) -> Self {
        let normalised = number.normalised();
        let (skeleton, year) = strip(&normalised);
        let folded: String = normalised.chars().map(as_digit).collect();
        let letters = normalised.chars().take_while(|c| !c.is_ascii_digit());
        let series = letters.map(as_digit).collect();
        let groups = groups(number);
        let (stem, stem_year) =
            stem(number).map_or((None, None), |(stem, year)| (Some(stem), year));
        Self { normalised, skeleton, folded, series, groups, year, stem, stem_year, issued }
    }

    /// Whether the skeleton is long enough to tell numbers of different sellers apart.
    pub fn is_telling(&self) -> bool {
        self.skeleton.chars().count() >= TELLING_CHARS_MIN
    }

    /// Whether the number carries the year in which the invoice was issued.
    fn carries_own_year(&self) -> bool {
        self.year.is_some_and(|year| i64::from(year) == i64::from(self.issued))
    }

    /// Whether what looks like a year may be one: that of issue, or the one before or after.
    fn year_is_plausible(&self) -> bool {
        self.year.is_none_or(|year| i64::from(year).abs_diff(i64::from(self.issued)) <= 1)
    }

    /// Whether this number is another one with letters or a part number at its end.
    fn extends(&self, other: &Self) -> bool {
        let behind = self.normalised.strip_prefix(other.normalised.as_str());
        let letters = behind.is_some_and(|it| it.chars().all(|c| !c.is_ascii_digit()));
        let part = self.stem.as_ref() == Some(&other.skeleton) && self.stem_year == other.year;
        letters || part
    }
}

/// The groups between separators, each without its leading zeros.
fn groups(number: &InvoiceNumber) -> String {
    let parts = number.as_str().split(|c: char| !c.is_alphanumeric());
    let compared = parts.filter_map(|part| part.parse::<InvoiceNumber>().ok());
    compared.flat_map(|part| part.normalised().chars().map(as_digit).collect::<Vec<_>>()).collect()
}

/// The skeleton of what stands before a separator and a part number of one or two digits.
fn stem(number: &InvoiceNumber) -> Option<(String, Option<u32>)> {
    let text = number.as_str();
    let kept = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.len().saturating_sub(kept.len());
    let last = kept.chars().next_back()?;
    if !(1..=2).contains(&digits) || last.is_alphanumeric() {
        return None;
    }
    let before: InvoiceNumber = kept.parse().ok()?;
    let normalised = before.normalised();
    // What is in front must be a number itself, and not a year.
    let only_year = without_letters(&normalised).parse().is_ok_and(|it: u32| YEARS.contains(&it));
    let numbered = normalised.contains(|c: char| c.is_ascii_digit());
    (numbered && !only_year).then(|| strip(&normalised))
}

/// What two numbers of one seller are to each other, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kinship {
    /// The same number.
    Equal,
    /// The same number with letters or a part number at its end.
    Extended,
    /// The same skeleton.
    Skeleton,
    /// One character differs, is missing, or two neighbours are exchanged.
    Slip,
    /// The same skeleton in two series: other letters in front of each, or each with the year in which it was
    /// issued.
    Series,
    /// Nothing.
    Other,
}

impl Kinship {
    /// Compares two numbers.
    pub fn of(one: &Compared, other: &Compared) -> Self {
        if one.normalised == other.normalised {
            return Self::Equal;
        }
        if one.folded == other.folded {
            return Self::Skeleton;
        }
        let plausible = one.year_is_plausible() && other.year_is_plausible();
        let same_skeleton = one.skeleton == other.skeleton && plausible;
        let restarted =
            one.carries_own_year() && other.carries_own_year() && one.year != other.year;
        // Letters in front of letters are a prefix, not another series.
        let other_series = !one.series.ends_with(other.series.as_str())
            && !other.series.ends_with(one.series.as_str());
        if same_skeleton && (restarted || other_series) {
            return Self::Series;
        }
        if one.extends(other) || other.extends(one) {
            return Self::Extended;
        }
        if same_skeleton || one.groups == other.groups {
            return Self::Skeleton;
        }
        let slip = is_slip(&one.normalised, &other.normalised);
        if slip { Self::Slip } else { Self::Other }
    }

    /// Whether one number may be the other, dressed up.
    pub const fn is_close(self) -> bool {
        matches!(self, Self::Equal | Self::Extended | Self::Skeleton)
    }
}

/// How far one number is behind another, where both are the same but for their last digits; positive where the
/// other is the later one.
pub fn steps(one: &Compared, other: &Compared) -> Option<i64> {
    let split = |text: &str| -> Option<(String, i64)> {
        let head = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = text.get(head.len()..)?;
        // The digits that count; a year in front makes twelve and more.
        let cut = digits.len().saturating_sub(9);
        let (front, counted) = digits.split_at_checked(cut)?;
        Some((format!("{head}{front}"), counted.parse().ok()?))
    };
    let (head, from) = split(&one.normalised)?;
    let (other_head, to) = split(&other.normalised)?;
    (head == other_head).then(|| to.saturating_sub(from))
}

/// Whether one text becomes the other by changing, inserting or leaving out one character, or by exchanging two
/// neighbours. Short numbers are a step apart by nature.
fn is_slip(one: &str, other: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if a.len().min(b.len()) < TELLING_CHARS_MIN || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|pair| pair.0 == pair.1).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|pair| pair.0 == pair.1).count();
    let shorter = a.len().min(b.len());
    let tail = tail.min(shorter.saturating_sub(head));
    let middle = |text: &[char]| -> Vec<char> {
        text.iter()
            .skip(head)
            .take(text.len().saturating_sub(head).saturating_sub(tail))
            .copied()
            .collect()
    };
    match (middle(&a).as_slice(), middle(&b).as_slice()) {
        ([] | [_], [_]) | ([_], []) => true,
        ([first, second], [third, fourth]) => first == fourth && second == third,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> InvoiceNumber {
        text.parse().expect("a number")
    }

    fn compared(text: &str) -> Compared {
        Compared::new(&number(text), 2026)
    }

    #[test]
    fn what_people_change_without_thinking_is_taken_off() {
        for (written, left) in [
            ("INV-2026-0117", "117"),
            ("inv/2026/117", "117"),
            ("2026-117", "117"),
            ("F 117", "117"),
            ("FACT.2025.0117-A", "117"),
            ("RE117BIS", "117"),
            ("VF2026-O117 copy", "117"),
            ("I17", "117"),
            ("1I7", "117"),
            ("100O", "1000"),
            ("1001B", "1001"),
            ("2026", "2026"),
            ("A-2026", "2026"),
            ("000", "0"),
            ("20260000", "0"),
            ("PROFORMA", "PR0F0RMA"),
            ("12AB34", "12A834"),
            ("2026-11-0001", "110001"),
        ] {
            assert_eq!(skeleton(&number(written)), left, "{written}");
        }
    }

    #[test]
    fn numbers_are_kin_as_people_see_them() {
        use Kinship::{Equal, Extended, Other, Series, Skeleton, Slip};
        for (one, other, kinship) in [
            ("INV-2026-001", "inv 2026/001", Equal),
            ("INV-2026-001", "2026-001", Skeleton),
            ("INV-2026-001", "001", Skeleton),
            ("2026-0117", "2025-0117", Skeleton),
            ("1001", "1001-A", Extended),
            ("1001", "1001/2", Extended),
            ("17", "17/1", Extended),
            ("1001", "1001 COPY", Extended),
            ("INV-1001", "1001-1", Extended),
            ("INV-2026-17", "1NV-2026-17", Skeleton),
            ("INV-2026-17", "FA-INV-2026-17", Skeleton),
            ("INV-2026-17", "INV-2O26-17", Skeleton),
            ("AMS-26-00017", "AMS-26-17", Skeleton),
            ("A-0001", "B-0001", Series),
            ("1001/1", "1001/2", Slip),
            ("10432", "10342", Slip),
            ("10432", "10482", Slip),
            ("10432", "1432", Slip),
            ("1001", "1002", Slip),
            ("1001", "1093", Other),
            ("12", "13", Other),
            ("204512", "204612", Slip),
            ("2026-11", "2026-12", Slip),
        ] {
            assert_eq!(Kinship::of(&compared(one), &compared(other)), kinship, "{one} {other}");
        }
        let earlier = Compared::new(&number("2025-0117"), 2025);
        assert_eq!(Kinship::of(&earlier, &compared("2026-0117")), Series);
        assert_eq!(steps(&compared("INV-0117"), &compared("INV-0120")), Some(3));
        assert_eq!(steps(&compared("A-0117"), &compared("B-0120")), None);
    }

    proptest! {
        #[test]
        fn equal_numbers_have_equal_skeletons(text in "[A-Z0-9 /.-]{1,20}") {
            if let Ok(one) = text.parse::<InvoiceNumber>() {
                let again: InvoiceNumber = one.normalised().parse().expect("it has letters or digits");
                prop_assert_eq!(skeleton(&one), skeleton(&again));
                prop_assert!(!skeleton(&one).is_empty());
            }
        }

        #[test]
        fn kinship_is_mutual(one in "[A-C0-3/-]{1,8}", other in "[A-C0-3/-]{1,8}", years in (2025_i32..2027, 2025_i32..2027)) {
            if let (Ok(one), Ok(other)) = (one.parse(), other.parse()) {
                let (one, other) = (Compared::new(&one, years.0), Compared::new(&other, years.1));
                prop_assert_eq!(Kinship::of(&one, &other), Kinship::of(&other, &one));
            }
        }
    }
}
