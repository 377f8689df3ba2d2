//! What a transaction spent its time on.

use std::sync::Arc;
use std::time::Duration;

use gomon_core::{EventTracker, Stopwatch};
use parking_lot::Mutex;
use sqlx_core::error::Error;

use crate::config::Settings;
use crate::engine::Engine;
use crate::keys;

/// The books of one transaction: kept by its statements, read when it ends.
#[derive(Clone, Debug)]
pub(crate) struct Books(Arc<Mutex<Entries>>);

#[derive(Debug)]
struct Entries {
    engine: &'static Engine,
    /// The time since it began.
    watch: Stopwatch,
    statements: u64,
    /// Of those that ended well, by how deep they were.
    writes: Vec<u64>,
    /// One of them failed, or was given up: then it is no wonder that nothing is committed.
    spoilt: bool,
    /// One of them lost the connection.
    lost: bool,
    /// When the last statement ended, if none is running.
    idle_since: Option<Duration>,
    idle: Duration,
    longest_idle: Duration,
}

impl Books {
    pub(crate) fn new(engine: &'static Engine, watch: Stopwatch) -> Self {
        Self(Arc::new(Mutex::new(Entries {
            engine,
            watch,
            statements: 0,
            writes: Vec::new(),
            spoilt: false,
            lost: false,
            idle_since: None,
            idle: Duration::ZERO,
            longest_idle: Duration::ZERO,
        })))
    }

    /// A statement begins.
    pub(crate) fn started(&self) {
        let mut entries = self.0.lock();
        entries.statements += 1;
        entries.work();
    }

    /// `COMMIT` or `ROLLBACK` is sent.
    pub(crate) fn step(&self) {
        self.0.lock().work();
    }

    /// A statement has changed rows, so deep in savepoints.
    pub(crate) fn wrote(&self, depth: usize) {
        self.write(depth, 1);
    }

    fn write(&self, depth: usize, count: u64) {
        let mut entries = self.0.lock();
        let depth = depth.min(DEEPEST);
        if entries.writes.len() <= depth {
            entries.writes.resize(depth + 1, 0);
        }
        if let Some(writes) = entries.writes.get_mut(depth) {
            *writes += count;
        }
    }

    /// What is deeper than that was rolled back.
    pub(crate) fn undone(&self, depth: usize) {
        self.0.lock().writes.truncate(depth.saturating_add(1));
    }

    /// The savepoint of that depth was released: what was written in it is of the level round it.
    pub(crate) fn released(&self, depth: usize) {
        let writes = self.0.lock().writes.get(depth).copied().unwrap_or_default();
        self.undone(depth.saturating_sub(1));
        self.write(depth.saturating_sub(1), writes);
    }

    /// A statement was given up.
    pub(crate) fn spoil(&self) {
        self.0.lock().spoilt = true;
    }

    /// A statement failed.
    pub(crate) fn failed(&self, error: &Error) {
        let mut entries = self.0.lock();
        entries.spoilt = true;
        entries.lost |= entries.engine.loses_connection(error);
    }

    /// Its connection was lost.
    pub(crate) fn are_lost(&self) -> bool {
        self.0.lock().lost
    }

    /// What was running has ended.
    pub(crate) fn stopped(&self) {
        let mut entries = self.0.lock();
        entries.idle_since = Some(entries.watch.elapsed());
    }

    /// Tells of all of it.
    pub(crate) fn tell(&self, event: &mut EventTracker, settings: &Settings) {
        let mut entries = self.0.lock();
        entries.work();
        event
            .set(keys::STATEMENTS, entries.statements)
            .set(keys::IDLE_TIME, entries.idle)
            .set(keys::LONGEST_IDLE, entries.longest_idle);
        if entries.longest_idle >= settings.idle_in_transaction {
            event.set(keys::IDLE_IN_TRANSACTION, true);
        }
        if entries.watch.elapsed() >= settings.long_transaction {
            event.set(keys::LONG, true);
        }
    }

    /// How many writes are lost if it is dropped now and nothing had failed.
    pub(crate) fn uncommitted(&self) -> Option<u64> {
        let entries = self.0.lock();
        let writes = entries.writes.iter().sum();
        (writes > 0 && !entries.spoilt).then_some(writes)
    }
}

impl Entries {
    /// It is idle no more.
    fn work(&mut self) {
        if let Some(since) = self.idle_since.take() {
            let idle = self.watch.elapsed().saturating_sub(since);
            self.idle += idle;
            self.longest_idle = self.longest_idle.max(idle);
        }
    }
}

/// Savepoints deeper than this count as one.
const DEEPEST: usize = 64;
