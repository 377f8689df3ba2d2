//! The checks are checked: a good run passes, and each way to spoil it breaks the one rule it
//! should.

use serde_json::{Value, json};

use super::RULES;
use super::log::{Log, Run};
use crate::args::Preset;

#[test]
fn a_good_run_breaks_no_rule() {
    assert_eq!(broken(&good()), Vec::<&str>::new());
}

#[test]
fn a_run_that_does_not_begin_with_its_application_is_found() {
    assert_broken(
        |files| files[1].swap(0, 1),
        "each process begins with its application event",
    );
}

#[test]
fn an_event_of_another_run_is_found() {
    let says = "each process begins with its application event";
    assert_broken(|files| files[0][1]["exec"] = id(99).into(), says);
}

#[test]
fn an_unknown_parent_is_found() {
    assert_broken(
        |files| files[0][2]["parent"] = id(77).into(),
        "every other event names a parent that is known",
    );
}

#[test]
fn a_parent_that_is_not_the_one_of_the_inbound_header_is_found() {
    let says = "every other event names a parent that is known";
    assert_broken(
        |files| files[0][3]["headers"]["traceparent"][0] = "00-0-0-01".into(),
        says,
    );
}

#[test]
fn a_child_before_its_parent_is_found() {
    assert_broken(
        |files| files[0][1]["gomon:start"] = 5.into(),
        "no event starts before its parent in the same process",
    );
}

#[test]
fn an_orphan_is_found() {
    assert_broken(
        |files| files[0][1]["orphan"] = true.into(),
        "no event has lost its cause",
    );
}

#[test]
fn time_that_nobody_explains_is_found() {
    let says = "it is known what requests waited for";
    assert_broken(
        |files| {
            files[0][3]["gomon:lapsed"] = 1_000.into();
            files[0][3]["wait"] = json!({"sql": 900, "unaccounted": 51});
        },
        says,
    );
}

#[test]
fn a_missing_outcome_is_found() {
    assert_broken(
        |files| files[0][3]["gomon:outcome"] = Value::Null,
        "each closing event has one outcome, each opening event none",
    );
}

#[test]
fn two_outcomes_are_not_even_read() {
    let twice = r#"{"gomon:outcome": "failed", "id": "a", "gomon:outcome": "completed"}"#;
    let refused = Log::parse("x".into(), twice).unwrap_err().to_string();
    assert!(
        refused.starts_with("x:1: the key gomon:outcome comes twice"),
        "{refused}"
    );
}

#[test]
fn an_opening_without_end_is_found() {
    let spoil = |files: &mut [Vec<Value>; 2]| {
        files[0][1]["gomon:open"] = true.into();
        files[0][1]["gomon:outcome"].take();
        files[0][1].as_object_mut().unwrap().remove("gomon:outcome");
    };
    assert_broken(spoil, "everything that opened is closed, once");
}

#[test]
fn a_panic_that_looks_completed_is_found() {
    assert_broken(
        |files| files[0][3]["url"]["path"] = "/panic".into(),
        "requests that end badly say how",
    );
}

#[test]
fn a_lost_event_is_found() {
    let says = "there are as many events as application-end says";
    assert_broken(
        |files| files[0].last_mut().unwrap()["created"] = 99.into(),
        says,
    );
}

#[test]
fn a_drop_is_found() {
    let spoil = |files: &mut [Vec<Value>; 2]| {
        files[1].last_mut().unwrap()["listeners"][0]["dropped"] = json!({ "queue_full": 1 });
    };
    assert_broken(spoil, "nothing was dropped");
}

#[test]
fn a_missing_body_is_found() {
    let spoil = |files: &mut [Vec<Value>; 2]| {
        drop(files[0][2].as_object_mut().unwrap().remove("response_body"))
    };
    assert_broken(
        spoil,
        "bodies, remote addresses and rows are there as asked",
    );
}

#[test]
fn a_secret_in_clear_is_found() {
    let secret = format!("Bearer {}", crate::load::SECRET);
    assert_broken(
        |files| files[0][3]["headers"]["x-other"] = json!([secret]),
        "secrets are masked",
    );
}

#[test]
fn checkouts_that_differ_are_found() {
    assert_broken(
        |files| files[0][3]["url"]["path"] = "/checkout".into(),
        "every checkout gives the same tree",
    );
}

#[test]
fn a_checkout_that_was_refused_is_not_compared() {
    let mut files = good();
    files[0][3]["url"]["path"] = "/checkout".into();
    files[0][3]["response_code"] = 400.into();
    assert_eq!(broken(&files), Vec::<&str>::new());
}

/// The two files of a run: application, a job, a checkout with a call to stock, a request from
/// elsewhere, rows.
fn good() -> [Vec<Value>; 2] {
    let shop = vec![
        event(1, 0, "application", json!({ "execution-id": id(1) })),
        event(2, 1, "restock", json!({})),
        request(
            3,
            id(1),
            "/checkout",
            json!({ "response_body": "{}", "request_body": "{}", "remoteaddr": "a" }),
        ),
        request(
            4,
            "5a0f0000-0000-8001-0000-00000000002a".into(),
            "/",
            json!({ "headers": {
                "cookie": ["[redacted]"], "authorization": ["[redacted]"],
                "traceparent": ["00-5a0f000000000001000000000000002a-000000000000002a-01"],
            } }),
        ),
        event(5, 3, "sql-wrows", json!({ "rows": [[1], [2]] })),
        event(
            6,
            1,
            "application-end",
            json!({ "created": 6, "listeners": [{ "name": "log", "dropped": {} }] }),
        ),
    ];
    let stock = vec![
        event(11, 0, "application", json!({ "execution-id": id(11) })),
        request(12, id(3), "/reserve", json!({})),
        event(
            13,
            11,
            "application-end",
            json!({ "created": 3, "listeners": [{ "name": "log", "dropped": {} }] }),
        ),
    ];
    [shop, stock]
}

fn request(number: u64, parent: String, path: &str, more: Value) -> Value {
    let mut request = event(
        number,
        0,
        "http-wmux-servehttp",
        json!({ "method": "POST", "url": { "path": path }, "response_code": 200 }),
    );
    request["parent"] = parent.into();
    request["headers"] = json!({});
    request["response_headers"] = json!({});
    merge(request, more)
}

fn event(number: u64, parent: u64, fp: &str, more: Value) -> Value {
    let parent = if parent == 0 {
        Value::Null
    } else {
        id(parent).into()
    };
    let event = json!({
        "id": id(number), "parent": parent, "exec": id(1 + number / 11 * 10), "gomon:fp": fp,
        "gomon:start": 10 + number, "gomon:outcome": "completed",
    });
    merge(event, more)
}

fn merge(mut event: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("{more} is not an object")
    };
    event.as_object_mut().unwrap().extend(more);
    event
}

fn id(number: u64) -> String {
    format!("00000000-0000-8000-8000-{number:012x}")
}

fn assert_broken(spoil: impl FnOnce(&mut [Vec<Value>; 2]), says: &str) {
    let mut files = good();
    spoil(&mut files);
    assert_eq!(broken(&files), [says]);
}

fn broken([shop, stock]: &[Vec<Value>; 2]) -> Vec<&'static str> {
    let log = |name: &str, events: &[Value]| {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        Log::parse(name.into(), &lines.join("\n")).unwrap()
    };
    let run = Run::new(log("shop", shop), log("stock", stock));
    RULES
        .iter()
        .filter(|rule| !(rule.broken_by)(&run, Preset::Full).is_empty())
        .map(|rule| rule.says)
        .collect()
}
