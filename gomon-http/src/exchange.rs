//! One request and its response, from the call to the end of the response's body.
//!
//! An [`Exchange`] moves from the future to the body and is dropped at the end; wherever that
//! happens, its event closes once, with the sizes and bodies seen so far.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Buf;
#[cfg(feature = "serve")]
use gomon_core::EventTracker;
use gomon_core::{Capture, Context, EndGuard, Outcome};
#[cfg(feature = "serve")]
use http::header;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};

use crate::client::ClientSide;
use crate::config::Config;
use crate::mark::Served;
use crate::request_body::SharedTee;
use crate::routes::{Route, RouteId};
use crate::seen::Seen;
#[cfg(feature = "serve")]
use crate::websocket::Tap;
use crate::{error, headers, keys};

/// The event of one exchange while it lasts.
pub(crate) struct Exchange {
    guard: EndGuard,
    config: Arc<Config>,
    asked: Asked,
    seen: Seen,
    /// How layers inside know of it, where the request itself does not say so.
    served: Option<Served>,
    /// The bytes the response's body said it has.
    expected: Option<u64>,
    /// What a client knows beside.
    client: Option<ClientSide>,
    /// Where the server keeps how long such requests take.
    route: Option<RouteId>,
    /// The `X-Request-Id` that the response is to have.
    id: Option<HeaderValue>,
    /// The connection, where it may become a WebSocket.
    #[cfg(feature = "serve")]
    tap: Option<Tap>,
}

impl Exchange {
    pub(crate) fn new<B: Body>(
        guard: EndGuard,
        request: &Request<B>,
        capture: Arc<Capture>,
        config: &Arc<Config>,
    ) -> Self {
        let seen = if guard.tracker_ref().is_recording() {
            Seen::new(request, capture, guard.tracker_ref())
        } else {
            Seen::nothing(capture)
        };
        Self {
            guard,
            config: Arc::clone(config),
            asked: Asked::of(request.method()),
            seen,
            served: None,
            expected: None,
            client: None,
            route: None,
            id: None,
            #[cfg(feature = "serve")]
            tap: request.extensions().get::<Tap>().cloned(),
        }
    }

    /// The same of a server's request of that route.
    pub(crate) fn on_route(mut self, route: RouteId, id: Option<HeaderValue>) -> Self {
        (self.route, self.id) = (Some(route), id);
        self
    }

    /// The same, observed by the client.
    #[cfg(feature = "client")]
    pub(crate) fn outgoing(mut self, mut side: ClientSide) -> Self {
        self.seen.outgoing = true;
        if self.request_tee().is_some() {
            side.expect_body();
        }
        self.client = Some(side);
        self
    }

    /// The request's body goes where it cannot be watched.
    #[cfg(feature = "rocket")]
    pub(crate) fn leave_request_unseen(&mut self) {
        self.seen.leave_request_unseen();
    }

    /// Layers inside know of it by that, instead of a mark.
    pub(crate) fn serve(&mut self, served: Option<Served>) {
        self.served = served;
    }

    /// Its event, for others to be part of.
    pub(crate) fn event(&self) -> Context {
        self.guard.tracker_ref().context()
    }

    /// What a client knows of the request, where one sends it.
    #[cfg(feature = "client")]
    pub(crate) fn client(&self) -> Option<&ClientSide> {
        self.client.as_ref()
    }

    /// The request's body passes as a whole.
    #[cfg(feature = "reqwest")]
    pub(crate) fn pass_whole(&self, body: &[u8]) {
        if let Some(tee) = self.request_tee() {
            tee.lock().pass(&body);
        }
    }

    /// Whether it was observed by the server.
    pub(crate) fn is_incoming(&self) -> bool {
        self.client.is_none()
    }

    /// Whether there is anything to see of the request's body.
    pub(crate) fn sees_request_body(&self) -> bool {
        self.seen.sees_request()
    }

    /// The tee for the request's body; none where there is nothing to see.
    pub(crate) fn request_tee(&self) -> SharedTee {
        self.seen.request_tee()
    }

    /// Calls the service, as part of the event. A panic ends it, and goes on.
    pub(crate) fn call(&mut self, f: impl FnOnce()) {
        let Self {
            guard,
            client,
            served,
            ..
        } = self;
        match (client, served) {
            (Some(client), _) => client.enter(|| guard.poll(f)),
            (None, Some(served)) => served.during(|| guard.poll(f)),
            (None, None) => guard.poll(f),
        }
    }

    /// Runs a drop as part of the event. A panic ends it, and goes on.
    pub(crate) fn poll<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let Self { guard, client, .. } = self;
        match client {
            Some(client) => client.enter(|| guard.poll(f)),
            None => guard.poll(f),
        }
    }

    /// The same for a poll. What a server's request waits for in between is part of its event; a
    /// client's call is itself a wait of whoever calls.
    pub(crate) fn poll_future<T>(
        &mut self,
        cx: &mut TaskContext<'_>,
        poll: impl FnOnce(&mut TaskContext<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self {
            guard,
            client,
            served,
            ..
        } = self;
        match (client, served) {
            (Some(client), _) => client.poll(cx, |cx| guard.poll_future(cx, poll)),
            (None, Some(served)) => served.during(|| guard.poll_future(cx, poll)),
            (None, None) => guard.poll_future(cx, poll),
        }
    }

    /// Routing was the service's own, and found what this request's extensions have.
    #[cfg(any(feature = "poem", feature = "rocket"))]
    pub(crate) fn routed(&mut self, request: &Request<()>) {
        let Self {
            guard,
            seen,
            config,
            route,
            ..
        } = self;
        let (capture, extensions) = (seen.capture(), request.extensions());
        *route = Some(crate::incoming::Matched::of(extensions, config, capture).route);
        let event = || crate::incoming::add_route(gomon_core::current(), request, config, capture);
        guard.poll(event);
    }

    /// The service or the response's body failed.
    pub(crate) fn note_failure<E: Display + 'static>(&mut self, error: &E) {
        let detectors = self.seen.capture().detectors();
        error::note_failure(self.guard.tracker(), error, detectors);
    }

    /// The service answered: notes the head, and says whether a body is still to come.
    pub(crate) fn answered<B: Body>(&mut self, response: &mut Response<B>) -> bool {
        self.served = None;
        if let Some(client) = &self.client {
            client.answered(response);
        }
        self.note_head(response);
        if self.is_incoming() {
            let (telling, id) = (self.config.telling, self.id.take());
            telling.add_to(response.headers_mut(), id, &self.guard);
        }
        #[cfg(feature = "serve")]
        if let Some(tap) = self.tap.take().filter(|_| is_websocket(response)) {
            self.note_route();
            self.seen.write(self.guard.tracker());
            let nothing = EndGuard::new(EventTracker::empty());
            tap.open(std::mem::replace(&mut self.guard, nothing));
            return false;
        }
        let body = response.body();
        if self.head_is_all(response.status()) || body.is_end_stream() {
            self.end_with_poll();
            return false;
        }
        let declared = headers::content_length(response.headers());
        self.expected = declared.or_else(|| body.size_hint().exact());
        self.guard.on_drop(Outcome::Truncated);
        true
    }

    /// A frame of the response's body passed.
    pub(crate) fn passed<D: Buf>(&mut self, frame: &Frame<D>) {
        if let Some(data) = frame.data_ref() {
            self.seen.response_passed(data);
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.seen.trailers_passed(trailers, self.guard.tracker());
        }
    }

    /// The response's body is being dropped; `ended` if it says that nothing was left.
    pub(crate) fn settle(&mut self, ended: bool) {
        if ended || self.seen.response_size() == self.expected {
            self.guard.on_drop(Outcome::Completed);
        }
    }

    /// Nothing more will come after the poll that just ended: whoever holds this drops it.
    pub(crate) fn end_with_poll(&mut self) {
        self.guard.on_drop(Outcome::Completed);
        self.guard.ends_with_poll();
    }

    /// Nothing more will come: whoever holds this drops it.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.guard.on_drop(outcome);
    }

    fn note_head<B>(&mut self, response: &Response<B>) {
        let status = response.status();
        let first_byte = self.guard.elapsed();
        let tracker = self.guard.tracker();
        if !tracker.is_recording() {
            return;
        }
        tracker
            .set(keys::FIRST_BYTE, first_byte)
            .set(keys::RESPONSE_CODE, status.as_u16());
        if self.seen.capture().headers() {
            let (sent, capture) = (response.headers(), self.seen.capture());
            tracker.set_map(keys::RESPONSE_HEADERS, |map| {
                headers::write(sent, capture, map);
            });
        }
        if self.config.timeout_statuses.contains(&status) {
            tracker.mark(Outcome::TimedOut);
        }
        if status.is_server_error() {
            tracker.mark(Outcome::Failed);
        }
        #[cfg(any(feature = "actix", feature = "poem", feature = "salvo"))]
        if let Some(cause) = response.extensions().get::<crate::cause::Cause>() {
            tracker.push_error(cause.error().masked(self.seen.capture().detectors()));
        }
        let tunnel = self.asked == Asked::Connect && status.is_success();
        if tunnel || status == StatusCode::SWITCHING_PROTOCOLS {
            tracker.set(keys::HIJACK, true);
        }
        #[cfg(feature = "client")]
        if self.seen.outgoing {
            crate::outgoing::note_connection(tracker, response, self.seen.capture());
        }
        self.seen.answered(response.headers(), tracker);
    }

    /// Judges how long a server's request took by its route. A gRPC call tells its own at the end.
    fn note_route(&mut self) {
        let Some(mut route) = self.route.take() else {
            return;
        };
        let took = self.guard.elapsed_at_end();
        let tracker = self.guard.tracker();
        let routes = &self.config.routes;
        if route == RouteId::Unknown
            && let Some(called) = self.seen.grpc_route()
        {
            route = routes.of(Some(&called), &self.config.slow);
            if let Some(name) = routes.get(route).and_then(Route::name) {
                tracker.set(keys::ROUTE, &**name);
            }
        }
        if routes.get(route).is_some_and(|route| route.took(took)) {
            tracker.set(keys::SLOW, true);
        }
    }

    /// Whether what answers has no body whatever its type says (RFC 9110, section 6.4.1).
    fn head_is_all(&self, status: StatusCode) -> bool {
        self.asked != Asked::Other
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }
}

/// Whether the connection is a WebSocket from here on (RFC 6455, section 4.2.2).
#[cfg(feature = "serve")]
fn is_websocket<B>(response: &Response<B>) -> bool {
    let upgrade = response.headers().get(header::UPGRADE);
    let is_one = |upgrade: &HeaderValue| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket");
    response.status() == StatusCode::SWITCHING_PROTOCOLS && upgrade.is_some_and(is_one)
}

/// What of the method decides whether a body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Head,
    Connect,
    Other,
}

impl Asked {
    fn of(method: &Method) -> Self {
        match *method {
            Method::HEAD => Self::Head,
            Method::CONNECT => Self::Connect,
            _ => Self::Other,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.guard.tracker_ref().is_recording() {
            self.note_route();
            self.seen.write(self.guard.tracker());
            if let Some(client) = &self.client {
                client.write(self.guard.tracker());
            }
        }
    }
}
