//! What makes listeners.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gomon_core::{
    Error, Event, EventTracker, ListenerError, ListenerOptions, add_listener,
    add_listener_factory_with, remove_listener, shutdown,
};

use crate::support::{DEADLINE, Sink, builder, turn};

fn named(name: &str) -> ListenerOptions {
    ListenerOptions::new().name(name)
}

#[test]
fn a_factory_is_asked_at_each_start_until_it_is_removed() {
    let _turn = turn();
    let made = Arc::new(AtomicUsize::new(0));
    let sink = Sink::default();
    let factory = {
        let (made, sink) = (Arc::clone(&made), sink.clone());
        move |_: &()| {
            made.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ListenerError>(sink.listener())
        }
    };
    let id = add_listener_factory_with(named("made"), factory, ()).unwrap();
    for run in 1..=3 {
        let gomon = builder().start().unwrap();
        EventTracker::new("work").finish();
        assert_eq!(gomon.shutdown().listeners[0].name, "made");
        assert_eq!(
            (made.load(Ordering::Relaxed), sink.unique()),
            (run, run * 4)
        );
    }
    assert!(remove_listener(id) && !remove_listener(id));
    assert!(builder().start().unwrap().shutdown().listeners.is_empty());
}

#[test]
fn a_factory_that_is_added_while_gomon_runs_is_asked_now_and_later() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().start().unwrap();
    let inner = sink.clone();
    let make = move |_: &()| Ok::<_, ListenerError>(inner.listener());
    let id = add_listener_factory_with(named("late"), make, ()).unwrap();
    EventTracker::new("work").finish();
    drop(gomon);
    assert_eq!(sink.fps()[..2], ["application", "work"]);
    let gomon = builder().start().unwrap();
    assert!(remove_listener(id));
    drop(gomon);
    assert_eq!(sink.fps()[4..], ["application"]);
}

#[test]
fn an_error_or_a_panic_of_a_factory_is_an_error_of_the_start() {
    let _turn = turn();
    let refuses = |_: &()| Err::<fn(&Event), _>(ListenerError::new("no such host"));
    let error = builder()
        .listener_factory_with(named("remote"), refuses, ())
        .start()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "listener remote could not start: no such host"
    );
    let panics =
        |_: &()| -> Result<fn(&Event), ListenerError> { std::panic::resume_unwind(Box::new("oh")) };
    let error = builder()
        .listener_factory_with(named("remote"), panics, ())
        .start()
        .unwrap_err();
    assert!(matches!(error, Error::Listener { .. }));
    // While gomon runs, the factory is not kept.
    let gomon = builder().start().unwrap();
    assert!(add_listener_factory_with(named("remote"), refuses, ()).is_err());
    drop(gomon);
    gomon_core::start().unwrap();
    assert!(shutdown(DEADLINE).listeners.is_empty());
}

#[test]
fn a_listener_that_is_removed_while_gomon_starts_gets_nothing() {
    let _turn = turn();
    let (removed, kept) = (Sink::default(), Sink::default());
    let id = add_listener(removed.listener()).unwrap();
    let factory = {
        let kept = kept.clone();
        move |_: &()| {
            assert!(remove_listener(id) && !remove_listener(id));
            Ok::<_, ListenerError>(kept.listener())
        }
    };
    let gomon = builder()
        .listener_factory_with(named("kept"), factory, ())
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    let report = gomon.shutdown();
    assert_eq!(report.listeners.len(), 1);
    assert_eq!(kept.fps().len(), 4);
    assert!(removed.fps().is_empty());
}
