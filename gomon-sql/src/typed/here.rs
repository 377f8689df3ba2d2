//! A monitored pool as an sqlx executor.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use either::Either;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::{Execute, Executor};
use sqlx_core::sql_str::SqlStr;

use super::db::MonitoredDb;
use super::executor::{forward_executor, prepare_request, prepared_text};
use super::held::Held;
use super::peek::{self, Peeked};
use super::pool::MonitoredPool;
use super::pool_wait;
use crate::call::{Call, OnConnection, Place, Request};
use crate::keys::fp;
use crate::parent::Parent;
use crate::pool::What;
use crate::run::{self, Item, Results};

/// A pool that knows where it is used: see [`MonitoredPool::here`].
///
/// It takes the place of the executor that sqlx has for pools, for that one does not tell how long it waited.
pub struct Here<'p, DB: MonitoredDb> {
    pub(super) pool: &'p MonitoredPool<DB>,
    pub(super) caller: Option<&'static Location<'static>>,
}

impl<DB: MonitoredDb> Here<'_, DB> {
    /// Takes a query apart for its event.
    fn peek<'q, E: Execute<'q, DB>>(
        &self,
        fp: &'static str,
        query: E,
    ) -> (Wanting<DB>, Peeked<E, DB>, Request) {
        let wanting = self.wanting();
        let (query, request) = peek::peek(fp, self.pool.config(), wanting.parent, query);
        (wanting, query, request)
    }

    /// What a statement needs that is going to take a connection of its own.
    fn wanting(&self) -> Wanting<DB> {
        Wanting {
            pool: self.pool.clone(),
            parent: Parent::current(),
            caller: self.caller,
            connection: OnConnection::to_come::<DB>(),
            waited: Arc::default(),
        }
    }
}

/// A statement's claim on a connection; it outlives the borrow of the pool.
struct Wanting<DB: MonitoredDb> {
    pool: MonitoredPool<DB>,
    parent: Parent,
    caller: Option<&'static Location<'static>>,
    /// The physical connection it will get.
    connection: OnConnection,
    /// How many nanoseconds it waited for it: who waits is not slow.
    waited: Arc<AtomicU64>,
}

impl<DB: MonitoredDb> Wanting<DB> {
    fn future(&self, request: Request) -> Call {
        Call::future(self.place(), request)
    }

    fn stream(&self, request: Request) -> Call {
        Call::stream(self.place(), request)
    }

    fn place(&self) -> Place {
        Place {
            engine: self.pool.shared().engine,
            config: self.pool.config().clone(),
            parent: self.parent,
            caller: self.caller,
            watch: None,
            connection: self.connection.clone(),
            waited: Some(Arc::clone(&self.waited)),
        }
    }

    /// A connection for one statement.
    async fn acquire(&self, sql: SqlStr) -> Result<Held<DB>, Error> {
        let what = What::Statement(sql, self.pool.shared().engine.dialect);
        let (parent, caller) = (self.parent, self.caller);
        let waited = &*self.waited;
        let held = pool_wait::acquire_noting(&self.pool, parent, what, caller, waited).await?;
        if let Some(event) = DB::event_of(&held, None) {
            self.connection.found(event);
        }
        Ok(held)
    }

    /// Takes a connection, runs `query`, and gives the connection back at the end of the stream.
    fn items<'e, 'q: 'e, E>(
        self,
        sql: SqlStr,
        query: E,
    ) -> impl futures_core::Stream<Item = Item<DB>> + Unpin + Send + 'e
    where
        E: 'q + Execute<'q, DB>,
    {
        sqlx_core::try_stream! {
            let mut connection = self.acquire(sql).await?;
            let mut items = DB::run_fetch_many(&mut connection, query);
            while let Some(item) = items.try_next().await? {
                r#yield!(item);
            }
            Ok(())
        }
    }
}

impl<'p, DB: MonitoredDb> Executor<'p> for Here<'_, DB> {
    type Database = DB;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (wanting, query, request) = self.peek(fp::EXECUTE, query);
        let sql = request.sql.clone();
        Box::pin(run::execute::<DB>(wanting.future(request), async move {
            let mut connection = wanting.acquire(sql).await?;
            DB::run_execute(&mut connection, query).await
        }))
    }

    fn execute_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<DB::QueryResult, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (wanting, query, request) = self.peek(fp::EXECUTE, query);
        let sql = request.sql.clone();
        let results = Results::<DB, _>::new(wanting.stream(request), wanting.items(sql, query));
        results
            .try_filter_map(|item| std::future::ready(Ok(item.left())))
            .boxed()
    }

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (wanting, query, request) = self.peek(fp::QUERY, query);
        let sql = request.sql.clone();
        Box::pin(Results::<DB, _>::new(
            wanting.stream(request),
            wanting.items(sql, query),
        ))
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (wanting, query, request) = self.peek(fp::QUERY, query);
        let sql = request.sql.clone();
        let mut call = wanting.future(request);
        // Not by `items`, which hands each row on by itself.
        Box::pin(async move {
            call.start();
            let connection = wanting.acquire(sql).await;
            let mut connection = connection.inspect_err(|error| call.fail(error))?;
            let items = DB::run_fetch_many(&mut connection, query);
            run::all::<DB>(&mut call, items).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (wanting, query, request) = self.peek(fp::QUERY, query);
        let sql = request.sql.clone();
        Box::pin(run::optional::<DB>(wanting.future(request), async move {
            let mut connection = wanting.acquire(sql).await?;
            DB::run_fetch_optional(&mut connection, query).await
        }))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let wanting = self.wanting();
        Box::pin(run::prepare(
            wanting.future(prepare_request(&sql)),
            async move {
                let mut connection = wanting.acquire(sql.clone()).await?;
                let sql = prepared_text(wanting.pool.config(), sql);
                DB::run_prepare(&mut connection, sql, parameters).await
            },
        ))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.pool.inner().clone();
        Box::pin(async move {
            let mut connection = pool.acquire().await?;
            DB::run_describe(&mut connection, sql).await
        })
    }
}

forward_executor!(['r] 'p &'r MonitoredPool<DB>, self => Here { pool: self, caller: None });

impl<DB: MonitoredDb> std::fmt::Debug for Here<'_, DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Here")
            .field("pool", self.pool)
            .field("caller", &self.caller)
            .finish()
    }
}
