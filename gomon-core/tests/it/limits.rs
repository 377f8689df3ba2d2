use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EventTracker, Tree, Value};

#[test]
fn every_kind_of_value_comes_out_as_json() {
    let event = recorded(|tracker| {
        tracker
            .set("null", None::<i64>)
            .set("bool", true)
            .set("min", i64::MIN)
            .set("max", u64::MAX)
            .set("float", 0.1)
            .set("nan", f64::NAN)
            .set("text", "a\u{1b}[31m\"\r\nb")
            .set("text-bytes", &b"plain"[..])
            .set("bytes", &[0xff, 0xfe][..])
            .set("static", Value::Static("name"))
            .set("list", Tree::from(vec![1, 2]))
            .set(
                "map",
                Tree::map()
                    .with("z", 1)
                    .with("a", Tree::map().with("b", "c")),
            );
    });
    assert_eq!(event["null"], serde_json::Value::Null);
    assert_eq!(
        (&event["min"], &event["max"]),
        (&i64::MIN.into(), &u64::MAX.into())
    );
    assert_eq!(
        (&event["float"], &event["nan"]),
        (&0.1.into(), &"NaN".into())
    );
    assert_eq!(
        (&event["text"], &event["text-bytes"]),
        (&"a\u{1b}[31m\"\r\nb".into(), &"plain".into())
    );
    assert_eq!(
        (&event["bytes"], &event["static"]),
        (&"//4=".into(), &"name".into())
    );
    assert_eq!(event["map"].to_string(), r#"{"z":1,"a":{"b":"c"}}"#);
}

#[test]
fn a_key_set_twice_keeps_the_last_value_at_the_first_place() {
    let event = recorded(|tracker| {
        tracker.set("a", 1).set("b", 2).set("a", 3);
    });
    assert_eq!(
        (&event["a"], event.to_string().matches("\"a\":").count()),
        (&3.into(), 1)
    );
}

#[test]
fn strings_keys_and_attributes_past_the_limits_are_cut_and_counted() {
    let event = recorded(|tracker| {
        tracker.set("long", "x".repeat(9 << 10));
        for key in keys(200) {
            tracker.set(key, 1);
        }
    });
    assert_eq!(event["long"].as_str().unwrap().len(), 8 << 10);
    assert_eq!(
        event["gomon:dropped"],
        serde_json::json!({"long": 1 << 10, "keys": 73})
    );
}

#[test]
fn no_event_gets_larger_than_64_kib_whatever_is_set() {
    let event = recorded(|tracker| {
        for _ in 0..100 {
            tracker.add_error_msg("\u{1}".repeat(2 << 10));
        }
        for key in keys(100) {
            tracker.set(key, "\u{1}".repeat(8 << 10));
        }
        tracker.set(
            "tree",
            Tree::from(vec![Tree::from("y".repeat(8 << 10)); 300]),
        );
    });
    assert!(
        event.to_string().len() <= 64 << 10,
        "{}",
        event.to_string().len()
    );
    assert!(
        event["gomon:dropped"]["error"].as_u64() >= Some(68),
        "{}",
        event["gomon:dropped"]
    );
}

#[test]
fn bytes_and_deep_trees_count_as_what_they_take() {
    let zeroes = Tree::List(vec![Tree::List(vec![Tree::Bytes(vec![0; 256]); 64]); 10]);
    let flat = Tree::List(vec![Tree::List(vec![Tree::List(vec![]); 256]); 256]);
    let deep = (0..13).fold(flat, |tree, _| Tree::List(vec![tree]));
    for tree in [zeroes, deep] {
        let event = recorded(|tracker| {
            tracker.set("tree", tree);
        });
        assert!(
            event.to_string().len() <= 64 << 10,
            "{}",
            event.to_string().len()
        );
        assert!(event["gomon:dropped"]["tree"].as_u64() > Some(0));
    }
}

#[test]
fn a_key_set_again_and_again_takes_no_room_from_others() {
    let event = recorded(|tracker| {
        for n in 0..10_000_u64 {
            tracker.set("messages", n);
            tracker.set("text", "x".repeat(1000));
            tracker.set("tree", Tree::from(vec![n]));
        }
        tracker.set("user", "joe").add_error_msg("no");
    });
    assert_eq!(
        (&event["messages"], &event["tree"][0]),
        (&9999.into(), &9999.into())
    );
    assert_eq!(
        (&event["user"], &event["error"][0]["msg"]),
        (&"joe".into(), &"no".into())
    );
    assert_eq!(
        (
            event["text"].as_str().map(str::len),
            event.get("gomon:dropped")
        ),
        (Some(1000), None)
    );
}

#[test]
fn attributes_cannot_take_the_envelopes_names() {
    let event = recorded(|tracker| {
        tracker.set("id", "mine").set("gomon:fp", "mine");
    });
    assert_eq!(
        (&event["_id"], &event["_gomon:fp"]),
        (&"mine".into(), &"mine".into())
    );
    assert_eq!(event.fp(), "any");
}

#[test]
fn a_million_attributes_do_no_harm() {
    let event = recorded(|tracker| {
        for (n, key) in keys(1000).into_iter().cycle().take(1_000_000).enumerate() {
            tracker.set(key, n);
        }
    });
    assert_eq!(event["gomon:dropped"]["keys"], 1_000_000 - 128 * 1000);
}

fn recorded(fill: impl FnOnce(&mut EventTracker)) -> Recorded {
    let recorder = Recorder::new();
    recorder.run(|| fill(&mut EventTracker::new("any")));
    recorder.one("any")
}

fn keys(count: usize) -> Vec<&'static str> {
    (0..count).map(|n| &*format!("key{n}").leak()).collect()
}
