//! The books of a unit as keys of its event.

use std::time::Duration;

use crate::clock;
use crate::keys;
use crate::tracker::EventTracker;
use crate::wait::account::{Parts, Spent};

/// Writes `busy`, `ready` and `wait`: nanoseconds that add up to `gomon:lapsed`. Of the kinds of
/// waits, `wait` has those that took time.
pub(crate) fn write(spent: &Spent, tracker: &mut EventTracker) {
    let mut nanos = in_nanos(tracker);
    tracker
        .set(keys::BUSY, nanos.next(spent.busy))
        .set(keys::READY, nanos.next(spent.ready))
        .set_map(keys::WAIT, |wait| {
            spent.waits(|name, ticks| wait.number(name, nanos.next(ticks)));
        });
}

/// The same as a list of what took time.
pub(crate) fn list(spent: &Spent, tracker: &EventTracker) -> Vec<(&'static str, Duration)> {
    let mut nanos = in_nanos(tracker);
    let mut list = Vec::new();
    let mut add = |name, ticks| list.push((name, Duration::from_nanos(nanos.next(ticks))));
    add(keys::BUSY, spent.busy);
    add(keys::READY, spent.ready);
    spent.waits(add);
    list.retain(|(_, spent)| !spent.is_zero());
    list
}

/// By the clock of the event's start, which may be a test's.
fn in_nanos(tracker: &EventTracker) -> Parts<impl Fn(u64) -> u64 + use<>> {
    let start = tracker.start_stamp().unwrap_or(0);
    Parts::new(move |ticks| clock::nanos_between(start, start.saturating_add(ticks)))
}
