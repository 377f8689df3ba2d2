//! Segments of the whole process.

use std::time::Duration;

use gomon_core::{EventTracker, Segment, segment};
use serde_json::Value;

use crate::support::{DEADLINE, Sink, builder, turn, until};

fn named(sink: &Sink, fp: &str, name: &str) -> Vec<Value> {
    let of = |event: &Value| event["gomon:fp"] == fp && event["name"] == name;
    sink.events().into_iter().filter(of).collect()
}

#[test]
fn a_global_segment_opens_ticks_and_closes_with_the_process() {
    let _turn = turn();
    let sink = Sink::default();
    // Before gomon runs nothing is counted.
    let codec = Segment::global("codec");
    codec.child("encode").finish();
    let gomon = builder()
        .listener(sink.listener())
        .tick_interval(Duration::from_millis(50))
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Each looks it up: it is one.
            scope
                .spawn(|| (0..250).for_each(|_| Segment::global("codec").child("encode").finish()));
        }
    });
    codec.enter(|| segment!("decode", EventTracker::new("inside").finish()));
    until(|| {
        let ticks = named(&sink, "segment-tick", "codec");
        ticks.iter().any(|tick| {
            tick["childs"]
                .as_array()
                .is_some_and(|childs| childs.len() == 2)
        })
    });
    codec.add_error(&std::io::Error::other("no"));
    drop(gomon);

    let [opening, closing] = <[Value; 2]>::try_from(named(&sink, "segment", "codec")).unwrap();
    assert_eq!(
        (&opening["gomon:open"], &opening["id"]),
        (&true.into(), &closing["id"])
    );
    assert_eq!(closing["gomon:outcome"], "failed");
    assert_eq!(opening["parent"], sink.events()[0]["id"]);
    let counts = |event: &Value| {
        let childs = event["childs"].as_array().unwrap().iter();
        childs
            .map(|child| (child["name"].clone(), child["count"].clone()))
            .collect::<Vec<_>>()
    };
    let mut all = counts(&closing);
    all.sort_by_key(|(name, _)| name.to_string());
    assert_eq!(
        all,
        [("decode".into(), 1.into()), ("encode".into(), 1000.into())]
    );
    let tick = &named(&sink, "segment-tick", "codec")[0];
    assert_eq!(
        (&tick["parent"], &tick["gomon:trace"]),
        (&opening["id"], &opening["gomon:trace"])
    );
    assert_ne!(tick["id"], opening["id"]);
    let inside = sink
        .events()
        .into_iter()
        .find(|event| event["gomon:fp"] == "inside")
        .unwrap();
    assert_eq!(
        (&inside["parent"], &inside["segment"]),
        (&opening["id"], &"decode".into())
    );
}

#[test]
fn each_run_of_gomon_has_an_event_of_its_own_that_counts_from_nothing() {
    let _turn = turn();
    let segment = Segment::global("twice");
    let ids: Vec<Value> = [3, 5]
        .into_iter()
        .map(|count| {
            let sink = Sink::default();
            let gomon = builder().listener(sink.listener()).start().unwrap();
            (0..count).for_each(|_| segment.child("run").finish());
            gomon_core::flush(DEADLINE).unwrap();
            drop(gomon);
            let closing = named(&sink, "segment", "twice").pop().unwrap();
            assert_eq!(closing["childs"][0]["count"], count);
            closing["id"].clone()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}
