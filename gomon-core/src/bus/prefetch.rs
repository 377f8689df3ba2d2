//! Has the memory of a record fetched before it is written.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "there is no safe way to say it to the processor"
    )
)]

use crate::event::record::Record;

/// Asks for the part of a record that nearly all events write to, for writing. Whoever took it last may have been on
/// another core: to wait for it would cost up to 100 ns.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn prefetch(record: &Record) {
    use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};

    let start: *const i8 = std::ptr::from_ref(record).cast();
    for line in LINES {
        let address = start.wrapping_byte_add(line * LINE_BYTES);
        // SAFETY: prefetching reads and writes nothing, and no address makes it fail.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(address) };
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
