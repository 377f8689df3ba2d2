//! Which of an event's attributes are labels.

use super::label::{Label, LabelSet};
use crate::event::error_info::ErrorInfo;
use crate::event::value::{Tree, ValueRef};
use crate::keys;

/// Finds out what an attribute's key is good for, from the key's address: the keys of adapters are
/// constants, and to look at their text for every attribute of every event would cost more than the
/// rest of the aggregates.
#[derive(Debug)]
pub(super) struct Reader {
    known: [(&'static str, Source); PLACES],
}

/// What an attribute says about the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Nothing,
    /// Its text is the label's value.
    Text(Label),
    Method,
    /// A number of which the hundreds count.
    ResponseCode,
    /// A map, of which an outgoing request's peer is the host.
    Url,
    /// The peer of what is dialled.
    Address,
    /// What a segment is called.
    Name,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            known: [("", Source::Nothing); PLACES],
        }
    }

    /// The labels of an event.
    #[inline]
    pub(super) fn labels<'a>(
        &mut self,
        fp: &'static str,
        attributes: impl Iterator<Item = (&'static str, ValueRef<'a>)>,
        errors: &'a [ErrorInfo],
    ) -> LabelSet<'a> {
        let mut labels = LabelSet::default();
        for (key, value) in attributes {
            let source = self.source(key);
            if source != Source::Nothing {
                source.read(fp, value, &mut labels);
            }
        }
        if let Some(group) = errors.first().and_then(group) {
            labels.set(Label::Error, group);
        }
        labels
    }

    #[inline]
    fn source(&mut self, key: &'static str) -> Source {
        let at = (key.as_ptr().addr() ^ key.len()) % PLACES;
        match self.known.get_mut(at) {
            Some((known, source)) if std::ptr::eq(*known, key) => *source,
            place => {
                let source = Source::of(key);
                if let Some(place) = place {
                    *place = (key, source);
                }
                source
            }
        }
    }
}

impl Source {
    #[cold]
    fn of(key: &str) -> Self {
        match key {
            keys::ROUTE => Self::Text(Label::Route),
            keys::SYSTEM => Self::Text(Label::System),
            keys::DIGEST => Self::Text(Label::Digest),
            keys::METHOD => Self::Method,
            keys::RESPONSE_CODE => Self::ResponseCode,
            keys::URL => Self::Url,
            keys::ADDR => Self::Address,
            keys::NAME => Self::Name,
            _ => Self::Nothing,
        }
    }

    fn read<'a>(self, fp: &str, value: ValueRef<'a>, labels: &mut LabelSet<'a>) {
        match (self, value) {
            (Self::Text(label), ValueRef::Str(text)) => labels.set(label, text),
            (Self::Method, ValueRef::Str(text)) => labels.set(Label::Method, method(text)),
            (Self::ResponseCode, value) => {
                labels.set(Label::ResponseClass, class(value.as_u64()));
            }
            // The host in the URL of an incoming request is what its sender wrote there.
            (Self::Url, ValueRef::Tree(url)) if fp == keys::HTTP_CLIENT => {
                labels.set(Label::Peer, host(url));
            }
            (Self::Address, ValueRef::Str(text)) if fp == keys::NET_DIAL => {
                labels.set(Label::Peer, text);
            }
            (Self::Name, ValueRef::Str(text)) if fp == keys::SEGMENT => {
                labels.set(Label::Segment, text);
            }
            _ => {}
        }
    }
}

/// A method is whatever a client sends, unless it is one of RFC 9110 or RFC 5789.
fn method(sent: &str) -> &'static str {
    let known = METHODS.iter().find(|method| **method == sent);
    known.copied().unwrap_or("_OTHER")
}

fn class(code: Option<u64>) -> &'static str {
    match code {
        Some(100..200) => "1xx",
        Some(200..300) => "2xx",
        Some(300..400) => "3xx",
        Some(400..500) => "4xx",
        Some(500..600) => "5xx",
        _ => "",
    }
}

fn host(url: &Tree) -> &str {
    let Tree::Map(parts) = url else {
        return "";
    };
    match parts.iter().find(|(key, _)| key == keys::HOST) {
        Some((_, Tree::Str(host))) => host,
        _ => "",
    }
}

/// Errors of one type are one group; without a type, those noticed at one line are.
fn group(error: &ErrorInfo) -> Option<&str> {
    error.kind.as_deref().or(error.location.as_deref())
}

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE",
];
const PLACES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<'a>(
        fp: &'static str,
        attributes: &[(&'static str, ValueRef<'a>)],
        errors: &'a [ErrorInfo],
    ) -> Vec<(Label, String)> {
        let set = Reader::new().labels(fp, attributes.iter().copied(), errors);
        let labels = super::super::label::Labels::new(&set);
        labels
            .iter()
            .map(|(label, value)| (label, value.to_owned()))
            .collect()
    }

    fn owned<const N: usize>(labels: [(Label, &str); N]) -> Vec<(Label, String)> {
        labels
            .map(|(label, value)| (label, value.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_request_has_route_method_and_class() {
        let url = Tree::map().with("host", "evil.example");
        let attributes = [
            ("method", ValueRef::Str("GET")),
            ("url", ValueRef::Tree(&url)),
            ("remoteaddr", ValueRef::Str("192.0.2.1:4711")),
            ("route", ValueRef::Str("/users/{id}")),
            ("response_code", ValueRef::U64(404)),
        ];
        assert_eq!(
            labels("http-wmux-servehttp", &attributes, &[]),
            owned([
                (Label::Route, "/users/{id}"),
                (Label::Method, "GET"),
                (Label::ResponseClass, "4xx")
            ])
        );
    }

    #[test]
    fn an_outgoing_request_has_its_host_and_a_dialled_connection_its_address() {
        let url = Tree::map().with("scheme", "https").with("host", "api:443");
        let call = [("url", ValueRef::Tree(&url))];
        assert_eq!(
            labels("http-roundtripper", &call, &[]),
            owned([(Label::Peer, "api:443")])
        );
        let dial = [("addr", ValueRef::Str("db:5432"))];
        assert_eq!(
            labels("net-dial", &dial, &[]),
            owned([(Label::Peer, "db:5432")])
        );
        assert_eq!(labels("mine", &dial, &[]), []);
    }

    #[test]
    fn a_statement_has_its_digest_and_a_segment_its_name() {
        let query = [
            ("system", ValueRef::Str("sqlite")),
            ("query", ValueRef::Str("SELECT 1")),
            ("digest", ValueRef::Str("d1")),
            ("name", ValueRef::Str("n")),
        ];
        assert_eq!(
            labels("sql-wconn-queryctx", &query, &[]),
            owned([(Label::System, "sqlite"), (Label::Digest, "d1")])
        );
        assert_eq!(
            labels("segment", &query[3..], &[]),
            owned([(Label::Segment, "n")])
        );
    }

    #[test]
    fn methods_nobody_knows_are_one() {
        let attributes = [("method", ValueRef::Str("get/../../1234"))];
        assert_eq!(
            labels("a", &attributes, &[]),
            owned([(Label::Method, "_OTHER")])
        );
    }

    #[test]
    fn errors_are_grouped_by_type_or_else_by_place() {
        let typed = [ErrorInfo::message("user 7")
            .kind("NotFound")
            .location_str("a.rs:1")];
        let placed = [ErrorInfo::message("user 7").location_str("a.rs:1")];
        let bare = [ErrorInfo::message("user 7")];
        assert_eq!(
            labels("a", &[], &typed),
            owned([(Label::Error, "NotFound")])
        );
        assert_eq!(labels("a", &[], &placed), owned([(Label::Error, "a.rs:1")]));
        assert_eq!(labels("a", &[], &bare), []);
    }

    #[test]
    fn a_key_is_found_by_its_text_wherever_it_lies() {
        let keys: Vec<&'static str> = (0..1000)
            .map(|n| &*Box::leak(format!("{}route", " ".repeat(n % 3)).into_boxed_str()))
            .collect();
        let mut reader = Reader::new();
        for key in keys.iter().chain(&keys) {
            let set = reader.labels("a", [(*key, ValueRef::Str("/"))].into_iter(), &[]);
            assert_eq!(set == LabelSet::default(), *key != "route");
        }
    }
}
