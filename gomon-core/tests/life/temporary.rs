//! Settings for a time.

use std::time::Duration;

use gomon_core::{Capture, Error, capture, end_temporary_config, set_config, set_config_for};

use crate::support::{Sink, builder, turn, until};

fn config(json: &str) -> gomon_core::Config {
    serde_json::from_str(json).unwrap()
}

#[test]
fn they_are_over_everything_and_end_by_themselves() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .capture(Capture::safe())
        .listener(sink.listener())
        .start()
        .unwrap();
    let time = Duration::from_millis(300);
    set_config_for(config(r#"{"capture": "full"}"#), time).unwrap();
    assert_eq!(capture().rows(), 10);
    // What the program sets now is below, and holds afterwards.
    set_config(config(r#"{"capture": "minimal"}"#)).unwrap();
    assert_eq!(capture().rows(), 10);
    until(|| capture().rows() == 0);
    assert!(!capture().headers() && !end_temporary_config());
    drop(gomon);
    let messages: Vec<_> = sink
        .events()
        .iter()
        .filter(|event| event["target"] == "gomon::config")
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        messages,
        [
            "settings for 300ms are in force",
            "settings for a time have ended"
        ]
    );
    set_config(config(r#"{"capture": "safe"}"#)).unwrap();
}

#[test]
fn newer_ones_take_their_place_and_have_their_own_time() {
    let _turn = turn();
    let _gomon = builder().capture(Capture::safe()).start().unwrap();
    let soon = Duration::from_millis(50);
    set_config_for(config(r#"{"capture": "full"}"#), soon).unwrap();
    let later = Duration::from_secs(3_600);
    set_config_for(config(r#"{"root": {"exclude": ["noise"]}}"#), later).unwrap();
    assert_eq!(capture().rows(), 0);
    std::thread::park_timeout(2 * soon);
    assert!(end_temporary_config(), "the first one's end is not theirs");
}

#[test]
fn what_is_wrong_changes_nothing() {
    let _turn = turn();
    let wrong = [
        (r#"{"application_id": "other"}"#, Duration::from_secs(1)),
        (r#"{"capture": "full"}"#, Duration::ZERO),
        (r#"{"capture": "full"}"#, Duration::from_secs(90_000)),
    ];
    for (json, time) in wrong {
        let error = set_config_for(config(json), time).unwrap_err();
        assert!(matches!(error, Error::AlreadyStarted | Error::Config(_)));
    }
    assert!(!end_temporary_config());
}

#[cfg(target_os = "linux")]
#[test]
fn those_that_are_replaced_leave_no_thread_behind() {
    let _turn = turn();
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        // Linux shows 15 bytes of a name.
        names
            .filter(|name| name.starts_with("gomon-config-en"))
            .count()
    };
    for _ in 0..50 {
        set_config_for(config("{}"), Duration::from_secs(3_600)).unwrap();
    }
    until(|| threads() == 1);
    assert!(end_temporary_config());
    until(|| threads() == 0);
}
