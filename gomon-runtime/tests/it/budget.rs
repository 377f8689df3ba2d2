//! What a test allocates, by thread and by recorder.

use std::hint::black_box;

use gomon_core::meter::{self, Allocations};
use gomon_core::testing::{assert_budget, with_recorder};
use gomon_core::{EventTracker, FutureExt};

fn allocate(count: usize, bytes: usize) {
    for _ in 0..count {
        black_box(Vec::<u8>::with_capacity(bytes));
    }
}

#[test]
fn a_thread_counts_its_own_allocations_alone() {
    let before = meter::thread().unwrap();
    let other = std::thread::Builder::new();
    let other = other.spawn(|| allocate(1_000, 64)).unwrap();
    let started = meter::thread().unwrap();
    other.join().unwrap();
    allocate(3, 100);
    let all = meter::thread().unwrap().since(started);
    assert_eq!(
        all,
        Allocations {
            count: 3,
            bytes: 300
        }
    );
    assert!(started.since(before).count < 1_000);
}

#[test]
fn a_budget_counts_what_is_allocated_inside_and_not_what_looks_at_it() {
    with_recorder(|recorder| {
        EventTracker::new("warm-up").finish();
        recorder.clear();
        allocate(3, 100);
        assert_eq!(recorder.tree(), "");
        with_recorder(|_| allocate(50, 100));
        assert_eq!(recorder.find("nothing").len(), 0);
        allocate(4, 100);
        assert_budget!(recorder, allocations == 7, allocated_bytes == 700);
    });
}

#[test]
fn what_runs_on_other_threads_in_the_context_counts_when_it_has_left() {
    with_recorder(|recorder| {
        recorder.clear();
        let context = gomon_core::current();
        let work = context.carry(|| allocate(5, 100));
        let thread = std::thread::Builder::new();
        let outside = gomon_core::unmonitored(|| {
            thread.spawn(|| {
                allocate(1_000, 10);
                work();
                allocate(1_000, 10);
            })
        });
        outside.unwrap().join().unwrap();
        let budget = recorder.budget();
        assert!(
            (5..100).contains(&budget.allocations().unwrap()),
            "{budget:?}"
        );
    });
}

#[test]
fn each_poll_of_a_future_counts_and_what_is_between_does_not() {
    let recorder = gomon_core::testing::Recorder::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let future = recorder.run(|| {
        async {
            allocate(2, 100);
            tokio::task::yield_now().await;
            allocate(3, 100);
        }
        .in_current()
    });
    recorder.clear();
    runtime.block_on(async {
        allocate(500, 10);
        future.await;
    });
    assert_budget!(recorder, allocations >= 5, allocations < 100, polls >= 2);
}

#[test]
fn a_segment_counts_what_its_parts_allocate_where_it_is_asked_to() {
    with_recorder(|recorder| {
        let import = gomon_core::Segment::new("import").with_allocs();
        import.child("warm-up").finish();
        for _ in 0..4 {
            let row = import.child("row");
            allocate(3, 100);
            drop(row);
        }
        import.enter(|| gomon_core::segment!("macro", allocate(2, 50)));
        drop(import);
        gomon_core::Segment::new("plain").child("row").finish();
        let [import, plain] = [0, 1].map(|at| recorder.find("segment")[at].clone());
        let allocs = |at: usize| import["childs"][at]["allocs"].clone();
        assert_eq!(
            (&allocs(1)["count"], &allocs(1)["bytes"]),
            (&12.into(), &1200.into())
        );
        assert_eq!(
            (&allocs(2)["count"], &allocs(2)["bytes"]),
            (&2.into(), &100.into())
        );
        assert_eq!(plain["childs"][0].get("allocs"), None);
    });
}
