//! Parents and children in numbers and orders that no program should have.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use gomon_core::testing::{Recorder, assert_tree};
use gomon_core::{Context, EventTracker};

#[test]
fn ten_thousand_generations_keep_their_order() {
    const DEPTH: usize = 10_000;
    let recorder = Recorder::new();
    let mut context = recorder.context();
    for generation in 0..DEPTH {
        // Not more at once than there is place for on the way.
        if generation % 1000 == 0 {
            gomon_core::flush(Duration::from_secs(10)).unwrap();
        }
        let tracker = EventTracker::in_context("link", context);
        context = tracker.context();
        tracker.finish();
    }
    let events = recorder.find("link");
    let parents: HashMap<&str, &str> = events
        .iter()
        .map(|event| (event.id(), event.parent()))
        .collect();
    let mut at = context.event_id().unwrap().to_string();
    let mut generations = 0;
    while let Some(parent) = parents.get(at.as_str()) {
        generations += 1;
        at = (*parent).to_owned();
    }
    assert_eq!(generations, DEPTH);
    assert_eq!(at, gomon_core::execution_id().unwrap().to_string());
}

#[test]
fn a_child_may_end_after_its_parent_and_on_another_thread() {
    let recorder = Recorder::new();
    let (parent, child) = recorder.run(|| {
        let parent = EventTracker::new("parent");
        let child = parent.child("child");
        (parent, child)
    });
    parent.finish();
    let thread = std::thread::Builder::new().spawn(move || child.finish());
    thread.unwrap().join().unwrap();
    assert!(recorder.one("child").is_child_of(&recorder.one("parent")));
}

#[test]
fn an_event_is_not_its_own_ancestor_however_its_context_is_entered() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut outer = EventTracker::new("outer");
        let context = outer.context();
        outer.enter(|| {
            let mut inner = EventTracker::new("inner");
            inner.enter(|| context.enter(|| EventTracker::new("again").finish()));
        });
    });
    assert_tree!(recorder, "outer\n  inner\n  again");
}

#[test]
fn trackers_that_are_leaked_send_nothing_and_harm_nobody() {
    // Held by nobody who looks at them, and out of the leak check's sight.
    static LEAKED: Mutex<Vec<EventTracker>> = Mutex::new(Vec::new());
    let recorder = Recorder::new();
    recorder.run(|| {
        let leaked = || EventTracker::new("leaked");
        let leaked = std::iter::repeat_with(leaked).take(100_000);
        LEAKED.lock().unwrap().extend(leaked);
        EventTracker::new("after").finish();
        assert!(Context::current().is_application());
    });
    assert_tree!(recorder, "after");
}

#[test]
fn what_is_set_on_an_event_that_has_been_delivered_reaches_nobody() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let tracker = EventTracker::new("ended");
        let context = tracker.context();
        tracker.finish();
        assert_eq!(recorder.one("ended").get("late"), None);
        context.set("late", true);
    });
    assert_eq!(recorder.one("ended").get("late"), None);
}
