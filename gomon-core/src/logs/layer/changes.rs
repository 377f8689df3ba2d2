use std::error::Error;
use std::fmt;

use tracing::field::{Field, Visit};

use crate::event::error_info::ErrorInfo;
use crate::event::limits;
use crate::event::outcome::Outcome;
use crate::event::value::{Tree, Value};
use crate::keys::ERROR;
use crate::logs::line::{inside, masked};
use crate::mask::REDACTED;
use crate::tracker::EventTracker;

/// Where the fields of a span go.
pub(super) trait Sink {
    fn set(&mut self, key: &'static str, value: Value<'_>);
    fn cut(&mut self, key: &'static str, bytes: u64);
    fn fail(&mut self, error: Option<ErrorInfo>);
}

/// What is recorded later, until it can be put into the event.
#[derive(Default)]
pub(super) struct Changes {
    values: Vec<(&'static str, Value<'static>)>,
    cuts: Vec<(&'static str, u64)>,
    failed: bool,
    errors: Vec<ErrorInfo>,
}

impl Changes {
    pub(super) fn apply(self, tracker: &mut EventTracker) {
        for (key, value) in self.values {
            tracker.set(key, value);
        }
        for (key, bytes) in self.cuts {
            tracker.note_cut(key, bytes);
        }
        for error in self.errors {
            tracker.push_error(error);
        }
        if self.failed {
            tracker.mark(Outcome::Failed);
        }
    }
}

impl Sink for Changes {
    fn set(&mut self, key: &'static str, value: Value<'_>) {
        self.values.push((key, owned(value)));
    }

    fn cut(&mut self, key: &'static str, bytes: u64) {
        self.cuts.push((key, bytes));
    }

    fn fail(&mut self, error: Option<ErrorInfo>) {
        self.failed = true;
        self.errors.extend(error);
    }
}

impl Sink for EventTracker {
    fn set(&mut self, key: &'static str, value: Value<'_>) {
        EventTracker::set(self, key, value);
    }

    fn cut(&mut self, key: &'static str, bytes: u64) {
        self.note_cut(key, bytes);
    }

    fn fail(&mut self, error: Option<ErrorInfo>) {
        if let Some(error) = error {
            self.push_error(error);
        }
        self.mark(Outcome::Failed);
    }
}

/// Takes the fields of a span as attributes.
pub(super) struct Visitor<'a, S> {
    sink: &'a mut S,
}

impl<'a, S: Sink> Visitor<'a, S> {
    pub(super) fn new(sink: &'a mut S) -> Self {
        Self { sink }
    }

    fn set<'v>(&mut self, field: &Field, value: impl Into<Value<'v>>) {
        let value = if masked::hides(field.name()) {
            Value::Static(REDACTED)
        } else {
            value.into()
        };
        self.sink.set(field.name(), value);
    }

    fn text(&mut self, field: &Field, text: &str) {
        match field.name() {
            ERROR => self.sink.fail(Some(ErrorInfo::message(text))),
            STATUS if text.eq_ignore_ascii_case("error") => {
                self.sink.fail(None);
                self.set(field, text);
            }
            _ => self.set(field, text),
        }
    }
}

impl<S: Sink> Visit for Visitor<'_, S> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        // A convention older than `otel.status_code`.
        if value && field.name() == ERROR {
            self.sink.fail(None);
        }
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.set(field, value);
    }

    fn record_error(&mut self, _field: &Field, value: &(dyn Error + 'static)) {
        let mut error = None;
        inside::guarded(|| error = Some(ErrorInfo::new(value)));
        self.sink.fail(error);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if masked::hides(field.name()) {
            return self.set(field, REDACTED);
        }
        let (text, cut) = inside::formatted(format_args!("{value:?}"), limits::string_bytes());
        self.text(field, &text);
        self.sink.cut(field.name(), cut);
    }
}

fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(value),
        Value::I64(value) => Value::I64(value),
        Value::U64(value) => Value::U64(value),
        Value::F64(value) => Value::F64(value),
        Value::Str(text) => Value::String(text.to_owned()),
        Value::Static(text) => Value::Static(text),
        Value::String(text) => Value::String(text),
        Value::Bytes(bytes) => Value::Tree(Tree::Bytes(bytes.to_vec())),
        Value::Uuid(id) => Value::Uuid(id),
        Value::Tree(tree) => Value::Tree(tree),
    }
}

/// The status of a span by OpenTelemetry's convention.
const STATUS: &str = "otel.status_code";
