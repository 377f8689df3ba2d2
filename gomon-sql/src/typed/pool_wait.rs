//! Waiting for the pool.
//!
//! When does its event (`sql-wpool-acquire`) start and end? It starts at the first poll of whatever needs a connection,
//! and ends when the connection is there (`completed`), when the pool refuses (`timed-out` for `PoolTimedOut`, else
//! `failed`), or when the future is dropped (`cancelled`).

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gomon_core::wait::Kind;
use gomon_core::{EndGuard, Outcome, is_enabled, monotonic};
use sqlx_core::error::Error;
use sqlx_core::pool::{Pool, PoolConnection};

use super::db::MonitoredDb;
use super::held::Held;
use super::pool::MonitoredPool;
use crate::failure;
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::pool::{What, connected};
use crate::reported;
use crate::waiting;

/// Takes a connection from the pool, under an event.
pub(super) async fn acquire<DB: MonitoredDb>(
    pool: &MonitoredPool<DB>,
    parent: Parent,
    what: What,
    caller: Option<&'static Location<'static>>,
) -> Result<Held<DB>, Error> {
    acquire_noting(pool, parent, what, caller, &AtomicU64::new(0)).await
}

/// The same; in `nanos` is how long it took, whatever came of it.
pub(super) async fn acquire_noting<DB: MonitoredDb>(
    pool: &MonitoredPool<DB>,
    parent: Parent,
    what: What,
    caller: Option<&'static Location<'static>>,
    nanos: &AtomicU64,
) -> Result<Held<DB>, Error> {
    let shared = pool.shared();
    // All of its time, if it is dropped meanwhile.
    nanos.store(u64::MAX, Relaxed);
    let mut event = EndGuard::new(parent.open(fp::POOL_ACQUIRE));
    let waiting = Waiting::enter(&shared.waiting);
    // Who is sampled out waits and holds as others do.
    let counted = is_enabled();
    if counted {
        shared.used();
    }
    let recording = event.tracker_ref().is_recording();
    let began = (counted && !recording).then(monotonic);
    if recording {
        if let Some(name) = pool.config().pool_name() {
            event.tracker().set(keys::POOL, name);
        }
        event
            .tracker()
            .set(keys::SIZE, pool.inner().size())
            .set(keys::IDLE, shared.idle())
            .set(keys::WAITING, waiting.count() as u64);
    }
    let result = connecting(&mut event, pool.inner(), caller).await;
    let waited = match began {
        Some(began) => monotonic().saturating_sub(began),
        None => event.tracker_ref().elapsed(),
    };
    event.tracker().set(keys::WAIT, waited);
    nanos.store(
        u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX),
        Relaxed,
    );
    if counted {
        shared.waits.note(waited);
    }
    if let Err(error) = &result {
        let capture = pool.config().current();
        let tracker = event.tracker();
        failure::record(tracker, shared.engine, &capture, caller, error);
        if matches!(error, Error::PoolTimedOut) && tracker.is_recording() {
            shared.holders.tell(tracker);
        }
    }
    event.finish(Outcome::Completed);
    let connection = result?;
    let holding = counted.then(|| shared.holders.enter(what, caller));
    Ok(Held::new(connection, holding, caller))
}

/// Takes a connection from the pool if one is idle: there is no wait, and no event.
pub(super) fn try_acquire<DB: MonitoredDb>(
    pool: &MonitoredPool<DB>,
    what: What,
    caller: &'static Location<'static>,
) -> Option<Held<DB>> {
    let connection = pool.inner().try_acquire()?;
    let shared = pool.shared();
    let holding = is_enabled().then(|| {
        shared.used();
        shared.holders.enter(what, Some(caller))
    });
    Some(Held::new(connection, holding, Some(caller)))
}

/// Waits, and tells how much of it was for a connection to be opened, where that can be seen.
async fn connecting<DB: MonitoredDb>(
    event: &mut EndGuard,
    pool: &Pool<DB>,
    caller: Option<&'static Location<'static>>,
) -> Result<PoolConnection<DB>, Error> {
    let tracker = event.tracker();
    let mut acquire = pin!(waiting::on(
        Kind::Pool,
        caller,
        reported::acquire(pool.acquire())
    ));
    let mut began = None;
    let mut is_first = true;
    poll_fn(|cx| {
        // The first poll comes right after the event's start.
        let now = match std::mem::take(&mut is_first) {
            true => Duration::ZERO,
            false => tracker.elapsed(),
        };
        let before = pool.size();
        let polled = acquire.as_mut().poll(cx);
        // The pool counts a connection right before it opens it. Another task may do so during this poll: then it is the
        // later one that counts.
        if pool.size() > before {
            began = Some(now);
        }
        if connected::take()
            && let Some(began) = began
        {
            let took = tracker.elapsed().saturating_sub(began);
            tracker.set(keys::CONNECT, took);
        }
        polled
    })
    .await
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
