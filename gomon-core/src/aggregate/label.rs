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
    /// A bit for each label that is there.
    present: u8,
    values: [&'a [u8]; Label::ALL.len()],
}

impl<'a> LabelSet<'a> {
    pub(super) const NONE: Self = Self {
        present: 0,
        values: [&[]; Label::ALL.len()],
    };

    /// `value` is UTF-8.
    pub(super) fn set(&mut self, label: Label, value: &'a [u8]) {
        let bit = 1 << label as u8;
        self.present = match value.is_empty() {
            true => self.present & !bit,
            false => self.present | bit,
        };
        if let Some(place) = self.values.get_mut(label as usize) {
            *place = value;
        }
    }

    /// The hash of these labels and what was hashed before.
    pub(super) fn hash(&self, keys: Keyed, before: u64) -> u64 {
        self.iter().fold(before, |hash, (place, value)| {
            keys.bytes(value, hash.wrapping_add(place as u64 + 1))
        })
    }

    /// Those that are there, by their places.
    fn iter(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut left = self.present;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() as usize;
            let value = self.values.get(place)?;
            left &= left - 1;
            Some((place, *value))
        })
    }
}

/// The labels of a series: the values one after the other. One that is longer than
/// [`MOST_BYTES`](Self::MOST_BYTES) is cut and ends with a hash of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    text: Box<str>,
    present: u8,
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
            present: set.present,
            ends,
        }
    }

    /// Whether an event of these labels belongs here. Only values that are there are compared: where
    /// a text is empty it may have no address, and memcmp made of AVX-512 takes 100 ns to find out.
    pub(super) fn is(&self, set: &LabelSet<'_>) -> bool {
        let same = |(place, value): (usize, &[u8])| {
            let kept = self.at(place).unwrap_or("").as_bytes();
            if value.len() <= Self::MOST_BYTES {
                return kept == value;
            }
            let mut bounded = String::new();
            push_bounded(&mut bounded, value);
            kept == bounded.as_bytes()
        };
        self.present == set.present && set.iter().all(same)
    }

    pub(super) fn get(&self, label: Label) -> Option<&str> {
        self.at(label as usize).filter(|value| !value.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Label, &str)> {
        Label::ALL
            .into_iter()
            .filter_map(|label| Some((label, self.get(label)?)))
    }

    fn at(&self, place: usize) -> Option<&str> {
        let end_of = |place: usize| self.ends.get(place).copied().map(usize::from);
        let from = place.checked_sub(1).and_then(end_of).unwrap_or(0);
        self.text.get(from..end_of(place)?)
    }
}

fn push_bounded(out: &mut String, value: &[u8]) {
    let value = &*String::from_utf8_lossy(value);
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
            set.set(*label, value.as_bytes());
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
