//! An error of sqlx, told by an event.

use std::panic::Location;

use gomon_core::{Capture, ErrorInfo, EventTracker, Outcome};
use sqlx_core::error::Error;

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
    let mut info = ErrorInfo::message(message(engine, capture, error)).kind(variant(error));
    if let Some(location) = caller {
        info = info.location(location);
    }
    if let Some(database) = error.as_database_error() {
        if let Some(code) = database.code() {
            tracker.set(keys::CODE, code);
        }
        if let Some(constraint) = database.constraint() {
            tracker.set(keys::CONSTRAINT, constraint);
        }
    }
    tracker.push_error(info).mark(outcome(engine, error));
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
    let mut chars = message.chars().peekable();
    let mut in_word = false;
    while let Some(c) = chars.next() {
        match c {
            // An apostrophe inside a word opens nothing: "can't".
            '\'' if in_word && chars.peek().is_some_and(|next| next.is_alphabetic()) => out.push(c),
            '\'' | '"' if !(c == '"' && quotes_names) => {
                skip_quoted(&mut chars, c);
                out.push('?');
                in_word = false;
            }
            '0'..='9' if !in_word => {
                while chars
                    .next_if(|next| next.is_ascii_digit() || *next == '.')
                    .is_some()
                {}
                out.push('?');
            }
            _ => {
                in_word = c.is_alphanumeric() || c == '_';
                out.push(c);
            }
        }
    }
    out
}

/// To the closing quote, or to the end; a doubled quote is part of the value.
fn skip_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) {
    while let Some(c) = chars.next() {
        if c == quote && chars.next_if_eq(&quote).is_none() {
            return;
        }
    }
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
