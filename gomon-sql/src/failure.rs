//! An error of sqlx, told by an event.

use std::borrow::Cow;
use std::panic::Location;

use gomon_core::{Capture, ErrorInfo, EventTracker, Outcome};
use sqlx_core::error::{DatabaseError, Error};

use crate::engine::Engine;
use crate::keys;

/// Adds `error` to `tracker` and marks its outcome: `timed-out` for the pool's and the server's time limits, else
/// `failed`. Values are masked in the message, and what a server adds as detail (it holds the row) is left out.
pub(crate) fn record(
    tracker: &mut EventTracker,
    engine: &Engine,
    capture: &Capture,
    caller: Option<&'static Location<'static>>,
    error: &Error,
) {
    if !tracker.is_recording() {
        return;
    }
    let database = error.as_database_error();
    let failure = Failure {
        message: message(engine, capture, error).into(),
        values: Values::Masked,
        kind: variant(error),
        code: database.and_then(DatabaseError::code),
        constraint: database.and_then(DatabaseError::constraint),
        caller,
        outcome: outcome(engine, error),
    };
    failure.tell(tracker, capture);
}

/// What an event tells of an error, whoever it came from.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) message: Cow<'a, str>,
    pub(crate) values: Values,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<Cow<'a, str>>,
    pub(crate) constraint: Option<&'a str>,
    pub(crate) caller: Option<&'static Location<'static>>,
    pub(crate) outcome: Outcome,
}

/// What a message may quote of the statement's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// Nothing, or it is masked already.
    Masked,
    /// Values in either kind of quotes.
    Quoted,
    /// Values in single quotes; double quotes stand round names.
    BesideNames,
}

impl Failure<'_> {
    /// Adds the error to `tracker` and marks its outcome, with values masked unless they are captured.
    pub(crate) fn tell(&self, tracker: &mut EventTracker, capture: &Capture) {
        if !tracker.is_recording() {
            return;
        }
        let info = match self.values {
            Values::Quoted | Values::BesideNames if !capture.bound_values() => {
                let names = self.values == Values::BesideNames;
                ErrorInfo::message(mask(&self.message, names))
            }
            _ => ErrorInfo::message(&self.message),
        };
        let mut info = info.kind(self.kind).masked(capture.detectors());
        if let Some(location) = self.caller {
            info = info.location(location);
        }
        if let Some(code) = &self.code {
            tracker.set(keys::CODE, &**code);
        }
        if let Some(constraint) = self.constraint {
            tracker.set(keys::CONSTRAINT, constraint);
        }
        tracker.push_error(info).mark(self.outcome);
    }
}

fn outcome(engine: &Engine, error: &Error) -> Outcome {
    match error {
        Error::PoolTimedOut => Outcome::TimedOut,
        Error::Database(database) if (engine.is_timeout)(&**database) => Outcome::TimedOut,
        _ => Outcome::Failed,
    }
}

fn message(engine: &Engine, capture: &Capture, error: &Error) -> String {
    match error {
        Error::Database(database) if capture.bound_values() => database.message().to_owned(),
        Error::Database(database) => mask(database.message(), (engine.quotes_names)(&**database)),
        Error::Io(_) | Error::Tls(_) => error.to_string(),
        _ if capture.bound_values() => error.to_string(),
        _ => mask(&error.to_string(), false),
    }
}

/// The message with `?` for what stands in quotes and for numbers. `quotes_names`: double quotes stand round names.
fn mask(message: &str, quotes_names: bool) -> String {
    let mut out = String::with_capacity(message.len());
    let mut chars = message.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' | '"' if !(in_word(message, at) || c == '"' && quotes_names) => {
                let end = value_end(message, at, c);
                while chars.next_if(|(at, _)| *at < end).is_some() {}
                out.push('?');
                previous = c;
            }
            '0'..='9' if !is_word(previous) => {
                while chars
                    .next_if(|(_, next)| next.is_ascii_digit() || *next == '.')
                    .is_some()
                {}
                out.push('?');
                previous = c;
            }
            _ => {
                out.push(c);
                previous = c;
            }
        }
    }
    out
}

/// Where the value that opens at `open` is over. No engine doubles the quotes inside a value it quotes, so that the
/// value may reach to the last quote of its kind in the message, or to the end where there is none.
///
/// In MySQL's message about a duplicate, what follows the value is known.
fn value_end(message: &str, open: usize, quote: char) -> usize {
    let rest = message.get(open + 1..).unwrap_or_default();
    if message.get(..open) == Some("Duplicate entry ")
        && let Some(close) = rest.rfind("' for key '")
    {
        return open + 1 + close + 1;
    }
    rest.char_indices()
        .rev()
        .find(|(at, c)| *c == quote && !in_word(message, open + 1 + at))
        .map_or(message.len(), |(at, c)| open + 1 + at + c.len_utf8())
}

/// An apostrophe inside a word neither opens nor closes anything: "can't".
fn in_word(message: &str, at: usize) -> bool {
    let (before, after) = message.split_at_checked(at).unwrap_or_default();
    after.starts_with('\'')
        && before.ends_with(is_word)
        && after.chars().nth(1).is_some_and(char::is_alphabetic)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The name of the error's variant.
fn variant(error: &Error) -> &'static str {
    match error {
        Error::Configuration(_) => "Configuration",
        Error::InvalidArgument(_) => "InvalidArgument",
        Error::Database(_) => "Database",
        Error::Io(_) => "Io",
        Error::Tls(_) => "Tls",
        Error::Protocol(_) => "Protocol",
        Error::RowNotFound => "RowNotFound",
        Error::TypeNotFound { .. } => "TypeNotFound",
        Error::ColumnIndexOutOfBounds { .. } => "ColumnIndexOutOfBounds",
        Error::ColumnNotFound(_) => "ColumnNotFound",
        Error::ColumnDecode { .. } => "ColumnDecode",
        Error::Encode(_) => "Encode",
        Error::Decode(_) => "Decode",
        Error::AnyDriverError(_) => "AnyDriverError",
        Error::PoolTimedOut => "PoolTimedOut",
        Error::PoolClosed => "PoolClosed",
        Error::WorkerCrashed => "WorkerCrashed",
        Error::Migrate(_) => "Migrate",
        Error::InvalidSavePointStatement => "InvalidSavePointStatement",
        Error::BeginFailed => "BeginFailed",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn values_are_masked_in_messages() {
        let cases = [
            (
                "Duplicate entry 'a@b.c' for key 'users.email'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "invalid input syntax for type integer: \"abc\"",
                false,
                "invalid input syntax for type integer: ?",
            ),
            (
                "duplicate key value violates unique constraint \"u\"",
                true,
                "duplicate key value violates unique constraint \"u\"",
            ),
            (
                "value 'it''s' can't be 12.5 at t1",
                false,
                "value ? can't be ? at t1",
            ),
            (
                "Duplicate entry 'O'Brien-hunter2' for key 'by_name'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "Duplicate entry 'x' for key 'hunter2' for key 'by_name'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "syntax to use near 'oops 'hunter2' and 'it's' at line 1",
                false,
                "syntax to use near ? at line ?",
            ),
            (
                "invalid input syntax for type integer: \"a\"hunter2\"",
                false,
                "invalid input syntax for type integer: ?",
            ),
            ("Table 'a.b' doesn't exist", false, "Table ? doesn't exist"),
            ("value \"it's\" is 'it", false, "value ? is ?"),
            ("open 'secret", false, "open ?"),
            (
                "UNIQUE constraint failed: users.email",
                false,
                "UNIQUE constraint failed: users.email",
            ),
        ];
        for (message, names, expected) in cases {
            assert_eq!(mask(message, names), expected);
        }
    }
}
