//! The books of a unit as keys of its event.

use std::time::Duration;

use crate::clock;
use crate::keys;
use crate::tracker::EventTracker;
use crate::wait::account::{Part, Spent};
use crate::wait::kind::UNACCOUNTED;

/// Writes `busy`, `ready` and `wait`: nanoseconds that add up to `gomon:lapsed`. Of the kinds of
/// waits, `wait` has those that took time.
pub(crate) fn write(spent: &Spent, tracker: &mut EventTracker) {
    let (mut busy, mut ready) = (0, 0);
    let nanos = in_nanos(tracker);
    tracker
        .set_map(keys::WAIT, |wait| {
            spent.in_nanos(nanos, |part, nanos| match part {
                Part::Busy => busy = nanos,
                Part::Ready => ready = nanos,
                Part::Waited(kind) => wait.number(kind.name(), nanos),
                Part::Unaccounted => wait.number(UNACCOUNTED, nanos),
            });
        })
        .set(keys::BUSY, busy)
        .set(keys::READY, ready);
}

/// The same as a list of what took time.
pub(crate) fn list(spent: &Spent, tracker: &EventTracker) -> Vec<(&'static str, Duration)> {
    let mut list = Vec::new();
    spent.in_nanos(in_nanos(tracker), |part, nanos| {
        let name = match part {
            Part::Busy => keys::BUSY,
            Part::Ready => keys::READY,
            Part::Waited(kind) => kind.name(),
            Part::Unaccounted => UNACCOUNTED,
        };
        if nanos > 0 {
            list.push((name, Duration::from_nanos(nanos)));
        }
    });
    list
}

/// By the clock of the event's start, which may be a test's.
fn in_nanos(tracker: &EventTracker) -> impl Fn(u64) -> u64 + use<> {
    let start = tracker.start_stamp().unwrap_or(0);
    move |ticks| clock::nanos_between(start, start.saturating_add(ticks))
}
