//! What a mask says of the names of usual headers, found out once.

use std::sync::Arc;

/// Verdicts by name, for names that come again and again: to look one up costs a comparison, where a mask compares patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known(Arc<[(&'static str, bool)]>);

impl Known {
    pub(super) fn new(is_hidden: impl Fn(&str) -> bool) -> Self {
        let mut places = vec![("", false); PLACES];
        for name in USUAL {
            if let Some(place) = places.get_mut(place_of(name)) {
                *place = (name, is_hidden(name));
            }
        }
        // No name is empty, so that the empty text says nothing.
        Self(places.into())
    }

    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<bool> {
        let (known, hidden) = self.0.get(place_of(name))?;
        (*known == name && !name.is_empty()).then_some(*hidden)
    }
}

/// By the length, the middle and both ends, where each of the usual names has a place of its own.
#[inline]
fn place_of(name: &str) -> usize {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| u64::from(*byte));
    let from_end = |distance| byte(bytes.len().saturating_sub(distance));
    let of_name = [
        bytes.len() as u64 & 0xff,
        byte(0),
        byte(bytes.len() / 2),
        from_end(2),
        from_end(1),
    ];
    let key = of_name.into_iter().fold(0, |key, byte| key << 8 | byte);
    usize::from(key.wrapping_mul(SPREAD).to_be_bytes()[0])
}

/// Found by trying.
const SPREAD: u64 = 0x07dc_63c8_395d_7d4d;

const PLACES: usize = 1 << 8;

/// Names of headers that most requests and responses have, in lower case.
const USUAL: [&str; 64] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "allow",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "origin",
    "pragma",
    "priority",
    "proxy-authorization",
    "range",
    "referer",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_usual_name_is_known_as_what_it_is_and_no_other() {
        let is_hidden = |name: &str| name.len().is_multiple_of(2);
        let known = Known::new(is_hidden);
        for name in USUAL {
            assert_eq!(known.get(name), Some(is_hidden(name)), "{name}");
            assert_eq!(known.get(&name.to_uppercase()), None, "{name}");
        }
        assert_eq!((known.get(""), known.get("acce_t")), (None, None));
    }
}
