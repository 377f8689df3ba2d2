//! What wrappers may take inside of one test.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::capture::Capture;
use crate::context::Context;

/// What was set for the running test.
pub(crate) fn here() -> Option<Arc<Capture>> {
    match Context::current().scope() {
        0 => None,
        scope => OF_TESTS.lock().get(&scope).cloned(),
    }
}

pub(super) fn set(scope: u32, capture: Capture) {
    let before = OF_TESTS.lock().insert(scope, Arc::new(capture));
    drop(before);
}

pub(super) fn forget(scope: u32) {
    let before = OF_TESTS.lock().remove(&scope);
    drop(before);
}

static OF_TESTS: Mutex<BTreeMap<u32, Arc<Capture>>> = Mutex::new(BTreeMap::new());
