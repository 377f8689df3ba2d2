use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon_core::{EventTracker, Tree};
use gomon_listeners::{Colour, LogListener};

use crate::fed;

/// What was written, to be read while the listener holds the other half.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A page that fills up: after each number of bytes one write fails; after the last there is room for all.
struct Full {
    page: Page,
    rooms: Vec<usize>,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.rooms.first_mut() {
            Some(0) => {
                self.rooms.remove(0);
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(room) => {
                let taken = self.page.write(&bytes[..bytes.len().min(*room)])?;
                *room -= taken;
                Ok(taken)
            }
            None => self.page.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn make(fp: &'static str, count: u64) {
    for n in 0..count {
        EventTracker::new(fp).set("n", n);
    }
}

#[test]
fn a_writer_gets_json_lines_the_application_first() {
    let page = Page::default();
    let report = fed(LogListener::writer(page.clone()), "json-lines", || {
        make("json-lines", 100)
    });
    let events: Vec<serde_json::Value> = page
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["gomon:fp"], "application");
    let numbers: Vec<u64> = events[1..]
        .iter()
        .map(|event| event["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    assert_eq!((report.created, report.delivered), (101, 101));
}

#[test]
fn a_file_is_appended_to() {
    let path = temporary("append");
    std::fs::write(&path, "what was there\n").unwrap();
    fed(LogListener::file(&path), "append", || make("append", 2));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "what was there"));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_once_and_names_the_path() {
    let _running = gomon_core::start();
    let path = temporary("no-such-directory").join("shop.jsonl");
    let error = gomon_core::add_listener(LogListener::file(&path)).unwrap_err();
    assert!(
        with_sources(&error).contains(path.to_str().unwrap()),
        "{}",
        with_sources(&error)
    );
}

#[test]
fn a_failed_write_is_counted_and_the_next_one_starts_on_a_line_of_its_own() {
    let page = Page::default();
    let full = Full {
        page: page.clone(),
        rooms: vec![2_000, 0, 0],
    };
    let report = fed(LogListener::writer(full), "torn", || {
        for _ in 0..8 {
            make("torn", 25);
            gomon_core::flush(Duration::from_secs(30)).unwrap();
        }
    });
    let text = page.text();
    let parse = |line| serde_json::from_str::<serde_json::Value>(line);
    let (whole, torn): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| parse(line).is_ok());
    let ids: BTreeSet<String> = whole
        .iter()
        .map(|line| parse(line).unwrap()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), whole.len(), "no line is written twice");
    assert_eq!(torn.len(), 1, "{torn:?}");
    let dropped: u64 = report.dropped.iter().map(|(_, count)| count).sum();
    assert_eq!(report.created, 201);
    assert_eq!(
        (whole.len() as u64, dropped),
        (report.delivered, 201 - report.delivered)
    );
    assert!(dropped > 0 && whole.len() > 100, "{report:?}");
}

#[test]
fn a_readable_line_holds_what_tells_most_first() {
    let page = Page::default();
    fed(
        LogListener::writer(page.clone()).readable(),
        "http-wmux-servehttp",
        || {
            let mut event = EventTracker::new("http-wmux-servehttp");
            event
                .set("proto", "HTTP/1.1")
                .set("method", "GET")
                .set("route", "/users/{id}")
                .set("response_code", 500);
            event.set("url", Tree::map().with("path", "/users/7"));
            event.add_error_msg("no such user");
        },
    );
    let text = page.text();
    let line = text.lines().last().unwrap();
    let (_time, rest) = line.split_at(12);
    assert!(
        rest.contains(" failed    http-wmux-servehttp   GET /users/{id} 500 proto=HTTP/1.1"),
        "{line}"
    );
    assert!(
        rest.contains("url={path=/users/7} error=\"no such user\" #"),
        "{line}"
    );
    assert!(!text.contains('\u{1b}'), "a writer is no terminal");
}

#[test]
fn an_opening_event_says_so() {
    let page = Page::default();
    fed(
        LogListener::writer(page.clone()).readable(),
        "long-lived",
        || {
            EventTracker::new("long-lived").send_opening();
        },
    );
    let text = page.text();
    let column = |line: &str, word| line.find(word).map(|at| line[..at].chars().count());
    let columns: Vec<_> = text
        .lines()
        .zip(["completed", "opened", "completed"])
        .map(|(line, word)| column(line, word))
        .collect();
    assert_eq!(columns, [Some(24); 3], "aligned:\n{text}");
}

#[test]
fn no_value_steers_the_terminal() {
    let page = Page::default();
    fed(
        LogListener::writer(page.clone())
            .readable()
            .colour(Colour::Never),
        "hostile",
        || {
            let hostile = "\u{1b}[2J\r\n12:00:00 forged\u{7}\u{9b}31m\u{202e}";
            let mut event = EventTracker::new("hostile");
            event
                .set("message", hostile)
                .set("bytes", hostile.as_bytes());
            event.set("tree", Tree::map().with(hostile.to_owned(), vec![hostile]));
            event.add_error_msg(hostile);
        },
    );
    let text = page.text();
    assert_eq!(text.lines().count(), 2, "{text:?}");
    let harmful = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
    assert!(!text.contains(harmful), "{text:?}");
    assert!(text.contains("\\u{1b}[2J\\r\\n12:00:00 forged"), "{text:?}");
}

#[test]
fn colours_are_there_when_asked_for() {
    let page = Page::default();
    fed(
        LogListener::writer(page.clone())
            .readable()
            .colour(Colour::Always),
        "coloured",
        || make("coloured", 1),
    );
    assert!(
        page.text().contains("\u{1b}[36mcoloured"),
        "{:?}",
        page.text()
    );
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gomon-listeners-{}-{name}", std::process::id()))
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
