use serde::Deserialize;

use crate::tracker::cut_short;

/// How the thing an event describes came to its end: exactly one on every closing event.
///
/// The variants are ordered by precedence (docs/events.md, section 2), the weakest first:
/// [`EventTracker::mark`](crate::EventTracker::mark) only ever moves towards the end of this list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It did what it set out to do.
    #[default]
    Completed,
    /// A unit of work was still open when gomon shut down.
    Abandoned,
    /// Its future was dropped before it was ready: client gone, `select!` lost, task aborted.
    Cancelled,
    /// A body or row stream was dropped before its end.
    Truncated,
    /// It returned an error.
    Failed,
    /// It ended by a deadline that gomon can see.
    TimedOut,
    /// Unwinding passed through it.
    Panicked,
}

impl Outcome {
    /// All of them, by their numbers.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) const ALL: [Self; 7] = [
        Self::Completed,
        Self::Abandoned,
        Self::Cancelled,
        Self::Truncated,
        Self::Failed,
        Self::TimedOut,
        Self::Panicked,
    ];

    /// The one whose number, as by `as`, it is.
    #[inline]
    pub(crate) const fn numbered(number: u8) -> Self {
        match number {
            1 => Self::Abandoned,
            2 => Self::Cancelled,
            3 => Self::Truncated,
            4 => Self::Failed,
            5 => Self::TimedOut,
            6 => Self::Panicked,
            _ => Self::Completed,
        }
    }

    /// The name used in `gomon:outcome`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Abandoned => "abandoned",
            Self::Cancelled => "cancelled",
            Self::Truncated => "truncated",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Panicked => "panicked",
        }
    }

    /// This outcome of a future or stream that is being dropped; but
    /// [`TimedOut`](Self::TimedOut) for one that is cut short because the deadline of a
    /// [`timeout`](crate::time::timeout) passed.
    ///
    /// For wrappers that do not use [`EndGuard`](crate::EndGuard), which asks by itself.
    #[must_use]
    pub fn when_dropped(self) -> Self {
        let cut_short = matches!(self, Self::Cancelled | Self::Truncated);
        if cut_short && cut_short::by_deadline() {
            Self::TimedOut
        } else {
            self
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
