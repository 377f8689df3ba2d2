//! The `tracestate` header: W3C Trace Context, level 1 and 2, section 3.3.
//!
//! - A list of `key=value` members, most recent first: at most 32, each key once.
//! - Read: several headers are one list; a list that breaks the grammar or has more than 32 members
//!   is discarded as a whole; of a key that comes twice the first member stays.
//! - Written: at most 512 characters. What is too long loses members of more than 128 characters
//!   first, then members from its end.
//! - Keys have the two forms of level 1 (`key` or `tenant@system`) and may begin with a digit, as in
//!   level 2.

use std::fmt;
use std::sync::Arc;

use crate::context::member::{MemberError, parts};

/// What tracing systems on the way add to a trace: an ordered list of keys and values, which each
/// passes on. gomon passes it on as it came and adds nothing of its own.
///
/// A clone is a counted reference.
///
/// ```
/// use gomon_core::TraceState;
///
/// let mut state = TraceState::parse([b"congo=t61rcWkgMzE,rojo=00f067".as_slice()]);
/// state.insert("rojo", "1")?; // whoever changes a member moves it to the front
/// assert_eq!(state.as_str(), "rojo=1,congo=t61rcWkgMzE");
/// assert_eq!(state.get("congo"), Some("t61rcWkgMzE"));
/// # Ok::<(), gomon_core::MemberError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TraceState {
    /// As it is sent; `None` where it is empty.
    text: Option<Arc<str>>,
}

impl TraceState {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: None }
    }

    /// The list of all `tracestate` headers of a request, in their order; empty if any part of it
    /// is malformed, or if there is none.
    #[must_use]
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut members = Vec::new();
        for part in headers.into_iter().flat_map(parts) {
            let member = str::from_utf8(part).ok().and_then(Member::parse);
            let Some(member) = member.filter(|_| members.len() < MEMBERS) else {
                return Self::new();
            };
            members.push(member);
        }
        Self::of(members)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find_map(|(other, value)| (other == key).then_some(value))
    }

    /// The keys and values, most recent first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members().map(|member| (member.key, member.value))
    }

    /// Puts a member in front; the one that had this key is gone. Members that have no room any
    /// more are evicted: long ones first, then from the end.
    ///
    /// # Errors
    ///
    /// The key or the value breaks the grammar, or this member alone is too long: the list is as
    /// it was.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), MemberError> {
        if !is_key(key) {
            return Err(MemberError::Key);
        }
        if !is_value(value) {
            return Err(MemberError::Value);
        }
        let first = Member { key, value };
        if first.len() > CHARACTERS {
            return Err(MemberError::Room);
        }
        *self = Self::of(std::iter::once(first).chain(self.members()));
        Ok(())
    }

    /// Takes a member out; nothing happens if there is none of that key.
    pub fn remove(&mut self, key: &str) {
        *self = Self::of(self.members().filter(|member| member.key != key));
    }

    /// Whether there is no member.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or("")
    }

    fn members(&self) -> impl Iterator<Item = Member<'_>> {
        // A value may begin with a space, which belongs to it: no white space is taken off here.
        let members = self.as_str().split(',');
        members.filter_map(|member| {
            let (key, value) = member.split_once('=')?;
            Some(Member { key, value })
        })
    }

    /// The list of these members as far as there is room; of a key's members the first.
    fn of<'a>(members: impl IntoIterator<Item = Member<'a>>) -> Self {
        let mut kept: Vec<Member<'a>> = Vec::new();
        for member in members {
            if kept.iter().all(|other| other.key != member.key) {
                kept.push(member);
            }
        }
        evict(&mut kept);
        let members: Vec<_> = kept.iter().map(Member::to_string).collect();
        Self {
            text: (!members.is_empty()).then(|| members.join(",").into()),
        }
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceState({:?})", self.as_str())
    }
}

#[derive(Clone, Copy)]
struct Member<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> Member<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        (is_key(key) && is_value(value)).then_some(Self { key, value })
    }

    fn len(&self) -> usize {
        self.key.len() + 1 + self.value.len()
    }
}

impl fmt::Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// Makes a list fit: section 3.3.1.5 of the specification. The first member stays whatever its
/// length: it is the one that was just added, or the caller's.
fn evict(members: &mut Vec<Member<'_>>) {
    members.truncate(MEMBERS);
    while length(members) > CHARACTERS {
        let long = members.iter().skip(1).rposition(|it| it.len() > LONG);
        match long {
            Some(at) => drop(members.remove(at + 1)),
            None => drop(members.pop()),
        }
    }
}

fn length(members: &[Member<'_>]) -> usize {
    let commas = members.len().saturating_sub(1);
    members.iter().map(Member::len).sum::<usize>() + commas
}

/// A key of one system, `[0-9a-z][_0-9a-z*/-]{0,255}`, or of one of its tenants,
/// `[0-9a-z][_0-9a-z*/-]{0,240}@[0-9a-z][_0-9a-z*/-]{0,13}`.
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => is_name(key, 256),
        Some((tenant, system)) => is_name(tenant, 241) && is_name(system, 14),
    }
}

fn is_name(name: &str, most: usize) -> bool {
    let begins = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inside = |byte: u8| begins(&byte) || b"_-*/".contains(&byte);
    name.len() <= most && name.as_bytes().first().is_some_and(begins) && name.bytes().all(inside)
}

/// 1 to 256 printable ASCII characters without `,` and `=`, the last one no space.
fn is_value(value: &str) -> bool {
    let inside = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    let ends = value.as_bytes().last().is_some_and(|last| *last != b' ');
    value.len() <= 256 && ends && value.bytes().all(inside)
}

const MEMBERS: usize = 32;
const CHARACTERS: usize = 512;
/// Members that are longer than this go first.
const LONG: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(headers: &[&str]) -> String {
        TraceState::parse(headers.iter().map(|header| header.as_bytes())).to_string()
    }

    #[test]
    fn several_headers_are_one_list_without_its_white_space() {
        assert_eq!(
            parsed(&["foo=1 \t , \t bar=2,", "", "\t baz=3 "]),
            "foo=1,bar=2,baz=3"
        );
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_member_stays() {
        assert_eq!(parsed(&["foo=1,bar=2", "foo=3"]), "foo=1,bar=2");
    }

    #[test]
    fn what_is_malformed_discards_the_whole_list() {
        for bad in [
            "foo =1",
            "foo= 1 =",
            "FOO=1",
            "foo.bar=1",
            "foo",
            "=1",
            "foo=",
            "foo=\u{e9}",
            "foo@=1",
            "@foo=1",
            "foo@@bar=1",
            "foo@bar@baz=1",
        ] {
            assert_eq!(parsed(&["ok=1", bad]), "", "{bad}");
        }
        assert_eq!(
            TraceState::parse([b"ok=1,foo=\xff".as_slice()]),
            TraceState::new()
        );
    }

    #[test]
    fn keys_and_values_have_the_lengths_of_the_grammar() {
        let key =
            |tenant: usize, system: usize| format!("{}@{}", "t".repeat(tenant), "v".repeat(system));
        assert!(is_key(&"z".repeat(256)) && !is_key(&"z".repeat(257)));
        assert!(is_key(&key(241, 14)) && !is_key(&key(242, 1)) && !is_key(&key(1, 15)));
        assert!(is_value(&"v".repeat(256)) && !is_value(&"v".repeat(257)));
    }

    #[test]
    fn more_than_32_members_discard_the_whole_list() {
        let list = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("bar{n}={n}")).collect();
            members.join(",")
        };
        assert_eq!(parsed(&[&list(32)]), list(32));
        assert_eq!(parsed(&[&list(33)]), "");
    }

    #[test]
    fn a_list_that_is_too_long_loses_long_members_first_then_its_end() {
        let long = format!("long={}", "v".repeat(200));
        let half = |key: &str| format!("{key}={}", "v".repeat(120));
        let (a, b, c, d) = (half("a"), half("b"), half("c"), half("d"));
        assert_eq!(
            parsed(&[&a, &long, &b, &c]),
            format!("{a},{b},{c}"),
            "the long one"
        );
        assert_eq!(
            parsed(&[&a, &b, &c, &d, "e=0123456789012345678901234567890"]),
            format!("{a},{b},{c},{d}"),
            "the last one"
        );
    }

    #[test]
    fn an_own_member_comes_first_and_evicts_others() {
        let mut state = TraceState::parse([b"foo=1,bar=2".as_slice()]);
        state.insert("bar", "3").unwrap();
        assert_eq!(state.as_str(), "bar=3,foo=1");
        state.insert("own", &"v".repeat(256)).unwrap();
        state.insert("own", &"w".repeat(256)).unwrap();
        assert_eq!(state.get("own").map(str::len), Some(256));
        for n in 0..40 {
            state.insert(&format!("k{n}"), "1").unwrap();
        }
        assert_eq!(state.iter().count(), 32);
        assert_eq!(state.iter().next(), Some(("k39", "1")));
        state.remove("k39");
        assert_eq!(state.get("k39"), None);
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let mut state = TraceState::new();
        assert_eq!(state.insert("Foo", "1"), Err(MemberError::Key));
        assert_eq!(state.insert("foo", "a,b"), Err(MemberError::Value));
        assert_eq!(
            state.insert(&"k".repeat(256), &"v".repeat(256)),
            Err(MemberError::Room)
        );
        assert!(state.is_empty());
    }
}
