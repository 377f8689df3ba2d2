//! What can befall a whole process. Each test starts this program again, as a child that does one
//! thing of `child.rs` and prints what its listener gets.

mod child;
mod sys;

use std::collections::HashSet;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

const SCENARIO: &str = "GOMON_TEST_SCENARIO";

struct Ended {
    status: ExitStatus,
    /// What the listener got: process, fingerprint and id, a line each.
    events: Vec<String>,
    /// Everything else that was printed.
    said: String,
}

impl Ended {
    /// Events of a fingerprint that the child's listener got.
    fn count(&self, fp: &str) -> usize {
        let fps = self.events.iter().filter_map(|line| line.split(' ').nth(1));
        fps.filter(|other| *other == fp).count()
    }

    #[track_caller]
    fn says(&self, line: &str) {
        let said = self.said.lines().any(|other| other == line);
        assert!(said, "{line}: {}\n{}", self.status, self.said);
    }
}

fn run(scenario: &str) -> Ended {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::child::child", "--nocapture"])
        .env(SCENARIO, scenario)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let is_event = |line: &&str| line.starts_with(|first: char| first.is_ascii_digit());
    let (events, said): (Vec<&str>, Vec<&str>) = printed.lines().partition(is_event);
    Ended {
        status: output.status,
        events: events.into_iter().map(str::to_owned).collect(),
        said: said.join("\n") + &String::from_utf8_lossy(&output.stderr),
    }
}

#[test]
fn an_exit_without_a_shutdown_keeps_its_code_and_what_was_flushed() {
    let ended = run("exits");
    assert_eq!(ended.status.code(), Some(7), "{}", ended.said);
    assert!(ended.count("work") >= 100);
}

#[test]
fn an_exit_handler_can_record_flush_and_shut_down() {
    let ended = run("ends in a handler");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.said);
    ended.says("flushed Ok(())");
    ended.says("dropped 0");
    assert_eq!((ended.count("work"), ended.count("last")), (100, 1));
    assert_eq!(ended.count("application-end"), 1);
}

#[test]
fn a_process_that_aborts_or_is_ended_by_a_signal_dies_of_that() {
    let deaths = [
        ("aborts".to_owned(), libc::SIGABRT),
        ("panics in its hook".to_owned(), libc::SIGABRT),
        ("overflows its stack".to_owned(), libc::SIGABRT),
    ];
    let signals = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];
    let signals = signals.map(|signal| (signal.to_string(), signal));
    for (scenario, signal) in deaths.into_iter().chain(signals) {
        let ended = run(&scenario);
        assert_eq!(
            ended.status.signal(),
            Some(signal),
            "{scenario}: {}",
            ended.said
        );
        assert_eq!(ended.count("work"), 100, "{scenario}: {}", ended.said);
    }
}

#[test]
fn a_signal_that_interrupts_the_recording_loses_nothing() {
    run("is interrupted").says("adds up");
}

#[test]
fn a_forked_child_sends_nothing_and_waits_for_nothing() {
    let ended = run("forks");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.said);
    let sent: HashSet<_> = ended.events.iter().collect();
    let senders: HashSet<_> = sent.iter().map(|line| line.split(' ').next()).collect();
    assert_eq!(senders.len(), 1, "only the parent sends");
    assert_eq!(ended.count("unit of a child") + ended.count("of"), 0);
    let units = ended.count("unit");
    assert!(units > 50, "{units}");
    ended.says(&format!("delivered {}", sent.len()));
}

#[test]
fn a_start_without_threads_is_refused_and_a_later_one_works() {
    run("has no threads").says("adds up");
}

#[test]
fn gomon_needs_no_file_of_its_own() {
    run("has no files").says("adds up");
}

#[test]
#[ignore = "builds the library again, with panic=abort"]
fn a_panic_that_aborts_lets_the_events_out_first() {
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "gomon-core",
            "--example",
            "last_words",
        ])
        .args(["--config", "profile.dev.panic=\"abort\"", "--target-dir"])
        .arg(concat!(env!("CARGO_TARGET_TMPDIR"), "/abort"))
        .output()
        .unwrap();
    let events: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let fps: Vec<_> = events.iter().map(|event| &event["gomon:fp"]).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("the last words"), "{errors}");
    let expected = [
        "application",
        "work",
        "panic",
        "request",
        "gomon-self",
        "application-end",
    ];
    assert_eq!(fps, expected);
    assert_eq!(events[3]["gomon:outcome"], "abandoned");
}
