//! Which of an event's attributes are labels.

use super::label::{Label, Labels};
use crate::event::attribute::Stored;
use crate::event::error_info::ErrorInfo;
use crate::event::record::Record;
use crate::event::value::Tree;
use crate::keys;
use crate::sampling::hash::Keyed;

/// The hash of an event's labels and what was hashed before, whatever the order of its attributes.
#[inline]
pub(super) fn hash(record: &Record, keys: Keyed, before: u64) -> u64 {
    let mut hash = before;
    visit(record, |label, value| {
        hash = hash.wrapping_add(keys.bytes(value, label as u64 + 1));
    });
    hash
}

/// The labels of an event.
pub(super) fn labels(record: &Record) -> Labels {
    let mut values = [""; Label::ALL.len()];
    visit(record, |label, value| {
        if let Some(place) = values.get_mut(label as usize) {
            *place = std::str::from_utf8(value).unwrap_or("");
        }
    });
    Labels::new(values)
}

/// Shows each label's value, which is text and not empty.
#[inline]
fn visit<'a>(record: &'a Record, mut see: impl FnMut(Label, &'a [u8])) {
    for attribute in record.stored().into_iter().flatten() {
        // Most keys have another length than any that is looked for.
        if LENGTHS >> (attribute.key.len() % 64) & 1 != 0
            && let Some((label, value)) = read(record, attribute.key, attribute.value)
            && !value.is_empty()
        {
            see(label, value);
        }
    }
    if let Some(group) = record.errors().first().and_then(group) {
        see(Label::Error, group.as_bytes());
    }
}

#[inline(always)]
fn read<'a>(record: &'a Record, key: &str, value: Stored) -> Option<(Label, &'a [u8])> {
    let label = match key {
        keys::ROUTE => Label::Route,
        keys::SYSTEM => Label::System,
        keys::DIGEST => Label::Digest,
        keys::NAME if record.fp == keys::SEGMENT => Label::Segment,
        keys::ADDR if record.fp == keys::NET_DIAL => Label::Peer,
        keys::METHOD => {
            let method = method(record.text_bytes(value)?);
            return Some((Label::Method, method.as_bytes()));
        }
        keys::RESPONSE_CODE => return Some((Label::ResponseClass, class(value).as_bytes())),
        // The host in the URL of an incoming request is what its sender wrote there.
        keys::URL if record.fp == keys::HTTP_CLIENT => {
            return Some((Label::Peer, host(record.tree(value)?).as_bytes()));
        }
        _ => return None,
    };
    Some((label, record.text_bytes(value)?))
}

/// A method is whatever a client sends, unless it is one of RFC 9110 or RFC 5789.
fn method(sent: &[u8]) -> &'static str {
    let known = METHODS.iter().find(|method| method.as_bytes() == sent);
    known.copied().unwrap_or("_OTHER")
}

fn class(code: Stored) -> &'static str {
    match code {
        Stored::U64(100..200) => "1xx",
        Stored::U64(200..300) => "2xx",
        Stored::U64(300..400) => "3xx",
        Stored::U64(400..500) => "4xx",
        Stored::U64(500..600) => "5xx",
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
/// A bit for the length of each key that is looked for.
const LENGTHS: u64 = {
    let keys = [
        keys::ROUTE,
        keys::SYSTEM,
        keys::DIGEST,
        keys::NAME,
        keys::ADDR,
        keys::METHOD,
        keys::RESPONSE_CODE,
        keys::URL,
    ];
    let mut lengths = 0;
    let mut left = keys.as_slice();
    while let [key, rest @ ..] = left {
        lengths |= 1 << key.len();
        left = rest;
    }
    lengths
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::value::Value;
    use crate::tracker::open;

    fn labels(
        fp: &'static str,
        attributes: &[(&'static str, Value<'_>)],
        errors: &[ErrorInfo],
    ) -> Vec<(Label, String)> {
        let mut record = open::own(fp);
        for (key, value) in attributes {
            record.set(key, value.clone());
        }
        for error in errors {
            record.push_error(error.clone());
        }
        super::labels(&record)
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
            ("method", Value::Str("GET")),
            ("url", Value::Tree(url)),
            ("remoteaddr", Value::Str("192.0.2.1:4711")),
            ("route", Value::Str("/users/{id}")),
            ("response_code", Value::U64(404)),
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
        let call = [("url", Value::Tree(url))];
        assert_eq!(
            labels("http-roundtripper", &call, &[]),
            owned([(Label::Peer, "api:443")])
        );
        let dial = [("addr", Value::Str("db:5432"))];
        assert_eq!(
            labels("net-dial", &dial, &[]),
            owned([(Label::Peer, "db:5432")])
        );
        assert_eq!(labels("mine", &dial, &[]), []);
    }

    #[test]
    fn a_statement_has_its_digest_and_a_segment_its_name() {
        let query = [
            ("system", Value::Str("sqlite")),
            ("query", Value::Str("SELECT 1")),
            ("digest", Value::Str("d1")),
            ("name", Value::Str("n")),
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
        let attributes = [("method", Value::Str("get/../../1234"))];
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

    fn hash_of(keys: Keyed, attributes: &[(&'static str, &str)]) -> u64 {
        let mut record = open::own("a");
        for (key, value) in attributes {
            record.set(key, Value::Str(value));
        }
        hash(&record, keys, 7)
    }

    #[test]
    fn labels_in_another_order_are_the_same_and_a_text_under_another_label_is_not() {
        let keys = Keyed::new();
        let (route, system) = (("route", "a"), ("system", "b"));
        let hash = |attributes: &[_]| hash_of(keys, attributes);
        assert_eq!(hash(&[route, system]), hash(&[("x", "y"), system, route]));
        assert_ne!(hash(&[route]), hash(&[("system", "a")]));
        assert_ne!(
            hash(&[route, system]),
            hash(&[("route", "b"), ("system", "a")])
        );
        assert_eq!(hash(&[("route", "")]), 7);
    }
}
