//! Events as the pattern that describes them.

use std::fmt::Write;

use super::pattern::head;
use crate::testing::forest::Node;

/// Lines to be pasted into a test, as many as are worth reading.
pub(super) fn text(nodes: &[Node]) -> String {
    let mut out = String::new();
    write(&mut out, nodes.iter().collect(), 0);
    let lines = out.lines().count();
    if let Some((end, _)) = out.match_indices('\n').nth(MOST_LINES - 1)
        && lines > MOST_LINES
    {
        out.truncate(end + 1);
        let _ = writeln!(out, "({} lines more)", lines - MOST_LINES);
    }
    out
}

/// The line of so many events, without what they caused.
pub(super) fn line(node: &Node, count: usize) -> String {
    times(head(&node.event), count)
}

pub(super) fn times(line: String, count: usize) -> String {
    match count {
        1 => line,
        count => format!("{line} x{count}"),
    }
}

/// Neighbours that look the same all the way down, as one of them and how many.
pub(super) fn folded(nodes: Vec<&Node>) -> Vec<(&Node, usize)> {
    let mut folded: Vec<(&Node, usize)> = Vec::new();
    for node in nodes {
        match folded.last_mut() {
            Some((last, count)) if is_same(last, node) => *count += 1,
            _ => folded.push((node, 1)),
        }
    }
    folded
}

/// Whether they look the same all the way down.
pub(super) fn is_same(one: &Node, other: &Node) -> bool {
    one.event.fp() == other.event.fp()
        && one.event.outcome() == other.event.outcome()
        && one.children.len() == other.children.len()
        && one
            .children
            .iter()
            .zip(&other.children)
            .all(|(one, other)| is_same(one, other))
}

fn write(out: &mut String, nodes: Vec<&Node>, depth: usize) {
    for (node, count) in folded(nodes) {
        let indent = depth * 2;
        let _ = writeln!(out, "{:indent$}{}", "", line(node, count));
        write(out, node.children.iter().collect(), depth + 1);
    }
}

const MOST_LINES: usize = 100;
