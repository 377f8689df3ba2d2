//! A monitored pool.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use gomon_core::mask;
use sqlx_core::connection::Connection;
use sqlx_core::error::Error;
use sqlx_core::pool::Pool;
use sqlx_core::sql_str::{SqlSafeStr, SqlStr};

use super::connection::MonitoredPoolConnection;
use super::db::MonitoredDb;
use super::here::Here;
use super::link::Link;
use super::pool_ext::{PoolExt, engine_of, open};
use super::pool_wait;
use super::shared::Shared;
use super::transaction::{Begin, MonitoredTransaction};
use crate::config::SqlConfig;
use crate::parent::Parent;
use crate::pool::What;

/// A [`Pool`] that sends an event for every wait, transaction and statement.
///
/// Everything an application does with a pool works as before: `&pool` is an executor, `pool.begin()`, `pool.acquire()`,
/// and, by [`Deref`], every other method of the pool. Cloning is cheap, as it is for the pool.
///
/// What is not seen: what is done through the inner pool (`pool.inner()`, or a function that takes `&Pool<DB>`), and
/// the statements of code that is generic over sqlx's `Acquire`, which asks for the raw connection by its signature;
/// [`monitor_conn`](crate::monitor_conn) brings that back.
///
/// ```no_run
/// # async fn run() -> Result<(), sqlx::Error> {
/// use gomon_sql::PoolExt;
///
/// # #[cfg(feature = "sqlite")] {
/// let pool = sqlx::SqlitePool::connect("sqlite:shop.db").await?.monitored();
/// let mut tx = pool.begin().await?;
/// sqlx::query("UPDATE products SET stock = stock - 1 WHERE id = ?").bind(7).execute(&mut *tx).await?;
/// tx.commit().await?;
/// # }
/// # Ok(()) }
/// ```
pub struct MonitoredPool<DB: MonitoredDb> {
    shared: Arc<Shared<DB>>,
}

/// A monitored pool of SQLite connections.
#[cfg(feature = "sqlite")]
pub type MonitoredSqlitePool = MonitoredPool<sqlx_sqlite::Sqlite>;
/// A monitored pool of PostgreSQL connections.
#[cfg(feature = "postgres")]
pub type MonitoredPgPool = MonitoredPool<sqlx_postgres::Postgres>;
/// A monitored `AnyPool`.
#[cfg(feature = "any")]
pub type MonitoredAnyPool = MonitoredPool<sqlx_core::any::Any>;
/// A monitored pool of MySQL or MariaDB connections.
#[cfg(feature = "mysql")]
pub type MonitoredMySqlPool = MonitoredPool<sqlx_mysql::MySql>;

impl<DB: MonitoredDb> From<Pool<DB>> for MonitoredPool<DB> {
    fn from(pool: Pool<DB>) -> Self {
        pool.monitored()
    }
}

impl<DB: MonitoredDb> MonitoredPool<DB> {
    /// Opens a pool, as `Pool::connect`, under a `driver-open` event.
    ///
    /// # Errors
    /// sqlx's own error, unchanged. A server that cannot be reached is `PoolTimedOut` after the acquire timeout.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        open::<DB>(engine_of::<DB>(url), mask::dsn(url), Pool::connect(url)).await
    }

    /// Opens a pool, as `Pool::connect_with`, under a `driver-open` event.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn connect_with(
        options: <DB::Connection as Connection>::Options,
    ) -> Result<Self, Error> {
        let (engine, dsn) = (DB::engine_for(&options), DB::dsn(&options));
        open::<DB>(engine, dsn, Pool::connect_with(options)).await
    }

    /// Makes a pool that connects when it is first used, as `Pool::connect_lazy`. No event.
    ///
    /// # Errors
    /// sqlx's own error if the URL is malformed.
    pub fn connect_lazy(url: &str) -> Result<Self, Error> {
        Pool::connect_lazy(url).map(Self::from)
    }

    /// Makes a pool that connects when it is first used, as `Pool::connect_lazy_with`. No event.
    #[must_use]
    pub fn connect_lazy_with(options: <DB::Connection as Connection>::Options) -> Self {
        Pool::connect_lazy_with(options).into()
    }

    /// sqlx's pool. What is done through it is not monitored.
    #[must_use]
    pub fn inner(&self) -> &Pool<DB> {
        &self.shared.inner
    }

    /// The pool as an executor that notes the caller: the events of statements run on `pool.here()` carry the file and
    /// line of this call in `caller`.
    #[track_caller]
    #[must_use]
    pub fn here(&self) -> Here<'_, DB> {
        Here {
            pool: self,
            caller: Some(Location::caller()),
        }
    }

    /// Takes a connection, as `Pool::acquire`. Its `sql-wlease` event ends when the connection is given back.
    ///
    /// Cancel safe: a dropped future gives back what it got.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn acquire(
        &self,
    ) -> impl Future<Output = Result<MonitoredPoolConnection<DB>, Error>> + Send + 'static {
        let (pool, parent, caller) = (self.clone(), Parent::current(), Location::caller());
        async move {
            let held = pool_wait::acquire(&pool, parent, What::Lease, Some(caller)).await?;
            let config = pool.config().clone();
            Ok(MonitoredPoolConnection::lease(held, config, parent))
        }
    }

    /// Takes a connection if one is idle, as `Pool::try_acquire`.
    #[track_caller]
    #[must_use]
    pub fn try_acquire(&self) -> Option<MonitoredPoolConnection<DB>> {
        let caller = Location::caller();
        let held = pool_wait::try_acquire(self, What::Lease, caller)?;
        let (config, parent) = (self.config().clone(), Parent::current());
        Some(MonitoredPoolConnection::lease(held, config, parent))
    }

    /// Begins a transaction, as `Pool::begin`.
    ///
    /// Cancel safe: where the future is dropped while `BEGIN` is on its way, the connection is closed, so that no open
    /// transaction goes back into the pool (SQLite's driver undoes it by itself).
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin(
        &self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'static, DB>, Error>> + Send + '_ {
        self.begin_statement(None, Location::caller())
    }

    /// Begins a transaction by a statement of one's own, as `Pool::begin_with`.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<MonitoredTransaction<'static, DB>, Error>> + Send + '_ {
        self.begin_statement(Some(statement.into_sql_str()), Location::caller())
    }

    /// Begins a transaction if a connection is idle, as `Pool::try_begin`.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn try_begin(
        &self,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>> + Send + '_
    {
        self.try_begin_statement(None, Location::caller())
    }

    /// Begins a transaction by a statement of one's own if a connection is idle, as `Pool::try_begin_with`.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn try_begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>> + Send + '_
    {
        self.try_begin_statement(Some(statement.into_sql_str()), Location::caller())
    }

    fn begin_statement(
        &self,
        statement: Option<SqlStr>,
        caller: &'static Location<'static>,
    ) -> impl Future<Output = Result<MonitoredTransaction<'static, DB>, Error>> + Send + use<'_, DB>
    {
        let parent = Parent::current();
        async move {
            let what = What::Transaction;
            let held = pool_wait::acquire(self, parent, what, Some(caller)).await?;
            Begin {
                config: self.config().clone(),
                parent,
                statement,
                caller,
                depth: 0,
                inside: None,
            }
            .run(Link::Owned(held))
            .await
        }
    }

    fn try_begin_statement(
        &self,
        statement: Option<SqlStr>,
        caller: &'static Location<'static>,
    ) -> impl Future<Output = Result<Option<MonitoredTransaction<'static, DB>>, Error>>
    + Send
    + use<'_, DB> {
        let parent = Parent::current();
        async move {
            let Some(held) = pool_wait::try_acquire(self, What::Transaction, caller) else {
                return Ok(None);
            };
            let begin = Begin {
                config: self.config().clone(),
                parent,
                statement,
                caller,
                depth: 0,
                inside: None,
            };
            begin.run(Link::Owned(held)).await.map(Some)
        }
    }

    pub(super) fn new(inner: Pool<DB>, config: SqlConfig) -> Self {
        Self {
            shared: Shared::new(inner, config),
        }
    }

    pub(super) fn config(&self) -> &SqlConfig {
        &self.shared.config
    }

    pub(super) fn shared(&self) -> &Arc<Shared<DB>> {
        &self.shared
    }
}

impl<DB: MonitoredDb> Clone for MonitoredPool<DB> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<DB: MonitoredDb> Deref for MonitoredPool<DB> {
    type Target = Pool<DB>;

    fn deref(&self) -> &Pool<DB> {
        self.inner()
    }
}

impl<DB: MonitoredDb> fmt::Debug for MonitoredPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().fmt(f)
    }
}
