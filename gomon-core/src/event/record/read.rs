//! Reading a record's attributes.

use super::Record;
use crate::event::attribute::{Attribute, Stored};
use crate::event::shape;
use crate::event::value::{Tree, ValueRef};

impl Record {
    /// The attributes as they lie here, in two parts, for who wants to see the values of a few.
    #[inline]
    pub(crate) fn stored(&self) -> [&[Attribute]; 2] {
        let beside = self
            .rare
            .as_deref()
            .map_or(&[][..], |rare| &rare.attributes);
        [self.inline(), beside]
    }

    /// Each key once, at its first place and with its last value.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'static str, ValueRef<'_>)> {
        let [inline, beside] = self.stored();
        let once = shape::has_each_key_once(inline);
        let inline = inline
            .iter()
            .enumerate()
            .filter_map(move |(at, attribute)| {
                let value = match once {
                    true => attribute.value,
                    false => last_value(inline, at)?,
                };
                Some((attribute.key, self.read(value)))
            });
        // What lies beside has other keys, each once.
        let beside = beside.iter();
        inline.chain(beside.map(|attribute| (attribute.key, self.read(attribute.value))))
    }

    /// The value of a key: the last one that was set.
    pub(crate) fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        let [inline, beside] = self.stored();
        let mut all = beside.iter().chain(inline.iter().rev());
        let attribute = all.find(|attribute| attribute.key == key)?;
        Some(self.read(attribute.value))
    }

    #[inline]
    pub(super) fn inline(&self) -> &[Attribute] {
        let count = usize::from(self.count);
        self.attributes.get(..count).unwrap_or(&self.attributes)
    }

    #[inline]
    pub(crate) fn read(&self, stored: Stored) -> ValueRef<'_> {
        match stored {
            Stored::Null => ValueRef::Null,
            Stored::Bool(value) => ValueRef::Bool(value),
            Stored::I64(value) => ValueRef::I64(value),
            Stored::U64(value) => ValueRef::U64(value),
            Stored::F64(value) => ValueRef::F64(value),
            Stored::Static(text) => ValueRef::Str(text),
            Stored::Text { from, to } => ValueRef::Str(self.text_at(from, to)),
            Stored::LongText { from, to } => {
                let rare = self.rare.as_deref();
                ValueRef::Str(rare.map_or("", |rare| rare.text_at(from, to)))
            }
            Stored::Packed { from, to } => ValueRef::Packed(self.packed_at(from, to)),
            Stored::Tree(at) => {
                let tree = self.rare.as_deref().and_then(|rare| rare.tree(at));
                tree.map_or(ValueRef::Null, ValueRef::Tree)
            }
        }
    }

    /// The bytes of a value that is text.
    #[inline]
    pub(crate) fn text_bytes(&self, stored: Stored) -> Option<&[u8]> {
        match stored {
            Stored::Static(text) => Some(text.as_bytes()),
            Stored::Text { from, to } => Some(self.text_at(from, to).as_bytes()),
            Stored::LongText { from, to } => {
                let rare = self.rare.as_deref()?;
                Some(rare.text_at(from, to).as_bytes())
            }
            _ => None,
        }
    }

    pub(crate) fn tree(&self, stored: Stored) -> Option<&Tree> {
        match stored {
            Stored::Tree(at) => self.rare.as_deref()?.tree(at),
            _ => None,
        }
    }

    pub(super) fn text_at(&self, from: u16, to: u16) -> &str {
        self.text
            .get(usize::from(from)..usize::from(to))
            .unwrap_or("")
    }
}

/// The last value of the key at a place, if that is the key's first place.
#[cold]
fn last_value(attributes: &[Attribute], at: usize) -> Option<Stored> {
    let key = attributes.get(at)?.key;
    let mut same = attributes
        .iter()
        .enumerate()
        .filter(|(_, other)| other.key == key);
    let (first, attribute) = same.next()?;
    let value = same
        .next_back()
        .map_or(attribute.value, |(_, last)| last.value);
    (first == at).then_some(value)
}
