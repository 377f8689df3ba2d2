//! What of a call is gRPC's: its method, its status, and how many messages went either way.
//!
//! By the protocol over HTTP/2 (github.com/grpc/grpc, `doc/PROTOCOL-HTTP2.md`): the path is
//! `/service/method`, a message is a byte that says whether it is compressed, four of its length,
//! big-endian, and so many more; the status is in the trailers, or in the headers where nothing else
//! comes.

use std::io::IoSlice;

use bytes::Buf;
use gomon_core::{EventTracker, Outcome, Tree};
use http::{HeaderMap, header};
use parking_lot::Mutex;

use crate::keys::{self, grpc};

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    service: String,
    method: String,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    sent: Messages,
    received: Messages,
    status: Option<u32>,
}

impl Call {
    /// None for a request that is no call of gRPC's.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?;
        if !content_type.as_bytes().starts_with(b"application/grpc") {
            return None;
        }
        let (service, method) = path.trim_start_matches('/').rsplit_once('/')?;
        Some(Self {
            service: service.to_owned(),
            method: method.to_owned(),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn sent(&self, data: &impl Buf) {
        self.seen.lock().sent.pass(data);
    }

    pub(crate) fn received(&self, data: &impl Buf) {
        self.seen.lock().received.pass(data);
    }

    /// Headers or trailers came.
    pub(crate) fn ended(&self, headers: &HeaderMap) {
        let status = headers.get("grpc-status").and_then(|status| {
            let status = status.to_str().ok()?;
            status.parse().ok()
        });
        if status.is_some() {
            self.seen.lock().status = status;
        }
    }

    pub(crate) fn write(&self, tracker: &mut EventTracker) {
        let seen = self.seen.lock();
        let mut tree = Tree::map()
            .with(grpc::SERVICE, self.service.clone())
            .with(grpc::METHOD, self.method.clone());
        if let Some(status) = seen.status {
            tree = tree.with(grpc::STATUS, status);
        }
        let tree = tree
            .with(grpc::MESSAGES_IN, seen.received.count)
            .with(grpc::MESSAGES_OUT, seen.sent.count);
        tracker.set(keys::GRPC, tree);
        if let Some(outcome) = seen.status.and_then(outcome) {
            tracker.mark(outcome);
        }
    }
}

/// What a status says of the server: unknown, unimplemented, internal, unavailable and data loss are
/// its faults, a deadline is one; what else there is, is an answer.
fn outcome(status: u32) -> Option<Outcome> {
    match status {
        2 | 12..=15 => Some(Outcome::Failed),
        4 => Some(Outcome::TimedOut),
        _ => None,
    }
}

/// The messages of one direction, counted as their bytes pass.
#[derive(Debug, Default)]
struct Messages {
    count: u64,
    /// How much of the prefix has passed, and the length it has told so far.
    prefix: u8,
    length: u32,
    /// What is left of the message.
    rest: usize,
}

impl Messages {
    fn pass(&mut self, data: &impl Buf) {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = data.chunks_vectored(&mut slices);
        for slice in slices.iter().take(filled) {
            self.pass_slice(slice);
        }
    }

    fn pass_slice(&mut self, mut slice: &[u8]) {
        loop {
            slice = match slice.split_at_checked(self.rest) {
                Some((_, after)) => {
                    self.rest = 0;
                    after
                }
                None => {
                    self.rest -= slice.len();
                    return;
                }
            };
            let Some((byte, after)) = slice.split_first() else {
                return;
            };
            slice = after;
            self.prefix += 1;
            if self.prefix > 1 {
                self.length = self.length << 8 | u32::from(*byte);
            }
            if self.prefix == 5 {
                self.count += 1;
                self.rest = usize::try_from(self.length).unwrap_or(usize::MAX);
                (self.prefix, self.length) = (0, 0);
            }
        }
    }
}

/// Slices of one frame that are looked at; tonic's have one.
const SLICES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let two = b"\0\0\0\0\x03abc\x01\0\0\0\0";
        for cut in 0..two.len() {
            let mut messages = Messages::default();
            let (first, second) = two.split_at(cut);
            messages.pass(&first);
            messages.pass(&second);
            assert_eq!(messages.count, 2, "cut at {cut}");
        }
    }

    #[test]
    fn only_a_call_of_grpc_has_a_method() {
        let mut headers = HeaderMap::new();
        assert!(Call::of("/a.B/C", &headers).is_none());
        let proto = header::HeaderValue::from_static("application/grpc+proto");
        headers.insert(header::CONTENT_TYPE, proto);
        let call = Call::of("/a.B/C", &headers).expect("a call");
        assert_eq!((&*call.service, &*call.method), ("a.B", "C"));
        assert!(Call::of("/", &headers).is_none());
    }
}
