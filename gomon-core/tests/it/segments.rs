//! Segments: what counts where, and what is inside of one.

use std::sync::LazyLock;
use std::time::Duration;

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EventTracker, FutureExt, Segment, segment};
use serde_json::Value;

fn children(value: &Value) -> Vec<(String, u64)> {
    let named = |child: &Value| {
        let name = child["name"].as_str().unwrap().to_owned();
        (name, child["count"].as_u64().unwrap())
    };
    value["childs"]
        .as_array()
        .unwrap()
        .iter()
        .map(named)
        .collect()
}

fn counted(event: &Recorded) -> Vec<(String, u64)> {
    children(&serde_json::from_str(&event.to_string()).unwrap())
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[test]
fn a_segment_has_the_json_of_the_contract() {
    let recorder = Recorder::new();
    let line = line!();
    recorder.run(|| {
        let xyz = Segment::new("xyz");
        for _ in 0..1000 {
            xyz.child("123").finish();
        }
        xyz.add_error(&std::io::Error::other("out of stock"));
    });
    let event = recorder.one("segment");
    let place = |lines: u32| Value::from(format!("{}:{}", file!(), line + lines));
    assert_eq!(
        (&event["name"], &event["location"]),
        (&"xyz".into(), &place(2))
    );
    assert_eq!(
        (&event["count"], event["total_lapsed"].is_u64()),
        (&1.into(), true)
    );
    let child = &event["childs"][0];
    let keys: Vec<&String> = child.as_object().unwrap().keys().collect();
    let expected = [
        "name",
        "location",
        "count",
        "total_lapsed",
        "min",
        "max",
        "avg",
        "p50",
        "p99",
        "childs",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&child["name"], &child["location"]),
        (&"123".into(), &place(4))
    );
    assert_eq!(
        (&child["count"], &child["childs"]),
        (&1000.into(), &Value::Array(vec![]))
    );
    let sum = child["total_lapsed"].as_u64().unwrap();
    assert_eq!(child["avg"], sum / 1000);
    assert_eq!(event["errors"][0]["location"], place(6));
    assert_eq!(
        (event.outcome(), &event["errors"][0]["msg"]),
        ("failed", &"out of stock".into())
    );
}

#[test]
fn what_the_macro_times_is_a_part_of_the_innermost_segment() {
    let recorder = Recorder::new();
    let sum = recorder.run(|| {
        Segment::new("import").enter(|| {
            (0..10)
                .map(|n| segment!("row", segment!("parse", n) + segment!("add", 1)))
                .sum::<i32>()
        })
    });
    assert_eq!(sum, 55);
    let import = recorder.one("segment");
    assert_eq!(counted(&import), pairs(&[("row", 10)]));
    assert_eq!(
        children(&import["childs"][0]),
        pairs(&[("parse", 10), ("add", 10)])
    );
}

#[test]
fn without_a_segment_round_it_the_macro_makes_one() {
    let recorder = Recorder::new();
    let line = line!() + 1;
    recorder.run(|| segment!("alone", segment!("part", ())));
    let event = recorder.one("segment");
    assert_eq!(
        (&event["name"], counted(&event)),
        (&"alone".into(), pairs(&[("part", 1)]))
    );
    assert_eq!(event["location"], format!("{}:{line}", file!()));
}

#[test]
fn recursion_counts_each_run_and_its_time_once() {
    fn walk(depth: u32) {
        segment!("walk", {
            if depth > 0 {
                walk(depth - 1);
            }
        });
    }
    let recorder = Recorder::new();
    recorder.run(|| Segment::new("tree").enter(|| walk(20)));
    let event = recorder.one("segment");
    assert_eq!(counted(&event), pairs(&[("walk", 21)]));
    let walk = &event["childs"][0];
    assert!(walk["childs"].as_array().unwrap().is_empty());
    assert!(walk["total_lapsed"].as_u64() <= event["total_lapsed"].as_u64());
    // Only the outermost run is the longest, and only its time counts.
    assert_eq!(walk["total_lapsed"], walk["max"]);
}

#[test]
fn events_say_in_which_part_they_were_made() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let import = Segment::new("import");
        import.enter(|| EventTracker::new("outside").finish());
        let row = import.child("row");
        let parse = row.child("parse");
        parse.enter(|| {
            EventTracker::new("inside").enter(|| EventTracker::new("deeper").finish());
            segment!("digits", EventTracker::new("innermost").finish());
        });
        row.enter(|| EventTracker::new("between").finish());
    });
    let import = recorder.one("segment");
    let part = |fp: &str| recorder.one(fp)["segment"].clone();
    assert_eq!(part("inside"), "row/parse");
    assert_eq!(part("innermost"), "row/parse/digits");
    assert_eq!(part("between"), "row");
    assert_eq!(
        (part("outside"), part("deeper")),
        (Value::Null, Value::Null)
    );
    for fp in ["outside", "inside", "innermost", "between"] {
        assert!(recorder.one(fp).is_child_of(&import), "{fp}");
    }
    assert!(recorder.one("deeper").is_child_of(&recorder.one("inside")));
}

#[tokio::test]
async fn futures_are_timed_over_their_polls_and_keep_their_parts_apart() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let import = Segment::new("import");
            let step = |name: &'static str| async move {
                segment!("step", async move {
                    tokio::task::yield_now().await;
                    EventTracker::new(name).finish();
                    segment!("inner", async {
                        tokio::task::yield_now().await;
                    })
                    .await;
                })
                .await;
            };
            let both = async { tokio::join!(step("one"), step("two")) };
            import.scope(both).await;
        })
        .await;
    let event = recorder.one("segment");
    assert_eq!(counted(&event), pairs(&[("step", 2)]));
    assert_eq!(children(&event["childs"][0]), pairs(&[("inner", 2)]));
    for fp in ["one", "two"] {
        assert_eq!(recorder.one(fp)["segment"], "step");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_counts_until_then() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let import = Segment::new("import");
            let never = import.scope(segment!("never", async {
                std::future::pending::<()>().await;
            }));
            let _ = tokio::time::timeout(Duration::ZERO, never).await;
        })
        .await;
    assert_eq!(counted(&recorder.one("segment")), pairs(&[("never", 1)]));
}

#[test]
fn threads_and_tasks_share_a_segment() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let import = Segment::new("import");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| import.child("row").finish()));
            }
        });
        // What has only the context finds the segment by it.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let tasks = import.scope(async {
            let task = || async { segment!("task", ()) };
            for handle in [(); 4].map(|()| gomon_core::spawn(task())) {
                handle.await.unwrap();
            }
            tokio::spawn(task().in_current()).await.unwrap();
        });
        runtime.block_on(tasks);
    });
    assert_eq!(
        counted(&recorder.one("segment")),
        pairs(&[("row", 4000), ("task", 5)])
    );
}

#[test]
fn a_child_may_end_on_another_thread_and_have_parts_there() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let import = Segment::new("import");
        let row = import.child("row");
        std::thread::scope(|scope| {
            scope.spawn(|| row.child("parse").finish());
        });
        std::thread::scope(|scope| {
            scope.spawn(move || row.finish());
        });
    });
    let event = recorder.one("segment");
    assert_eq!(counted(&event), pairs(&[("row", 1)]));
    assert_eq!(children(&event["childs"][0]), pairs(&[("parse", 1)]));
}

#[test]
fn cpu_time_is_measured_where_it_is_asked_for() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let busy = Segment::new("busy").with_cpu();
        {
            let _child = busy.child("spin");
            (0..100_000u64).for_each(|n| {
                std::hint::black_box(n);
            });
        }
        busy.enter(|| segment!("macro", std::thread::sleep(Duration::from_millis(5))));
        Segment::new("plain").child("spin").finish();
    });
    let events = recorder.find("segment");
    let named = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
    let [spin, slept] = [0, 1].map(|at| named("busy")["childs"][at].clone());
    assert!(
        spin["cpu"].as_u64() > Some(0) && spin["cpu"].as_u64() <= spin["total_lapsed"].as_u64()
    );
    // Asleep it has none.
    assert!(slept["cpu"].as_u64().unwrap() * 2 < slept["total_lapsed"].as_u64().unwrap());
    assert_eq!(named("plain")["childs"][0].get("cpu"), None);
}

#[test]
fn children_past_the_limit_are_counted_as_cut() {
    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| (0..300).map(|n| n.to_string()).collect());
    let recorder = Recorder::new();
    recorder.run(|| {
        let import = Segment::new("import");
        NAMES.iter().for_each(|name| import.child(name).finish());
    });
    let event = recorder.one("segment");
    // What is too large for an event is cut off too.
    let kept = u64::try_from(counted(&event).len()).unwrap();
    assert!((150..=256).contains(&kept), "{kept}");
    assert!(event["gomon:dropped"]["childs"].as_u64() >= Some(300 - kept));
    assert!(event.to_string().len() <= 64 << 10);
}

#[test]
fn a_panic_ends_the_segment_and_what_was_entered() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let panicked = std::panic::catch_unwind(|| {
            Segment::new("import").enter(|| segment!("row", panic!("no")))
        });
        assert!(panicked.is_err());
        EventTracker::new("afterwards").finish();
    });
    let event = recorder.one("segment");
    assert_eq!(
        (event.outcome(), counted(&event)),
        ("panicked", pairs(&[("row", 1)]))
    );
    let afterwards = recorder.one("afterwards");
    assert!(!afterwards.is_child_of(&event) && afterwards.get("segment").is_none());
}

#[test]
fn where_nothing_is_recorded_nothing_is_counted_and_all_runs() {
    let recorder = Recorder::new();
    let sum = recorder.run(|| {
        gomon_core::unmonitored(|| {
            let import = Segment::new("import").with_cpu();
            let row = import.child("row");
            import.enter(|| row.enter(|| row.child("parse").enter(|| segment!("add", 1 + 1))))
        })
    });
    assert_eq!((sum, recorder.events().len()), (2, 0));
}
