//! Raw stamps on the application's threads, and the one conversion of them to wall time.
//!
//! A stamp is what the CPU's counter says (`quanta` calibrates it and falls back to the operating
//! system's clock). Wall time is an anchor, a stamp and the Unix time it stood for, plus what has
//! passed since. [`slew`] renews the anchor without a jump: the new one starts where the old one
//! stands and runs up to 500 ppm faster or slower until it agrees with the system's clock again.
//! So wall time never goes backwards inside a process, whatever the system's clock does.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// A raw reading of the monotonic clock.
pub(crate) type Stamp = u64;

pub(crate) fn now() -> Stamp {
    CLOCK.raw()
}

/// Nanoseconds from one stamp to a later one; 0 if it is not later.
pub(crate) fn nanos_between(from: Stamp, to: Stamp) -> u64 {
    if to <= from {
        0
    } else {
        CLOCK.delta_as_nanos(from, to)
    }
}

/// The Unix time of a stamp, in nanoseconds.
pub(crate) fn unix_nanos(stamp: Stamp) -> u64 {
    ANCHOR.load().unix_nanos(stamp)
}

/// The time since gomon first looked at the clock; it never goes backwards.
///
/// For wrappers that measure intervals of their own.
#[must_use]
pub fn monotonic() -> Duration {
    Duration::from_nanos(nanos_between(ANCHOR.first, now()))
}

/// Renews the anchor; the bus does so once a minute.
pub(crate) fn slew() {
    ANCHOR.store(|anchor| anchor.slewed(now(), system_nanos()));
}

/// Where wall time stands and how fast it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Anchor {
    stamp: Stamp,
    unix_nanos: u64,
    /// Parts per billion by which wall time runs faster than the monotonic clock.
    rate_ppb: i64,
}

impl Anchor {
    fn unix_nanos(&self, stamp: Stamp) -> u64 {
        if stamp >= self.stamp {
            self.unix_nanos
                .saturating_add(self.scaled(nanos_between(self.stamp, stamp)))
        } else {
            self.unix_nanos
                .saturating_sub(self.scaled(nanos_between(stamp, self.stamp)))
        }
    }

    fn scaled(&self, nanos: u64) -> u64 {
        let nanos = i128::from(nanos);
        let scaled = nanos + nanos * i128::from(self.rate_ppb) / BILLION;
        u64::try_from(scaled).unwrap_or(0)
    }

    /// The anchor from `stamp` on: it meets `system_nanos` after one interval, if 500 ppm suffice.
    fn slewed(&self, stamp: Stamp, system_nanos: u64) -> Self {
        let here = self.unix_nanos(stamp);
        let behind = i128::from(system_nanos) - i128::from(here);
        let wanted = behind * BILLION / i128::from(SLEW_INTERVAL_NANOS);
        let rate = wanted.clamp(-i128::from(MAX_RATE_PPB), i128::from(MAX_RATE_PPB));
        Self {
            stamp,
            unix_nanos: here,
            rate_ppb: i64::try_from(rate).unwrap_or(0),
        }
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
    rate_ppb: AtomicI64,
    writer: Mutex<()>,
}

impl AnchorCell {
    fn load(&self) -> Anchor {
        loop {
            // Acquire: pairs with the Release store at the end of `store`.
            let before = self.sequence.load(Ordering::Acquire);
            let anchor = Anchor {
                stamp: self.stamp.load(Ordering::Relaxed),
                unix_nanos: self.unix_nanos.load(Ordering::Relaxed),
                rate_ppb: self.rate_ppb.load(Ordering::Relaxed),
            };
            // Acquire: pairs with the Release fence in `store`; a word of a newer write makes the
            // second reading of the sequence differ.
            fence(Ordering::Acquire);
            if before & 1 == 0 && before == self.sequence.load(Ordering::Relaxed) {
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
        self.rate_ppb.store(anchor.rate_ppb, Ordering::Relaxed);
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

pub(crate) const SLEW_INTERVAL_NANOS: u64 = 60 * 1_000_000_000;
const MAX_RATE_PPB: i64 = 500_000;
const BILLION: i128 = 1_000_000_000;

static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);
static ANCHOR: LazyLock<AnchorCell> = LazyLock::new(|| {
    let first = now();
    AnchorCell {
        sequence: AtomicU64::new(0),
        first,
        stamp: AtomicU64::new(first),
        unix_nanos: AtomicU64::new(system_nanos()),
        rate_ppb: AtomicI64::new(0),
        writer: Mutex::new(()),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = SLEW_INTERVAL_NANOS;

    fn at(nanos: u64) -> Stamp {
        // Stamps whose distances are whole nanoseconds on any machine: scale by what quanta says.
        let per_million = CLOCK.delta_as_nanos(1_000_000, 2_000_000).max(1);
        1_000_000 + u64::try_from(u128::from(nanos) * 1_000_000 / u128::from(per_million)).unwrap()
    }

    #[test]
    fn a_system_clock_set_back_never_takes_wall_time_back() {
        let anchor = Anchor {
            stamp: at(0),
            unix_nanos: 5_000_000_000_000,
            rate_ppb: 0,
        };
        let slewed = anchor.slewed(at(MINUTE), 0);
        assert_eq!(slewed.rate_ppb, -MAX_RATE_PPB);
        assert_eq!(slewed.unix_nanos, anchor.unix_nanos(at(MINUTE)));
        assert!(slewed.unix_nanos(at(MINUTE + 1_000_000)) > slewed.unix_nanos);
    }

    #[test]
    fn a_small_difference_is_made_up_for_within_one_interval() {
        let anchor = Anchor {
            stamp: at(0),
            unix_nanos: 0,
            rate_ppb: 0,
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
            rate_ppb: 0,
        };
        assert!(anchor.unix_nanos(at(0)).abs_diff(0) < 100_000);
    }

    #[test]
    fn wall_time_agrees_with_the_system_clock() {
        assert!(unix_nanos(now()).abs_diff(system_nanos()) < 1_000_000_000);
    }
}
