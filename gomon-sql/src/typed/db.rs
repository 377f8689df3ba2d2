//! The databases a typed pool can be monitored for.

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use gomon_core::{Capture, Context, Tree};
use sqlx_core::connection::Connection;
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::Execute;
use sqlx_core::sql_str::SqlStr;

use crate::engine::Engine;
use crate::reported::Reported;
use crate::row_source::RowSource;
use crate::run::Item;

pub(crate) mod sealed {
    /// Keeps the list of databases ours.
    #[allow(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {}
}

/// A database whose pools can be monitored: `Sqlite`, `Postgres`, `MySql` and `Any`, each behind its feature.
///
/// The trait cannot be implemented outside this crate. Its methods hand a call to the driver; they are here so that no
/// impl of this crate needs a `for<'a> &'a mut DB::Connection: Executor<'a>`, which alone would keep a user's generic
/// helper with that bound from compiling ("overflow evaluating the requirement", E0275).
pub trait MonitoredDb: RowSource + sealed::Sealed {
    /// What is known of it before there is a connection.
    #[doc(hidden)]
    const ENGINE: &'static Engine;
    /// There are drivers of it that have events for their connections.
    #[doc(hidden)]
    const SEES_CONNECTIONS: bool = false;
    /// Which engine a connection is of.
    #[doc(hidden)]
    fn engine_of(_connection: &Self::Connection) -> &'static Engine {
        Self::ENGINE
    }
    /// Which engine options lead to.
    #[doc(hidden)]
    fn engine_for(_options: &<Self::Connection as Connection>::Options) -> &'static Engine {
        Self::ENGINE
    }
    /// Calls the driver, where a wrapper reports what comes of it.
    #[doc(hidden)]
    fn reported<R>(call: impl FnOnce() -> R) -> R {
        call()
    }
    /// The event of a physical connection, where the driver has one; from a lease, which that event then counts.
    #[doc(hidden)]
    fn event_of(_connection: &Self::Connection, _lease: Option<Context>) -> Option<Context> {
        None
    }
    /// Bound values, where they can be seen.
    #[doc(hidden)]
    fn bound(_arguments: &Self::Arguments, _capture: &Capture) -> Option<Tree> {
        None
    }
    /// A number that stands for them.
    #[doc(hidden)]
    fn hash_of(_arguments: &Self::Arguments) -> Option<u64> {
        None
    }
    /// Where options lead to, without the password. Not by sqlx's `to_url_lossy`, which panics for some of them.
    #[doc(hidden)]
    fn dsn(options: &<Self::Connection as Connection>::Options) -> String;
    /// The same bound values once more.
    #[doc(hidden)]
    fn copy_of(arguments: &Self::Arguments) -> Self::Arguments;
    #[doc(hidden)]
    fn run_fetch_many<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> Reported<BoxStream<'e, Item<Self>>>
    where
        E: 'q + Execute<'q, Self>;
    #[doc(hidden)]
    fn run_execute<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> Reported<BoxFuture<'e, Result<Self::QueryResult, Error>>>
    where
        E: 'q + Execute<'q, Self>;
    #[doc(hidden)]
    fn run_fetch_optional<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> Reported<BoxFuture<'e, Result<Option<Self::Row>, Error>>>
    where
        E: 'q + Execute<'q, Self>;
    #[doc(hidden)]
    fn run_prepare<'e>(
        connection: &'e mut Self::Connection,
        sql: SqlStr,
        parameters: &'e [Self::TypeInfo],
    ) -> Reported<BoxFuture<'e, Result<Self::Statement, Error>>>;
    #[doc(hidden)]
    fn run_describe<'e>(
        connection: &'e mut Self::Connection,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<Describe<Self>, Error>>;
}

/// The methods of [`MonitoredDb`] that hand a call to the driver.
macro_rules! dispatch {
    () => {
        fn run_fetch_many<'e, 'q: 'e, E>(
            connection: &'e mut Self::Connection,
            query: E,
        ) -> $crate::reported::Reported<futures_core::stream::BoxStream<'e, $crate::run::Item<Self>>>
        where
            E: 'q + sqlx_core::executor::Execute<'q, Self>,
        {
            {
                let engine = Self::engine_of(connection);
                let call = || sqlx_core::executor::Executor::fetch_many(connection, query);
                $crate::reported::statement(engine, Self::reported(call))
            }
        }

        fn run_execute<'e, 'q: 'e, E>(
            connection: &'e mut Self::Connection,
            query: E,
        ) -> $crate::reported::Reported<futures_core::future::BoxFuture<'e, Result<Self::QueryResult, sqlx_core::error::Error>>>
        where
            E: 'q + sqlx_core::executor::Execute<'q, Self>,
        {
            {
                let engine = Self::engine_of(connection);
                let call = || sqlx_core::executor::Executor::execute(connection, query);
                $crate::reported::statement(engine, Self::reported(call))
            }
        }

        fn run_fetch_optional<'e, 'q: 'e, E>(
            connection: &'e mut Self::Connection,
            query: E,
        ) -> $crate::reported::Reported<futures_core::future::BoxFuture<'e, Result<Option<Self::Row>, sqlx_core::error::Error>>>
        where
            E: 'q + sqlx_core::executor::Execute<'q, Self>,
        {
            {
                let engine = Self::engine_of(connection);
                let call = || sqlx_core::executor::Executor::fetch_optional(connection, query);
                $crate::reported::statement(engine, Self::reported(call))
            }
        }

        fn run_prepare<'e>(
            connection: &'e mut Self::Connection,
            sql: sqlx_core::sql_str::SqlStr,
            parameters: &'e [Self::TypeInfo],
        ) -> $crate::reported::Reported<futures_core::future::BoxFuture<'e, Result<Self::Statement, sqlx_core::error::Error>>> {
            {
                let engine = Self::engine_of(connection);
                let call = || sqlx_core::executor::Executor::prepare_with(connection, sql, parameters);
                $crate::reported::statement(engine, Self::reported(call))
            }
        }

        fn run_describe<'e>(
            connection: &'e mut Self::Connection,
            sql: sqlx_core::sql_str::SqlStr,
        ) -> futures_core::future::BoxFuture<
            'e,
            Result<sqlx_core::describe::Describe<Self>, sqlx_core::error::Error>,
        > {
            sqlx_core::executor::Executor::describe(connection, sql)
        }
    };
}
pub(crate) use dispatch;
