//! Futures that carry a context: it is current while they are polled, and only then, so that it
//! works on any executor.

use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::event::outcome::Outcome;
use crate::tracker::EventTracker;
use crate::tracker::end_guard::EndGuard;

/// Ways to carry a context along, for every future.
pub trait FutureExt: Future + Sized {
    /// Polls the future in the context that is current now, wherever it is spawned.
    fn in_current(self) -> InContext<Self> {
        self.in_context(Context::current())
    }

    /// Polls the future in the given context.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(context, self)
    }

    /// One event for this future. It starts at the first poll and ends when the future is ready
    /// (`completed`), panics or is dropped before (`cancelled`); never polled, there is none. Its
    /// parent is the context that is current now, else that of the first poll.
    fn monitored(self, fp: &'static str) -> Monitored<Self> {
        Monitored::new(
            self,
            Start::Child {
                fp,
                context: Context::current(),
            },
        )
    }
}

impl<F: Future> FutureExt for F {}

/// A unit of background work: `future` runs as one event named `name` whose parent is the
/// application, whatever the current context is, and which is listed by
/// [`in_flight`](crate::in_flight) until it ends.
///
/// ```
/// # async fn refresh() {}
/// # fn _example() -> impl Future<Output = ()> {
/// gomon_core::root("cache-refresh", async { refresh().await })
/// # }
/// ```
pub fn root<F: Future>(name: &'static str, future: F) -> Monitored<F> {
    Monitored::new(future, Start::Root { name })
}

pin_project! {
    /// A future or stream that carries its context; returned by `in_context` and `in_current`.
    #[derive(Debug)]
    #[must_use = "futures and streams do nothing unless polled"]
    pub struct InContext<F> {
        context: Context,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.context.enter(|| this.future.set(None));
        }
    }
}

impl<F> InContext<F> {
    pub(crate) fn new(context: Context, future: F) -> Self {
        Self {
            context,
            future: Some(future),
        }
    }

    #[cfg(feature = "futures")]
    pub(crate) fn parts(self: Pin<&mut Self>) -> (Context, Pin<&mut Option<F>>) {
        let this = self.project();
        (*this.context, this.future)
    }

    #[cfg(feature = "futures")]
    pub(crate) fn inner(&self) -> Option<&F> {
        self.future.as_ref()
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.context.enter(|| poll_some(this.future, cx))
    }
}

pin_project! {
    /// Returned by [`EventTracker::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scope<'a, F> {
        tracker: &'a mut EventTracker,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scope<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.tracker.enter(|| this.future.set(None));
        }
    }
}

impl<'a, F> Scope<'a, F> {
    #[inline]
    pub(crate) fn new(tracker: &'a mut EventTracker, future: F) -> Self {
        Self {
            tracker,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Scope<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.tracker.enter(|| poll_some(this.future, cx))
    }
}

pin_project! {
    /// Returned by [`FutureExt::monitored`] and [`root`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Monitored<F> {
        start: Option<Start>,
        guard: Option<EndGuard>,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Monitored<F> {
        fn drop(this: Pin<&mut Self>) {
            // What the future drops belongs to the event, which ends after it.
            let mut this = this.project();
            match this.guard {
                Some(guard) => guard.run(|| this.future.set(None)),
                None => this.future.set(None),
            }
        }
    }
}

/// The event of a [`Monitored`] future that was not polled yet.
#[derive(Debug)]
enum Start {
    Child { fp: &'static str, context: Context },
    Root { name: &'static str },
}

impl Start {
    fn tracker(self) -> EventTracker {
        match self {
            Self::Child { fp, context } => EventTracker::in_context(fp, context.or_current()),
            Self::Root { name } => {
                let mut tracker = EventTracker::in_context(name, Context::application());
                tracker.register(name);
                tracker
            }
        }
    }
}

impl<F> Monitored<F> {
    fn new(future: F, start: Start) -> Self {
        Self {
            start: Some(start),
            guard: None,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Monitored<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future;
        if let Some(start) = this.start.take() {
            *this.guard = Some(EndGuard::unit(start.tracker()));
        }
        let polled = match this.guard {
            Some(guard) => guard.poll_future(cx, |cx| poll_some(future, cx)),
            None => poll_some(future, cx),
        };
        if polled.is_ready()
            && let Some(guard) = this.guard.take()
        {
            guard.finish(Outcome::Completed);
        }
        polled
    }
}

/// The future is there for as long as it may be polled; were it not, this would never be ready.
#[inline]
pub(crate) fn poll_some<F: Future>(
    future: Pin<&mut Option<F>>,
    cx: &mut task::Context<'_>,
) -> Poll<F::Output> {
    future
        .as_pin_mut()
        .map_or(Poll::Pending, |future| future.poll(cx))
}
