//! sqlx's `Acquire` for the wrappers, so that generic code and `migrate!().run(&pool)` accept them.
//!
//! The trait asks for a connection that derefs to the raw one in a single step, and for sqlx's own `Transaction`: what
//! generic code does with them is not seen. The wait for the pool and the lease are.

use futures_core::future::BoxFuture;
use sqlx_core::acquire::Acquire;
use sqlx_core::error::Error;
use sqlx_core::pool::MaybePoolConnection;
use sqlx_core::transaction::Transaction;

use super::connection::{MonitoredConnection, MonitoredPoolConnection};
use super::db::MonitoredDb;
use super::pool::MonitoredPool;
use super::pool_wait;
use super::transaction::MonitoredTransaction;
use crate::parent::Parent;
use crate::pool::What;

impl<'a, DB: MonitoredDb> Acquire<'a> for &'_ MonitoredPool<DB> {
    type Database = DB;
    type Connection = MonitoredConnection<'static, DB>;

    fn acquire(self) -> BoxFuture<'a, Result<Self::Connection, Error>> {
        let (pool, parent) = (self.clone(), Parent::current());
        Box::pin(async move {
            let held = pool_wait::acquire(&pool, parent, What::Lease, None).await?;
            let config = pool.config().clone();
            Ok(MonitoredConnection::lease(held, config, parent))
        })
    }

    fn begin(self) -> BoxFuture<'a, Result<Transaction<'a, DB>, Error>> {
        let (pool, parent) = (self.clone(), Parent::current());
        Box::pin(async move {
            let held = pool_wait::acquire(&pool, parent, What::Transaction, None).await?;
            let connection = MaybePoolConnection::PoolConnection(held.into_connection());
            Transaction::begin(connection, None).await
        })
    }
}

macro_rules! acquire_borrowed {
    ($for:ty) => {
        impl<'t, DB: MonitoredDb> Acquire<'t> for &'t mut $for {
            type Database = DB;
            type Connection = &'t mut DB::Connection;

            fn acquire(self) -> BoxFuture<'t, Result<Self::Connection, Error>> {
                Box::pin(std::future::ready(Ok(self.as_mut())))
            }

            fn begin(self) -> BoxFuture<'t, Result<Transaction<'t, DB>, Error>> {
                Transaction::begin(self.as_mut(), None)
            }
        }
    };
}

acquire_borrowed!(MonitoredConnection<'_, DB>);
acquire_borrowed!(MonitoredPoolConnection<DB>);
acquire_borrowed!(MonitoredTransaction<'_, DB>);
