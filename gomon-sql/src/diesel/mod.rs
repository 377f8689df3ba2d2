//! Diesel 2.3, by its instrumentation.
//!
//! [`install`] at the start of a program monitors each connection that is made afterwards, and changes nothing where
//! connections are used. [`GomonInstrumentation`] is for one connection, and for a program that has an instrumentation of its
//! own.
//!
//! # When does its event start and end?
//!
//! - `driver-open` starts when Diesel begins to connect and ends with the result: `completed` or `failed`. `dsn` is the URL
//!   without its password.
//! - `sql-wconn` starts when the connection is there, and ends when it is dropped. A connection that was established before it
//!   was given the instrumentation has none.
//! - `sql-wconn-queryctx` and `sql-wstmt-execctx` start when Diesel starts a query, before it is prepared, and end when Diesel says
//!   so: when its rows were read or dropped, `completed`; with an error, `failed`.
//! - Diesel does not say so if a value cannot be serialised, or panics meanwhile. Such a query was not sent: it is `cancelled`, as of
//!   the connection's next use, or `panicked` if the panic drops the connection.
//! - `conn-prepare` is the moment in which Diesel decides to keep a prepared statement, just before it prepares it. It takes no time.
//! - `conn-begintx` starts with `BEGIN` and ends with the answer to `COMMIT` or `ROLLBACK`, whose events are its children, as are those of
//!   savepoints, `sql-savepoint`. A connection that is dropped in between rolls back: `sql-wtx-rollback` with `implicit`.
//!
//! Statements of a transaction are children of it; others of what is current. Diesel blocks its thread: in an asynchronous program
//! run it by `gomon_core::spawn_blocking`, which takes the context along; under tokio's own, statements are orphans.
//!
//! # What it costs
//!
//! Diesel builds the text of each query once more, which is what it gives to an instrumentation.

mod failure;
mod instrumentation;
mod text;
mod url;
mod values;

use diesel::QueryResult;
use diesel::connection::set_default_instrumentation;

pub use crate::hooked::System;
pub use instrumentation::GomonInstrumentation;

/// Monitors each connection that is established from now on.
///
/// It takes the place of whatever default instrumentation there was. To keep that one, join the two:
///
/// ```
/// use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
/// use gomon_sql::diesel::GomonInstrumentation;
///
/// set_default_instrumentation(|| {
///     let mine = |event: InstrumentationEvent<'_>| drop(event);
///     Some(Box::new(GomonInstrumentation::new().and(mine)))
/// })?;
/// # diesel::QueryResult::Ok(())
/// ```
///
/// # Errors
/// Those of Diesel's `set_default_instrumentation`.
pub fn install() -> QueryResult<()> {
    set_default_instrumentation(|| Some(Box::new(GomonInstrumentation::new())))
}
