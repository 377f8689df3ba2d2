//! What the lists in the `tracestate` and `baggage` headers have in common.

use std::fmt;

/// Why a member was not added to a [`TraceState`](crate::TraceState) or a
/// [`Baggage`](crate::Baggage). The list is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberError {
    /// The header's grammar has no such key.
    Key,
    /// The header's grammar has no such value.
    Value,
    /// It is larger than what a header may hold beside the other members.
    Room,
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "a key that the header's grammar does not know",
            Self::Value => "a value that the header's grammar does not know",
            Self::Room => "no room for another member",
        })
    }
}

impl std::error::Error for MemberError {}

/// The parts of a list with the optional white space (RFC 9110, `OWS`) round them taken off; empty
/// parts are left out, as RFC 9110, section 5.6.1.2, asks of whoever reads a list.
pub(super) fn parts(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',')
        .map(trim)
        .filter(|part| !part.is_empty())
}

/// The text before and after the first `=`.
pub(super) fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    Some((key.trim_end_matches(OWS), value.trim_start_matches(OWS)))
}

pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Optional white space.
pub(super) const OWS: [char; 2] = [' ', '\t'];
