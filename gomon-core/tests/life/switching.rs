use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gomon_core::{
    DropReason, Event, EventTracker, Listener, ListenerError, disable, enable, is_enabled, toggle,
};

use crate::support::{DEADLINE, Sink, assert_ledger, builder, turn};

#[test]
fn nothing_is_recorded_while_disabled_and_open_trackers_are_reached_too() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let open = EventTracker::new("open");
    disable();
    assert!(!is_enabled() && !EventTracker::new("off").is_recording());
    assert!(!open.child("child").is_recording());
    drop(open);
    enable();
    EventTracker::new("on").finish();
    let report = gomon.shutdown();
    assert_eq!(
        sink.fps(),
        ["application", "on", "gomon-self", "application-end"]
    );
    assert_eq!(report.listeners[0].dropped, [(DropReason::Disabled, 1)]);
    assert_ledger(&report);
}

#[test]
fn toggling_says_what_is_now() {
    let _turn = turn();
    assert!(!toggle() && toggle() && is_enabled());
}

#[test]
fn before_the_start_trackers_record_nothing() {
    let _turn = turn();
    let mut tracker = EventTracker::new("early");
    tracker.set("a", 1).add_error_msg("no");
    assert!(!tracker.is_recording() && tracker.id().is_none());
    assert_eq!(tracker.enter(|| 7), 7);
}

#[test]
fn a_restart_flushes_nobody() {
    let _turn = turn();
    let flushes = Arc::new(AtomicU64::new(0));
    for asks in [true, false, false] {
        flushes.store(0, Ordering::Relaxed);
        let listener = CountsFlushes(Arc::clone(&flushes));
        let gomon = builder().listener(listener).start().unwrap();
        if asks {
            gomon_core::flush(DEADLINE).unwrap();
        }
        drop(gomon);
        // Two belong to the end.
        assert_eq!(flushes.load(Ordering::Relaxed), 2 + u64::from(asks));
    }
}

struct CountsFlushes(Arc<AtomicU64>);

impl Listener for CountsFlushes {
    fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
        Ok(())
    }

    fn flush(&mut self, _: Duration) -> Result<(), ListenerError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
