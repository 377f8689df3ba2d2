//! gRPC: which method was called, how it ended, and how many messages passed.

mod framing;

use gomon_core::{ErrorInfo, EventTracker, Outcome, Tree};
use http::{HeaderMap, header};

use crate::{headers, keys, url};

pub(crate) use framing::Framing;

/// A call, as far as it has come.
#[derive(Debug)]
pub(crate) struct Call {
    service: String,
    method: String,
    status: Option<u16>,
}

impl Call {
    /// The call that a request with this path and these headers is, if it is one. gRPC-Web, whose trailers are part of the body,
    /// is none.
    pub(crate) fn of(path: &str, sent: &HeaderMap) -> Option<Self> {
        let content_type = headers::get(sent, &header::CONTENT_TYPE)?.as_bytes();
        let rest = content_type.strip_prefix(b"application/grpc")?;
        if !matches!(rest.first(), None | Some(b'+' | b';')) {
            return None;
        }
        let (service, method) = path.strip_prefix('/')?.rsplit_once('/')?;
        Some(Self {
            service: service.to_owned(),
            method: method.to_owned(),
            status: None,
        })
    }

    /// Headers or trailers came: they may hold the status.
    pub(crate) fn ended(&mut self, headers: &HeaderMap, tracker: &mut EventTracker) {
        let status = headers.get(STATUS).and_then(|status| status.to_str().ok());
        let Some(status) = status.and_then(|status| status.parse().ok()) else {
            return;
        };
        self.status = Some(status);
        let outcome = match status {
            DEADLINE_EXCEEDED => Outcome::TimedOut,
            fault if is_fault(fault) => Outcome::Failed,
            _ => return,
        };
        // Percent-encoded (gRPC over HTTP/2, `Status-Message`).
        let message = headers.get(MESSAGE).map(|message| message.as_bytes());
        let message = String::from_utf8_lossy(message.unwrap_or_default());
        let error = ErrorInfo::message(url::decoded(&message)).kind(name(status));
        tracker.push_error(error).mark(outcome);
    }

    /// Its method as a route, unless nobody has it: strangers may ask for anything.
    pub(crate) fn route(&self) -> Option<String> {
        let is_there = self.status.is_some_and(|status| status != UNIMPLEMENTED);
        is_there.then(|| format!("/{}/{}", self.service, self.method))
    }

    /// Writes `grpc`.
    pub(crate) fn write(
        &self,
        sent: Option<u64>,
        received: Option<u64>,
        tracker: &mut EventTracker,
    ) {
        let call = Tree::map()
            .with(keys::grpc::SERVICE, self.service.clone())
            .with(keys::grpc::METHOD, self.method.clone());
        let call = with(call, keys::grpc::STATUS, self.status.map(u64::from));
        let call = with(call, keys::grpc::MESSAGES_IN, received);
        let call = with(call, keys::grpc::MESSAGES_OUT, sent);
        tracker.set(keys::GRPC, call);
    }
}

fn with(tree: Tree, key: &'static str, value: Option<u64>) -> Tree {
    match value {
        Some(value) => tree.with(key, value),
        None => tree,
    }
}

/// Statuses that say that the server is at fault, as OpenTelemetry's conventions for RPC servers have it: unknown, unimplemented,
/// internal, unavailable, data loss. The one that they have beside these says what happened: a deadline passed.
fn is_fault(status: u16) -> bool {
    matches!(status, 2 | 12..=15)
}

/// The names of <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
fn name(status: u16) -> &'static str {
    match status {
        2 => "UNKNOWN",
        DEADLINE_EXCEEDED => "DEADLINE_EXCEEDED",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        _ => "ERROR",
    }
}

const DEADLINE_EXCEEDED: u16 = 4;
const UNIMPLEMENTED: u16 = 12;
const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn call(path: &str, content_type: &'static str) -> Option<Call> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Call::of(path, &headers)
    }

    #[test]
    fn a_call_is_told_by_its_type() {
        let greet = call("/shop.v1.Greeter/Greet", "application/grpc+proto").unwrap();
        assert_eq!(
            (&*greet.service, &*greet.method),
            ("shop.v1.Greeter", "Greet")
        );
        assert!(call("/a/b", "application/grpc").is_some());
        assert!(call("/a/b", "application/grpc;x=1").is_some());
        for other in ["application/grpc-web", "application/json", "text/plain"] {
            assert!(call("/a/b", other).is_none(), "{other}");
        }
        assert!(call("/", "application/grpc").is_none() && call("*", "application/grpc").is_none());
    }
}
