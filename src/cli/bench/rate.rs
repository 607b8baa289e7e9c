//! The naive bound: how many signatures all cores could check one by one, measured in the same run.

use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey};

/// Signatures a second that one core checks with `verify_strict`, in the median of short rounds.
pub(super) fn strict_per_core() -> u64 {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = [b'x'; 600];
    let signature = key.sign(&message);
    let public = key.verifying_key();
    let mut rounds: Vec<u64> = (0..9)
        .map(|_| {
            let (start, mut count) = (Instant::now(), 0_u64);
            while start.elapsed() < Duration::from_millis(80) {
                for _ in 0..16 {
                    count = count.saturating_add(u64::from(
                        public.verify_strict(&message, &signature).is_ok(),
                    ));
                }
            }
            per_second(count, start.elapsed())
        })
        .collect();
    rounds.sort_unstable();
    rounds.get(4).copied().unwrap_or(1).max(1)
}

/// How many cores there are.
pub(super) fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1))
}

/// A count over a time, as a whole number a second.
pub(super) fn per_second(count: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos().max(1);
    let rate = u128::from(count).saturating_mul(1_000_000_000).checked_div(nanos).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A ratio with two decimals.
pub(super) fn ratio(value: u64, of: u64) -> String {
    let hundredths = value.saturating_mul(100).checked_div(of.max(1)).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
