//! However the shop is told to stop, it drains, flushes and reports.

use crate::program::{Folder, Running, shop, text};

#[test]
fn ctrl_c_ends_it_with_a_report() {
    ends_well("-INT");
}

#[test]
fn sigterm_ends_it_with_a_report() {
    ends_well("-TERM");
}

#[test]
fn time_ends_it_with_a_report() {
    let folder = Folder::new("time");
    let events = folder.file("out.jsonl");

    let run = shop(&["--for", "300ms", "--events", &events]);

    assert_reports(text(&run.stderr));
    shop(&["check", &events]);
}

fn ends_well(signal: &str) {
    let folder = Folder::new(signal);
    let events = folder.file("out.jsonl");
    let running = Running::start(&["--events", &events]);

    running.signal(signal);

    assert_reports(&running.said());
}

fn assert_reports(said: &str) {
    for word in ["created", "delivered", "dropped"] {
        assert!(said.contains(word), "{word} is missing in: {said}");
    }
}
