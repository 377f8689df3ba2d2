//! The wrappers of typed pools.

mod acquire;
mod connection;
pub(crate) mod db;
mod executor;
mod explainer;
mod held;
mod here;
mod link;
mod peek;
mod pool;
mod pool_ext;
mod pool_wait;
mod shared;
mod transaction;

pub use connection::{
    MonitoredConnection, MonitoredPoolConnection, monitor_conn, monitor_conn_with,
};
pub use db::MonitoredDb;
pub use here::Here;
#[cfg(feature = "mysql")]
pub use pool::MonitoredMySqlPool;
#[cfg(feature = "postgres")]
pub use pool::MonitoredPgPool;
pub use pool::MonitoredPool;
#[cfg(feature = "sqlite")]
pub use pool::MonitoredSqlitePool;
pub use pool_ext::{PoolExt, PoolOptionsExt};
pub use transaction::MonitoredTransaction;
