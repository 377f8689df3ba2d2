//! What a spawned task waits for counts while its handle is awaited.

use std::sync::Arc;

use gomon_core::sync::{Mutex, oneshot};
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::time::{Duration, sleep};
use gomon_core::wait::{self, Kind};
use gomon_core::{FutureExt, JoinHandle, JoinSet, in_flight, root, spawn};

use super::{assert_adds_up, waited};

async fn unit(future: impl Future) -> Recorded {
    let recorder = Recorder::new();
    recorder.scope(future.monitored("unit")).await;
    let event = recorder.one("unit");
    assert_adds_up(&event);
    event
}

/// Sleeps as a wait of that kind.
async fn nap(kind: Kind) {
    let nap = tokio::time::sleep(Duration::from_secs(5));
    wait::on(kind, nap).await;
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_awaits_a_task_waits_for_what_the_task_waits_for() {
    let event = unit(async {
        let task = spawn(async {
            nap(Kind::Sql).await;
            nap(Kind::File).await;
        });
        task.await.unwrap();
    })
    .await;
    let wait = waited(&event);
    assert!(wait.contains(&"sql") && wait.contains(&"file"), "{event}");
    // Until the task has run for the first time, and when it has ended.
    assert!(
        wait.iter()
            .all(|kind| ["sql", "file", "unaccounted"].contains(kind)),
        "{event}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_nobody_awaits_counts_for_nobody() {
    let event = unit(async {
        let _task = spawn(nap(Kind::Sql));
        nap(Kind::File).await;
    })
    .await;
    assert_eq!(waited(&event), ["file"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_counts_from_when_it_is_awaited() {
    let (open, opened) = oneshot::channel();
    let event = unit(async {
        let task = spawn(async {
            nap(Kind::Sql).await;
            opened.await.ok();
        });
        sleep(Duration::from_secs(9)).await;
        open.send(()).ok();
        task.await.unwrap();
    })
    .await;
    assert!(!waited(&event).contains(&"sql"), "{event}");
}

#[tokio::test]
async fn what_an_awaited_task_waits_for_is_named_among_the_units_of_work() {
    let recorder = Recorder::new();
    let work = async {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().await;
        let wanted = Arc::clone(&lock);
        let unit = async {
            let task = spawn(async move { drop(wanted.lock().await) });
            task.await.unwrap();
        };
        let look = async {
            let named = || in_flight()[0].doing.as_ref().map(ToString::to_string);
            while named().as_deref() != Some("waits for lock") {
                tokio::task::yield_now().await;
            }
            drop(held);
        };
        tokio::join!(biased; root("unit", unit), look);
    };
    recorder.scope(work).await;
    assert_adds_up(&recorder.one("unit"));
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_awaits_a_set_waits_for_what_its_tasks_wait_for() {
    let event = unit(async {
        let kinds = [Kind::Sql, Kind::Http, Kind::File];
        let mut set: JoinSet<()> = kinds.map(nap).into_iter().collect();
        while set.join_next().await.is_some() {}
        set.spawn(nap(Kind::Net));
        set.join_all().await;
    })
    .await;
    for kind in ["sql", "http", "net", "file"] {
        assert!(waited(&event).contains(&kind), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_of_many_tasks_ends_and_adds_up() {
    let event = unit(async {
        let mut set: JoinSet<()> = (0..100).map(|_| nap(Kind::Sql)).collect();
        assert!(set.join_next().await.is_some());
        set.shutdown().await;
    })
    .await;
    assert!(waited(&event).contains(&"sql"), "{event}");
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_a_timeout_drops_is_awaited_no_more() {
    let event = unit(async {
        let task = spawn(nap(Kind::Sql));
        let aborted = task.abort_handle();
        let late = gomon_core::time::timeout(Duration::from_secs(1), task).await;
        assert!(late.is_err());
        nap(Kind::File).await;
        aborted.abort();
    })
    .await;
    assert!(waited(&event).contains(&"file"), "{event}");
}

/// Two tasks that await each other cannot end; noting what they wait for must.
#[tokio::test]
async fn tasks_that_await_each_other_do_not_keep_the_thread() {
    let recorder = Recorder::new();
    let ring = async {
        let (to_left, handle_of_right) = oneshot::channel::<JoinHandle<()>>();
        let (to_right, handle_of_left) = oneshot::channel::<JoinHandle<()>>();
        let (wake, woken) = oneshot::channel::<()>();
        let left = spawn(async {
            let right = handle_of_right.await.unwrap().into_inner();
            tokio::join!(right, nap(Kind::Sql)).0.ok();
        });
        let right = spawn(async {
            let left = handle_of_left.await.unwrap().into_inner();
            tokio::join!(left, woken).0.ok();
        });
        let (stop_left, stop_right) = (left.abort_handle(), right.abort_handle());
        to_left.send(right).ok();
        to_right.send(left).ok();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        wake.send(()).ok();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        stop_left.abort();
        stop_right.abort();
    };
    recorder.scope(ring.monitored("ring")).await;
    assert_adds_up(&recorder.one("ring"));
}
