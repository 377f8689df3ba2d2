//! What a mask says of the names of usual headers, found out once.

use std::sync::Arc;

/// Verdicts by name, for names that come again and again: to look one up costs a comparison, where a mask compares patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known(Arc<[(&'static str, bool)]>);

impl Known {
    pub(super) fn new(is_hidden: impl Fn(&str) -> bool) -> Self {
        let mut places = vec![("", false); PLACES];
        for name in USUAL {
            // Where two have one place, one of them is not known.
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

/// By the length, both ends and the middle.
#[inline]
fn place_of(name: &str) -> usize {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| usize::from(*byte));
    let (first, middle, last) = (
        byte(0),
        byte(bytes.len() / 2),
        byte(bytes.len().saturating_sub(1)),
    );
    (bytes.len() * 37 + first * 5 + middle * 11 + last * 3) % PLACES
}

const PLACES: usize = 512;

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
            let hidden = known.get(name).unwrap_or(is_hidden(name));
            assert_eq!(hidden, is_hidden(name), "{name}");
            assert_eq!(known.get(&name.to_uppercase()), None, "{name}");
        }
        let count = USUAL
            .iter()
            .filter(|name| known.get(name).is_some())
            .count();
        assert!(count >= 60, "{count}");
        assert_eq!((known.get(""), known.get("acce_t")), (None, None));
    }
}
