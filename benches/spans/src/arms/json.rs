//! The JSON line an exporter of a peer would write, by serde_json.

use std::cell::Cell;
use std::fmt::Write as _;

use serde::ser::{Error, Serialize, SerializeMap, Serializer};

/// What the line of a span says, attributes aside.
pub(super) struct Line<'a> {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) name: &'a str,
    pub(super) start_ns: u64,
    pub(super) lasted_ns: u64,
}

pub(super) enum Attribute<'a> {
    Text(&'a str),
    Number(i64),
}

impl Line<'_> {
    /// Appends the line to `out`.
    pub(super) fn write<'a>(
        &self,
        out: &mut Vec<u8>,
        attributes: impl Iterator<Item = (&'a str, Attribute<'a>)>,
    ) {
        self.serialize(out, attributes)
            .expect("a vector takes every line");
        out.push(b'\n');
    }

    fn serialize<'a>(
        &self,
        out: &mut Vec<u8>,
        attributes: impl Iterator<Item = (&'a str, Attribute<'a>)>,
    ) -> Result<(), serde_json::Error> {
        let mut hex = String::with_capacity(64);
        write!(
            hex,
            "{:032x}{:016x}{:016x}",
            self.trace, self.id, self.parent
        )
        .map_err(serde_json::Error::custom)?;
        let mut serializer = serde_json::Serializer::new(out);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &hex[..32])?;
        map.serialize_entry("span_id", &hex[32..48])?;
        map.serialize_entry("parent_id", &hex[48..])?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("start_ns", &self.start_ns)?;
        map.serialize_entry("dur_ns", &self.lasted_ns)?;
        map.serialize_entry("attrs", &Attributes(Cell::new(Some(attributes))))?;
        SerializeMap::end(map)
    }
}

/// An iterator that serializes once, as a map, without being collected first.
struct Attributes<I>(Cell<Option<I>>);

impl<'a, I: Iterator<Item = (&'a str, Attribute<'a>)>> Serialize for Attributes<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.take().into_iter().flatten() {
            match value {
                Attribute::Text(text) => map.serialize_entry(key, text)?,
                Attribute::Number(number) => map.serialize_entry(key, &number)?,
            }
        }
        map.end()
    }
}
