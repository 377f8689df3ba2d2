//! What a layer tells the client, and the service, in headers: only where it was asked to.

use std::fmt::Write;

use gomon_core::EndGuard;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Which headers are added.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    pub(crate) request_id: bool,
    pub(crate) trace: bool,
    pub(crate) timing: bool,
}

impl Telling {
    /// Gives a request an id, which is that of its event, unless it has one: the one it has then.
    pub(crate) fn identify(
        self,
        headers: &mut HeaderMap,
        event: impl FnOnce() -> Option<HeaderValue>,
    ) -> Option<HeaderValue> {
        if !self.request_id {
            return None;
        }
        if let Some(known) = headers.get(&REQUEST_ID) {
            return (known.len() <= ID_BYTES).then(|| known.clone());
        }
        let id = event()?;
        headers.insert(REQUEST_ID, id.clone());
        Some(id)
    }

    /// Adds what there is to tell with a response, in place of nothing that is there.
    pub(crate) fn add_to(self, headers: &mut HeaderMap, id: Option<HeaderValue>, guard: &EndGuard) {
        if let Some(id) = id {
            headers.entry(REQUEST_ID).or_insert(id);
        }
        if self.trace
            && let Some(parent) = guard.tracker_ref().context().traceparent()
            && let Ok(value) = HeaderValue::try_from(parent.to_string())
        {
            headers.entry(TRACE_RESPONSE).or_insert(value);
        }
        if self.timing
            && let Ok(value) = HeaderValue::try_from(timing(guard))
        {
            // A list: what the service says itself stays.
            headers.append(SERVER_TIMING, value);
        }
    }
}

/// Milliseconds by what they were spent on (W3C Server Timing).
fn timing(guard: &EndGuard) -> String {
    let mut text = String::new();
    let total = [("total", guard.tracker_ref().elapsed())];
    for (name, spent) in total.into_iter().chain(guard.spent()) {
        let separator = if text.is_empty() { "" } else { ", " };
        let millis = spent.as_secs_f64() * 1e3;
        // It cannot fail.
        let _ = write!(text, "{separator}{name};dur={millis:.3}");
    }
    text
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// A longer id is left to the service.
const ID_BYTES: usize = 256;
