//! Header maps as values, and the few headers an event has a key for.

use std::borrow::Cow;

use gomon_core::mask::{self, NameMask, REDACTED};
use gomon_core::{Capture, Tree};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

/// `{name: [values]}` in order of arrival, with secret ones masked.
pub(crate) fn tree(headers: &HeaderMap, capture: &Capture) -> Tree {
    let names = capture.mask();
    let tree = headers.keys().fold(Tree::map(), |map, name| {
        let secret = names.hides(name.as_str());
        let values = headers
            .get_all(name)
            .iter()
            .map(|sent| value(name, sent, secret, names))
            .collect();
        map.with(name.as_str().to_owned(), Tree::List(values))
    });
    capture.detectors().mask_tree(tree)
}

/// The length a message declares.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// "HTTP/1.1" and its like.
pub(crate) fn proto(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// Bytes that are not UTF-8 stay bytes: header values may hold any (RFC 9110, section 5.5,
/// `obs-text`).
fn value(name: &HeaderName, sent: &HeaderValue, secret: bool, names: &NameMask) -> Tree {
    if secret || sent.is_sensitive() {
        return Tree::from(REDACTED);
    }
    if *name == header::HOST
        && let Some(at) = sent.as_bytes().iter().rposition(|byte| *byte == b'@')
    {
        let host = String::from_utf8_lossy(sent.as_bytes().get(at..).unwrap_or_default());
        return Tree::from(format!("{REDACTED}{host}"));
    }
    if name == "baggage" {
        return Tree::from(baggage(&String::from_utf8_lossy(sent.as_bytes()), names));
    }
    if HOLD_A_URL.contains(&name.as_str()) {
        let text = String::from_utf8_lossy(sent.as_bytes());
        let masked = mask::url(&text, names);
        if masked != text {
            return Tree::from(masked.into_owned());
        }
    }
    match str::from_utf8(sent.as_bytes()) {
        Ok(text) => Tree::from(text),
        Err(_) => Tree::Bytes(sent.as_bytes().to_vec()),
    }
}

/// The members of a list in which secret ones have their name alone.
fn baggage(list: &str, names: &NameMask) -> String {
    let members = list.split(',').map(|member| match member.split_once('=') {
        Some((key, _)) if names.hides(key.trim()) => Cow::Owned(format!("{key}={REDACTED}")),
        _ => Cow::Borrowed(member),
    });
    members.collect::<Vec<_>>().join(",")
}

/// Headers whose value is a URL, which may hold a password or a token.
const HOLD_A_URL: [&str; 7] = [
    "referer",
    "location",
    "origin",
    "content-location",
    "x-original-url",
    "x-forwarded-uri",
    "x-rewrite-url",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_headers_are_masked() {
        let names = NameMask::default();
        let masked = |name, sent| {
            let name = HeaderName::from_static(name);
            value(&name, &HeaderValue::from_static(sent), false, &names)
        };
        assert_eq!(masked("host", "ada:pw@h:80"), Tree::from("[redacted]@h:80"));
        assert_eq!(masked("host", "h:80"), Tree::from("h:80"));
        assert_eq!(
            masked("baggage", "tier=1, Api-Token = x;p,b=2"),
            Tree::from("tier=1, Api-Token =[redacted],b=2")
        );
        assert_eq!(
            masked("x-original-url", "/a?token=1"),
            Tree::from("/a?token=[redacted]")
        );
    }
}
