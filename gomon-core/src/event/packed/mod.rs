//! Maps as they lie in a record: written piece by piece into one buffer, and made into values only when somebody reads them.
//!
//! A tree has an allocation for each name, text and list in it, and all of them are freed on another thread. What adapters set for
//! each request, URLs and headers, would be most of what an event costs.
//!
//! The bytes, in the order of writing:
//!
//! - a map is its entries and [`END`]; an entry is a tag, the name as a text, and what the tag says;
//! - a list is its items and [`END`]; an item is a tag and what the tag says;
//! - a text or bytes are their length and themselves; a number is 8 bytes, the lowest first;
//! - a length is in groups of 7 bits, the lowest first, of which all but the last have the highest bit set.
//!
//! Nothing but this module reads or writes them, and they never leave the process.

mod read;
mod write;

pub(crate) use read::Item;
pub use read::PackedMap;
pub use write::{ListWriter, MapWriter};

/// Bytes that one record has of this, after which maps become trees: a record keeps its buffer from event to event.
pub(crate) const PACKED_BYTES: usize = 1 << 10;
/// Entries and items of a map that is kept this way. One that has more is looked at more closely, as a tree.
pub(crate) const PACKED_ENTRIES: usize = 128;

const END: u8 = 0;
const TEXT: u8 = 1;
const BYTES: u8 = 2;
const NUMBER: u8 = 3;
const LIST: u8 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

    use super::*;
    use crate::event::json;
    use crate::event::record::Record;
    use crate::event::value::{Tree, Value, ValueRef};

    #[derive(Clone, Debug)]
    enum Entry {
        Text(String),
        Bytes(Vec<u8>),
        Number(u64),
        List(Vec<Vec<u8>>),
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
        prop_oneof![
            ".{0,200}".prop_map(Entry::Text),
            bytes().prop_map(Entry::Bytes),
            any::<u64>().prop_map(Entry::Number),
            Just(Entry::List(Vec::new())),
            proptest::collection::vec(bytes(), 0..20).prop_map(Entry::List),
        ]
    }

    fn tree_of(entry: &Entry) -> Tree {
        match entry {
            Entry::Text(text) => Tree::from(text.as_str()),
            Entry::Bytes(bytes) => Tree::Bytes(bytes.clone()),
            Entry::Number(number) => Tree::from(*number),
            Entry::List(items) => Tree::List(items.iter().cloned().map(Tree::Bytes).collect()),
        }
    }

    fn write(map: &mut MapWriter<'_>, name: &str, entry: &Entry) {
        match entry {
            Entry::Text(text) => map.text(name, text),
            Entry::Bytes(bytes) => map.bytes(name, bytes),
            Entry::Number(number) => map.number(name, *number),
            Entry::List(items) if items.len() == 1 => map.list_of(name, &items[0]),
            Entry::List(items) => {
                map.list(name, |list| items.iter().for_each(|item| list.bytes(item)))
            }
        }
    }

    fn json_of(record: &Record) -> String {
        let mut out = String::new();
        json::attributes(&mut out, record);
        out
    }

    proptest! {
        #[test]
        fn a_packed_map_is_written_as_the_same_map_in_a_tree(
            entries in proptest::collection::btree_map(".{0,140}", entry(), 0..20),
        ) {
            let mut packed = Record::blank();
            packed.set_map("map", |map| {
                entries.iter().for_each(|(name, entry)| write(map, name, entry));
            });
            let tree = entries.iter().map(|(name, entry)| (name.clone().into(), tree_of(entry)));
            let mut built = Record::blank();
            built.set("map", Value::Tree(Tree::Map(tree.collect())));
            prop_assert_eq!(json_of(&packed), json_of(&built));
            prop_assert_eq!(packed.cut(), built.cut());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(0..8_u8, 0..64)) {
            let map = PackedMap::of(&bytes);
            let mut out = String::new();
            json::value(&mut out, ValueRef::Packed(map));
            let _ = (map.text(""), map.to_tree());
        }
    }

    #[test]
    fn a_small_map_needs_nothing_beside_the_record_and_a_large_one_does() {
        let mut record = Record::blank();
        record.set_map("small", |map| map.text("name", "text"));
        assert!(!record.has_rare());
        record.set_map("large", |map| map.text("name", &"x".repeat(PACKED_BYTES)));
        assert!(record.has_rare());
        let Some(ValueRef::Packed(small)) = record.get("small") else {
            panic!("{record:?}")
        };
        assert_eq!(small.text("name"), Some("text"));
        assert_eq!(small.to_tree(), Tree::map().with("name", "text"));
        assert!(matches!(
            record.get("large"),
            Some(ValueRef::Tree(Tree::Map(_)))
        ));
    }

    #[test]
    fn a_map_beyond_the_entries_is_cut_as_a_tree_is() {
        let mut record = Record::blank();
        record.set_map("map", |map| {
            (0..300).for_each(|number| map.number(&number.to_string(), 0))
        });
        assert_eq!(record.cut(), [("map".into(), 300 - 256)]);
    }

    #[test]
    fn a_text_is_found_behind_entries_of_any_kind() {
        let mut record = Record::blank();
        record.set_map("map", |map| {
            map.number("number", 1);
            map.list("list", |list| list.bytes(b"host"));
            map.bytes("bytes", b"\xff");
            map.text("host", "found");
        });
        let Some(ValueRef::Packed(map)) = record.get("map") else {
            panic!("{record:?}")
        };
        assert_eq!(
            (map.text("host"), map.text("number"), map.text("other")),
            (Some("found"), None, None)
        );
    }
}
