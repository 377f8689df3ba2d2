//! How large an event may get (docs/events.md, "Limits"), and the cutting.

pub(crate) mod current;
pub(crate) mod settings;

use std::borrow::Cow;

use crate::event::value::Tree;

pub(crate) use current::{current, publish, spare_packed_maps};
pub(crate) use settings::{Limit, Limits};

/// Bytes that a string may have now.
#[cfg(any(feature = "log", feature = "slog", feature = "tracing"))]
pub(crate) fn string_bytes() -> usize {
    current().of(Limit::StringBytes)
}

/// Bytes of an event that are kept free for the envelope and for `gomon:dropped`.
pub(crate) const RESERVED_BYTES: usize = 8 << 10;
/// Bytes of the application's id.
pub(crate) const APPLICATION_ID_BYTES: usize = 256;
/// Bytes of the label of a unit of work.
pub(crate) const LABEL_BYTES: usize = 256;
/// Bytes of a key in a record, of a fingerprint, and of a key of `gomon:dropped`.
pub(crate) const KEY_BYTES: usize = 128;
/// Entries of `gomon:dropped`.
pub(crate) const CUT_ENTRIES: usize = 32;

/// A key, or as much of it as is allowed.
#[inline]
pub(crate) fn key(key: &'static str) -> &'static str {
    if key.len() <= KEY_BYTES {
        key
    } else {
        prefix(key, KEY_BYTES)
    }
}

/// The longest prefix of `text` that has at most `bytes` bytes and ends between two characters.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or("")
}

/// The longest prefix of `text` that takes at most `room` bytes as a JSON string.
pub(crate) fn json_prefix(text: &str, room: usize) -> &str {
    if text.len() * WORST_ESCAPE <= room {
        return text;
    }
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += escaped_len(character);
        if used > room {
            return text.get(..at).unwrap_or("");
        }
    }
    text
}

/// The bytes that `text` takes as a JSON string, without its quotes.
pub(crate) fn json_len(text: &str) -> usize {
    text.chars().map(escaped_len).sum()
}

fn escaped_len(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        // Readers take the last two for line ends.
        character if character.is_control() => WORST_ESCAPE,
        '\u{2028}' | '\u{2029}' => WORST_ESCAPE,
        character => character.len_utf8(),
    }
}

/// `\u001f`
const WORST_ESCAPE: usize = 6;

/// What a tree that is within the limits takes as JSON, at the most.
pub(crate) fn json_bytes(mut tree: Tree, limits: &Limits) -> usize {
    let mut room = usize::MAX;
    fit(&mut tree, &mut room, limits);
    usize::MAX - room
}

/// Brings a tree within the limits. `room` is what the event has left and shrinks by what the tree
/// takes; the result counts the bytes and entries that were cut.
pub(crate) fn fit(tree: &mut Tree, room: &mut usize, limits: &Limits) -> u64 {
    let mut cut = Cut {
        limits,
        room: *room,
        cut: 0,
    };
    cut.tree(tree, 1);
    *room = cut.room;
    cut.cut
}

struct Cut<'a> {
    limits: &'a Limits,
    room: usize,
    cut: u64,
}

impl Cut<'_> {
    fn tree(&mut self, tree: &mut Tree, depth: usize) {
        match tree {
            Tree::Str(text) => self.text(text),
            Tree::Bytes(bytes) => self.bytes(bytes),
            Tree::List(_) | Tree::Map(_) if depth > self.limits.of(Limit::Depth) => {
                self.count(1);
                self.spend(SCALAR_BYTES);
                *tree = Tree::Null;
            }
            Tree::List(items) => {
                self.entries(items.len());
                items.truncate(self.limits.of(Limit::Entries));
                self.spend(2);
                let whole = items.iter_mut().position(|item| !self.item(item, 1, depth));
                let kept = whole.unwrap_or(items.len());
                self.count(items.len() - kept);
                items.truncate(kept);
            }
            Tree::Map(entries) => {
                self.entries(entries.len());
                entries.truncate(self.limits.of(Limit::Entries));
                self.spend(2);
                let whole = entries
                    .iter_mut()
                    .position(|(key, item)| !self.entry(key, item, depth));
                let kept = whole.unwrap_or(entries.len());
                self.count(entries.len() - kept);
                entries.truncate(kept);
            }
            Tree::Null | Tree::Bool(_) | Tree::I64(_) | Tree::U64(_) | Tree::F64(_) => {
                self.spend(SCALAR_BYTES);
            }
        }
    }

    /// False when nothing is left for this item.
    fn item(&mut self, item: &mut Tree, overhead: usize, depth: usize) -> bool {
        if self.room < overhead + SCALAR_BYTES {
            return false;
        }
        self.spend(overhead);
        self.tree(item, depth + 1);
        true
    }

    fn entry(&mut self, key: &mut Cow<'static, str>, item: &mut Tree, depth: usize) -> bool {
        let kept = prefix(key, self.limits.of(Limit::KeyBytes)).len();
        if kept < key.len() {
            self.count(key.len() - kept);
            *key = Cow::Owned(prefix(key, kept).to_owned());
        }
        self.item(item, json_len(key) + 4, depth)
    }

    fn text(&mut self, text: &mut Cow<'static, str>) {
        let room = self.room.saturating_sub(2);
        let longest = self.limits.of(Limit::StringBytes);
        let kept = json_prefix(prefix(text, longest), room).len();
        if kept < text.len() {
            self.count(text.len() - kept);
            *text = Cow::Owned(prefix(text, kept).to_owned());
        }
        self.spend(json_len(text) + 2);
    }

    /// Bytes that are text are written as text, the others as base64: four for three.
    fn bytes(&mut self, bytes: &mut Vec<u8>) {
        let room = self.room.saturating_sub(2);
        let longest = self.limits.of(Limit::StringBytes);
        let (kept, spent) = match std::str::from_utf8(bytes) {
            Ok(text) => {
                let kept = json_prefix(prefix(text, longest), room);
                (kept.len(), json_len(kept))
            }
            Err(_) => {
                let kept = bytes.len().min(longest).min(room / 4 * 3);
                (kept, kept.div_ceil(3) * 4)
            }
        };
        self.count(bytes.len() - kept);
        bytes.truncate(kept);
        self.spend(spent + 2);
    }

    fn entries(&mut self, count: usize) {
        let most = self.limits.of(Limit::Entries);
        self.count(count.saturating_sub(most));
    }

    fn count(&mut self, cut: usize) {
        self.cut += cut as u64;
    }

    fn spend(&mut self, bytes: usize) {
        self.room = self.room.saturating_sub(bytes);
    }
}

/// What a number, `true` or `null` takes at the most, about.
pub(crate) const SCALAR_BYTES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT_BYTES: usize = 64 << 10;
    const STRING_BYTES: usize = 8 << 10;
    const ENTRIES: usize = 256;
    const DEPTH: usize = 16;

    fn fitted(mut tree: Tree, mut room: usize) -> (Tree, u64, usize) {
        let cut = fit(&mut tree, &mut room, &Limits::new());
        (tree, cut, room)
    }

    #[test]
    fn a_tree_within_the_limits_stays_whole() {
        let tree = Tree::map().with("a", 1).with("b", vec!["x", "y"]);
        assert_eq!(fitted(tree.clone(), 1000), (tree, 0, 1000 - 46));
    }

    #[test]
    fn long_lists_maps_and_strings_are_cut_and_counted() {
        let (tree, cut, _) = fitted(Tree::from(vec![1; ENTRIES + 5]), EVENT_BYTES);
        assert!(matches!(tree, Tree::List(items) if items.len() == ENTRIES));
        assert_eq!(cut, 5);
        let (tree, cut, _) = fitted(Tree::from("x".repeat(STRING_BYTES + 7)), EVENT_BYTES);
        assert!(matches!(tree, Tree::Str(text) if text.len() == STRING_BYTES));
        assert_eq!(cut, 7);
        let (_, cut, _) = fitted(Tree::map().with("k".repeat(KEY_BYTES + 3), 1), EVENT_BYTES);
        assert_eq!(cut, 3);
    }

    #[test]
    fn deep_trees_end_at_the_last_level() {
        let deep = (0..100).fold(Tree::from(1), |tree, _| Tree::List(vec![tree]));
        let (tree, cut, _) = fitted(deep, EVENT_BYTES);
        let mut levels = 0;
        let mut at = &tree;
        while let Tree::List(items) = at {
            levels += 1;
            at = &items[0];
        }
        assert_eq!((levels, at, cut), (DEPTH, &Tree::Null, 1));
    }

    #[test]
    fn no_room_means_nothing_is_kept() {
        let (tree, cut, room) = fitted(Tree::from(vec!["abc", "def"]), 10);
        assert_eq!((tree, cut, room), (Tree::List(vec![]), 2, 8));
    }

    #[test]
    fn escapes_count_as_what_they_take() {
        assert_eq!(json_prefix("\u{1}\u{1}\u{1}", 12), "\u{1}\u{1}");
        assert_eq!(json_prefix("aé", 2), "a");
        assert_eq!(json_prefix("a\u{85}\u{2028}b", 12), "a\u{85}");
    }
}
