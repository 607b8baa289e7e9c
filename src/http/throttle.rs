//! How many checks one participant may make: many at once, and then so many a second.
//!
//! A check answers what a claim would be told, so whoever tries many descriptions of one invoice is slowed down
//! here and stands in the account of reads. Times come in as arguments.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// How many checks a participant may make at once, after a pause.
pub(super) const BURST: u32 = 20_000;
/// How many it gains back in a second.
const PER_SECOND: u32 = 500;
/// The most requests with many checks of one participant at a time.
const REQUESTS_MAX: u32 = 8;

/// What each participant used, by row.
#[derive(Default)]
pub(super) struct Throttle(Arc<Mutex<BTreeMap<u32, Use>>>);

struct Use {
    left: u32,
    since: Instant,
    under_way: u32,
}

impl Use {
    fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, under_way: 0 }
    }

    /// Gains what the time since the last gain is worth.
    fn gain(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        let gained = passed.as_millis().saturating_mul(u128::from(PER_SECOND)) / 1_000;
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(BURST);
            self.since = now;
        }
    }
}

impl Throttle {
    /// Takes so many checks of a participant.
    ///
    /// # Errors
    /// How long to wait before they can be made.
    pub(super) fn take(&self, participant: u32, checks: u32, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(participant).or_insert_with(|| Use::new(now));
        used.gain(now);
        if let Some(left) = used.left.checked_sub(checks) {
            used.left = left;
            return Ok(());
        }
        let missing = u64::from(checks.saturating_sub(used.left));
        let pause = missing.saturating_mul(1_000).div_ceil(u64::from(PER_SECOND));
        Err(Duration::from_millis(pause))
    }

    /// A place for a request with many checks; `None` where the participant has enough of them.
    pub(super) fn begin(&self, participant: u32, now: Instant) -> Option<Place> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(participant).or_insert_with(|| Use::new(now));
        if used.under_way >= REQUESTS_MAX {
            return None;
        }
        used.under_way = used.under_way.saturating_add(1);
        Some(Place { uses: Arc::clone(&self.0), participant })
    }
}

/// A request under way; ends when it is dropped.
pub(super) struct Place {
    uses: Arc<Mutex<BTreeMap<u32, Use>>>,
    participant: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = all.get_mut(&self.participant) {
            used.under_way = used.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_comes_back_with_time_and_each_has_its_own() {
        let throttle = Throttle::default();
        let begin = Instant::now();
        let at = |millis| begin.checked_add(Duration::from_millis(millis)).expect("a time");
        assert_eq!(throttle.take(1, BURST, at(0)), Ok(()));
        assert_eq!(throttle.take(1, 100, at(0)), Err(Duration::from_millis(200)));
        assert_eq!(throttle.take(2, 100, at(0)), Ok(()));
        assert_eq!(throttle.take(1, 100, at(200)), Ok(()));
        assert_eq!(throttle.take(1, 1, at(200)), Err(Duration::from_millis(2)));
        assert_eq!(throttle.take(1, BURST, at(1_000_000)), Ok(()));
        assert!(throttle.take(1, 1, at(1_000_000)).is_err(), "it never gains more than a burst");
    }

    #[test]
    fn one_participant_does_not_have_all_requests() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let mut places: Vec<Place> =
            (0..REQUESTS_MAX).filter_map(|_| throttle.begin(1, now)).collect();
        assert_eq!(places.len(), 8);
        assert!(throttle.begin(1, now).is_none() && throttle.begin(2, now).is_some());
        places.pop();
        assert!(throttle.begin(1, now).is_some());
    }
}
