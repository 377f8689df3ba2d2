//! One call of a traced function.

use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::event::outcome::Outcome;
use crate::tracker::EventTracker;
use crate::tracker::end_guard::EndGuard;

/// The event of background work that nothing causes.
pub fn traced_root(name: &'static str) -> EventTracker {
    let mut tracker = EventTracker::in_context(name, Context::application());
    tracker.register(name);
    tracker
}

/// Runs a function's body as an event, and notes what it returned.
#[inline]
pub fn traced<R>(
    mut tracker: EventTracker,
    body: impl FnOnce() -> R,
    note: impl FnOnce(&mut EventTracker, &R),
) -> R {
    let returned = tracker.enter(body);
    if tracker.is_recording() {
        note(&mut tracker, &returned);
    }
    returned
}

/// The same for an `async` function's body.
pub fn traced_future<F, N>(tracker: EventTracker, body: F, note: N) -> Traced<F, N>
where
    F: Future,
    N: FnOnce(&mut EventTracker, &F::Output),
{
    let guard = match tracker.is_registered() {
        true => EndGuard::unit(tracker),
        false => EndGuard::new(tracker),
    };
    Traced {
        end: Some((guard, note)),
        body: Some(body),
    }
}

pin_project! {
    /// The future of a traced function's body.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Traced<F, N> {
        end: Option<(EndGuard, N)>,
        // `None` once it was dropped.
        #[pin]
        body: Option<F>,
    }

    impl<F, N> PinnedDrop for Traced<F, N> {
        fn drop(this: Pin<&mut Self>) {
            // What the body drops belongs to the event, which ends after it.
            let mut this = this.project();
            match this.end {
                Some((guard, _)) => guard.run(|| this.body.set(None)),
                None => this.body.set(None),
            }
        }
    }
}

impl<F, N> Future for Traced<F, N>
where
    F: Future,
    N: FnOnce(&mut EventTracker, &F::Output),
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let body = this.body.as_pin_mut();
        let Some((guard, _)) = this.end else {
            return Poll::Pending;
        };
        let polled = guard.poll_future(cx, |cx| body.map_or(Poll::Pending, |body| body.poll(cx)));
        if let Poll::Ready(returned) = &polled
            && let Some((mut guard, note)) = this.end.take()
        {
            note(guard.tracker(), returned);
            guard.finish(Outcome::Completed);
        }
        polled
    }
}
