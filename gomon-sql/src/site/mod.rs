//! Where statements are called, and what they take there.
//!
//! `#[track_caller]` tells the line for `&mut *tx`, `&mut *conn` and `pool.here()`. For the rest the stack is walked: once for each
//! statement and kind of unit of work (its fingerprint and route), some microseconds. What is found on it is looked up in the
//! program's line tables by a thread of this crate; from then on the statement's events have it, as `caller-cached`. Now and then
//! the stack is walked again, as a statement can be called from several places.

mod caller;
mod foreign;
mod path;
mod stack;
mod table;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::RwLock;

use crate::housekeeping;

pub(crate) use caller::Caller;
pub(crate) use stack::Stack;
pub(crate) use table::{all, caller_of, find};

/// A statement that is called from some place.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) system: &'static str,
    pub(crate) summary: Box<str>,
    pub(crate) digest: Box<str>,
    exact: Option<&'static Location<'static>>,
    /// What was found on the stack, where it did not say so itself.
    line: RwLock<Option<Arc<str>>>,
    calls: AtomicU32,
    spent: Spent,
}

/// What the calls of a site came to.
#[derive(Debug, Default)]
struct Spent {
    count: AtomicU64,
    nanos: AtomicU64,
    rows: AtomicU64,
    errors: AtomicU64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) count: u64,
    pub(crate) nanos: u64,
    pub(crate) rows: u64,
    pub(crate) errors: u64,
}

impl Site {
    /// The line that calls, as far as it is known.
    pub(crate) fn caller(&self) -> Option<Caller> {
        match self.exact {
            Some(location) => Some(Caller::Exact(location)),
            // Who learns it just now is not waited for.
            None => self.line.try_read()?.clone().map(Caller::Found),
        }
    }

    /// Walks the stack for it, the first time and now and then.
    fn walk(self: &Arc<Self>) {
        let calls = self.calls.fetch_add(1, Relaxed);
        if calls.is_multiple_of(WALKED_AFTER) && !housekeeping::look_up(Stack::walk(), self) {
            self.calls.store(0, Relaxed); // the next call tries again
        }
    }

    /// Looks the line up; not on a thread of the program.
    pub(crate) fn learn(&self, stack: &Stack) {
        if let Some(line) = stack.line() {
            *self.line.write() = Some(line.into());
        }
    }

    /// One call has ended.
    pub(crate) fn spend(&self, lapsed: Duration, rows: u64, errors: u64) {
        let nanos = u64::try_from(lapsed.as_nanos()).unwrap_or(u64::MAX);
        self.spent.count.fetch_add(1, Relaxed);
        self.spent.nanos.fetch_add(nanos, Relaxed);
        self.spent.rows.fetch_add(rows, Relaxed);
        self.spent.errors.fetch_add(errors, Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals {
            count: self.spent.count.load(Relaxed),
            nanos: self.spent.nanos.load(Relaxed),
            rows: self.spent.rows.load(Relaxed),
            errors: self.spent.errors.load(Relaxed),
        }
    }
}

/// A walk takes some microseconds: one in so many calls is not felt.
const WALKED_AFTER: u32 = 4096;
