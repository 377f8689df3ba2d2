//! The layer of a client: one event for each request that is sent, and its context with it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use gomon_core::{Capture, Context, EndGuard, EventTracker, Propagation};
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::attempts;
use crate::client::hosts::Hosts;
use crate::client::phases::Phases;
use crate::client::side::{ClientSide, Sight};
use crate::config::Config;
use crate::exchange::Exchange;
use crate::held::Held;
use crate::mark::ClientMark;
use crate::{MonitoredBody, MonitoredRequestBody, ResponseFuture, keys, outgoing};

/// Wraps an HTTP client that is a tower service, such as hyper-util's, so that each request becomes
/// one `http-roundtripper` event and carries its `traceparent`, and the `tracestate` and `baggage`
/// of the context it is sent in (see [`gomon_core::Propagation`]).
///
/// The event is a child of the current context. It starts with the call and ends with the
/// response's body: a body that is dropped early makes it `truncated`, a transport error or a
/// status of 500 and above `failed`. The server's event, if gomon runs there too, is its child.
///
/// A request sent from a task that has no context (see [`gomon_core::spawn`]) is marked as an
/// orphan.
///
/// ```
/// use bytes::Bytes;
/// use gomon_http::{ClientLayer, MonitoredRequestBody};
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
/// use tower_layer::Layer;
///
/// let plain: Client<_, MonitoredRequestBody<Full<Bytes>>> =
///     Client::builder(TokioExecutor::new()).build_http();
/// let client = ClientLayer::new().layer(plain);
/// # let _ = client;
/// ```
#[derive(Clone, Default)]
pub struct ClientLayer {
    config: Arc<Config>,
    told: Option<Arc<Hosts>>,
}

impl ClientLayer {
    /// A layer with the process-wide [`Capture`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which headers carry the context to the server, instead of the process-wide setting. For a
    /// client that calls strangers: [`Propagation::send_nothing`].
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        Arc::make_mut(&mut self.config).propagation = Some(propagation);
        self
    }

    /// The hosts that are sent the context: `traceparent`, `tracestate`, `baggage`, and B3 where it is
    /// asked for. By default all of them are.
    ///
    /// Each is a name (`shop.internal`), all names below one (`*.internal`, not `internal` itself), an
    /// address, a network (`10.0.0.0/8`), or `*`. A name is not looked up to find out whether its
    /// address is in a network, and what is none of these lets nobody in. To other hosts a request
    /// goes as it is.
    ///
    /// ```
    /// # use gomon_http::ClientLayer;
    /// let layer = ClientLayer::new().propagate_to(["*.internal", "10.0.0.0/8"]);
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn propagate_to<I>(mut self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.told = Some(Arc::new(Hosts::new(hosts)));
        self
    }

    /// What to take from requests and responses of this client, instead of the process-wide
    /// setting.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        Arc::make_mut(&mut self.config).capture = Some(Arc::new(capture));
        self
    }
}

impl fmt::Debug for ClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The client a [`ClientLayer`] makes.
#[derive(Clone)]
pub struct ClientService<S> {
    inner: S,
    layer: ClientLayer,
}

impl ClientLayer {
    /// Opens the event of a request, unless an outer layer has done so or gomon is off.
    pub(crate) fn observe<B: Body>(
        &self,
        request: &mut Request<B>,
        sight: impl FnOnce(&mut Request<B>) -> Sight,
    ) -> Option<Held> {
        if request.extensions().get::<ClientMark>().is_some() {
            return None;
        }
        let cause = Context::current();
        let mut tracker = EventTracker::in_context(keys::CLIENT_REQUEST, cause);
        // A trace that is not recorded goes on too, and says so.
        if self.tells(request.uri().host()) {
            let propagation = self.config.propagation();
            outgoing::propagate(propagation, tracker.context(), request.headers_mut());
        }
        // None where gomon is off, or where the trace is left out already.
        tracker.id()?;
        let capture = self.config.capture();
        if tracker.is_recording() {
            tracker.orphan_unless_caused(cause);
            outgoing::describe(&mut tracker, request, &capture);
        }
        let side = ClientSide::new(
            Phases::new(tracker.stopwatch()),
            sight(request),
            attempts::next(request.extensions()),
        );
        request.extensions_mut().insert(ClientMark);
        let guard = EndGuard::new(tracker);
        let exchange = Exchange::new(guard, request, capture, &self.config);
        Some(Held::new(exchange.outgoing(side)))
    }

    /// Whether this host is told the context.
    fn tells(&self, host: Option<&str>) -> bool {
        let told = self.told.as_ref();
        told.is_none_or(|hosts| host.is_some_and(|host| hosts.contain(host)))
    }
}

impl<S: fmt::Debug> fmt::Debug for ClientService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, R> Service<Request<B>> for ClientService<S>
where
    S: Service<Request<MonitoredRequestBody<B>>, Response = Response<R>>,
    S::Error: fmt::Display + 'static,
    B: Body,
    R: Body,
{
    type Response = Response<MonitoredBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let exchange = self.layer.observe(&mut request, Sight::of);
        let observed = exchange.as_ref();
        let request = request.map(|body| MonitoredRequestBody::watched(body, observed));
        let mut request = Some(request);
        ResponseFuture::call(exchange, || Some(self.inner.call(request.take()?)))
    }
}
