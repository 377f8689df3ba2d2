//! The `baggage` header: W3C Baggage (Propagation format for distributed context).
//!
//! - A list of `key=value;properties` members: at most 64, and 8,192 bytes in all. What is past
//!   either bound is left out, from the end.
//! - Read: several headers are one list; a member that breaks the grammar is left out alone; of a
//!   key that comes twice the last member counts.
//! - A value is percent-encoded UTF-8; octets that are not UTF-8 read as U+FFFD.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::Arc;

use crate::context::member::{MemberError, OWS, pair, parts};

/// Names and values that the application hands on, from service to service, beside a trace: a
/// tenant, an experiment, a priority. Every service on the way reads them and sends them on, so
/// nothing secret belongs here, and nothing that is read here is to be trusted.
///
/// A clone is a counted reference.
///
/// ```
/// use gomon_core::{Baggage, current};
///
/// let mut baggage = current().baggage();
/// baggage.insert("tenant", "Müller & Co")?;
/// assert_eq!(baggage.as_str(), "tenant=M%C3%BCller%20&%20Co");
/// current().with_baggage(baggage).enter(|| {
///     assert_eq!(current().baggage().get("tenant").as_deref(), Some("Müller & Co"));
/// });
/// # Ok::<(), gomon_core::MemberError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Baggage {
    /// As it is sent; `None` where it is empty.
    text: Option<Arc<str>>,
}

impl Baggage {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: None }
    }

    /// The members of all `baggage` headers of a request, in their order.
    #[must_use]
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let members = headers.into_iter().flat_map(parts);
        let members = members.filter_map(|part| member(str::from_utf8(part).ok()?));
        Self::of(members.take(MEMBERS))
    }

    /// The decoded value of a key, without its properties.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.iter()
            .find_map(|(other, value)| (other == key).then_some(value))
    }

    /// The keys and their decoded values, without properties.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.members().map(|member| {
            let (key, rest) = member.split_once('=').unwrap_or((member, ""));
            let value = rest.split_once(';').map_or(rest, |(value, _)| value);
            (key, decode(value))
        })
    }

    /// Adds a member; the one that had this key is gone. The value may be any text: it is encoded.
    ///
    /// # Errors
    ///
    /// The key is no token (RFC 9110, section 5.6.2), or there is no room: the baggage is as it was.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), MemberError> {
        if !is_token(key) {
            return Err(MemberError::Key);
        }
        let added = format!("{key}={}", encode(value));
        let others = self.members().filter(|member| key_of(member) != key);
        let members: Vec<_> = others.chain([added.as_str()]).collect();
        if members.len() > MEMBERS || length(&members) > BYTES {
            return Err(MemberError::Room);
        }
        *self = Self::of(members.into_iter().map(Cow::Borrowed));
        Ok(())
    }

    /// Takes a member out; nothing happens if there is none of that key.
    pub fn remove(&mut self, key: &str) {
        let others = self.members().filter(|member| key_of(member) != key);
        *self = Self::of(others.map(Cow::Borrowed));
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

    fn members(&self) -> impl Iterator<Item = &str> {
        self.as_str().split(',').filter(|member| !member.is_empty())
    }

    /// These members as far as there is room; of a key's members the last.
    fn of<'a>(members: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let mut kept: Vec<Cow<'a, str>> = Vec::new();
        for member in members {
            kept.retain(|other| key_of(other) != key_of(&member));
            kept.push(member);
        }
        while length(&kept) > BYTES {
            kept.pop();
        }
        Self {
            text: (!kept.is_empty()).then(|| kept.join(",").into()),
        }
    }
}

impl fmt::Display for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Baggage({:?})", self.as_str())
    }
}

/// `key=value;property;name=value` without white space, if it follows the grammar.
fn member(text: &str) -> Option<Cow<'_, str>> {
    let well_formed = |member: &str| {
        let mut parts = member.split(';');
        let first = parts.next().and_then(|first| first.split_once('='));
        first.is_some_and(|(key, value)| is_token(key) && is_value(value)) && parts.all(is_property)
    };
    if text.len() > BYTES {
        return None;
    }
    if !text.contains(OWS) {
        return well_formed(text).then_some(Cow::Borrowed(text));
    }
    let parts = text.split(';').map(|part| {
        let part = part.trim_matches(OWS);
        match pair(part) {
            Some((key, value)) => format!("{key}={value}"),
            None => part.to_owned(),
        }
    });
    let tight = parts.collect::<Vec<_>>().join(";");
    well_formed(&tight).then_some(Cow::Owned(tight))
}

fn key_of(member: &str) -> &str {
    member.split_once('=').map_or(member, |(key, _)| key)
}

fn is_property(text: &str) -> bool {
    match text.split_once('=') {
        Some((key, value)) => is_token(key) && is_value(value),
        None => is_token(text),
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(inside)
}

fn is_value(text: &str) -> bool {
    text.bytes().all(is_octet)
}

/// `baggage-octet`: printable ASCII without space, `"`, `,`, `;` and `\`.
fn is_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

fn encode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if is_octet(byte) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A `%` that two hexadecimal digits do not follow stands for itself.
fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let encoded = after
            .first_chunk()
            .filter(|_| *first == b'%')
            .and_then(octet);
        bytes.push(encoded.unwrap_or(*first));
        let digits = if encoded.is_some() { 2 } else { 0 };
        rest = after.get(digits..).unwrap_or_default();
    }
    match String::from_utf8(bytes) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn octet([high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn length<S: AsRef<str>>(members: &[S]) -> usize {
    let commas = members.len().saturating_sub(1);
    members.iter().map(|it| it.as_ref().len()).sum::<usize>() + commas
}

const MEMBERS: usize = 64;
const BYTES: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(headers: &[&str]) -> Baggage {
        Baggage::parse(headers.iter().map(|header| header.as_bytes()))
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        for (header, sent) in [
            (
                "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue",
                "key1=value1;property1;property2,key2=value2,key3=value3;propertyKey=propertyValue",
            ),
            (
                "userId=alice,serverNode=DF%2028,isProduction=false",
                "userId=alice,serverNode=DF%2028,isProduction=false",
            ),
            (
                "SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t SomeKey2 \t = \t SomeValue2 \t ; \t P \t = \t V \t ",
                "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;P=V",
            ),
            ("SomeKey=SomeValue=equals", "SomeKey=SomeValue=equals"),
            ("SomeKey=", "SomeKey="),
        ] {
            assert_eq!(parsed(&[header]).as_str(), sent);
        }
        let read = parsed(&["serverNode=DF%2028,u=%E2%82%AC%20%g1%FF%"]);
        assert_eq!(read.get("serverNode").unwrap(), "DF 28");
        assert_eq!(read.get("u").unwrap(), "€ %g1\u{fffd}%");
        assert_eq!(read.get("nobody"), None);
    }

    #[test]
    fn a_malformed_member_is_left_out_alone() {
        for bad in [
            "x", "x y=1", "=1", "x=a b", "x=\"1\"", "x=1\\", "x=\u{e9}", "x=1;p q", "x=1;",
        ] {
            assert_eq!(parsed(&["a=1", bad, "b=2"]).as_str(), "a=1,b=2", "{bad}");
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_member_counts() {
        assert_eq!(parsed(&["a=1,b=2", "a=3"]).as_str(), "b=2,a=3");
    }

    #[test]
    fn what_is_past_64_members_or_8192_bytes_is_left_out() {
        let list = |count: usize, value: &str| {
            let members: Vec<_> = (0..count).map(|n| format!("k{n:02}={value}")).collect();
            members.join(",")
        };
        assert_eq!(parsed(&[&list(70, "v")]).as_str(), list(64, "v"));
        let kept = parsed(&[&list(10, &"v".repeat(1000))]);
        assert_eq!(kept.as_str(), list(8, &"v".repeat(1000)));
        assert!(
            parsed(&[&format!("a={}", "v".repeat(9000)), "b=2"])
                .get("b")
                .is_some()
        );
    }

    #[test]
    fn any_text_may_be_a_value_as_long_as_there_is_room() {
        let mut baggage = Baggage::new();
        let text = "50% of, \"a\\b\";\n=€";
        baggage.insert("text", text).unwrap();
        assert_eq!(baggage.get("text").unwrap(), text);
        assert_eq!(parsed(&[baggage.as_str()]), baggage);
        assert_eq!(baggage.insert("two words", ""), Err(MemberError::Key));
        assert_eq!(
            baggage.insert("big", &"v".repeat(8192)),
            Err(MemberError::Room)
        );
        baggage.insert("text", "").unwrap();
        assert_eq!(baggage.as_str(), "text=");
        baggage.remove("text");
        assert!(baggage.is_empty());
    }
}
