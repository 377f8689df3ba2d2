use std::fmt;

use super::{BYTES, END, LIST, NUMBER, TEXT};
use crate::event::value::Tree;

/// A map as it lies in its event. It is read through each time; who wants to look into it more than once takes a
/// [`Tree`](Self::to_tree) of it.
#[derive(Clone, Copy)]
pub struct PackedMap<'a>(&'a [u8]);

impl<'a> PackedMap<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The same as a value of its own.
    #[must_use]
    pub fn to_tree(self) -> Tree {
        let mut entries = Vec::new();
        let mut reader = Reader(self.0);
        while let Some((name, item)) = reader.entry() {
            let tree = match item {
                Item::List => {
                    let mut items = Vec::new();
                    while let Some(item) = reader.item() {
                        items.push(item.tree());
                    }
                    Tree::List(items)
                }
                item => item.tree(),
            };
            entries.push((name.to_owned().into(), tree));
        }
        Tree::Map(entries)
    }

    /// The entry of that name, if it is text.
    #[must_use]
    pub fn text(self, name: &str) -> Option<&'a str> {
        let mut reader = Reader(self.0);
        while let Some((other, item)) = reader.entry() {
            match item {
                Item::Text(text) if other == name => return Some(text),
                Item::List => while reader.item().is_some() {},
                _ => {}
            }
        }
        None
    }

    pub(crate) fn reader(self) -> Reader<'a> {
        Reader(self.0)
    }
}

/// Two maps are equal if they have the same entries in the same order.
impl PartialEq for PackedMap<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to_tree() == other.to_tree()
    }
}

impl fmt::Debug for PackedMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_tree().fmt(f)
    }
}

/// Reads what was written, front to back. It ends early where that is damaged.
pub(crate) struct Reader<'a>(&'a [u8]);

/// What an entry or an item is.
pub(crate) enum Item<'a> {
    Text(&'a str),
    /// No text.
    Bytes(&'a [u8]),
    Number(u64),
    /// Its items are read next, to their end.
    List,
}

impl Item<'_> {
    /// A list is none by itself.
    fn tree(&self) -> Tree {
        match self {
            Self::Text(text) => Tree::from(*text),
            Self::Bytes(bytes) => Tree::Bytes(bytes.to_vec()),
            Self::Number(number) => Tree::U64(*number),
            Self::List => Tree::Null,
        }
    }
}

impl<'a> Reader<'a> {
    /// The next entry of a map, if there is one.
    pub(crate) fn entry(&mut self) -> Option<(&'a str, Item<'a>)> {
        let tag = self.tag()?;
        let name = str::from_utf8(self.bytes()?).ok()?;
        Some((name, self.content(tag)?))
    }

    /// The next item of a list, if there is one.
    pub(crate) fn item(&mut self) -> Option<Item<'a>> {
        let tag = self.tag()?;
        self.content(tag)
    }

    fn tag(&mut self) -> Option<u8> {
        let (tag, rest) = self.0.split_first()?;
        self.0 = rest;
        (*tag != END).then_some(*tag)
    }

    fn content(&mut self, tag: u8) -> Option<Item<'a>> {
        Some(match tag {
            TEXT | BYTES => {
                let bytes = self.bytes()?;
                str::from_utf8(bytes).map_or(Item::Bytes(bytes), Item::Text)
            }
            NUMBER => {
                let (number, rest) = self.0.split_first_chunk()?;
                self.0 = rest;
                Item::Number(u64::from_le_bytes(*number))
            }
            LIST => Item::List,
            _ => return None,
        })
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let mut length = 0;
        let mut shift = 0;
        loop {
            let (group, rest) = self.0.split_first()?;
            self.0 = rest;
            length |= usize::from(group & 0x7f).checked_shl(shift)?;
            shift += 7;
            if group & 0x80 == 0 {
                break;
            }
        }
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}
