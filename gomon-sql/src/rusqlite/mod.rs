//! rusqlite 0.39, by SQLite's own trace. It is the version that shares its SQLite with sqlx 0.9: a program can have both.
//!
//! [`install`] on a connection monitors what runs on it, and changes nothing where it is used.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = rusqlite::Connection::open_in_memory()?;
//! gomon_sql::rusqlite::install(&connection)?;
//! let answer: i64 = connection.query_row("SELECT 42", [], |row| row.get(0))?;
//! assert_eq!(answer, 42);
//! # Ok(()) }
//! ```
//!
//! # When does its event start and end?
//!
//! - `sql-wconn` starts with [`install`], and ends when the connection is closed.
//! - `sql-wconn-queryctx` and `sql-wstmt-execctx` start when SQLite begins to run a statement, and end when it is done or is reset: while
//!   `Rows` are held, it runs. Each statement of a batch has its own event. What triggers, virtual tables and SQL functions run is a part
//!   of the statement that makes them.
//! - `conn-begintx` starts with `BEGIN` and ends with `COMMIT` or `ROLLBACK`, whose events are its children, as are those of savepoints,
//!   `sql-savepoint`. A connection that is closed in between rolls back: `sql-wtx-rollback` with `implicit`.
//!
//! Statements of a transaction are children of it; others of what is current. rusqlite blocks its thread: in an asynchronous program
//! run it by `gomon_core::spawn_blocking`, which takes the context along; under tokio's own, statements are orphans.
//!
//! # What SQLite does not tell
//!
//! Whether a statement failed. One that did is `completed`, unless [`error_log`] is installed too, and even then SQLite says nothing of
//! `SQLITE_BUSY` and `SQLITE_LOCKED`; and a statement that cannot be prepared never runs, and is no event. The first run of
//! a statement that SQLite prepares anew, because another connection has changed the schema, ends too early.

mod errors;
mod slots;
mod traced;
mod values;

pub use errors::error_log;
pub use slots::{InstallError, install, install_with};
