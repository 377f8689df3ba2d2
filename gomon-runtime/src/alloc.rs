//! The counting allocator. The only file of this crate that holds `unsafe`.
#![expect(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; each call is passed on unchanged"
)]

use std::alloc::{GlobalAlloc, Layout, System};

use crate::counters;

/// A global allocator that counts what passes through it to another one.
///
/// It forwards every call, `realloc` and `alloc_zeroed` included, so the inner allocator's fast ways stay in use.
/// Counting costs a few plain loads and stores in a cache line that belongs to the calling thread: no lock, no shared
/// line, no allocation. It may run before `main`, in destructors of thread locals and after them.
///
/// An allocation counts when it succeeded. A `realloc` that succeeded counts as the end of one allocation and the start
/// of another, whether or not the inner allocator moved it.
///
/// ```
/// use gomon_runtime::MonitoredAlloc;
///
/// #[global_allocator]
/// static ALLOC: MonitoredAlloc = MonitoredAlloc::new();
///
/// let before = gomon_runtime::alloc_stats();
/// let kept = vec![0_u8; 4096];
/// assert!(gomon_runtime::alloc_stats().alloc_bytes >= before.alloc_bytes + 4096);
/// # drop(kept);
/// ```
#[derive(Debug, Default)]
pub struct MonitoredAlloc<A = System> {
    inner: A,
}

impl MonitoredAlloc {
    /// Counts for the system's allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_inner(System)
    }
}

impl<A> MonitoredAlloc<A> {
    /// Counts for `inner`, any other global allocator.
    ///
    /// All instances of a program share the counters of [`alloc_stats`](crate::alloc_stats).
    #[must_use]
    pub const fn with_inner(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: every method hands its arguments to `A`, which keeps the contract of `GlobalAlloc`, and returns what `A`
// returned; the counting beside it neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for MonitoredAlloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`: the layout's size is not zero.
        let allocated = unsafe { self.inner.alloc(layout) };
        if !allocated.is_null() {
            counters::allocated(layout.size());
        }
        allocated
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        counters::freed(layout.size());
        // SAFETY: the caller got `ptr` from this allocator with this layout, so it came from `inner` with it.
        unsafe { self.inner.dealloc(ptr, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, the same as that of `alloc`.
        let allocated = unsafe { self.inner.alloc_zeroed(layout) };
        if !allocated.is_null() {
            counters::allocated(layout.size());
        }
        allocated
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller got `ptr` from this allocator with this layout, so it came from `inner` with it; that
        // `new_size` is not zero and does not overflow with the alignment is the caller's part too.
        let moved = unsafe { self.inner.realloc(ptr, layout, new_size) };
        if !moved.is_null() {
            counters::freed(layout.size());
            counters::allocated(new_size);
        }
        moved
    }
}
