//! Events as an indented tree, without what differs from run to run.

use std::collections::HashMap;

use serde_json::Value;

use super::log::{Event, Run};
use crate::args::Preset;

/// The tree of each `POST /checkout` that succeeded.
pub(super) fn of_checkouts(run: &Run) -> Vec<String> {
    let mut children: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in run.events().filter(|event| !event.is_open()) {
        children.entry(event.parent()).or_default().push(event);
    }
    for siblings in children.values_mut() {
        siblings.sort_by_key(|event| event.start());
    }
    run.closed("http-wmux-servehttp")
        .filter(|request| is_checkout(request))
        .map(|request| {
            let mut tree = String::new();
            render(request, &children, 0, &mut tree);
            tree
        })
        .collect()
}

fn is_checkout(request: &Event) -> bool {
    (request.text("method"), request.path()) == ("POST", "/checkout")
        && request.get("response_code").and_then(Value::as_u64) == Some(200)
        && request.outcome() == "completed"
}

/// All checkouts are made the same way, so nothing that one of them shows may be missing from
/// another.
pub(super) fn alike(run: &Run, _: Preset) -> Vec<String> {
    let trees = of_checkouts(run);
    let Some(first) = trees.first() else {
        return vec!["there is no POST /checkout that succeeded".into()];
    };
    trees
        .iter()
        .filter(|tree| *tree != first)
        .map(|tree| format!("\n{tree}is not\n{first}"))
        .collect()
}

fn render(event: &Event, children: &HashMap<&str, Vec<&Event>>, depth: usize, out: &mut String) {
    push_line(depth, &label(event), out);
    for part in event
        .get("childs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        push_line(
            depth + 1,
            &format!("({} x {})", member(part, "name"), member(part, "count")),
            out,
        );
    }
    for child in children.get(event.id()).into_iter().flatten() {
        render(child, children, depth + 1, out);
    }
}

fn push_line(depth: usize, line: &str, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(line);
    out.push('\n');
}

/// The fingerprint, what tells the event from others of its kind, and its outcome unless it
/// completed.
fn label(event: &Event) -> String {
    let mut words = vec![event.fp().to_owned()];
    match event.fp() {
        "http-wmux-servehttp" | "http-roundtripper" => {
            words.push(event.text("method").to_owned());
            words.push(event.path().to_owned());
            words.extend(event.get("response_code").map(Value::to_string));
        }
        "sql-wrows" => words.extend(
            event
                .get("rows")
                .and_then(Value::as_array)
                .map(|rows| rows.len().to_string()),
        ),
        _ => words.push([event.text("summary"), event.text("name")].concat()),
    }
    if event.outcome() != "completed" {
        words.push(format!("[{}]", event.outcome()));
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn member(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
