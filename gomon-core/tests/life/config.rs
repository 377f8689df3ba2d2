//! Settings from outside the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use gomon_core::mask::Detectors;
use gomon_core::{
    Config, DropReason, Error, Event, EventTracker, ListenerOptions, capture, set_application_id,
    set_config, stats,
};

use crate::support::{DEADLINE, Load, Sink, account, assert_ledger, builder, turn};

fn parse(json: &str) -> Config {
    serde_json::from_str(json).unwrap()
}

/// What holds without any.
const AS_IT_WAS: &str = r#"{"capture": "safe", "detectors": [], "report_interval_ms": 60000, "root": {},
    "listeners": {"tail": {"max_events": 8192, "on_full": "drop-newest"},
                  "sink": {"max_events": 8192, "on_full": "drop-newest"}}}"#;

#[test]
fn a_configuration_holds_for_the_next_start_and_what_the_builder_says_comes_first() {
    let _turn = turn();
    set_config(parse(
        r#"{"application_id": "configured", "capture": "minimal", "report_interval_ms": 1}"#,
    ))
    .unwrap();
    assert!(!capture().headers());
    for (id, expected) in [(None, "configured"), (Some("built"), "built")] {
        let sink = Sink::default();
        let interval = Duration::from_secs(3600);
        let builder = match id {
            None => builder(),
            Some(id) => builder().application_id(id).report_interval(interval),
        };
        let gomon = builder.listener(sink.listener()).start().unwrap();
        match id {
            None => sink.wait_for(4),
            Some(_) => gomon_core::flush(DEADLINE).unwrap(),
        }
        drop(gomon);
        assert_eq!(sink.events()[0]["app-id"], expected);
        assert_eq!(sink.fps().len() > 3, id.is_none(), "many reports, or one");
    }
    set_config(parse(AS_IT_WAS)).unwrap();
    set_application_id("life").unwrap();
}

#[test]
fn detectors_are_kept_when_another_preset_is_chosen() {
    let _turn = turn();
    let emails = Detectors::none().with_emails();
    set_config(parse(r#"{"detectors": ["emails"]}"#)).unwrap();
    assert_eq!(capture().detectors(), emails);
    assert!(capture().headers(), "the rest is as it was");
    set_config(parse(r#"{"capture": "minimal"}"#)).unwrap();
    assert_eq!(
        (capture().detectors(), capture().headers()),
        (emails, false)
    );
    set_config(parse(AS_IT_WAS)).unwrap();
    assert_eq!(capture().detectors(), Detectors::none());
}

#[test]
fn another_application_id_is_refused_while_gomon_runs_and_nothing_else_is_changed_then() {
    let _turn = turn();
    let gomon = builder().application_id("one").start().unwrap();
    let both = parse(r#"{"application_id": "two", "capture": "minimal"}"#);
    assert!(matches!(set_config(both), Err(Error::AlreadyStarted)));
    assert!(capture().headers());
    set_config(parse(r#"{"application_id": "one"}"#)).unwrap();
    drop(gomon);
}

#[test]
fn what_passes_and_how_much_may_wait_change_while_gomon_runs() {
    let _turn = turn();
    let (tail, all) = (Sink::default(), Sink::default());
    let (release, released) = mpsc::sync_channel::<()>(0);
    let mut feed = tail.listener();
    let held = move |event: &Event| {
        if event.fp() == "hold" {
            let _ = released.recv();
        }
        feed(event);
    };
    let options = ListenerOptions::new().stuck_after(Duration::MAX);
    let gomon = builder()
        .listener_with(options.name("tail"), held)
        .named_listener("all", all.listener())
        .start()
        .unwrap();
    set_config(parse(
        r#"{"root": {"exclude": ["noise"]},
            "listeners": {"tail": {"max_events": 3, "on_full": "drop-oldest"}}}"#,
    ))
    .unwrap();
    for (count, fp) in ["hold", "noise", "a", "b", "c"].into_iter().enumerate() {
        EventTracker::new(fp).finish();
        // One batch each.
        all.wait_for(count + 2 - usize::from(count > 0));
    }
    drop(release);
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(all.fps(), ["application", "hold", "a", "b", "c"]);
    assert_eq!(tail.fps(), ["application", "hold", "b", "c"]);
    let report = stats();
    assert_ledger(&report);
    let lost = [(DropReason::QueueFull, 1), (DropReason::Filtered, 1)];
    assert_eq!(account(&report, "tail").dropped, lost);
    set_config(parse(r#"{"root": {"sampling": {"ratio": 0}}}"#)).unwrap();
    // It is taken over by the next look of the bus.
    gomon_core::flush(DEADLINE).unwrap();
    EventTracker::new("work").finish();
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_eq!(
        account(&report, "all").dropped_for(DropReason::SampledOut),
        1
    );
    set_config(parse(AS_IT_WAS)).unwrap();
    drop(gomon);
}

#[test]
fn ten_thousand_changes_under_load_lose_nothing_that_is_not_counted() {
    let _turn = turn();
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let sink = move |_: &Event| {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let gomon = builder().named_listener("sink", sink).start().unwrap();
    let load = Load::default();
    let configs = [
        r#"{"root": {"exclude": ["work"]}, "listeners": {"sink": {"max_events": 1}}}"#,
        r#"{"root": {"sampling": {"ratio": 0.5, "keep": ["rare"]}}, "capture": "full"}"#,
        r#"{"root": {"limit": 100}, "listeners": {"sink": {"on_full": "drop-oldest"}}}"#,
        r#"{"root": {}, "capture": "safe", "listeners": {"sink": {"max_events": 8192}}}"#,
    ]
    .map(parse);
    std::thread::scope(|scope| {
        let _end = load.ends_on_drop();
        scope.spawn(|| {
            while load.goes_on() {
                (0..50).for_each(|_| EventTracker::new("work").finish());
                gomon_core::flush(DEADLINE).unwrap();
            }
        });
        for config in configs.iter().cycle().take(10_000) {
            set_config(config.clone()).unwrap();
        }
    });
    set_config(parse(AS_IT_WAS)).unwrap();
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(report.delivered(), seen.load(Ordering::Relaxed));
}

#[test]
fn what_passes_by_configuration_holds_for_all_runs_beside_the_filter_of_one() {
    let _turn = turn();
    set_config(parse(r#"{"root": {"exclude": ["noise"]}}"#)).unwrap();
    for filtered in [true, false] {
        let sink = Sink::default();
        let builder = match filtered {
            true => builder().filter(|event| event.fp() != "unwanted"),
            false => builder(),
        };
        let gomon = builder.listener(sink.listener()).start().unwrap();
        for fp in ["noise", "unwanted", "work"] {
            EventTracker::new(fp).finish();
        }
        gomon_core::flush(DEADLINE).unwrap();
        match filtered {
            true => assert_eq!(sink.fps(), ["application", "work"]),
            false => assert_eq!(sink.fps(), ["application", "unwanted", "work"]),
        }
        // Also what is set while gomon runs outlives it.
        set_config(parse(r#"{"root": {"exclude": ["noise", "more"]}}"#)).unwrap();
        drop(gomon);
    }
    set_config(parse(AS_IT_WAS)).unwrap();
}

#[test]
fn the_sampling_of_a_configuration_takes_the_place_of_the_builders() {
    let _turn = turn();
    set_config(parse(r#"{"root": {"sampling": {"ratio": 1}}}"#)).unwrap();
    let sink = Sink::default();
    let gomon = builder()
        .sampling(gomon_core::Sampling::ratio(0.0))
        .listener(sink.listener())
        .start()
        .unwrap();
    EventTracker::new("kept").finish();
    gomon_core::flush(DEADLINE).unwrap();
    set_config(parse(AS_IT_WAS)).unwrap();
    gomon_core::flush(DEADLINE).unwrap();
    EventTracker::new("not kept").finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(sink.fps(), ["application", "kept"]);
    drop(gomon);
}

#[test]
fn sampling_that_is_changed_holds_for_all_that_ends_afterwards() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for (ratio, kept) in [("0.0", 0), ("1.0", 10), ("0.0", 0), ("1.0", 10)] {
        let before = sink.events().len();
        let config = format!(r#"{{"root": {{"sampling": {{"ratio": {ratio}}}}}}}"#);
        set_config(parse(&config)).unwrap();
        (0..10).for_each(|_| EventTracker::new("work").finish());
        gomon_core::flush(DEADLINE).unwrap();
        let events = sink.events();
        let work = events[before..]
            .iter()
            .filter(|event| event["gomon:fp"] == "work");
        assert_eq!(work.count(), kept, "at {ratio}");
    }
    set_config(parse(AS_IT_WAS)).unwrap();
    drop(gomon);
}
