//! sqlx's traits `Connection` and `ConnectOptions`, as much of them as its tests use, for monitored connections.
//!
//! gomon wraps connections that are a pool's or borrowed; one that a test makes for itself comes out of a pool of one.

use std::future::Future;

use gomon_sql::{MonitoredDb, MonitoredPool, MonitoredPoolConnection, PoolExt, PoolOptionsExt};
use real::database::HasStatementCache;
use real::pool::PoolOptions;
use real::{Database, Result, SqlSafeStr, Transaction};

type Of<C> = <C as real::Connection>::Database;
type Options<DB> = <<DB as Database>::Connection as real::Connection>::Options;

/// In place of sqlx's trait, which nobody but sqlx can implement for monitored connections.
pub trait Connection: Sized {
    type Inner: real::Connection;

    fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send;

    fn connect_with(
        options: &<Self::Inner as real::Connection>::Options,
    ) -> impl Future<Output = Result<Self>> + Send;

    fn close(self) -> impl Future<Output = Result<()>> + Send;

    fn inner(&self) -> &Self::Inner;

    fn inner_mut(&mut self) -> &mut Self::Inner;

    /// Of a connection inside a wrapper: the wrappers have a method of their own.
    fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<Transaction<'_, Of<Self::Inner>>>> + Send {
        real::Connection::begin_with(self.inner_mut(), statement)
    }

    fn ping(&mut self) -> impl Future<Output = Result<()>> + Send {
        real::Connection::ping(self.inner_mut())
    }

    fn is_in_transaction(&self) -> bool {
        real::Connection::is_in_transaction(self.inner())
    }

    fn shrink_buffers(&mut self) {
        real::Connection::shrink_buffers(self.inner_mut());
    }

    fn cached_statements_size(&self) -> usize
    where
        Of<Self::Inner>: HasStatementCache,
    {
        real::Connection::cached_statements_size(self.inner())
    }

    fn clear_cached_statements(&mut self) -> impl Future<Output = Result<()>> + Send
    where
        Of<Self::Inner>: HasStatementCache,
    {
        real::Connection::clear_cached_statements(self.inner_mut())
    }
}

impl<DB: MonitoredDb> Connection for MonitoredPoolConnection<DB> {
    type Inner = DB::Connection;

    async fn connect(url: &str) -> Result<Self> {
        alone(one().connect_monitored(url).await?).await
    }

    async fn connect_with(options: &Options<DB>) -> Result<Self> {
        alone(one().connect_with(options.clone()).await?.monitored()).await
    }

    async fn close(self) -> Result<()> {
        Self::close(self).await
    }

    fn inner(&self) -> &DB::Connection {
        self.as_ref()
    }

    fn inner_mut(&mut self) -> &mut DB::Connection {
        self.as_mut()
    }
}

/// Connections of sqlx's own, which are `AnyConnection`s or inside of a wrapper.
macro_rules! own {
    ($($feature:literal $connection:ident)+) => {$(
        #[cfg(feature = $feature)]
        impl Connection for real::$connection {
            type Inner = Self;

            fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send {
                <Self as real::Connection>::connect(url)
            }

            fn connect_with(
                options: &<Self as real::Connection>::Options,
            ) -> impl Future<Output = Result<Self>> + Send {
                <Self as real::Connection>::connect_with(options)
            }

            fn close(self) -> impl Future<Output = Result<()>> + Send {
                real::Connection::close(self)
            }

            fn inner(&self) -> &Self {
                self
            }

            fn inner_mut(&mut self) -> &mut Self {
                self
            }
        }
    )+};
}
own!(
    "monitored" AnyConnection
    "mysql" MySqlConnection
    "postgres" PgConnection
    "sqlite" SqliteConnection
);

/// In place of sqlx's trait, whose `connect` gives a connection of its own.
pub trait ConnectOptions: real::ConnectOptions {
    type Conn;

    fn connect(&self) -> impl Future<Output = Result<Self::Conn>> + Send;

    fn from_url(url: &sqlx_core::Url) -> Result<Self> {
        real::ConnectOptions::from_url(url)
    }
}

impl<DB, O> ConnectOptions for O
where
    DB: MonitoredDb<Connection = O::Connection>,
    O: real::ConnectOptions<Connection: real::Connection<Database = DB, Options = O>>,
{
    type Conn = MonitoredPoolConnection<DB>;

    fn connect(&self) -> impl Future<Output = Result<Self::Conn>> + Send {
        Self::Conn::connect_with(self)
    }
}

fn one<DB: MonitoredDb>() -> PoolOptions<DB> {
    PoolOptions::new().max_connections(1)
}

/// The connection of a pool that nobody else has: it is closed when it is dropped, as one without a pool is.
async fn alone<DB: MonitoredDb>(pool: MonitoredPool<DB>) -> Result<MonitoredPoolConnection<DB>> {
    let mut connection = pool.acquire().await?;
    connection.close_on_drop();
    Ok(connection)
}
