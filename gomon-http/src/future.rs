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

pin_project! {
    /// What [`MonitoringService`](crate::MonitoringService) and `ClientService` return: the
    /// inner service's future, polled as part of the request's event.
    ///
    /// Dropped before it is ready, the event ends as `cancelled`; a panic in it ends the event as
    /// `panicked` and goes on unwinding.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // There until it is dropped, as part of the event.
        #[pin]
        inner: Option<F>,
        exchange: Option<Held>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(exchange) = this.exchange.as_mut().and_then(Held::exchange) {
                exchange.poll(|| this.inner.set(None));
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service, as part of the event where there is one. That there is no future then does not happen.
    ///
    /// The request is best borrowed by `call`: what it owns is moved on its way there, again and again.
    pub(crate) fn call(mut exchange: Option<Held>, call: impl FnOnce() -> Option<F>) -> Self {
        let inner = match exchange.as_mut().and_then(Held::exchange) {
            Some(exchange) => exchange.call(call),
            None => call(),
        };
        Self { inner, exchange }
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
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            // Only a drop takes it, and nothing is polled after that.
            return Poll::Pending;
        };
        let polled = match this.exchange.as_mut().and_then(Held::exchange) {
            Some(exchange) => exchange.poll_future(cx, |cx| inner.poll(cx)),
            None => inner.poll(cx),
        };
        let result = ready!(polled);
        let mut held = this.exchange.take();
        let exchange = held.as_mut().and_then(Held::exchange);
        Poll::Ready(match result {
            Ok(response) => {
                let goes_on = exchange.is_some_and(|exchange| exchange.answered(&response));
                let held = held.filter(|_| goes_on);
                Ok(response.map(|body| MonitoredBody::new(body, held)))
            }
            Err(error) => {
                if let Some(exchange) = exchange {
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
