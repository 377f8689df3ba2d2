use std::time::Duration;

use crate::clock::{self, Stamp};

/// A point in time until which something may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline {
    from: Stamp,
    nanos: u64,
}

impl Deadline {
    pub(crate) const PASSED: Self = Self { from: 0, nanos: 0 };

    pub(crate) fn after(duration: Duration) -> Self {
        Self {
            from: clock::now(),
            nanos: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn later(self, other: Self) -> Self {
        if self.left() >= other.left() {
            self
        } else {
            other
        }
    }

    /// The time that is left; zero once it has passed.
    pub(crate) fn left(self) -> Duration {
        Duration::from_nanos(
            self.nanos
                .saturating_sub(clock::nanos_between(self.from, clock::now())),
        )
    }
}
