//! The tables in the documentation that say what the code does: they are made from it, and compared. With
//! `UPDATE_DOCS=1` in the environment the tests write them.

use std::fmt::Write as _;
use std::path::Path;

use crate::Capture;
use crate::event::limits::settings::{Row, TABLE};
use crate::mask::names::{DEFAULT, SHOWN};
#[cfg(feature = "test-util")]
use crate::testing::wrapper::rules::Rule;

#[test]
fn the_readme_says_what_each_preset_takes() {
    compare("README.md", "presets", &presets());
}

#[test]
fn the_privacy_page_says_what_is_taken_hidden_and_cut() {
    compare("docs/privacy.md", "presets", &presets());
    compare("docs/privacy.md", "names", &names());
    compare("docs/privacy.md", "limits", &limits());
}

#[cfg(feature = "test-util")]
#[test]
fn the_page_on_plugins_says_what_the_kit_checks() {
    let mut list = String::new();
    for rule in crate::testing::wrapper::rules::ALL {
        let Rule {
            passes_if,
            section,
            needs,
            ..
        } = rule;
        let needs = match *needs {
            "" => String::new(),
            needs => format!(" (`{}`)", needs.replace(", ", "`, `")),
        };
        let _ = writeln!(list, "- [{passes_if}](#{section}){needs}");
    }
    compare("docs/plugins.md", "passes", &list);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins.md");
    let page = std::fs::read_to_string(page).unwrap().to_lowercase();
    for rule in crate::testing::wrapper::rules::ALL {
        assert!(
            page.contains(&format!("\n## {}\n", rule.section)),
            "no section {}",
            rule.section
        );
    }
}

fn names() -> String {
    let hidden = DEFAULT.map(|name| format!("`{name}`")).join(" ");
    let shown = SHOWN.map(|name| format!("`{name}`")).join(" and ");
    format!("{hidden}, but not {shown}\n")
}

fn limits() -> String {
    let mut table = String::from("| limit | of | default | from | to |\n|---|---|---|---|---|\n");
    for row in &TABLE {
        let Row {
            name,
            default,
            least,
            most,
        } = row;
        let of = meaning(name);
        let _ = writeln!(table, "| `{name}` | {of} | {default} | {least} | {most} |");
    }
    table
}

fn meaning(limit: &str) -> &'static str {
    match limit {
        "event_bytes" => "an event as JSON, with 8 KiB that are kept free for its envelope",
        "keys" => "attributes of an event",
        "key_bytes" => "a key",
        "string_bytes" => "a string",
        "entries" => "a list or map",
        "depth" => "lists and maps inside one another",
        "errors" => "errors of an event",
        "message_bytes" => "the message of an error, and of each of its sources",
        "chain" => "sources of an error",
        "embedded" => "children that travel inside their parent",
        other => panic!("say what {other} is"),
    }
}

/// One row: what it is about, and what a preset has of it.
type Item = (&'static str, fn(&Capture) -> String);

fn presets() -> String {
    let items: [Item; 9] = [
        (
            "method, URL, route, status, sizes, times, outcome, errors",
            |_| yes(true),
        ),
        ("SQL summary and digest, rows counted", |_| yes(true)),
        ("HTTP headers", |capture| yes(capture.headers())),
        ("SQL text", |capture| {
            match (capture.sql_text(), capture.bound_values()) {
                (false, _) => yes(false),
                (true, false) => "yes, literals as `?`".into(),
                (true, true) => "yes, as written".into(),
            }
        }),
        ("bound SQL values", |capture| match capture.bound_values() {
            true => "through `AnyPool`; typed pools: their number".into(),
            false => "their number".into(),
        }),
        ("rows of a result", |capture| match capture.rows() {
            0 => yes(false),
            rows => format!(
                "first {rows}, {} columns, {} B a cell",
                capture.row_columns(),
                capture.cell_bytes()
            ),
        }),
        ("HTTP bodies", |capture| match capture.bodies() {
            0 => yes(false),
            bytes => format!("first {bytes} B a side"),
        }),
        ("remote address", |capture| yes(capture.remote_address())),
        ("masked for what it looks like (`Detectors`)", |capture| {
            yes(!capture.detectors().is_none())
        }),
    ];
    let presets = [Capture::minimal(), Capture::safe(), Capture::full()];
    let mut table = String::from(
        "| | `Capture::minimal()` | `Capture::safe()`, the default | `Capture::full()` |\n|---|---|---|---|\n",
    );
    for (what, has) in items {
        let [minimal, safe, full] = presets.each_ref().map(has);
        let _ = writeln!(table, "| {what} | {minimal} | {safe} | {full} |");
    }
    table
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}

/// Compares what stands between two marks of a page.
#[track_caller]
fn compare(page: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let (before, rest) = text.split_once(&begin).unwrap();
    let (written, after) = rest.split_once(&end).unwrap();
    if written == expected {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, expected,
        "{page}: UPDATE_DOCS=1 writes what has changed"
    );
}
