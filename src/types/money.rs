//! Money as the log has it: exact minor units beside an ISO 4217 code, never a float.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in minor units of a currency that stands beside it (cents for EUR, yen for JPY).
pub type Minor = i64;

/// The largest amount that a statement may carry: 2^53 − 1, which every JSON implementation holds exactly.
pub const MINOR_MAX: Minor = 9_007_199_254_740_991;

/// Why a text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 4217 code of three capital letters that has a minor unit")]
pub struct CurrencyError;

/// An ISO 4217 currency that has a minor unit (so not gold, and not a unit of account).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimals an amount of this currency has when it is written in major units.
    pub fn decimals(self) -> u8 {
        iso_currency::Currency::from_code(self.as_str())
            .and_then(iso_currency::Currency::exponent)
            .and_then(|exponent| u8::try_from(exponent).ok())
            .unwrap_or(0)
    }

    /// Reads a plain decimal (`1234.5`, `-0.10`) as minor units.
    ///
    /// Exact or nothing: `None` where the text is no decimal, has more significant decimals than the
    /// currency, or does not fit.
    pub fn minor(self, decimal: &str) -> Option<Minor> {
        let (negative, digits) = match decimal.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, decimal.strip_prefix('+').unwrap_or(decimal)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return None;
        }
        let decimals = usize::from(self.decimals());
        let (kept, cut) = fraction.split_at_checked(decimals).unwrap_or((fraction, ""));
        if cut.bytes().any(|c| c != b'0') {
            return None;
        }
        let mut amount: Minor = 0;
        let padding = core::iter::repeat_n(b'0', decimals.saturating_sub(kept.len()));
        for digit in whole.bytes().chain(kept.bytes()).chain(padding) {
            let digit = Minor::from(digit.checked_sub(b'0')?);
            amount = amount.checked_mul(10)?.checked_add(digit)?;
        }
        Some(if negative { amount.checked_neg()? } else { amount })
    }

    /// Writes minor units as a plain decimal with the currency's number of decimals.
    pub fn decimal(self, amount: Minor) -> String {
        let decimals = usize::from(self.decimals());
        let digits =
            format!("{:0>width$}", amount.unsigned_abs(), width = decimals.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        let sign = if amount < 0 { "-" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        let known =
            iso_currency::Currency::from_code(text).and_then(iso_currency::Currency::exponent);
        if known.is_none() || !letters.iter().all(u8::is_ascii_uppercase) {
            return Err(CurrencyError);
        }
        Ok(Self(letters))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            <[u8; 3]>::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap_or_else(|_| unreachable!("{code} is ISO 4217"))
    }

    #[test]
    fn decimals_become_exact_minor_units_or_nothing() {
        let cases = [
            ("EUR", "1234.5", Some(123_450)),
            ("EUR", "0.10", Some(10)),
            ("EUR", "-0.01", Some(-1)),
            ("EUR", "1.2300", Some(123)),
            ("EUR", "1.234", None),
            ("EUR", "1,23", None),
            ("EUR", "", None),
            ("EUR", ".", None),
            ("EUR", "1e3", None),
            ("EUR", "92233720368547758.08", None),
            ("JPY", "1234", Some(1234)),
            ("JPY", "1234.5", None),
            ("BHD", "1.234", Some(1234)),
        ];
        for (code, text, expected) in cases {
            assert_eq!(currency(code).minor(text), expected, "{code} {text}");
        }
    }

    #[test]
    fn codes_without_a_minor_unit_are_refused() {
        for bad in ["", "eur", "EURO", "XAU", "QQQ", "EU"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_an_amount_is_lossless(amount in -MINOR_MAX..=MINOR_MAX) {
            for code in ["EUR", "JPY", "BHD"] {
                let currency = currency(code);
                prop_assert_eq!(currency.minor(&currency.decimal(amount)), Some(amount));
            }
        }
    }
}
