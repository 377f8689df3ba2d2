//! All tests of this binary share the counters, so they compare with bounds that others' allocations cannot break.
#![expect(unsafe_code, reason = "calls an allocator by hand")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use gomon_runtime::{MonitoredAlloc, alloc_stats};

/// Counts which of its methods were called.
#[derive(Default)]
struct Witness {
    alloc: AtomicUsize,
    dealloc: AtomicUsize,
    alloc_zeroed: AtomicUsize,
    realloc: AtomicUsize,
}

impl Witness {
    fn calls(&self) -> [usize; 4] {
        [
            &self.alloc,
            &self.dealloc,
            &self.alloc_zeroed,
            &self.realloc,
        ]
        .map(|calls| calls.load(Ordering::Relaxed))
    }
}

// SAFETY: hands everything to `System`.
unsafe impl GlobalAlloc for &'static Witness {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.alloc.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        self.dealloc.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.alloc_zeroed.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.realloc.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[test]
fn every_method_is_forwarded_to_its_own() {
    let witness: &'static Witness = Box::leak(Box::default());
    let alloc = MonitoredAlloc::with_inner(witness);
    let (small, large) = (
        Layout::from_size_align(64, 8).unwrap(),
        Layout::from_size_align(4096, 8).unwrap(),
    );
    // SAFETY: the size is not zero.
    let ptr = unsafe { alloc.alloc_zeroed(small) };
    // SAFETY: `ptr` is the start of 64 initialised bytes.
    let bytes = unsafe { std::slice::from_raw_parts(ptr, 64) };
    assert_eq!(bytes, [0; 64]);
    // SAFETY: `ptr` came from this allocator with this layout.
    let ptr = unsafe { alloc.realloc(ptr, small, 4096) };
    // SAFETY: `ptr` came from this allocator and has the new size.
    unsafe { alloc.dealloc(ptr, large) };
    // SAFETY: the size is not zero.
    let ptr = unsafe { alloc.alloc(large) };
    // SAFETY: `ptr` came from this allocator with this layout.
    unsafe { alloc.dealloc(ptr, large) };
    assert_eq!(witness.calls(), [1, 2, 1, 1]);
}

#[test]
fn an_allocation_that_failed_is_passed_on_and_not_counted() {
    let alloc = MonitoredAlloc::new();
    let layout = Layout::from_size_align(isize::MAX as usize - 4095, 4096).unwrap();
    let before = alloc_stats().alloc_bytes;
    // SAFETY: the size is not zero.
    let ptr = unsafe { alloc.alloc(layout) };
    assert!(ptr.is_null());
    assert!(alloc_stats().alloc_bytes - before < layout.size() as u64);
}

#[test]
fn what_a_program_allocates_and_frees_is_counted() {
    let before = alloc_stats();
    let kept = vec![1_u8; 3 << 20];
    let during = alloc_stats();
    assert!(during.mallocs > before.mallocs);
    assert!(during.alloc_bytes >= before.alloc_bytes + (3 << 20));
    assert!(during.peak_bytes >= during.live_bytes());
    drop(kept);
    let after = alloc_stats();
    assert!(after.frees > during.frees);
    assert!(after.freed_bytes >= during.freed_bytes + (3 << 20));
    assert!(after.peak_bytes >= (3 << 20));
}

#[test]
fn memory_freed_by_another_thread_is_counted() {
    let before = alloc_stats();
    let handed_over: Vec<Vec<u8>> = (0..100).map(|_| vec![1; 10_000]).collect();
    std::thread::scope(|scope| scope.spawn(move || drop(handed_over)).join().unwrap());
    let after = alloc_stats();
    assert!(after.freed_bytes - before.freed_bytes >= 1_000_000);
    assert!(after.frees - before.frees >= 101);
}

#[test]
fn more_threads_than_shards_lose_nothing() {
    const THREADS: usize = 300;
    let before = alloc_stats();
    let all_running = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                all_running.wait();
                drop(std::hint::black_box(vec![1_u8; 100_000]));
                all_running.wait();
            });
        }
    });
    let after = alloc_stats();
    assert!(after.alloc_bytes - before.alloc_bytes >= (THREADS * 100_000) as u64);
    assert!(after.freed_bytes - before.freed_bytes >= (THREADS * 100_000) as u64);
}

#[test]
fn thousands_of_threads_one_after_the_other_lose_nothing() {
    const THREADS: u64 = 2_000;
    let before = alloc_stats();
    for _ in 0..THREADS {
        std::thread::scope(|scope| {
            scope.spawn(|| drop(std::hint::black_box(vec![1_u8; 1_000])));
        });
    }
    assert!(alloc_stats().alloc_bytes - before.alloc_bytes >= THREADS * 1_000);
}

#[test]
fn allocations_in_destructors_of_thread_locals_are_counted() {
    struct AllocatesWhenDropped;

    impl Drop for AllocatesWhenDropped {
        fn drop(&mut self) {
            drop(std::hint::black_box(vec![1_u8; 1_000_000]));
        }
    }

    thread_local! {
        static AT_END: RefCell<Option<AllocatesWhenDropped>> = const { RefCell::new(None) };
    }

    let before = alloc_stats();
    let thread = std::thread::Builder::new()
        .spawn(|| AT_END.with(|cell| *cell.borrow_mut() = Some(AllocatesWhenDropped)))
        .unwrap();
    thread.join().unwrap(); // unlike the end of a scope, this waits for the destructors too
    assert!(alloc_stats().alloc_bytes - before.alloc_bytes >= 1_000_000);
}
