//! The response's body on its way out. The event of the exchange ends with it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::thread;

#[cfg(feature = "reqwest")]
use gomon_core::Outcome;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::held::Held;

pin_project! {
    /// A response's body with the event of its exchange: the same frames, errors, size hint and
    /// trailers.
    ///
    /// The event ends when the body ends or fails, or when it is dropped. Dropped before its end it
    /// is `truncated`, unless nothing was left to send.
    pub struct MonitoredBody<B> {
        // There until it is dropped, as part of the event.
        #[pin]
        inner: Option<B>,
        watch: Option<Watch<B>>,
    }

    impl<B> PinnedDrop for MonitoredBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(watch) = this.watch {
                watch.settle(this.inner.as_ref().get_ref().as_ref());
                watch.exchange.poll(|| this.inner.set(None));
            }
        }
    }
}

/// The exchange, and how to ask its body whether it ended: a drop has no bound that says it is a
/// body.
struct Watch<B> {
    exchange: Held,
    is_ended: fn(&B) -> bool,
}

impl<B> Watch<B> {
    fn settle(&mut self, body: Option<&B>) {
        let ended = !thread::panicking() && body.is_some_and(self.is_ended);
        self.exchange.settle(ended);
    }
}

impl<B: Body> MonitoredBody<B> {
    pub(crate) fn new(inner: B, exchange: Option<Held>) -> Self {
        let watch = exchange.map(|exchange| Watch {
            exchange,
            is_ended: B::is_end_stream,
        });
        Self {
            inner: Some(inner),
            watch,
        }
    }

    /// Drops it as one that nobody wants, which is no end before its time.
    #[cfg(feature = "reqwest")]
    pub(crate) fn let_go(mut self) {
        if let Some(watch) = self.watch.take() {
            watch.exchange.end(Outcome::Completed);
        }
    }
}

impl<B> Body for MonitoredBody<B>
where
    B: Body,
    B::Error: fmt::Display + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            // Only a drop takes it, and nothing is polled after that.
            return Poll::Ready(None);
        };
        let Some(Watch { exchange, .. }) = this.watch else {
            return inner.poll_frame(cx);
        };
        let polled = ready!(exchange.poll_future(cx, |cx| inner.as_mut().poll_frame(cx)));
        let last = match &polled {
            Some(Ok(frame)) => {
                exchange.passed(frame);
                frame.is_trailers() || inner.is_end_stream()
            }
            Some(Err(error)) => {
                exchange.note_failure(error);
                true
            }
            None => true,
        };
        if last {
            exchange.end_with_poll();
            *this.watch = None;
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) => inner.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

/// A body nobody observes, for layers that make up a response of their own.
impl<B: Default> Default for MonitoredBody<B> {
    fn default() -> Self {
        Self {
            inner: Some(B::default()),
            watch: None,
        }
    }
}

impl<B: fmt::Debug> fmt::Debug for MonitoredBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
