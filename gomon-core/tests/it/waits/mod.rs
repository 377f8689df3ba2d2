//! Where the time of a unit goes: docs/events.md, section 3, `busy`, `ready` and `wait`.

mod joined;
mod kept;
mod named;
mod tasks;
mod threads;

use gomon_core::testing::Recorded;
use serde_json::Value;

/// The kinds that an event waited for, in order.
fn waited(event: &Recorded) -> Vec<&str> {
    let wait = event["wait"].as_object().expect("`wait` is a map");
    wait.keys().map(String::as_str).collect()
}

/// How long it waited for a kind, in nanoseconds.
fn wait_for(event: &Recorded, kind: &str) -> u64 {
    event["wait"].get(kind).and_then(Value::as_u64).unwrap_or(0)
}

/// "busy + ready + wait = lapsed"
#[track_caller]
fn assert_adds_up(event: &Recorded) {
    let nanos = |key: &str| event[key].as_u64().expect("nanoseconds");
    let wait = event["wait"].as_object().expect("`wait` is a map");
    let wait: u64 = wait.values().filter_map(Value::as_u64).sum();
    assert_eq!(
        nanos("busy") + nanos("ready") + wait,
        event.lapsed(),
        "{event}"
    );
}
