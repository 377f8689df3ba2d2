//! Raw stamps on the application's threads, and the one conversion of them to wall time.
//!
//! A stamp is what the CPU's counter says (`quanta` calibrates it and falls back to the operating
//! system's clock). Wall time is an anchor, a stamp and the Unix time it stood for, plus what has
//! passed since. [`slew`] renews the anchor without a jump: the new one starts where the old one
//! stands and runs up to 500 ppm faster or slower until it agrees with the system's clock again.
//! So wall time never goes backwards inside a process, whatever the system's clock does.
//!
//! A forward step of the system's clock is caught up with at that pace too: half a millisecond a
//! second. A process that started before its machine had the right time (a container that began in
//! 1970, a machine that was resumed) keeps on being behind by the rest of it, for an hour by 1.8
//! seconds less. Within the process the times agree with each other all along; to agree with others
//! it has to be started again.

pub(crate) mod manual;
mod source;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::fork;

pub(crate) use source::Source;

/// A raw reading of the monotonic clock.
pub(crate) type Stamp = u64;

#[inline]
pub(crate) fn now() -> Stamp {
    CLOCK.raw()
}

/// Nanoseconds from one stamp to a later one; 0 if it is not later.
#[inline]
pub(crate) fn nanos_between(from: Stamp, to: Stamp) -> u64 {
    Speed::of_clock().nanos_between(from, to)
}

/// How fast the monotonic clock runs, for many conversions: it is asked for once.
#[derive(Clone, Copy)]
pub(crate) struct Speed(u64);

impl Speed {
    #[inline]
    pub(crate) fn of_clock() -> Self {
        Self(*SPEED)
    }

    /// As [`nanos_between`].
    #[inline]
    pub(crate) fn nanos_between(self, from: Stamp, to: Stamp) -> u64 {
        if manual::is_manual(from | to) {
            return manual::nanos_between(from, to);
        }
        scaled(to.saturating_sub(from), self.0)
    }
}

/// The Unix time of a stamp, in nanoseconds. It never runs backwards: the time of a stamp from
/// before the last anchor is that of the anchor which was valid then.
#[inline]
pub(crate) fn unix_nanos(stamp: Stamp) -> u64 {
    WallTime::now().unix_nanos(stamp)
}

/// The same in milliseconds, and the stamp at which they end.
pub(crate) fn unix_millis(stamp: Stamp) -> (u64, Stamp) {
    let nanos = unix_nanos(stamp);
    let left = MILLI - nanos % MILLI;
    if manual::is_manual(stamp) {
        return (nanos / MILLI, manual::later(stamp, left));
    }
    // A little too early is found out by then; a little too late never is.
    let ticks = (u128::from(left) << 32) / u128::from(*SPEED + *SPEED / SLOWEST_SLEW);
    let until = stamp.saturating_add(u64::try_from(ticks).unwrap_or(0));
    (nanos / MILLI, until)
}

/// The stamp that is so much earlier, at the least the first of all.
pub(crate) fn earlier(stamp: Stamp, nanos: u64) -> Stamp {
    if manual::is_manual(stamp) {
        return manual::earlier(stamp, nanos);
    }
    let ticks = (u128::from(nanos) << 32) / u128::from(*SPEED);
    let ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
    stamp.saturating_sub(ticks).max(ANCHOR.first.min(stamp))
}

/// Unix time in milliseconds as the bus has looked at it last: within a tenth of a second, unless it is held up.
#[inline]
pub(crate) fn coarse_unix_millis() -> u64 {
    COARSE_MILLIS.0.load(Ordering::Relaxed)
}

/// To be called by the bus again and again.
pub(crate) fn renew_coarse_time() {
    COARSE_MILLIS
        .0
        .store(unix_nanos(now()) / MILLI, Ordering::Relaxed);
}

/// How stamps are converted just now, for many of them.
#[derive(Clone, Copy)]
pub(crate) struct WallTime(Anchor);

impl WallTime {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(ANCHOR.load())
    }

    #[inline]
    pub(crate) fn unix_nanos(&self, stamp: Stamp) -> u64 {
        if manual::is_manual(stamp) {
            manual::unix_nanos(stamp)
        } else if stamp >= self.0.stamp {
            self.0.unix_nanos(stamp)
        } else {
            // A child whose parent was just slewing does without.
            let history = fork::lock(&HISTORY);
            history.map_or_else(
                || self.0.unix_nanos(stamp),
                |history| history.unix_nanos(stamp, &self.0),
            )
        }
    }
}

/// The time since gomon first looked at the clock; it never goes backwards.
///
/// For wrappers that measure intervals of their own.
#[must_use]
pub fn monotonic() -> Duration {
    Duration::from_nanos(monotonic_nanos())
}

pub(crate) fn monotonic_nanos() -> u64 {
    nanos_between(ANCHOR.first, now())
}

/// Renews the anchor; the bus does so once a minute.
pub(crate) fn slew() {
    ANCHOR.store(|anchor| {
        HISTORY.lock().push(anchor);
        anchor.slewed(now(), system_nanos())
    });
}

/// Where wall time stands and how fast it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Anchor {
    stamp: Stamp,
    unix_nanos: u64,
    /// How fast it runs: nanoseconds in 2^32 of the stamp's ticks.
    speed: u64,
}

impl Anchor {
    #[inline]
    fn unix_nanos(&self, stamp: Stamp) -> u64 {
        if stamp >= self.stamp {
            self.unix_nanos
                .saturating_add(scaled(stamp - self.stamp, self.speed))
        } else {
            self.unix_nanos
                .saturating_sub(scaled(self.stamp - stamp, self.speed))
        }
    }

    /// The anchor from `stamp` on: it meets `system_nanos` after one interval, if 500 ppm suffice.
    fn slewed(&self, stamp: Stamp, system_nanos: u64) -> Self {
        let here = self.unix_nanos(stamp);
        let behind = i128::from(system_nanos) - i128::from(here);
        let wanted = i128::from(*SPEED) * behind / i128::from(SLEW_INTERVAL_NANOS);
        let most = i128::from(*SPEED / SLOWEST_SLEW);
        let speed = i128::from(*SPEED) + wanted.clamp(-most, most);
        Self {
            stamp,
            unix_nanos: here,
            speed: u64::try_from(speed).unwrap_or(*SPEED),
        }
    }

    /// The anchor that stands here and comes to where a later one stands.
    fn straight_to(&self, later: &Self) -> Self {
        let ticks = u128::from(later.stamp.saturating_sub(self.stamp)).max(1);
        let wall = u128::from(later.unix_nanos.saturating_sub(self.unix_nanos));
        let speed = u64::try_from((wall << 32) / ticks);
        Self {
            speed: speed.unwrap_or(self.speed),
            ..*self
        }
    }
}

/// Ticks in nanoseconds.
#[inline]
fn scaled(ticks: u64, speed: u64) -> u64 {
    let nanos = (u128::from(ticks) * u128::from(speed)) >> 32;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// Earlier anchors, the oldest first. Wall time goes from one to the next without a jump.
struct History(Vec<Anchor>);

impl History {
    fn push(&mut self, anchor: Anchor) {
        if self.0.len() == HISTORY_ANCHORS {
            self.thin();
        }
        self.0.push(anchor);
    }

    /// Drops every second anchor; the one before goes straight on to the one after.
    fn thin(&mut self) {
        let pairs = self.0.chunks(2).zip(self.0.chunks(2).skip(1));
        let straight = pairs.filter_map(|(pair, next)| {
            let (first, next) = (pair.first()?, next.first()?);
            Some(first.straight_to(next))
        });
        let mut kept: Vec<Anchor> = straight.collect();
        // The last pair has no next one yet, and stays.
        let last = self.0.len() - self.0.len().min(2 - self.0.len() % 2);
        kept.extend_from_slice(self.0.get(last..).unwrap_or(&[]));
        self.0 = kept;
    }

    fn unix_nanos(&self, stamp: Stamp, newest: &Anchor) -> u64 {
        let after = self.0.partition_point(|anchor| anchor.stamp <= stamp);
        let valid = self.0.get(after.saturating_sub(1));
        valid.unwrap_or(newest).unix_nanos(stamp)
    }
}

/// The anchor, read without a lock by every thread: a sequence lock over three words.
struct AnchorCell {
    /// Odd while a writer is at work.
    sequence: AtomicU64,
    /// The first stamp of all.
    first: Stamp,
    stamp: AtomicU64,
    unix_nanos: AtomicU64,
    speed: AtomicU64,
    writer: Mutex<()>,
}

impl AnchorCell {
    fn load(&self) -> Anchor {
        let mut turns = 0_u32;
        loop {
            // Acquire: pairs with the Release store at the end of `store`.
            let before = self.sequence.load(Ordering::Acquire);
            let anchor = Anchor {
                stamp: self.stamp.load(Ordering::Relaxed),
                unix_nanos: self.unix_nanos.load(Ordering::Relaxed),
                speed: self.speed.load(Ordering::Relaxed),
            };
            // Acquire: pairs with the Release fence in `store`; a word of a newer write makes the
            // second reading of the sequence differ.
            fence(Ordering::Acquire);
            if before & 1 == 0 && before == self.sequence.load(Ordering::Relaxed) {
                return anchor;
            }
            // A writer that was at it when this process was forked will never be done.
            turns = turns.wrapping_add(1);
            if turns.is_multiple_of(MANY_TURNS) && fork::is_child() {
                return anchor;
            }
            std::hint::spin_loop();
        }
    }

    fn store(&self, next: impl FnOnce(Anchor) -> Anchor) {
        let _writer = self.writer.lock();
        let anchor = next(self.load());
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        // Release: pairs with the Acquire fence in `load`.
        fence(Ordering::Release);
        self.stamp.store(anchor.stamp, Ordering::Relaxed);
        self.unix_nanos.store(anchor.unix_nanos, Ordering::Relaxed);
        self.speed.store(anchor.speed, Ordering::Relaxed);
        // Release: pairs with the Acquire load at the start of `load`.
        self.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's clock"
)]
fn system_nanos() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

const MILLI: u64 = 1_000_000;
pub(crate) const SLEW_INTERVAL_NANOS: u64 = 60 * 1_000_000_000;
/// 500 ppm is one in so many.
const SLOWEST_SLEW: u64 = 2000;
/// More than any write takes.
const MANY_TURNS: u32 = 100_000;
/// At one a minute the last 17 hours are kept as they were.
const HISTORY_ANCHORS: usize = 1024;

static COARSE_MILLIS: Alone = Alone(AtomicU64::new(0));

/// On a cache line of its own, which is read far more often than written.
#[repr(align(128))]
struct Alone(AtomicU64);

static HISTORY: Mutex<History> = Mutex::new(History(Vec::new()));

/// The speed of the monotonic clock.
static SPEED: LazyLock<u64> = LazyLock::new(|| CLOCK.delta_as_nanos(0, 1 << 32).max(1));
static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);
static ANCHOR: LazyLock<AnchorCell> = LazyLock::new(|| {
    let first = now();
    AnchorCell {
        sequence: AtomicU64::new(0),
        first,
        stamp: AtomicU64::new(first),
        unix_nanos: AtomicU64::new(system_nanos()),
        speed: AtomicU64::new(*SPEED),
        writer: Mutex::new(()),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = SLEW_INTERVAL_NANOS;

    fn at(nanos: u64) -> Stamp {
        let ticks = (u128::from(nanos) << 32) / u128::from(*SPEED);
        (1 << 40) + u64::try_from(ticks).unwrap()
    }

    #[test]
    fn a_system_clock_set_back_never_takes_wall_time_back() {
        let anchor = Anchor {
            stamp: at(0),
            unix_nanos: 5_000_000_000_000,
            speed: *SPEED,
        };
        let slewed = anchor.slewed(at(MINUTE), 0);
        assert_eq!(slewed.speed, *SPEED - *SPEED / SLOWEST_SLEW);
        assert_eq!(slewed.unix_nanos, anchor.unix_nanos(at(MINUTE)));
        assert!(slewed.unix_nanos(at(MINUTE + 1_000_000)) > slewed.unix_nanos);
    }

    #[test]
    fn a_small_difference_is_made_up_for_within_one_interval() {
        let anchor = Anchor {
            stamp: at(0),
            unix_nanos: 0,
            speed: *SPEED,
        };
        let ahead = 1_000_000;
        let here = anchor.unix_nanos(at(MINUTE));
        let slewed = anchor.slewed(at(MINUTE), here + ahead);
        let after = slewed.unix_nanos(at(2 * MINUTE));
        let due = anchor.unix_nanos(at(2 * MINUTE)) + ahead;
        assert!(after.abs_diff(due) < 10_000, "{after} against {due}");
    }

    #[test]
    fn stamps_before_the_anchor_have_a_wall_time_too() {
        let anchor = Anchor {
            stamp: at(MINUTE),
            unix_nanos: MINUTE,
            speed: *SPEED,
        };
        assert!(anchor.unix_nanos(at(0)).abs_diff(0) < 100_000);
    }

    #[test]
    fn a_thinned_history_tells_the_same_time_where_it_kept_an_anchor() {
        let mut anchors = vec![Anchor {
            stamp: at(0),
            unix_nanos: 1 << 60,
            speed: *SPEED,
        }];
        for minute in 1..7 {
            let last = anchors[anchors.len() - 1];
            let here = at(minute * MINUTE);
            let system = last.unix_nanos(here) + 1_000_000 * (minute % 3);
            anchors.push(last.slewed(here, system));
        }
        let mut history = History(anchors.clone());
        history.thin();
        assert!(history.0.len() < anchors.len());
        let newest = anchors[anchors.len() - 1];
        for anchor in &history.0 {
            assert_eq!(history.unix_nanos(anchor.stamp, &newest), anchor.unix_nanos);
        }
        let times: Vec<u64> = (0..700)
            .map(|at_time| history.unix_nanos(at(at_time * MINUTE / 100), &newest))
            .collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn a_counter_that_is_set_back_makes_lengths_zero_and_never_huge() {
        let (before, now) = (now(), now());
        assert_eq!(nanos_between(now + 1_000_000, before), 0);
        assert_eq!(nanos_between(u64::MAX, 0), 0);
    }

    #[test]
    fn an_earlier_stamp_is_so_much_earlier_but_none_is_before_the_first() {
        let first = ANCHOR.first;
        let later = first + (at(MINUTE) - at(0));
        let before = earlier(later, MINUTE / 2);
        assert!(nanos_between(before, later).abs_diff(MINUTE / 2) < 1_000);
        assert_eq!(earlier(later, u64::MAX), first);
        assert_eq!(earlier(later, 0), later);
    }

    #[test]
    fn wall_time_agrees_with_the_system_clock() {
        assert!(unix_nanos(now()).abs_diff(system_nanos()) < 1_000_000_000);
    }
}
