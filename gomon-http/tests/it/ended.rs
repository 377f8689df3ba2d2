//! What holds whenever requests have ended. examples/frameworks has it in its tests too.

use gomon_core::in_flight;
use gomon_core::testing::{Recorded, Recorder};

pub(crate) const SERVER: &str = "http-wmux-servehttp";

/// Waits for `n` requests, and checks what holds for every one: a single closing event, and no unit
/// of work left.
pub(crate) fn ended(recorder: &Recorder, n: usize) -> Vec<Recorded> {
    ended_as(SERVER, recorder, n)
}

/// The same of requests with that fingerprint.
pub(crate) fn ended_as(fp: &str, recorder: &Recorder, n: usize) -> Vec<Recorded> {
    let events = recorder.wait_for(fp, n);
    assert_eq!(events.len(), n, "{}", recorder.tree());
    let mut ids: Vec<_> = events.iter().map(|event| event.id().to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), n, "one closing event a request");
    let left = in_flight();
    assert!(left.is_empty(), "{left:?}");
    // Nothing is open any more: an event that ended twice would be here by now.
    assert_eq!(recorder.find(fp).len(), n, "{}", recorder.tree());
    events
}

/// The one request there was.
pub(crate) fn the_end(recorder: &Recorder) -> Recorded {
    ended(recorder, 1).remove(0)
}
