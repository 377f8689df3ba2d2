//! Stamps of clocks that tests hold.
//!
//! Such a stamp has the highest bit set, which no counter of a CPU reaches. Below are nanoseconds
//! since [`EPOCH_NANOS`] in 50 bits, and in the lowest 13 how often the clock was read since it was
//! advanced: what began first has the lower stamp, though no time passes. Conversions round to whole
//! nanoseconds.

#[cfg(feature = "test-util")]
use std::sync::Arc;
#[cfg(feature = "test-util")]
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(feature = "test-util")]
use std::time::Duration;

#[cfg(feature = "test-util")]
use parking_lot::RwLock;

use crate::clock::Stamp;

/// Whether one of these stamps is a test's.
#[inline]
pub(super) fn is_manual(stamps: Stamp) -> bool {
    cfg!(feature = "test-util") && stamps & TAG != 0
}

/// From one stamp to a later one; 0 if they are of different clocks.
pub(super) fn nanos_between(from: Stamp, to: Stamp) -> u64 {
    match from & to & TAG {
        0 => 0,
        _ => nanos(to).saturating_sub(nanos(from)),
    }
}

pub(super) fn unix_nanos(stamp: Stamp) -> u64 {
    EPOCH_NANOS + nanos(stamp)
}

/// The stamp that is so much later.
pub(super) fn later(stamp: Stamp, nanos: u64) -> Stamp {
    stamp.saturating_add(nanos << READ_BITS)
}

/// The stamp that is so much earlier.
pub(super) fn earlier(stamp: Stamp, nanos: u64) -> Stamp {
    let ticks = nanos.saturating_mul(1 << READ_BITS);
    (stamp & TAG) | (stamp & !TAG).saturating_sub(ticks)
}

/// Since the epoch.
fn nanos(stamp: Stamp) -> u64 {
    ((stamp & !TAG) + HALF) >> READ_BITS
}

/// A clock that stands still until it is advanced.
#[cfg(feature = "test-util")]
#[derive(Debug, Default)]
pub(crate) struct ManualClock {
    /// The stamp without its tag.
    now: AtomicU64,
    advances: AtomicU64,
    /// Where [`start_counting`](Self::start_counting) was called: time, and advances.
    counted_from: (AtomicU64, AtomicU64),
}

#[cfg(feature = "test-util")]
impl ManualClock {
    /// The clock of a recorder's events, from now on.
    pub(crate) fn of_scope(scope: u32) -> Arc<Self> {
        let mut clocks = CLOCKS.write();
        if let Some((_, clock)) = clocks.iter().find(|(other, _)| *other == scope) {
            return Arc::clone(clock);
        }
        let clock = Arc::new(Self::default());
        clocks.push((scope, Arc::clone(&clock)));
        COUNT.store(clocks.len(), Ordering::Relaxed);
        clock
    }

    /// The clock of a recorder, if a test holds it.
    pub(crate) fn held(scope: u32) -> Option<Arc<Self>> {
        let clocks = CLOCKS.read();
        let mine = clocks.iter().find(|(other, _)| *other == scope);
        mine.map(|(_, clock)| Arc::clone(clock))
    }

    /// The recorder is gone.
    pub(crate) fn forget(scope: u32) {
        let mut clocks = CLOCKS.write();
        clocks.retain(|(other, _)| *other != scope);
        COUNT.store(clocks.len(), Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, nanos: u64) {
        let later =
            |now: u64| (now >> READ_BITS).saturating_add(nanos).min(MOST_NANOS) << READ_BITS;
        change(&self.now, later);
        self.advances.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.now.load(Ordering::Relaxed) >> READ_BITS
    }

    pub(crate) fn advances(&self) -> u64 {
        self.advances.load(Ordering::Relaxed)
    }

    pub(crate) fn start_counting(&self) {
        self.counted_from.0.store(self.nanos(), Ordering::Relaxed);
        self.counted_from
            .1
            .store(self.advances(), Ordering::Relaxed);
    }

    /// Time and advances since then.
    pub(crate) fn counted(&self) -> (Duration, u64) {
        let (nanos, advances) = &self.counted_from;
        let nanos = self.nanos().saturating_sub(nanos.load(Ordering::Relaxed));
        let advances = self
            .advances()
            .saturating_sub(advances.load(Ordering::Relaxed));
        (Duration::from_nanos(nanos), advances)
    }

    fn read(&self) -> Stamp {
        let next = |now: u64| match now & (HALF - 1) {
            reads if reads == HALF - 1 => now,
            _ => now + 1,
        };
        TAG | change(&self.now, next)
    }
}

/// What the clock of a recorder says, if a test holds it.
#[cfg(feature = "test-util")]
pub(super) fn read(scope: u32) -> Option<Stamp> {
    if scope == 0 || COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let clocks = CLOCKS.read();
    let clock = clocks.iter().find(|(other, _)| *other == scope);
    clock.map(|(_, clock)| clock.read())
}

/// Gives back what it was before.
#[cfg(feature = "test-util")]
fn change(number: &AtomicU64, to: impl Fn(u64) -> u64) -> u64 {
    let changed = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(to(now)));
    changed.unwrap_or_else(|unchanged| unchanged)
}

/// By recorder.
#[cfg(feature = "test-util")]
static CLOCKS: RwLock<Vec<(u32, Arc<ManualClock>)>> = RwLock::new(Vec::new());
#[cfg(feature = "test-util")]
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// 2020-01-01T00:00:00Z, when each clock begins.
pub(crate) const EPOCH_NANOS: u64 = 1_577_836_800 * 1_000_000_000;
const TAG: Stamp = 1 << 63;
const READ_BITS: u32 = 13;
/// Half a nanosecond, and more than the clock is ever read at one moment.
const HALF: u64 = 1 << (READ_BITS - 1);
/// 13 days.
#[cfg(feature = "test-util")]
const MOST_NANOS: u64 = (1 << (63 - READ_BITS)) - 1;

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_with_each_reading_while_no_time_passes() {
        let clock = ManualClock::default();
        let stamps: Vec<Stamp> = (0..5_000).map(|_| clock.read()).collect();
        assert!(stamps.is_sorted());
        assert!(stamps[0] < stamps[4_000]);
        assert!(stamps.iter().all(|stamp| unix_nanos(*stamp) == EPOCH_NANOS));
    }

    #[test]
    fn times_are_what_the_clock_was_advanced_by_however_often_it_was_read() {
        let clock = ManualClock::default();
        for reads in [0, 3, 4_000] {
            let from = (0..=reads).map(|_| clock.read()).last().unwrap();
            clock.advance(5);
            assert_eq!(nanos_between(from, clock.read()), 5);
        }
        assert_eq!((clock.nanos(), clock.advances()), (15, 3));
    }

    #[test]
    fn an_earlier_stamp_is_so_much_earlier_and_never_before_the_epoch() {
        let clock = ManualClock::default();
        clock.advance(5);
        let now = clock.read();
        assert_eq!(nanos_between(earlier(now, 3), now), 3);
        assert_eq!(unix_nanos(earlier(now, u64::MAX)), EPOCH_NANOS);
    }

    #[test]
    fn a_clock_stops_after_thirteen_days() {
        let clock = ManualClock::default();
        clock.advance(u64::MAX);
        clock.advance(1);
        assert_eq!(clock.nanos(), MOST_NANOS);
        assert_eq!(unix_nanos(clock.read()), EPOCH_NANOS + MOST_NANOS);
    }

    #[test]
    fn between_clocks_no_time_passes() {
        let clock = ManualClock::default();
        clock.advance(1_000_000);
        let manual = clock.read();
        assert_eq!(nanos_between(1, manual), 0);
        assert_eq!(nanos_between(manual, 1), 0);
    }
}
