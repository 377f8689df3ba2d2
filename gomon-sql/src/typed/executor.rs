//! The wrappers of connections as sqlx executors.

use either::Either;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::{Execute, Executor};
use sqlx_core::sql_str::SqlStr;

use super::connection::{MonitoredConnection, MonitoredPoolConnection};
use super::db::MonitoredDb;
use super::transaction::MonitoredTransaction;
use crate::call::{Call, Request, Watch};
use crate::config::SqlConfig;
use crate::keys::fp;
use crate::run::{self, Results};

impl<'c, DB: MonitoredDb> Executor<'c> for &'c mut MonitoredConnection<'_, DB> {
    type Database = DB;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (place, request, query) = self.peek(fp::EXECUTE, query);
        Box::pin(run::execute::<DB>(
            Call::future(place, request),
            DB::run_execute(&mut self.link, query),
        ))
    }

    fn execute_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<DB::QueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (place, request, query) = self.peek(fp::EXECUTE, query);
        let results = Results::<DB, _>::new(
            Call::stream(place, request),
            DB::run_fetch_many(&mut self.link, query),
        );
        results
            .try_filter_map(|item| std::future::ready(Ok(item.left())))
            .boxed()
    }

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (place, request, query) = self.peek(fp::QUERY, query);
        Box::pin(Results::<DB, _>::new(
            Call::stream(place, request),
            DB::run_fetch_many(&mut self.link, query),
        ))
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (place, request, query) = self.peek(fp::QUERY, query);
        let mut call = Call::future(place, request);
        let items = DB::run_fetch_many(&mut self.link, query);
        Box::pin(async move {
            call.start();
            run::all::<DB>(&mut call, items).await
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (place, request, query) = self.peek(fp::QUERY, query);
        Box::pin(run::optional::<DB>(
            Call::future(place, request),
            DB::run_fetch_optional(&mut self.link, query),
        ))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        let call = Call::future(self.place(), prepare_request(&sql));
        let sql = prepared_text(&self.config, sql);
        Box::pin(run::prepare(
            call,
            DB::run_prepare(&mut self.link, sql, parameters),
        ))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        let fate = self.fate.clone();
        Box::pin(async move {
            let described = DB::run_describe(&mut self.link, sql).await;
            if let (Err(error), Some(fate)) = (&described, &fate) {
                fate.failed(error);
            }
            described
        })
    }
}

/// What a `conn-prepare` event tells.
pub(super) fn prepare_request(sql: &SqlStr) -> Request {
    Request {
        fp: Some(fp::PREPARE),
        sql: sql.clone(),
        prepared: Some(true),
        bound: None,
        values: None,
        values_hash: None,
        copy: None,
    }
}

/// The text to be prepared: it is to be found again, so that it has no comment that varies.
pub(super) fn prepared_text(config: &SqlConfig, sql: SqlStr) -> SqlStr {
    match config.commenting() {
        Some(comments) if !comments.vary() => comments.add_tags(&sql),
        _ => sql,
    }
}

/// An executor that hands every call to another one.
macro_rules! forward_executor {
    ([$($generics:tt),*] $lifetime:lifetime $for:ty, $self_:ident => $inner:expr) => {
        impl<$lifetime, $($generics,)* DB: $crate::typed::MonitoredDb> sqlx_core::executor::Executor<$lifetime> for $for {
            type Database = DB;

            fn execute<'e, 'q: 'e, E>($self_, query: E) -> futures_core::future::BoxFuture<'e, Result<DB::QueryResult, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
                E: 'q + sqlx_core::executor::Execute<'q, DB>,
            {
                sqlx_core::executor::Executor::execute($inner, query)
            }

            fn execute_many<'e, 'q: 'e, E>($self_, query: E) -> futures_core::stream::BoxStream<'e, Result<DB::QueryResult, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
                E: 'q + sqlx_core::executor::Execute<'q, DB>,
            {
                sqlx_core::executor::Executor::execute_many($inner, query)
            }

            fn fetch_many<'e, 'q: 'e, E>(
                $self_,
                query: E,
            ) -> futures_core::stream::BoxStream<'e, Result<either::Either<DB::QueryResult, DB::Row>, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
                E: 'q + sqlx_core::executor::Execute<'q, DB>,
            {
                sqlx_core::executor::Executor::fetch_many($inner, query)
            }

            fn fetch_all<'e, 'q: 'e, E>($self_, query: E) -> futures_core::future::BoxFuture<'e, Result<Vec<DB::Row>, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
                E: 'q + sqlx_core::executor::Execute<'q, DB>,
            {
                sqlx_core::executor::Executor::fetch_all($inner, query)
            }

            fn fetch_optional<'e, 'q: 'e, E>($self_, query: E) -> futures_core::future::BoxFuture<'e, Result<Option<DB::Row>, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
                E: 'q + sqlx_core::executor::Execute<'q, DB>,
            {
                sqlx_core::executor::Executor::fetch_optional($inner, query)
            }

            fn prepare_with<'e>(
                $self_,
                sql: sqlx_core::sql_str::SqlStr,
                parameters: &'e [DB::TypeInfo],
            ) -> futures_core::future::BoxFuture<'e, Result<DB::Statement, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
            {
                sqlx_core::executor::Executor::prepare_with($inner, sql, parameters)
            }

            fn describe<'e>(
                $self_,
                sql: sqlx_core::sql_str::SqlStr,
            ) -> futures_core::future::BoxFuture<'e, Result<sqlx_core::describe::Describe<DB>, sqlx_core::error::Error>>
            where
                $lifetime: 'e,
            {
                sqlx_core::executor::Executor::describe($inner, sql)
            }
        }
    };
}
pub(super) use forward_executor;

forward_executor!(['t] 'c &'c mut MonitoredTransaction<'t, DB>, self => self.unplaced());
forward_executor!([] 'c &'c mut MonitoredPoolConnection<DB>, self => self.connection.unplaced());
