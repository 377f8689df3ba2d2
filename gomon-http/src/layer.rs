//! The server side: one event for each request that passes through.

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use gomon_core::{Capture, EndGuard, EventTracker, Propagation};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::config::{Caller, Config, CpuOfOneIn, Fingerprint};
use crate::exchange::Exchange;
use crate::held::Held;
use crate::incoming::Matched;
use crate::request_body::Watch;
use crate::sent::{Names, Sent};
use crate::{
    MonitoredBody, MonitoredRequestBody, ResponseFuture, Slow, TrustedProxies, incoming, keys,
    mark, unwrapped,
};

/// Wraps a tower service so that each request becomes one `http-wmux-servehttp` event.
///
/// It takes any service over `http` 1, whatever its bodies, and changes nothing that passes: not
/// the bytes, not the error type, not readiness. [When the event starts and
/// ends](crate#when-does-its-event-start-and-end) is the crate's main promise. Layers may be
/// nested: the outermost one reports, the others pass the request through.
///
/// With axum, [`Router::layer`](https://docs.rs/axum/latest/axum/struct.Router.html#method.layer)
/// runs after matching, so that the event has its `route` (feature `axum`). Placed round the whole
/// router it has none, unless another layer inside the router finds it; until then its label among
/// the units of work has the whole path, a secret parameter of the route included.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::get};
/// use gomon_http::MonitoringLayer;
///
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "Ada" }))
///     .layer(MonitoringLayer::new());
/// # }
/// ```
#[derive(Clone)]
pub struct MonitoringLayer {
    config: Arc<Config>,
}

impl MonitoringLayer {
    /// A layer with the defaults: the process-wide [`Capture`], a trusted `traceparent`, no timeout
    /// status.
    #[must_use]
    pub fn new() -> Self {
        mark::note_layer();
        Self {
            config: Arc::default(),
        }
    }

    /// Makes the events `http-wmux-handler`, for a layer round one handler of a server. By default
    /// they are `http-wmux-servehttp`. Nothing else is different; [`monitored_handler`] is this round
    /// a service.
    ///
    /// [`monitored_handler`]: crate::monitored_handler
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// use axum::{Router, handler::Handler, routing::get};
    /// use gomon_http::MonitoringLayer;
    ///
    /// async fn user() -> &'static str {
    ///     "Ada"
    /// }
    ///
    /// let app: Router = Router::new()
    ///     .route("/users/{id}", get(user.layer(MonitoringLayer::new().around_handler())))
    ///     .route("/health", get(async || "well")); // has no events
    /// # }
    /// ```
    #[must_use]
    pub fn around_handler(mut self) -> Self {
        Arc::make_mut(&mut self.config).fingerprint = Fingerprint(keys::HANDLER_REQUEST);
        self
    }

    /// What to take from requests and responses of this layer, instead of the process-wide setting.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        Arc::make_mut(&mut self.config).capture = Some(Arc::new(capture));
        self
    }

    /// Reads a response of this status as a deadline that passed: the event ends as `timed-out`.
    /// May be called more than once. By default no status means it.
    ///
    /// Some timeout layers answer instead of failing, with 408, 503 or 504; only the program knows
    /// which it uses.
    #[must_use]
    pub fn timeout_status(mut self, status: StatusCode) -> Self {
        Arc::make_mut(&mut self.config)
            .timeout_statuses
            .push(status);
        self
    }

    /// Which headers name the caller and what of them is believed, instead of the process-wide
    /// setting.
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        Arc::make_mut(&mut self.config).propagation = Some(propagation);
        self
    }

    /// Makes every request the root of a trace of its own, for services whose callers are
    /// strangers; their baggage is ignored too. By default the ids of an inbound `traceparent` are
    /// trusted.
    #[must_use]
    pub fn ignore_traceparent(mut self) -> Self {
        Arc::make_mut(&mut self.config).caller = Caller::Ignored;
        self
    }

    /// Whose word on the client is taken: the event then has `client-ip`, where [`Capture::remote_address`] allows it, and the
    /// scheme that the client used. By default nobody's.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        Arc::make_mut(&mut self.config).proxies = Some(proxies);
        self
    }

    /// Gives a request that has no `X-Request-Id` one: the id of its event. The service sees it, and the response has it too, as it has
    /// the one that came with the request, unless the service sets another. Off by default.
    #[must_use]
    pub fn request_id(mut self) -> Self {
        Arc::make_mut(&mut self.config).telling.request_id = true;
        self
    }

    /// Tells the client the trace and the event of its request, in the header `traceresponse` (W3C Trace Context, level 2), unless the
    /// service does. Off by default.
    #[must_use]
    pub fn trace_response(mut self) -> Self {
        Arc::make_mut(&mut self.config).telling.trace = true;
        self
    }

    /// Tells the client where the time went up to the head of the response, in the header `Server-Timing`, which browsers show: `total`,
    /// `busy`, `ready` and the kinds of waits, in milliseconds. For everybody to see: off by default.
    #[must_use]
    pub fn server_timing(mut self) -> Self {
        Arc::make_mut(&mut self.config).telling.timing = true;
        self
    }

    /// Which requests have `slow: true`. By default those that are slow for their route, see [`Slow`].
    #[must_use]
    pub fn slow(mut self, slow: Slow) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.slow = slow;
        // What clones of the layer know of their routes is judged by another standard.
        config.routes = Arc::default();
        self
    }

    /// Of how many requests of a route the CPU time and the allocations of one are measured, as `cpu` and `allocs`: 1 is all of
    /// them, 0 none. It costs about a microsecond for each poll of such a request. Default: 64.
    #[must_use]
    pub fn cpu_of_one_in(mut self, requests: u32) -> Self {
        Arc::make_mut(&mut self.config).cpu_of_one_in = CpuOfOneIn(requests);
        self
    }
}

impl Default for MonitoringLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MonitoringLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoringLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for MonitoringLayer {
    type Service = MonitoringService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitoringService {
            inner,
            config: Arc::clone(&self.config),
        }
    }
}

/// The service that a [`MonitoringLayer`] or [`monitored_handler`](crate::monitored_handler) makes.
#[derive(Clone)]
pub struct MonitoringService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> MonitoringService<S> {
    /// Opens the event of a request, unless an outer layer has done so or gomon is off.
    fn open<B: Body>(&self, request: &mut Request<B>) -> Option<Held> {
        if !gomon_core::is_enabled() {
            return None;
        }
        if let Some(outer) = mark::outer(request) {
            let capture = self.config.capture();
            incoming::add_route(outer, request, &self.config, &capture);
            return None;
        }
        let names = Names::of(request.headers());
        let sent = Sent::new(request.headers(), names);
        let parent = incoming::parent(self.config.propagation(), &sent);
        let mut tracker = EventTracker::in_context(self.config.fingerprint.0, parent);
        tracker.id()?;
        let capture = self.config.capture();
        let telling = self.config.telling;
        let id = telling.identify(request.headers_mut(), || {
            HeaderValue::try_from(tracker.id()?.to_string()).ok()
        });
        let sent = Sent::new(request.headers(), names);
        let matched = Matched::of(request.extensions(), &self.config, &capture);
        incoming::tell_switches(&mut tracker, request, matched.found.template);
        // A trace that is not recorded goes on all the same: what the service does is part of it.
        let mut guard = match tracker.is_recording() {
            true => incoming::describe(tracker, request, &sent, &matched, &self.config, &capture),
            false => EndGuard::unit(tracker),
        };
        if matched.begins(self.config.cpu_of_one_in.0) {
            guard.measure();
        }
        let route = matched.route;
        let exchange = Exchange::new(guard, request, capture, &self.config);
        Some(Held::new(exchange.on_route(route, id)))
    }

    /// The same for a middleware of a framework, whose requests are not this one's: the mark is for them.
    #[cfg(any(
        feature = "actix",
        feature = "poem",
        feature = "rocket",
        feature = "salvo"
    ))]
    pub(crate) fn observe<B: Body>(&self, request: &mut Request<B>) -> Option<Held> {
        let exchange = self.open(request)?;
        mark::put(request, exchange.event());
        Some(exchange)
    }
}

impl<S: fmt::Debug> fmt::Debug for MonitoringService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoringService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, R> Service<Request<B>> for MonitoringService<S>
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

    /// Hands the request to the very service that was ready: nothing is cloned, so nothing that was
    /// reserved is lost.
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut exchange = self.open(&mut request);
        if let Some(exchange) = &mut exchange {
            let served = mark::leave(&mut request, exchange.event());
            exchange.serve(served);
        }
        let inner = &mut self.inner;
        let seen = exchange.as_ref().filter(|it| it.sees_request_body());
        let watch = seen.map(|exchange| Watch::of(exchange));
        let mut request = Some(request);
        ResponseFuture::call(exchange, || {
            if watch.is_none()
                && let Some(future) = unwrapped::call(inner, &mut request)
            {
                return Some(future);
            }
            let request = request.take()?;
            let watch = watch.unwrap_or_default();
            Some(inner.call(request.map(|body| MonitoredRequestBody::new(body, watch))))
        })
    }
}
