//! Instants and days as values. The clock is somewhere else: whoever needs "now" is given it.

use core::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, NaiveDate, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an RFC 3339 date-time between the years 1970 and 9999.
    #[error("expected an RFC 3339 date-time such as 2026-11-21T09:30:00Z")]
    Timestamp,
    /// Not an ISO 8601 calendar date between the years 1970 and 9999.
    #[error("expected a calendar date such as 2026-11-21")]
    Date,
}

/// The last millisecond of the year 9999, beyond which RFC 3339 has no form.
const MILLIS_MAX: i64 = 253_402_300_799_999;

/// An instant in milliseconds since 1970-01-01T00:00:00Z, up to the year 9999; text is RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the Unix epoch; `None` outside the years 1970 to 9999.
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis >= 0 && millis <= MILLIS_MAX { Some(Self(millis)) } else { None }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant this many milliseconds later, at most the end of the year 9999.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        let sum = self.0.saturating_add(millis);
        Self(if sum > MILLIS_MAX {
            MILLIS_MAX
        } else if sum < 0 {
            0
        } else {
            sum
        })
    }

    /// The distance to another instant in milliseconds, without sign.
    pub const fn abs_diff_millis(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The calendar day of this instant in UTC.
    pub fn date(self) -> Date {
        Date(
            DateTime::from_timestamp_millis(self.0)
                .map_or(NaiveDate::MIN, |time| time.date_naive()),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError::Timestamp)?;
        Self::from_millis(time.timestamp_millis()).ok_or(TimeError::Timestamp)
    }
}

/// A calendar day; text is ISO 8601 (`2026-11-21`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

impl Date {
    /// Takes a year, month and day; `None` where there is no such day between 1970 and 9999.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day)
            .filter(|date| (1970..=9999).contains(&date.year()))
            .map(Self)
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u32 {
        self.0.day()
    }

    /// Days since 0000-12-31, for compact storage and differences.
    pub fn day_number(self) -> i32 {
        self.0.num_days_from_ce()
    }

    /// The day with this number; `None` outside 1970 to 9999.
    pub fn from_day_number(days: i32) -> Option<Self> {
        NaiveDate::from_num_days_from_ce_opt(days)
            .filter(|date| (1970..=9999).contains(&date.year()))
            .map(Self)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not chrono's format strings: dates are hashed for every invoice, and those are slow.
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let fields = text.split('-').collect::<Vec<_>>();
        let [year, month, day] = fields.as_slice() else { return Err(TimeError::Date) };
        let number = |field: &str, width: usize| {
            let right_form = field.len() == width && field.bytes().all(|c| c.is_ascii_digit());
            if right_form { field.parse::<u32>().ok() } else { None }
        };
        let date = number(year, 4)
            .and_then(|year| i32::try_from(year).ok())
            .zip(number(month, 2))
            .zip(number(day, 2))
            .and_then(|((year, month), day)| Self::from_ymd(year, month, day));
        date.ok_or(TimeError::Date)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let millis = i64::deserialize(deserializer)?;
            Self::from_millis(millis).ok_or_else(|| de::Error::custom(TimeError::Timestamp))
        }
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.day_number().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let days = i32::deserialize(deserializer)?;
            Self::from_day_number(days).ok_or_else(|| de::Error::custom(TimeError::Date))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_real_days_in_iso_form_are_dates() {
        for good in ["1970-01-01", "2024-02-29", "9999-12-31"] {
            assert_eq!(good.parse::<Date>().map(|date| date.to_string()).as_deref(), Ok(good));
        }
        for bad in
            ["2023-02-29", "2024-2-9", "20240209", "2024-02-09Z", "1969-12-31", "", "+024-01-01"]
        {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_are_shown_in_utc() {
        let time = "2026-11-21T10:30:00+01:00".parse::<Timestamp>();
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Ok("2026-11-21T09:30:00.000Z"));
        for bad in ["2026-11-21", "2026-11-21T10:30:00", "1969-12-31T23:59:59Z", "now"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_of_an_instant_is_lossless(millis in 0..=MILLIS_MAX) {
            let time = Timestamp(millis);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}
