//! Waiting for the pool.
//!
//! When does its event (`sql-wpool-acquire`) start and end? It starts at the first poll of whatever needs a connection,
//! and ends when the connection is there (`completed`), when the pool refuses (`timed-out` for `PoolTimedOut`, else
//! `failed`), or when the future is dropped (`cancelled`).

use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gomon_core::wait::{self, Kind};
use gomon_core::{EndGuard, Outcome};
use sqlx_core::error::Error;
use sqlx_core::pool::PoolConnection;

use super::db::MonitoredDb;
use super::pool::MonitoredPool;
use crate::failure;
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::reported;

/// Takes a connection from the pool, under an event.
pub(super) async fn acquire<DB: MonitoredDb>(
    pool: &MonitoredPool<DB>,
    parent: Parent,
    caller: Option<&'static Location<'static>>,
) -> Result<PoolConnection<DB>, Error> {
    let mut event = EndGuard::new(parent.open(fp::POOL_ACQUIRE));
    let waiting = Waiting::enter(pool.waiting());
    if event.tracker_ref().is_recording() {
        event
            .tracker()
            .set(keys::SIZE, pool.inner().size())
            .set(keys::IDLE, pool.inner().num_idle() as u64)
            .set(keys::WAITING, waiting.count() as u64);
    }
    let acquire = reported::acquire(pool.inner().acquire());
    let result = wait::on(Kind::Pool, acquire).await;
    let waited = event.tracker_ref().elapsed();
    event.tracker().set(keys::WAIT, waited);
    if let Err(error) = &result {
        failure::record(
            event.tracker(),
            DB::ENGINE,
            &pool.config().current(),
            caller,
            error,
        );
    }
    event.finish(Outcome::Completed);
    result
}

/// Counts those who wait through one monitored pool; leaving is counted on every path.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }

    /// Everybody, this one included.
    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
