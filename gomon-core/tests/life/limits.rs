//! Limits as settings: what is beyond each of them is cut, and counted.

use gomon_core::{Config, Error, ErrorInfo, EventTracker, Limits, Tree, set_config};
use serde_json::{Value, json};

use crate::support::{Sink, builder, turn};

/// The event that comes out of these steps under these limits.
fn under(limits: Limits, steps: impl FnOnce(&mut EventTracker)) -> Value {
    let sink = Sink::default();
    let builder = builder().limits(limits).listener(sink.listener());
    let gomon = builder.start().unwrap();
    let mut tracker = EventTracker::new("large");
    steps(&mut tracker);
    tracker.finish();
    drop(gomon);
    let mut events = sink.events().into_iter();
    events.find(|event| event["gomon:fp"] == "large").unwrap()
}

fn key(of: usize) -> &'static str {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    &LETTERS[of..=of]
}

const LONG_KEY: &str = match std::str::from_utf8(&[b'k'; 300]) {
    Ok(key) => key,
    Err(_) => "",
};

#[test]
fn fewer_and_more_attributes() {
    let _turn = turn();
    let fill = |tracker: &mut EventTracker| {
        for of in 0..26 {
            tracker.set(key(of), 1);
        }
    };
    let event = under(Limits::new().keys(20), fill);
    assert_eq!((&event["t"], event.get("u")), (&json!(1), None));
    assert_eq!(event["gomon:dropped"], json!({"keys": 6}));
    assert_eq!(under(Limits::new(), fill).get("gomon:dropped"), None);
}

#[test]
fn longer_keys() {
    let _turn = turn();
    let event = under(Limits::new().key_bytes(200), |tracker| {
        tracker
            .set(LONG_KEY, 1)
            .set("map", Tree::map().with(LONG_KEY, 2));
    });
    assert_eq!(event[&LONG_KEY[..200]], 1);
    assert_eq!(event["map"][&LONG_KEY[..200]], 2);
    assert_eq!(event["gomon:dropped"]["map"], 100);
    // The key of the count has 128 bytes always.
    assert_eq!(event["gomon:dropped"][&LONG_KEY[..128]], 100);
}

#[test]
fn shorter_and_longer_strings() {
    let _turn = turn();
    for (limits, kept) in [
        (Limits::new().string_bytes(600), 600),
        (Limits::new().string_bytes(9000), 9000),
    ] {
        let event = under(limits, |tracker| {
            let text = "x".repeat(10_000);
            tracker
                .set("text", &text)
                .set("bytes", text.as_bytes())
                .set("list", Tree::from(vec![text.as_str()]));
        });
        for shown in [&event["text"], &event["bytes"], &event["list"][0]] {
            assert_eq!(shown.as_str().unwrap().len(), kept);
        }
        for name in ["text", "bytes", "list"] {
            assert_eq!(event["gomon:dropped"][name], 10_000 - kept, "{name}");
        }
    }
}

#[test]
fn fewer_entries_and_levels() {
    let _turn = turn();
    let deep = (0..9).fold(Tree::from(1), |tree, _| Tree::List(vec![tree]));
    let event = under(Limits::new().entries(3).depth(2), |tracker| {
        tracker
            .set("list", Tree::from(vec![1; 10]))
            .set("deep", deep)
            .set("read", Tree::serialize(&[[[1]; 1]; 5]));
    });
    assert_eq!(event["list"], json!([1, 1, 1]));
    assert_eq!(event["deep"], json!([[null]]));
    assert_eq!(event["read"], json!([[null], [null], [null]]));
    let dropped = &event["gomon:dropped"];
    assert_eq!((&dropped["list"], &dropped["deep"]), (&json!(7), &json!(1)));
}

#[test]
fn fewer_errors_with_shorter_messages_and_chains() {
    let _turn = turn();
    let limits = Limits::new().errors(2).message_bytes(64).chain(1);
    let event = under(limits, |tracker| {
        let innermost = std::io::Error::other("first cause");
        let inner = std::io::Error::other(Chained("second cause", innermost));
        tracker.push_error(ErrorInfo::new(&Chained("third", inner)));
        for _ in 0..4 {
            tracker.add_error_msg("x".repeat(100));
        }
    });
    let errors = event["error"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0]["chain"].as_array().unwrap().len(), 1, "{event}");
    assert_eq!(errors[1]["msg"].as_str().unwrap().len(), 64);
    // A cause, the rest of a message, and three errors.
    assert_eq!(event["gomon:dropped"]["error"], 1 + 36 + 3);
}

#[derive(Debug)]
struct Chained(&'static str, std::io::Error);

impl std::fmt::Display for Chained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Chained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.1)
    }
}

#[test]
fn fewer_children_inside() {
    let _turn = turn();
    let event = under(Limits::new().embedded(2), |tracker| {
        for _ in 0..5 {
            let child = tracker.child("detail");
            tracker.embed(child);
        }
    });
    assert_eq!(event["children"].as_array().unwrap().len(), 2);
    assert_eq!(event["gomon:dropped"]["children"], 3);
}

#[test]
fn smaller_and_larger_events() {
    let _turn = turn();
    for bytes in [40 << 10, 256 << 10] {
        let limits = Limits::new().event_bytes(bytes).string_bytes(64 << 10);
        let event = under(limits, |tracker| {
            for of in 0..26 {
                tracker.set(key(of), "x".repeat(20_000));
            }
        });
        let len = event.to_string().len();
        assert!((bytes - (24 << 10)..=bytes).contains(&len), "{len}");
        assert!(event["gomon:dropped"]["z"].as_u64() > Some(0));
    }
}

#[test]
fn a_configuration_changes_them_while_gomon_runs() {
    let _turn = turn();
    let parse = |json: &str| serde_json::from_str::<Config>(json).unwrap();
    let event = under(Limits::new().entries(5), |tracker| {
        let list = || Tree::from(vec![1; 10]);
        tracker.set("before", list());
        set_config(parse(r#"{"limits": {"entries": 2, "keys": 20}}"#)).unwrap();
        // This one has what lies beside it already, and goes on as it began.
        tracker.set("after", list());
        let mut later = tracker.child("later");
        later.set("list", list());
        tracker.embed(later);
    });
    assert_eq!(event["before"].as_array().unwrap().len(), 5);
    assert_eq!(event["after"].as_array().unwrap().len(), 5);
    assert_eq!(event["children"][0]["list"], json!([1, 1]));

    // It holds for the next start too, unless the builder says otherwise.
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let mut tracker = EventTracker::new("next");
    tracker.set("list", Tree::from(vec![1; 10]));
    tracker.finish();
    drop(gomon);
    let mut events = sink.events().into_iter();
    let next = events.find(|event| event["gomon:fp"] == "next").unwrap();
    assert_eq!(next["list"], json!([1, 1]));
    set_config(parse(r#"{"limits": {"entries": 256, "keys": 128}}"#)).unwrap();
}

#[test]
fn a_limit_out_of_its_bounds_is_an_error_that_names_it() {
    let _turn = turn();
    let error = builder()
        .limits(Limits::new().depth(0))
        .start()
        .unwrap_err();
    assert!(matches!(
        error,
        Error::Limit {
            name: "depth",
            bounds: (1, 64),
            value: 0,
            ..
        }
    ));
    assert!(matches!(
        builder()
            .limits(Limits::new().event_bytes(usize::MAX))
            .start(),
        Err(Error::Limit {
            name: "event_bytes",
            ..
        })
    ));
}
