//! What is laid beside each other, as rows: one for each line, and one for each event without.

use super::align::{Aligner, Step};
use super::as_pattern::{self, folded, is_same};
use super::pattern::{Count, Item, Level, What};
use crate::testing::forest::Node;

/// Expected and actual, indented.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) mark: Mark,
    /// That of the pattern it belongs to, or comes after; from 1.
    pub(super) line: usize,
    pub(super) expected: String,
    pub(super) actual: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Agrees,
    Differs,
    Missing,
    Extra,
}

pub(super) fn rows<'a>(aligner: &Aligner<'a>, level: &'a Level, events: &'a [Node]) -> Vec<Row> {
    let mut rows = Rows {
        aligner,
        rows: Vec::new(),
        line: 0,
    };
    rows.level(level, events, 0);
    rows.rows
}

struct Rows<'a, 'b> {
    aligner: &'b Aligner<'a>,
    rows: Vec<Row>,
    line: usize,
}

/// Steps that make one row.
enum Group<'a> {
    /// Events that a line is right about, apart from how many: so many are missing.
    Right(&'a Item, Vec<&'a Node>, usize),
    Wrong(&'a Item, &'a Node, usize),
    Missing(&'a Item),
    Extra(&'a Node),
    Rest(&'a Item, usize),
}

impl<'a> Rows<'a, '_> {
    fn level(&mut self, level: &'a Level, events: &'a [Node], depth: usize) {
        let mut extra: Vec<&'a Node> = Vec::new();
        for group in self.groups(&self.aligner.steps(level, events)) {
            if let Group::Extra(node) = group {
                extra.push(node);
                continue;
            }
            self.extra(std::mem::take(&mut extra), depth);
            self.group(&group, depth);
        }
        self.extra(extra, depth);
    }

    fn groups(&self, steps: &[Step<'a>]) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for step in steps {
            match (step, groups.last_mut()) {
                (Step::Pair(item, node), last) => match (self.aligner.of_pair(item, node), last) {
                    (0, Some(Group::Right(same, nodes, _))) if same.line == item.line => {
                        nodes.push(node);
                    }
                    (0, _) => groups.push(Group::Right(item, vec![node], 0)),
                    (_, Some(Group::Wrong(same, last, count)))
                        if same.line == item.line
                            && is_same(last, node)
                            && item.describe(last) == item.describe(node) =>
                    {
                        *count += 1;
                    }
                    _ => groups.push(Group::Wrong(item, node, 1)),
                },
                (Step::Extra(node), Some(Group::Right(item, nodes, _)))
                    if self.aligner.of_pair(item, node) == 0 =>
                {
                    nodes.push(node);
                }
                (Step::Extra(node), _) => groups.push(Group::Extra(node)),
                (Step::Missing(item), Some(Group::Right(same, _, missing)))
                    if same.line == item.line =>
                {
                    *missing += 1;
                }
                (Step::Missing(item), Some(Group::Missing(same))) if same.line == item.line => {}
                (Step::Missing(item), _) => groups.push(Group::Missing(item)),
                (Step::Rest(item), Some(Group::Rest(same, count))) if same.line == item.line => {
                    *count += 1;
                }
                (Step::Rest(item), _) => groups.push(Group::Rest(item, 1)),
            }
        }
        groups
    }

    fn group(&mut self, group: &Group<'a>, depth: usize) {
        match group {
            Group::Right(item, nodes, missing) => self.right(item, nodes, *missing, depth),
            Group::Wrong(item, node, count) => {
                let holds = item.holds(node);
                let mark = if holds { Mark::Agrees } else { Mark::Differs };
                let actual = as_pattern::times(item.describe(node), *count);
                self.push(mark, Some(item), &actual, depth);
                self.level(&item.children, &node.children, depth + 1);
            }
            Group::Missing(item) => self.missing(item, depth),
            Group::Extra(node) => self.extra(vec![node], depth),
            Group::Rest(item, count) => {
                let actual = format!("({count} more)");
                self.push(Mark::Agrees, Some(item), &actual, depth);
            }
        }
    }

    fn right(&mut self, item: &'a Item, nodes: &[&'a Node], missing: usize, depth: usize) {
        let Some(first) = nodes.first() else {
            return;
        };
        let expected = item.count();
        let right = match expected {
            Count::Exactly(count) => nodes.len() == count && missing == 0,
            Count::AtLeast(count) => nodes.len() >= count,
        };
        let mark = if right { Mark::Agrees } else { Mark::Differs };
        let mut actual = item.describe(first);
        if expected != Count::Exactly(1) || nodes.len() > 1 {
            actual = format!("{actual} x{}", nodes.len());
        }
        self.push(mark, Some(item), &actual, depth);
        self.level(&item.children, &first.children, depth + 1);
    }

    fn missing(&mut self, item: &'a Item, depth: usize) {
        self.push(Mark::Missing, Some(item), "", depth);
        for child in &item.children.items {
            if let What::Events(_) = child.what {
                self.missing(child, depth + 1);
            }
        }
    }

    fn extra(&mut self, nodes: Vec<&'a Node>, depth: usize) {
        for (node, count) in folded(nodes) {
            self.push(Mark::Extra, None, &as_pattern::line(node, count), depth);
            self.extra(node.children.iter().collect(), depth + 1);
        }
    }

    fn push(&mut self, mark: Mark, item: Option<&Item>, actual: &str, depth: usize) {
        let indented = |text: &str| match text {
            "" => String::new(),
            text => format!("{:indent$}{text}", "", indent = depth * 2),
        };
        if let Some(item) = item {
            self.line = item.line;
        }
        self.rows.push(Row {
            mark,
            line: self.line.max(1),
            expected: item.map_or(String::new(), |item| indented(&item.text)),
            actual: indented(actual),
        });
    }
}

impl Item {
    fn holds(&self, node: &Node) -> bool {
        match &self.what {
            What::Rest => true,
            What::Events(events) => events.holds(&node.event),
        }
    }

    fn describe(&self, node: &Node) -> String {
        match &self.what {
            What::Rest => String::new(),
            What::Events(events) => events.describe(&node.event),
        }
    }

    fn count(&self) -> Count {
        match &self.what {
            What::Rest => Count::AtLeast(0),
            What::Events(events) => events.count,
        }
    }
}
