//! What was allocated and polled in the context of each recorder, on whichever thread: noted where a
//! thread enters the context and where it leaves it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::context::Context;
use crate::meter::{self, Allocations};

/// What one recorder's test has spent.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    allocations: AtomicU64,
    bytes: AtomicU64,
    polls: AtomicU64,
}

impl Spent {
    /// The account of a recorder.
    pub(super) fn of_scope(scope: u32) -> Arc<Self> {
        let mut accounts = ACCOUNTS.lock();
        if let Some((_, account)) = accounts.iter().find(|(other, _)| *other == scope) {
            return Arc::clone(account);
        }
        let account = Arc::new(Self::default());
        accounts.push((scope, Arc::clone(&account)));
        account
    }

    pub(super) fn forget(scope: u32) {
        ACCOUNTS.lock().retain(|(other, _)| *other != scope);
    }

    /// How often a thread came into the test.
    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Allocations so far, those of this thread's stay in the test included.
    pub(super) fn allocations(&self) -> Allocations {
        Allocations {
            count: self.allocations.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    pub(super) fn reset(&self) {
        for counter in [&self.allocations, &self.bytes, &self.polls] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    fn add(&self, allocations: Allocations) {
        self.allocations
            .fetch_add(allocations.count, Ordering::Relaxed);
        self.bytes.fetch_add(allocations.bytes, Ordering::Relaxed);
    }
}

/// This thread goes from the context of one recorder to that of another; 0 is none.
pub(crate) fn cross(from: u32, to: u32) {
    settle(from);
    if let Some(account) = account(to) {
        account.polls.fetch_add(1, Ordering::Relaxed);
    }
    begin();
}

/// Runs what is no part of the test: a look at it.
pub(super) fn aside<R>(f: impl FnOnce() -> R) -> R {
    let counts = MARK.get().is_some();
    settle(Context::current().scope());
    let result = f();
    if counts {
        begin();
    }
    result
}

/// Enters what this thread allocated since it came; from now on nothing counts.
fn settle(scope: u32) {
    if let (Some(now), Some(mark)) = (meter::thread(), MARK.take())
        && scope != 0
        && let Some(account) = account(scope)
    {
        account.add(now.since(mark));
    }
}

/// From now on what is allocated counts.
fn begin() {
    MARK.set(meter::thread());
}

fn account(scope: u32) -> Option<Arc<Spent>> {
    let accounts = ACCOUNTS.lock();
    let mine = accounts.iter().find(|(other, _)| *other == scope);
    mine.map(|(_, account)| Arc::clone(account))
}

thread_local! {
    /// The thread's counters when it came into the context it is in; `None` while nothing counts.
    static MARK: Cell<Option<Allocations>> = const { Cell::new(None) };
}

static ACCOUNTS: Mutex<Vec<(u32, Arc<Spent>)>> = Mutex::new(Vec::new());
