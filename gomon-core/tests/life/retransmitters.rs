use gomon_core::{Error, Event, EventTracker, Outcome, Retransmitter};

use crate::support::{DEADLINE, Sink, builder, turn};

#[test]
fn a_retransmitter_passes_what_its_filter_wants_to_each_of_its_listeners() {
    let _turn = turn();
    let (one, two) = (Sink::default(), Sink::default());
    let failures = Retransmitter::new("failures")
        .filter(|event: &Event| event.outcome() == Some(Outcome::Failed))
        .listener(one.listener())
        .unwrap()
        .listener(two.listener())
        .unwrap();
    let gomon = builder().listener(failures.clone()).start().unwrap();
    for n in 0..10 {
        let mut tracker = EventTracker::new("work");
        if n == 3 {
            tracker.add_error_msg("no");
        }
    }
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(one.fps(), ["application", "work"]);
    assert_eq!(two.fps(), one.fps());
    for report in failures.reports() {
        assert_eq!(
            (report.created, report.delivered, report.total_dropped()),
            (11, 2, 9)
        );
    }
    drop(gomon);
}

#[test]
fn the_root_filter_counts_what_it_does_not_want() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .filter(|event| event.fp() != "noise")
        .listener(sink.listener())
        .start()
        .unwrap();
    ["noise", "work", "noise"]
        .into_iter()
        .for_each(|fp| EventTracker::new(fp).finish());
    let report = gomon.shutdown();
    assert_eq!(
        sink.fps(),
        ["application", "work", "gomon-self", "application-end"]
    );
    assert_eq!(
        (report.created, report.listeners[0].total_dropped()),
        (6, 2)
    );
}

#[test]
fn a_filter_that_panics_keeps_the_event() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .filter(|event| event.fp() != "work" || panic!("oh"))
        .listener(sink.listener())
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    assert_eq!(gomon.shutdown().dropped(), 0);
    assert_eq!(sink.fps().len(), 4);
}

#[test]
fn a_filter_that_panics_leaves_the_word_to_the_conditions_after_it() {
    let _turn = turn();
    let sink = Sink::default();
    let sifted = Retransmitter::new("sifted")
        .filter(|event| !["noise", "work"].contains(&event.fp()) || panic!("oh"))
        .exclude(["noise"])
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(sifted).start().unwrap();
    ["noise", "work"]
        .into_iter()
        .for_each(|fp| EventTracker::new(fp).finish());
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(sink.fps(), ["application", "work"]);
    drop(gomon);
}

#[test]
fn cycles_are_refused() {
    let (a, b, c) = (
        Retransmitter::new("a"),
        Retransmitter::new("b"),
        Retransmitter::new("c"),
    );
    assert!(matches!(
        a.add_listener(a.clone()),
        Err(Error::Cycle { .. })
    ));
    a.add_listener(b.clone()).unwrap();
    b.add_listener(c.clone()).unwrap();
    let error = c.add_listener(a.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "events of retransmitter c would come back to it through a"
    );
    a.add_listener(c).unwrap();
}

#[test]
fn a_stuck_listener_of_a_retransmitter_keeps_nothing_from_its_siblings() {
    let _turn = turn();
    let sink = Sink::default();
    let (release, released) = std::sync::mpsc::sync_channel::<()>(0);
    let stuck = move |_: &Event| {
        let _ = released.recv();
    };
    let both = Retransmitter::new("both")
        .listener(stuck)
        .unwrap()
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(both).start().unwrap();
    let flushing = std::thread::Builder::new()
        .spawn(|| gomon_core::flush(DEADLINE))
        .unwrap();
    sink.wait_for(1);
    EventTracker::new("work").finish();
    sink.wait_for(2);
    assert!(!flushing.is_finished());
    drop(release);
    assert_eq!(flushing.join().unwrap(), Ok(()));
    drop(gomon);
}

#[test]
fn a_removed_retransmitter_may_become_the_source() {
    let (a, b) = (Retransmitter::new("a"), Retransmitter::new("b"));
    let id = a.add_listener(b.clone()).unwrap();
    assert!(a.remove_listener(id));
    b.add_listener(a).unwrap();
}
