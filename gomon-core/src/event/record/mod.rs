//! What a tracker writes into and a listener reads from.

mod packed;
mod read;
mod size;

use std::borrow::Cow;
use std::mem::ManuallyDrop;

use arrayvec::ArrayString;
use uuid::Uuid;

use crate::bus::pool::Counted;
use crate::clock::{Source, Stamp};
use crate::context::Context;
use crate::context::carried::Handle;
use crate::event::attribute::{Attribute, Stored};
use crate::event::error_info::ErrorInfo;
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::limits::{self, Limit};
use crate::event::outcome::Outcome;
use crate::event::rare::{Rare, position};
use crate::event::shape::{Row, Shapes};
use crate::event::value::{Tree, Value};
use crate::keys;
use crate::switch;

/// One event in the making, or a finished one on its way to the listeners.
///
/// Records are used again and again (see `bus::pool`): first comes what every event has, then the
/// text and the attributes of nearly all events. Values are stored in their place field by field: a
/// value that is built first and then copied there costs some 4 ns more. Nothing here has a
/// destructor but `rare` and `packed`.
///
/// Not aligned to cache lines: it gains nothing, and glibc before 2.38 does not use again what was
/// freed of such, so that under overload the heap grew by half.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Record {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    /// The span of the parent in the same trace; 0 stands for the application event.
    parent: u64,
    pub(crate) start: Stamp,
    pub(crate) end: Stamp,
    pub(crate) fp: &'static str,

    rare: Option<Box<Rare>>,
    /// What of that was counted at the hand-over, in bytes.
    pub(crate) beside_bytes: u32,
    /// Which recorder it belongs to; 0 is the process.
    pub(crate) scope: u32,
    /// Which run of gomon it belongs to.
    pub(crate) run: u32,
    /// What its children carry on beside their ids.
    pub(crate) carried: Handle,
    /// How many of the inline attributes are in use.
    count: u8,
    pub(crate) outcome: Outcome,
    pub(crate) flags: Flags,
    _counted: Counted,

    /// First, so that its length is where everything else is that each event writes.
    text: ArrayString<TEXT>,
    /// Packed maps. The buffer stays with the record.
    packed: Vec<u8>,
    attributes: [Attribute; INLINE],
}

impl Record {
    /// A record that was never used.
    pub(crate) fn blank() -> Self {
        Self {
            trace: TraceId(0),
            span: SpanId(0),
            parent: 0,
            start: 0,
            end: 0,
            fp: "",
            rare: None,
            beside_bytes: 0,
            scope: 0,
            run: 0,
            carried: Handle::NONE,
            count: 0,
            outcome: Outcome::Completed,
            flags: Flags::NONE,
            _counted: Counted::new(),
            text: ArrayString::new_const(),
            packed: Vec::new(),
            attributes: [Attribute::EMPTY; INLINE],
        }
    }

    /// Begins a new event in this record, whatever it was before. The caller sets ids, run and
    /// start.
    #[inline]
    pub(crate) fn begin(&mut self, fp: &'static str, flags: Flags) {
        self.fp = limits::key(fp);
        self.count = 0;
        self.text.clear();
        self.packed.clear();
        self.outcome = Outcome::Completed;
        self.flags = flags;
    }

    /// Lets go of what lies beside it. The pool's records have nothing there.
    pub(crate) fn clear_rare(&mut self) {
        self.rare = None;
    }

    /// Notes what lies beside it, which it is counted with when it is handed over: how many bytes.
    #[inline]
    pub(crate) fn note_beside(&mut self) -> u32 {
        self.beside_bytes = self.bytes_beside();
        self.beside_bytes
    }

    /// Bytes that lie beside it.
    #[inline]
    pub(crate) fn bytes_beside(&self) -> u32 {
        match &self.rare {
            None => 0,
            Some(rare) => u32::try_from(rare.memory_bytes()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn has_rare(&self) -> bool {
        self.rare.is_some()
    }

    pub(crate) fn parent(&self) -> Option<SpanId> {
        (self.parent != 0).then_some(SpanId(self.parent))
    }

    pub(crate) fn set_parent(&mut self, parent: Option<SpanId>) {
        self.parent = parent.map_or(0, |span| span.0);
    }

    #[inline]
    pub(crate) fn context(&self) -> Context {
        let ids = (self.trace, self.span);
        let context = Context::of_event(
            ids,
            self.flags.has(Flags::OWN_TRACE),
            self.scope,
            self.carried,
        );
        if self.flags.has(Flags::SAMPLED_OUT) {
            return context.into_sampled_out();
        }
        if self.flags.has(Flags::UNSAMPLED) {
            return context.into_opened();
        }
        context
    }

    /// Turns a copy of an open record into its opening event.
    pub(crate) fn into_opening(mut self) -> Self {
        self.end = Source::of(self.scope).now();
        self.flags.add(Flags::OPENING);
        if let Some(rare) = &mut self.rare {
            rare.errors.clear();
            rare.children.clear();
        }
        self
    }

    /// Sets an attribute. A key that is set twice among the first attributes is only found when they
    /// are read.
    #[inline(always)]
    pub(crate) fn set(&mut self, key: &'static str, value: Value<'_>) {
        // Keys are constants in nearly all calls: then this is decided by the compiler.
        if keys::may_be_label(key) {
            self.flags.add(Flags::LABELLED);
        }
        if keys::is_condition(key) && switch::is_any_on() {
            switch::offer(self.trace, key, &value);
        }
        // Only `set_other` drops it: dropping what need not be dropped would be a call.
        let value = ManuallyDrop::new(value);
        match *value {
            Value::Bool(value) => match self.place(key) {
                Some(place) => place.value = Stored::Bool(value),
                None => self.set_as_beside(key, value, Value::Bool),
            },
            Value::I64(value) => match self.place(key) {
                Some(place) => place.value = Stored::I64(value),
                None => self.set_as_beside(key, value, Value::I64),
            },
            Value::U64(value) => match self.place(key) {
                Some(place) => place.value = Stored::U64(value),
                None => self.set_as_beside(key, value, Value::U64),
            },
            Value::F64(value) => match self.place(key) {
                Some(place) => place.value = Stored::F64(value),
                None => self.set_as_beside(key, value, Value::F64),
            },
            Value::Static(text) if text.len() <= SHORT_STATIC => match self.place(key) {
                Some(place) => place.value = Stored::Static(text),
                None => self.set_as_beside(key, text, Value::Static),
            },
            Value::Str(text) => self.set_text(key, text),
            _ => self.set_other(key, ManuallyDrop::into_inner(value)),
        }
    }

    /// The next free inline attribute with its key written.
    #[inline(always)]
    fn place(&mut self, key: &'static str) -> Option<&mut Attribute> {
        if key.len() > limits::KEY_BYTES {
            return None;
        }
        let place = self.attributes.get_mut(usize::from(self.count))?;
        self.count += 1;
        place.key = key;
        Some(place)
    }

    /// Copies last, so that nothing has to be kept across that call.
    #[inline(always)]
    fn set_text(&mut self, key: &'static str, text: &str) {
        let from = self.text.len();
        if key.len() <= limits::KEY_BYTES
            && let Some(place) = self.attributes.get_mut(usize::from(self.count))
            && text.len() <= self.text.remaining_capacity()
        {
            place.key = key;
            place.value = Stored::Text {
                from: place_in_text(from),
                to: place_in_text(from + text.len()),
            };
            self.count += 1;
            // It has room.
            let _ = self.text.try_push_str(text);
        } else {
            self.set_as_beside(key, text, Value::Str);
        }
    }

    #[inline(never)]
    fn set_other(&mut self, key: &'static str, value: Value<'_>) {
        match value {
            Value::Null => match self.place(key) {
                Some(place) => place.value = Stored::Null,
                None => self.set_beside(key, Value::Null),
            },
            Value::String(text) => self.set_text(key, &text),
            Value::Uuid(id) => {
                let mut text = Uuid::encode_buffer();
                self.set_text(key, id.as_hyphenated().encode_lower(&mut text));
            }
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.set_text(key, text),
                Err(_) => self.set_beside(key, Value::Bytes(bytes)),
            },
            other => self.set_beside(key, other),
        }
    }

    /// Takes what a value is made of: a value would be built in memory on the way that needs none.
    #[cold]
    #[inline(never)]
    fn set_as_beside<'a, T>(&mut self, key: &'static str, of: T, kind: fn(T) -> Value<'a>) {
        self.set_beside(key, kind(of));
    }

    /// The way of what has no place in the record itself, or may not have one.
    #[cold]
    #[inline(never)]
    fn set_beside(&mut self, key: &'static str, value: Value<'_>) {
        let beside = self.rare.as_deref();
        let limits = beside.map_or_else(limits::current, |rare| rare.limits);
        let kept = limits::prefix(key, limits.of(Limit::KeyBytes));
        if kept.len() < key.len() {
            self.note_cut(Cow::Borrowed(kept), (key.len() - kept.len()) as u64);
        }
        let Some(at) = self.place_anywhere(kept) else {
            return;
        };
        let stored = match value {
            Value::Null => Stored::Null,
            Value::Bool(value) => Stored::Bool(value),
            Value::I64(value) => Stored::I64(value),
            Value::U64(value) => Stored::U64(value),
            Value::F64(value) => Stored::F64(value),
            Value::Static(text) if text.len() <= SHORT_STATIC => Stored::Static(text),
            Value::Static(text) | Value::Str(text) => self.rare().store_text(kept, text),
            Value::String(text) => self.rare().store_text(kept, &text),
            Value::Uuid(id) => self.rare().store_text(kept, &id.to_string()),
            Value::Bytes(bytes) => {
                // What is past the limit would be cut anyway: do not copy it first.
                let head = bytes.get(..limits.of(Limit::StringBytes)).unwrap_or(bytes);
                self.note_cut(Cow::Borrowed(kept), (bytes.len() - head.len()) as u64);
                self.rare().store_tree(kept, Tree::Bytes(head.to_vec()))
            }
            Value::Tree(tree) => self.rare().store_tree(kept, tree),
        };
        if let Some(place) = self.attribute_mut(at) {
            place.value = stored;
        }
    }

    /// A copy that was never handed over, settled.
    pub(crate) fn duplicate(&self) -> Self {
        let mut copy = Self {
            beside_bytes: 0,
            ..self.clone()
        };
        copy.settle_alone();
        copy
    }

    /// Removes an attribute of a settled record, if it is there.
    pub(crate) fn remove(&mut self, key: &str) {
        let count = usize::from(self.count);
        let value = if let Some(at) = self.inline().iter().position(|other| other.key == key) {
            let value = self.attributes.get(at).map(|attribute| attribute.value);
            self.attributes.copy_within(at + 1..count, at);
            self.move_in(count - 1);
            value
        } else {
            self.rare.as_deref_mut().and_then(|rare| rare.remove(key))
        };
        if let (Some(value), Some(rare)) = (value, self.rare.as_deref_mut()) {
            rare.release(value);
        }
    }

    /// Fills the last inline place with what comes next, or gives it up: only when all of them are
    /// in use, attributes lie beside the record.
    fn move_in(&mut self, last: usize) {
        let next = self.rare.as_deref_mut().and_then(Rare::take_first);
        match (next, self.attributes.get_mut(last)) {
            (Some(next), Some(place)) => *place = next,
            _ => self.count -= 1,
        }
    }

    /// Gives an attribute of a settled record another name, if it is there; what had that name is
    /// removed.
    pub(crate) fn rename(&mut self, from: &str, to: &'static str) {
        let to = limits::key(to);
        let known = self.attributes().any(|(key, _)| key == from);
        if from == to || !known {
            return;
        }
        self.remove(to);
        let count = usize::from(self.count);
        let inline = self.attributes.iter_mut().take(count);
        let beside = self.rare.as_deref_mut().map(|rare| &mut rare.attributes);
        let mut all = inline.chain(beside.into_iter().flatten());
        if let Some(attribute) = all.find(|other| other.key == from) {
            attribute.key = to;
            if keys::may_be_label(to) {
                self.flags.add(Flags::LABELLED);
            }
        }
    }

    /// The place for a key: the next inline one, else the one that it has already, else one
    /// beside the record. What was there is released.
    fn place_anywhere(&mut self, key: &'static str) -> Option<usize> {
        let count = usize::from(self.count);
        if self.place(key).is_some() {
            return Some(count);
        }
        // From the end: among the inline ones the last value of a key is the valid one.
        let inline = self.inline().iter().rposition(|other| other.key == key);
        let beside = || {
            let rare = self.rare.as_deref()?;
            let at = rare.attributes.iter().position(|other| other.key == key)?;
            Some(count + at)
        };
        let Some(at) = inline.or_else(beside) else {
            self.rare().place(key, count)?;
            return Some(count + self.rare().attributes.len() - 1);
        };
        if let Some(place) = self.attribute_mut(at) {
            let value = std::mem::replace(&mut place.value, Stored::Null);
            self.rare().release(value);
            self.compact_text();
        }
        Some(at)
    }

    fn attribute_mut(&mut self, at: usize) -> Option<&mut Attribute> {
        let count = usize::from(self.count);
        match at.checked_sub(count) {
            None => self.attributes.get_mut(at),
            Some(at) => self.rare.as_deref_mut()?.attributes.get_mut(at),
        }
    }

    /// Forgets the long text of values that were replaced, once there is much of it.
    fn compact_text(&mut self) {
        let Some(rare) = self
            .rare
            .as_deref_mut()
            .filter(|rare| rare.wants_compaction())
        else {
            return;
        };
        let old = std::mem::take(&mut rare.text);
        let inline = self.attributes.iter_mut().take(usize::from(self.count));
        for attribute in inline.chain(&mut rare.attributes) {
            if let Stored::LongText { from, to } = &mut attribute.value {
                let start = rare.text.len();
                let range = *from as usize..*to as usize;
                rare.text.push_str(old.get(range).unwrap_or(""));
                *from = position(start);
                *to = position(rare.text.len());
            }
        }
    }

    /// Leaves each key once, at its first place and with its last value, and all of it within the
    /// event's limit in bytes. To be done once, before it is shared, where labels are looked for or
    /// something lies beside; others are within the limit, and are read as if it had been done. Gives
    /// the row of the inline keys, of which a few at the end may be cut off then.
    #[inline]
    pub(crate) fn settle(&mut self, shapes: &mut Shapes) -> Option<Row> {
        let row = shapes.row(self.inline());
        if row.is_none() {
            self.keep_last_values();
        }
        if self.rare.is_some() {
            self.trim();
        }
        row
    }

    /// The same for a single one.
    pub(crate) fn settle_alone(&mut self) {
        self.keep_last_values();
        if self.rare.is_some() {
            self.trim();
        }
    }

    fn first_place(&self, key: &str) -> usize {
        let first = self.attributes.iter().position(|other| other.key == key);
        first.unwrap_or(INLINE)
    }

    #[cold]
    fn keep_last_values(&mut self) {
        let count = usize::from(self.count);
        let mut kept = 0u8;
        for at in 0..count {
            let Some(attribute) = self.attributes.get(at).copied() else {
                break;
            };
            let first = self.first_place(attribute.key);
            let target = if first < usize::from(kept) {
                first
            } else {
                usize::from(kept)
            };
            if target == usize::from(kept) {
                kept += 1;
            }
            if let Some(place) = self.attributes.get_mut(target) {
                *place = attribute;
            }
        }
        self.count = kept;
        self.move_all_in();
    }

    /// Fills the inline places that became free.
    fn move_all_in(&mut self) {
        while let Some(place) = self.attributes.get_mut(usize::from(self.count))
            && let Some(next) = self.rare.as_deref_mut().and_then(Rare::take_first)
        {
            *place = next;
            self.count += 1;
        }
    }

    /// Drops the attributes that were set last until the rest is within the event's limit; of a tree, as much as
    /// is needed.
    fn trim(&mut self) {
        let limit = self.rare.as_deref().map_or(usize::MAX, Rare::most_bytes);
        while let excess @ 1.. = self.json_bytes().saturating_sub(limit) {
            if self.shrink_last(excess) {
                continue;
            }
            let beside = self
                .rare
                .as_deref_mut()
                .and_then(|rare| rare.attributes.pop());
            let dropped = beside.or_else(|| {
                self.count = self.count.checked_sub(1)?;
                self.attributes.get(usize::from(self.count)).copied()
            });
            let Some(dropped) = dropped else {
                return;
            };
            self.note_cut(Cow::Borrowed(dropped.key), 1);
            let rare = self.rare();
            rare.release(dropped.value);
        }
    }

    /// Cuts so many bytes off the attribute that was set last; false if it is no tree, or not so large.
    fn shrink_last(&mut self, excess: usize) -> bool {
        let beside = self.rare.as_deref().and_then(|rare| rare.attributes.last());
        let last = beside.or_else(|| self.inline().last()).copied();
        let Some(Attribute {
            key,
            value: Stored::Tree(at),
        }) = last
        else {
            return false;
        };
        self.rare().shrink_tree(key, at, excess)
    }

    /// Adds to `gomon:dropped`.
    pub(crate) fn note_cut(&mut self, key: Cow<'static, str>, amount: u64) {
        if amount > 0 {
            self.rare().note_cut(key, amount);
        }
    }

    pub(crate) fn push_error(&mut self, error: ErrorInfo) {
        self.rare().push_error(error);
    }

    /// Lets a finished event travel inside this one.
    pub(crate) fn embed(&mut self, mut child: Self) {
        child.settle_alone();
        self.rare().push_child(child);
    }

    /// Raises the outcome by the precedence of docs/events.md, section 2.
    #[inline]
    pub(crate) fn mark(&mut self, outcome: Outcome) {
        self.outcome = self.outcome.max(outcome);
    }

    pub(crate) fn errors(&self) -> &[ErrorInfo] {
        self.rare.as_deref().map_or(&[], |rare| &rare.errors)
    }

    pub(crate) fn children(&self) -> &[Record] {
        self.rare.as_deref().map_or(&[], |rare| &rare.children)
    }

    pub(crate) fn cut(&self) -> &[(Cow<'static, str>, u64)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.cut)
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

const _: () = assert!(TEXT <= u16::MAX as usize, "places in it have 16 bits");

#[expect(clippy::cast_possible_truncation, reason = "the text is shorter")]
const fn place_in_text(at: usize) -> u16 {
    at as u16
}

/// Attributes that have a place in the record itself.
const INLINE: usize = 16;
/// Bytes of text that have a place in the record itself.
const TEXT: usize = 460;
/// Static text up to so many bytes is kept by its address; the rest is copied, and counted.
const SHORT_STATIC: usize = 128;
