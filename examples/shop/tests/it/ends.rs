//! However the shop ends: it drains, flushes, reports and leaves nothing behind.

use crate::program::{Folder, Running, command, shop, text};

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

#[test]
fn a_killed_shop_takes_its_stock_service_along() {
    let folder = Folder::new("killed");
    let running = Running::start(&["--no-load", "--events", &folder.file("out.jsonl")]);

    running.signal("-KILL");

    let (status, said) = running.ended();
    assert!(!status.success());
    assert!(said.contains("stock: "), "it ended without a flush: {said}");
    let stock = std::fs::read_to_string(folder.file("out.jsonl.stock")).unwrap();
    assert!(stock.lines().last().unwrap().contains("application-end"));
}

#[test]
fn nothing_but_the_events_is_left_behind() {
    let folder = Folder::new("left");

    let mut shop = command(&["--requests", "20", "--events", &folder.file("out.jsonl")]);
    let run = shop.env("TMPDIR", folder.path()).output().unwrap();

    assert!(run.status.success(), "{}", text(&run.stderr));
    let names = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["out.jsonl", "out.jsonl.stock"]);
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
