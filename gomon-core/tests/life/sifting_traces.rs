//! Sampling in a retransmitter: whole traces, weights and the account.

use std::collections::BTreeMap;

use gomon_core::{
    Context, DropReason, EventTracker, ListenerReport, Outcome, Propagation, Retransmitter,
    Sampling,
};

use crate::support::{DEADLINE, Sink, builder, turn};

/// Runs the work with the sampling before a sink; what came through, and the account after a flush.
fn sample(sampling: Sampling, work: impl FnOnce()) -> (Vec<serde_json::Value>, ListenerReport) {
    let _turn = turn();
    let sink = Sink::default();
    let sampled = Retransmitter::new("sampled")
        .sampling(sampling)
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(sampled.clone()).start().unwrap();
    work();
    gomon_core::flush(DEADLINE).unwrap();
    let report = sampled.reports().remove(0);
    assert_eq!(
        report.created,
        report.delivered + report.total_dropped() + report.pending
    );
    assert_eq!(report.delivered, sink.unique() as u64);
    drop(gomon);
    let mut events = sink.events();
    let own = ["application", "gomon-self", "application-end"];
    events.retain(|event| !own.contains(&event["gomon:fp"].as_str().unwrap()));
    (events, report)
}

/// A root with two children, the second of which has a child; the outcome is that of this one.
fn trace(outcome: Outcome) {
    EventTracker::new("root").enter(|| {
        EventTracker::new("one").finish();
        EventTracker::new("two").enter(|| _ = EventTracker::new("three").mark(outcome));
    });
}

#[test]
fn a_failed_member_keeps_its_whole_trace_with_weight_one() {
    let sampling = Sampling::ratio(0.0).keep_failed();
    let (events, report) = sample(sampling, || {
        for outcome in [Outcome::Completed, Outcome::Failed, Outcome::Cancelled] {
            trace(outcome);
        }
    });
    let fps: Vec<_> = events.iter().map(|event| &event["gomon:fp"]).collect();
    assert_eq!(fps, ["one", "three", "two", "root"]);
    assert!(events.iter().all(|event| event["gomon:weight"] == 1.0));
    assert_eq!(report.dropped, [(DropReason::SampledOut, 8)]);
    assert_eq!((report.created, report.pending), (13, 0));
}

#[test]
fn the_ratio_keeps_whole_traces_and_their_weights_stand_for_all() {
    const TRACES: u32 = 20_000;
    let (events, report) = sample(Sampling::ratio(0.3), || {
        for number in 1..=TRACES {
            trace(Outcome::Completed);
            // Never more than the queues hold.
            if number % 500 == 0 {
                gomon_core::flush(DEADLINE).unwrap();
            }
        }
    });
    let mut traces = BTreeMap::<String, usize>::new();
    for event in &events {
        *traces.entry(event["gomon:trace"].to_string()).or_default() += 1;
    }
    assert!(traces.values().all(|count| *count == 4));
    let weights = events
        .iter()
        .map(|event| event["gomon:weight"].as_f64().unwrap());
    let estimate: f64 = weights.sum();
    assert_eq!(report.created, u64::from(4 * TRACES + 1));
    let all = f64::from(4 * TRACES);
    // Five standard deviations.
    assert!((estimate / all - 1.0).abs() < 0.055, "{estimate} of {all}");
}

#[test]
fn a_second_sampling_with_the_same_ratio_leaves_everything() {
    let _turn = turn();
    let (first, second) = (Sink::default(), Sink::default());
    let half = Sampling::ratio(0.5);
    let again = Retransmitter::new("again")
        .sampling(half.clone())
        .listener(second.listener())
        .unwrap();
    let once = Retransmitter::new("once")
        .sampling(half)
        .listener(first.listener())
        .unwrap()
        .listener(again)
        .unwrap();
    let gomon = builder().listener(once).start().unwrap();
    (0..100).for_each(|_| trace(Outcome::Completed));
    drop(gomon);
    assert_eq!(first.events(), second.events());
    assert!(
        first
            .events()
            .iter()
            .any(|event| event["gomon:weight"] == 2.0)
    );
}

#[test]
fn opening_events_and_what_ends_them_are_never_sampled() {
    let (events, _) = sample(Sampling::ratio(0.0), || {
        let mut connection = EventTracker::new("net-conn");
        connection.send_opening();
        connection.enter(|| EventTracker::new("work").finish());
        connection.finish();
        EventTracker::new("rt-collect-memstat").finish();
        EventTracker::new("tick").finish();
    });
    let fps: Vec<_> = events.iter().map(|event| &event["gomon:fp"]).collect();
    assert_eq!(fps, ["net-conn", "net-conn", "rt-collect-memstat", "tick"]);
    assert!(
        events
            .iter()
            .all(|event| event.get("gomon:weight").is_none())
    );
}

#[test]
fn what_is_rare_is_kept_ten_times_for_each_route() {
    let (events, _) = sample(Sampling::ratio(0.0).keep_rare(), || {
        for n in 0..100 {
            let mut root = EventTracker::new("root");
            root.set("route", if n % 2 == 0 { "/even" } else { "/odd" });
        }
    });
    assert_eq!(events.len(), 20);
}

/// A caller in another process, all of whose calls are of one trace.
fn caller(flags: &str) -> Context {
    let header = format!("00-0af7651916cd43dd8400000000000000-b7ad6b7169203331-{flags}");
    Propagation::new().trust_sampling().extract(|name, each| {
        if name == "traceparent" {
            each(header.as_bytes());
        }
    })
}

#[test]
fn what_a_trusted_caller_records_is_kept() {
    let sampling = Sampling::ratio(0.0).keep_caller_sampled();
    let (events, _) = sample(sampling, || {
        for (fp, flags) in [("silent", "00"), ("recorded", "01")] {
            let mut root = EventTracker::in_context(fp, caller(flags));
            root.enter(|| EventTracker::new("part").finish());
        }
    });
    let fps: Vec<_> = events.iter().map(|event| &event["gomon:fp"]).collect();
    assert_eq!(fps, ["part", "recorded"]);
}

#[test]
fn each_call_within_one_foreign_trace_is_judged_for_itself() {
    let (events, _) = sample(Sampling::ratio(0.0).keep_failed(), || {
        for (fp, outcome) in [
            ("first", Outcome::Completed),
            ("second", Outcome::Failed),
            ("third", Outcome::Completed),
        ] {
            let mut root = EventTracker::in_context(fp, caller("00"));
            root.enter(|| EventTracker::new("part").finish());
            root.mark(outcome);
        }
    });
    let fps: Vec<_> = events.iter().map(|event| &event["gomon:fp"]).collect();
    // What comes after the failure belongs to a trace that is kept.
    assert_eq!(fps, ["part", "second", "part", "third"]);
}

#[test]
fn every_nth_trace_is_kept() {
    let (events, _) = sample(Sampling::ratio(0.0).every_nth(10), || {
        (0..100).for_each(|_| trace(Outcome::Completed));
    });
    assert_eq!(events.len(), 40);
}

#[test]
fn what_waits_for_its_root_is_pending_until_a_flush_decides() {
    let _turn = turn();
    let (sink, late) = (Sink::default(), Sink::default());
    let sampled = Retransmitter::new("sampled")
        .sampling(Sampling::ratio(0.5))
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(sampled.clone()).start().unwrap();
    let mut root = EventTracker::new("root");
    root.enter(|| EventTracker::new("part").finish());
    let account = || {
        let report = sampled.reports().remove(0);
        (report.created, report.delivered, report.pending)
    };
    while account() != (2, 1, 1) {
        std::thread::yield_now();
    }
    assert_eq!(sink.fps(), ["application"]);
    // Who comes meanwhile is given what waits, and counts it.
    sampled.add_listener(late.listener()).unwrap();
    assert_eq!(sampled.reports()[1].created, 2);
    gomon_core::flush(DEADLINE).unwrap();
    for report in sampled.reports() {
        assert_eq!((report.created, report.pending), (2, 0));
        assert_eq!(report.delivered + report.total_dropped(), 2);
    }
    drop((root, gomon));
    assert_eq!(late.fps(), sink.fps());
}

#[test]
fn members_that_no_listener_wants_still_speak_for_their_trace() {
    let _turn = turn();
    let sink = Sink::default();
    let sampled = Retransmitter::new("sampled")
        .sampling(Sampling::ratio(0.0).keep_failed())
        .include(["one"])
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(sampled.clone()).start().unwrap();
    trace(Outcome::Failed);
    trace(Outcome::Completed);
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(sink.fps(), ["application", "one"]);
    let report = sampled.reports().remove(0);
    assert_eq!(report.created, report.delivered + report.total_dropped());
    assert_eq!(report.created, 9);
    drop(gomon);
}
