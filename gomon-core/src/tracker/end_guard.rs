use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::clock::{self, Stamp};
use crate::context::future::poll_some;
use crate::event::outcome::Outcome;
use crate::tracker::profile::Profile;
use crate::tracker::work::WorkDetails;
use crate::tracker::{EventTracker, panics};
use crate::wait::meter::Meter;
use crate::wait::{breakdown, spare};

/// Owns an event across everything it spans, a future and then the body or stream it returned, so
/// that each way of ending gives the one right outcome.
///
/// Until [`finish`](Self::finish) is called, dropping the guard ends the event with what
/// [`on_drop`](Self::on_drop) said last, [`Outcome::Cancelled`] at first; cut short by a
/// [`timeout`](crate::time::timeout), as [`Outcome::TimedOut`]. A panic inside
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
    /// What comes after the last poll is no part of it.
    ends_with_poll: bool,
    meter: Option<Box<Meter>>,
    /// The registry knows it by its meter.
    is_listed: bool,
    /// What a unit takes beside time, while a live switch may ask for it.
    profile: Option<Profile>,
}

impl EndGuard {
    /// Takes over an event.
    pub const fn new(tracker: EventTracker) -> Self {
        Self {
            tracker,
            on_drop: Outcome::Cancelled,
            polled: false,
            ends_with_poll: false,
            meter: None,
            is_listed: false,
            profile: None,
        }
    }

    /// Takes over the event of a unit of work that is polled by
    /// [`poll_future`](Self::poll_future): the event will say where its time went, and
    /// [`in_flight`](crate::in_flight) what it is doing if it is registered. See
    /// [`wait`](crate::wait).
    pub fn unit(tracker: EventTracker) -> Self {
        let meter = tracker.start_stamp();
        let meter = meter.map(|start| spare::take(start, tracker.clock()));
        if let Some(meter) = &meter {
            tracker.watch(meter.unit());
        }
        Self::metered(tracker, meter)
    }

    fn metered(tracker: EventTracker, meter: Option<Box<Meter>>) -> Self {
        let profile = Profile::if_asked_for(&tracker);
        let mut guard = Self::new(tracker);
        (guard.meter, guard.profile) = (meter, profile);
        guard
    }

    /// The time from the event's start to the end of the last poll, for whoever notes what that brought; to now where there was
    /// none, and where no [`unit`](Self::unit) is polled.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match (self.tracker.start_stamp(), self.last_poll()) {
            (Some(start), Some(end)) => Duration::from_nanos(clock::nanos_between(start, end)),
            _ => self.tracker.elapsed(),
        }
    }

    /// The event ends with the last poll, as of when that ended. To be said right after it, before the guard is dropped.
    pub const fn ends_with_poll(&mut self) {
        self.ends_with_poll = true;
    }

    /// The time that the event will have taken, if it ends now.
    #[must_use]
    pub fn elapsed_at_end(&self) -> Duration {
        match self.ends_with_poll {
            true => self.elapsed(),
            false => self.tracker.elapsed(),
        }
    }

    fn last_poll(&self) -> Option<Stamp> {
        self.meter.as_ref().and_then(|meter| meter.last_poll())
    }

    /// The same of an event that is [registered](EventTracker::register) just now, under the label that `label` appends: a text
    /// of its own is not needed for it. `label` is called at once, or not at all if there is no event, and must do no more than
    /// that.
    pub fn registered_unit(
        mut tracker: EventTracker,
        details: WorkDetails,
        label: impl FnOnce(&mut String),
    ) -> Self {
        let meter = tracker.start_stamp();
        let meter = meter.map(|start| spare::take(start, tracker.clock()));
        let unit = meter.as_ref().map(|meter| meter.unit());
        let is_listed = unit.is_some_and(|unit| tracker.list(label, details, unit));
        let mut guard = Self::metered(tracker, meter);
        guard.is_listed = is_listed;
        guard
    }

    /// Measures the CPU time and the allocations of its polls from now on; the event will say them as `cpu` and `allocs`, the
    /// latter where the program's allocator counts (see [`meter`](crate::meter)). It costs 0.8 µs for each poll: a wrapper
    /// of what comes often asks for it now and then.
    pub fn measure(&mut self) {
        self.profile = self.tracker.is_recording().then(Profile::wanted);
    }

    /// Where the time of a [`unit`](Self::unit) went up to now: `busy`, `ready`, and the kinds of waits, as far as they took time.
    #[must_use]
    pub fn spent(&self) -> Vec<(&'static str, Duration)> {
        let meter = self.meter.as_ref();
        meter.map_or_else(Vec::new, |meter| {
            breakdown::list(&meter.so_far(), &self.tracker)
        })
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

    /// Runs `f`, a part of the event, with the event as the current one. For a
    /// [`unit`](Self::unit) that is the call that makes what is polled, or its drop.
    ///
    /// # Panics
    ///
    /// When `f` does: the event is marked as panicked, with payload and location, and ends when the
    /// guard is dropped.
    pub fn poll<R>(&mut self, f: impl FnOnce() -> R) -> R {
        if !self.tracker.is_recording() {
            return self.tracker.enter(f);
        }
        self.catching(|this| this.run(f))
    }

    /// Runs one poll of the future, body or stream that the event is about, with the event as the
    /// current one. Between a poll that is pending and the next, a [`unit`](Self::unit) waits.
    ///
    /// # Panics
    ///
    /// As in [`poll`](Self::poll).
    pub fn poll_future<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if !self.tracker.is_recording() {
            return self.tracker.enter(|| poll(cx));
        }
        let poll = |this: &mut Self| match &mut this.meter {
            Some(meter) => meter.poll(cx, |cx| this.tracker.enter(|| poll(cx))),
            None => this.tracker.enter(|| poll(cx)),
        };
        self.catching(|this| match this.profile.is_some() {
            true => Profile::measure(this, |this| &mut this.profile, poll),
            false => poll(this),
        })
    }

    /// The same for each poll of a future. The guard stays with the caller, who [finishes](Self::finish) it with what came of
    /// that; until then, dropping both ends the event with what [`on_drop`](Self::on_drop) said last.
    ///
    /// ```
    /// use gomon_core::{EndGuard, EventTracker, Outcome};
    ///
    /// async fn download(get: impl Future<Output = u32>) -> u32 {
    ///     let mut guard = EndGuard::new(EventTracker::new("download"));
    ///     let status = guard.scope(get).await; // cancelled here, it ends as `cancelled`
    ///     guard.tracker().set("status", status);
    ///     guard.finish(Outcome::Completed);
    ///     status
    /// }
    /// ```
    pub const fn scope<F: Future>(&mut self, future: F) -> Guarded<'_, F> {
        Guarded {
            guard: self,
            future: Some(future),
        }
    }

    /// The same as [`poll`](Self::poll), but a panic is not the event's.
    pub(crate) fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let run = |this: &mut Self| match &mut this.meter {
            Some(meter) => meter.run(|| this.tracker.enter(f)),
            None => this.tracker.enter(f),
        };
        match self.profile.is_some() {
            true => Profile::measure(self, |this| &mut this.profile, run),
            false => run(self),
        }
    }

    fn catching<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.polled = true;
        panics::forget_last();
        match catch_unwind(AssertUnwindSafe(|| f(self))) {
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

    /// Gives the event back; the guard has nothing to end any more, and nothing more to say about
    /// its time.
    pub fn into_tracker(mut self) -> EventTracker {
        if let Some(meter) = self.meter.take() {
            drop(meter.unit().take_kept());
            if self.is_listed {
                self.tracker.leave_list(meter.unit());
            }
        }
        self.profile = None;
        mem::replace(&mut self.tracker, EventTracker::empty())
    }
}

pin_project! {
    /// Returned by [`EndGuard::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Guarded<'a, F> {
        guard: &'a mut EndGuard,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Guarded<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            // What the future drops is a part of the event too.
            let mut this = this.project();
            this.guard.run(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for Guarded<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.guard.poll_future(cx, |cx| poll_some(this.future, cx))
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
            self.tracker.mark(self.on_drop.when_dropped());
        }
        if let Some(profile) = &self.profile {
            profile.write(&mut self.tracker);
        }
        if let Some(kept) = self
            .meter
            .as_ref()
            .and_then(|meter| meter.unit().take_kept())
        {
            kept.unit_ended(&mut self.tracker);
        }
        if let Some(mut meter) = self.meter.take() {
            let mut tracker = mem::replace(&mut self.tracker, EventTracker::empty());
            let polled = meter.last_poll().filter(|_| self.ends_with_poll);
            let (end, spent) = meter.close(polled.unwrap_or_else(|| tracker.clock().now()));
            breakdown::write(&spent, &mut tracker);
            match self.is_listed {
                true => tracker.finish_listed_at(end, meter.unit()),
                false => tracker.finish_at(end),
            }
            spare::give(meter);
        }
    }
}
