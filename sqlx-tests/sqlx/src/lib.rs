//! `sqlx` as its own tests see it: sqlx itself, and with the feature `monitored` sqlx with gomon's types in place of those
//! that gomon wraps, as a program would write them that is monitored.
//!
//! The tests say `sqlx::SqlitePool`, and so do the macros in them: a crate of that name needs no change of theirs.

#[cfg(feature = "monitored")]
mod connection;
pub mod opening;
#[cfg(feature = "monitored")]
mod pool_options;
#[cfg(feature = "monitored")]
mod seen;
#[cfg(feature = "monitored")]
pub mod testing;

pub use real::*;

#[cfg(feature = "monitored")]
pub use crate::connection::{ConnectOptions, Connection};
#[cfg(all(feature = "monitored", feature = "mysql"))]
pub use crate::mysql::{MySqlConnection, MySqlPool};
#[cfg(all(feature = "monitored", feature = "postgres"))]
pub use crate::postgres::{PgConnection, PgPool};
#[cfg(feature = "monitored")]
pub use crate::seen::test_block_on;
#[cfg(all(feature = "monitored", feature = "sqlite"))]
pub use crate::sqlite::{SqliteConnection, SqlitePool};
#[cfg(feature = "monitored")]
pub use gomon_sql::MonitoredTransaction as Transaction;

#[cfg(feature = "monitored")]
pub mod any {
    pub use real::any::*;

    /// In place of sqlx's drivers. The tests of a program all call it.
    pub fn install_default_drivers() {
        let _ = gomon_sql::MonitoredDriver::auto_register();
    }
}

#[cfg(all(feature = "monitored", feature = "mysql"))]
pub mod mysql {
    pub use gomon_sql::MonitoredMySqlPool as MySqlPool;
    pub use real::mysql::*;

    pub type MySqlConnection = gomon_sql::MonitoredPoolConnection<MySql>;
    pub type MySqlPoolOptions = crate::pool_options::PoolOptions<MySql>;
}

#[cfg(feature = "monitored")]
pub mod pool {
    pub use crate::pool_options::PoolOptions;
    pub use gomon_sql::MonitoredPoolConnection as PoolConnection;
    pub use real::pool::*;
}

#[cfg(all(feature = "monitored", feature = "postgres"))]
pub mod postgres {
    pub use gomon_sql::MonitoredPgPool as PgPool;
    pub use real::postgres::*;

    pub type PgConnection = gomon_sql::MonitoredPoolConnection<Postgres>;
    pub type PgPoolOptions = crate::pool_options::PoolOptions<Postgres>;
}

#[cfg(all(feature = "monitored", feature = "sqlite"))]
pub mod sqlite {
    pub use gomon_sql::MonitoredSqlitePool as SqlitePool;
    pub use real::sqlite::*;

    pub type SqliteConnection = gomon_sql::MonitoredPoolConnection<Sqlite>;
    pub type SqlitePoolOptions = crate::pool_options::PoolOptions<Sqlite>;
}
