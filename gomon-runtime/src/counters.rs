//! Allocation counters: one writer a shard, readable from any thread.
//!
//! A thread takes one of [`OWNED`] shards at its first allocation and gives it back when it ends; the next thread goes
//! on counting in it. Only the owner writes to a shard, so a plain load and store is enough. Threads that find no free
//! shard, and what a thread allocates after its thread locals are gone, count in a few shared shards with atomic
//! additions. Nothing here allocates: the shards are static, and since Rust 1.93 `thread_local!` may be used inside a
//! global allocator (its own memory comes from `System`).

use std::cell::Cell;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize};

use gomon_core::meter::{self, Allocations};

/// What passed through every [`MonitoredAlloc`](crate::MonitoredAlloc) of this process so far.
///
/// The counters of all threads are read one after the other while they go on: between them a snapshot may be off by
/// what happened meanwhile. All counters wrap around at 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllocStats {
    /// Successful allocations.
    pub mallocs: u64,
    /// Deallocations.
    pub frees: u64,
    /// Bytes asked for by the successful allocations.
    pub alloc_bytes: u64,
    /// Bytes given back.
    pub freed_bytes: u64,
    /// Highest number of live bytes seen. Threads report to it in steps of 64 KiB, and each reading of the counters
    /// looks too: between two readings it may miss a peak by up to that much a thread.
    pub peak_bytes: u64,
}

impl AllocStats {
    /// Allocations not freed yet.
    #[must_use]
    pub const fn live_count(&self) -> u64 {
        not_negative(self.mallocs.wrapping_sub(self.frees))
    }

    /// Bytes not freed yet.
    #[must_use]
    pub const fn live_bytes(&self) -> u64 {
        not_negative(self.alloc_bytes.wrapping_sub(self.freed_bytes))
    }
}

/// Reads the allocation counters of all threads. All zero where no [`MonitoredAlloc`](crate::MonitoredAlloc) is in use.
///
/// Costs a few microseconds: it visits every shard that was ever in use.
#[must_use]
pub fn alloc_stats() -> AllocStats {
    let mut sum = AllocStats::default();
    // All frees before any allocation: what is allocated and freed between the two must not make live memory less
    // than it is.
    for shard in SHARDS.iter().chain(&SHARED) {
        sum.frees = sum.frees.wrapping_add(shard.frees.load(Relaxed));
        sum.freed_bytes = sum
            .freed_bytes
            .wrapping_add(shard.freed_bytes.load(Relaxed));
    }
    for shard in SHARDS.iter().chain(&SHARED) {
        sum.mallocs = sum.mallocs.wrapping_add(shard.mallocs.load(Relaxed));
        sum.alloc_bytes = sum
            .alloc_bytes
            .wrapping_add(shard.alloc_bytes.load(Relaxed));
    }
    let live = sum.live_bytes();
    sum.peak_bytes = PEAK
        .fetch_max(live.cast_signed(), Relaxed)
        .cast_unsigned()
        .max(live);
    sum
}

/// Counts one successful allocation.
#[inline]
pub(crate) fn allocated(bytes: usize) {
    SLOT.with(|slot| match slot.get().unwrap_or_else(|| claim(slot)) {
        Slot::Owned(shard) => shard.allocated(bytes as u64),
        Slot::Shared(shard) => shard.allocated_shared(bytes as u64),
    });
}

/// Counts one deallocation.
#[inline]
pub(crate) fn freed(bytes: usize) {
    SLOT.with(|slot| match slot.get().unwrap_or_else(|| claim(slot)) {
        Slot::Owned(shard) => shard.freed(bytes as u64),
        Slot::Shared(shard) => shard.freed_shared(bytes as u64),
    });
}

/// Where a thread counts.
#[derive(Clone, Copy)]
enum Slot {
    Owned(&'static Shard),
    Shared(&'static Shard),
}

thread_local! {
    // No destructor, hence usable at any time of the thread's life.
    static SLOT: Cell<Option<Slot>> = const { Cell::new(None) };
    static GIVE_BACK: GiveBack = const { GiveBack };
}

/// Gives the thread's shard back when the thread ends.
struct GiveBack;

impl Drop for GiveBack {
    fn drop(&mut self) {
        if let Some(Slot::Owned(shard)) = SLOT.replace(Some(Slot::Shared(shared_shard()))) {
            // Pairs with the Acquire in `free_shard`: the next owner sees this thread's counts.
            shard.owned.store(false, Release);
        }
    }
}

/// Gives this thread a shard, for good: its own, or a shared one where all are taken or the thread is ending.
#[cold]
fn claim(slot: &Cell<Option<Slot>>) -> Slot {
    let shared = Slot::Shared(shared_shard());
    // First, so that an allocation made by the registration of the destructor would find an answer.
    slot.set(Some(shared));
    meter::provide(of_this_thread);
    if GIVE_BACK.try_with(|_| ()).is_err() {
        return shared;
    }
    let claimed = free_shard().map_or(shared, Slot::Owned);
    slot.set(Some(claimed));
    claimed
}

/// What the running thread has counted; `None` where others count in the same shard.
fn of_this_thread() -> Option<Allocations> {
    match SLOT.get()? {
        Slot::Owned(shard) => Some(Allocations {
            count: shard.mallocs.load(Relaxed),
            bytes: shard.alloc_bytes.load(Relaxed),
        }),
        Slot::Shared(_) => None,
    }
}

fn free_shard() -> Option<&'static Shard> {
    SHARDS.iter().find(|shard| {
        // Acquire pairs with the Release in `GiveBack`.
        !shard.owned.load(Relaxed)
            && shard
                .owned
                .compare_exchange(false, true, Acquire, Relaxed)
                .is_ok()
    })
}

fn shared_shard() -> &'static Shard {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let [first, ..] = &SHARED;
    SHARED
        .get(NEXT.fetch_add(1, Relaxed) % SHARED.len())
        .unwrap_or(first)
}

/// Counters of one thread at a time, in two cache lines of their own (CPUs fetch lines in pairs).
#[repr(align(128))]
struct Shard {
    owned: AtomicBool,
    mallocs: AtomicU64,
    frees: AtomicU64,
    alloc_bytes: AtomicU64,
    freed_bytes: AtomicU64,
    /// The live bytes this shard last reported to `LIVE`.
    reported: AtomicU64,
}

impl Shard {
    const fn new() -> Self {
        Self {
            owned: AtomicBool::new(false),
            mallocs: AtomicU64::new(0),
            frees: AtomicU64::new(0),
            alloc_bytes: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
            reported: AtomicU64::new(0),
        }
    }

    #[inline]
    fn allocated(&self, bytes: u64) {
        bump(&self.mallocs, 1);
        let allocated = bump(&self.alloc_bytes, bytes);
        self.report(allocated.wrapping_sub(self.freed_bytes.load(Relaxed)));
    }

    #[inline]
    fn freed(&self, bytes: u64) {
        bump(&self.frees, 1);
        let freed = bump(&self.freed_bytes, bytes);
        self.report(self.alloc_bytes.load(Relaxed).wrapping_sub(freed));
    }

    /// Reports the shard's live bytes once they have moved by a step. A shard's figure may be below zero, since memory
    /// is freed by other threads than the one that allocated it; the sum is what counts.
    #[inline]
    fn report(&self, live: u64) {
        let moved = live.wrapping_sub(self.reported.load(Relaxed)).cast_signed();
        if moved.unsigned_abs() >= REPORT_STEP {
            self.reported.store(live, Relaxed);
            add_live(moved);
        }
    }

    fn allocated_shared(&self, bytes: u64) {
        self.mallocs.fetch_add(1, Relaxed);
        self.alloc_bytes.fetch_add(bytes, Relaxed);
        add_live(bytes.cast_signed());
    }

    fn freed_shared(&self, bytes: u64) {
        self.frees.fetch_add(1, Relaxed);
        self.freed_bytes.fetch_add(bytes, Relaxed);
        add_live(bytes.cast_signed().wrapping_neg());
    }
}

/// Adds for the only writer: no locked instruction.
#[inline]
fn bump(counter: &AtomicU64, by: u64) -> u64 {
    let value = counter.load(Relaxed).wrapping_add(by);
    counter.store(value, Relaxed);
    value
}

#[cold]
fn add_live(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Relaxed).wrapping_add(bytes);
    if live > PEAK.load(Relaxed) {
        PEAK.fetch_max(live, Relaxed);
    }
}

const fn not_negative(count: u64) -> u64 {
    if count.cast_signed() < 0 { 0 } else { count }
}

/// Threads that count without sharing; 32 KiB of zeroed static memory.
const OWNED: usize = 256;
const REPORT_STEP: u64 = 64 * 1024;

static SHARDS: [Shard; OWNED] = [const { Shard::new() }; OWNED];
static SHARED: [Shard; 8] = [const { Shard::new() }; 8];
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_and_shared_shards_count_alike() {
        let (owned, shared) = (Shard::new(), Shard::new());
        owned.allocated(100);
        owned.freed(40);
        shared.allocated_shared(100);
        shared.freed_shared(40);
        for shard in [&owned, &shared] {
            let counted = [
                &shard.mallocs,
                &shard.alloc_bytes,
                &shard.frees,
                &shard.freed_bytes,
            ]
            .map(|c| c.load(Relaxed));
            assert_eq!(counted, [1, 100, 1, 40]);
        }
    }

    #[test]
    fn counters_wrap_around() {
        let shard = Shard::new();
        shard.mallocs.store(u64::MAX, Relaxed);
        shard.alloc_bytes.store(u64::MAX - 9, Relaxed);
        shard.allocated(30);
        assert_eq!(shard.mallocs.load(Relaxed), 0);
        assert_eq!(shard.alloc_bytes.load(Relaxed), 20);
        let stats = AllocStats {
            alloc_bytes: 20,
            freed_bytes: u64::MAX - 9,
            ..AllocStats::default()
        };
        assert_eq!(stats.live_bytes(), 30);
    }

    #[test]
    fn live_memory_is_never_negative() {
        let stats = AllocStats {
            mallocs: 1,
            frees: 2,
            alloc_bytes: 10,
            freed_bytes: 20,
            peak_bytes: 0,
        };
        assert_eq!((stats.live_count(), stats.live_bytes()), (0, 0));
    }
}
