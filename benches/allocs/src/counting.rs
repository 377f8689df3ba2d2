//! Ways to count, over the system's allocator: what others do, and what it must cost.
#![expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::{null, null_mut};
use std::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Relaxed, Release},
};

/// Allocations and frees in two counters that all threads share.
pub(crate) struct TwoShared([AtomicU64; 2]);

/// Allocations, frees and their bytes in four counters that all threads share.
pub(crate) struct FourShared([AtomicU64; 4]);

/// Four counters of the thread, which nobody else can read.
pub(crate) struct OwnCell;

/// Four counters of the thread, which it writes with plain loads and stores, and others can read and sum.
pub(crate) struct OwnBlock;

impl TwoShared {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 2])
    }
}

impl FourShared {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 4])
    }
}

/// What is done beside the call.
trait Count {
    fn allocated(&self, size: usize);
    fn freed(&self, size: usize);
}

impl Count for TwoShared {
    #[inline(always)]
    fn allocated(&self, _size: usize) {
        self.0[0].fetch_add(1, Relaxed);
    }

    #[inline(always)]
    fn freed(&self, _size: usize) {
        self.0[1].fetch_add(1, Relaxed);
    }
}

impl Count for FourShared {
    #[inline(always)]
    fn allocated(&self, size: usize) {
        self.0[0].fetch_add(1, Relaxed);
        self.0[1].fetch_add(size as u64, Relaxed);
    }

    #[inline(always)]
    fn freed(&self, size: usize) {
        self.0[2].fetch_add(1, Relaxed);
        self.0[3].fetch_add(size as u64, Relaxed);
    }
}

thread_local! {
    static CELL: Cell<[u64; 4]> = const { Cell::new([0; 4]) };
    static BLOCK: Cell<*const Block> = const { Cell::new(null()) };
}

impl Count for OwnCell {
    #[inline(always)]
    fn allocated(&self, size: usize) {
        let [allocations, allocated, frees, freed] = CELL.get();
        CELL.set([allocations + 1, allocated + size as u64, frees, freed]);
    }

    #[inline(always)]
    fn freed(&self, size: usize) {
        let [allocations, allocated, frees, freed] = CELL.get();
        CELL.set([allocations, allocated, frees + 1, freed + size as u64]);
    }
}

impl Count for OwnBlock {
    #[inline(always)]
    fn allocated(&self, size: usize) {
        let [allocations, allocated, ..] = &Block::of_thread().counters;
        add(allocations, 1);
        add(allocated, size as u64);
    }

    #[inline(always)]
    fn freed(&self, size: usize) {
        let [.., frees, freed] = &Block::of_thread().counters;
        add(frees, 1);
        add(freed, size as u64);
    }
}

/// One writer needs no locked instruction.
#[inline(always)]
fn add(counter: &AtomicU64, number: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(number), Relaxed);
}

/// On lines of its own, and never freed: a reader may come at any time.
#[repr(align(128))]
struct Block {
    counters: [AtomicU64; 4],
    next: AtomicPtr<Block>,
}

/// All blocks, for a reader that sums them.
static BLOCKS: AtomicPtr<Block> = AtomicPtr::new(null_mut());

impl Block {
    #[inline(always)]
    fn of_thread() -> &'static Self {
        let block = BLOCK.get();
        if block.is_null() {
            return Self::register();
        }
        // SAFETY: `register` put it there, and blocks are never freed.
        unsafe { &*block }
    }

    #[cold]
    fn register() -> &'static Self {
        // SAFETY: the layout's size is not zero.
        let block = unsafe { System.alloc_zeroed(Layout::new::<Self>()) }.cast::<Self>();
        assert!(!block.is_null(), "out of memory");
        // SAFETY: it was allocated with this layout, and zero is a value of every field.
        let block = unsafe { &*block };
        let mut head = BLOCKS.load(Relaxed);
        loop {
            block.next.store(head, Relaxed);
            // Release: whoever reads the head sees `next`.
            let pushed = BLOCKS.compare_exchange(
                head,
                std::ptr::from_ref(block).cast_mut(),
                Release,
                Relaxed,
            );
            match pushed {
                Ok(_) => break,
                Err(other) => head = other,
            }
        }
        BLOCK.set(block);
        block
    }
}

macro_rules! count_over_system {
    ($($allocator:ty),*) => {$(
        // SAFETY: every call goes to `System` with the caller's arguments, and its result is returned.
        unsafe impl GlobalAlloc for $allocator {
            #[inline]
            unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
                self.allocated(layout.size());
                // SAFETY: the caller keeps the contract of `alloc`.
                unsafe { System.alloc(layout) }
            }

            #[inline]
            unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
                self.freed(layout.size());
                // SAFETY: the caller keeps the contract of `dealloc`, and `alloc` took `pointer` from `System`.
                unsafe { System.dealloc(pointer, layout) }
            }
        }
    )*};
}

count_over_system!(TwoShared, FourShared, OwnCell, OwnBlock);
