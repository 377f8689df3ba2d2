//! Listeners that are stuck or panic all the time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use gomon_core::{
    DropReason, Event, EventTracker, FlushError, Listener, ListenerError, ListenerOptions, stats,
};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn, until};

#[test]
fn a_stuck_listener_gets_nothing_until_it_returns_and_takes_a_probe() {
    let _turn = turn();
    let sink = Sink::default();
    let (release, released) = sync_channel::<()>(0);
    let mut feed = sink.listener();
    let stuck = move |event: &Event| {
        if event.fp() == "stuck" {
            let _ = released.recv();
        }
        feed(event);
    };
    let options = ListenerOptions::new()
        .name("stuck")
        .stuck_after(Duration::from_millis(50));
    let gomon = builder().listener_with(options, stuck).start().unwrap();
    EventTracker::new("stuck").finish();
    // Nothing is sent, and still it is found out.
    until(|| account(&stats(), "stuck").quarantined_for.is_some());
    (0..2000).for_each(|_| EventTracker::new("lost").finish());
    assert_eq!(gomon_core::flush(DEADLINE), Err(FlushError::Listener));
    let report = stats();
    assert_ledger(&report);
    let stuck = account(&report, "stuck");
    assert_eq!(stuck.dropped_for(DropReason::Quarantined), 2000);
    assert!(stuck.pending <= 2, "its memory came back: {stuck:?}");

    drop(release);
    until(|| {
        EventTracker::new("probe").finish();
        let _ = gomon_core::flush(DEADLINE);
        account(&stats(), "stuck").quarantined_for.is_none()
    });
    EventTracker::new("well").finish();
    assert_eq!(gomon_core::flush(DEADLINE), Ok(()));
    let report = gomon.shutdown();
    assert_ledger(&report);
    let stuck = account(&report, "stuck");
    assert_eq!((stuck.quarantines, stuck.quarantined_for), (1, None));
    assert!(sink.fps().contains(&"probe".to_owned()) && sink.fps().contains(&"well".to_owned()));
    assert_eq!(sink.unique() as u64, stuck.delivered);
}

#[test]
fn a_slow_listener_is_not_a_stuck_one() {
    let _turn = turn();
    // Each event takes half as long as a stuck listener would, and the batch many times that.
    let slow = |_: &Event| std::thread::park_timeout(Duration::from_millis(20));
    let options = ListenerOptions::new().stuck_after(Duration::from_millis(400));
    let gomon = builder().listener_with(options, slow).start().unwrap();
    (0..60).for_each(|_| EventTracker::new("work").finish());
    assert_eq!(gomon_core::flush(DEADLINE), Ok(()));
    let report = gomon.shutdown();
    assert_eq!((report.dropped(), report.listeners[0].quarantines), (0, 0));
}

#[test]
fn a_listener_that_always_panics_is_left_alone_and_its_siblings_get_all() {
    let _turn = turn();
    let sink = Sink::default();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let panics = move |_: &Event| {
        counted.fetch_add(1, Ordering::Relaxed);
        // Not `panic!`: the hook would print it.
        std::panic::resume_unwind(Box::new(PanicsOnDrop));
    };
    let gomon = builder()
        .named_listener("panics", panics)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    (0..1000).for_each(|_| EventTracker::new("work").finish());
    let report = gomon.shutdown();
    assert_ledger(&report);
    let panics = account(&report, "panics");
    assert_eq!(panics.delivered, 0);
    assert_eq!(
        panics.dropped_for(DropReason::ListenerPanic),
        calls.load(Ordering::Relaxed)
    );
    assert!(calls.load(Ordering::Relaxed) < 20 && panics.quarantines > 0);
    assert_eq!(account(&report, "sink").delivered, 1003);
    assert_eq!(sink.unique(), 1003);
}

/// A payload that panics again.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        std::panic::resume_unwind(Box::new("again"));
    }
}

#[test]
fn a_factory_makes_the_listener_anew_and_the_new_one_sees_the_application_event_first() {
    let _turn = turn();
    let broken = Arc::new(AtomicBool::new(true));
    let made = Arc::new(AtomicU64::new(0));
    let sink = Sink::default();
    let factory = {
        let (broken, made, sink) = (Arc::clone(&broken), Arc::clone(&made), sink.clone());
        move |_: &()| {
            let number = made.fetch_add(1, Ordering::Relaxed);
            match number {
                // The first works until it is broken, the second cannot be made.
                0 => {}
                1 => return Err(ListenerError::new("not yet")),
                _ => broken.store(false, Ordering::Relaxed),
            }
            let (broken, mut feed) = (Arc::clone(&broken), sink.listener());
            Ok(move |event: &Event| {
                if event.fp() == "poison" && broken.load(Ordering::Relaxed) {
                    std::panic::resume_unwind(Box::new("poisoned"));
                }
                feed(event);
            })
        }
    };
    let gomon = builder()
        .listener_factory_with(ListenerOptions::new().name("made"), factory, ())
        .start()
        .unwrap();
    (0..20).for_each(|_| EventTracker::new("poison").finish());
    let _ = gomon_core::flush(DEADLINE);
    assert!(account(&stats(), "made").quarantined_for.is_some());
    until(|| account(&stats(), "made").quarantined_for.is_none());
    EventTracker::new("work").finish();
    let report = gomon.shutdown();
    assert_ledger(&report);
    let listener = account(&report, "made");
    assert_eq!(made.load(Ordering::Relaxed), 3);
    assert_eq!(listener.last_error.as_deref(), Some("not yet"));
    // 22 of the process, its own two and the one that was fed again.
    assert_eq!((listener.created, listener.quarantines), (25, 1));
    assert_eq!(
        sink.fps(),
        [
            "application",
            "application",
            "work",
            "gomon-self",
            "application-end"
        ]
    );
}

#[test]
fn a_listener_that_panics_or_is_stuck_in_flush_costs_the_caller_no_more_than_its_deadline() {
    struct Flushing(Box<dyn FnMut() + Send>);
    impl Listener for Flushing {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
        fn flush(&mut self, _: Duration) -> Result<(), ListenerError> {
            (self.0)();
            Ok(())
        }
    }
    let _turn = turn();
    let sink = Sink::default();
    let stuck = Arc::new(Barrier::new(2));
    let until_then = Arc::clone(&stuck);
    let mut first = true;
    let gomon = builder()
        .named_listener(
            "panics",
            Flushing(Box::new(|| std::panic::resume_unwind(Box::new("no")))),
        )
        .named_listener(
            "stuck",
            Flushing(Box::new(move || {
                if std::mem::take(&mut first) {
                    until_then.wait();
                }
            })),
        )
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    let flushed = gomon_core::flush(Duration::from_millis(100));
    assert_eq!(flushed, Err(FlushError::Deadline));
    sink.wait_for(2);
    // The bus may have come to it after the deadline.
    until(|| account(&stats(), "panics").last_error.as_deref() == Some("panicked in flush"));
    stuck.wait();
    assert_eq!(gomon_core::flush(DEADLINE), Err(FlushError::Listener));
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(report.dropped(), 0);
}
