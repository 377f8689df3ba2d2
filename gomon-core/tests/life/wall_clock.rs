//! The system's clock is set while gomon runs, or is wrong from the start. Each test runs a process of its own under
//! libfaketime, which answers for the wall clock alone; the monotonic one stays true.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use gomon_core::{EventTracker, monotonic};
use serde_json::Value;

use crate::support::{Sink, builder, turn};

#[test]
fn a_clock_set_back_an_hour_takes_no_event_back() {
    under_clock("+0", "-1h");
}

#[test]
fn a_clock_set_forward_a_year_leaves_the_lengths_of_events_as_they_are() {
    under_clock("+0", "+1y");
}

#[test]
fn a_clock_that_falls_to_1970_does_no_harm() {
    under_clock("+0", "@1970-01-01 00:00:01");
}

#[test]
fn a_process_may_start_in_1970() {
    under_clock("@1970-01-01 00:00:00", "+0");
}

#[test]
fn a_process_may_start_after_2262_when_nanoseconds_leave_63_bits() {
    under_clock("@2262-04-12 00:00:00", "@2300-01-01 00:00:00");
}

/// Runs [`events_stay_in_order_while_the_clock_is_set`] in a process whose wall clock shows `first` and is then set
/// to `second`.
fn under_clock(first: &str, second: &str) {
    let Some(library) = libfaketime() else {
        println!("left out: the wall clock's faults, for which libfaketime is missing");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    std::fs::write(&clock, first).unwrap();
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("TZ", "UTC")
        .env(CLOCK, &clock)
        .env(SECOND, second)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by the others, with a clock that can be set"]
fn events_stay_in_order_while_the_clock_is_set() {
    let (Some(clock), Ok(second)) = (std::env::var_os(CLOCK), std::env::var(SECOND)) else {
        return;
    };
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(sink.listener()).start().unwrap();
    let (before, begin) = (wall(), monotonic());
    let mut parent = EventTracker::new("parent");
    parent.enter(|| EventTracker::new("first").finish());
    std::fs::write(clock, second).unwrap();
    assert!(wall().abs_diff(before) > ENOUGH, "the clock was not set");
    parent.enter(|| EventTracker::new("second").finish());
    parent.finish();
    let real = monotonic() - begin;
    assert_eq!(gomon.shutdown().dropped(), 0);

    let events = sink.events();
    let find = |fp: &str| events.iter().find(|event| event["gomon:fp"] == fp).unwrap();
    let order = [
        "application",
        "parent",
        "first",
        "second",
        "gomon-self",
        "application-end",
    ];
    let starts: Vec<u64> = order.map(|fp| start(find(fp))).to_vec();
    assert!(starts.is_sorted(), "{starts:?}");
    assert!(
        starts[1].abs_diff(before) < ENOUGH,
        "{} at {before}",
        starts[1]
    );
    for event in &events {
        let lapsed = event["gomon:lapsed"].as_u64().unwrap();
        let longest = u64::try_from(real.as_nanos()).unwrap();
        assert!(event["gomon:fp"] != "parent" || lapsed <= longest);
    }
}

fn start(event: &Value) -> u64 {
    event["gomon:start"].as_u64().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the clock under test")]
fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

fn libfaketime() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let mut places = libraries.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
    places.find(|place| Path::exists(place))
}

const CHILD: &str = "wall_clock::events_stay_in_order_while_the_clock_is_set";
const CLOCK: &str = "GOMON_TEST_CLOCK";
const SECOND: &str = "GOMON_TEST_CLOCK_SECOND";
/// What a process may take between two looks at the clock, in nanoseconds.
const ENOUGH: u64 = 60_000_000_000;
