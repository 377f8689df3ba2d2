//! What a tracker writes into and a listener reads from.

use std::borrow::Cow;

use crate::clock::{self, Stamp};
use crate::context::Context;
use crate::event::error_info::ErrorInfo;
use crate::event::id::{SpanId, TraceId};
use crate::event::limits;
use crate::event::outcome::Outcome;
use crate::event::value::{Tree, Value, ValueRef};
use crate::state;
use crate::tracker::panics;

/// One event in the making, or a finished one on its way to the listeners.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) fp: &'static str,
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    /// The span of the parent in the same trace; `None` stands for the application event.
    pub(crate) parent: Option<SpanId>,
    /// Which recorder it belongs to; 0 is the process.
    pub(crate) scope: u32,
    /// Which run of gomon it belongs to.
    pub(crate) run: u32,
    pub(crate) start: Stamp,
    /// Converted once, at the start, so that a parent never starts after its child.
    pub(crate) start_unix: u64,
    pub(crate) end: Stamp,
    pub(crate) outcome: Outcome,
    /// How many events it stands for under sampling; 0 where nothing was sampled.
    pub(crate) weight: f64,
    pub(crate) flags: Flags,
    attributes: Vec<Attribute>,
    text: String,
    /// Bytes it may still grow by.
    room: usize,
    rare: Option<Box<Rare>>,
}

/// Facts about a record that are true or false.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub(crate) struct Flags {
    /// This is the opening event.
    pub(crate) opening: bool,
    /// It is registered as a unit of work.
    pub(crate) unit: bool,
    /// That its thread unwinds says nothing about it: the thread did when it was created, or
    /// somebody else has judged.
    pub(crate) ignores_unwinding: bool,
    /// Its opening event was sent.
    pub(crate) opened: bool,
    /// Its trace id was drawn by this process.
    pub(crate) own_trace: bool,
    /// An event that always has a cause had none.
    pub(crate) orphan: bool,
    /// It is the application event itself, which has no parent.
    pub(crate) application: bool,
    /// It is the first event of its trace in this process: with it the local trace ends.
    pub(crate) local_root: bool,
}

#[derive(Clone, Copy, Debug)]
struct Attribute {
    key: &'static str,
    value: Stored,
    /// What the value takes of the event's room.
    bytes: usize,
}

/// A value as it lies in the record: `Copy`, with text by position.
#[derive(Clone, Copy, Debug)]
enum Stored {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Static(&'static str),
    Text { from: usize, to: usize },
    Tree(usize),
}

/// What most events do not have.
#[derive(Clone, Debug, Default)]
struct Rare {
    trees: Vec<Tree>,
    errors: Vec<ErrorInfo>,
    children: Vec<Record>,
    cut: Vec<(Cow<'static, str>, u64)>,
}

impl Record {
    /// A record that starts now, as a child of `parent`.
    pub(crate) fn open(fp: &'static str, parent: Context) -> Box<Self> {
        panics::forget_last();
        let start = clock::now();
        let start_unix = clock::unix_nanos(start);
        let origin = parent.origin();
        let (trace, own_trace, parent_span) = match origin {
            Some(origin) => (origin.trace, origin.own_trace, Some(origin.span)),
            None => (TraceId::new(start_unix), true, None),
        };
        Box::new(Self {
            fp: limits::prefix(fp, limits::KEY_BYTES),
            trace,
            span: SpanId::new(),
            parent: parent_span,
            scope: parent.scope(),
            run: state::load().run(),
            start,
            start_unix,
            end: start,
            outcome: Outcome::Completed,
            weight: 0.0,
            flags: Flags {
                own_trace,
                local_root: origin.is_none_or(|origin| origin.remote),
                ignores_unwinding: std::thread::panicking(),
                ..Flags::default()
            },
            attributes: Vec::with_capacity(TYPICAL_KEYS),
            text: String::with_capacity(TYPICAL_TEXT),
            room: limits::EVENT_BYTES - limits::RESERVED_BYTES,
            rare: None,
        })
    }

    pub(crate) fn context(&self) -> Context {
        Context::of_event(self.trace, self.span, self.flags.own_trace, self.scope)
    }

    /// A copy that is sent as the opening event.
    pub(crate) fn opening(&self) -> Box<Self> {
        Box::new(Self {
            end: clock::now(),
            flags: Flags {
                opening: true,
                ..self.flags
            },
            attributes: self.attributes.clone(),
            text: self.text.clone(),
            rare: self.rare.as_ref().map(|rare| {
                Box::new(Rare {
                    trees: rare.trees.clone(),
                    cut: rare.cut.clone(),
                    ..Rare::default()
                })
            }),
            ..*self
        })
    }

    /// Sets an attribute; the last value of a key wins, at the place of the first.
    pub(crate) fn set(&mut self, key: &'static str, value: Value<'_>) {
        let key = self.bounded_key(key);
        let known = self
            .attributes
            .iter()
            .position(|attribute| attribute.key == key);
        let at = match known {
            Some(at) => {
                self.clear_value(at);
                at
            }
            None => {
                if self.attributes.len() == limits::KEYS {
                    return self.note_cut(Cow::Borrowed("keys"), 1);
                }
                let bytes = limits::json_len(key) + 4;
                if self.room < bytes + limits::SCALAR_BYTES {
                    return self.note_cut(Cow::Borrowed(key), 1);
                }
                self.room -= bytes;
                self.attributes.push(Attribute {
                    key,
                    value: Stored::Null,
                    bytes: 0,
                });
                self.attributes.len() - 1
            }
        };
        let before = self.room;
        let value = self.store(key, value);
        let bytes = before - self.room;
        if let Some(attribute) = self.attributes.get_mut(at) {
            attribute.value = value;
            attribute.bytes = bytes;
        }
    }

    /// Removes an attribute, if it is there.
    pub(crate) fn remove(&mut self, key: &str) {
        let place = |record: &Self| record.attributes.iter().position(|other| other.key == key);
        if let Some(at) = place(self) {
            self.clear_value(at);
            self.attributes.remove(at);
        }
    }

    /// Gives an attribute another name, if it is there; what had that name is removed.
    pub(crate) fn rename(&mut self, from: &str, to: &'static str) {
        let to = self.bounded_key(to);
        if from != to && self.attributes.iter().any(|other| other.key == from) {
            self.remove(to);
            let mut attributes = self.attributes.iter_mut();
            if let Some(attribute) = attributes.find(|other| other.key == from) {
                attribute.key = to;
            }
        }
    }

    /// Gives back what the value of an attribute takes, for another to take its place.
    fn clear_value(&mut self, at: usize) {
        let Some(attribute) = self.attributes.get_mut(at) else {
            return;
        };
        let value = std::mem::replace(&mut attribute.value, Stored::Null);
        self.room += std::mem::take(&mut attribute.bytes);
        match value {
            Stored::Text { from, to } if to == self.text.len() => self.text.truncate(from),
            Stored::Text { .. } if self.text.len() > limits::EVENT_BYTES => self.compact_text(),
            Stored::Tree(at) => {
                if let Some(tree) = self.rare().trees.get_mut(at) {
                    *tree = FREE;
                }
            }
            _ => {}
        }
    }

    /// Forgets the text of values that were replaced.
    fn compact_text(&mut self) {
        let old = std::mem::take(&mut self.text);
        for attribute in &mut self.attributes {
            if let Stored::Text { from, to } = &mut attribute.value {
                let start = self.text.len();
                self.text.push_str(old.get(*from..*to).unwrap_or(""));
                (*from, *to) = (start, self.text.len());
            }
        }
    }

    fn bounded_key(&mut self, key: &'static str) -> &'static str {
        let kept = limits::prefix(key, limits::KEY_BYTES);
        if kept.len() < key.len() {
            self.note_cut(Cow::Borrowed(kept), (key.len() - kept.len()) as u64);
        }
        kept
    }

    fn store(&mut self, key: &'static str, value: Value<'_>) -> Stored {
        match value {
            Value::Null => self.scalar(Stored::Null),
            Value::Bool(value) => self.scalar(Stored::Bool(value)),
            Value::I64(value) => self.scalar(Stored::I64(value)),
            Value::U64(value) => self.scalar(Stored::U64(value)),
            Value::F64(value) => self.scalar(Stored::F64(value)),
            Value::Static(text) if text.len() <= limits::STRING_BYTES => {
                self.static_text(key, text)
            }
            Value::Static(text) | Value::Str(text) => self.text(key, text),
            Value::String(text) => self.text(key, &text),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.text(key, text),
                Err(_) => {
                    // What is past the limit would be cut anyway: do not copy it first.
                    let kept = bytes.get(..limits::STRING_BYTES).unwrap_or(bytes);
                    self.note_cut(Cow::Borrowed(key), (bytes.len() - kept.len()) as u64);
                    self.tree(key, Tree::Bytes(kept.to_vec()))
                }
            },
            Value::Tree(tree) => self.tree(key, tree),
        }
    }

    fn scalar(&mut self, stored: Stored) -> Stored {
        self.room = self.room.saturating_sub(limits::SCALAR_BYTES);
        stored
    }

    fn static_text(&mut self, key: &'static str, text: &'static str) -> Stored {
        let kept = self.kept(key, text);
        Stored::Static(kept)
    }

    fn text(&mut self, key: &'static str, text: &str) -> Stored {
        let kept = self.kept(key, text);
        let from = self.text.len();
        self.text.push_str(kept);
        Stored::Text {
            from,
            to: self.text.len(),
        }
    }

    /// The part of a text that is within the limits; the room shrinks by it.
    fn kept<'a>(&mut self, key: &'static str, text: &'a str) -> &'a str {
        let room = self.room.saturating_sub(2);
        let kept = limits::json_prefix(limits::prefix(text, limits::STRING_BYTES), room);
        if kept.len() < text.len() {
            self.note_cut(Cow::Borrowed(key), (text.len() - kept.len()) as u64);
        }
        self.room = self.room.saturating_sub(limits::json_len(kept) + 2);
        kept
    }

    fn tree(&mut self, key: &'static str, mut tree: Tree) -> Stored {
        let cut = limits::fit(&mut tree, &mut self.room);
        self.note_cut(Cow::Borrowed(key), cut);
        if tree == FREE {
            return Stored::Null;
        }
        let trees = &mut self.rare().trees;
        let free = trees.iter().position(|tree| *tree == FREE);
        match free.and_then(|at| trees.get_mut(at)) {
            Some(place) => *place = tree,
            None => trees.push(tree),
        }
        Stored::Tree(free.unwrap_or(trees.len() - 1))
    }

    /// Adds to `gomon:dropped`.
    pub(crate) fn note_cut(&mut self, key: Cow<'static, str>, amount: u64) {
        if amount == 0 {
            return;
        }
        let key = match limits::prefix(&key, limits::KEY_BYTES).len() {
            kept if kept < key.len() => Cow::Owned(limits::prefix(&key, kept).to_owned()),
            _ => key,
        };
        let cut = &mut self.rare().cut;
        if let Some(entry) = cut.iter_mut().find(|entry| entry.0 == key) {
            entry.1 = entry.1.saturating_add(amount);
        } else if cut.len() < limits::CUT_ENTRIES {
            cut.push((key, amount));
        }
    }

    pub(crate) fn push_error(&mut self, error: ErrorInfo) {
        let bytes = error.bytes();
        let full = self
            .rare
            .as_ref()
            .is_some_and(|rare| rare.errors.len() == limits::ERRORS);
        if full || bytes > self.room {
            return self.note_cut(Cow::Borrowed("error"), 1);
        }
        self.room -= bytes;
        self.note_cut(Cow::Borrowed("error"), error.cut);
        self.rare().errors.push(error);
    }

    pub(crate) fn embed(&mut self, child: Record) {
        let full = self
            .rare
            .as_ref()
            .is_some_and(|rare| rare.children.len() == limits::EMBEDDED);
        let cut: usize = child
            .cut()
            .iter()
            .map(|(key, _)| limits::json_len(key) + 24)
            .sum();
        let bytes = child.json_bytes() + cut + ENVELOPE_BYTES;
        if full || bytes > self.room {
            return self.note_cut(Cow::Borrowed("children"), 1);
        }
        self.room -= bytes;
        self.rare().children.push(child);
    }

    /// Raises the outcome by the precedence of docs/events.md, section 2.
    pub(crate) fn mark(&mut self, outcome: Outcome) {
        self.outcome = self.outcome.max(outcome);
    }

    /// What its content takes as JSON, at the most.
    fn json_bytes(&self) -> usize {
        (limits::EVENT_BYTES - limits::RESERVED_BYTES).saturating_sub(self.room)
    }

    /// What it takes in memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let attributes = self.attributes.capacity() * size_of::<Attribute>();
        size_of::<Self>() + attributes + self.text.capacity() + self.json_bytes()
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'static str, ValueRef<'_>)> {
        self.attributes
            .iter()
            .map(|attribute| (attribute.key, self.read(attribute.value)))
    }

    pub(crate) fn errors(&self) -> &[ErrorInfo] {
        self.rare.as_ref().map_or(&[], |rare| &rare.errors)
    }

    pub(crate) fn children(&self) -> &[Record] {
        self.rare.as_ref().map_or(&[], |rare| &rare.children)
    }

    pub(crate) fn cut(&self) -> &[(Cow<'static, str>, u64)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.cut)
    }

    fn read(&self, stored: Stored) -> ValueRef<'_> {
        match stored {
            Stored::Null => ValueRef::Null,
            Stored::Bool(value) => ValueRef::Bool(value),
            Stored::I64(value) => ValueRef::I64(value),
            Stored::U64(value) => ValueRef::U64(value),
            Stored::F64(value) => ValueRef::F64(value),
            Stored::Static(text) => ValueRef::Str(text),
            Stored::Text { from, to } => ValueRef::Str(self.text.get(from..to).unwrap_or("")),
            Stored::Tree(at) => {
                let tree = self.rare.as_ref().and_then(|rare| rare.trees.get(at));
                tree.map_or(ValueRef::Null, ValueRef::Tree)
            }
        }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

const TYPICAL_KEYS: usize = 16;
const TYPICAL_TEXT: usize = 256;
/// An envelope without what is in it, and with an application id of the usual length.
const ENVELOPE_BYTES: usize = 512 + limits::APPLICATION_ID_BYTES;
/// The mark of a place among the trees that another may take; `null` itself is stored as such.
const FREE: Tree = Tree::Null;
