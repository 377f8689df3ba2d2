use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Stamp;
use crate::wait::account::Phase;

/// What a unit is doing, for others to look at while whoever polls it goes on: only that one shows it, without a lock.
#[derive(Debug)]
pub(crate) struct Glance {
    /// Since when the phase lasts, and in place of the two lowest bits the phase.
    phase: AtomicU64,
    /// The time inside of polls before that.
    busy: AtomicU64,
}

/// What one look saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) phase: Phase,
    /// To four ticks of the clock, some nanoseconds.
    pub(crate) since: Stamp,
    /// The time inside of polls before that, in ticks.
    pub(crate) busy: u64,
}

impl Glance {
    pub(crate) fn new(start: Stamp) -> Self {
        Self {
            phase: AtomicU64::new(packed(Phase::Polled, start)),
            busy: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(crate) fn show(&self, Seen { phase, since, busy }: Seen) {
        self.busy.store(busy, Ordering::Relaxed);
        self.phase.store(packed(phase, since), Ordering::Release);
    }

    /// Phase and time may be of two moments that follow each other.
    pub(crate) fn look(&self) -> Seen {
        let phase = self.phase.load(Ordering::Acquire);
        Seen {
            phase: match phase & PHASE {
                0 => Phase::Polled,
                1 => Phase::Runnable,
                2 => Phase::Pending,
                _ => Phase::HandedOver,
            },
            since: phase & !PHASE,
            busy: self.busy.load(Ordering::Relaxed),
        }
    }
}

fn packed(phase: Phase, since: Stamp) -> u64 {
    since & !PHASE | phase as u64
}

const PHASE: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_is_seen_as_it_was_shown() {
        let glance = Glance::new(1_003);
        let seen = glance.look();
        assert_eq!(
            (seen.phase, seen.since, seen.busy),
            (Phase::Polled, 1_000, 0)
        );
        let phases = [
            Phase::Polled,
            Phase::Runnable,
            Phase::Pending,
            Phase::HandedOver,
        ];
        for phase in phases {
            let since = !PHASE;
            let seen = Seen {
                phase,
                since,
                busy: 7,
            };
            glance.show(seen);
            assert_eq!(glance.look(), seen);
        }
    }
}
