use gomon_core::{DropReason, EventTracker, disable, enable, is_enabled, toggle};

use crate::support::{Sink, assert_ledger, builder, turn};

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
