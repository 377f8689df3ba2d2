//! Waits beside and inside of each other.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::stream::{FuturesUnordered, StreamExt};
use gomon_core::FutureExt;
use gomon_core::sync::{Mutex, mpsc};
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::time::{Duration, sleep};
use gomon_core::wait::{self, Kind};

use super::{assert_adds_up, wait_for, waited};

const LONG: Duration = Duration::from_secs(60);

async fn unit(future: impl Future) -> Recorded {
    let recorder = Recorder::new();
    recorder.scope(future.monitored("unit")).await;
    let event = recorder.one("unit");
    assert_adds_up(&event);
    event
}

/// Sleeps as a wait of that kind.
async fn nap(kind: Kind, millis: u64) {
    let nap = tokio::time::sleep(Duration::from_millis(millis));
    wait::on(kind, nap).await;
}

/// Ready with the second poll, without any time to wait in between.
async fn poll_again() {
    let mut first = true;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::take(&mut first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn joined_waits_are_not_counted_twice() {
    let event = unit(async {
        tokio::join!(nap(Kind::Sql, 5), nap(Kind::Http, 5));
    })
    .await;
    assert_eq!(waited(&event), ["sql", "http"]);
    // Both were open all the time: equal shares, but for the one tick that may not divide and the
    // nanosecond that rounding takes from one and gives to the other.
    assert!(
        wait_for(&event, "sql").abs_diff(wait_for(&event, "http")) <= 4,
        "{event}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_innermost_of_nested_waits_has_their_time() {
    let event = unit(wait::on(Kind::Http, nap(Kind::Pool, 5))).await;
    assert_eq!(waited(&event), ["pool"]);
    let event = unit(wait::on(Kind::Http, async {
        nap(Kind::Pool, 5).await;
        tokio::time::sleep(LONG).await;
    }))
    .await;
    assert_eq!(waited(&event), ["pool", "http"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_lost_a_select_counts_no_more() {
    let event = unit(async {
        let deadline = sleep(LONG);
        tokio::pin!(deadline);
        let (_sender, mut receiver) = mpsc::channel::<()>(1);
        tokio::select! {
            biased;
            () = &mut deadline => unreachable!(),
            _ = receiver.recv() => unreachable!(),
            () = async {} => {}
        }
        // The deadline is still there, and not awaited: the next poll tells.
        poll_again().await;
        nap(Kind::Sql, 5).await;
    })
    .await;
    assert_eq!(waited(&event), ["sql"]);
}

#[tokio::test(start_paused = true)]
async fn futures_with_wakers_of_their_own_share_the_time_they_are_open() {
    let event = unit(async {
        let mut many: FuturesUnordered<_> = [(Kind::Sql, 5), (Kind::Net, 10)]
            .map(|(kind, millis)| nap(kind, millis))
            .into_iter()
            .collect();
        while many.next().await.is_some() {}
    })
    .await;
    assert_eq!(waited(&event), ["sql", "net"]);
}

#[tokio::test(start_paused = true)]
async fn units_inside_of_a_unit_show_it_what_they_wait_for() {
    let recorder = Recorder::new();
    let inner = async {
        nap(Kind::Sql, 5).await;
        nap(Kind::Lock, 5).await;
    };
    let outer = async { inner.monitored("inner").await };
    recorder.scope(outer.monitored("outer")).await;
    for name in ["inner", "outer"] {
        let event = recorder.one(name);
        assert_eq!(waited(&event), ["sql", "lock"]);
        assert_adds_up(&event);
    }
}

#[tokio::test(start_paused = true)]
async fn joined_units_share_the_time_of_the_unit_round_them() {
    let recorder = Recorder::new();
    let both = async {
        tokio::join!(
            nap(Kind::Sql, 5).monitored("left"),
            nap(Kind::File, 5).monitored("right"),
        );
    };
    recorder.scope(both.monitored("both")).await;
    let both = recorder.one("both");
    assert_eq!(waited(&both), ["sql", "file"]);
    assert_adds_up(&both);
    assert_eq!(waited(&recorder.one("left")), ["sql"]);
    assert_eq!(waited(&recorder.one("right")), ["file"]);
}

#[tokio::test]
async fn a_wait_that_leaves_its_unit_is_closed_by_the_next() {
    let recorder = Recorder::new();
    let lock = Mutex::new(());
    let held = lock.lock().await;
    let mut taken = Box::pin(lock.lock());
    let first = async {
        assert!(futures_util::poll!(&mut taken).is_pending());
        tokio::task::yield_now().await;
    };
    recorder.scope(first.monitored("first")).await;
    let second = async { tokio::join!(biased; &mut taken, async { drop(held) }).0 };
    drop(recorder.scope(second.monitored("second")).await);
    assert_adds_up(&recorder.one("first"));
    assert_adds_up(&recorder.one("second"));
}

#[tokio::test]
async fn a_wait_that_is_dropped_elsewhere_ends_there() {
    let recorder = Recorder::new();
    let lock = Mutex::new(());
    let _held = lock.lock().await;
    let mut waits = Some(Box::pin(lock.lock()));
    let mut unit = Box::pin(
        async {
            assert!(futures_util::poll!(waits.as_mut().unwrap()).is_pending());
            waits
        }
        .monitored("unit"),
    );
    let waits = recorder.scope(&mut unit).await;
    drop(waits);
    assert_adds_up(&recorder.one("unit"));
}

#[tokio::test]
async fn a_cancelled_unit_adds_up_too() {
    let recorder = Recorder::new();
    let lock = Mutex::new(());
    let _held = lock.lock().await;
    let work = async {
        tokio::select! {
            biased;
            _ = lock.lock().monitored("cancelled") => unreachable!(),
            () = tokio::task::yield_now() => {}
        }
    };
    recorder.scope(work).await;
    let event = recorder.one("cancelled");
    assert_eq!(
        (event.outcome(), waited(&event)),
        ("cancelled", vec!["lock"])
    );
    assert_adds_up(&event);
}

#[tokio::test]
async fn a_unit_that_panics_adds_up_too() {
    let recorder = Recorder::new();
    let work = async {
        nap(Kind::Sql, 0).await;
        panic!("oh");
    };
    let task = async { gomon_core::spawn(work.monitored("panics")).await };
    assert!(recorder.scope(task).await.is_err());
    assert_adds_up(&recorder.one("panics"));
}
