//! Monitored connections: taken from a pool, or borrowed.
//!
//! There are two levels of `Deref`. `&mut *conn` and `&mut *tx`, which programs write since sqlx 0.7, go one level down
//! and give a [`MonitoredConnection`]: still monitored. Code that wants `&mut PgConnection` gets it by coercion, two
//! levels down: unseen.
//!
//! When do the events of this file start and end?
//! - `sql-wlease` starts when `acquire()` has its connection, and ends when that is given back.
//! - `conn-close` is sent for a `close()` that returns an error.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;

use gomon_core::{Context, EventTracker};
use sqlx_core::database::Database;
use sqlx_core::error::Error;
use sqlx_core::executor::Execute;
use sqlx_core::pool::PoolConnection;
use sqlx_core::sql_str::{SqlSafeStr, SqlStr};
use sqlx_core::transaction::TransactionManager;

use super::db::MonitoredDb;
use super::held::Held;
use super::link::Link;
use super::peek::{self, Peeked};
use super::transaction::{Begin, MonitoredTransaction};
use crate::call::{OnConnection, Place, Request, Watch};
use crate::config::SqlConfig;
use crate::failure;
use crate::fate::FateAt;
use crate::keys::{self, fp};
use crate::parent::Parent;

/// A connection whose statements are monitored; `&mut` of it is an executor.
///
/// Made by [`MonitoredPool::acquire`](crate::MonitoredPool::acquire), inside transactions, and by [`monitor_conn`].
pub struct MonitoredConnection<'c, DB: MonitoredDb> {
    pub(super) link: Link<'c, DB>,
    pub(super) config: SqlConfig,
    /// The event its statements belong to: a transaction or a lease. Without one: what is current.
    pub(super) home: Option<Context>,
    /// The transaction it is inside of, where its fate has to be watched.
    pub(super) fate: Option<Arc<FateAt>>,
    /// How many levels of transactions were open on it when it was borrowed.
    base: usize,
    /// The place that last said `&mut *conn`, for the statement that comes next.
    pub(super) caller: Option<&'static Location<'static>>,
    /// After `link`: the lease ends once the connection is given back.
    lease: Option<EventTracker>,
}

/// Monitors a connection that came from elsewhere, for as long as it is borrowed.
///
/// For functions that are handed a `&mut PgConnection`, and for code generic over `Acquire`. Statements are children of
/// what is current. A `begin()` on it whose future is dropped half-way is as safe as sqlx makes it: a borrowed
/// connection cannot be closed.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// async fn count(conn: &mut sqlx::SqliteConnection) -> Result<i64, sqlx::Error> {
///     let mut conn = gomon_sql::monitor_conn::<sqlx::Sqlite>(conn);
///     sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut conn).await
/// }
/// ```
pub fn monitor_conn<DB: MonitoredDb>(
    connection: &mut DB::Connection,
) -> MonitoredConnection<'_, DB> {
    monitor_conn_with(connection, SqlConfig::new())
}

/// As [`monitor_conn`], with settings of its own.
pub fn monitor_conn_with<DB: MonitoredDb>(
    connection: &mut DB::Connection,
    config: SqlConfig,
) -> MonitoredConnection<'_, DB> {
    let base = DB::TransactionManager::get_transaction_depth(connection);
    MonitoredConnection {
        link: Link::Bare(connection),
        config,
        home: None,
        fate: None,
        base,
        caller: None,
        lease: None,
    }
}

impl<DB: MonitoredDb> MonitoredConnection<'static, DB> {
    /// A connection from a pool, with its `sql-wlease` event.
    pub(super) fn lease(held: Held<DB>, config: SqlConfig, parent: Parent) -> Self {
        let mut lease = parent.open(fp::LEASE);
        match held.caller().filter(|_| lease.is_recording()) {
            Some(caller) => {
                caller.tell(&mut lease);
                lease.register(caller.to_string());
            }
            None => lease.register("lease"),
        }
        let home = Some(lease.context());
        let counted = home.filter(|_| lease.is_recording());
        let connection = DB::event_of(&held, counted);
        if let Some(id) = connection.and_then(|event| event.event_id()) {
            lease.set(keys::CONN, id);
        }
        Self {
            link: Link::Owned(held),
            config,
            home,
            fate: None,
            base: 0,
            caller: None,
            lease: Some(lease),
        }
    }
}

impl<'c, DB: MonitoredDb> MonitoredConnection<'c, DB> {
    /// A connection inside a transaction.
    pub(super) fn inside(
        link: Link<'c, DB>,
        config: SqlConfig,
        home: Option<Context>,
        fate: Option<Arc<FateAt>>,
    ) -> Self {
        Self {
            link,
            config,
            home,
            fate,
            base: 0,
            caller: None,
            lease: None,
        }
    }

    /// Begins a transaction, or a savepoint inside one.
    ///
    /// Cancel safe, as [`MonitoredPool::begin`](crate::MonitoredPool::begin). A savepoint that fails, or whose future is dropped,
    /// rolls back what is round it, as in plain sqlx.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send + use<'_, 'c, DB>
    {
        self.begin_statement(None, Location::caller())
    }

    /// Begins a transaction by a statement of one's own.
    ///
    /// # Errors
    /// sqlx's own error, unchanged; `InvalidSavePointStatement` inside a transaction, which is then rolled back, as in plain sqlx.
    #[track_caller]
    pub fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        self.begin_statement(Some(statement.into_sql_str()), Location::caller())
    }

    pub(super) fn begin_statement(
        &mut self,
        statement: Option<SqlStr>,
        caller: &'static Location<'static>,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send + use<'_, 'c, DB>
    {
        let begin = Begin {
            config: self.config.clone(),
            parent: self.parent(),
            statement,
            caller,
            depth: self.levels(),
            inside: self.fate.clone(),
        };
        begin.run(self.link.reborrow())
    }

    /// How many levels of transactions are open on it.
    fn levels(&self) -> usize {
        let levels = DB::TransactionManager::get_transaction_depth(&self.link);
        match &self.fate {
            Some(at) => {
                at.fate.are_at_most(levels);
                at.fate.levels()
            }
            // Those it began itself have ended.
            None => levels.min(self.base),
        }
    }

    fn parent(&self) -> Parent {
        self.home.map_or_else(Parent::current, Parent::Event)
    }

    /// Where the next statement runs. Uses the noted caller up.
    pub(super) fn place(&mut self) -> Place {
        Place {
            engine: DB::engine_of(&self.link),
            config: self.config.clone(),
            parent: self.parent(),
            caller: self.caller.take(),
            watch: self.fate.clone().map(|fate| fate as Arc<dyn Watch>),
            connection: OnConnection::of(DB::event_of(&self.link, None)),
            waited: None,
        }
    }

    /// Takes a query apart for its event.
    pub(super) fn peek<'q, E: Execute<'q, DB>>(
        &mut self,
        fp: &'static str,
        query: E,
    ) -> (Place, Request, Peeked<E, DB>) {
        let (query, request) = peek::peek(fp, &self.config, self.parent(), query);
        (self.place(), request, query)
    }

    /// The connection for a statement whose caller is not known.
    pub(super) fn unplaced(&mut self) -> &mut Self {
        self.caller = None;
        self
    }
}

impl<DB: MonitoredDb> Deref for MonitoredConnection<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.link
    }
}

impl<DB: MonitoredDb> DerefMut for MonitoredConnection<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.link
    }
}

impl<DB: MonitoredDb> AsRef<DB::Connection> for MonitoredConnection<'_, DB> {
    fn as_ref(&self) -> &DB::Connection {
        self
    }
}

impl<DB: MonitoredDb> AsMut<DB::Connection> for MonitoredConnection<'_, DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        self
    }
}

impl<DB: MonitoredDb> fmt::Debug for MonitoredConnection<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredConnection")
            .finish_non_exhaustive()
    }
}

/// A monitored connection out of a pool, given back when it is dropped.
///
/// `&mut *conn` is an executor whose events carry the caller's file and line; `&mut conn` is one without.
pub struct MonitoredPoolConnection<DB: MonitoredDb> {
    pub(super) connection: MonitoredConnection<'static, DB>,
}

impl<DB: MonitoredDb> MonitoredPoolConnection<DB> {
    pub(super) fn lease(held: Held<DB>, config: SqlConfig, parent: Parent) -> Self {
        Self {
            connection: MonitoredConnection::lease(held, config, parent),
        }
    }

    /// Begins a transaction.
    ///
    /// Cancel safe, as [`MonitoredPool::begin`](crate::MonitoredPool::begin).
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        self.connection.begin_statement(None, Location::caller())
    }

    /// Begins a transaction by a statement of one's own.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        self.connection
            .begin_statement(Some(statement.into_sql_str()), Location::caller())
    }

    /// Closes the connection instead of giving it back, as `PoolConnection::close`. A failure is a `conn-close` event.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn close(self) -> Result<(), Error> {
        let MonitoredConnection {
            link,
            config,
            lease,
            ..
        } = self.connection;
        let Link::Owned(held) = link else {
            return Ok(());
        };
        let engine = DB::engine_of(&held);
        let connection = held.into_connection();
        let mut closing = pin!(connection.close());
        let result = poll_fn(|cx| DB::reported(|| closing.as_mut().poll(cx))).await;
        if let (Err(error), Some(lease)) = (&result, &lease) {
            let mut event = lease.child(fp::CONNECTION_CLOSE);
            failure::record(&mut event, engine, &config.current(), None, error);
        }
        result
    }

    /// Takes the connection out of the pool, which may open another one, as `PoolConnection::detach`. The lease ends; what
    /// the connection does from now on is unseen.
    ///
    /// # Panics
    /// If the connection inside was swapped for a borrowed one (`mem::swap`), which nobody can own.
    #[must_use]
    pub fn detach(self) -> DB::Connection {
        self.into_owned().detach()
    }

    /// As [`detach`](Self::detach), but the pool goes on counting the connection as its own, as `PoolConnection::leak`.
    ///
    /// # Panics
    /// As [`detach`](Self::detach).
    #[must_use]
    pub fn leak(self) -> DB::Connection {
        self.into_owned().leak()
    }

    /// Ends the lease.
    fn into_owned(self) -> PoolConnection<DB> {
        match self.connection.link {
            Link::Owned(held) => held.into_connection(),
            Link::Pooled(_) | Link::Bare(_) => unreachable!("a lease owns its connection"),
        }
    }

    /// Has the pool close the connection when it is given back, as `PoolConnection::close_on_drop`.
    pub fn close_on_drop(&mut self) {
        self.connection.link.close_on_drop();
    }
}

impl<DB: MonitoredDb> Deref for MonitoredPoolConnection<DB> {
    type Target = MonitoredConnection<'static, DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: MonitoredDb> DerefMut for MonitoredPoolConnection<DB> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.connection.caller = Some(Location::caller());
        &mut self.connection
    }
}

impl<DB: MonitoredDb> AsRef<<DB as Database>::Connection> for MonitoredPoolConnection<DB> {
    fn as_ref(&self) -> &DB::Connection {
        &self.connection.link
    }
}

impl<DB: MonitoredDb> AsMut<<DB as Database>::Connection> for MonitoredPoolConnection<DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection.link
    }
}

impl<DB: MonitoredDb> fmt::Debug for MonitoredPoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredPoolConnection")
            .finish_non_exhaustive()
    }
}
