//! SeaORM 2, by its metric callback.
//!
//! [`install`] on a connection monitors its statements, and those of its clones and transactions that are made afterwards; nothing
//! changes where it is used. [`callback`] is for a program that has a callback of its own: SeaORM keeps one.
//!
//! ```
//! # fn joined(db: &mut sea_orm::DatabaseConnection) {
//! let told = gomon_sql::sea_orm::callback();
//! db.set_metric_callback(move |info| {
//!     told(info);
//!     // … and what else is to be done with it
//! });
//! # }
//! ```
//!
//! # When does its event start and end?
//!
//! - SeaORM tells of a statement when it is over, and how long it took. `sql-wconn-queryctx` and `sql-wstmt-execctx` end with that, and
//!   start as much earlier: `completed`, or `failed` without the error, which SeaORM keeps to itself.
//! - A stream of rows is told of when it is dropped. Its time is that of its polls, and it is `completed` whatever came of it.
//! - A future that is dropped before it is ready is not told of.
//!
//! The parent is what is current then: the callback runs in the task of the call. `BEGIN`, `COMMIT` and savepoints are not told of, nor is
//! `execute_unprepared`, nor a connection.

mod values;

use gomon_core::is_enabled;
use sea_orm::metric::Info;
use sea_orm::{DatabaseConnection, DbBackend};
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};

use crate::call::{Call, OnConnection, Place, Request};
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::hooked::{System, UNKNOWN};
use crate::parent::Parent;

/// Monitors the statements of a connection, in the place of a callback that it may have.
///
/// ```no_run
/// # async fn connect() -> Result<(), sea_orm::DbErr> {
/// let mut db = sea_orm::Database::connect("sqlite::memory:").await?;
/// gomon_sql::sea_orm::install(&mut db);
/// # Ok(()) }
/// ```
pub fn install(connection: &mut DatabaseConnection) {
    connection.set_metric_callback(callback());
}

/// What [`install`] installs, to be called by a callback of one's own.
pub fn callback() -> impl Fn(&Info<'_>) + Send + Sync + 'static {
    callback_with(SqlConfig::new())
}

/// The same with settings of its own.
pub fn callback_with(config: SqlConfig) -> impl Fn(&Info<'_>) + Send + Sync + 'static {
    move |info| {
        if is_enabled() {
            tell(&config, info);
        }
    }
}

fn tell(config: &SqlConfig, info: &Info<'_>) {
    let engine = engine(info.statement.db_backend);
    let values = info.statement.values.as_ref();
    let capture = config.current();
    let place = Place {
        engine,
        config: config.clone(),
        parent: Parent::current(),
        caller: None,
        watch: None,
        connection: OnConnection::Unseen,
        waited: None,
    };
    let request = Request {
        fp: None,
        sql: AssertSqlSafe(info.statement.sql.clone()).into_sql_str(),
        prepared: None,
        bound: values.map(|values| values.0.len()),
        values: values
            .filter(|_| capture.bound_values())
            .map(|values| values::bound(&values.0, &capture)),
        values_hash: None,
        copy: None,
    };
    let mut call = Call::future(place, request).without_rows();
    call.start();
    call.backdate(info.elapsed);
    match info.failed {
        true => call.fail_told(None),
        false => call.complete(),
    }
}

fn engine(backend: DbBackend) -> &'static Engine {
    #[allow(
        unreachable_patterns,
        reason = "whether the list is complete is for SeaORM to say"
    )]
    match backend {
        DbBackend::Postgres => System::Postgres.engine(),
        DbBackend::MySql => System::MySql.engine(),
        DbBackend::Sqlite => System::Sqlite.engine(),
        _ => &UNKNOWN,
    }
}
