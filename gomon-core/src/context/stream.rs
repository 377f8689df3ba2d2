//! Streams that carry a context, and streams that are events.
//!
//! # When does its event start and end?
//!
//! The event of a [`MonitoredStream`] starts at its first poll; never polled, there is none. It ends
//!
//! - as `completed` at the stream's end, when it yields `None`;
//! - as `panicked` when a poll panics;
//! - as `truncated` when it is dropped before its end.

use std::pin::Pin;
use std::task::{self, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::context::Context;
use crate::context::future::InContext;
use crate::event::outcome::Outcome;
use crate::tracker::EventTracker;
use crate::tracker::end_guard::EndGuard;

/// Ways to carry a context along, for every stream.
///
/// ```
/// use gomon_core::StreamExt as _;
///
/// # fn _example(rows: impl futures_core::Stream<Item = u32>) {
/// let rows = rows.monitored("export"); // one event, from the first row to the last
/// # let _ = rows;
/// # }
/// ```
pub trait StreamExt: Stream + Sized {
    /// Polls the stream in the context that is current now, wherever it is spawned.
    fn in_current(self) -> InContext<Self> {
        self.in_context(Context::current())
    }

    /// Polls the stream in the given context.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(context, self)
    }

    /// One event for this stream, from its first poll to its end; dropped before, it is
    /// `truncated`. Its parent is the context that is current now, else that of the first poll.
    /// While the stream is polled its event is the current one.
    fn monitored(self, fp: &'static str) -> MonitoredStream<Self> {
        MonitoredStream {
            start: Some(Start {
                fp,
                context: Context::current(),
            }),
            guard: None,
            stream: Some(self),
        }
    }
}

impl<S: Stream> StreamExt for S {}

impl<S: Stream> Stream for InContext<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<S::Item>> {
        let (context, stream) = self.parts();
        context.enter(|| poll_some(stream, cx))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner().map_or((0, Some(0)), Stream::size_hint)
    }
}

pin_project! {
    /// Returned by [`StreamExt::monitored`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct MonitoredStream<S> {
        start: Option<Start>,
        guard: Option<EndGuard>,
        // `None` once it was dropped.
        #[pin]
        stream: Option<S>,
    }

    impl<S> PinnedDrop for MonitoredStream<S> {
        fn drop(this: Pin<&mut Self>) {
            // What the stream drops belongs to the event, which ends after it.
            let mut this = this.project();
            match this.guard {
                Some(guard) => guard.tracker().enter(|| this.stream.set(None)),
                None => this.stream.set(None),
            }
        }
    }
}

/// The event of a stream that was not polled yet.
#[derive(Debug)]
struct Start {
    fp: &'static str,
    context: Context,
}

impl Start {
    fn guard(self) -> EndGuard {
        let tracker = EventTracker::in_context(self.fp, self.context.or_current());
        let mut guard = EndGuard::new(tracker);
        guard.on_drop(Outcome::Truncated);
        guard
    }
}

impl<S: Stream> Stream for MonitoredStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let stream = this.stream;
        if let Some(start) = this.start.take() {
            *this.guard = Some(start.guard());
        }
        let polled = match this.guard {
            Some(guard) => guard.poll(|| poll_some(stream, cx)),
            None => poll_some(stream, cx),
        };
        if matches!(polled, Poll::Ready(None))
            && let Some(guard) = this.guard.take()
        {
            guard.finish(Outcome::Completed);
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

/// The stream is there for as long as it may be polled; were it not, this would be its end.
fn poll_some<S: Stream>(
    stream: Pin<&mut Option<S>>,
    cx: &mut task::Context<'_>,
) -> Poll<Option<S::Item>> {
    stream
        .as_pin_mut()
        .map_or(Poll::Ready(None), |stream| stream.poll_next(cx))
}
