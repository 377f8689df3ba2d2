//! Spans packed one after another into a buffer of the thread; full buffers travel.
//!
//! A span is a header of ten words, then its attributes:
//!
//! | word | content |
//! |--:|---|
//! | 0, 1 | trace |
//! | 2 | id |
//! | 3 | parent |
//! | 4, 5 | name: address and length of a `&'static str` |
//! | 6, 7 | ticks at start and end |
//! | 8 | number of attributes |
//! | 9 | offset of the next span in the buffer |
//!
//! An attribute is a key (address and length), one byte that says what follows, and the value: 0 a `&'static str`, 1 an
//! integer, 2 a length of two bytes and the text itself.
#![expect(
    unsafe_code,
    reason = "a floor neither checks capacities twice nor UTF-8, and passes static strings by address"
)]

use std::cell::RefCell;
use std::mem::replace;
use std::sync::Mutex;

use bench_kit::ticks;

use super::{Pair, Trace, Value, line, lock, next_id};
use crate::work::{deliver, write_lines};

const BUFFER: usize = 64 << 10;

/// More than any span of the workloads takes.
const LONGEST: usize = 2048;

const END_TICKS: usize = 7 * 8;
const NEXT: usize = 9 * 8;
const HEADER: usize = 10 * 8;

static FULL: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());
static FREE: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());

thread_local! {
    static CURRENT: RefCell<Buffer> = const { RefCell::new(Buffer(Vec::new())) };
}

struct Buffer(Vec<u8>);

/// Where a span began, and in which buffer.
pub(super) struct Span {
    at: usize,
    id: u64,
    buffer: *const u8,
}

#[inline(always)]
pub(super) fn start(name: &'static str, trace: Trace, parent: u64, pairs: &[Pair<'_>]) -> Span {
    CURRENT.with_borrow_mut(|buffer| {
        if buffer.0.capacity() - buffer.0.len() < LONGEST {
            seal(buffer);
        }
        let (at, id) = (buffer.0.len(), next_id());
        buffer.put_number(trace.0);
        buffer.put_number(trace.1);
        buffer.put_number(id);
        buffer.put_number(parent);
        buffer.put_static(name);
        buffer.put_number(ticks());
        buffer.put_number(0);
        buffer.put_number(pairs.len() as u64);
        buffer.put_number(0);
        for (key, value) in pairs {
            buffer.put_static(key);
            buffer.put_value(*value);
        }
        let next = buffer.0.len() as u64;
        buffer.0[at + NEXT..at + HEADER].copy_from_slice(&next.to_le_bytes());
        Span {
            at,
            id,
            buffer: buffer.0.as_ptr(),
        }
    })
}

impl Span {
    #[inline(always)]
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Span {
    /// A span whose buffer was sealed meanwhile would need a second record; the bound leaves out that rare case.
    #[inline(always)]
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|buffer| {
            let at = self.at + END_TICKS;
            if self.buffer == buffer.0.as_ptr() && at + 8 <= buffer.0.len() {
                buffer.0[at..at + 8].copy_from_slice(&ticks().to_le_bytes());
            }
        });
    }
}

impl Buffer {
    /// The caller made sure of the room: `start` asks for [`LONGEST`].
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        let length = self.0.len();
        debug_assert!(self.0.capacity() - length >= bytes.len());
        // SAFETY: `length` is within the allocation.
        let end = unsafe { self.0.as_mut_ptr().add(length) };
        // SAFETY: `start` made room for the longest span, and `bytes` is not part of the buffer.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len()) };
        // SAFETY: the bytes up to there were just written.
        unsafe { self.0.set_len(length + bytes.len()) };
    }

    #[inline(always)]
    fn put_number(&mut self, number: u64) {
        self.put(&number.to_le_bytes());
    }

    #[inline(always)]
    fn put_static(&mut self, text: &'static str) {
        self.put_number(text.as_ptr().expose_provenance() as u64);
        self.put_number(text.len() as u64);
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "cut to a length that fits")]
    fn put_value(&mut self, value: Value<'_>) {
        match value {
            Value::Fixed(text) => {
                self.put(&[0]);
                self.put_static(text);
            }
            Value::Number(number) => {
                self.put(&[1]);
                self.put(&number.to_le_bytes());
            }
            Value::Text(text) => {
                let bytes = &text.as_bytes()[..text.len().min(128)];
                self.put(&[2]);
                self.put(&(bytes.len() as u16).to_le_bytes());
                self.put(bytes);
            }
        }
    }
}

#[cold]
fn seal(buffer: &mut Buffer) {
    let free = lock(&FREE).pop();
    let free = free.unwrap_or_else(|| Buffer(Vec::with_capacity(BUFFER)));
    let full = replace(buffer, free);
    if !full.0.is_empty() {
        lock(&FULL).push(full);
    }
}

/// Hands over the buffer of the calling thread.
pub(super) fn hand_over() {
    CURRENT.with_borrow_mut(seal);
}

/// Takes the buffers that were handed over, writes lines if asked to, and returns them.
pub(super) fn deliver_all(json: bool) {
    let mut out = Vec::with_capacity(BUFFER);
    loop {
        let buffer = lock(&FULL).pop();
        let Some(mut buffer) = buffer else { return };
        let mut reader = Reader {
            buffer: &buffer.0,
            at: 0,
        };
        let mut spans = 0;
        while reader.at < buffer.0.len() {
            if json {
                reader.write_span(&mut out);
                if out.len() > BUFFER - LONGEST {
                    write_lines(&out);
                    out.clear();
                }
            } else {
                reader.skip_span();
            }
            spans += 1;
        }
        write_lines(&out);
        out.clear();
        deliver(spans);
        buffer.0.clear();
        lock(&FREE).push(buffer);
    }
}

struct Reader<'a> {
    buffer: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn skip_span(&mut self) {
        self.at += NEXT;
        self.at = self.length();
    }

    fn write_span(&mut self, out: &mut Vec<u8>) {
        let span = line::Span {
            trace: (self.number(), self.number()),
            id: self.number(),
            parent: self.number(),
            name: self.fixed(),
            start_ticks: self.number(),
            end_ticks: self.number(),
        };
        let (pairs, _next) = (self.length(), self.number());
        line::open(out, &span);
        for index in 0..pairs {
            let (key, value) = (self.fixed(), self.value());
            line::attribute(out, index == 0, key, value);
        }
        line::close(out);
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.buffer[self.at..].first_chunk().copied();
        self.at += N;
        bytes.unwrap_or([0; N])
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was a usize when it was put"
    )]
    fn length(&mut self) -> usize {
        self.number() as usize
    }

    fn fixed(&mut self) -> &'static str {
        let (address, length) = (self.length(), self.length());
        let start = std::ptr::with_exposed_provenance(address);
        // SAFETY: `put_static` took both from a `&'static str`, whose provenance it exposed.
        let bytes = unsafe { std::slice::from_raw_parts(start, length) };
        // SAFETY: they are the bytes of a `str`.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    fn value(&mut self) -> Value<'a> {
        match self.take() {
            [0] => Value::Fixed(self.fixed()),
            [1] => Value::Number(i64::from_le_bytes(self.take())),
            _ => {
                let length = usize::from(u16::from_le_bytes(self.take()));
                let bytes = &self.buffer[self.at..][..length];
                self.at += length;
                // SAFETY: `put_value` copied a `str`; those of the workloads, all ASCII, are not cut.
                Value::Text(unsafe { std::str::from_utf8_unchecked(bytes) })
            }
        }
    }
}
