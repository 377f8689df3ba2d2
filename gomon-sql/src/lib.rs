//! Monitoring of sqlx 0.9: typed wrappers, a driver for `AnyPool`, and a layer for what sqlx tells `tracing`; and of SeaORM, Diesel
//! and rusqlite, each by its own hook and behind the feature of its name.
//!
//! Three ways into sqlx, which can be used side by side:
//! - [`PoolExt::monitored`] wraps a pool (`PgPool`, `SqlitePool`, `MySqlPool`, and `AnyPool` on whatever driver). Code that uses `&pool`,
//!   `&mut *tx`, `&mut *conn`, `pool.begin()` or `pool.acquire()` stays as it is; where a pool is stored, its type
//!   becomes [`MonitoredPool`].
//! - [`MonitoredDriver`] monitors whatever goes through `AnyPool`, by one line at the start of the program.
//! - [`SqlxLayer`] makes events of what sqlx logs, for raw pools and what gets past the other two; it leaves out what they report.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), sqlx::Error> {
//! use gomon_sql::PoolExt;
//! use sqlx::SqlitePool;
//!
//! let pool = SqlitePool::connect("sqlite::memory:").await?.monitored();
//! let answer: i64 = sqlx::query_scalar("SELECT 42").fetch_one(&pool).await?;
//! assert_eq!(answer, 42);
//! # Ok(()) }
//! # #[cfg(not(feature = "sqlite"))] fn main() {}
//! ```
//!
//! # Which way in gives what
//!
//! | | typed wrapper | Any driver | layer |
//! |---|---|---|---|
//! | `driver-open` | `MonitoredPool::connect`, `connect_with`, [`PoolOptionsExt`]: the whole of it | each attempt to connect | no |
//! | `sql-wconn` (life of a physical connection), `conn` | no | yes | no |
//! | `sql-wpool-acquire` | yes | no: the pool is above the driver | as far as sqlx logs it |
//! | `sql-wlease` | yes | no | no |
//! | `conn-begintx`, `sql-wtx-commit`, `sql-wtx-rollback`, `sql-savepoint` | yes | yes | no |
//! | `sql-wconn-queryctx`, `sql-wstmt-execctx` | by the method called | by the statement's text | by the statement's text, without errors |
//! | `conn-prepare`, `sql-wrows` | yes | yes | no |
//! | migrations | the lease only | a statement each | their statements |
//! | bound values | their number, `params-count` | the values, `params`, where [`Capture::bound_values`] allows | no |
//! | `caller` | exact for `&mut *tx`, `&mut *conn`, `pool.here()`, else from the stack | from the stack | no |
//! | `slow`, `unbounded`, `sql-nplusone`, `sql-duplicate`, and [`SqlProfile`] | yes | yes | `slow` alone |
//! | `sql-pool`, `sql-leak`, `holders`, `sql-explain`, [`SqlComments`] | yes | no | no |
//!
//! A pool that is wrapped and on the driver has what either gives, and reports it once. [`SqlConfig`] has the thresholds,
//! which [`MonitoredDriver::configure`] takes too.
//!
//! # When do statements' events start and end?
//!
//! Those of the first two; [`SqlxLayer`] says it of its own.
//!
//! - They start at the first poll: what is never polled was never sent, and is no event.
//! - They end with the result: `completed`, `failed`, or `timed-out` for `PoolTimedOut` and for the server's own limits.
//! - A future dropped before it is ready: `cancelled`. A stream of rows dropped before its end: `truncated`; but
//!   `fetch_one` and `fetch_optional`, which want no more than one row, are `completed` with it.
//! - `rows-aff` and `last-id` are told of statements that write, `last-id` by engines that have it; for others, the
//!   engines repeat what was true of an earlier statement.
//!
//! The parent is the innermost of the transaction, the lease and what is current; without any of them, an event that is
//! made on a task is marked `orphan`.
//!
//! # What is never in an event, unless asked for
//!
//! Literals in statements and quoted values in the messages of errors are `?` unless [`Capture::bound_values`]; rows are
//! taken with [`Capture::rows`] only, and cells of columns with a secret's name never; the `detail` of a PostgreSQL error,
//! which holds the row, is never taken, and neither is the password of a connection string.
//!
//! [`Capture::bound_values`]: gomon_core::Capture::bound_values
//! [`Capture::rows`]: gomon_core::Capture::rows
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]
#![cfg_attr(
    not(all(
        feature = "sqlite",
        feature = "postgres",
        feature = "mysql",
        feature = "any",
        feature = "tracing",
        feature = "sea-orm",
        feature = "diesel",
        feature = "rusqlite"
    )),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        unused_macros,
        rustdoc::broken_intra_doc_links,
        reason = "what one engine or way in needs, another one may not"
    )
)]

#[cfg(feature = "any")]
mod any;
mod call;
mod comments;
mod config;
mod described;
#[cfg(feature = "diesel")]
pub mod diesel;
mod engine;
mod engines;
mod explain;
mod failure;
mod fate;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(any(feature = "sea-orm", feature = "diesel", feature = "rusqlite"))]
mod hooked;
mod housekeeping;
mod keys;
#[cfg(feature = "tracing")]
mod layer;
mod parent;
mod pool;
mod profile;
mod repeats;
mod reported;
mod row_source;
mod rows;
mod run;
#[cfg(feature = "rusqlite")]
pub mod rusqlite;
#[cfg(feature = "sea-orm")]
pub mod sea_orm;
mod site;
mod statement;
mod transaction_books;
mod transaction_event;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "any"
))]
mod typed;
mod waiting;

#[cfg(feature = "any")]
pub use any::{DriverDb, MonitoredDriver, RegisterError};
pub use comments::SqlComments;
pub use config::SqlConfig;
#[cfg(feature = "tracing")]
pub use layer::SqlxLayer;
pub use profile::{SqlProfile, SqlProfileLine};
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "any"
))]
pub use typed::*;
