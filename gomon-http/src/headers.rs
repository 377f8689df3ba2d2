//! Header maps as values, and the few headers an event has a key for.

use std::borrow::Cow;
use std::ptr;

use gomon_core::mask::{self, NameMask, REDACTED};
use gomon_core::{Capture, MapWriter};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::verdict::{Verdict, Verdicts};

/// Writes `{name: [values]}` in order of arrival, with secret ones masked.
pub(crate) fn write(headers: &HeaderMap, capture: &Capture, map: &mut MapWriter<'_>) {
    let verdicts = Verdicts::of(capture.mask());
    let mut last: Option<&HeaderName> = None;
    for (name, sent) in headers {
        let (text, verdict) = verdicts.on(name, capture.mask());
        let shown = shown(text, sent, verdict, capture);
        // All values of a name come one after the other, with the one name that the map has of them.
        if last.is_some_and(|last| ptr::eq(last, name)) {
            map.one_more(&shown);
        } else {
            map.list_of(text, &shown);
        }
        last = Some(name);
    }
}

/// The first value of a header. To ask the map takes its time, since it hashes the name: most have a few headers.
#[inline]
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    if headers.len() > FEW {
        return headers.get(name);
    }
    let mut all = headers.iter();
    all.find(|(other, _)| *other == name)
        .map(|(_, value)| value)
}

const FEW: usize = 8;

/// The length a message declares.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    get(headers, &header::CONTENT_LENGTH).and_then(length)
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
fn shown<'a>(
    name: &str,
    sent: &'a HeaderValue,
    verdict: Verdict,
    capture: &Capture,
) -> Cow<'a, [u8]> {
    if verdict == Verdict::Hidden || sent.is_sensitive() {
        return Cow::Borrowed(REDACTED.as_bytes());
    }
    let sent = sent.as_bytes();
    let is_plain = match verdict {
        Verdict::Host => !sent.contains(&b'@'),
        verdict => verdict == Verdict::Shown,
    };
    if is_plain && capture.detectors().is_none() {
        return Cow::Borrowed(sent);
    }
    without_secrets((!is_plain).then_some(name), sent, capture)
}

/// The value of a header in which there may be secrets by its name, where that is given, or by what they look like.
#[inline(never)]
fn without_secrets<'a>(name: Option<&str>, sent: &'a [u8], capture: &Capture) -> Cow<'a, [u8]> {
    let detectors = capture.detectors();
    if let Some(masked) = name.and_then(|name| masked(name, sent, capture.mask())) {
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

/// What is shown of the value of a header that may have secrets in it, where that is not all.
fn masked(name: &str, sent: &[u8], names: &NameMask) -> Option<String> {
    match name {
        "host" => {
            let at = sent.iter().rposition(|byte| *byte == b'@')?;
            let host = String::from_utf8_lossy(sent.get(at..).unwrap_or_default());
            Some(format!("{REDACTED}{host}"))
        }
        "baggage" => Some(baggage(&String::from_utf8_lossy(sent), names)),
        // It is a URL.
        _ => {
            let lossy = |_| String::from_utf8_lossy(sent);
            let text = str::from_utf8(sent).map_or_else(lossy, Cow::Borrowed);
            match mask::url(&text, names) {
                Cow::Owned(masked) => Some(masked),
                Cow::Borrowed(_) => None,
            }
        }
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
