//! Header maps as values, and the few headers an event has a key for.

use std::borrow::Cow;
use std::ptr;

use gomon_core::mask::{self, NameMask, REDACTED};
use gomon_core::{Capture, MapWriter};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

/// Writes `{name: [values]}` in order of arrival, with secret ones masked.
pub(crate) fn write(headers: &HeaderMap, capture: &Capture, map: &mut MapWriter<'_>) {
    let mut all = headers.iter();
    let mut next = all.next();
    while let Some((name, first)) = next {
        next = all.next();
        let text = name.as_str();
        let secret = capture.mask().hides(text);
        let first = shown(text, first, secret, capture);
        // All values of a name come one after the other, with the one name that the map has of them.
        let is_more = |next: &(&HeaderName, _)| ptr::eq(next.0, name);
        if !next.as_ref().is_some_and(is_more) {
            map.list_of(text, &first);
            continue;
        }
        map.list(text, |list| {
            list.bytes(&first);
            while let Some((_, more)) = next.filter(is_more) {
                list.bytes(&shown(text, more, secret, capture));
                next = all.next();
            }
        });
    }
}

/// The length a message declares.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(length)
}

/// The number in a `content-length`.
pub(crate) fn length(sent: &HeaderValue) -> Option<u64> {
    sent.to_str().ok()?.trim().parse().ok()
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

/// What is shown of a value. It may hold any bytes (RFC 9110, section 5.5, `obs-text`).
#[inline]
fn shown<'a>(name: &str, sent: &'a HeaderValue, secret: bool, capture: &Capture) -> Cow<'a, [u8]> {
    if secret || sent.is_sensitive() {
        return Cow::Borrowed(REDACTED.as_bytes());
    }
    let sent = sent.as_bytes();
    let detectors = capture.detectors();
    if let Some(masked) = masked(name, sent, capture.mask()) {
        let masked = detectors.mask(&masked).into_owned();
        return Cow::Owned(masked.into_bytes());
    }
    if !detectors.is_none()
        && let Cow::Owned(masked) = detectors.mask(&String::from_utf8_lossy(sent))
    {
        return Cow::Owned(masked.into_bytes());
    }
    Cow::Borrowed(sent)
}

/// What is shown of the value of a header that is not secret by its name, where that is not all.
fn masked(name: &str, sent: &[u8], names: &NameMask) -> Option<String> {
    match name {
        "host" => {
            let at = sent.iter().rposition(|byte| *byte == b'@')?;
            let host = String::from_utf8_lossy(sent.get(at..).unwrap_or_default());
            Some(format!("{REDACTED}{host}"))
        }
        "baggage" => Some(baggage(&String::from_utf8_lossy(sent), names)),
        // Their values are URLs, which may hold a password or a token.
        "referer" | "location" | "origin" | "content-location" | "x-original-url"
        | "x-forwarded-uri" | "x-rewrite-url" => {
            let lossy = |_| String::from_utf8_lossy(sent);
            let text = str::from_utf8(sent).map_or_else(lossy, Cow::Borrowed);
            match mask::url(&text, names) {
                Cow::Owned(masked) => Some(masked),
                Cow::Borrowed(_) => None,
            }
        }
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_headers_are_masked() {
        let names = NameMask::default();
        let shown = |name, sent: &str| {
            let masked = masked(name, sent.as_bytes(), &names);
            masked.unwrap_or_else(|| sent.to_owned())
        };
        assert_eq!(shown("host", "ada:pw@h:80"), "[redacted]@h:80");
        assert_eq!(shown("host", "h:80"), "h:80");
        let baggage = shown("baggage", "tier=1, Api-Token = x;p,b=2");
        assert_eq!(baggage, "tier=1, Api-Token =[redacted],b=2");
        let url = shown("x-original-url", "/a?token=1");
        assert_eq!(url, "/a?token=[redacted]");
    }
}
