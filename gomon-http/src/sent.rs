//! The headers of a request, for who asks for many that are seldom there.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::headers;

/// Headers, and a hint at which of them are there: to look for one takes its time.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) headers: &'a HeaderMap,
    names: Names,
}

/// A bit for each name that is there, which others may have too.
#[derive(Clone, Copy)]
pub(crate) struct Names(u64);

impl Names {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let bits = headers.keys().map(|name| Self::one(name.as_str()));
        Self(bits.fold(0, |all, Self(bit)| all | bit))
    }

    /// Names in lower case.
    pub(crate) const fn all(names: &[&str]) -> Self {
        let (mut rest, mut bits) = (names, 0);
        while let [name, others @ ..] = rest {
            bits |= Self::one(name).0;
            rest = others;
        }
        Self(bits)
    }

    /// One of 64, by the length and both ends of a name.
    const fn one(name: &str) -> Self {
        let (first, last) = match name.as_bytes() {
            [] => (0, 0),
            [only] => (*only, *only),
            [first, .., last] => (*first, *last),
        };
        Self(1 << ((name.len() * 5 + first as usize + last as usize * 3) % 64))
    }
}

/// A header that is asked for.
pub(crate) struct Wanted {
    name: HeaderName,
    names: Names,
}

impl Wanted {
    const fn new(name: HeaderName, text: &str) -> Self {
        Self {
            name,
            names: Names::all(&[text]),
        }
    }
}

pub(crate) static HOST: Wanted = Wanted::new(header::HOST, "host");
pub(crate) static CONTENT_LENGTH: Wanted = Wanted::new(header::CONTENT_LENGTH, "content-length");
pub(crate) static TRANSFER_ENCODING: Wanted =
    Wanted::new(header::TRANSFER_ENCODING, "transfer-encoding");

impl<'a> Sent<'a> {
    /// Headers with these names. One that was added meanwhile may not be found by its name.
    pub(crate) fn new(headers: &'a HeaderMap, names: Names) -> Self {
        Self { headers, names }
    }

    /// The first value of a header.
    #[inline]
    pub(crate) fn get(&self, wanted: &Wanted) -> Option<&'a HeaderValue> {
        match self.may_have(wanted.names) {
            true => headers::get(self.headers, &wanted.name),
            false => None,
        }
    }

    /// All values of a header, whose name is in lower case.
    pub(crate) fn get_all(&self, name: &str) -> impl Iterator<Item = &'a HeaderValue> + use<'a> {
        let there = self.may_have(Names::one(name));
        let all = there.then(|| self.headers.get_all(name));
        all.into_iter().flatten()
    }

    /// Whether one of these may be there.
    #[inline]
    pub(crate) fn may_have(&self, names: Names) -> bool {
        self.names.0 & names.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_nothing_else() {
        let names = [
            "host",
            "user-agent",
            "accept",
            "traceparent",
            "x-request-start",
            "x",
        ];
        let (there, others) = names.split_at(3);
        let headers = there.iter().map(|name| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static("sent"))
        });
        let headers: HeaderMap = headers.collect();
        let sent = Sent::new(&headers, Names::of(&headers));
        for name in there {
            assert_eq!(sent.get_all(name).count(), 1, "{name}");
        }
        for name in others {
            assert_eq!(sent.get_all(name).count(), 0, "{name}");
        }
        assert!(sent.get(&HOST).is_some() && sent.get(&TRANSFER_ENCODING).is_none());
        let there = |name| sent.may_have(Names::all(&[name]));
        assert!(there("host") && there("accept") && !there("x"));
    }
}
