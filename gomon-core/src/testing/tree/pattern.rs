//! What a test expects of a tree, once its text has been read.

use std::fmt::Write;

use serde_json::Value;

use crate::mask::names::matches_exactly;
use crate::testing::Recorded;

/// Siblings.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) order: Order,
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Order {
    #[default]
    Begun,
    Any,
}

/// A line, with those that are indented under it.
#[derive(Debug)]
pub(super) struct Item {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) what: What,
    pub(super) children: Level,
}

#[derive(Debug)]
pub(super) enum What {
    /// `..`
    Rest,
    Events(Events),
}

/// What a line says of the events it stands for.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) name: Text,
    /// `None` is any.
    pub(super) outcome: Option<String>,
    pub(super) conditions: Vec<Condition>,
    pub(super) count: Count,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Count {
    Exactly(usize),
    AtLeast(usize),
}

#[derive(Debug)]
pub(super) enum Text {
    Exactly(String),
    /// With `*` for any characters.
    Like(String),
}

#[derive(Debug)]
pub(super) struct Condition {
    pub(super) path: String,
    pub(super) test: Test,
}

#[derive(Debug)]
pub(super) enum Test {
    Present,
    Absent,
    Equals(Value),
    Like(String),
}

impl Item {
    /// How many lines an event like this would take.
    pub(super) fn size(&self) -> usize {
        match self.what {
            What::Rest => 0,
            What::Events(_) => 1 + self.children.size(),
        }
    }
}

impl Level {
    fn size(&self) -> usize {
        let sizes = self.items.iter().map(|item| match &item.what {
            What::Rest => 0,
            What::Events(events) => events.count.least() * item.size(),
        });
        sizes.sum()
    }
}

impl Count {
    pub(super) fn least(self) -> usize {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }
}

impl Events {
    /// Whether an event is one of these, whatever it caused.
    pub(super) fn holds(&self, event: &Recorded) -> bool {
        let outcome = self.outcome.as_deref();
        self.name.holds(event.fp())
            && outcome.is_none_or(|outcome| outcome == event.outcome())
            && self.conditions.iter().all(|one| one.holds(event))
    }

    /// An event in the words of this line: with what the line asks for.
    pub(super) fn describe(&self, event: &Recorded) -> String {
        let mut out = head(event);
        for (at, condition) in self.conditions.iter().enumerate() {
            out.push_str(if at == 0 { " {" } else { ", " });
            condition.describe(event, &mut out);
        }
        if !self.conditions.is_empty() {
            out.push('}');
        }
        out
    }
}

impl Text {
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => expected == text,
            Self::Like(pattern) => matches_exactly(pattern, text),
        }
    }
}

impl Condition {
    fn holds(&self, event: &Recorded) -> bool {
        let value = event.at(&self.path);
        match &self.test {
            Test::Present => value.is_some(),
            Test::Absent => value.is_none(),
            Test::Equals(expected) => value == Some(expected),
            Test::Like(pattern) => value.is_some_and(|value| match value.as_str() {
                Some(text) => matches_exactly(pattern, text),
                None => matches_exactly(pattern, &value.to_string()),
            }),
        }
    }

    fn describe(&self, event: &Recorded, out: &mut String) {
        let path = &self.path;
        let _ = match event.at(path) {
            None => write!(out, "!{path}"),
            Some(value) => write!(out, "{path}={}", cut(&value.to_string())),
        };
    }
}

/// Fingerprint, and the outcome unless it is `completed`, as a pattern would say it.
pub(super) fn head(event: &Recorded) -> String {
    let fp = event.fp();
    let plain = !fp.is_empty() && fp != REST && !fp.contains(NOT_PLAIN);
    let name = match plain {
        true => fp.to_owned(),
        false => Value::from(fp).to_string(),
    };
    match event.outcome() {
        COMPLETED => name,
        outcome => format!("{name} {outcome}"),
    }
}

/// Long values would push everything else aside.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

pub(super) const COMPLETED: &str = "completed";
pub(super) const REST: &str = "..";
/// What makes a name a quoted one; also in front of a bracket, as `(any order)` has it.
const NOT_PLAIN: [char; 7] = [' ', '\t', '\n', '{', '"', '*', '('];
const LONGEST: usize = 80;
