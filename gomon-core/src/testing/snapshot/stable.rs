//! Gives what differs from run to run a name that does not.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::names::Names;
use crate::keys;
use crate::testing::Recorded;
use crate::testing::keys::CALLER;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Times {
    Kept,
    Hidden,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lines {
    Kept,
    Hidden,
}

#[derive(Debug)]
pub(super) struct Stable<'a> {
    ids: Names,
    others: Names,
    traces: Names,
    applications: &'a [String],
    times: Times,
    lines: Lines,
    first: u64,
}

impl<'a> Stable<'a> {
    pub(super) fn new(
        events: &[Recorded],
        applications: &'a [String],
        times: Times,
        lines: Lines,
    ) -> Self {
        let starts = events.iter().map(Recorded::start);
        let mut ids = Names::new("id");
        let mut traces = Names::new("trace");
        for event in events {
            ids.of(event.id());
            traces.of(event.text(TRACE));
        }
        Self {
            ids,
            others: Names::new("other"),
            traces,
            applications,
            times,
            lines,
            first: starts.min().unwrap_or(0),
        }
    }

    pub(super) fn event(&mut self, event: Value) -> Value {
        let Value::Object(event) = event else {
            return event;
        };
        // Details inside of an event are not among the events.
        if let Some(Value::String(id)) = event.get("id") {
            self.ids.of(id);
        }
        let mut out = Map::new();
        let exec = event.get("exec").cloned();
        for (key, value) in event {
            let value = match (key.as_str(), value) {
                ("app-id", value) if Some(&value) != exec.as_ref() => value,
                ("app-id" | "exec", _) => Value::from("[exec]"),
                (TRACE, Value::String(trace)) => Value::from(self.traces.of(&trace)),
                (START, Value::Number(start)) if self.times == Times::Kept => {
                    let start = start.as_u64().unwrap_or(self.first);
                    Value::from(start.saturating_sub(self.first))
                }
                ("children", Value::Array(children)) => children
                    .into_iter()
                    .map(|child| self.event(child))
                    .collect(),
                (key, value) => self.value(key, value, &TIMES),
            };
            out.insert(key, value);
        }
        Value::Object(out)
    }

    fn value(&mut self, key: &str, value: Value, times: &[&str]) -> Value {
        if key == keys::CPU && value.is_number() || key == keys::ALLOCS {
            // No clock of a test says it.
            return Value::from("[cost]");
        }
        let is_time = value.is_number() || key == keys::WAIT;
        if self.times == Times::Hidden && is_time && times.contains(&key) {
            return Value::from("[time]");
        }
        let times = match key {
            keys::CHILDS => &TIMES_OF_CHILDS,
            _ => times,
        };
        match value {
            Value::String(text) => Value::from(self.text(key, &text)),
            Value::Array(items) => {
                let items = items.into_iter();
                items.map(|item| self.value(ITEM, item, times)).collect()
            }
            Value::Object(entries) => {
                let entries = entries.into_iter().map(|(key, value)| {
                    let value = self.value(&key, value, times);
                    (key, value)
                });
                entries.collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    fn text(&mut self, key: &str, text: &str) -> String {
        if key == keys::LOCATION || key == CALLER {
            return self.place(text);
        }
        if self.applications.iter().any(|id| id == text) {
            return keys::APPLICATION.to_owned();
        }
        let known = self.ids.known(text).or_else(|| self.traces.known(text));
        if let Some(name) = known {
            return name;
        }
        if is_event_id(text) {
            return self.others.of(text);
        }
        self.traceparent(text).unwrap_or_else(|| text.to_owned())
    }

    /// `src/a.rs:42`, with the slashes of one system.
    fn place(&self, text: &str) -> String {
        let text = text.replace('\\', "/");
        match text.rsplit_once(':') {
            Some((file, line)) if self.lines == Lines::Hidden && line.parse::<u32>().is_ok() => {
                format!("{file}:[line]")
            }
            _ => text,
        }
    }

    /// The header of a trace that is recorded.
    fn traceparent(&mut self, text: &str) -> Option<String> {
        let mut parts = text.split('-');
        let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
        let (flags, rest) = (parts.next()?, parts.next());
        if (version.len(), span.len(), flags.len(), rest) != (2, 16, 2, None) {
            return None;
        }
        let trace = self.traces.known(trace)?;
        let span = self.ids.ending(span);
        let span = span.unwrap_or_else(|| self.others.of(text));
        Some(format!("{version}-{trace}-{span}-{flags}"))
    }
}

/// Events have UUIDs of version 8: docs/events.md, "Ids".
fn is_event_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 8)
}

const TRACE: &str = "gomon:trace";
const START: &str = "gomon:start";
/// The key of what is in a list.
const ITEM: &str = "";

/// Keys whose numbers are times in nanoseconds.
const TIMES: [&str; 31] = [
    START,
    "gomon:lapsed",
    keys::BUSY,
    keys::READY,
    keys::WAIT,
    keys::TOTAL_LAPSED,
    "acquire-p99",
    "body-done",
    "conn-done",
    "conn-start",
    "connect",
    "dns-done",
    "dns-start",
    "first-byte",
    "first-row",
    "get-conn",
    "got-conn",
    "held",
    "lag",
    "lasted",
    "queue",
    "read-time",
    "rtt",
    "rttvar",
    "seek-time",
    "sync-time",
    "tls-hand-done",
    "tls-hand-start",
    "total",
    "write-time",
    "wrote-request",
];
/// The same of the parts of a segment.
const TIMES_OF_CHILDS: [&str; 6] = [keys::TOTAL_LAPSED, "avg", "max", "min", "p50", "p99"];
