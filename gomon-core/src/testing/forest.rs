use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::testing::Recorded;

/// An event with what it caused, in the order in which that began.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) event: Recorded,
    pub(super) children: Vec<Node>,
}

/// Puts events under their parents. Those whose parent is not among them come first of all.
pub(super) fn grow(mut events: Vec<Recorded>) -> Vec<Node> {
    // Stable: of what began at once, what ended first goes first.
    events.sort_by_key(Recorded::began);
    let ids: HashSet<String> = events.iter().map(|event| event.id().to_owned()).collect();
    let mut roots = Vec::new();
    let mut by_parent: HashMap<String, Vec<Recorded>> = HashMap::new();
    for event in events {
        if ids.contains(event.parent()) {
            let siblings = by_parent.entry(event.parent().to_owned()).or_default();
            siblings.push(event);
        } else {
            roots.push(event);
        }
    }
    nodes(roots, &mut by_parent)
}

/// A line for each: the fingerprint, and the outcome unless it is `completed`.
pub(super) fn write(out: &mut String, nodes: &[Node], depth: usize) {
    for Node { event, children } in nodes {
        let outcome = match event.outcome() {
            "completed" => String::new(),
            other => format!(" {other}"),
        };
        let indent = depth * 2;
        let _ = writeln!(out, "{:indent$}{}{outcome}", "", event.fp());
        write(out, children, depth + 1);
    }
}

fn nodes(events: Vec<Recorded>, by_parent: &mut HashMap<String, Vec<Recorded>>) -> Vec<Node> {
    let node = |event: Recorded| Node {
        children: match by_parent.remove(event.id()) {
            Some(children) => nodes(children, by_parent),
            None => Vec::new(),
        },
        event,
    };
    events.into_iter().map(node).collect()
}
