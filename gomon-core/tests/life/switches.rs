//! Live switches: what they keep, what they measure, and when they are over.

use std::sync::Arc;
use std::time::Duration;

use gomon_core::switch::{self, SetBy, Switch};
use gomon_core::{
    Capture, Config, Context, EndGuard, Error, EventTracker, Sampling, Segment, builder, capture,
    monotonic, set_config,
};
use serde_json::Value;

use crate::support::{DEADLINE, Sink, turn};

/// Ends what a test has turned on, also when it fails.
struct AllOff;

impl Drop for AllOff {
    fn drop(&mut self) {
        for state in switch::list() {
            let _ = switch::turn_off(&state.name);
        }
    }
}

fn request(user: &str) -> EventTracker {
    let mut request = EventTracker::in_context("request", Context::application());
    request.enter(|| {
        let mut query = EventTracker::new("query");
        query.enter(|| EventTracker::new("row").finish());
        gomon_core::current().set("user", user);
    });
    request
}

fn set(json: &str) -> Result<(), Error> {
    set_config(serde_json::from_str(json).unwrap())
}

/// The `log` events about switches: state and message.
fn said(sink: &Sink) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let events = sink.events().into_iter();
    let about = events.filter(|event| event["target"] == "gomon::switch");
    about
        .map(|event| (text(&event["fields"]["state"]), text(&event["message"])))
        .collect()
}

#[test]
fn the_whole_trace_of_a_user_is_kept_and_no_other() {
    let (_turn, _off) = (turn(), AllOff);
    let sink = Sink::default();
    let gomon = builder()
        .sampling(Sampling::ratio(0.0))
        .listener(sink.listener())
        .start()
        .unwrap();
    let ada = Switch::new("ada").user("ada").full_sampling();
    ada.turn_on().unwrap();
    for user in ["joe", "ada", "eve", "Ada"] {
        request(user).finish();
    }
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(switch::list()[0].matched, 2);
    drop(gomon);
    let events = sink.events();
    let kept: Vec<_> = events
        .iter()
        .filter(|event| event.get("gomon:weight").is_some())
        .collect();
    assert_eq!(kept.len(), 6, "{kept:?}");
    assert!(kept.iter().all(|event| event["gomon:weight"] == 1.0));
    let users = kept.iter().filter_map(|event| event["user"].as_str());
    assert_eq!(users.collect::<Vec<_>>(), ["ada", "Ada"]);
}

#[test]
fn a_user_that_is_told_from_another_thread_keeps_the_trace_too() {
    let (_turn, _off) = (turn(), AllOff);
    let sink = Sink::default();
    let gomon = builder()
        .sampling(Sampling::ratio(0.0))
        .listener(sink.listener())
        .start()
        .unwrap();
    let ada = Switch::new("ada").user("17").full_sampling();
    ada.turn_on().unwrap();
    let request = EventTracker::new("request");
    let context = request.context();
    std::thread::scope(|scope| {
        scope.spawn(|| context.set("user", 17));
    });
    request.finish();
    drop(gomon);
    assert!(sink.fps().contains(&"request".to_owned()));
}

#[test]
fn a_header_takes_a_trace_back_that_its_head_had_left_out() {
    let (_turn, _off) = (turn(), AllOff);
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .listener(sink.listener())
        .start()
        .unwrap();
    let debug = Switch::new("debug").header("X-Debug", "1").full_sampling();
    debug.turn_on().unwrap();
    for value in ["0", "1"] {
        let mut request = EventTracker::new("request");
        request.tell_switches(None, |name, each| {
            assert_eq!(name, "x-debug");
            each(value.as_bytes());
        });
        assert_eq!(request.is_recording(), value == "1");
        request.enter(|| EventTracker::new("query").finish());
    }
    drop(gomon);
    let fps = sink.fps();
    let asked = ["request", "query"].map(|fp| fps.iter().filter(|other| *other == fp).count());
    assert_eq!(asked, [1, 1]);
}

#[test]
fn a_switch_is_over_at_its_time_and_that_is_said_within_a_second() {
    let (_turn, _off) = (turn(), AllOff);
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let lasting = Duration::from_millis(300);
    let begun = monotonic();
    let rows = Switch::new("rows").fingerprint("query").rows(5);
    rows.lasting(lasting).turn_on().unwrap();
    let own = Arc::new(Capture::safe());
    let query = EventTracker::new("query");
    let mut last_on = begun;
    while query.capture(&own).rows() == 5 {
        last_on = monotonic();
        assert!((monotonic() - begun) < lasting + Duration::from_secs(1));
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert!(
        (monotonic() - begun) >= lasting && last_on - begun <= lasting + Duration::from_secs(1)
    );
    while !said(&sink).iter().any(|(state, _)| state == "expired") {
        assert!(
            (monotonic() - begun) < lasting + Duration::from_secs(1),
            "{:?}",
            said(&sink)
        );
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert!(switch::list().is_empty() && !switch::is_any_on());
    drop((query, gomon));
    let said = said(&sink);
    let states: Vec<_> = said.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(states, ["on", "expired"]);
    assert_eq!(
        said[0].1,
        "switch rows is on, by code: fingerprint query -> 5 rows, for 300ms"
    );
    assert!(
        said[1].1.ends_with("traces it took effect in: 1"),
        "{said:?}"
    );
}

#[test]
fn what_was_turned_on_before_the_start_is_said_after_it() {
    let (_turn, _off) = (turn(), AllOff);
    Switch::new("early").user("x").rows(1).turn_on().unwrap();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    assert!(switch::turn_off("early") && !switch::turn_off("early"));
    drop(gomon);
    let states: Vec<_> = said(&sink).into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["on", "off"]);
}

#[test]
fn a_switch_that_is_none_is_refused_and_changes_nothing() {
    let (_turn, _off) = (turn(), AllOff);
    let wrong = [
        Switch::new("a").rows(1),
        Switch::new("a").user("x"),
        Switch::new("").user("x").rows(1),
        Switch::new("a").user("x").rows(1_001),
        Switch::new("a").user("x").bodies(1 << 20),
        Switch::new("a").user("x").rows(1).lasting(Duration::ZERO),
        Switch::new("a").user("x".repeat(300)).rows(1),
    ];
    for switch in wrong {
        assert!(matches!(switch.turn_on(), Err(Error::Switch { .. })));
    }
    for number in 0..16 {
        let switch = Switch::new(format!("{number}")).user("x").rows(1);
        switch.turn_on().unwrap();
    }
    let error = Switch::new("16").user("x").rows(1).turn_on().unwrap_err();
    assert_eq!(error.to_string(), "switch 16: 16 others are on");
    assert_eq!(switch::list().len(), 16);
}

#[test]
fn a_configuration_turns_switches_on_and_off() {
    let (_turn, _off) = (turn(), AllOff);
    set(r#"{"switches": {"orders": {"route": "/orders/*", "bodies": 9, "lasting_ms": 60000}}}"#)
        .unwrap();
    let on = switch::list();
    assert_eq!(
        (on[0].name.as_str(), on[0].set_by),
        ("orders", SetBy::Configuration)
    );
    assert_eq!(on[0].what, "route /orders/* -> bodies of 9 B, for 60s");
    let mut request = EventTracker::new("request");
    request.tell_switches(Some("/orders/{id}"), |_, _| {});
    assert_eq!(
        request.capture(&capture()).bodies(),
        0,
        "gomon does not run"
    );
    for json in [
        r#"{"switches": {"orders": {"bodies": 9}}}"#,
        r#"{"switches": {"orders": {"route": "/", "bodies": 9, "for": "1s"}}}"#,
    ] {
        assert!(serde_json::from_str::<Config>(json).is_err());
    }
    assert!(switch::turn_off("orders"));
    set(r#"{"capture": "safe"}"#).unwrap();
    assert!(switch::list().is_empty(), "what was turned off stays off");
    set(r#"{"switches": {"users": {"user": "x", "rows": 1}}}"#).unwrap();
    set(r#"{"capture": "safe"}"#).unwrap();
    assert_eq!(switch::list().len(), 1);
    set(r#"{"switches": {}}"#).unwrap();
    assert!(switch::list().is_empty());
}

#[test]
fn a_profile_measures_units_and_segments() {
    let (_turn, _off) = (turn(), AllOff);
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let profile = Switch::new("profile").user("ada").profile();
    profile.turn_on().unwrap();
    for user in ["joe", "ada"] {
        let mut unit = EndGuard::unit(EventTracker::new("request"));
        unit.poll(|| {
            gomon_core::current().set("user", user);
            let segment = Segment::new("pricing");
            let busy = segment.child("busy");
            let until = monotonic() + Duration::from_millis(5);
            while monotonic() < until {
                std::hint::spin_loop();
            }
            drop(busy);
        });
        unit.finish(gomon_core::Outcome::Completed);
    }
    drop(gomon);
    let events = sink.events();
    let of = |fp: &str| -> Vec<_> {
        let of_kind = events.iter().filter(|event| event["gomon:fp"] == fp);
        of_kind.cloned().collect()
    };
    let (requests, segments) = (of("request"), of("segment"));
    assert!(requests[0].get("cpu").is_none() && segments[0]["childs"][0].get("cpu").is_none());
    let cpu = requests[1]["cpu"].as_u64().unwrap();
    let of_child = segments[1]["childs"][0]["cpu"].as_u64().unwrap();
    assert!(0 < of_child && of_child <= cpu, "{of_child} {cpu}");
    assert!(cpu <= requests[1]["gomon:lapsed"].as_u64().unwrap());
}

#[test]
fn what_a_request_spawns_is_part_of_it() {
    let (_turn, _off) = (turn(), AllOff);
    let gomon = builder().start().unwrap();
    let rows = Switch::new("rows").user("ada").fingerprint("query").rows(3);
    rows.turn_on().unwrap();
    let seen = async |user: &'static str| {
        let mut request = EventTracker::in_context("request", Context::application());
        let spawned = request.enter(|| {
            gomon_core::current().set("user", user);
            gomon_core::spawn(async {
                let own = Arc::new(Capture::safe());
                let [query, other] = ["query", "call"].map(EventTracker::new);
                (query.capture(&own).rows(), other.capture(&own).rows())
            })
        });
        spawned.await.unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(seen("ada")), (3, 0));
    assert_eq!(runtime.block_on(seen("joe")), (0, 0));
    drop(gomon);
}
