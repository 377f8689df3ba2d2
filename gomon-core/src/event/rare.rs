//! What lies beside a record: the parts that most events do not have.

use std::borrow::Cow;

use crate::event::attribute::{Attribute, Stored, key_bytes};
use crate::event::error_info::ErrorInfo;
use crate::event::limits::{self, Limit, Limits};
use crate::event::record::Record;
use crate::event::value::Tree;

/// Attributes that found no place in the record, long text, lists and maps, errors, embedded
/// children and what was cut. All of it together is held within the event's limit in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Rare {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) text: String,
    trees: Vec<(Tree, usize)>,
    pub(crate) errors: Vec<ErrorInfo>,
    pub(crate) children: Vec<Record>,
    pub(crate) cut: Vec<(Cow<'static, str>, u64)>,
    /// Bytes it may still grow by, as JSON.
    pub(crate) room: usize,
    /// Those that held when it was made.
    pub(crate) limits: Limits,
}

impl Default for Rare {
    fn default() -> Self {
        let limits = limits::current();
        Self {
            attributes: Vec::new(),
            text: String::new(),
            trees: Vec::new(),
            errors: Vec::new(),
            children: Vec::new(),
            cut: Vec::new(),
            room: most_bytes(&limits),
            limits,
        }
    }
}

impl Rare {
    /// Adds to `gomon:dropped`.
    pub(crate) fn note_cut(&mut self, key: Cow<'static, str>, amount: u64) {
        if amount == 0 {
            return;
        }
        let key = match limits::prefix(&key, limits::KEY_BYTES).len() {
            kept if kept < key.len() => Cow::Owned(limits::prefix(&key, kept).to_owned()),
            _ => key,
        };
        if let Some(entry) = self.cut.iter_mut().find(|entry| entry.0 == key) {
            entry.1 = entry.1.saturating_add(amount);
        } else if self.cut.len() < limits::CUT_ENTRIES {
            self.cut.push((key, amount));
        }
    }

    /// Makes a place for a key that is not there yet; `None` if there is no room for it.
    pub(crate) fn place(&mut self, key: &'static str, taken: usize) -> Option<&mut Attribute> {
        let bytes = key_bytes(key) + limits::SCALAR_BYTES;
        if taken + self.attributes.len() >= self.limits.of(Limit::Keys) {
            self.note_cut(Cow::Borrowed("keys"), 1);
            return None;
        }
        if self.room < bytes {
            self.note_cut(Cow::Borrowed(key), 1);
            return None;
        }
        self.room -= bytes;
        let attribute = Attribute {
            key,
            value: Stored::Null,
        };
        self.attributes.push(attribute);
        self.attributes.last_mut()
    }

    /// Removes an attribute; its value is still to be released.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Stored> {
        let at = self.attributes.iter().position(|other| other.key == key)?;
        Some(self.take(at).value)
    }

    /// The first attribute, to be moved into the record; its value stays where it is.
    pub(crate) fn take_first(&mut self) -> Option<Attribute> {
        (!self.attributes.is_empty()).then(|| self.take(0))
    }

    fn take(&mut self, at: usize) -> Attribute {
        let attribute = self.attributes.remove(at);
        self.room += key_bytes(attribute.key) + limits::SCALAR_BYTES;
        attribute
    }

    pub(crate) fn store_text(&mut self, key: &'static str, text: &str) -> Stored {
        let room = self.room.saturating_sub(2);
        let longest = self.limits.of(Limit::StringBytes);
        let kept = limits::json_prefix(limits::prefix(text, longest), room);
        self.note_cut(Cow::Borrowed(key), (text.len() - kept.len()) as u64);
        self.room = self.room.saturating_sub(limits::json_len(kept) + 2);
        let from = self.text.len();
        self.text.push_str(kept);
        Stored::LongText {
            from: position(from),
            to: position(self.text.len()),
        }
    }

    pub(crate) fn store_tree(&mut self, key: &'static str, mut tree: Tree) -> Stored {
        let before = self.room;
        let cut = limits::fit(&mut tree, &mut self.room, &self.limits);
        self.note_cut(Cow::Borrowed(key), cut);
        if tree == FREE {
            self.room = before;
            return Stored::Null;
        }
        let kept = (tree, before - self.room);
        let free = self.trees.iter().position(|(tree, _)| *tree == FREE);
        match free.and_then(|at| self.trees.get_mut(at)) {
            Some(place) => *place = kept,
            None => self.trees.push(kept),
        }
        Stored::Tree(position(free.unwrap_or(self.trees.len() - 1)))
    }

    /// Cuts so many bytes off a tree; false if it is not so large.
    pub(crate) fn shrink_tree(&mut self, key: &'static str, at: u32, excess: usize) -> bool {
        let Some((tree, bytes)) = self.trees.get_mut(usize_of(at)) else {
            return false;
        };
        let Some(mut room @ SMALLEST_TREE..) = bytes.checked_sub(excess) else {
            return false;
        };
        let kept = room;
        let cut = limits::fit(tree, &mut room, &self.limits);
        let freed = bytes.saturating_sub(kept - room);
        *bytes -= freed;
        self.room += freed;
        self.note_cut(Cow::Borrowed(key), cut);
        freed >= excess
    }

    /// Gives back what a value takes, for another to take its place.
    pub(crate) fn release(&mut self, value: Stored) {
        match value {
            Stored::LongText { from, to } => {
                self.room += limits::json_len(self.text_at(from, to)) + 2;
                if usize_of(to) == self.text.len() {
                    self.text.truncate(usize_of(from));
                }
            }
            Stored::Tree(at) => {
                if let Some((tree, bytes)) = self.trees.get_mut(usize_of(at)) {
                    self.room += std::mem::take(bytes);
                    *tree = FREE;
                }
            }
            _ => {}
        }
    }

    /// Whether much of the text belongs to values that were replaced.
    pub(crate) fn wants_compaction(&self) -> bool {
        self.text.len() > 2 * self.limits.of(Limit::EventBytes)
    }

    pub(crate) fn text_at(&self, from: u32, to: u32) -> &str {
        self.text.get(usize_of(from)..usize_of(to)).unwrap_or("")
    }

    pub(crate) fn tree(&self, at: u32) -> Option<&Tree> {
        self.trees.get(usize_of(at)).map(|(tree, _)| tree)
    }

    pub(crate) fn push_error(&mut self, mut error: ErrorInfo) {
        let bytes = error.bytes();
        if self.errors.len() >= self.limits.of(Limit::Errors) || bytes > self.room {
            return self.note_cut(Cow::Borrowed("error"), 1);
        }
        self.room -= bytes;
        self.note_cut(Cow::Borrowed("error"), error.cut);
        // The first one's counts.
        if self.errors.is_empty() {
            error.grouped = error.group();
        }
        self.errors.push(error);
    }

    pub(crate) fn push_child(&mut self, child: Record) {
        let bytes = child.json_bytes() + child.cut_bytes() + ENVELOPE_BYTES;
        if self.children.len() >= self.limits.of(Limit::Embedded) || bytes > self.room {
            return self.note_cut(Cow::Borrowed("children"), 1);
        }
        self.room -= bytes;
        self.children.push(child);
    }

    /// What all of the record's content may take as JSON.
    pub(crate) fn most_bytes(&self) -> usize {
        most_bytes(&self.limits)
    }

    /// What it takes as JSON, at the most, without `gomon:dropped`.
    pub(crate) fn json_bytes(&self) -> usize {
        self.most_bytes().saturating_sub(self.room)
    }

    /// What `gomon:dropped` takes as JSON, at the most.
    pub(crate) fn cut_bytes(&self) -> usize {
        let entries = self.cut.iter();
        entries.map(|(key, _)| limits::json_len(key) + 24).sum()
    }

    /// What it takes in memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let attributes = self.attributes.capacity() * size_of::<Attribute>();
        let children = self.children.capacity() * size_of::<Record>();
        size_of::<Self>() + attributes + children + self.text.capacity() + self.json_bytes()
    }
}

/// A tree that is cut to less than that, in bytes, is dropped instead.
const SMALLEST_TREE: usize = 256;
fn most_bytes(limits: &Limits) -> usize {
    limits
        .of(Limit::EventBytes)
        .saturating_sub(limits::RESERVED_BYTES)
}

/// Positions are within the limits of an event, far below 4 GiB.
pub(crate) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn usize_of(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// An envelope without what is in it, and with an application id of the usual length.
const ENVELOPE_BYTES: usize = 512 + limits::APPLICATION_ID_BYTES;
/// The mark of a place among the trees that another may take; `null` itself is stored as such.
const FREE: Tree = Tree::Null;
