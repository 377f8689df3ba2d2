//! The time of an event for those who do not hold its tracker.

use std::time::Duration;

use crate::clock::{self, Source, Stamp};

/// The time since an event started, by the clock of that event: for a part of the work that is done
/// elsewhere, such as the connection that a request waits for.
///
/// Made by [`EventTracker::stopwatch`](crate::EventTracker::stopwatch). It does not keep the event
/// open, and goes on when that has ended.
///
/// ```
/// use gomon_core::EventTracker;
///
/// let tracker = EventTracker::new("import");
/// let watch = tracker.stopwatch();
/// assert!(watch.elapsed() <= tracker.elapsed() || !tracker.is_recording());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    start: Stamp,
    source: Source,
}

impl Stopwatch {
    pub(crate) const fn new(start: Stamp, source: Source) -> Self {
        Self { start, source }
    }

    /// The time since the event started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(clock::nanos_between(self.start, self.source.now()))
    }
}
