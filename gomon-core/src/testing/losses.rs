//! Events of tests that were lost before a recorder could get them. The process's ledger has its
//! own alone.

use parking_lot::Mutex;

/// One event of a recorder was lost.
pub(crate) fn note(scope: u32) {
    if scope == 0 {
        return;
    }
    let mut lost = LOST.lock();
    match lost.iter_mut().find(|(other, _)| *other == scope) {
        Some((_, count)) => *count += 1,
        None => lost.push((scope, 1)),
    }
}

/// How many were.
pub(super) fn of(scope: u32) -> u64 {
    let lost = LOST.lock();
    let mine = lost.iter().find(|(other, _)| *other == scope);
    mine.map_or(0, |(_, count)| *count)
}

pub(super) fn forget(scope: u32) {
    LOST.lock().retain(|(other, _)| *other != scope);
}

/// By recorder.
static LOST: Mutex<Vec<(u32, u64)>> = Mutex::new(Vec::new());
