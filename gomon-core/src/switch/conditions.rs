//! What has to hold for a switch to take effect.

use crate::keys;
use crate::pattern::Pattern;

/// What a switch is about. At least one is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    pub(super) route: Option<Pattern>,
    pub(super) user: Option<Pattern>,
    pub(super) header: Option<Header>,
    pub(super) fingerprint: Option<Pattern>,
}

/// What becomes known of a trace in its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Route,
    User,
    Header,
}

/// A header of this name, with a value like this.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: Pattern,
}

impl Conditions {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn is_about(&self, fp: &str) -> bool {
        let pattern = self.fingerprint.as_ref();
        pattern.is_none_or(|pattern| pattern.matches(fp))
    }

    /// What has to be known of the trace.
    pub(super) fn needs(&self) -> impl Iterator<Item = Known> {
        let needs = [
            (self.route.is_some(), Known::Route),
            (self.user.is_some(), Known::User),
            (self.header.is_some(), Known::Header),
        ];
        needs
            .into_iter()
            .filter_map(|(needed, known)| needed.then_some(known))
    }

    /// Whether it asks for this, and it is as it asks.
    pub(super) fn is_met(&self, known: Known, value: &str) -> bool {
        let pattern = match known {
            Known::Route => &self.route,
            Known::User => &self.user,
            Known::Header => return false,
        };
        let pattern = pattern.as_ref();
        pattern.is_some_and(|pattern| pattern.matches(value))
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let header = self.header.as_ref().map(|header| &header.value);
        [&self.route, &self.user, &self.fingerprint]
            .into_iter()
            .flatten()
            .chain(header)
    }
}

impl Known {
    pub(super) fn of_key(key: &str) -> Option<Self> {
        match key {
            keys::ROUTE => Some(Self::Route),
            keys::USER => Some(Self::User),
            _ => None,
        }
    }
}

impl From<(String, String)> for Header {
    fn from((name, value): (String, String)) -> Self {
        Self {
            name: name.trim().to_ascii_lowercase(),
            value: value.into(),
        }
    }
}

/// `name`, or `name: pattern`.
impl From<String> for Header {
    fn from(written: String) -> Self {
        match written.split_once(':') {
            Some((name, value)) => (name.to_owned(), value.trim().to_owned()).into(),
            None => (written, "*".to_owned()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_written_with_its_value_or_without() {
        let any = Header::from("X-Debug".to_owned());
        assert!(any.name == "x-debug" && any.value.matches(b"") && any.value.matches(b"\xff"));
        let one = Header::from("x-debug: 1*".to_owned());
        assert!(one.value.matches(b"12") && !one.value.matches(b"21"));
    }
}
