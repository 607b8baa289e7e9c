//! The kinds of fraud that data can show, each with what counts as found and how many must be.
//!
//! The numbers are those of the table in docs/DETECTION.md. Kinds that no data of a registry shows alone (an
//! invented invoice, a forged confirmation, an invoice before the work is done, a sample audit) have no entry: nothing
//! could be measured.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A kind of fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fraud {
    /// The same invoice to two financiers.
    Identical,
    /// Another spelling, prefix, suffix, year or digit in the number.
    NumberAltered,
    /// Up to two per cent more.
    AmountInflated,
    /// Much more, under the same number.
    AmountInflatedMuch,
    /// Another day of issue, or a later due date, so that an old invoice looks young.
    DateMoved,
    /// One sale in parts that together come to the invoice that is financed already.
    Split,
    /// Another invoice for the same goods.
    SameGoods,
    /// Firms that invoice each other in a ring.
    CircularTrade,
    /// Financed after the buyer paid.
    AfterPaid,
    /// Credited after it was financed.
    CreditAfter,
    /// A party under another of its ids, which the registry knows to be linked.
    PartyAlias,
    /// Sold again by a sister firm that nothing links.
    Sister,
    /// Financed under another financier's blanket pledge.
    Blanket,
    /// The same invoice in another currency.
    CrossCurrency,
    /// Suddenly a much longer term between this seller and this buyer.
    TermChange,
}

/// What a share of the frauds must reach, in hundredths of a per cent.
pub(super) type BasisPoints = u64;

impl Fraud {
    /// Every kind, in the order of the table.
    pub(super) const ALL: [Self; 15] = [
        Self::Identical,
        Self::NumberAltered,
        Self::AmountInflated,
        Self::AmountInflatedMuch,
        Self::DateMoved,
        Self::Split,
        Self::SameGoods,
        Self::CircularTrade,
        Self::AfterPaid,
        Self::CreditAfter,
        Self::PartyAlias,
        Self::Sister,
        Self::Blanket,
        Self::CrossCurrency,
        Self::TermChange,
    ];

    /// Its code in files.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::NumberAltered => "number_altered",
            Self::AmountInflated => "amount_inflated",
            Self::AmountInflatedMuch => "amount_inflated_much",
            Self::DateMoved => "date_moved",
            Self::Split => "split",
            Self::SameGoods => "same_goods",
            Self::CircularTrade => "circular_trade",
            Self::AfterPaid => "after_paid",
            Self::CreditAfter => "credit_after",
            Self::PartyAlias => "party_alias",
            Self::Sister => "sister",
            Self::Blanket => "blanket",
            Self::CrossCurrency => "cross_currency",
            Self::TermChange => "term_change",
        }
    }

    /// Its number in the table of fraud types.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Identical => 1,
            Self::NumberAltered => 2,
            Self::AmountInflated | Self::AmountInflatedMuch => 3,
            Self::DateMoved => 4,
            Self::Split => 5,
            Self::SameGoods => 6,
            Self::CircularTrade => 10,
            Self::AfterPaid => 11,
            Self::CreditAfter => 12,
            Self::PartyAlias | Self::Sister => 13,
            Self::Blanket => 14,
            Self::CrossCurrency => 16,
            Self::TermChange => 18,
        }
    }

    /// The least share that must be found.
    pub(super) const fn target(self) -> BasisPoints {
        match self {
            Self::Identical => 10_000,
            Self::NumberAltered | Self::AmountInflated | Self::DateMoved | Self::PartyAlias => {
                9_900
            }
            Self::AmountInflatedMuch
            | Self::Split
            | Self::SameGoods
            | Self::CircularTrade
            | Self::AfterPaid
            | Self::CreditAfter
            | Self::Sister
            | Self::Blanket
            | Self::CrossCurrency
            | Self::TermChange => 9_500,
        }
    }

    /// The alerts that count as found, beside a finding on a claim: what a holder must hear of it.
    pub(super) const fn alerts(self) -> &'static [&'static str] {
        match self {
            Self::CircularTrade => &["circular_trade"],
            Self::CreditAfter => &["credited"],
            Self::TermChange => &["term_drift"],
            Self::DateMoved => &["re_aged"],
            Self::Identical
            | Self::NumberAltered
            | Self::AmountInflated
            | Self::AmountInflatedMuch
            | Self::Split
            | Self::SameGoods
            | Self::AfterPaid
            | Self::PartyAlias
            | Self::Sister
            | Self::Blanket
            | Self::CrossCurrency => &[],
        }
    }
}

impl fmt::Display for Fraud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The numbers of the table that no data of a registry shows alone, each with why.
pub(super) const INVISIBLE: &[(u8, &str)] = &[
    (7, "invented invoice, real debtor: only the debtor's own word shows it (mandates, certainty)"),
    (8, "forged confirmation by the debtor: only the debtor's key shows it"),
    (
        9,
        "invoice before the work is done: an approval that does not come is told later, by the clock",
    ),
    (15, "two countries: in one registry it is type 1; between registries it needs both"),
    (17, "sample audits: every claim names its invoice here"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_table_is_measured_or_says_why_not() {
        let mut numbers: Vec<u8> = Fraud::ALL.iter().map(|fraud| fraud.number()).collect();
        numbers.extend(INVISIBLE.iter().map(|(number, _)| *number));
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, (1..=18).collect::<Vec<u8>>());
        let codes = serde_json::to_value(Fraud::ALL).unwrap();
        let written = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap());
        assert!(written.eq(Fraud::ALL.iter().map(|fraud| fraud.code())));
    }
}
