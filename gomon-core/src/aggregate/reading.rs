//! Which of an event's attributes are labels.

use super::label::{Label, Labels};
use crate::event::attribute::{Attribute, Stored};
use crate::event::record::Record;
use crate::event::shape::Row;
use crate::event::value::Tree;
use crate::keys;
use crate::sampling::hash::Keyed;

/// What the attributes of known rows of keys are good for.
#[derive(Debug)]
pub(super) struct Sources {
    known: [(u64, RowSources); Row::PLACES],
}

/// Of each inline attribute of a record, what it is good for: four bits each, as a [`Source`] has
/// them, and 0 for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowSources(u64);

/// What an attribute says about the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Its text is the label's value.
    Text(Label),
    Method,
    ResponseCode,
    /// A map, of which an outgoing request's peer is the host.
    Url,
    /// The peer of what is dialled.
    Address,
    /// What a segment is called.
    Name,
}

impl Sources {
    /// What the inline attributes of a record are good for. Their row, where it is known, saves
    /// looking at their keys.
    #[inline]
    pub(super) fn of(&mut self, record: &Record, row: Option<Row>) -> RowSources {
        match row.and_then(|row| self.known.get(row.place()).zip(Some(row))) {
            Some(((hash, sources), row)) if *hash == row.hash => *sources,
            _ => self.find_out(record, row),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_out(&mut self, record: &Record, row: Option<Row>) -> RowSources {
        let [inline, _] = record.stored();
        let bits = |attribute: &Attribute| Source::of(attribute.key).map_or(0, Source::bits);
        let sources = inline.iter().rev().fold(0, |all, one| all << 4 | bits(one));
        // Some of a row may have been cut off the record.
        if let Some(row) = row.filter(|row| row.len == inline.len())
            && let Some(place) = self.known.get_mut(row.place())
        {
            *place = (row.hash, RowSources(sources));
        }
        RowSources(sources)
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            known: [(0, RowSources::default()); Row::PLACES],
        }
    }
}

/// The hash of an event's labels and what was hashed before, whatever the order of its attributes.
#[inline]
pub(super) fn hash(record: &Record, sources: RowSources, keys: Keyed, before: u64) -> u64 {
    let mut hash = before;
    visit(record, sources, |label, value| {
        hash = hash.wrapping_add(keys.bytes(value, label as u64 + 1));
    });
    hash
}

/// The labels of an event.
pub(super) fn labels(record: &Record, sources: RowSources) -> Labels {
    let mut values = [""; Label::ALL.len()];
    visit(record, sources, |label, value| {
        if let Some(place) = values.get_mut(label as usize) {
            *place = std::str::from_utf8(value).unwrap_or("");
        }
    });
    Labels::new(values)
}

/// Shows each label's value, which is text and not empty.
#[inline]
fn visit<'a>(record: &'a Record, sources: RowSources, mut see: impl FnMut(Label, &'a [u8])) {
    let mut show = |source: Source, value: Stored| match source.read(record, value) {
        Some((label, value)) if !value.is_empty() => see(label, value),
        _ => {}
    };
    let [inline, beside] = record.stored();
    let mut left = sources.0;
    while left != 0 {
        let at = left.trailing_zeros() / 4;
        let bits = left >> (at * 4) & 15;
        left ^= bits << (at * 4);
        if let (Some(attribute), Some(source)) = (inline.get(at as usize), Source::from_bits(bits))
        {
            show(source, attribute.value);
        }
    }
    for attribute in beside {
        if let Some(source) = Source::of(attribute.key) {
            show(source, attribute.value);
        }
    }
    if let Some(error) = record.errors().first() {
        see(Label::Error, error.grouped.as_bytes());
    }
}

impl Source {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            keys::ROUTE => Self::Text(Label::Route),
            keys::SYSTEM => Self::Text(Label::System),
            keys::DIGEST => Self::Text(Label::Digest),
            keys::METHOD => Self::Method,
            keys::RESPONSE_CODE => Self::ResponseCode,
            keys::URL => Self::Url,
            keys::ADDR => Self::Address,
            keys::NAME => Self::Name,
            _ => return None,
        })
    }

    fn bits(self) -> u64 {
        let place = Self::ALL.iter().position(|source| *source == self);
        place.map_or(0, |place| place as u64 + 1)
    }

    #[inline]
    fn from_bits(bits: u64) -> Option<Self> {
        let place = usize::try_from(bits.checked_sub(1)?).ok()?;
        Self::ALL.get(place).copied()
    }

    #[inline(always)]
    fn read(self, record: &Record, value: Stored) -> Option<(Label, &[u8])> {
        let label = match self {
            Self::Text(label) => label,
            Self::Method => {
                let method = method(record.text_bytes(value)?);
                return Some((Label::Method, method.as_bytes()));
            }
            Self::ResponseCode => return Some((Label::ResponseClass, class(value).as_bytes())),
            // The host in the URL of an incoming request is what its sender wrote there.
            Self::Url if record.fp == keys::HTTP_CLIENT => {
                let host = match record.packed(value) {
                    Some(url) => url.text(keys::HOST).unwrap_or(""),
                    None => host(record.tree(value)?),
                };
                return Some((Label::Peer, host.as_bytes()));
            }
            Self::Address if record.fp == keys::NET_DIAL => Label::Peer,
            Self::Name if record.fp == keys::SEGMENT => Label::Segment,
            Self::Url | Self::Address | Self::Name => return None,
        };
        Some((label, record.text_bytes(value)?))
    }

    const ALL: [Self; 8] = [
        Self::Text(Label::Route),
        Self::Text(Label::System),
        Self::Text(Label::Digest),
        Self::Method,
        Self::ResponseCode,
        Self::Url,
        Self::Address,
        Self::Name,
    ];
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

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::error_info::ErrorInfo;
    use crate::event::flags::Flags;
    use crate::event::shape::Shapes;
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
        let sources = Sources::default().of(&record, None);
        super::labels(&record, sources)
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
    fn errors_are_grouped_by_type_message_and_place() {
        let typed = [ErrorInfo::message("user 7")
            .kind("NotFound")
            .location_str("a.rs:1")];
        let placed = [ErrorInfo::message("user 7").location_str("a.rs:1")];
        let bare = [ErrorInfo::message("user 7")];
        assert_eq!(
            labels("a", &[], &typed),
            owned([(Label::Error, "NotFound: user # (a.rs:1)")])
        );
        assert_eq!(
            labels("a", &[], &placed),
            owned([(Label::Error, "user # (a.rs:1)")])
        );
        assert_eq!(labels("a", &[], &bare), owned([(Label::Error, "user #")]));
    }

    fn hash_of(keys: Keyed, attributes: &[(&'static str, &str)]) -> u64 {
        let mut record = open::own("a");
        for (key, value) in attributes {
            record.set(key, Value::Str(value));
        }
        let sources = Sources::default().of(&record, None);
        hash(&record, sources, keys, 7)
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

    #[test]
    fn a_known_row_is_read_as_it_was_the_first_time() {
        let (mut shapes, mut sources) = (Shapes::default(), Sources::default());
        let keys = Keyed::new();
        for attributes in [["a", "route", "b"], ["route", "a", "b"], ["a", "b", "c"]] {
            let mut hashes = (0..3).map(|_| {
                let mut record = open::own("a");
                for key in attributes {
                    record.set(key, Value::Str("x"));
                }
                let row = record.settle(&mut shapes);
                assert!(row.is_some());
                let known = hash(&record, sources.of(&record, row), keys, 0);
                let anew = hash(&record, Sources::default().of(&record, None), keys, 0);
                (known, anew)
            });
            assert!(
                hashes.all(|(known, anew)| known == anew && (anew == 0) == (attributes[2] == "c"))
            );
        }
    }

    #[test]
    fn what_is_looked_for_is_what_marks_a_record() {
        let named = [
            keys::ROUTE,
            keys::SYSTEM,
            keys::DIGEST,
            keys::METHOD,
            keys::RESPONSE_CODE,
            keys::URL,
            keys::ADDR,
            keys::NAME,
        ];
        let found = named.map(|key| Source::of(key).unwrap());
        assert!(Source::ALL.iter().all(|source| found.contains(source)));
        let others = [keys::LABEL, keys::HOST, "routes", "Route", ""];
        for key in named.into_iter().chain(others) {
            assert_eq!(keys::may_be_label(key), Source::of(key).is_some(), "{key}");
            let mut record = open::own("a");
            record.set(key, Value::Static("x"));
            assert_eq!(
                record.flags.has(Flags::LABELLED),
                named.contains(&key),
                "{key}"
            );
        }
    }

    #[test]
    fn every_source_has_four_bits_of_its_own() {
        for source in Source::ALL {
            assert!((1..16).contains(&source.bits()));
            assert_eq!(Source::from_bits(source.bits()), Some(source));
        }
        assert_eq!(Source::from_bits(0), None);
    }
}
