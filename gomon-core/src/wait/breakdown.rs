//! The books of a unit as keys of its event.

use std::time::Duration;

use crate::clock;
use crate::keys;
use crate::tracker::EventTracker;
use crate::wait::account::Spent;
use crate::wait::kind::UNACCOUNTED;

/// Writes `busy`, `ready` and `wait`: nanoseconds that add up to `gomon:lapsed`. Of the kinds of
/// waits, `wait` has those that took time.
pub(crate) fn write(spent: &Spent, tracker: &mut EventTracker) {
    let spent = in_nanos(spent, tracker);
    tracker
        .set(keys::BUSY, spent.busy)
        .set(keys::READY, spent.ready)
        .set_map(keys::WAIT, |wait| {
            if spent.has_waited() {
                waits(&spent).for_each(|(name, nanos)| wait.number(name, nanos));
            }
        });
}

/// The same as a list of what took time.
pub(crate) fn list(spent: &Spent, tracker: &EventTracker) -> Vec<(&'static str, Duration)> {
    let spent = in_nanos(spent, tracker);
    let polls = [(keys::BUSY, spent.busy), (keys::READY, spent.ready)];
    let all = polls.into_iter().chain(waits(&spent));
    let took_time = all.filter(|(_, nanos)| *nanos > 0);
    took_time
        .map(|(name, nanos)| (name, Duration::from_nanos(nanos)))
        .collect()
}

/// By the clock of the event's start, which may be a test's.
fn in_nanos(spent: &Spent, tracker: &EventTracker) -> Spent {
    let start = tracker.start_stamp().unwrap_or(0);
    spent.in_nanos(|ticks| clock::nanos_between(start, start.saturating_add(ticks)))
}

fn waits(spent: &Spent) -> impl Iterator<Item = (&'static str, u64)> {
    let kinds = spent
        .waited
        .iter()
        .map(|(kind, nanos)| (kind.name(), nanos));
    let all = kinds.chain([(UNACCOUNTED, spent.unaccounted)]);
    all.filter(|(_, nanos)| *nanos > 0)
}
