//! What a retransmitter lets through: patterns, conditions, maps and limits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon_core::{DropReason, Event, EventTracker, Mapped, Outcome, Retransmitter, ValueRef};

use crate::support::{DEADLINE, Sink, builder, turn};

/// Runs the work with the retransmitter before a sink. What came through is returned without the
/// events of the process; the account adds up.
fn sift(retransmitter: Retransmitter, work: impl FnOnce()) -> Vec<serde_json::Value> {
    let _turn = turn();
    let sink = Sink::default();
    let retransmitter = retransmitter.listener(sink.listener()).unwrap();
    let gomon = builder().listener(retransmitter.clone()).start().unwrap();
    work();
    gomon_core::flush(DEADLINE).unwrap();
    let report = retransmitter.reports().remove(0);
    assert_eq!(report.created, report.delivered + report.total_dropped());
    assert_eq!(report.delivered, sink.unique() as u64);
    drop(gomon);
    let mut events = sink.events();
    assert_eq!(events.remove(0)["gomon:fp"], "application");
    let own = ["gomon-self", "application-end"];
    events.retain(|event| !own.contains(&event["gomon:fp"].as_str().unwrap()));
    events
}

fn fps(events: &[serde_json::Value]) -> Vec<&str> {
    let fps = events.iter().map(|event| event["gomon:fp"].as_str());
    fps.map(Option::unwrap).collect()
}

fn finish(fps: &[&'static str]) {
    fps.iter().for_each(|fp| EventTracker::new(fp).finish());
}

#[test]
fn patterns_include_and_exclude_fingerprints() {
    let sifted = Retransmitter::new("sifted")
        .include(["http-*", "sql-*"])
        .exclude(["*-wrows"]);
    let events = sift(sifted, || {
        finish(&["http-roundtripper", "sql-wrows", "file", "sql-pool"]);
    });
    assert_eq!(fps(&events), ["http-roundtripper", "sql-pool"]);
}

#[test]
fn conditions_are_met_together() {
    let sifted = Retransmitter::new("sifted")
        .outcomes([Outcome::Failed, Outcome::Cancelled])
        .equal("tenant", 7);
    let events = sift(sifted, || {
        for (fp, tenant, outcome) in [
            ("one", 7, Outcome::Failed),
            ("two", 8, Outcome::Failed),
            ("three", 7, Outcome::Completed),
            ("four", 7, Outcome::Cancelled),
        ] {
            let mut tracker = EventTracker::new(fp);
            tracker.set("tenant", tenant);
            tracker.mark(outcome);
        }
    });
    assert_eq!(fps(&events), ["one", "four"]);
}

#[test]
fn only_what_takes_longer_than_the_limit_is_slow() {
    let sifted = Retransmitter::new("sifted").slower_than(Duration::from_nanos(0));
    assert_eq!(fps(&sift(sifted, || finish(&["work"]))), ["work"]);
    let sifted = Retransmitter::new("sifted").slower_than(Duration::MAX);
    assert!(sift(sifted, || finish(&["work"])).is_empty());
}

#[test]
fn a_map_changes_copies_and_leaves_events_out() {
    let sifted = Retransmitter::new("sifted").map(|event| match event.fp() {
        "drop" => None,
        "change" => Some(
            Mapped::copy(event)
                .set("added", 1)
                .set("kept", "new")
                .remove("removed")
                .remove("unknown")
                .rename("old", "name")
                .rename("unknown", "other")
                .fingerprint("changed"),
        ),
        _ => Some(Mapped::unchanged().set("ignored", 1)),
    });
    let mut id = None;
    let events = sift(sifted, || {
        finish(&["drop", "same"]);
        let mut tracker = EventTracker::new("change");
        tracker.set("kept", "old");
        tracker.set("removed", "x".repeat(1000));
        tracker.set("name", 1);
        tracker.set("old", String::from("a b"));
        tracker.add_error_msg("oh");
        id = tracker.context().event_id();
    });
    assert_eq!(fps(&events), ["same", "changed"]);
    assert!(events[0].get("ignored").is_none());
    let changed = events[1].as_object().unwrap();
    assert_eq!(changed["id"], id.unwrap().to_string());
    assert_eq!(changed["gomon:outcome"], "failed");
    assert_eq!(changed["error"][0]["msg"], "oh");
    assert_eq!(changed["kept"], "new");
    assert_eq!(changed["name"], "a b");
    assert_eq!(changed["added"], 1);
    for gone in ["removed", "old", "other", "gomon:dropped"] {
        assert!(!changed.contains_key(gone), "{gone}");
    }
}

#[test]
fn a_copy_may_lose_attributes_beside_its_record_too() {
    const KEYS: [&str; 20] = [
        "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11", "k12", "k13",
        "k14", "k15", "k16", "k17", "k18", "k19",
    ];
    let sifted = Retransmitter::new("sifted").map(|event| {
        let copy = Mapped::copy(event).remove("k3").remove("k17");
        Some(copy.rename("k18", "late").set("k19", "last"))
    });
    let events = sift(sifted, || {
        let mut tracker = EventTracker::new("work");
        KEYS.iter().for_each(|key| _ = tracker.set(key, *key));
    });
    let event = events[0].as_object().unwrap();
    let kept = KEYS.iter().filter(|key| event.contains_key(**key));
    assert_eq!(kept.count(), 17);
    assert_eq!(
        (&event["late"], &event["k19"]),
        (&"k18".into(), &"last".into())
    );
}

#[test]
fn maps_are_run_one_after_the_other() {
    let sifted = Retransmitter::new("sifted")
        .include(["work"])
        .map(|event| Some(Mapped::copy(event).fingerprint("one")))
        .map(|event| (event.fp() == "one").then(|| Mapped::copy(event).fingerprint("two")));
    assert_eq!(fps(&sift(sifted, || finish(&["work"]))), ["two"]);
}

#[test]
fn an_event_on_which_a_map_panics_passes_as_it_is() {
    let sifted = Retransmitter::new("sifted").map(|event| match event.fp() {
        "work" => panic!("oh"),
        _ => Some(Mapped::unchanged()),
    });
    assert_eq!(fps(&sift(sifted, || finish(&["work"]))), ["work"]);
}

#[test]
fn what_is_over_a_limit_is_filtered_and_what_is_of_the_process_is_not() {
    let _turn = turn();
    let sink = Sink::default();
    let limited = Retransmitter::new("limited")
        .limit(0)
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(limited.clone()).start().unwrap();
    finish(&["a", "b", "a"]);
    drop(gomon);
    assert_eq!(sink.fps(), ["application", "gomon-self", "application-end"]);
    let report = limited.reports().remove(0);
    assert_eq!(report.dropped, [(DropReason::Filtered, 3)]);
    assert_eq!((report.created, report.delivered), (6, 3));
}

#[test]
fn each_fingerprint_may_have_its_own_limit() {
    let sifted = Retransmitter::new("sifted").limit_each(1);
    let events = sift(sifted, || finish(&["a"; 10]));
    assert!(!events.is_empty());
    let sifted = Retransmitter::new("sifted").limit(1_000_000).limit_each(0);
    assert!(sift(sifted, || finish(&["a", "b"])).is_empty());
}

#[test]
fn a_key_that_was_set_twice_is_there_once_for_whoever_looks() {
    let looked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&looked);
    let look = move |event: &Event| {
        let number = |value: ValueRef<'_>| value.as_u64().unwrap();
        let all = event.attributes().map(|(key, value)| (key, number(value)));
        let all: Vec<_> = all.collect();
        let single = event.get("twice").map(number);
        if event.fp() == "work" {
            seen.lock().unwrap().push((all, single));
        }
        true
    };
    let sifted = Retransmitter::new("sifted")
        .filter(look)
        .map(|event| Some(Mapped::copy(event).rename("once", "one")));
    // The bus looks for labels, and settles what has one.
    let events = sift(sifted, || {
        for other in ["once", "route"] {
            let mut work = EventTracker::new("work");
            work.set("twice", 1u64).set(other, 2u64).set("twice", 3u64);
        }
    });
    for (other, (all, single)) in ["once", "route"].iter().zip(&*looked.lock().unwrap()) {
        assert_eq!(
            (all.as_slice(), *single),
            (&[("twice", 3), (*other, 2)][..], Some(3))
        );
    }
    assert_eq!(
        (&events[0]["twice"], &events[0]["one"]),
        (&3.into(), &2.into())
    );
}
