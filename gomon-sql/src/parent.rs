//! Whose child an event becomes.

use gomon_core::{Context, EventTracker};

/// The parent of an event that is made later, at the first poll.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// A transaction, a lease or a physical connection of ours.
    Event(Context),
    /// What was current when the call was made.
    Call(Context),
}

impl Parent {
    /// The parent of a call made here and now.
    pub(crate) fn current() -> Self {
        Self::Call(Context::current())
    }

    /// Makes the event. A future built in one place and polled in another belongs to the place that built it; if that
    /// had no context, to the one that polls it; if neither has, the event is an orphan.
    pub(crate) fn open(self, fp: &'static str) -> EventTracker {
        let context = match self {
            Self::Event(context) => return EventTracker::in_context(fp, context),
            Self::Call(context) if context.is_application() => Context::current(),
            Self::Call(context) => context,
        };
        let mut tracker = EventTracker::in_context(fp, context);
        if context.is_application() {
            tracker.orphan();
        }
        tracker
    }
}
