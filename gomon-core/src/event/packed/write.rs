use super::{BYTES, END, LIST, NUMBER, PACKED_BYTES, PACKED_ENTRIES, TEXT};
use crate::event::limits;

/// Writes a map straight into an event: see [`EventTracker::set_map`](crate::EventTracker::set_map). Its entries keep the order in
/// which they are written; each name is to be written once.
#[derive(Debug)]
pub struct MapWriter<'a> {
    out: &'a mut Vec<u8>,
    entries: usize,
    longest_name: usize,
}

/// Writes a list inside of a map.
#[derive(Debug)]
pub struct ListWriter<'a> {
    out: &'a mut Vec<u8>,
    items: usize,
}

impl<'a> MapWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        if out.capacity() == 0 {
            // Half of what it may have: most requests need no more.
            out.reserve(PACKED_BYTES / 2);
        }
        Self {
            out,
            entries: 0,
            longest_name: 0,
        }
    }

    /// Ends the map, and says whether it is so small that no limit in force would cut anything.
    pub(crate) fn end(self) -> bool {
        self.out.push(END);
        self.entries <= PACKED_ENTRIES && self.longest_name <= limits::KEY_BYTES
    }

    /// Adds a text.
    #[inline]
    pub fn text(&mut self, name: &str, text: &str) {
        self.out.reserve(name.len() + text.len() + MOST_BESIDE);
        self.entry(TEXT, name);
        put_bytes(self.out, text.as_bytes());
    }

    /// Adds bytes: text if they are valid UTF-8, base64 otherwise.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.entry(BYTES, name);
        put_bytes(self.out, bytes);
    }

    /// Adds a number.
    pub fn number(&mut self, name: &str, number: u64) {
        self.entry(NUMBER, name);
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    /// Adds a list.
    pub fn list(&mut self, name: &str, write: impl FnOnce(&mut ListWriter<'_>)) {
        self.entry(LIST, name);
        let mut list = ListWriter {
            out: &mut *self.out,
            items: 0,
        };
        write(&mut list);
        self.entries += list.items;
        self.out.push(END);
    }

    /// Adds a list of one item: text if it is valid UTF-8, base64 otherwise.
    #[inline]
    pub fn list_of(&mut self, name: &str, item: &[u8]) {
        // Looked for once: what follows finds that there is room.
        self.out.reserve(name.len() + item.len() + MOST_BESIDE);
        self.entry(LIST, name);
        put(self.out, BYTES, item);
        self.entries += 1;
        self.out.push(END);
    }

    /// Adds an item to the list that was added last. Nothing else may have been added since.
    pub fn one_more(&mut self, item: &[u8]) {
        self.out.pop();
        put(self.out, BYTES, item);
        self.entries += 1;
        self.out.push(END);
    }

    #[inline]
    fn entry(&mut self, tag: u8, name: &str) {
        self.entries += 1;
        self.longest_name = self.longest_name.max(name.len());
        put(self.out, tag, name.as_bytes());
    }
}

/// What an entry has beside its name and its text: tags, lengths and an end.
const MOST_BESIDE: usize = 24;

impl ListWriter<'_> {
    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.item(TEXT, text.as_bytes());
    }

    /// Adds bytes: text if they are valid UTF-8, base64 otherwise.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.item(BYTES, bytes);
    }

    #[inline]
    fn item(&mut self, tag: u8, bytes: &[u8]) {
        self.items += 1;
        put(self.out, tag, bytes);
    }
}

/// A tag, a length, and so many bytes.
#[inline]
fn put(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        // At once: each piece looks whether there is room.
        Ok(length @ ..0x80) => out.extend_from_slice(&[tag, length]),
        _ => {
            out.push(tag);
            put_length(out, bytes.len());
        }
    }
    out.extend_from_slice(bytes);
}

/// A length, and so many bytes.
#[inline]
fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        Ok(length @ ..0x80) => out.push(length),
        _ => put_length(out, bytes.len()),
    }
    out.extend_from_slice(bytes);
}

#[inline(never)]
fn put_length(out: &mut Vec<u8>, length: usize) {
    let mut left = length;
    while left >= 0x80 {
        out.push(low_bits(left) | 0x80);
        left >>= 7;
    }
    out.push(low_bits(left));
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are meant")]
fn low_bits(number: usize) -> u8 {
    number as u8 & 0x7f
}
