//! Has the memory of a record fetched before it is written.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "there is no safe way to say it to the processor"
    )
)]

use crate::event::record::Record;

/// Asks for the parts of a record that nearly all events write to: what every event has, the beginning of the text and
/// that of the attributes. There are more records than the nearer caches hold: to wait for one would cost tens of
/// nanoseconds, and hundreds where it comes from another core.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn prefetch(record: &Record) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    let start: *const i8 = std::ptr::from_ref(record).cast();
    for line in LINES {
        let address = start.wrapping_byte_add(line * LINE_BYTES);
        // SAFETY: prefetching reads and writes nothing, and no address makes it fail.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
    }
}

/// Elsewhere the language has no way to say it.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn prefetch(_record: &Record) {}

#[cfg(target_arch = "x86_64")]
const LINES: [usize; 6] = [0, 1, 2, 9, 10, 11];
#[cfg(target_arch = "x86_64")]
const LINE_BYTES: usize = 64;
