//! What was seen of the bodies of an exchange, and how it gets into the event.

use std::sync::Arc;

use bytes::Buf;
use gomon_core::{Capture, EventTracker};
use http::{HeaderMap, Request};
use http_body::Body;

use crate::grpc;
use crate::keys;
use crate::request_body::{RequestTee, SharedTee};
use crate::tee::Tee;

/// Both bodies, as far as they passed.
pub(crate) struct Seen {
    /// Whether the client observes; else it is the server.
    #[cfg(feature = "client")]
    pub(crate) outgoing: bool,
    /// What the layer may record. Live switches may add to it at any time.
    capture: Arc<Capture>,
    /// The request's body, which others read.
    request: SharedTee,
    /// Whether there is a request's body that nobody here reads.
    unseen: bool,
    /// The bytes of the response's body that passed, once there is a response.
    response_size: Option<u64>,
    /// More of it, where that is asked for.
    response: Option<Box<Tee>>,
    grpc: Option<grpc::Call>,
}

impl Seen {
    pub(crate) fn new<B: Body>(
        request: &Request<B>,
        capture: Arc<Capture>,
        tracker: &EventTracker,
    ) -> Self {
        let grpc = grpc::Call::of(request.uri().path(), request.headers());
        Self {
            #[cfg(feature = "client")]
            outgoing: false,
            request: RequestTee::of(request, || tracker.bodies_ahead(&capture), grpc.is_some()),
            capture,
            unseen: false,
            response_size: None,
            response: None,
            grpc,
        }
    }

    /// For an exchange that is not recorded: its bodies are not looked at.
    pub(crate) fn nothing(capture: Arc<Capture>) -> Self {
        Self {
            #[cfg(feature = "client")]
            outgoing: false,
            capture,
            request: None,
            unseen: false,
            response_size: None,
            response: None,
            grpc: None,
        }
    }

    /// Whoever reads the request's body passes it by this: of one that is there nothing is known.
    #[cfg(feature = "rocket")]
    pub(crate) fn leave_request_unseen(&mut self) {
        self.unseen = self.request.take().is_some();
    }

    pub(crate) fn capture(&self) -> &Capture {
        &self.capture
    }

    pub(crate) fn sees_request(&self) -> bool {
        self.request.is_some()
    }

    pub(crate) fn request_tee(&self) -> SharedTee {
        self.request.clone()
    }

    /// A response with these headers is there.
    pub(crate) fn answered(&mut self, headers: &HeaderMap, tracker: &mut EventTracker) {
        self.response_size = Some(0);
        let tee = Tee::new(headers, tracker.bodies_ahead(&self.capture));
        let tee = match &mut self.grpc {
            Some(call) => {
                // A response without a body has its status here.
                call.ended(headers, tracker);
                tee.counting_messages()
            }
            None => tee,
        };
        self.response = tee.sees_more_than_size().then(|| Box::new(tee));
    }

    /// The response's trailers came.
    pub(crate) fn trailers_passed(&mut self, trailers: &HeaderMap, tracker: &mut EventTracker) {
        if let Some(call) = &mut self.grpc {
            call.ended(trailers, tracker);
        }
    }

    pub(crate) fn response_passed(&mut self, data: &impl Buf) {
        if let Some(size) = &mut self.response_size {
            *size = size.saturating_add(data.remaining() as u64);
        }
        if let Some(tee) = &mut self.response {
            tee.pass(data);
        }
    }

    pub(crate) fn response_size(&self) -> Option<u64> {
        self.response_size
    }

    /// The method of a gRPC call that somebody has.
    pub(crate) fn grpc_route(&self) -> Option<String> {
        self.grpc.as_ref()?.route()
    }

    #[cfg(feature = "client")]
    fn is_outgoing(&self) -> bool {
        self.outgoing
    }

    #[cfg(not(feature = "client"))]
    fn is_outgoing(&self) -> bool {
        false
    }

    /// Writes all of it, as the last that the event is told.
    pub(crate) fn write(&self, tracker: &mut EventTracker) {
        match &self.request {
            Some(request) => {
                let capture = &*tracker.capture(&self.capture);
                request.lock().write(tracker, capture);
            }
            None if self.unseen => {}
            None => {
                tracker.set(keys::REQUEST_SIZE, 0_u64);
            }
        }
        if let Some(call) = &self.grpc {
            let request = self.request.as_ref();
            let asked = request.map_or(Some(0), |request| request.lock().messages());
            let answered = self.response.as_deref().map_or(Some(0), Tee::messages);
            match self.is_outgoing() {
                true => call.write(asked, answered, tracker),
                false => call.write(answered, asked, tracker),
            }
        }
        if let Some(size) = self.response_size {
            tracker.set(keys::RESPONSE_SIZE, size);
            if let Some(response) = &self.response {
                let capture = &*tracker.capture(&self.capture);
                response.write(keys::RESPONSE_BODY, tracker, capture);
            }
            #[cfg(feature = "client")]
            if self.outgoing {
                let done = tracker.elapsed();
                tracker.set(keys::BODY_DONE, done);
            }
        }
    }
}
