//! gomon beside runtimes that come and go, on threads that come and go, started again and again.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use gomon_core::{Error, Event, EventTracker, FutureExt, flush, in_flight, root, shutdown, stats};
use tokio::runtime::{Builder as Runtime, Handle};

use crate::support::{DEADLINE, Load, Sink, assert_ledger, builder, turn};

#[test]
fn flush_and_shutdown_return_wherever_they_are_called() {
    type Call = fn();
    type Place = (&'static str, fn(Call));
    let places: [Place; 6] = [
        ("with no runtime", |call| call()),
        ("in a task of a current-thread runtime", |call| {
            let runtime = Runtime::new_current_thread().build().unwrap();
            runtime.block_on(async {
                tokio::task::LocalSet::new()
                    .run_until(async { call() })
                    .await
            });
        }),
        ("in a spawned task of one worker", |call| {
            let runtime = one_worker();
            runtime.block_on(async { runtime.spawn(async move { call() }).await.unwrap() });
        }),
        ("inside block_on", |call| {
            one_worker().block_on(async { call() })
        }),
        ("inside spawn_blocking", |call| {
            let runtime = one_worker();
            runtime.block_on(async { Handle::current().spawn_blocking(call).await.unwrap() });
        }),
        ("in a runtime beside another", |call| {
            let (outer, inner) = (one_worker(), one_worker());
            let _entered = outer.enter();
            inner.block_on(async { call() });
        }),
    ];
    let _turn = turn();
    for (place, run) in places {
        let sink = Sink::default();
        let gomon = builder().listener(sink.listener()).start().unwrap();
        run(|| {
            EventTracker::new("work").finish();
            flush(DEADLINE).unwrap();
        });
        assert_eq!(sink.fps(), ["application", "work"], "{place}");
        run(|| drop(shutdown(DEADLINE)));
        assert_eq!(sink.fps().len(), 4, "{place}");
        drop(gomon);
    }
}

fn one_worker() -> tokio::runtime::Runtime {
    Runtime::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap()
}

#[test]
fn a_runtime_that_is_dropped_or_abandoned_loses_none_of_its_units() {
    let _turn = turn();
    for in_background in [false, true] {
        let sink = Sink::default();
        let gomon = builder()
            .named_listener("sink", sink.listener())
            .start()
            .unwrap();
        let runtime = one_worker();
        let (started, is_started) = sync_channel(100);
        for _ in 0..100 {
            let started = started.clone();
            runtime.spawn(root("job", async move {
                let waits = std::future::pending::<()>().monitored("waits");
                started.send(()).unwrap();
                waits.await;
            }));
        }
        (0..100).for_each(|_| is_started.recv().unwrap());
        match in_background {
            false => runtime.shutdown_timeout(Duration::ZERO),
            true => runtime.shutdown_background(),
        }
        let report = gomon.shutdown();
        assert_ledger(&report);
        let jobs: Vec<_> = sink
            .events()
            .into_iter()
            .filter(|event| event["gomon:fp"] == "job")
            .collect();
        assert_eq!(jobs.len(), 100);
        let ended = |job: &serde_json::Value| {
            job["gomon:outcome"] == "cancelled" || job["gomon:outcome"] == "abandoned"
        };
        assert!(jobs.iter().all(ended));
        sink.unique();
        assert!(in_flight().is_empty());
    }
}

#[test]
fn a_destructor_of_a_thread_local_can_flush() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            EventTracker::new("last").finish();
            flush(DEADLINE).unwrap();
            assert!(stats().created > 1);
        }
    }
    thread_local!(static LAST: Last = const { Last });
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    for ring_first in [true, false] {
        let thread = std::thread::Builder::new().spawn(move || {
            if ring_first {
                EventTracker::new("first").finish();
            }
            LAST.with(|_| ());
            EventTracker::new("second").finish();
        });
        thread.unwrap().join().unwrap();
        assert_eq!(sink.fps().last().map(String::as_str), Some("last"));
    }
    assert_eq!(gomon.shutdown().dropped(), 0);
}

#[test]
fn ten_thousand_threads_leave_nothing_behind_and_lose_nothing() {
    let _turn = turn();
    let gomon = builder().listener(|_: &Event| ()).start().unwrap();
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    for _ in 0..100 {
        let batch: Vec<_> = (0..100)
            .map(|_| {
                let work = || EventTracker::new("short").finish();
                std::thread::Builder::new().spawn(work).unwrap()
            })
            .collect();
        batch.into_iter().for_each(|thread| thread.join().unwrap());
        flush(DEADLINE).unwrap();
    }
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!((report.created, report.dropped()), (10_003, 0));
    // Other tests may have threads too.
    assert!(threads() < before + 100);
}

#[test]
fn gomon_starts_and_stops_a_thousand_times_and_each_run_adds_up() {
    let _turn = turn();
    let load = Load::default();
    std::thread::scope(|scope| {
        // Another thread records all the time, in whatever run there is.
        scope.spawn(|| {
            while load.goes_on() {
                EventTracker::new("work").finish();
                std::thread::yield_now();
            }
        });
        let _end = load.ends_on_drop();
        for _ in 0..1000 {
            let gomon = builder().listener(|_: &Event| ()).start().unwrap();
            let report = gomon.shutdown();
            assert_ledger(&report);
            assert_eq!(report.listeners[0].pending, 0);
        }
    });
}

#[test]
fn of_many_that_start_gomon_at_once_one_succeeds() {
    let _turn = turn();
    let started = std::thread::scope(|scope| {
        let start = || builder().start();
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        let started = starts.into_iter().map(|start| start.join().unwrap());
        started.collect::<Vec<_>>()
    });
    let refused = started
        .iter()
        .filter(|start| matches!(start, Err(Error::AlreadyStarted)));
    assert_eq!(refused.count(), 7);
}
