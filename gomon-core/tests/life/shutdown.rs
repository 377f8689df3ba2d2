use std::time::{Duration, Instant};

use gomon_core::{Error, EventTracker, FlushError, in_flight, root, shutdown, stats};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

#[test]
fn the_application_event_is_first_and_its_end_is_last_with_totals_that_add_up() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .application_id("shop")
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    (0..1000).for_each(|_| EventTracker::new("work").finish());
    let report = gomon.shutdown();

    let events = sink.events();
    let (first, last) = (&events[0], &events[events.len() - 1]);
    assert_eq!(
        (&first["gomon:fp"], first.get("parent")),
        (&"application".into(), None)
    );
    assert_eq!(
        (
            &first["app-id"],
            &first["execution-id"],
            &first["gomon:lapsed"]
        ),
        (&"shop".into(), &first["id"], &0.into())
    );
    assert_eq!(
        (&last["gomon:fp"], &last["parent"]),
        (&"application-end".into(), &first["id"])
    );
    assert_eq!(events[events.len() - 2]["gomon:fp"], "gomon-self");
    assert_eq!(last["created"], sink.unique());
    assert_eq!(
        (&last["delivered"], &last["dropped"]),
        (&last["created"], &0.into())
    );
    assert_eq!(
        (report.created, report.delivered(), report.dropped()),
        (1003, 1003, 0)
    );
    assert_ledger(&report);
}

#[test]
fn dropping_the_guard_shuts_down_and_gomon_can_start_again() {
    let _turn = turn();
    for _ in 0..3 {
        let sink = Sink::default();
        let gomon = builder().listener(sink.listener()).start().unwrap();
        EventTracker::new("work").finish();
        drop(gomon);
        assert_eq!(
            sink.fps(),
            ["application", "work", "gomon-self", "application-end"]
        );
    }
}

#[test]
fn a_second_start_is_refused_and_changes_nothing() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    assert!(matches!(
        builder().application_id("other").start(),
        Err(Error::AlreadyStarted)
    ));
    assert!(matches!(gomon_core::start(), Err(Error::AlreadyStarted)));
    EventTracker::new("work").finish();
    assert_eq!(gomon.shutdown().created, 4);
}

#[test]
fn units_of_work_that_are_open_are_abandoned_and_end_only_once() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let mut open = EventTracker::new("request");
    open.register("GET /slow");
    let id = open.id().unwrap().to_string();
    let mut plain = EventTracker::new("plain");
    plain.set("late", true);
    let report = gomon.shutdown();
    drop(open);
    drop(plain);
    let requests: Vec<_> = sink
        .events()
        .into_iter()
        .filter(|event| event["gomon:fp"] == "request")
        .collect();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (&requests[0]["id"], &requests[0]["gomon:outcome"]),
        (&id.into(), &"abandoned".into())
    );
    assert_eq!(requests[0]["label"], "GET /slow");
    assert!(requests[0]["gomon:lapsed"].as_u64() > Some(0));
    assert!(in_flight().is_empty());
    assert_eq!(report.created, 4);
    assert_eq!(
        stats().after_shutdown - report.after_shutdown,
        1,
        "the plain one came too late"
    );
}

#[test]
fn a_runtime_dropped_before_the_guard_cancels_and_after_it_abandons() {
    let _turn = turn();
    for (first, outcome) in [("runtime", "cancelled"), ("guard", "abandoned")] {
        let sink = Sink::default();
        let gomon = builder().listener(sink.listener()).start().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let (started, is_started) = std::sync::mpsc::sync_channel(1);
        runtime.spawn(root("job", async move {
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        }));
        is_started.recv().unwrap();
        if first == "runtime" {
            drop(runtime);
            drop(gomon);
        } else {
            drop(gomon);
            drop(runtime);
        }
        let events = sink.events();
        let jobs: Vec<_> = events
            .iter()
            .filter(|event| event["gomon:fp"] == "job")
            .collect();
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0]["gomon:outcome"], outcome);
        assert!(in_flight().is_empty());
    }
}

#[test]
fn flush_returns_from_a_task_of_a_current_thread_runtime() {
    let _turn = turn();
    let sink = Sink::default();
    let _gomon = builder().listener(sink.listener()).start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        EventTracker::new("work").finish();
        assert_eq!(gomon_core::flush(DEADLINE), Ok(()));
    });
    assert_eq!(sink.fps(), ["application", "work"]);
}

#[test]
fn flush_without_a_running_gomon_says_so() {
    let _turn = turn();
    assert_eq!(gomon_core::flush(DEADLINE), Err(FlushError::NotRunning));
}

#[test]
fn a_blocked_listener_delays_the_shutdown_by_no_more_than_its_deadline() {
    let _turn = turn();
    let sink = Sink::default();
    let (release, released) = std::sync::mpsc::sync_channel::<()>(0);
    let blocked = move |_: &gomon_core::Event| {
        let _ = released.recv();
    };
    let gomon = builder()
        .shutdown_deadline(Duration::from_secs(1))
        .named_listener("blocked", blocked)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    (0..100).for_each(|_| EventTracker::new("work").finish());
    #[expect(clippy::disallowed_methods, reason = "measured from outside")]
    let begin = Instant::now();
    let report = gomon.shutdown();
    assert!(
        begin.elapsed() < DEADLINE, // of a listener that blocks for ever
        "{:?}",
        begin.elapsed()
    );
    assert_ledger(&report);
    assert_eq!(account(&report, "sink").total_dropped(), 0);
    assert_eq!(account(&report, "blocked").total_dropped(), 103);
    assert_eq!(sink.fps().last().unwrap(), "application-end");
    drop(release);
}

#[test]
fn shutdown_from_a_listener_reports_and_does_not_wait_for_itself() {
    let _turn = turn();
    let gomon = builder()
        .listener(|_: &gomon_core::Event| drop(shutdown(DEADLINE)))
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    assert_eq!(gomon.shutdown().dropped(), 0);
}

#[test]
fn threads_that_end_at_once_lose_nothing() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    for _ in 0..200 {
        let thread = std::thread::Builder::new().spawn(|| EventTracker::new("short").finish());
        thread.unwrap().join().unwrap();
    }
    let report = gomon.shutdown();
    assert_eq!(
        (report.created, report.delivered(), sink.unique()),
        (203, 203, 203)
    );
}

#[test]
fn an_event_of_a_thread_local_destructor_is_not_lost() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            EventTracker::new("last").finish();
        }
    }
    thread_local!(static LAST: Last = const { Last });
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    // Both orders of destruction: the ring is made before the other thread-local, and after.
    for ring_first in [true, false] {
        let thread = std::thread::Builder::new().spawn(move || {
            let first = || EventTracker::new("first").finish();
            if ring_first {
                first();
            }
            LAST.with(|_| ());
            if !ring_first {
                first();
            }
        });
        thread.unwrap().join().unwrap();
    }
    let report = gomon.shutdown();
    assert_eq!(sink.fps().iter().filter(|fp| *fp == "last").count(), 2);
    assert_ledger(&report);
}

#[test]
fn a_shutdown_without_a_limit_ends() {
    let _turn = turn();
    let gomon = builder().start().unwrap();
    assert_eq!(shutdown(Duration::MAX).dropped(), 0);
    drop(gomon);
}

#[test]
fn an_old_guard_does_not_end_a_newer_run() {
    let _turn = turn();
    let sink = Sink::default();
    let old = builder().start().unwrap();
    let _ = shutdown(DEADLINE);
    let new = builder().listener(sink.listener()).start().unwrap();
    drop(old);
    EventTracker::new("work").finish();
    assert_eq!(new.shutdown().created, 4);
}

#[test]
fn a_listener_may_call_gomon_while_it_starts() {
    struct Curious;
    impl gomon_core::Listener for Curious {
        fn start(&mut self) -> Result<(), gomon_core::ListenerError> {
            assert_eq!(gomon_core::flush(DEADLINE), Err(FlushError::NotRunning));
            assert!(!EventTracker::new("start").is_recording());
            let _ = stats();
            gomon_core::add_listener(|_: &gomon_core::Event| ())
                .map_err(gomon_core::ListenerError::new)
                .map(drop)
        }
        fn feed(&mut self, _: &gomon_core::Event) -> Result<(), gomon_core::ListenerError> {
            Ok(())
        }
    }
    let _turn = turn();
    let report = builder().listener(Curious).start().unwrap().shutdown();
    assert_eq!(report.listeners.len(), 2);
    assert_ledger(&report);
}

#[test]
fn listeners_that_were_not_started_wait_for_the_next_start() {
    struct Broken;
    impl gomon_core::Listener for Broken {
        fn start(&mut self) -> Result<(), gomon_core::ListenerError> {
            panic!("no such directory")
        }
        fn feed(&mut self, _: &gomon_core::Event) -> Result<(), gomon_core::ListenerError> {
            Ok(())
        }
    }
    let _turn = turn();
    let sink = Sink::default();
    gomon_core::add_listener(Broken).unwrap();
    gomon_core::add_listener(sink.listener()).unwrap();
    assert!(matches!(gomon_core::start(), Err(Error::Listener { .. })));
    gomon_core::start().unwrap();
    let _ = shutdown(DEADLINE);
    assert_eq!(sink.fps(), ["application", "gomon-self", "application-end"]);
}
