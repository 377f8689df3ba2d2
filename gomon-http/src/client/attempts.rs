//! Counting how often a request is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll};

use http::{Extensions, Request};
use tower_layer::Layer;
use tower_service::Service;

/// Goes above a layer that retries, so that the events of a [`ClientLayer`](crate::ClientLayer) below
/// it say which `attempt` they are.
///
/// Each attempt is an event of its own, and all are children of whatever sends the request. Without
/// this layer each is the first. The retrying layer has to keep the extensions of the requests that
/// it clones, as `Request::clone` does.
///
/// ```
/// # use gomon_http::{Attempts, ClientLayer};
/// # use tower::ServiceBuilder;
/// # use tower::retry::RetryLayer;
/// # fn layers<P>(policy: P) {
/// let client = ServiceBuilder::new()
///     .layer(Attempts::new())
///     .layer(RetryLayer::new(policy))
///     .layer(ClientLayer::new());
/// # let _ = client;
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts;

impl Attempts {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for Attempts {
    type Service = CountedAttempts<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CountedAttempts { inner }
    }
}

/// The service that [`Attempts`] makes.
#[derive(Clone, Copy, Debug)]
pub struct CountedAttempts<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for CountedAttempts<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        begin(request.extensions_mut());
        self.inner.call(request)
    }
}

/// How often a request was sent, shared by its clones.
#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicU32>);

/// From here on attempts are counted.
pub(crate) fn begin(extensions: &mut Extensions) {
    extensions.insert(Count::default());
}

/// The same, unless they are counted already.
#[cfg(feature = "reqwest-middleware")]
pub(crate) fn begin_once(extensions: &mut Extensions) {
    if extensions.get::<Count>().is_none() {
        begin(extensions);
    }
}

/// Lets a request take part in the count of another place.
#[cfg(feature = "reqwest")]
pub(crate) fn share(from: &Extensions, to: &mut Extensions) {
    if let Some(count) = from.get::<Count>() {
        to.insert(count.clone());
    }
}

/// The number of the attempt that is made now, from 1.
pub(crate) fn next(extensions: &Extensions) -> u32 {
    let count = extensions.get::<Count>();
    count.map_or(1, |count| {
        count.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    })
}
