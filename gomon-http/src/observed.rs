//! A call of a handler, polled as part of its request's event.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::MonitoredBody;
use crate::held::Held;

pin_project! {
    /// A future and the exchange it belongs to, which it hands back when it is ready.
    ///
    /// Dropped before it is ready, the event ends as `cancelled`; a panic in it ends the event as
    /// `panicked` and goes on unwinding.
    pub(crate) struct Observed<F> {
        // There until it is dropped, as part of the event.
        #[pin]
        inner: Option<F>,
        exchange: Option<Held>,
    }

    impl<F> PinnedDrop for Observed<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(exchange) = this.exchange {
                exchange.poll(|| this.inner.set(None));
            }
        }
    }
}

impl<F> Observed<F> {
    /// Goes on with a future that was made as part of the event.
    #[cfg(feature = "reqwest")]
    pub(crate) fn new(inner: F, exchange: Option<Held>) -> Self {
        Self {
            inner: Some(inner),
            exchange,
        }
    }

    /// Makes the future, as part of the event where there is one.
    pub(crate) fn call(mut exchange: Option<Held>, call: impl FnOnce() -> Option<F>) -> Self {
        // Futures are large: it is not handed through all that is called on the way.
        let mut inner = None;
        match &mut exchange {
            Some(exchange) => exchange.call(|| inner = call()),
            None => inner = call(),
        }
        Self { inner, exchange }
    }
}

impl<F: Future> Future for Observed<F> {
    type Output = (F::Output, Option<Held>);

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            // Only a drop takes it, and nothing is polled after that.
            return Poll::Pending;
        };
        let output = ready!(match this.exchange {
            Some(exchange) => exchange.poll_future(cx, |cx| inner.poll(cx)),
            None => inner.poll(cx),
        });
        Poll::Ready((output, this.exchange.take()))
    }
}

/// The same response, whose body ends the event.
pub(crate) fn answered<B: Body>(
    mut response: Response<B>,
    exchange: Option<Held>,
) -> Response<MonitoredBody<B>> {
    let exchange = exchange.and_then(|exchange| exchange.answered(&mut response));
    response.map(|body| MonitoredBody::new(body, exchange))
}
