//! The digest of an invoice line: what was sold, how much, at what price, and for how much.
//!
//! A line itself never enters the log; two invoices of the same goods have the same digests. Knows nothing of
//! how a document writes its lines.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

use crate::invoice::core::hash_text;
use crate::types::{DocumentHash, Minor};

/// BLAKE3 derivation context of the digest of a line.
pub const LINE_CONTEXT: &str = "tallystick.org 2026-11 invoice line v1";

static LINE_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(LINE_CONTEXT));

/// Most digests of one invoice; of more lines the smallest are kept.
pub const LINES_MAX: usize = 64;

/// A line of an invoice, as its document has it (EN 16931 BG-25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The item: its standard identifier [BT-157], else the seller's [BT-155], else its name [BT-153].
    pub item: &'a str,
    /// The quantity, a plain decimal [BT-129].
    pub quantity: &'a str,
    /// The net price of one item, a plain decimal [BT-146].
    pub unit_price: &'a str,
    /// The net amount of the line, in minor units [BT-131].
    pub net_minor: Minor,
}

impl Line<'_> {
    /// The digest: BLAKE3 under [`LINE_CONTEXT`] of the item as it is compared, the quantity and the price without
    /// superfluous zeros, and the amount.
    pub fn digest(&self) -> DocumentHash {
        let mut hasher = LINE_HASHER.clone();
        hash_text(&mut hasher, &item(self.item));
        hash_text(&mut hasher, &decimal(self.quantity));
        hash_text(&mut hasher, &decimal(self.unit_price));
        hash_text(&mut hasher, &self.net_minor.to_string());
        DocumentHash::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// The digests of lines as a registration states them: in ascending order, at most [`LINES_MAX`].
pub fn line_digests<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Vec<DocumentHash> {
    let mut digests: Vec<DocumentHash> = lines.into_iter().map(|line| line.digest()).collect();
    digests.sort_unstable();
    digests.truncate(LINES_MAX);
    digests
}

/// An item as it is compared: NFKC, upper case, NFKC, letters and digits only.
fn item(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).nfkc().filter(|c| c.is_alphanumeric()).collect()
}

/// A decimal in its shortest form: no sign but minus, no zeros in front or at the end. What is no plain decimal
/// is taken as it is.
fn decimal(text: &str) -> String {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    if digits.is_empty() || !plain(whole) || !plain(fraction) {
        return text.to_owned();
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_line_have_one_digest() {
        let line = Line { item: "Bolt M8", quantity: "10", unit_price: "1.5", net_minor: 1_500 };
        let spelled =
            Line { item: "bolt  m-8", quantity: "010.00", unit_price: "+1.50", net_minor: 1_500 };
        assert_eq!(line.digest(), spelled.digest());
        assert_ne!(line.digest(), Line { net_minor: 1_501, ..line.clone() }.digest());
        assert_ne!(line.digest(), Line { quantity: "100", ..line }.digest());
    }

    #[test]
    fn a_decimal_has_one_form() {
        for (written, form) in [
            ("1", "1"),
            ("1.0", "1"),
            ("-0.50", "-0.5"),
            ("-0", "0"),
            (".5", "0.5"),
            ("1e3", "1e3"),
            ("", ""),
        ] {
            assert_eq!(decimal(written), form, "{written}");
        }
    }

    #[test]
    fn digests_are_ascending_and_few() {
        let quantity: Vec<String> = (1..100).map(|n| n.to_string()).collect();
        let line = |quantity| Line { item: "x", quantity, unit_price: "1", net_minor: 1 };
        let digests = line_digests(quantity.iter().map(|it| line(it.as_str())));
        assert!(digests.is_sorted() && digests.len() == LINES_MAX);
    }
}
