//! Listeners that use gomon, or fail, where nobody expects it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gomon_core::{
    DropReason, Event, EventTracker, FlushError, Listener, ListenerError, ListenerId, flush,
    in_flight, remove_listener, stats,
};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

#[test]
fn a_listener_may_add_and_remove_listeners_ask_and_record_but_not_wait_for_itself() {
    let _turn = turn();
    let (sink, added) = (Sink::default(), Sink::default());
    let others = added.clone();
    let mut last: Option<ListenerId> = None;
    let meddles = move |event: &Event| {
        let mut tracker = EventTracker::new("from a listener");
        tracker.register("unit of a listener");
        assert_eq!(flush(DEADLINE), Err(FlushError::OwnThread));
        assert!(stats().created > 0 && in_flight().is_empty());
        if event.fp() == "work" {
            let next = gomon_core::add_listener(others.listener()).unwrap();
            if let Some(last) = last.replace(next) {
                assert!(remove_listener(last));
            }
        }
    };
    let gomon = builder()
        .named_listener("meddles", meddles)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    (0..100).for_each(|_| EventTracker::new("work").finish());
    let _ = flush(DEADLINE);
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(account(&report, "meddles").total_dropped(), 0);
    assert_eq!(sink.unique(), 103);
    let of_application = added.fps();
    let greeted = of_application.iter().filter(|fp| *fp == "application");
    assert_eq!(greeted.count(), 100);
}

#[test]
fn a_listener_that_removes_itself_ends() {
    let _turn = turn();
    let id = Arc::new(std::sync::OnceLock::new());
    let own = Arc::clone(&id);
    let fed = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&fed);
    let gomon = builder().start().unwrap();
    let leaves = move |event: &Event| {
        if event.fp() == "go" {
            assert!(remove_listener(*own.get().unwrap()));
        }
        counter.fetch_add(1, Ordering::Relaxed);
    };
    id.set(gomon_core::add_listener(leaves).unwrap()).unwrap();
    EventTracker::new("go").finish();
    flush(DEADLINE).unwrap();
    EventTracker::new("later").finish();
    let report = gomon.shutdown();
    assert!(report.listeners.is_empty());
    assert_eq!(fed.load(Ordering::Relaxed), 2);
}

#[test]
fn a_listener_that_panics_in_its_destructor_or_takes_a_gibibyte_harms_nobody() {
    struct Greedy(Vec<u8>);
    impl Listener for Greedy {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            self.0 = vec![0; 1 << 30];
            Ok(())
        }
    }
    impl Drop for Greedy {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in drop"));
        }
    }
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("greedy", Greedy(Vec::new()))
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!((report.dropped(), sink.unique()), (0, 4));
}

#[test]
fn a_listener_that_is_stuck_in_its_destructor_ends_with_the_deadline() {
    struct Slow(std::sync::mpsc::Receiver<()>);
    impl Listener for Slow {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
    }
    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }
    let _turn = turn();
    let (release, released) = std::sync::mpsc::sync_channel(0);
    let gomon = builder()
        .shutdown_deadline(Duration::from_millis(200))
        .listener(Slow(released))
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    let report = gomon.shutdown();
    drop(release);
    assert_ledger(&report);
    assert_eq!(
        report.listeners[0].dropped_for(DropReason::ShutdownTimeout),
        0
    );
    assert_eq!(report.delivered(), 4);
}
