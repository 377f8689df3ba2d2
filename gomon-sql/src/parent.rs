//! Whose child an event becomes.

use gomon_core::{Context, EventTracker};

/// The parent of an event that is made later, at the first poll.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// A transaction or a lease of ours.
    Event(Context),
    /// What was current when the call was made.
    Call {
        /// The context of the call.
        context: Context,
        /// The physical connection, where it is known: the parent of an event that has no other.
        connection: Option<Context>,
    },
}

impl Parent {
    /// The parent of a call made here and now.
    pub(crate) fn current() -> Self {
        Self::Call {
            context: Context::current(),
            connection: None,
        }
    }

    /// The parent of a call made here and now on a known connection.
    pub(crate) fn current_or(connection: Context) -> Self {
        Self::Call {
            context: Context::current(),
            connection: Some(connection),
        }
    }

    /// The parent of an event that is made here; where no context is current, the one that was kept elsewhere, if any.
    #[cfg(feature = "tracing")]
    pub(crate) fn current_or_else(kept: impl FnOnce() -> Option<Context>) -> Self {
        let current = Context::current();
        let kept = if current.is_application() {
            kept()
        } else {
            None
        };
        Self::Call {
            context: kept.unwrap_or(current),
            connection: None,
        }
    }

    /// The context in which the event will most likely be made.
    pub(crate) fn context(self) -> Context {
        match self {
            Self::Event(context) => context,
            Self::Call {
                context,
                connection: Some(connection),
            } if context.is_application() => connection,
            Self::Call { context, .. } => context,
        }
    }

    /// Makes the event. A future built in one place and polled in another belongs to the place that built it; if that
    /// had no context, to the one that polls it; if neither has, on a task, the event is an orphan.
    pub(crate) fn open(self, fp: &'static str) -> EventTracker {
        let (context, connection) = match self {
            Self::Event(context) => return EventTracker::in_context(fp, context),
            Self::Call {
                context,
                connection,
            } => (context, connection),
        };
        let context = if context.is_application() {
            Context::current()
        } else {
            context
        };
        if !context.is_application() {
            return EventTracker::in_context(fp, context);
        }
        let mut tracker = EventTracker::in_context(fp, connection.unwrap_or(context));
        tracker.orphan_unless_caused(context);
        tracker
    }
}
