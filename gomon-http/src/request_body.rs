//! The request's body on its way in: counted and, where asked for, copied up to the cap.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Buf;
use gomon_core::wait::{Kind, Wait};
use gomon_core::{Capture, ErrorInfo, EventTracker};
use http::Request;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use pin_project_lite::pin_project;

use crate::exchange::Exchange;
use crate::sending::Sending;
use crate::tee::Tee;
use crate::{error, keys};

pin_project! {
    /// The body a monitored service reads its request from: the same frames, errors, size hint and
    /// trailers.
    ///
    /// Dropping it unread says nothing about the request, which a service may answer without
    /// reading it.
    pub struct MonitoredRequestBody<B> {
        #[pin]
        inner: B,
        tee: SharedTee,
        // For the client to send more; none where the request goes out.
        wait: Option<Wait>,
        sending: Sending,
    }
}

/// What a request's body is watched for.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    tee: SharedTee,
    wait: Option<Wait>,
    sending: Sending,
}

impl Watch {
    /// For the event of an exchange.
    pub(crate) fn of(exchange: &Exchange) -> Self {
        let incoming = exchange.is_incoming();
        Self {
            tee: exchange.request_tee(),
            wait: incoming.then(|| Wait::new(Kind::Client)),
            sending: Sending::new(exchange),
        }
    }
}

impl<B> MonitoredRequestBody<B> {
    pub(crate) fn new(inner: B, watch: Watch) -> Self {
        let Watch { tee, wait, sending } = watch;
        Self {
            inner,
            tee,
            wait,
            sending,
        }
    }

    /// A body of that exchange, if there is one.
    #[cfg(any(
        feature = "actix",
        feature = "client",
        feature = "poem",
        feature = "salvo"
    ))]
    pub(crate) fn watched(inner: B, exchange: Option<&crate::held::Held>) -> Self {
        let watch = exchange.map(|exchange| Watch::of(exchange));
        Self::new(inner, watch.unwrap_or_default())
    }
}

impl<B> Body for MonitoredRequestBody<B>
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
        let polled = ready!(match this.wait {
            Some(wait) => wait.poll(cx, |cx| this.inner.as_mut().poll_frame(cx)),
            None => this.inner.as_mut().poll_frame(cx),
        });
        let ended = match &polled {
            Some(Ok(frame)) => frame.is_trailers() || this.inner.is_end_stream(),
            Some(Err(_)) => false,
            None => true,
        };
        if ended {
            this.sending.done();
        }
        if let Some(tee) = this.tee {
            match &polled {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        tee.lock().pass(data);
                    }
                }
                Some(Err(error)) => tee.lock().failure = Some(error::describe(error)),
                None => {}
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for MonitoredRequestBody<B> {
    fn default() -> Self {
        Self::new(B::default(), Watch::default())
    }
}

/// A clone is for another attempt; it is not counted into this one's event.
impl<B: Clone> Clone for MonitoredRequestBody<B> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Watch::default())
    }
}

impl<B: fmt::Debug> fmt::Debug for MonitoredRequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredRequestBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// Shared between the body, which the service may move anywhere, and the exchange, which reports.
pub(crate) type SharedTee = Option<Arc<Mutex<RequestTee>>>;

/// What was seen of a request's body.
#[derive(Debug)]
pub(crate) struct RequestTee {
    tee: Tee,
    failure: Option<ErrorInfo>,
}

impl RequestTee {
    /// None for a request without a body: most have none, and need no memory for it.
    pub(crate) fn of<B: Body>(
        request: &Request<B>,
        cap: impl FnOnce() -> usize,
        is_grpc: bool,
    ) -> SharedTee {
        (!request.body().is_end_stream()).then(|| {
            let tee = Tee::new(request.headers(), cap());
            let tee = if is_grpc {
                tee.counting_messages()
            } else {
                tee
            };
            Arc::new(Mutex::new(Self { tee, failure: None }))
        })
    }

    /// Notes a part of it.
    pub(crate) fn pass(&mut self, data: &impl Buf) {
        self.tee.pass(data);
    }

    /// The messages of a gRPC call that passed.
    pub(crate) fn messages(&self) -> Option<u64> {
        self.tee.messages()
    }

    /// Writes size and body. A body that broke off is told, but leaves the outcome to the service's
    /// answer.
    pub(crate) fn write(&mut self, tracker: &mut EventTracker, capture: &Capture) {
        tracker.set(keys::REQUEST_SIZE, self.tee.size());
        self.tee.write(keys::REQUEST_BODY, tracker, capture);
        if let Some(failure) = self.failure.take() {
            tracker.push_error(failure.masked(capture.detectors()));
        }
    }
}
