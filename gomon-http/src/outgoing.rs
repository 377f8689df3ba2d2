//! What a client's event takes from the head of the request, and what it sends along.

use gomon_core::{Capture, Context, EventTracker, Propagation};
use http::{HeaderMap, HeaderValue, Request, Response};
use hyper_util::client::legacy::connect::HttpInfo;

use crate::url::Url;
use crate::{headers, keys};

/// Sets all that is known before the request is sent.
pub(crate) fn describe<B>(tracker: &mut EventTracker, request: &Request<B>, capture: &Capture) {
    let sent = request.headers();
    let url = Url::outgoing(request.uri(), capture);
    tracker
        .set(keys::DIRECTION, keys::direction::OUTGOING)
        .set(keys::METHOD, request.method().as_str())
        .set_map(keys::URL, |map| url.write(map));
    if let Some(length) = headers::content_length(sent) {
        tracker.set(keys::CONTENT_LENGTH, length);
    }
    if capture.headers() {
        tracker.set_map(keys::HEADERS, |map| headers::write(sent, capture, map));
    }
}

/// Names this event as the parent of what the server does, and hands on what it carries. Headers
/// that were there are replaced: the request's parent is the call that carries it.
pub(crate) fn propagate(propagation: Propagation, event: Context, headers: &mut HeaderMap) {
    propagation.inject(event, |name, value| {
        let Some(value) = value else {
            headers.remove(name);
            return;
        };
        if let Ok(value) = HeaderValue::from_str(value) {
            // A full map sends no parent, which is better than to panic.
            headers.try_insert(name, value).ok();
        }
    });
}

/// What only the response tells: the protocol that was agreed on and the address that answered.
pub(crate) fn note_connection<B>(
    tracker: &mut EventTracker,
    response: &Response<B>,
    capture: &Capture,
) {
    tracker.set(keys::PROTO, headers::proto(response.version()));
    if !capture.remote_address() {
        return;
    }
    if let Some(info) = response.extensions().get::<HttpInfo>() {
        tracker.set(keys::REMOTE_ADDRESS, info.remote_addr().to_string());
    }
}
