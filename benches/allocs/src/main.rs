//! What a counting allocator adds to malloc and free of 64 bytes.
//!
//! The allocators are called directly; the program itself stays on the system's.
#![expect(unsafe_code, reason = "allocators are called through an unsafe trait")]

mod counting;

use std::alloc::{GlobalAlloc, Layout, System};
use std::array;
use std::hint::black_box;
use std::process::ExitCode;

use bench_kit::{Arm, Table, run};
use gomon::runtime::MonitoredAlloc;
use mimalloc::MiMalloc;
use stats_alloc::StatsAlloc;
use tikv_jemallocator::Jemalloc;

use crate::counting::{FourShared, OwnBlock, OwnCell, TwoShared};

const ARMS: &[&str] = &[
    "system",
    "floor_own_cell",
    "floor_own_block",
    "gomon",
    "gomon_jemalloc",
    "shared_two",
    "shared_four",
    "stats_alloc",
    "jemalloc",
    "mimalloc",
    "dhat_idle",
    "dhat",
];

/// dhat keeps every allocation in a table: too slow to be waited for on two threads.
const ON_TWO_THREADS: &[&str] = &[
    "system",
    "floor_own_cell",
    "floor_own_block",
    "gomon",
    "gomon_jemalloc",
    "shared_two",
    "shared_four",
    "stats_alloc",
    "jemalloc",
    "mimalloc",
];

const TABLES: &[Table] = &[
    Table::new("malloc, then free, 64 bytes", "pair", ARMS, "system"),
    Table::new(
        "32 of 64 bytes at once: past the allocator's fast path",
        "batch",
        ARMS,
        "system",
    ),
    Table::new(
        "malloc, then free, 64 bytes",
        "pair",
        ON_TWO_THREADS,
        "system",
    )
    .on_threads(2),
    Table::new("32 of 64 bytes at once", "batch", ON_TWO_THREADS, "system").on_threads(2),
];

/// Pairs of one burst.
const BURST: u64 = 4096;

/// Allocations that live at once in `batch`.
const BATCH: usize = 32;

fn main() -> ExitCode {
    run("allocs", TABLES, &[], make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    static GOMON: MonitoredAlloc = MonitoredAlloc::new();
    static GOMON_JEMALLOC: MonitoredAlloc<Jemalloc> = MonitoredAlloc::with_inner(Jemalloc);
    static TWO_SHARED: TwoShared = TwoShared::new();
    static FOUR_SHARED: FourShared = FourShared::new();
    static STATS: StatsAlloc<System> = StatsAlloc::system();
    Some(match arm {
        "system" => pairs(&System, input),
        "floor_own_cell" => pairs(&OwnCell, input),
        "floor_own_block" => pairs(&OwnBlock, input),
        "gomon" => pairs(&GOMON, input),
        "gomon_jemalloc" => pairs(&GOMON_JEMALLOC, input),
        "shared_two" => pairs(&TWO_SHARED, input),
        "shared_four" => pairs(&FOUR_SHARED, input),
        "stats_alloc" => pairs(&STATS, input),
        "jemalloc" => pairs(&Jemalloc, input),
        "mimalloc" => pairs(&MiMalloc, input),
        "dhat_idle" => pairs(&dhat::Alloc, input),
        "dhat" => {
            // Its guard would write a report when it is dropped.
            std::mem::forget(dhat::Profiler::builder().testing().build());
            pairs(&dhat::Alloc, input)
        }
        _ => return None,
    })
}

fn pairs<A: GlobalAlloc + Sync + 'static>(allocator: &'static A, input: &str) -> Arm {
    let layout = Layout::new::<[u64; 8]>();
    if input == "batch" {
        Arm::new(BURST, move || {
            for _ in 0..BURST / BATCH as u64 {
                let pointers: [*mut u8; BATCH] = array::from_fn(|_| {
                    // SAFETY: the layout's size is not zero.
                    black_box(unsafe { allocator.alloc(black_box(layout)) })
                });
                for pointer in pointers {
                    // SAFETY: it was allocated just now, by the same allocator with the same layout.
                    unsafe { allocator.dealloc(black_box(pointer), layout) };
                }
            }
        })
    } else {
        Arm::new(BURST, move || {
            for _ in 0..BURST {
                // SAFETY: the layout's size is not zero.
                let pointer = black_box(unsafe { allocator.alloc(black_box(layout)) });
                // SAFETY: it was allocated just now, by the same allocator with the same layout.
                unsafe { allocator.dealloc(pointer, layout) };
            }
        })
    }
}
