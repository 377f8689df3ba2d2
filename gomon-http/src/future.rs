//! The future of a monitored call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::Outcome;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::MonitoredBody;
use crate::held::Held;
use crate::observed::{Observed, answered};

pin_project! {
    /// What [`MonitoringService`](crate::MonitoringService) and `ClientService` return: the
    /// inner service's future, polled as part of the request's event.
    ///
    /// Dropped before it is ready, the event ends as `cancelled`; a panic in it ends the event as
    /// `panicked` and goes on unwinding.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Observed<F>,
    }
}

impl<F> ResponseFuture<F> {
    /// Polls what was called as part of the event already.
    #[cfg(feature = "reqwest")]
    pub(crate) fn new(inner: F, exchange: Option<Held>) -> Self {
        Self {
            inner: Observed::new(inner, exchange),
        }
    }

    /// Calls the service, as part of the event where there is one. That there is no future then does not happen.
    ///
    /// The request is best borrowed by `call`: what it owns is moved on its way there, again and again.
    pub(crate) fn call(exchange: Option<Held>, call: impl FnOnce() -> Option<F>) -> Self {
        Self {
            inner: Observed::call(exchange, call),
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    E: fmt::Display + 'static,
{
    type Output = Result<Response<MonitoredBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let (result, exchange) = ready!(self.project().inner.poll(cx));
        Poll::Ready(match result {
            Ok(response) => Ok(answered(response, exchange)),
            Err(error) => {
                if let Some(mut exchange) = exchange {
                    exchange.note_failure(&error);
                    exchange.end(Outcome::Failed);
                }
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
