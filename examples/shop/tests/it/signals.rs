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

    let run = shop(&["--for", "300ms", "--events", &folder.file("out.jsonl")]);

    assert_reports(text(&run.stderr));
}

#[test]
fn a_request_that_hangs_is_broken_off() {
    let folder = Folder::new("hang");
    let events = folder.file("out.jsonl");
    let running = Running::start(&["--no-load", "--events", &events]);
    let hanging = running.send("/hang");

    running.signal("-TERM");

    let said = running.said();
    assert!(said.contains("some requests were broken off"), "{said}");
    drop(hanging);
    let events = std::fs::read_to_string(events).unwrap();
    let request = events
        .lines()
        .find(|line| line.contains(r#""route":"/hang""#))
        .unwrap();
    assert!(
        request.contains(r#""gomon:outcome":"cancelled""#),
        "{request}"
    );
}

fn ends_well(signal: &str) {
    let folder = Folder::new(signal);
    let events = folder.file("out.jsonl");
    let running = Running::start(&["--no-load", "--events", &events]);
    assert!(running.get("/products/1").starts_with("HTTP/1.0 200 OK"));

    running.signal(signal);

    assert_reports(&running.said());
    let events = std::fs::read_to_string(events).unwrap();
    assert!(events.contains(r#""route":"/products/{id}""#));
}

fn assert_reports(said: &str) {
    for word in ["created", "delivered", "dropped"] {
        assert!(said.contains(word), "{word} is missing in: {said}");
    }
}
