//! What differs from engine to engine, as data.

use gomon_core::EventTracker;
use sqlx_core::error::{DatabaseError, Error};

use crate::explain::ExplainBy;
use crate::keys;
use crate::statement::Dialect;

/// Facts about one database engine.
#[allow(
    unnameable_types,
    reason = "belongs to the hidden half of a sealed trait"
)]
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// OpenTelemetry's `db.system.name`; empty where it is not known.
    pub(crate) system: &'static str,
    pub(crate) dialect: Dialect,
    /// A failed statement dooms its transaction: `COMMIT` answers "fine" and rolls back.
    pub(crate) error_dooms_transaction: bool,
    /// A `BEGIN` whose future is dropped half-way leaves the transaction open on the server, with sqlx unaware of it.
    /// SQLite's driver undoes it itself, and closing an in-memory database would lose it.
    pub(crate) dropped_begin_leaks: bool,
    /// A savepoint that fails, or whose future is dropped, is undone by the driver itself, and by sqlx once more.
    pub(crate) undoes_failed_savepoint: bool,
    pub(crate) explain: ExplainBy,
    /// Statements run, and are logged by sqlx, on a thread of the driver's own.
    pub(crate) own_thread: bool,
    /// The error says that a time limit of the server ended the statement.
    pub(crate) is_timeout: fn(&dyn DatabaseError) -> bool,
    /// The server closes the connection after this error.
    pub(crate) ends_session: fn(&dyn DatabaseError) -> bool,
    /// In the message of this error, double quotes stand round names and not round values.
    pub(crate) quotes_names: fn(&dyn DatabaseError) -> bool,
}

impl Engine {
    /// After this error nothing more is sent on the connection, not even a `ROLLBACK`.
    pub(crate) fn loses_connection(&self, error: &Error) -> bool {
        match error {
            Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => true,
            Error::Database(error) => (self.ends_session)(&**error),
            _ => false,
        }
    }

    /// Tells which one it is.
    pub(crate) fn tell(&self, tracker: &mut EventTracker) {
        if !self.system.is_empty() {
            tracker.set(keys::SYSTEM, self.system);
        }
    }
}
