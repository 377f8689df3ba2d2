//! An error of sqlx, told by an event.

mod mask;

use std::borrow::Cow;
use std::panic::Location;

use gomon_core::{Capture, ErrorInfo, EventTracker, Outcome};
use sqlx_core::error::{DatabaseError, Error};

use crate::engine::Engine;
use crate::keys;
use mask::mask;

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
