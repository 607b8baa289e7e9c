//! When a message that was not taken is sent again, and when an endpoint is given up.

use core::time::Duration;

use crate::types::Timestamp;

/// How patient the registry is with an endpoint that does not take its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long an endpoint may fail without a success before it is disabled.
    pub give_up: Duration,
}

impl Default for Schedule {
    /// From five seconds to two hours, for three days: some 45 attempts.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            longest: Duration::from_hours(2),
            give_up: Duration::from_hours(72),
        }
    }
}

impl Schedule {
    /// The pause after so many failures in a row, a fifth more or less by chance, so that receivers that failed
    /// together are not all met again at once. `asked` is what the receiver asked for (`Retry-After`).
    pub fn pause(&self, failures: u32, chance: u16, asked: Option<Duration>) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        let whole = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        // From 0.8 to 1.2 of it, in thousandths.
        let share = 800_u64.saturating_add(u64::from(chance).saturating_mul(400) >> 16);
        let jittered = Duration::from_millis(whole.saturating_mul(share).div_euclid(1_000));
        jittered.max(asked.unwrap_or_default().min(self.longest))
    }

    /// Whether an endpoint that has failed since then is given up.
    pub fn is_over(&self, since: Timestamp, now: Timestamp) -> bool {
        now > since && u128::from(now.abs_diff_millis(since)) >= self.give_up.as_millis()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_pauses_grow_from_five_seconds_to_two_hours_over_three_days() {
        let schedule = Schedule::default();
        let middle = |failures| schedule.pause(failures, u16::MAX / 2, None).as_secs();
        assert_eq!([1, 2, 3, 4, 10].map(middle), [4, 9, 19, 39, 2_557], "the middle, rounded down");
        assert_eq!(middle(12), middle(1_000));
        let attempts = (1..).scan(0, |sum, failures| {
            *sum += middle(failures);
            Some(*sum)
        });
        let attempts = attempts.take_while(|sum| *sum < 72 * 3_600).count();
        assert!((40..50).contains(&attempts), "{attempts}");
    }

    #[test]
    fn an_endpoint_is_given_up_when_it_failed_for_three_days() {
        let schedule = Schedule::default();
        let since = Timestamp::from_millis(1_000).unwrap();
        for (hours, over) in [(0, false), (71, false), (72, true), (100, true)] {
            assert_eq!(schedule.is_over(since, since.plus_millis(hours * 3_600_000)), over);
        }
        assert!(!schedule.is_over(since, since.plus_millis(-1_000)), "a clock that goes back");
    }

    proptest! {
        #[test]
        fn a_pause_lies_within_a_fifth_of_its_middle_and_within_the_bounds(
            failures: u32, chance: u16, asked in proptest::option::of(0_u64..1_000_000),
        ) {
            let schedule = Schedule::default();
            let asked = asked.map(Duration::from_secs);
            let pause = schedule.pause(failures, chance, asked);
            prop_assert!(pause >= schedule.first * 4 / 5);
            prop_assert!(pause <= schedule.longest * 6 / 5);
            prop_assert!(asked.is_none_or(|asked| pause >= asked.min(schedule.longest)));
            let longer = schedule.pause(failures.saturating_add(1), chance, asked);
            prop_assert!(longer >= pause);
        }
    }
}
