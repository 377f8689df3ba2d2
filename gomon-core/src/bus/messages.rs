//! Attributes that came after their event as messages (`Context::set` from elsewhere).
//!
//! A message is sent while its event is open, so it is in a ring before the event is; but rings
//! are read one after the other, and the event's may be read first. The worker therefore reads all
//! rings twice in a cycle, and holds back what events it finds the second time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::clock::{self, Stamp};
use crate::event::id::{SpanId, TraceId};
use crate::event::record::Record;
use crate::event::value::{Tree, Value, ValueRef};

/// What waits for the end of its event: values, not records, of so many events at the most.
#[derive(Debug, Default)]
pub(super) struct Messages {
    waiting: HashMap<(TraceId, SpanId), Waiting>,
    /// Attributes that found no open event.
    late: u64,
    last_look: Stamp,
}

#[derive(Debug)]
struct Waiting {
    since: Stamp,
    attributes: Vec<(&'static str, Tree)>,
}

impl Messages {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Attributes that came too late so far, or waited for too long.
    pub(super) fn late(&self) -> u64 {
        self.late
    }

    pub(super) fn add(&mut self, message: &Record) {
        let full = self.waiting.len() >= EVENTS;
        let waiting = match self.waiting.entry((message.trace, message.span)) {
            Entry::Vacant(_) if full => {
                self.late += 1;
                return;
            }
            entry => entry.or_insert_with(|| Waiting {
                since: message.start,
                attributes: Vec::new(),
            }),
        };
        for (key, value) in message.attributes() {
            let attributes = &mut waiting.attributes;
            let full = attributes.len() >= ATTRIBUTES;
            let known = attributes.iter_mut().find(|(other, _)| *other == key);
            match known {
                Some((_, place)) => *place = owned(value),
                None if full => self.late += 1,
                None => attributes.push((key, owned(value))),
            }
        }
    }

    /// Gives an event that has ended its attributes. The opening event leaves them waiting.
    pub(super) fn bring(&mut self, record: &mut Record) {
        if record.flags.opening {
            return;
        }
        if let Some(waiting) = self.waiting.remove(&(record.trace, record.span)) {
            for (key, value) in waiting.attributes {
                record.set(key, value_of(value));
            }
        }
    }

    /// Forgets what has waited for too long: its event had ended before, or never will.
    pub(super) fn expire(&mut self, now: Stamp) {
        if clock::nanos_between(self.last_look, now) < LOOK_EVERY_NANOS {
            return;
        }
        self.last_look = now;
        let late = &mut self.late;
        self.waiting.retain(|_, waiting| {
            let keep = clock::nanos_between(waiting.since, now) < PATIENCE_NANOS;
            *late += if keep {
                0
            } else {
                waiting.attributes.len() as u64
            };
            keep
        });
    }

    /// Nothing will end any more.
    pub(super) fn give_up(&mut self) {
        let left = self
            .waiting
            .drain()
            .map(|(_, waiting)| waiting.attributes.len() as u64);
        self.late += left.sum::<u64>();
    }
}

fn owned(value: ValueRef<'_>) -> Tree {
    match value {
        ValueRef::Null => Tree::Null,
        ValueRef::Bool(value) => Tree::Bool(value),
        ValueRef::I64(value) => Tree::I64(value),
        ValueRef::U64(value) => Tree::U64(value),
        ValueRef::F64(value) => Tree::F64(value),
        ValueRef::Str(text) => Tree::from(text.to_owned()),
        ValueRef::Tree(tree) => tree.clone(),
    }
}

/// A scalar or text stays one: it has a place in the record itself.
fn value_of(tree: Tree) -> Value<'static> {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(value),
        Tree::I64(value) => Value::I64(value),
        Tree::U64(value) => Value::U64(value),
        Tree::F64(value) => Value::F64(value),
        Tree::Str(text) => Value::String(text.into_owned()),
        tree => Value::Tree(tree),
    }
}

const EVENTS: usize = 4096;
/// Attributes of one event that may wait.
const ATTRIBUTES: usize = 32;
const PATIENCE_NANOS: u64 = 600 * 1_000_000_000;
const LOOK_EVERY_NANOS: u64 = 10 * 1_000_000_000;
