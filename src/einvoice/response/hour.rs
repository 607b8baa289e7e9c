//! When a status became effective: the days and hours of messages as instants.
//!
//! A French message gives its hours without a zone, and an Invoice Response may. Such an hour is taken as Central
//! European time (UTC+1, from the last Sunday of March to the last of October UTC+2), the legal time of France and of
//! the neighbours whose messages are read here. Where the clock is put back, an hour that comes twice is the first of
//! the two, so that nothing becomes effective later than it did. A day without an hour counts as its last second:
//! what was said earlier on that day with an hour stays the earlier word.

use crate::types::{Date, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// [`Date::day_number`] of 1970-01-01.
const EPOCH: i32 = 719_163;

/// The last second of a day, in Central European time.
pub(super) fn end_of_day(date: Date) -> Timestamp {
    local(date, DAY.saturating_sub(1_000))
}

/// An hour of a day in Central European time.
fn local(date: Date, of_day: i64) -> Timestamp {
    let midnight = i64::from(date.day_number().saturating_sub(EPOCH)).saturating_mul(DAY);
    let wall = midnight.saturating_add(of_day);
    let summer = wall.saturating_sub(HOUR.saturating_mul(2));
    let is_summer = match (turn(date.year(), 3), turn(date.year(), 10)) {
        (Some(from), Some(to)) => from <= summer && summer < to,
        _ => false,
    };
    let utc = if is_summer { summer } else { wall.saturating_sub(HOUR) };
    Timestamp::default().plus_millis(utc)
}

/// When the clock is turned in a month: its last Sunday at 01:00 UTC.
fn turn(year: i32, month: u32) -> Option<i64> {
    let last = Date::from_ymd(year, month, 31)?.day_number();
    let sunday = last.saturating_sub(last.rem_euclid(7));
    Some(i64::from(sunday.saturating_sub(EPOCH)).saturating_mul(DAY).saturating_add(HOUR))
}

/// A time of UN/CEFACT format 204 (`20260914101500`), 203 (without seconds) or 102 (a day).
pub(super) fn cefact(text: &str, format: Option<&str>) -> Option<Timestamp> {
    let date = cefact_day(text)?;
    let of_day = match (format.unwrap_or("204"), text.len()) {
        ("204", 14) => clock(text.get(8..10)?, text.get(10..12)?, text.get(12..14)?)?,
        ("203", 12) => clock(text.get(8..10)?, text.get(10..12)?, "00")?,
        ("102" | "204", 8) => return Some(end_of_day(date)),
        _ => return None,
    };
    Some(local(date, of_day))
}

/// The day of a UN/CEFACT time.
pub(super) fn cefact_day(text: &str) -> Option<Date> {
    if !text.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let year = text.get(..4)?.parse().ok()?;
    Date::from_ymd(year, text.get(4..6)?.parse().ok()?, text.get(6..8)?.parse().ok()?)
}

/// A day and an hour as UBL writes them: `10:15:00`, perhaps with a fraction, perhaps with a zone.
pub(super) fn ubl(date: Date, time: &str) -> Option<Timestamp> {
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (wall, zone) = time.split_at_checked(zone_at)?;
    let (whole, fraction) = wall.split_once('.').unwrap_or((wall, ""));
    let fields = whole.split(':').collect::<Vec<_>>();
    let [hours, minutes, seconds] = fields.as_slice() else { return None };
    if !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let of_day = clock(hours, minutes, seconds)?;
    let ahead = match zone.split_at_checked(1) {
        None => return Some(local(date, of_day)),
        Some(("Z", "")) => 0,
        Some((sign, zone)) => {
            let (hours, minutes) = zone.split_once(':')?;
            let ahead = clock(hours, minutes, "00").filter(|ahead| *ahead <= HOUR * 14)?;
            if sign == "+" { ahead } else { ahead.saturating_neg() }
        }
    };
    let midnight = i64::from(date.day_number().saturating_sub(EPOCH)).saturating_mul(DAY);
    let utc = midnight.saturating_add(of_day).saturating_sub(ahead);
    Some(Timestamp::default().plus_millis(utc))
}

/// An instant as a day and an hour of Central European time with its zone: what [`ubl`] reads as the same second.
pub(super) fn wall(at: Timestamp) -> (Date, String) {
    let date = at.date();
    let is_summer = match (turn(date.year(), 3), turn(date.year(), 10)) {
        (Some(from), Some(to)) => from <= at.millis() && at.millis() < to,
        _ => false,
    };
    let (hours, zone) = if is_summer { (2, "+02:00") } else { (1, "+01:00") };
    let wall = at.plus_millis(HOUR.saturating_mul(hours));
    let of_day = wall.millis().rem_euclid(DAY) / 1_000;
    let (minutes, seconds) = (of_day / 60, of_day % 60);
    (wall.date(), format!("{:02}:{:02}:{seconds:02}{zone}", minutes / 60, minutes % 60))
}

/// Milliseconds since midnight.
fn clock(hours: &str, minutes: &str, seconds: &str) -> Option<i64> {
    let two = |text: &str, below: i64| {
        let digits = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
        let value = if digits { text.parse::<i64>().ok() } else { None };
        value.filter(|value| *value < below)
    };
    let (hours, minutes, seconds) = (two(hours, 24)?, two(minutes, 60)?, two(seconds, 60)?);
    let minutes = hours.saturating_mul(60).saturating_add(minutes);
    Some(minutes.saturating_mul(60).saturating_add(seconds).saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(time: Option<Timestamp>) -> String {
        time.map(|time| time.to_string()).unwrap_or_default()
    }

    #[test]
    fn french_hours_are_central_european_summer_and_winter() {
        for (written, format, expected) in [
            ("20260914101500", Some("204"), "2026-09-14T08:15:00.000Z"),
            ("20261214101500", None, "2026-12-14T09:15:00.000Z"),
            ("202612141015", Some("203"), "2026-12-14T09:15:00.000Z"),
            ("20260914", Some("102"), "2026-09-14T21:59:59.000Z"),
            // The last Sunday of March 2026 is the 29th: at two o'clock it is three.
            ("20260329015959", None, "2026-03-29T00:59:59.000Z"),
            ("20260329030000", None, "2026-03-29T01:00:00.000Z"),
            ("20260329023000", None, "2026-03-29T01:30:00.000Z"),
            // The last Sunday of October 2026 is the 25th: the hour from two to three comes twice.
            ("20261025023000", None, "2026-10-25T00:30:00.000Z"),
            ("20261025030000", None, "2026-10-25T02:00:00.000Z"),
            ("20260931101500", None, ""),
            ("20260914251500", None, ""),
            ("2026091410150", None, ""),
            ("20260914101500", Some("205"), ""),
            ("２0260914101500", None, ""),
        ] {
            assert_eq!(text(cefact(written, format)), expected, "{written}");
        }
    }

    #[test]
    fn an_hour_of_ubl_may_state_its_zone() {
        let day = Date::from_ymd(2026, 9, 14).expect("a day");
        for (written, expected) in [
            ("10:15:00", "2026-09-14T08:15:00.000Z"),
            ("10:15:00Z", "2026-09-14T10:15:00.000Z"),
            ("10:15:00.123+02:00", "2026-09-14T08:15:00.000Z"),
            ("23:15:00-05:00", "2026-09-15T04:15:00.000Z"),
            ("10:15", ""),
            ("24:00:00", ""),
            ("10:15:00+99:00", ""),
            ("10:15:00 CET", ""),
            ("10:15:00Zulu", ""),
            ("", ""),
        ] {
            assert_eq!(text(ubl(day, written)), expected, "{written}");
        }
        assert_eq!(text(Some(end_of_day(day))), "2026-09-14T21:59:59.000Z");
    }

    #[test]
    fn what_is_written_is_read_as_the_same_second() {
        for at in [
            "2026-03-29T00:59:59Z",
            "2026-03-29T01:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-12-31T23:30:00Z",
        ] {
            let at: Timestamp = at.parse().expect("a time");
            let (day, time) = wall(at);
            assert_eq!(ubl(day, &time), Some(at), "{day} {time}");
        }
    }
}
