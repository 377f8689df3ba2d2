//! How a pool becomes a monitored one.
//!
//! When does the event of this file (`driver-open`) start and end? It spans one whole `connect`, whatever number of
//! attempts sqlx makes in it, and ends with its result; `cancelled` if its future is dropped.

use std::future::Future;

use futures_core::future::BoxFuture;
use gomon_core::wait::Kind;
use gomon_core::{EndGuard, EventTracker, Outcome, mask};
use sqlx_core::connection::Connection;
use sqlx_core::database::Database;
use sqlx_core::error::Error;
use sqlx_core::pool::{Pool, PoolConnectionMetadata, PoolOptions};

use super::db::MonitoredDb;
use super::pool::MonitoredPool;
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::failure;
use crate::keys::{self, fp};
use crate::pool::connected;
use crate::waiting;

/// Adds `monitored()` to sqlx's pools.
pub trait PoolExt: Sized {
    /// The database of the pool.
    type Database: MonitoredDb;

    /// Wraps the pool; events take what the process captures.
    fn monitored(self) -> MonitoredPool<Self::Database> {
        self.monitored_with(SqlConfig::new())
    }

    /// Wraps the pool with settings of its own.
    fn monitored_with(self, config: SqlConfig) -> MonitoredPool<Self::Database>;
}

impl<DB: MonitoredDb> PoolExt for Pool<DB> {
    type Database = DB;

    fn monitored_with(self, config: SqlConfig) -> MonitoredPool<DB> {
        MonitoredPool::new(self, config)
    }
}

/// Adds monitored connecting to sqlx's pool options.
pub trait PoolOptionsExt: Sized {
    /// The database of the pool.
    type Database: MonitoredDb;

    /// As `PoolOptions::connect`, under a `driver-open` event.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")]
    /// # async fn run() -> Result<(), sqlx::Error> {
    /// use gomon_sql::PoolOptionsExt;
    ///
    /// let options = sqlx::postgres::PgPoolOptions::new().max_connections(20);
    /// let pool = options.connect_monitored("postgres://shop@localhost/shop").await?;
    /// # let _ = pool; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    fn connect_monitored(
        self,
        url: &str,
    ) -> impl Future<Output = Result<MonitoredPool<Self::Database>, Error>> + Send;

    /// As `PoolOptions::after_connect`, and lets the waits for the pool tell how much of them was spent on opening a connection,
    /// as `connect`. sqlx keeps one callback: this takes the place of one that was set before.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")]
    /// # async fn run() -> Result<(), sqlx::Error> {
    /// use gomon_sql::PoolOptionsExt;
    /// use sqlx::Executor;
    ///
    /// let options = sqlx::postgres::PgPoolOptions::new().after_connect_monitored(|connection, _| {
    ///     Box::pin(async move {
    ///         connection.execute("SET application_name = 'shop'").await?;
    ///         Ok(())
    ///     })
    /// });
    /// let pool = options.connect_monitored("postgres://shop@localhost/shop").await?;
    /// # let _ = pool; Ok(()) }
    /// ```
    #[must_use]
    fn after_connect_monitored<F>(self, callback: F) -> Self
    where
        for<'c> F: Fn(
                &'c mut <Self::Database as Database>::Connection,
                PoolConnectionMetadata,
            ) -> BoxFuture<'c, Result<(), Error>>
            + Send
            + Sync
            + 'static;
}

impl<DB: MonitoredDb> PoolOptionsExt for PoolOptions<DB> {
    type Database = DB;

    async fn connect_monitored(self, url: &str) -> Result<MonitoredPool<DB>, Error> {
        open::<DB>(engine_of::<DB>(url), mask::dsn(url), self.connect(url)).await
    }

    fn after_connect_monitored<F>(self, callback: F) -> Self
    where
        for<'c> F: Fn(&'c mut DB::Connection, PoolConnectionMetadata) -> BoxFuture<'c, Result<(), Error>>
            + Send
            + Sync
            + 'static,
    {
        self.after_connect(move |connection, metadata| {
            connected::note();
            callback(connection, metadata)
        })
    }
}

/// Which engine a URL leads to, as far as it is one.
pub(super) fn engine_of<DB: MonitoredDb>(url: &str) -> &'static Engine {
    let options = url.parse::<<DB::Connection as Connection>::Options>();
    options.map_or(DB::ENGINE, |options| DB::engine_for(&options))
}

/// Runs `connect` under a `driver-open` event; `dsn` holds no password.
pub(super) async fn open<DB: MonitoredDb>(
    engine: &'static Engine,
    dsn: String,
    connect: impl Future<Output = Result<Pool<DB>, Error>>,
) -> Result<MonitoredPool<DB>, Error> {
    let config = SqlConfig::new();
    let mut event = EndGuard::new(EventTracker::new(fp::DRIVER_OPEN));
    if event.tracker_ref().is_recording() {
        event
            .tracker()
            .set(keys::DRIVER, engine.system)
            .set(keys::DSN, dsn);
    }
    let result = waiting::on(Kind::Sql, None, connect).await;
    if let Err(error) = &result {
        failure::record(event.tracker(), engine, &config.current(), None, error);
    }
    event.finish(Outcome::Completed);
    result.map(MonitoredPool::from)
}
