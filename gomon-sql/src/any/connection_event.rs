//! The life of a physical connection.
//!
//! When does its event (`sql-wconn`) start and end? The opening event is sent when the connection is there, the closing
//! one when it has been closed or dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use gomon_core::{Context, EventTracker};
use parking_lot::Mutex;
use sqlx_core::error::Error;

use crate::call::Watch;
use crate::engine::Engine;
use crate::fate::Fate;
use crate::keys::{self, fp};
use crate::transaction_books::Books;

/// The event, with what is counted for it.
#[derive(Debug)]
pub(super) struct ConnectionEvent {
    tracker: EventTracker,
    counts: Arc<Counts>,
    leases: Mutex<Leases>,
}

/// The leases of a wrapper that it was in, one after the other.
#[derive(Debug, Default)]
struct Leases {
    count: u64,
    last: Option<Context>,
}

/// What the statements of a connection leave behind.
#[derive(Debug, Default)]
pub(super) struct Counts {
    queries: AtomicU64,
    errors: AtomicU64,
    /// How deep in transactions it is.
    pub(super) depth: AtomicUsize,
    pub(super) fate: Fate,
    /// Of the transaction that is open.
    pub(super) books: Mutex<Option<Books>>,
}

impl ConnectionEvent {
    /// It outlives the request that opened it: a child of the application.
    pub(super) fn open(engine: &Engine) -> Self {
        let mut tracker = EventTracker::in_context(fp::CONNECTION, Context::application());
        tracker.set(keys::SYSTEM, engine.system);
        tracker.send_opening();
        Self {
            tracker,
            counts: Arc::default(),
            leases: Mutex::default(),
        }
    }

    pub(super) fn context(&self) -> Context {
        self.tracker.context()
    }

    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// A wrapper leases it.
    pub(super) fn leased(&self, lease: Context) {
        let mut leases = self.leases.lock();
        leases.count += 1;
        leases.last = Some(lease);
    }

    /// The event of a close that failed.
    pub(super) fn failed_close(&self) -> EventTracker {
        self.tracker.child(fp::CONNECTION_CLOSE)
    }
}

impl Drop for ConnectionEvent {
    fn drop(&mut self) {
        let (queries, errors) = (
            self.counts.queries.load(Relaxed),
            self.counts.errors.load(Relaxed),
        );
        self.tracker
            .set(keys::QUERIES, queries)
            .set(keys::ERRORS, errors);
        let leases = self.leases.get_mut();
        if let Some(last) = leases.last.and_then(|lease| lease.event_id()) {
            self.tracker
                .set(keys::LEASES, leases.count)
                .set(keys::LAST_LEASE, last);
        }
    }
}

impl Watch for Counts {
    fn started(&self) {
        self.queries.fetch_add(1, Relaxed);
        self.keep(Books::started);
    }

    fn preparing(&self) {
        self.queries.fetch_add(1, Relaxed);
        self.keep(Books::step);
    }

    fn completed(&self, sql: &str, writes: bool) {
        if writes {
            self.keep(|books| books.wrote(self.depth.load(Relaxed)));
        }
        self.fate.complete(sql);
    }

    fn failed(&self, error: &Error) {
        self.errors.fetch_add(1, Relaxed);
        self.keep(|books| books.failed(error));
        self.doom(error);
    }

    fn given_up(&self) {
        self.keep(Books::spoil);
    }

    fn stopped(&self) {
        self.keep(Books::stopped);
    }
}

impl Counts {
    fn keep(&self, entry: impl FnOnce(&Books)) {
        if let Some(books) = &*self.books.lock() {
            entry(books);
        }
    }

    /// Notes a failure that the transaction may not survive.
    pub(super) fn doom(&self, error: &Error) {
        let depth = self.depth.load(Relaxed);
        if depth > 0 && matches!(error, Error::Database(_)) {
            self.fate.fail(depth);
        }
    }
}
