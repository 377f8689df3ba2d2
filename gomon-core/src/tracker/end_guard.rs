use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::event::outcome::Outcome;
use crate::tracker::EventTracker;
use crate::tracker::panics;

/// Owns an event across everything it spans, a future and then the body or stream it returned, so
/// that each way of ending gives the one right outcome.
///
/// Until [`finish`](Self::finish) is called, dropping the guard ends the event with what
/// [`on_drop`](Self::on_drop) said last, [`Outcome::Cancelled`] at first; a panic inside
/// [`poll`](Self::poll) ends it as [`Outcome::Panicked`] and goes on unwinding. Once it was polled
/// no other panic does; before, it is like a tracker on its own, which has panicked when unwinding
/// drops it.
///
/// ```
/// use gomon_core::{EndGuard, EventTracker, Outcome};
///
/// let mut guard = EndGuard::new(EventTracker::new("download"));
/// let head = guard.poll(|| "200 OK"); // the head is there …
/// guard.on_drop(Outcome::Truncated); // … and whoever drops the body now cuts it short
/// guard.finish(Outcome::Completed);
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard ends its event as cancelled"]
pub struct EndGuard {
    tracker: EventTracker,
    on_drop: Outcome,
    /// It is that of a future or a body: panics are caught where they pass through it.
    polled: bool,
}

impl EndGuard {
    /// Takes over an event.
    pub const fn new(tracker: EventTracker) -> Self {
        Self {
            tracker,
            on_drop: Outcome::Cancelled,
            polled: false,
        }
    }

    /// What dropping the guard means from now on.
    pub const fn on_drop(&mut self, outcome: Outcome) {
        self.on_drop = outcome;
    }

    /// The event, to add to it.
    pub const fn tracker(&mut self) -> &mut EventTracker {
        &mut self.tracker
    }

    /// The event, to look at it.
    pub const fn tracker_ref(&self) -> &EventTracker {
        &self.tracker
    }

    /// Runs `f`, a poll as a rule, with the event as the current one.
    ///
    /// # Panics
    ///
    /// When `f` does: the event is marked as panicked, with payload and location, and ends when the
    /// guard is dropped.
    pub fn poll<R>(&mut self, f: impl FnOnce() -> R) -> R {
        if !self.tracker.is_recording() {
            return f();
        }
        self.polled = true;
        panics::forget_last();
        let tracker = &mut self.tracker;
        match catch_unwind(AssertUnwindSafe(|| tracker.enter(f))) {
            Ok(result) => result,
            Err(payload) => {
                // The owner may add what it knows while the unwinding drops it.
                let error = panics::caught(payload.as_ref());
                self.tracker.push_error(error).mark(Outcome::Panicked);
                resume_unwind(payload)
            }
        }
    }

    /// Ends the event.
    pub fn finish(mut self, outcome: Outcome) {
        self.on_drop = outcome;
    }

    /// Gives the event back; the guard has nothing to end any more.
    pub fn into_tracker(mut self) -> EventTracker {
        std::mem::replace(&mut self.tracker, EventTracker::empty())
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if self.polled {
            // A panic of its own was caught and marked. That another one unwinds says only that
            // this is being dropped.
            self.tracker.ignore_unwinding();
        }
        if !self.tracker.is_unwound() {
            self.tracker.mark(self.on_drop);
        }
    }
}
