//! How many events may pass in a second.

use std::collections::HashMap;

/// Token buckets: one for all events, and one for each fingerprint. A bucket holds what a second
/// brings, so that a burst of that size passes.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limits: RateLimits,
    all: Bucket,
    each: HashMap<&'static str, Bucket>,
    /// Of the fingerprints for which there was no place, together.
    others: Bucket,
}

/// How many events may pass in a second; `None` for any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateLimits {
    pub(crate) all: Option<u32>,
    pub(crate) each: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    /// When it was last filled, in nanoseconds.
    filled: u64,
}

impl RateLimiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            all: Bucket::FULL,
            each: HashMap::new(),
            others: Bucket::FULL,
        }
    }

    /// Whether one more event may pass. `now` is in nanoseconds.
    pub(crate) fn passes(&mut self, fp: &'static str, now: u64) -> bool {
        // What its own bucket refuses takes nothing from the others.
        if let Some(rate) = self.limits.each
            && !self.bucket(fp).take(rate, now)
        {
            return false;
        }
        self.limits.all.is_none_or(|rate| self.all.take(rate, now))
    }

    fn bucket(&mut self, fp: &'static str) -> &mut Bucket {
        if self.each.len() >= MOST_FINGERPRINTS && !self.each.contains_key(fp) {
            return &mut self.others;
        }
        self.each.entry(fp).or_insert(Bucket::FULL)
    }
}

impl Bucket {
    /// However much the rate is: it is cut down when it is filled for the first time.
    const FULL: Self = Self {
        tokens: f64::MAX,
        filled: 0,
    };

    fn take(&mut self, rate: u32, now: u64) -> bool {
        let rate = f64::from(rate);
        let passed = now.saturating_sub(self.filled) as f64 / 1e9;
        self.tokens = rate.min(self.tokens + passed * rate);
        self.filled = self.filled.max(now);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// Fingerprints that have a bucket of their own.
const MOST_FINGERPRINTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(all: Option<u32>, each: Option<u32>) -> RateLimiter {
        RateLimiter::new(RateLimits { all, each })
    }

    fn passed(limiter: &mut RateLimiter, fp: &'static str, count: usize, now: u64) -> usize {
        (0..count).filter(|_| limiter.passes(fp, now)).count()
    }

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_of_a_seconds_worth_passes_and_then_so_many_a_second() {
        let mut limiter = limiter(Some(10), None);
        assert_eq!(passed(&mut limiter, "a", 100, SECOND), 10);
        assert_eq!(passed(&mut limiter, "b", 100, SECOND * 3 / 2), 5);
        assert_eq!(passed(&mut limiter, "a", 100, SECOND * 100), 10);
    }

    #[test]
    fn over_time_as_many_pass_as_the_limit_says() {
        let mut limiter = limiter(Some(100), None);
        let ticks = (0..10_000_u64).map(|n| n * SECOND / 1000);
        let all: usize = ticks.map(|now| passed(&mut limiter, "a", 1, now)).sum();
        assert!((1090..=1100).contains(&all), "{all} in ten seconds");
    }

    #[test]
    fn each_fingerprint_has_a_limit_of_its_own_and_all_have_one_together() {
        let mut limiter = limiter(Some(25), Some(10));
        let of_each = ["a", "b", "c"].map(|fp| passed(&mut limiter, fp, 100, SECOND));
        assert_eq!(of_each, [10, 10, 5]);
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_brings_nothing() {
        let mut limiter = limiter(None, Some(1));
        assert_eq!(passed(&mut limiter, "a", 10, SECOND * 10), 1);
        assert_eq!(passed(&mut limiter, "a", 10, SECOND), 0);
    }

    #[test]
    fn fingerprints_without_a_place_share_one_bucket() {
        let mut limiter = limiter(None, Some(1));
        for n in 0..2 * MOST_FINGERPRINTS {
            let fp: &'static str = Box::leak(n.to_string().into_boxed_str());
            assert_eq!(limiter.passes(fp, SECOND), n <= MOST_FINGERPRINTS);
        }
        assert_eq!(limiter.each.len(), MOST_FINGERPRINTS);
    }
}
