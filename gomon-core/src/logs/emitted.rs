//! How an event of gomon's looks as a span of `tracing`.
//!
//! The names and fields of spans are fixed where they are made, so each event is a span `event` with the same
//! fields. `otel.…` are the names that tracing-opentelemetry knows.

use tracing::{Level, Span, event, span};
use uuid::Uuid;

use super::line::keys::{DIRECTION, LEVEL, LOG, MESSAGE};
use crate::event::Event;
use crate::event::outcome::Outcome;
use crate::event::value::ValueRef;
use crate::keys::SYSTEM;

/// The target of all that gomon emits.
pub(super) const TARGET: &str = "gomon";

/// What is kept of an event until its trace is emitted.
#[derive(Debug)]
pub(super) struct Emitted {
    pub(super) id: Uuid,
    pub(super) parent: Option<Uuid>,
    pub(super) start: u64,
    pub(super) lapsed: u64,
    trace: String,
    fp: &'static str,
    outcome: Outcome,
    kind: &'static str,
    json: String,
    line: Option<Said>,
}

/// A line of a log.
#[derive(Debug)]
struct Said {
    level: Level,
    message: String,
}

impl Emitted {
    pub(super) fn new(event: &Event) -> Self {
        let lapsed = event.lapsed().unwrap_or_default().as_nanos();
        Self {
            id: event.id(),
            parent: event.parent(),
            start: event.start_unix_ns(),
            lapsed: u64::try_from(lapsed).unwrap_or(u64::MAX),
            trace: event.trace().to_string(),
            fp: event.fp(),
            outcome: event.outcome().unwrap_or_default(),
            kind: kind_of(event),
            json: event.to_json(),
            line: (event.fp() == LOG).then(|| Said::of(event)),
        }
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.trace.len() + self.json.len()
    }

    /// Emits it inside of `parent`: as a span, which is returned, or as an event if it is a line.
    pub(super) fn emit(&self, parent: &Span) -> Span {
        if let Some(said) = &self.line {
            said.emit(parent, &self.json);
            return Span::none();
        }
        let failed = self.outcome >= Outcome::Failed;
        span!(
            target: TARGET,
            parent: parent,
            Level::INFO,
            "event",
            otel.name = self.fp,
            otel.kind = self.kind,
            otel.status_code = failed.then_some("ERROR"),
            fp = self.fp,
            id = display(self.id),
            parent = self.parent.map(display),
            trace = self.trace,
            start = self.start,
            lapsed = self.lapsed,
            outcome = self.outcome.as_str(),
            json = self.json,
        )
    }
}

impl Said {
    fn of(event: &Event) -> Self {
        let text = |key| {
            event
                .get(key)
                .and_then(ValueRef::as_str)
                .unwrap_or_default()
        };
        Self {
            level: match text(LEVEL) {
                "critical" | "error" => Level::ERROR,
                "warn" => Level::WARN,
                "info" => Level::INFO,
                "debug" => Level::DEBUG,
                _ => Level::TRACE,
            },
            message: text(MESSAGE).to_owned(),
        }
    }

    fn emit(&self, parent: &Span, json: &str) {
        macro_rules! emit {
            ($level:expr) => {
                event!(target: TARGET, parent: parent, $level, json, "{}", self.message)
            };
        }
        match self.level {
            Level::ERROR => emit!(Level::ERROR),
            Level::WARN => emit!(Level::WARN),
            Level::INFO => emit!(Level::INFO),
            Level::DEBUG => emit!(Level::DEBUG),
            Level::TRACE => emit!(Level::TRACE),
        }
    }
}

/// By docs/events.md, section 6.
fn kind_of(event: &Event) -> &'static str {
    match event.get(DIRECTION).and_then(ValueRef::as_str) {
        Some("incoming") => "server",
        Some(_) => "client",
        None if event.get(SYSTEM).is_some() => "client",
        None => "internal",
    }
}
