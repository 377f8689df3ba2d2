//! What `sqlx_test::new` and `sqlx_test::pool` return.

use std::future::Future;

use real::pool::PoolOptions;
use real::{Database, Result};

/// A database, and the types that its tests run on.
pub trait Opening: Database {
    type Conn;
    type Pool;

    fn open(url: &str) -> impl Future<Output = Result<Self::Conn>> + Send;
    fn open_pool(url: &str, connections: u32) -> impl Future<Output = Result<Self::Pool>> + Send;
}

#[cfg(not(feature = "monitored"))]
impl<DB: Database> Opening for DB {
    type Conn = DB::Connection;
    type Pool = real::Pool<DB>;

    fn open(url: &str) -> impl Future<Output = Result<DB::Connection>> + Send {
        <DB::Connection as real::Connection>::connect(url)
    }

    async fn open_pool(url: &str, connections: u32) -> Result<real::Pool<DB>> {
        PoolOptions::new()
            .max_connections(connections)
            .connect(url)
            .await
    }
}

/// gomon's types: what is borrowed can be wrapped too, but a connection of one's own is a pool's.
#[cfg(feature = "monitored")]
macro_rules! typed {
    ($($feature:literal $database:ident)+) => {$(
        #[cfg(feature = $feature)]
        impl Opening for real::$database {
            type Conn = gomon_sql::MonitoredPoolConnection<Self>;
            type Pool = gomon_sql::MonitoredPool<Self>;

            async fn open(url: &str) -> Result<Self::Conn> {
                use crate::connection::Connection as _;
                Self::Conn::connect(url).await
            }

            async fn open_pool(url: &str, connections: u32) -> Result<Self::Pool> {
                use gomon_sql::PoolOptionsExt as _;
                PoolOptions::new().max_connections(connections).connect_monitored(url).await
            }
        }
    )+};
}
#[cfg(feature = "monitored")]
typed!("mysql" MySql "postgres" Postgres "sqlite" Sqlite);

/// The driver below it is monitored, and its types are sqlx's own.
#[cfg(feature = "monitored")]
impl Opening for real::Any {
    type Conn = real::AnyConnection;
    type Pool = real::AnyPool;

    async fn open(url: &str) -> Result<real::AnyConnection> {
        <real::AnyConnection as real::Connection>::connect(url).await
    }

    async fn open_pool(url: &str, connections: u32) -> Result<real::AnyPool> {
        PoolOptions::new()
            .max_connections(connections)
            .connect(url)
            .await
    }
}
