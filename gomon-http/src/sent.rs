//! The headers of a request, for who asks for many that are seldom there.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::headers;

/// Headers, and a hint at which of them are there: to ask the map takes its time, since it hashes the name.
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
        let bits = headers.keys().map(|name| bit(name.as_str()));
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl<'a> Sent<'a> {
    /// Headers with these names. One that was added meanwhile may not be found by its name.
    pub(crate) fn new(headers: &'a HeaderMap, names: Names) -> Self {
        Self { headers, names }
    }

    /// The first value of a header.
    pub(crate) fn get(&self, name: &HeaderName) -> Option<&'a HeaderValue> {
        match self.may_have(name.as_str()) {
            true => headers::get(self.headers, name),
            false => None,
        }
    }

    /// All values of a header, whose name is in lower case.
    pub(crate) fn get_all(&self, name: &str) -> impl Iterator<Item = &'a HeaderValue> + use<'a> {
        let all = self.may_have(name).then(|| self.headers.get_all(name));
        all.into_iter().flatten()
    }

    fn may_have(&self, name: &str) -> bool {
        self.names.0 & bit(name) != 0
    }
}

/// One of 64, by the length and both ends of a name.
fn bit(name: &str) -> u64 {
    let [first, last] = [name.as_bytes().first(), name.as_bytes().last()];
    let [first, last] = [first, last].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    1 << ((name.len() * 5 + first + last * 3) % 64)
}

#[cfg(test)]
mod tests {
    use http::header;

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
        assert!(sent.get(&header::HOST).is_some() && sent.get(&header::TE).is_none());
    }
}
