//! That a proxy was chosen, as an event.

use gomon_core::{EventTracker, mask};

use crate::keys;

/// A connection will go through this proxy.
pub(crate) fn note(proxy: &str) {
    let mut tracker = EventTracker::new(keys::PROXY);
    if tracker.is_recording() {
        let capture = gomon_core::capture();
        let path = mask::url(proxy, capture.mask()).into_owned();
        tracker.set(keys::PROXY_PATH, path);
    }
    tracker.finish();
}
