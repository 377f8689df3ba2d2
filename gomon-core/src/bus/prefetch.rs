//! Has the memory of a record, and of its place in the ring, fetched before it is written.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "there is no safe way to say it to the processor"
    )
)]

use crate::bus::link::RING;
use crate::event::handed::Handed;
use crate::event::record::Record;

/// Asks for the parts of a record that nearly all events write to: what every event has, the beginning of the text and
/// that of the attributes. There are more records than the nearer caches hold: to wait for one would cost tens of
/// nanoseconds, and hundreds where it comes from another core.
#[inline(always)]
pub(super) fn prefetch(record: &Record) {
    let start: *const Record = record;
    for line in LINES {
        to_read(start.wrapping_byte_add(line * LINE_BYTES).cast());
    }
}

/// The places of a ring.
#[derive(Debug)]
pub(super) struct Slots {
    first: *const Handed,
}

impl Slots {
    /// Those of a new ring.
    pub(super) fn of(ring: &mut rtrb::Producer<Handed>) -> Self {
        let all = ring.write_chunk_uninit(RING);
        let first = all.map_or(std::ptr::null(), |mut all| {
            all.as_mut_slices().0.as_ptr().cast()
        });
        Self { first }
    }

    /// Asks for a place some way ahead, once so many were filled. The bus has read it, maybe on another core: to wait for
    /// it when it is written would hold up all that is written after it.
    #[inline(always)]
    pub(super) fn prefetch(&self, filled: u32) {
        let place = (filled as usize).wrapping_add(AHEAD) % RING;
        to_write(self.first.wrapping_add(place).cast());
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn to_read(line: *const i8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    // SAFETY: prefetching reads and writes nothing, and no address makes it fail.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
}

/// The instruction itself: the compiler makes one for reading of it, unless told that the processor has this one too.
/// One that has not ignores it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn to_write(line: *const i8) {
    // SAFETY: the same.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
}

/// Elsewhere the language has no way to say it.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn to_read(_line: *const i8) {}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn to_write(_line: *const i8) {}

const LINES: [usize; 6] = [0, 1, 2, 9, 10, 11];
const LINE_BYTES: usize = 64;
/// Places between the one that is written and the one that is asked for: at 10 ns and more an event, what comes from
/// another core is there in time.
const AHEAD: usize = 16;
