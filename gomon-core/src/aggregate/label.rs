//! What tells the series of one fingerprint apart.

use std::fmt::{self, Write};

use crate::keys;
use crate::sampling::hash::Keyed;

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
    /// The group of the first error: its type, or else where it was noticed.
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

/// The labels of an event, borrowed from it. An empty value is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelSet<'a> {
    values: [&'a str; Label::ALL.len()],
}

impl<'a> LabelSet<'a> {
    pub(super) const NONE: Self = Self {
        values: [""; Label::ALL.len()],
    };

    pub(super) fn set(&mut self, label: Label, value: &'a str) {
        if let Some(place) = self.values.get_mut(label as usize) {
            *place = value;
        }
    }

    /// The hash of these labels and what was hashed before.
    pub(super) fn hash(&self, keys: Keyed, before: u64) -> u64 {
        let numbered = self.values.iter().zip(1u64..);
        let present = numbered.filter(|(value, _)| !value.is_empty());
        present.fold(before, |hash, (value, number)| {
            keys.text(value, hash.wrapping_add(number))
        })
    }
}

/// The labels of a series: the values one after the other. One that is longer than
/// [`MOST_BYTES`](Self::MOST_BYTES) is cut and ends with a hash of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    text: Box<str>,
    /// Where each value ends.
    ends: [u16; Label::ALL.len()],
}

impl Labels {
    pub(super) const MOST_BYTES: usize = 128;

    pub(super) fn new(set: &LabelSet<'_>) -> Self {
        let mut text = String::new();
        let ends = set.values.map(|value| {
            push_bounded(&mut text, value);
            u16::try_from(text.len()).unwrap_or(u16::MAX)
        });
        Self {
            text: text.into(),
            ends,
        }
    }

    /// Whether an event of these labels belongs here.
    pub(super) fn is(&self, set: &LabelSet<'_>) -> bool {
        let mut from = 0;
        self.ends.iter().zip(set.values).all(|(end, value)| {
            let begin = std::mem::replace(&mut from, usize::from(*end));
            match value.len() {
                // Not compared: that takes 100 ns where an empty text has no address, since libc's
                // memcmp for AVX-512 reads from it under a mask, which the processor has to undo.
                0 => begin == from,
                1..=Self::MOST_BYTES => self.text.get(begin..from) == Some(value),
                _ => {
                    let mut bounded = String::new();
                    push_bounded(&mut bounded, value);
                    self.text.get(begin..from) == Some(bounded.as_str())
                }
            }
        })
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

    fn set<'a>(values: &[(Label, &'a str)]) -> LabelSet<'a> {
        let mut set = LabelSet::default();
        for (label, value) in values {
            set.set(*label, value);
        }
        set
    }

    #[test]
    fn labels_are_listed_by_their_number() {
        for (number, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(label as usize, number);
        }
    }

    #[test]
    fn values_come_back_as_they_were_set() {
        let values = [
            (Label::Route, "/users/{id}"),
            (Label::Method, "GET"),
            (Label::Error, "Timeout"),
        ];
        let labels = Labels::new(&set(&values));
        assert!(labels.iter().eq(values));
        assert_eq!(labels.get(Label::Peer), None);
        assert!(labels.is(&set(&values)) && !labels.is(&set(&values[..2])));
    }

    #[test]
    fn a_text_under_another_label_is_another_series() {
        let keys = Keyed::new();
        let (one, two) = (set(&[(Label::Peer, "a")]), set(&[(Label::Digest, "a")]));
        assert!(!Labels::new(&one).is(&two));
        assert_ne!(one.hash(keys, 0), two.hash(keys, 0));
        let (ab, a) = (
            set(&[(Label::Peer, "a"), (Label::System, "b")]),
            set(&[(Label::Peer, "ab")]),
        );
        assert!(!Labels::new(&ab).is(&a));
    }

    #[test]
    fn a_long_value_is_cut_and_still_tells_series_apart() {
        let long = "é".repeat(300);
        let other = format!("{long}x");
        let labels = Labels::new(&set(&[(Label::Digest, &long), (Label::Error, "E")]));
        let cut = labels.get(Label::Digest).unwrap();
        assert!(cut.len() <= Labels::MOST_BYTES && long.starts_with(&cut[..cut.len() - 17]));
        assert_eq!(labels.get(Label::Error), Some("E"));
        assert!(labels.is(&set(&[(Label::Digest, &long), (Label::Error, "E")])));
        assert!(!labels.is(&set(&[(Label::Digest, &other), (Label::Error, "E")])));
    }
}
