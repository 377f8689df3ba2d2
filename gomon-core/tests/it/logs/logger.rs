//! Lines of `log`.

use std::fmt::{self, Display};
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use env_logger::Target;
use gomon_core::logs::GomonLogger;
use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, log_ids};
use log::{LevelFilter, Log, Metadata, Record, debug, error, info, warn};
use serde_json::json;

use super::support::{Panicking, Pipe, ids_of};

#[test]
fn a_line_is_a_child_of_what_is_current_and_says_what_was_logged_where() {
    let (recorder, logger) = (recorder(), GomonLogger::new());
    let line = line!() + 2;
    recorder.run(|| {
        EventTracker::new("pay").enter(|| info!(logger: logger, "paid {} times", 2));
        warn!(logger: logger, target: "shop::till", "closed");
    });

    let logs = recorder.find("log");
    assert!(logs[0].is_child_of(&recorder.one("pay")));
    assert_eq!(logs[0]["level"], "info");
    assert_eq!(logs[0]["target"], module_path!());
    assert_eq!(logs[0]["message"], "paid 2 times");
    assert_eq!(logs[0]["location"], format!("{}:{line}", file!()));
    assert_eq!((logs[0].outcome(), logs[0].lapsed()), ("completed", 0));
    assert_eq!(logs[0].get("fields"), None);
    assert_eq!(logs[1]["level"], "warn");
    assert_eq!(logs[1]["target"], "shop::till");
    assert_eq!(logs[1]["message"], "closed");
}

#[test]
fn names_and_values_of_a_line_are_its_fields_and_secrets_are_masked() {
    let (recorder, logger) = (recorder(), GomonLogger::new());
    recorder.run(|| {
        let price = 2.5;
        info!(logger: logger, order = 7, big = u64::MAX, price, paid = true, who:% = "ada", api_key = "abc"; "paid");
    });
    let fields = &recorder.one("log")["fields"];
    let expected = json!({"order": 7, "big": u64::MAX, "price": 2.5, "paid": true, "who": "ada", "api_key": "[redacted]"});
    assert_eq!(fields, &expected);
}

#[test]
fn lines_past_the_level_reach_the_logger_behind_alone() {
    let pipe = Pipe::default();
    let recorder = recorder();
    let logger = GomonLogger::new()
        .target_level("noisy", LevelFilter::Error)
        .target_level("watched", LevelFilter::Debug)
        .then(env_logger_to(&pipe));
    recorder.run(|| {
        debug!(logger: logger, "one");
        info!(logger: logger, target: "noisy::inside", "two");
        debug!(logger: logger, target: "watched", "three");
        error!(logger: logger, target: "noisy", "four");
    });
    assert_eq!(messages(&recorder), ["three", "four"]);
    assert_eq!(pipe.text(), " one\n two\n three\n four\n");
}

#[test]
fn who_asks_for_more_gets_more() {
    let recorder = recorder();
    let logger = GomonLogger::new().max_level(LevelFilter::Debug);
    let quiet = GomonLogger::new().max_level(LevelFilter::Off);
    recorder.run(|| {
        debug!(logger: logger, "one");
        error!(logger: quiet, "two");
        assert!(logger.enabled(&debug_metadata()));
        assert!(!quiet.enabled(&debug_metadata()));
    });
    assert_eq!(messages(&recorder), ["one"]);
}

#[test]
fn a_line_that_env_logger_formats_carries_the_ids_of_its_request() {
    let pipe = Pipe::default();
    let recorder = recorder();
    let logger = GomonLogger::new().then(env_logger_to(&pipe));
    recorder.run(|| {
        EventTracker::new("pay").enter(|| info!(logger: logger, "paid"));
        info!(logger: logger, "idle");
    });
    let ids = ids_of(&recorder.one("pay"));
    assert_eq!(pipe.text(), format!("{ids} paid\n idle\n"));
}

#[test]
fn a_value_that_panics_while_it_is_formatted_harms_nobody() {
    let (recorder, logger) = (recorder(), GomonLogger::new());
    recorder.run(|| info!(logger: logger, value:% = Panicking; "a {Panicking}"));
    let log = recorder.one("log");
    assert_eq!(log["message"], "a half [its Display panicked]");
    assert_eq!(log["fields"]["value"], "half [its Display panicked]");
}

#[test]
fn a_value_that_logs_when_it_is_displayed_is_taken_once_and_does_not_loop() {
    static PIPE: LazyLock<Pipe> = LazyLock::new(Pipe::default);
    static LOGGER: LazyLock<GomonLogger> =
        LazyLock::new(|| GomonLogger::new().then(env_logger_to(&PIPE)));
    struct Talkative;
    impl Display for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(logger: *LOGGER, "displayed");
            f.write_str("talkative")
        }
    }
    let recorder = recorder();
    recorder.run(|| info!(logger: *LOGGER, "{Talkative}"));
    let mut messages = messages(&recorder);
    messages.sort_unstable();
    assert_eq!(messages, ["displayed", "talkative"]);
    let text = PIPE.text();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [" displayed", " talkative"]);
}

#[test]
fn a_long_text_is_cut_and_counted() {
    let (recorder, logger) = (recorder(), GomonLogger::new());
    let long = "x".repeat(10_000);
    recorder.run(|| info!(logger: logger, note:% = long; "{long}"));
    let log = recorder.one("log");
    assert_eq!(log["message"].as_str().unwrap().len(), 8192);
    assert_eq!(
        log["gomon:dropped"],
        json!({"message": 1808, "fields": 1808})
    );
}

#[test]
fn what_is_logged_where_nothing_is_monitored_reaches_the_logger_behind_alone() {
    let pipe = Pipe::default();
    let recorder = recorder();
    let logger = GomonLogger::new().then(env_logger_to(&pipe));
    recorder.run(|| gomon_core::unmonitored(|| info!(logger: logger, "quiet")));
    assert_eq!(messages(&recorder), [""; 0]);
    assert_eq!(pipe.text(), " quiet\n");
}

#[test]
fn flushing_flushes_the_logger_behind() {
    static FLUSHED: Mutex<u32> = Mutex::new(0);
    struct Flushing;
    impl Log for Flushing {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {}
        fn flush(&self) {
            *FLUSHED.lock().unwrap() += 1;
        }
    }
    GomonLogger::new().then(Flushing).flush();
    assert_eq!(*FLUSHED.lock().unwrap(), 1);
}

/// A recorder; and `log` lets everything through.
fn recorder() -> Recorder {
    log::set_max_level(LevelFilter::Trace);
    Recorder::new()
}

fn env_logger_to(pipe: &Pipe) -> impl Log + use<> {
    env_logger::Builder::new()
        .filter_level(LevelFilter::Trace)
        .format(|out, record| writeln!(out, "{} {}", log_ids(), record.args()))
        .target(Target::Pipe(Box::new(pipe.clone())))
        .build()
}

fn messages(recorder: &Recorder) -> Vec<String> {
    let text = |log: &gomon_core::testing::Recorded| log["message"].as_str().unwrap().to_owned();
    recorder.find("log").iter().map(text).collect()
}

fn debug_metadata() -> Metadata<'static> {
    Metadata::builder().level(log::Level::Debug).build()
}
