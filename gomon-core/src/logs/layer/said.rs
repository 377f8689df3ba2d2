use std::error::Error;
use std::fmt;

use tracing::Metadata;
use tracing::field::{Field, Visit};

use crate::event::error_info::ErrorInfo;
use crate::event::limits;
use crate::event::value::Tree;
use crate::keys::ERROR;
use crate::logs::line::keys::MESSAGE;
use crate::logs::line::{Line, inside};

/// Takes what an event of `tracing` says: into its line, if it has one, and into an error, if its
/// span has failed by it.
pub(super) struct Said {
    line: Option<Line>,
    fails: bool,
    message: Option<String>,
    error: Option<ErrorInfo>,
    forwarded: Forwarded,
}

/// Where a line of `log` was logged that `tracing-log` has made an event.
#[derive(Default)]
struct Forwarded {
    file: Option<String>,
    line: Option<u32>,
}

impl Said {
    pub(super) fn new(line: Option<Line>, fails: bool) -> Self {
        Self {
            line,
            fails,
            message: None,
            error: None,
            forwarded: Forwarded::default(),
        }
    }

    /// Sends the line; the error, if the span has failed.
    pub(super) fn finish(self, metadata: &Metadata<'_>) -> Option<ErrorInfo> {
        let Forwarded { file, line } = self.forwarded;
        let file = file.as_deref().or(metadata.file());
        let location = file.zip(line.or(metadata.line()));
        if let Some(line) = self.line {
            line.finish(location);
        }
        if !self.fails {
            return None;
        }
        let error = self
            .error
            .or_else(|| self.message.map(ErrorInfo::message))?;
        Some(match location {
            Some((file, line)) => error.location_str(format!("{file}:{line}")),
            None => error,
        })
    }

    fn set(&mut self, field: &Field, value: impl Into<Tree>) {
        if let Some(line) = &mut self.line {
            line.fields.set(field.name(), value);
        }
    }

    fn message(&mut self, value: &dyn fmt::Debug) {
        let (text, cut) = inside::formatted(format_args!("{value:?}"), limits::string_bytes());
        if let Some(line) = &mut self.line {
            line.text(&text);
            line.cut(MESSAGE, cut);
        }
        if self.fails {
            self.message = Some(text);
        }
    }
}

impl Visit for Said {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "log.line" => self.forwarded.line = u32::try_from(value).ok(),
            _ => self.set(field, value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match (field.name(), &mut self.line) {
            (MESSAGE, _) => self.message(&format_args!("{value}")),
            ("log.target", Some(line)) => line.target(value),
            ("log.file", _) => self.forwarded.file = Some(value.to_owned()),
            ("log.module_path", _) => {}
            (ERROR, _) => self.record_debug(field, &format_args!("{value}")),
            (name, Some(line)) => line.fields.display(name, value),
            (_, None) => {}
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.fails && self.error.is_none() {
            inside::guarded(|| self.error = Some(ErrorInfo::new(value)));
        }
        if let Some(line) = &mut self.line {
            line.fields.display(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format_args!("{value:?}");
        match field.name() {
            MESSAGE => return self.message(value),
            ERROR if self.fails && self.error.is_none() => {
                inside::guarded(|| self.error = Some(ErrorInfo::message(text)));
            }
            _ => {}
        }
        if let Some(line) = &mut self.line {
            line.fields.display(field.name(), format_args!("{value:?}"));
        }
    }
}
