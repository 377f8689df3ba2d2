//! Records of slog.

use std::fmt::{self, Display};
use std::io::Write;
use std::sync::Mutex;

use gomon_core::logs::GomonDrain;
use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, unmonitored};
use serde_json::json;
use slog::{Discard, Drain, FnValue, KV, Key, Level, Logger, OwnedKVList, Record, Serializer};
use slog::{crit, debug, error, info, o, warn};

use super::support::{Panicking, Pipe, ids_of};

#[test]
fn a_record_is_a_child_of_what_is_current_and_says_what_was_logged_where() {
    let recorder = Recorder::new();
    let logger = Logger::root(GomonDrain::new(Discard), o!("version" => 3));
    let line = line!() + 3;
    recorder.run(|| {
        EventTracker::new("pay").enter(|| {
            info!(logger, "paid {} times", 2; "order" => 7u8, "price" => 2.5, "paid" => true, "api_key" => "abc", "who" => "ada", "no" => ());
        });
        crit!(logger, # "till", "closed");
    });
    let logs = recorder.find("log");
    assert!(logs[0].is_child_of(&recorder.one("pay")));
    assert_eq!(
        (&logs[0]["level"], &logs[0]["message"]),
        (&json!("info"), &json!("paid 2 times"))
    );
    assert_eq!(logs[0]["target"], module_path!());
    assert_eq!(logs[0]["location"], format!("{}:{line}", file!()));
    let fields = json!({"order": 7, "price": 2.5, "paid": true, "api_key": "[redacted]", "who": "ada", "no": null, "version": 3});
    assert_eq!(logs[0]["fields"], fields);
    assert_eq!(
        (&logs[1]["level"], &logs[1]["target"]),
        (&json!("critical"), &json!("till"))
    );
}

#[test]
fn the_nearest_value_of_a_name_counts() {
    let recorder = Recorder::new();
    let outer = Logger::root(GomonDrain::new(Discard), o!("a" => 1, "b" => 1, "c" => 1));
    let inner = outer.new(o!("a" => 2, "b" => 2));
    recorder.run(|| info!(inner, "here"; "a" => 3));
    assert_eq!(
        recorder.one("log")["fields"],
        json!({"a": 3, "b": 2, "c": 1})
    );
}

#[test]
fn the_drain_behind_gets_every_record_with_the_ids_of_its_request() {
    let pipe = Pipe::default();
    let recorder = Recorder::new();
    let drain = GomonDrain::new(Lines(Mutex::new(pipe.clone())).fuse())
        .max_level(Level::Warning)
        .target_level("watched", Level::Debug);
    let logger = Logger::root(drain, o!());
    recorder.run(|| {
        EventTracker::new("pay").enter(|| warn!(logger, "paid"; "order" => 7));
        info!(logger, "left to the drain behind");
        debug!(logger, # "watched", "taken");
        unmonitored(|| error!(logger, "quiet"));
    });
    assert_eq!(recorder.tree(), "pay\n  log\nlog\n");
    let ids = ids_of(&recorder.one("pay"));
    let expected = format!("paid order=7 {ids}\nleft to the drain behind\ntaken\nquiet\n");
    assert_eq!(sorted_words(&pipe.text()), sorted_words(&expected));
}

#[test]
fn values_that_panic_or_log_while_they_are_formatted_harm_nobody() {
    struct Talkative<'a>(&'a Logger);
    impl Display for Talkative<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!(self.0, "displayed");
            f.write_str("talkative")
        }
    }
    let pipe = Pipe::default();
    let recorder = Recorder::new();
    let quiet = Logger::root(GomonDrain::new(Discard), o!());
    let logger = Logger::root(
        GomonDrain::new(Lines(Mutex::new(pipe.clone())).fuse()),
        o!(),
    );
    recorder.run(|| {
        info!(quiet, "a {}", Panicking; "b" => FnValue(|_| -> u32 { panic!("no value today") }));
        info!(logger, "{}", Talkative(&logger));
    });
    let logs = recorder.find("log");
    let mut messages: Vec<_> = logs
        .iter()
        .map(|log| log["message"].as_str().unwrap())
        .collect();
    messages.sort_unstable();
    assert_eq!(
        messages,
        ["a half [its Display panicked]", "displayed", "talkative"]
    );
    assert_eq!(pipe.text(), "displayed\ntalkative\n");
}

/// Writes the text and the pairs of each record.
struct Lines(Mutex<Pipe>);

impl Drain for Lines {
    type Ok = ();
    type Err = slog::Error;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> slog::Result {
        struct Pairs(String);
        impl Serializer for Pairs {
            fn emit_arguments(&mut self, key: Key, value: &fmt::Arguments<'_>) -> slog::Result {
                self.0 += &format!(" {key}={value}");
                Ok(())
            }
        }
        // What a value logs while it is formatted comes first.
        let message = record.msg().to_string();
        let mut pairs = Pairs(String::new());
        record.kv().serialize(record, &mut pairs)?;
        values.serialize(record, &mut pairs)?;
        writeln!(self.0.lock().unwrap(), "{message}{}", pairs.0)?;
        Ok(())
    }
}

/// Pairs come in any order.
fn sorted_words(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| {
            let mut words: Vec<_> = line.split(' ').collect();
            words.sort_unstable();
            words
        })
        .collect()
}
