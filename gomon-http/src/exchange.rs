//! One request and its response, from the call to the end of the response's body.
//!
//! An [`Exchange`] moves from the future to the body and is dropped at the end; wherever that
//! happens, its event closes once, with the sizes and bodies seen so far.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use gomon_core::wait::Wait;
use gomon_core::{Capture, EndGuard, Outcome};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};

use crate::config::Config;
use crate::mark::Served;
use crate::request_body::SharedTee;
use crate::routes::Route;
use crate::seen::Seen;
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
    /// The wait of whoever called, by a client.
    wait: Option<Wait>,
    /// Where the server keeps how long such requests take.
    route: Option<Arc<Route>>,
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
            wait: None,
            route: None,
        }
    }

    /// The same of a server's request of that route.
    pub(crate) fn serving(mut self, served: Option<Served>, route: Arc<Route>) -> Self {
        self.served = served;
        self.route = Some(route);
        self
    }

    /// The same, observed by the client.
    #[cfg(feature = "client")]
    pub(crate) fn outgoing(mut self) -> Self {
        self.seen.outgoing = true;
        self.wait = Some(Wait::new(gomon_core::wait::Kind::Http));
        self
    }

    /// Whether it was observed by the server.
    pub(crate) fn is_incoming(&self) -> bool {
        self.wait.is_none()
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
    pub(crate) fn call<R>(&mut self, f: impl FnOnce() -> R) -> R {
        match self.served {
            Some(served) => served.during(|| self.guard.poll(f)),
            None => self.guard.poll(f),
        }
    }

    /// Runs a drop as part of the event. A panic ends it, and goes on.
    pub(crate) fn poll<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.guard.poll(f)
    }

    /// The same for a poll. What a server's request waits for in between is part of its event; a
    /// client's call is itself a wait of whoever calls.
    pub(crate) fn poll_future<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { guard, wait, .. } = self;
        match (wait, self.served) {
            (Some(wait), _) => wait.poll(cx, |cx| guard.poll_future(cx, poll)),
            (None, Some(served)) => served.during(|| guard.poll_future(cx, poll)),
            (None, None) => guard.poll_future(cx, poll),
        }
    }

    /// The service or the response's body failed.
    pub(crate) fn note_failure<E: Display + 'static>(&mut self, error: &E) {
        let detectors = self.seen.capture().detectors();
        error::note_failure(self.guard.tracker(), error, detectors);
    }

    /// The service answered: notes the head, and says whether a body is still to come.
    pub(crate) fn answered<B: Body>(&mut self, response: &Response<B>) -> bool {
        self.served = None;
        self.note_head(response);
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

    /// Nothing more will come: whoever holds this drops it. What was marked before, such as a status of 500, may outrank the
    /// outcome.
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
        if !route.is_known()
            && let Some(called) = self.seen.grpc_route()
        {
            route = self.config.routes.of(Some(&called), &self.config.slow);
            tracker.set(keys::ROUTE, route.name(&called));
        }
        if route.took(took) {
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
        }
    }
}
