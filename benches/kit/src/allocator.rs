//! An allocator that counts while it is told to.
#![expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The system's allocator with counts of the calling thread and of all threads.
///
/// A group installs it as its global allocator. It counts only between [`start`] and [`stop`], in a pass of its own, so
/// that it adds nothing but one relaxed load to what is timed.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static OF_ALL: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OF_THREAD: Cell<u64> = const { Cell::new(0) };
}

/// Counts from here on; `false` when the program runs on another allocator and nothing will be counted.
pub(crate) fn start() -> bool {
    COUNTING.store(true, Relaxed);
    let before = of_thread();
    drop(black_box(Box::new(0_u8)));
    of_thread() > before
}

pub(crate) fn stop() {
    COUNTING.store(false, Relaxed);
}

/// Allocations of the calling thread while counting was on.
pub(crate) fn of_thread() -> u64 {
    OF_THREAD.get()
}

/// Allocations of all threads while counting was on.
pub(crate) fn of_all() -> u64 {
    OF_ALL.load(Relaxed)
}

#[inline]
fn count() {
    if COUNTING.load(Relaxed) {
        OF_ALL.fetch_add(1, Relaxed);
        OF_THREAD.set(OF_THREAD.get() + 1);
    }
}

// SAFETY: every call goes to `System` with the caller's arguments, and its result is returned; counting neither
// allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `alloc` above took `pointer` from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
