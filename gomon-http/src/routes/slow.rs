use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use gomon_core::Pattern;

/// Which requests are slow: these have `slow: true`.
///
/// By default a request is slow for its route, when it took longer than about 99 of 100 before it and more than twice as long
/// as half of them. That takes 200 requests of the route to know, and those of the last while count most. Thresholds come on top of it.
///
/// ```
/// use std::time::Duration;
/// use gomon_http::{MonitoringLayer, Slow};
///
/// let slow = Slow::for_its_route()
///     .after(Duration::from_secs(2))
///     .route_after("/search", Duration::from_millis(300))
///     .can_be_slow("/events*");
/// let layer = MonitoringLayer::new().slow(slow);
/// # let _ = layer;
/// ```
///
/// A [`Pattern`] is compared with the template, and of several patterns that match the one given last counts. Without
/// a template only [`after`](Self::after) and the standard of all such requests count.
#[derive(Clone, Debug)]
#[must_use = "give it to a layer"]
pub struct Slow {
    for_its_route: bool,
    after: Option<Duration>,
    routes: Vec<(Pattern, Option<Duration>)>,
}

impl Slow {
    /// Slow is what is slow for its route. The default.
    pub const fn for_its_route() -> Self {
        Self {
            for_its_route: true,
            after: None,
            routes: Vec::new(),
        }
    }

    /// Nothing is slow, but for what thresholds say.
    pub const fn never() -> Self {
        Self {
            for_its_route: false,
            after: None,
            routes: Vec::new(),
        }
    }

    /// Requests that took longer are slow, whatever their route.
    pub fn after(mut self, threshold: Duration) -> Self {
        self.after = Some(threshold);
        self
    }

    /// Requests of this route that took longer are slow, in place of [`after`](Self::after).
    pub fn route_after(mut self, route: impl Into<Pattern>, threshold: Duration) -> Self {
        self.routes.push((route.into(), Some(threshold)));
        self
    }

    /// Requests of this route are never slow: they wait for something, as a long poll or a stream of events does.
    pub fn can_be_slow(mut self, route: impl Into<Pattern>) -> Self {
        self.routes.push((route.into(), None));
        self
    }

    /// What holds for a route.
    pub(crate) fn of_route(&self, template: Option<&str>) -> Standard {
        let matching = template.and_then(|template| {
            let mut routes = self.routes.iter().rev();
            routes.find(|(pattern, _)| pattern.matches(template))
        });
        match matching {
            Some((_, None)) => Standard::default(),
            Some((_, threshold)) => Standard {
                own: self.for_its_route,
                threshold: *threshold,
            },
            None => Standard {
                own: self.for_its_route,
                threshold: self.after,
            },
        }
    }
}

impl Default for Slow {
    fn default() -> Self {
        Self::for_its_route()
    }
}

/// By what a request is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standard {
    /// By its route's own.
    pub(crate) own: bool,
    pub(crate) threshold: Option<Duration>,
}

/// How long the requests of a route take: counts in buckets that are an eighth of an octave wide, halved now and then, so that what was long ago
/// counts less and less. Concurrent counts may be lost; nothing is exact here, and nothing waits.
#[derive(Debug)]
pub(crate) struct Line {
    counts: [AtomicU32; BUCKETS],
    total: AtomicU32,
    /// Nanoseconds, above which a request is slow; the largest number as long as too little is known.
    limit: AtomicU64,
}

impl Line {
    /// Takes note of a time; whether it is slow by those before it.
    pub(super) fn took(&self, time: Duration) -> bool {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let is_slow = nanos > self.limit.load(Ordering::Relaxed);
        if let Some(count) = self.counts.get(bucket(nanos)) {
            count_up(count);
        }
        let total = count_up(&self.total);
        if total >= FIRST && total.is_multiple_of(EVERY) {
            self.judge(total);
        }
        is_slow
    }

    /// Draws the limit anew.
    #[cold]
    fn judge(&self, total: u32) {
        let quantile = |count: u32| {
            let mut below = 0;
            let at = self.counts.iter().position(|bucket| {
                below += bucket.load(Ordering::Relaxed);
                below >= count
            });
            at.map_or(u64::MAX, end_of)
        };
        let median = quantile(total.div_ceil(2));
        let limit = quantile(total - total / 100).max(median.saturating_mul(2));
        self.limit.store(limit, Ordering::Relaxed);
        if total >= LONG {
            let halved = self.counts.iter().map(|count| {
                let half = count.load(Ordering::Relaxed) / 2;
                count.store(half, Ordering::Relaxed);
                half
            });
            self.total.store(halved.sum(), Ordering::Relaxed);
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU32::new(0) }; BUCKETS],
            total: AtomicU32::new(0),
            limit: AtomicU64::new(u64::MAX),
        }
    }
}

/// At less than half the price of a count that misses none.
#[inline]
fn count_up(count: &AtomicU32) -> u32 {
    let counted = count.load(Ordering::Relaxed).wrapping_add(1);
    count.store(counted, Ordering::Relaxed);
    counted
}

/// Eight buckets an octave.
fn bucket(nanos: u64) -> usize {
    let octave = nanos.max(8).ilog2();
    let part = (nanos.max(8) >> (octave - 3)) & 7;
    usize::try_from(u64::from(octave - 3) * 8 + part).unwrap_or(usize::MAX)
}

/// The largest time of a bucket.
fn end_of(bucket: usize) -> u64 {
    let (octave, part) = (bucket / 8, bucket as u64 % 8);
    let shift = u32::try_from(octave).unwrap_or(0);
    ((8 + part + 1) << shift).wrapping_sub(1)
}

const BUCKETS: usize = 61 * 8;
/// Requests before anything is slow.
const FIRST: u32 = 200;
/// The limit is drawn anew each time so many have come.
const EVERY: u32 = 100;
const LONG: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_time_lies_in_its_bucket() {
        for nanos in [
            0,
            8,
            9,
            15,
            16,
            17,
            31,
            1_000,
            123_456_789,
            u64::MAX / 2,
            u64::MAX,
        ] {
            let at = bucket(nanos);
            assert!(at < BUCKETS, "{nanos}");
            assert!(end_of(at) >= nanos, "{nanos}");
            assert!(at == 0 || end_of(at - 1) < nanos, "{nanos}");
        }
    }

    #[test]
    fn slow_is_what_takes_longer_than_99_of_100_and_twice_the_median() {
        let line = Line::default();
        assert!(!line.took(1_000 * MS), "nothing is known yet");
        for number in 0..999 {
            line.took(if number % 20 == 0 { 30 * MS } else { 10 * MS });
        }
        assert!(line.took(40 * MS));
        assert!(!line.took(25 * MS), "five of a hundred take longer");
        let steady = Line::default();
        (0..1_000).for_each(|_| assert!(!steady.took(10 * MS)));
        assert!(!steady.took(19 * MS), "within twice the median");
        assert!(steady.took(25 * MS));
    }

    #[test]
    fn what_was_long_ago_counts_less_and_less() {
        let line = Line::default();
        (0..20_000).for_each(|_| _ = line.took(MS));
        assert!(line.took(100 * MS));
        (0..40_000).for_each(|_| _ = line.took(100 * MS));
        assert!(!line.took(110 * MS));
    }

    #[test]
    fn the_last_pattern_that_matches_a_route_counts() {
        let slow = Slow::for_its_route()
            .after(5 * MS)
            .route_after("/a*", MS)
            .can_be_slow("/a/*/events");
        let of = |template| slow.of_route(Some(template));
        assert_eq!(of("/a/{id}").threshold, Some(MS));
        assert_eq!(of("/a/{id}/events"), Standard::default());
        assert_eq!(of("/b").threshold, Some(5 * MS));
        let unknown = Slow::never().of_route(None);
        assert_eq!(unknown, Standard::default());
    }
}
