//! The limits as settings.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// How large an event and what is in it may get. What is beyond is cut and counted in
/// `gomon:dropped`.
///
/// A change holds for what is set from then on; an event keeps the limits it had when the first of its
/// parts found no place in its record (16 attributes with 460 bytes of text and 1 KiB of maps do), and a tree or an
/// error those it was made under. Each limit has bounds of its own, so that an event stays within
/// 1 MiB whatever is set: [`Builder::start`](crate::Builder::start) and a configuration refuse
/// others. Fingerprints have 128 bytes always.
///
/// ```
/// use gomon_core::Limits;
///
/// let limits = Limits::new().keys(64).string_bytes(1024);
/// let gomon = gomon_core::builder().limits(limits).start()?;
/// # drop(gomon);
/// let error = gomon_core::builder().limits(Limits::new().keys(0)).start().unwrap_err();
/// assert_eq!(error.to_string(), "limit keys must be between 16 and 1024, and not 0");
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(super) values: [u32; COUNT],
}

impl Limits {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        let mut values = [0; COUNT];
        let mut rows = TABLE.as_slice();
        let mut left = values.as_mut_slice();
        while let ([row, more @ ..], Some((value, rest))) = (rows, left.split_first_mut()) {
            *value = row.default;
            (rows, left) = (more, rest);
        }
        Self { values }
    }

    /// Bytes of an event as JSON; 8 KiB of them are kept free for its envelope. Default: 65,536.
    #[must_use]
    pub fn event_bytes(self, bytes: usize) -> Self {
        self.with(Limit::EventBytes, bytes)
    }

    /// Attributes of an event. Default: 128.
    #[must_use]
    pub fn keys(self, count: usize) -> Self {
        self.with(Limit::Keys, count)
    }

    /// Bytes of a key. Default: 128.
    #[must_use]
    pub fn key_bytes(self, bytes: usize) -> Self {
        self.with(Limit::KeyBytes, bytes)
    }

    /// Bytes of a string. Default: 8,192.
    #[must_use]
    pub fn string_bytes(self, bytes: usize) -> Self {
        self.with(Limit::StringBytes, bytes)
    }

    /// Entries of a list or map. Default: 256.
    #[must_use]
    pub fn entries(self, count: usize) -> Self {
        self.with(Limit::Entries, count)
    }

    /// Levels of lists and maps inside one another. Default: 16.
    #[must_use]
    pub fn depth(self, levels: usize) -> Self {
        self.with(Limit::Depth, levels)
    }

    /// Errors of an event. Default: 32.
    #[must_use]
    pub fn errors(self, count: usize) -> Self {
        self.with(Limit::Errors, count)
    }

    /// Bytes of an error's message, and of each of its sources'. Default: 2,048.
    #[must_use]
    pub fn message_bytes(self, bytes: usize) -> Self {
        self.with(Limit::MessageBytes, bytes)
    }

    /// Sources of an error. Default: 8.
    #[must_use]
    pub fn chain(self, count: usize) -> Self {
        self.with(Limit::Chain, count)
    }

    /// Children that travel inside their parent. Default: 64.
    #[must_use]
    pub fn embedded(self, count: usize) -> Self {
        self.with(Limit::Embedded, count)
    }

    /// The first that is out of its bounds.
    pub(crate) fn check(&self) -> Result<(), LimitError> {
        for (row, value) in TABLE.iter().zip(self.values) {
            if !(row.least..=row.most).contains(&value) {
                return Err(LimitError {
                    name: row.name,
                    bounds: (row.least, row.most),
                    value,
                });
            }
        }
        Ok(())
    }

    /// A limit that was checked.
    #[inline]
    pub(crate) fn of(&self, limit: Limit) -> usize {
        let value = self.values.get(limit as usize).copied();
        usize::try_from(value.unwrap_or(0)).unwrap_or(usize::MAX)
    }

    fn with(mut self, limit: Limit, value: usize) -> Self {
        if let Some(place) = self.values.get_mut(limit as usize) {
            *place = u32::try_from(value).unwrap_or(u32::MAX);
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// Some of the limits, as a configuration writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SomeLimits([Option<u32>; COUNT]);

impl SomeLimits {
    pub(crate) const NONE: Self = Self([None; COUNT]);

    /// Takes over what a newer one says.
    pub(crate) fn merge(&mut self, newer: Self) {
        for (place, newer) in self.0.iter_mut().zip(newer.0) {
            *place = newer.or(*place);
        }
    }

    /// The limits with these in place of theirs.
    pub(crate) fn over(self, mut limits: Limits) -> Limits {
        for (place, value) in limits.values.iter_mut().zip(self.0) {
            *place = value.unwrap_or(*place);
        }
        limits
    }
}

impl<'de> Deserialize<'de> for SomeLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SomeLimitsVisitor)
    }
}

struct SomeLimitsVisitor;

impl<'de> Visitor<'de> for SomeLimitsVisitor {
    type Value = SomeLimits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of limits")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut named: A) -> Result<SomeLimits, A::Error> {
        let mut some = SomeLimits::NONE;
        while let Some(limit) = named.next_key::<Limit>()? {
            let value = named.next_value_seed(limit)?;
            if let Some(place) = some.0.get_mut(limit as usize) {
                *place = Some(value);
            }
        }
        Ok(some)
    }
}

/// Reads a limit's value. It is checked here, so that the error knows its line.
impl<'de> DeserializeSeed<'de> for Limit {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        let value = u64::deserialize(deserializer)?;
        let value = usize::try_from(value).unwrap_or(usize::MAX);
        let limits = Limits::new().with(self, value);
        limits.check().map_err(D::Error::custom)?;
        Ok(u32::try_from(limits.of(self)).unwrap_or(u32::MAX))
    }
}

/// A limit that is out of its bounds.
#[derive(Debug)]
pub(crate) struct LimitError {
    pub(crate) name: &'static str,
    pub(crate) bounds: (u32, u32),
    pub(crate) value: u32,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            bounds: (least, most),
            value,
        } = self;
        write!(
            f,
            "limit {name} must be between {least} and {most}, and not {value}"
        )
    }
}

/// In the order of [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    EventBytes,
    Keys,
    KeyBytes,
    StringBytes,
    Entries,
    Depth,
    Errors,
    MessageBytes,
    Chain,
    Embedded,
}

/// One of the limits.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) default: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
}

pub(super) const COUNT: usize = 10;

const fn row(name: &'static str, default: u32, bounds: (u32, u32)) -> Row {
    Row {
        name,
        default,
        least: bounds.0,
        most: bounds.1,
    }
}

/// What fits in a record without anything beside it is never cut, so that it costs nothing to heed
/// the limits: 16 attributes, keys of 128 bytes, and 460 bytes of text; as JSON with each byte
/// escaped, and with the part that is kept free, below 40 KiB.
pub(crate) const TABLE: [Row; COUNT] = [
    row("event_bytes", 64 << 10, (40 << 10, 1 << 20)),
    row("keys", 128, (16, 1 << 10)),
    row("key_bytes", 128, (128, 1 << 10)),
    row("string_bytes", 8 << 10, (512, 1 << 20)),
    row("entries", 256, (1, 1 << 16)),
    row("depth", 16, (1, 64)),
    row("errors", 32, (1, 1 << 10)),
    row("message_bytes", 2 << 10, (64, 64 << 10)),
    row("chain", 8, (1, 64)),
    row("embedded", 64, (1, 1 << 10)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_bounds_and_in_the_order_of_their_names() {
        assert!(Limits::new().check().is_ok());
        for (at, row) in TABLE.iter().enumerate() {
            let limit: Limit = serde_json::from_str(&format!("\"{}\"", row.name)).unwrap();
            assert_eq!(limit as usize, at, "{}", row.name);
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_name() {
        for row in &TABLE {
            for (value, fits) in [
                (0, false),
                (u64::from(row.least) - 1, false),
                (u64::from(row.least), true),
                (u64::from(row.most), true),
                (u64::from(row.most) + 1, false),
                (u64::MAX, false),
            ] {
                let json = format!("{{\"{}\": {value}}}", row.name);
                match serde_json::from_str::<SomeLimits>(&json) {
                    Ok(read) => {
                        assert!(fits, "{json}");
                        assert!(read.over(Limits::new()).check().is_ok());
                    }
                    Err(error) => {
                        assert!(!fits, "{json}");
                        assert!(error.to_string().contains(row.name), "{error}");
                    }
                }
            }
        }
        let error = serde_json::from_str::<SomeLimits>(r#"{"width": 1}"#).unwrap_err();
        assert!(
            error.to_string().contains("unknown variant `width`"),
            "{error}"
        );
    }

    #[test]
    fn a_newer_configuration_leaves_what_it_does_not_name() {
        let read = |json| serde_json::from_str::<SomeLimits>(json).unwrap();
        let mut some = read(r#"{"keys": 20, "depth": 3}"#);
        some.merge(read(r#"{"depth": 4, "chain": 5}"#));
        let expected = Limits::new().keys(20).depth(4).chain(5);
        assert_eq!(some.over(Limits::new()), expected);
    }
}
