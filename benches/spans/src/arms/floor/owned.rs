//! Records with 16 inline attributes and 512 bytes of text, out of a pool of the thread; finished ones travel in batches
//! of 64 pointers.
#![expect(
    unsafe_code,
    reason = "a floor does not check again that text is UTF-8"
)]

use std::cell::RefCell;
use std::mem::replace;
use std::sync::Mutex;

use bench_kit::ticks;

use super::{Trace, Value, line, lock, next_id};
use crate::work::{deliver, write_lines};

const BATCH: usize = 64;
const ATTRIBUTES: usize = 16;
const TEXT: usize = 512;

type Batch = Vec<Box<Record>>;

static FINISHED: Mutex<Vec<Batch>> = Mutex::new(Vec::new());
static FREE: Mutex<Vec<Batch>> = Mutex::new(Vec::new());

thread_local! {
    /// Free records, and finished ones.
    static POOL: RefCell<(Batch, Batch)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

struct Record {
    trace: Trace,
    id: u64,
    parent: u64,
    start: u64,
    end: u64,
    name: &'static str,
    attributes: usize,
    text_used: usize,
    keys_and_values: [(&'static str, Stored); ATTRIBUTES],
    text: [u8; TEXT],
}

#[derive(Clone, Copy)]
enum Stored {
    Fixed(&'static str),
    /// Offset and length in the record's text.
    Text(u16, u16),
    Number(i64),
}

/// A span that could move to another thread.
pub(super) struct Span(Option<Box<Record>>);

#[inline(always)]
pub(super) fn start(name: &'static str, trace: Trace, parent: u64) -> Span {
    POOL.with_borrow_mut(|(free, _)| {
        if free.is_empty() {
            refill(free);
        }
        let mut record = free.pop()?;
        record.trace = trace;
        record.parent = parent;
        record.id = next_id();
        record.name = name;
        record.attributes = 0;
        record.text_used = 0;
        record.start = ticks();
        Some(record)
    })
    .into()
}

impl From<Option<Box<Record>>> for Span {
    #[inline(always)]
    fn from(record: Option<Box<Record>>) -> Self {
        Self(record)
    }
}

impl Span {
    #[inline(always)]
    pub(super) fn id(&self) -> u64 {
        self.0.as_ref().map_or(0, |record| record.id)
    }

    #[inline(always)]
    pub(super) fn set(&mut self, key: &'static str, value: Value<'_>) {
        if let Some(record) = &mut self.0 {
            record.set(key, value);
        }
    }
}

impl Record {
    fn new() -> Self {
        Self {
            trace: (0, 0),
            id: 0,
            parent: 0,
            start: 0,
            end: 0,
            name: "",
            attributes: 0,
            text_used: 0,
            keys_and_values: [("", Stored::Number(0)); ATTRIBUTES],
            text: [0; TEXT],
        }
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "offsets and lengths are at most TEXT"
    )]
    fn set(&mut self, key: &'static str, value: Value<'_>) {
        if self.attributes >= ATTRIBUTES {
            return;
        }
        // Each kind is stored where it belongs: one assembled first and copied then costs up to 4 ns an attribute.
        let place = &mut self.keys_and_values[self.attributes];
        place.0 = key;
        match value {
            Value::Fixed(text) => place.1 = Stored::Fixed(text),
            Value::Number(number) => place.1 = Stored::Number(number),
            Value::Text(text) => {
                let start = self.text_used;
                let length = text.len().min(TEXT - start);
                self.text[start..start + length].copy_from_slice(&text.as_bytes()[..length]);
                self.text_used += length;
                place.1 = Stored::Text(start as u16, length as u16);
            }
        }
        self.attributes += 1;
    }

    fn write(&self, out: &mut Vec<u8>) {
        let span = line::Span {
            trace: self.trace,
            id: self.id,
            parent: self.parent,
            name: self.name,
            start_ticks: self.start,
            end_ticks: self.end,
        };
        line::open(out, &span);
        let pairs = self.keys_and_values.iter().take(self.attributes);
        for (index, (key, stored)) in pairs.enumerate() {
            let value = match *stored {
                Stored::Fixed(text) => Value::Fixed(text),
                Stored::Number(number) => Value::Number(number),
                Stored::Text(start, length) => {
                    let bytes = &self.text[usize::from(start)..][..usize::from(length)];
                    // SAFETY: `set` copied a `str` there; those of the workloads, all ASCII, fit and are not cut.
                    Value::Text(unsafe { std::str::from_utf8_unchecked(bytes) })
                }
            };
            line::attribute(out, index == 0, key, value);
        }
        line::close(out);
    }
}

impl Drop for Span {
    #[inline(always)]
    fn drop(&mut self) {
        let Some(mut record) = self.0.take() else {
            return;
        };
        record.end = ticks();
        POOL.with_borrow_mut(|(_, finished)| {
            finished.push(record);
            if finished.len() >= BATCH {
                send(finished);
            }
        });
    }
}

#[cold]
fn refill(free: &mut Batch) {
    if let Some(batch) = lock(&FREE).pop() {
        *free = batch;
    } else {
        free.extend((0..BATCH).map(|_| Box::new(Record::new())));
    }
}

#[cold]
fn send(finished: &mut Batch) {
    let batch = replace(finished, Vec::with_capacity(BATCH));
    lock(&FINISHED).push(batch);
}

/// Hands over what the calling thread has finished.
pub(super) fn hand_over() {
    POOL.with_borrow_mut(|(_, finished)| {
        if !finished.is_empty() {
            send(finished);
        }
    });
}

/// Takes what was handed over, writes lines if asked to, and returns the records.
pub(super) fn deliver_all(json: bool) {
    let mut out = Vec::with_capacity(64 << 10);
    loop {
        let batch = lock(&FINISHED).pop();
        let Some(batch) = batch else { return };
        if json {
            batch.iter().for_each(|record| record.write(&mut out));
            write_lines(&out);
            out.clear();
        }
        deliver(batch.len() as u64);
        lock(&FREE).push(batch);
    }
}
