//! One step towards a connection, as an event: a look-up, a dial, a handshake.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::{EndGuard, ErrorInfo, EventTracker, Outcome};
use pin_project_lite::pin_project;

use crate::client::cause::Cause;
use crate::error;

/// What connectors of this stack fail with.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

pin_project! {
    /// The future of a step, polled as a part of the request that caused it.
    ///
    /// Dropped before it is ready its event is `cancelled`, a panic makes it `panicked`.
    pub(crate) struct Step<F> {
        // There until it is dropped, as part of the request.
        #[pin]
        inner: Option<F>,
        cause: Cause,
        event: Option<EndGuard>,
    }

    impl<F> PinnedDrop for Step<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.cause.enter(|| this.inner.set(None));
        }
    }
}

impl<F> Step<F> {
    /// Starts the event of a step. What it is made of belongs to the request, not to the step.
    pub(crate) fn new(
        cause: Cause,
        fp: &'static str,
        describe: impl FnOnce(&mut EventTracker),
        make: impl FnOnce() -> F,
    ) -> Self {
        let mut tracker = EventTracker::in_context(fp, cause.context());
        if tracker.is_recording() {
            describe(&mut tracker);
        }
        let event = EndGuard::new(tracker);
        let inner = cause.enter(make);
        Self {
            inner: Some(inner),
            cause,
            event: Some(event),
        }
    }

    pub(crate) fn cause(self: Pin<&mut Self>) -> Cause {
        self.project().cause.clone()
    }

    /// Polls it; the event is given back with the result, to be told more.
    pub(crate) fn poll_step<T, E>(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(T, EventTracker), BoxError>>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<BoxError>,
    {
        let this = self.project();
        let (Some(inner), Some(event)) = (this.inner.as_pin_mut(), this.event.as_mut()) else {
            // Nothing is polled after it was ready.
            return Poll::Pending;
        };
        let cause = &*this.cause;
        let polled = event.poll_future(cx, |cx| cause.enter(|| inner.poll(cx)));
        let result = ready!(polled);
        let ended = this.event.take().map(EndGuard::into_tracker);
        let mut tracker = ended.unwrap_or_else(EventTracker::empty);
        match result {
            Ok(done) => Poll::Ready(Ok((done, tracker))),
            Err(error) => {
                let error = error.into();
                note(&mut tracker, &*error);
                Poll::Ready(Err(error))
            }
        }
    }
}

/// What went wrong, with its causes; they are no secret of a URL's.
pub(crate) fn note(tracker: &mut EventTracker, error: &(dyn Error + 'static)) {
    let outcome = match error::is_deadline(error) {
        true => Outcome::TimedOut,
        false => Outcome::Failed,
    };
    let detectors = gomon_core::capture().detectors();
    let info = ErrorInfo::new(error).masked(detectors);
    tracker.push_error(info).mark(outcome);
}

/// The protocol that a handshake chose, where it is known.
#[cfg(feature = "reqwest")]
pub(crate) fn agreed(tracker: &mut EventTracker, alpn: Option<&'static str>) {
    if let Some(alpn) = alpn {
        tracker.set(crate::keys::ALPN, alpn);
    }
}
