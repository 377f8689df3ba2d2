//! Attributes that came after their event as messages (`Context::set` from elsewhere).
//!
//! A message is sent while its event is open, so it is in a ring before the event is; but rings
//! are read one after the other, and the event's may be read first. The worker therefore reads all
//! rings twice in a cycle, and holds back what events it finds the second time.

use std::collections::{BTreeMap, HashMap};

use crate::clock::{self, Stamp};
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::record::Record;
use crate::event::value::{Tree, Value};

/// What waits for the end of its event: values, not records, of so many events and of so many bytes
/// at the most. The oldest go first: most likely their events had ended before.
#[derive(Debug, Default)]
pub(super) struct Messages {
    waiting: HashMap<Key, Waiting>,
    /// The same by their numbers, which are given in the order in which they came.
    oldest: BTreeMap<u64, Key>,
    next_number: u64,
    bytes: usize,
    /// Attributes that found no open event.
    late: u64,
}

type Key = (TraceId, SpanId);

#[derive(Debug)]
struct Waiting {
    number: u64,
    since: Stamp,
    attributes: Vec<(&'static str, Tree)>,
    bytes: usize,
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
        let key = (message.trace, message.span);
        // Entered anew, as the newest, so that the oldest is never the one that is added to.
        let mut waiting = self
            .take(key)
            .unwrap_or_else(|| Waiting::new(message.start));
        self.late += waiting.add(message);
        while self.waiting.len() >= EVENTS || self.bytes + waiting.bytes > BYTES {
            if !self.evict() {
                break;
            }
        }
        waiting.number = self.next_number;
        self.next_number += 1;
        self.bytes += waiting.bytes;
        self.oldest.insert(waiting.number, key);
        self.waiting.insert(key, waiting);
    }

    fn take(&mut self, key: Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(&key)?;
        self.oldest.remove(&waiting.number);
        self.bytes -= waiting.bytes;
        Some(waiting)
    }

    /// Gives up the oldest; false if there is none.
    fn evict(&mut self) -> bool {
        let oldest = self.oldest.first_key_value().map(|(_, key)| *key);
        let evicted = oldest.and_then(|key| self.take(key));
        self.late += evicted.as_ref().map_or(0, Waiting::count);
        evicted.is_some()
    }

    /// Gives an event that has ended its attributes; whether there were any. The opening event leaves them waiting.
    pub(super) fn bring(&mut self, record: &mut Record) -> bool {
        if record.flags.has(Flags::OPENING) {
            return false;
        }
        let Some(waiting) = self.take((record.trace, record.span)) else {
            return false;
        };
        for (key, value) in waiting.attributes {
            record.set(key, value_of(value));
        }
        true
    }

    /// Forgets what has waited for too long: its event had ended before, or never will.
    pub(super) fn expire(&mut self, now: Stamp) {
        while let Some((_, oldest)) = self.oldest.first_key_value()
            && let Some(waiting) = self.waiting.get(oldest)
            && clock::nanos_between(waiting.since, now) >= PATIENCE_NANOS
        {
            self.evict();
        }
    }

    /// Nothing will end any more.
    pub(super) fn give_up(&mut self) {
        while self.evict() {}
    }
}

impl Waiting {
    fn new(since: Stamp) -> Self {
        Self {
            number: 0,
            since,
            attributes: Vec::new(),
            bytes: size_of::<(Key, Self)>(),
        }
    }

    fn count(&self) -> u64 {
        self.attributes.len() as u64
    }

    /// Takes a message's attributes over; how many found no place.
    fn add(&mut self, message: &Record) -> u64 {
        self.since = message.start;
        let mut lost = 0;
        for (key, value) in message.attributes() {
            let value = value.to_tree();
            let bytes = bytes_of(key, &value);
            let full = self.attributes.len() >= ATTRIBUTES;
            let known = self.attributes.iter_mut().find(|(other, _)| *other == key);
            match known {
                Some((_, place)) => {
                    self.bytes -= bytes_of(key, place);
                    *place = value;
                }
                None if full => {
                    lost += 1;
                    continue;
                }
                None => self.attributes.push((key, value)),
            }
            self.bytes += bytes;
        }
        lost
    }
}

/// What an attribute takes in memory, about. Values are within the limits of an event in depth.
fn bytes_of(key: &'static str, value: &Tree) -> usize {
    let text = match value {
        Tree::Str(text) => text.len(),
        Tree::Bytes(bytes) => bytes.len(),
        Tree::List(items) => items.iter().map(|item| bytes_of("", item)).sum(),
        Tree::Map(entries) => entries
            .iter()
            .map(|(key, item)| key.len() + bytes_of("", item))
            .sum(),
        Tree::Null | Tree::Bool(_) | Tree::I64(_) | Tree::U64(_) | Tree::F64(_) => 0,
    };
    size_of::<(&str, Tree)>() + key.len() + text
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

/// Events whose attributes may wait.
const EVENTS: usize = 4096;
/// What may wait of all events together: 8 MiB.
const BYTES: usize = 8 << 20;
/// Attributes of one event that may wait.
const ATTRIBUTES: usize = 32;
const PATIENCE_NANOS: u64 = 600 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(span: u64, value: Value<'_>) -> Record {
        let mut record = Record::blank();
        (record.trace, record.span) = (TraceId(1), SpanId(span));
        record.set("key", value);
        record
    }

    fn brought(messages: &mut Messages, span: u64) -> bool {
        let mut ended = Record::blank();
        (ended.trace, ended.span) = (TraceId(1), SpanId(span));
        messages.bring(&mut ended);
        ended.attributes().next().is_some()
    }

    #[test]
    fn of_too_many_the_oldest_are_given_up() {
        let mut messages = Messages::default();
        for span in 0..=EVENTS as u64 {
            messages.add(&message(span, 1.into()));
        }
        assert_eq!((messages.waiting.len(), messages.late()), (EVENTS, 1));
        assert!(!brought(&mut messages, 0));
        assert!(brought(&mut messages, 1) && brought(&mut messages, EVENTS as u64));
    }

    #[test]
    fn they_are_bounded_in_bytes_too() {
        let mut messages = Messages::default();
        let text = "x".repeat(10_000);
        for span in 0..2_000 {
            messages.add(&message(span, text.as_str().into()));
            messages.add(&message(span, text.as_str().into()));
        }
        assert!(messages.bytes <= BYTES && messages.bytes > BYTES - 20_000);
        assert!(messages.late() > 500);
        assert!(!brought(&mut messages, 0) && brought(&mut messages, 1_999));
        messages.give_up();
        assert_eq!((messages.bytes, messages.oldest.len()), (0, 0));
        assert_eq!(messages.late(), 1_999);
    }

    #[test]
    fn what_waited_for_too_long_counts_as_late() {
        let mut messages = Messages::default();
        messages.add(&message(1, 1.into()));
        messages.expire(0);
        assert!(!messages.is_empty());
        // The highest bit is that of a test's clock.
        messages.expire(Stamp::MAX >> 1);
        assert!(messages.is_empty());
        assert_eq!(messages.late(), 1);
    }
}
