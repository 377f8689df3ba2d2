//! Each primitive's wait has its name.

use std::sync::Arc;
use std::task::Poll;

use gomon_core::sync::{Mutex, RwLock, Semaphore, mpsc, oneshot};
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::time::{Duration, interval, sleep, timeout};
use gomon_core::wait::{self, Kind};
use gomon_core::{EventTracker, FutureExt, in_flight, root};

use super::{assert_adds_up, wait_for, waited};

/// Runs two futures in turns, the first as the unit "waiter", and gives back its event.
async fn waiter(waits: impl Future, meanwhile: impl Future) -> Recorded {
    let recorder = Recorder::new();
    let both = async { tokio::join!(biased; waits.monitored("waiter"), meanwhile) };
    recorder.scope(both).await;
    let event = recorder.one("waiter");
    assert_adds_up(&event);
    event
}

/// Lets everything else run first.
async fn pause() {
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn two_waiters_for_a_mutex_wait_for_a_lock() {
    let recorder = Recorder::new();
    let stock = Mutex::new(0);
    let take = async || *stock.lock().await += 1;
    let work = async {
        let held = stock.lock().await;
        tokio::join!(
            biased;
            take().monitored("first"),
            take().monitored("second"),
            async {
                pause().await;
                drop(held);
            }
        );
    };
    recorder.scope(work).await;
    for name in ["first", "second"] {
        let event = recorder.one(name);
        assert_eq!(waited(&event), ["lock"]);
        assert_adds_up(&event);
    }
    assert_eq!(stock.into_inner(), 2);
}

#[tokio::test]
async fn a_reader_and_a_writer_wait_for_a_lock() {
    let prices = RwLock::new(0);
    let held = prices.write().await;
    let release = async {
        pause().await;
        drop(held);
    };
    let event = waiter(async { *prices.read().await }, release).await;
    assert_eq!(waited(&event), ["lock"]);
    let held = prices.read().await;
    let release = async {
        pause().await;
        drop(held);
    };
    let event = waiter(async { *prices.write().await = 1 }, release).await;
    assert_eq!(waited(&event), ["lock"]);
}

#[tokio::test]
async fn a_permit_is_waited_for_as_a_lock_and_given_back() {
    let slots = Arc::new(Semaphore::new(1));
    let held = Arc::clone(&slots).acquire_owned().await.unwrap();
    let release = async {
        pause().await;
        drop(held);
    };
    let event = waiter(slots.acquire(), release).await;
    assert_eq!(waited(&event), ["lock"]);
    assert_eq!(slots.available_permits(), 1);
}

#[tokio::test]
async fn a_sender_waits_for_room_and_a_receiver_for_a_message() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(1).unwrap();
    let event = waiter(sender.send(2), async {
        pause().await;
        receiver.recv().await
    })
    .await;
    assert_eq!(waited(&event), ["channel"]);
    assert_eq!(receiver.recv().await.map(|message| *message), Some(2));
    let event = waiter(receiver.recv(), async {
        pause().await;
        sender.try_send(3)
    })
    .await;
    assert_eq!(waited(&event), ["channel"]);
}

#[tokio::test]
async fn the_receiver_of_one_value_waits_for_a_channel() {
    let (sender, receiver) = oneshot::channel();
    let event = waiter(receiver, async {
        pause().await;
        sender.send(1)
    })
    .await;
    assert_eq!(waited(&event), ["channel"]);
}

#[tokio::test]
async fn who_watches_for_its_receiver_to_go_waits_for_no_channel() {
    let (sender, receiver) = mpsc::channel::<()>(1);
    let event = waiter(sender.closed(), async {
        pause().await;
        drop(receiver);
    })
    .await;
    assert!(!waited(&event).contains(&"channel"), "{event}");
    let (mut sender, receiver) = oneshot::channel::<()>();
    let event = waiter(sender.closed(), async {
        pause().await;
        drop(receiver);
    })
    .await;
    assert!(!waited(&event).contains(&"channel"), "{event}");
}

#[tokio::test(start_paused = true)]
async fn a_sleeper_and_a_taker_of_ticks_sleep() {
    let event = waiter(sleep(Duration::from_secs(9)), async {}).await;
    assert_eq!(waited(&event), ["sleep"]);
    let mut ticks = interval(Duration::from_secs(9));
    ticks.tick().await;
    let event = waiter(ticks.tick(), async {}).await;
    assert_eq!(waited(&event), ["sleep"]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_timeout_belongs_to_what_it_limits() {
    let lock = Mutex::new(());
    let held = lock.lock().await;
    let event = waiter(timeout(Duration::from_secs(9), lock.lock()), async {}).await;
    assert_eq!(waited(&event), ["lock"]);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn what_a_timeout_cuts_short_is_timed_out_and_what_it_is_in_goes_on() {
    let recorder = Recorder::new();
    let work = async {
        let never = std::future::pending::<()>().monitored("limited");
        let late = timeout(Duration::from_secs(9), never).await;
        assert!(late.is_err());
    };
    recorder.scope(work.monitored("around")).await;
    assert_eq!(recorder.one("limited").outcome(), "timed-out");
    assert_eq!(recorder.one("around").outcome(), "completed");
}

#[tokio::test]
async fn a_timeout_in_time_hands_the_result_over() {
    let recorder = Recorder::new();
    let work = timeout(Duration::from_secs(9), async { 5 }.monitored("quick"));
    assert_eq!(recorder.scope(work).await, Ok(5));
    assert_eq!(recorder.one("quick").outcome(), "completed");
}

#[tokio::test]
async fn waits_of_a_wrapper_have_the_kind_it_says() {
    let event = waiter(wait::on(Kind::Pool, pause()), async {}).await;
    assert_eq!(waited(&event), ["pool"]);
}

#[tokio::test]
async fn what_gomon_does_not_see_is_unaccounted() {
    let event = waiter(pause(), async {}).await;
    assert_eq!(event["wait"].get("sleep"), None);
    assert!(wait_for(&event, "unaccounted") + event["ready"].as_u64().unwrap() > 0);
}

#[test]
fn a_unit_that_never_waits_says_so() {
    let recorder = Recorder::new();
    let mut work = Box::pin(async { 5 }.monitored("work"));
    let polled = recorder.run(|| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        work.as_mut().poll(&mut cx)
    });
    assert_eq!(polled, Poll::Ready(5));
    let event = recorder.one("work");
    assert_adds_up(&event);
    assert_eq!(waited(&event), [] as [&str; 0]);
}

#[tokio::test]
async fn an_open_wait_is_named_among_the_units_of_work() {
    let recorder = Recorder::new();
    let stock = Mutex::new(());
    let line = line!() + 3;
    let work = async {
        let held = stock.lock().await;
        let take = async { drop(stock.lock().await) };
        let look = async {
            let doing = in_flight()[0].doing.as_ref().map(ToString::to_string);
            let expected = format!("waits for lock at {}:{line}", file!());
            assert_eq!(doing, Some(expected));
            drop(held);
        };
        tokio::join!(biased; root("restock", take), look);
    };
    recorder.scope(work).await;
    assert_eq!(waited(&recorder.one("restock")), ["lock"]);
}

#[test]
fn units_of_work_can_be_called_something_else() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut tracker = EventTracker::new("request");
        tracker.register("GET /users/1");
        tracker.relabel("GET /users/{id}");
        assert_eq!(in_flight()[0].label, "GET /users/{id}");
        assert_eq!(in_flight()[0].doing, None);
    });
}
