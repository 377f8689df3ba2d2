//! What was seen of each fingerprint and route: how often in the last hour, and how long it takes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::sampling::hash::Keyed;

/// A series for each fingerprint and route, as many as have a place; the rest has none.
#[derive(Debug)]
pub(crate) struct Table {
    keys: Keyed,
    /// By the hash of fingerprint and route. It has 64 bits and secret keys, so that two series
    /// are never one, and no text has to be kept.
    places: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    series: Vec<Series>,
    /// Fingerprints by their address: most events have one of a few.
    fps: [Fp; RECENT],
    /// Places by their hash, of what was asked for last.
    recent: [(u64, u32); RECENT],
    /// When there was no place the last time.
    full_since: u32,
}

/// One fingerprint and route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// When it was seen the last ten times, in seconds.
    times: [u32; FEW as usize],
    /// The tenth last of them.
    oldest: u8,
    /// Roots since the last n-th.
    roots: u32,
    /// Roots that set the limit at first.
    timed: u32,
    /// Roots up to this many nanoseconds are as fast as usual.
    usual: f64,
    /// When it was asked for last, in seconds.
    last: u32,
}

/// What is known of a fingerprint at one address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fp {
    fp: &'static str,
    hash: u64,
    /// In which second it was found to be frequent.
    frequent_at: u32,
    /// It is never sampled.
    pub(crate) exempt: bool,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            keys: Keyed::new(),
            places: HashMap::default(),
            series: Vec::new(),
            fps: [Fp::default(); RECENT],
            recent: [(0, u32::MAX); RECENT],
            full_since: 0,
        }
    }

    #[cfg(test)]
    fn of(&mut self, fp: &'static str, route: Option<&str>, now_secs: u32) -> Option<&mut Series> {
        let fp = self.fp(fp, |_| false);
        self.series(&fp, route, now_secs)
    }

    /// The series; `None` if there is no place for one more.
    pub(crate) fn series(
        &mut self,
        fp: &Fp,
        route: Option<&str>,
        now_secs: u32,
    ) -> Option<&mut Series> {
        let hash = route.map_or(fp.hash, |route| self.keys.text(route, fp.hash));
        let at = usize::try_from(hash % RECENT as u64).unwrap_or(0);
        let place = match self.recent.get(at) {
            Some((recent, place)) if *recent == hash => *place,
            _ => self.place(hash, now_secs)?,
        };
        if let Some(recent) = self.recent.get_mut(at) {
            *recent = (hash, place);
        }
        let series = self.series.get_mut(place as usize)?;
        series.last = now_secs;
        Some(series)
    }

    /// What is known of a fingerprint; what is exempt is asked for the first time.
    #[inline(always)]
    pub(crate) fn fp(&mut self, fp: &'static str, is_exempt: fn(&str) -> bool) -> Fp {
        match self.fps.get(Fp::place(fp)) {
            Some(known) if std::ptr::eq(known.fp, fp) => *known,
            _ => self.find_out(fp, is_exempt),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_out(&mut self, fp: &'static str, is_exempt: fn(&str) -> bool) -> Fp {
        let known = Fp {
            fp,
            hash: self.keys.text(fp, 0),
            frequent_at: u32::MAX,
            exempt: is_exempt(fp),
        };
        if let Some(place) = self.fps.get_mut(Fp::place(fp)) {
            *place = known;
        }
        known
    }

    pub(crate) fn note_frequent(&mut self, fp: &Fp, now_secs: u32) {
        if let Some(known) = self.fps.get_mut(Fp::place(fp.fp))
            && std::ptr::eq(known.fp, fp.fp)
        {
            known.frequent_at = now_secs;
        }
    }

    fn place(&mut self, hash: u64, now_secs: u32) -> Option<u32> {
        if let Some(place) = self.places.get(&hash) {
            return Some(*place);
        }
        if self.series.len() == MOST_SERIES {
            if now_secs.saturating_sub(self.full_since) < SWEEP_SECS {
                return None;
            }
            self.full_since = now_secs;
            self.sweep(now_secs);
            if self.series.len() == MOST_SERIES {
                return None;
            }
        }
        let place = u32::try_from(self.series.len()).ok()?;
        self.series.push(Series::default());
        self.places.insert(hash, place);
        Some(place)
    }

    /// Forgets what was not seen for an hour, which to be rare again is the same as new.
    fn sweep(&mut self, now_secs: u32) {
        let old = std::mem::take(&mut self.series);
        let series = &mut self.series;
        self.places.retain(|_, place| {
            let kept = old.get(*place as usize);
            let Some(kept) = kept.filter(|kept| now_secs.saturating_sub(kept.last) < HOUR) else {
                return false;
            };
            *place = u32::try_from(series.len()).unwrap_or(u32::MAX);
            series.push(kept.clone());
            true
        });
        self.recent = [(0, u32::MAX); RECENT];
    }
}

impl Series {
    /// Counts one; whether it was seen under ten times in the hour before.
    pub(crate) fn is_rare(&mut self, now_secs: u32) -> bool {
        // An hour ahead, so that zero is long ago.
        let now = now_secs.saturating_add(HOUR);
        let Some(tenth_last) = self.times.get_mut(usize::from(self.oldest)) else {
            return false;
        };
        if *tenth_last == now {
            // And so are the others.
            return false;
        }
        let rare = now.saturating_sub(*tenth_last) >= HOUR;
        *tenth_last = now;
        self.oldest = (self.oldest + 1) % FEW;
        rare
    }

    /// Whether it was seen ten times in this second already.
    pub(crate) fn is_frequent(&self, now_secs: u32) -> bool {
        let tenth_last = self.times.get(usize::from(self.oldest));
        tenth_last == Some(&now_secs.saturating_add(HOUR))
    }

    /// Counts a root; whether it is the n-th since the last such one.
    pub(crate) fn is_nth(&mut self, n: u32) -> bool {
        self.roots += 1;
        if self.roots < n {
            return false;
        }
        self.roots = 0;
        true
    }

    /// Whether a root took longer than 99 of 100 do.
    ///
    /// The limit follows the distribution by itself: a slower one raises it by a tenth, any other
    /// lowers it by a thousandth, so it comes to rest where one in a hundred is slower, and
    /// follows when that changes. The first twenty only set it: they say little about the rest.
    pub(crate) fn is_slow(&mut self, nanos: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "far finer than what is slow")]
        let nanos = nanos as f64;
        if self.timed < WARM_UP {
            self.timed += 1;
            self.usual = self.usual.max(nanos);
            return false;
        }
        let slow = nanos > self.usual;
        self.usual = FASTEST.max(self.usual * if slow { RAISE } else { LOWER });
        slow
    }
}

impl Fp {
    /// Whether so many of it were seen in this second that one more changes nothing.
    #[inline]
    pub(crate) fn is_frequent(&self, now_secs: u32) -> bool {
        self.frequent_at == now_secs
    }

    #[inline]
    fn place(fp: &str) -> usize {
        (fp.as_ptr().addr() >> 3 ^ fp.len()) % RECENT
    }
}

impl Default for Fp {
    fn default() -> Self {
        Self {
            fp: "",
            hash: 0,
            frequent_at: u32::MAX,
            exempt: false,
        }
    }
}

/// `Hash` of what is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Under so many times in an hour is rare.
const FEW: u8 = 10;
const HOUR: u32 = 3600;
const WARM_UP: u32 = 20;
const RAISE: f64 = 1.1;
const LOWER: f64 = 0.999;
/// In nanoseconds: from nothing the limit would never rise again.
const FASTEST: f64 = 1_000.0;
/// Series that have a place: some 400 KiB.
const MOST_SERIES: usize = 4096;
/// How long a full table is left alone.
const SWEEP_SECS: u32 = 60;
const RECENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_in_an_hour_are_rare() {
        let mut series = Series::default();
        let rare = (0..20).filter(|second| series.is_rare(*second)).count();
        assert_eq!(rare, 10);
        // The tenth last was at second 10.
        assert!(!series.is_rare(10 + HOUR - 1));
        assert!(series.is_rare(11 + HOUR));
    }

    #[test]
    fn nine_an_hour_stay_rare_and_ten_do_not() {
        let mut nine = Series::default();
        assert!((0..100).all(|n| nine.is_rare(n * 400)));
        let mut ten = Series::default();
        assert!((0..100).filter(|n| ten.is_rare(n * 359)).count() < 20);
    }

    #[test]
    fn one_of_a_hundred_roots_is_slow_whatever_the_distribution() {
        let mut random = 7_u64;
        for spread in [1_u32, 4, 12] {
            let mut series = Series::default();
            let mut next = || {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                f64::from(u32::try_from(random >> 32).unwrap()) / f64::from(u32::MAX)
            };
            let slow = (0..100_000).filter(|at| {
                // Ten times slower from the middle on.
                let base = if *at < 50_000 { 1e-3 } else { 1e-2 };
                let secs = base * next().powi(-1).powf(f64::from(spread) / 4.0);
                let nanos = std::time::Duration::from_secs_f64(secs).as_nanos();
                series.is_slow(u64::try_from(nanos).unwrap_or(u64::MAX))
            });
            let slow = slow.count();
            assert!((800..1300).contains(&slow), "{slow} with spread {spread}");
        }
    }

    #[test]
    fn a_tenfold_duration_is_slow_once_twenty_were_seen() {
        let mut series = Series::default();
        let usual = 5_000_000;
        assert!(!(0..20).any(|_| series.is_slow(usual)));
        assert!(series.is_slow(usual * 10));
        assert!(!series.is_slow(usual));
    }

    #[test]
    fn the_nth_root_is_one_in_n() {
        let mut series = Series::default();
        let nth: Vec<u32> = (1..=9).filter(|_| series.is_nth(3)).collect();
        assert_eq!(nth, [3, 6, 9]);
    }

    #[test]
    fn routes_of_one_fingerprint_are_apart_and_so_is_none() {
        let mut table = Table::new();
        for route in [Some("/a"), Some("/b"), None] {
            assert!(!table.of("fp", route, 0).unwrap().is_nth(2));
        }
        for route in [Some("/a"), Some("/b"), None] {
            assert!(table.of("fp", route, 0).unwrap().is_nth(2));
        }
    }

    #[test]
    fn a_full_table_has_no_place_until_an_hour_has_passed() {
        let mut table = Table::new();
        for n in 0..MOST_SERIES {
            assert!(table.of("fp", Some(&n.to_string()), 0).is_some());
        }
        assert!(table.of("fp", Some("one more"), SWEEP_SECS).is_none());
        assert!(table.of("fp", Some("7"), HOUR).is_some());
        assert!(table.of("fp", Some("one more"), HOUR).is_some());
        assert_eq!(table.series.len(), 2);
    }
}
