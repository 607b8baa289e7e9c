//! Chance that is the same for everyone: numbers from a seed (`SplitMix64`), on every machine and in every version.
//!
//! Good enough to make invoices with; no secret may come from here.

/// The golden ratio in 64 bits, by which `SplitMix64` steps.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of numbers that its seed fixes.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The sequence of a seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence of its own for a part of the work, so that more of one part leaves the others as they are.
    pub(super) fn fork(&mut self, part: u64) -> Self {
        Self(self.next() ^ part.wrapping_mul(STEP))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit; zero where the limit is zero.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// A number in a range, both ends included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// A count of days in a range, both ends included.
    pub(super) fn days(&mut self, low: u64, high: u64) -> i32 {
        i32::try_from(self.between(low, high)).unwrap_or(0)
    }

    /// Yes, so many times in a hundred.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Yes, once in so many times.
    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A place in a list of so many.
    pub(super) fn place(&mut self, length: usize) -> usize {
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(limit)).unwrap_or(0)
    }

    /// One of a list; the default where it is empty.
    pub(super) fn one_of<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.get(self.place(list.len())).copied().unwrap_or_default()
    }

    /// So many decimal digits, the first not zero.
    pub(super) fn digits(&mut self, count: usize) -> String {
        let digit = |first: bool, chance: &mut Self| {
            let low = u64::from(first);
            u32::try_from(chance.between(low, 9)).ok().and_then(|it| char::from_digit(it, 10))
        };
        (0..count).filter_map(|place| digit(place == 0, self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence_on_every_machine() {
        // The first numbers that the published algorithm gives for this seed.
        let mut chance = Chance::new(1_234_567);
        let first = [chance.next(), chance.next()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_eq!(chance.digits(5).len(), 5);
        assert_eq!(chance.below(0), 0);
        assert!((0..100).all(|_| (3..=7).contains(&chance.between(3, 7))));
    }
}
