//! What tells the series of one fingerprint apart.

use std::fmt::{self, Write};

use crate::keys;

/// A name by which series of one fingerprint differ: a closed list, so that their number is
/// bounded by what a program is made of and not by what its callers send.
///
/// Not among them are paths, users, client addresses, messages and statements: each request may
/// bring a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Label {
    /// The template of the route, on a server's requests.
    Route,
    /// The method of a request; one that no RFC names is `_OTHER`, as in OpenTelemetry.
    Method,
    /// The class of the response's status, from `1xx` to `5xx`.
    ResponseClass,
    /// Whom a client called: the URL's host, or the address that was dialled.
    Peer,
    /// The database engine.
    System,
    /// The statement's digest.
    Digest,
    /// The segment's name.
    Segment,
    /// The [group](crate::ErrorInfo::group) of the first error: its type, its message without numbers, ids and quoted values,
    /// and where it was noticed.
    Error,
}

impl Label {
    /// All of them, in the order in which a series lists them.
    pub const ALL: [Self; 8] = [
        Self::Route,
        Self::Method,
        Self::ResponseClass,
        Self::Peer,
        Self::System,
        Self::Digest,
        Self::Segment,
        Self::Error,
    ];

    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => keys::ROUTE,
            Self::Method => keys::METHOD,
            Self::ResponseClass => "response_class",
            Self::Peer => "peer",
            Self::System => keys::SYSTEM,
            Self::Digest => keys::DIGEST,
            Self::Segment => keys::SEGMENT,
            Self::Error => keys::ERROR,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The labels of a series: the values one after the other. One that is longer than
/// [`MOST_BYTES`](Self::MOST_BYTES) is cut and ends with a hash of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    text: Box<str>,
    /// Where each value ends; one that is empty is not there.
    ends: [u16; Label::ALL.len()],
}

impl Labels {
    pub(super) const MOST_BYTES: usize = 128;

    /// Labels of these values, which are in the order of [`Label::ALL`].
    pub(super) fn new(values: [&str; Label::ALL.len()]) -> Self {
        let mut text = String::new();
        let ends = values.map(|value| {
            push_bounded(&mut text, value);
            u16::try_from(text.len()).unwrap_or(u16::MAX)
        });
        Self {
            text: text.into(),
            ends,
        }
    }

    pub(super) fn get(&self, label: Label) -> Option<&str> {
        let at = label as usize;
        let end_of = |at: usize| self.ends.get(at).copied().map(usize::from);
        let from = at.checked_sub(1).and_then(end_of).unwrap_or(0);
        let value = self.text.get(from..end_of(at)?)?;
        Some(value).filter(|value| !value.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Label, &str)> {
        Label::ALL
            .into_iter()
            .filter_map(|label| Some((label, self.get(label)?)))
    }
}

fn push_bounded(out: &mut String, value: &str) {
    if value.len() <= Labels::MOST_BYTES {
        return out.push_str(value);
    }
    let kept = crate::event::limits::prefix(value, Labels::MOST_BYTES - HASH_BYTES);
    out.push_str(kept);
    // It cannot fail.
    let _ = write!(out, "~{:016x}", fnv_1a(value));
}

/// Not keyed, so that a value has the same name in every process.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv_1a(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

const HASH_BYTES: usize = 1 + 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_listed_by_their_number() {
        for (number, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(label as usize, number);
        }
    }

    #[test]
    fn values_come_back_as_they_were_set() {
        let labels = Labels::new(["/users/{id}", "GET", "", "", "", "", "", "Timeout"]);
        let expected = [
            (Label::Route, "/users/{id}"),
            (Label::Method, "GET"),
            (Label::Error, "Timeout"),
        ];
        assert!(labels.iter().eq(expected));
        assert_eq!(labels.get(Label::Peer), None);
    }

    #[test]
    fn a_long_value_is_cut_and_still_tells_series_apart() {
        let long = "é".repeat(300);
        let other = format!("{long}x");
        let of = |value| Labels::new(["", "", "", "", "", value, "", "E"]);
        let labels = of(&long);
        let cut = labels.get(Label::Digest).unwrap();
        assert!(cut.len() <= Labels::MOST_BYTES && long.starts_with(&cut[..cut.len() - 17]));
        assert_eq!(labels.get(Label::Error), Some("E"));
        assert_eq!(labels, of(&long));
        assert_ne!(labels, of(&other));
    }
}
