//! A forked child has a copy of gomon without its threads.
//!
//! Nothing takes its events away, and a lock that another thread held at that moment is never
//! released. So gomon is off in the child from when it is found out, and nothing waits for a lock
//! there. To ask for the process id costs a system call: only what happens seldom asks. Until
//! then a child records into the rings of its own copy, which nobody reads.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::state;

/// This process has gomon's threads from now on.
pub(crate) fn own() {
    OWNER.store(std::process::id(), Ordering::Relaxed);
}

/// Whether this is a child of the process that started gomon, in which gomon is then off.
#[cold]
pub(crate) fn is_child() -> bool {
    let owner = OWNER.load(Ordering::Relaxed);
    if owner == 0 || owner == std::process::id() {
        return false;
    }
    FOUND_OUT.store(true, Ordering::Relaxed);
    state::set_running(false);
    true
}

/// Locks what other threads may hold; `None` in a child, where they are not.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        None if is_child() => None,
        None => Some(mutex.lock()),
        guard => guard,
    }
}

/// Counts an event that ended while gomon did not run, if it did so in a child.
pub(crate) fn count() -> bool {
    let child = FOUND_OUT.load(Ordering::Relaxed);
    if child {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
    child
}

/// Events that ended in this child since it was found to be one.
pub(crate) fn counted() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// The process that started gomon; 0 before the first start.
static OWNER: AtomicU32 = AtomicU32::new(0);
static FOUND_OUT: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
