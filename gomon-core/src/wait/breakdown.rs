//! The books of a unit as keys of its event.

use crate::clock;
use crate::keys;
use crate::tracker::EventTracker;
use crate::wait::account::Spent;
use crate::wait::kind::UNACCOUNTED;

/// Writes `busy`, `ready` and `wait`: nanoseconds that add up to `gomon:lapsed`. Of the kinds of
/// waits, `wait` has those that took time.
pub(crate) fn write(spent: &Spent, tracker: &mut EventTracker) {
    // By the clock of its start, which may be a test's.
    let start = tracker.start_stamp().unwrap_or(0);
    let nanos = |ticks: u64| clock::nanos_between(start, start.saturating_add(ticks));
    let spent = spent.in_nanos(nanos);
    let kinds = spent
        .waited
        .iter()
        .map(|(kind, nanos)| (kind.name(), nanos));
    let all = kinds.chain([(UNACCOUNTED, spent.unaccounted)]);
    let took_time = all.filter(|(_, nanos)| *nanos > 0);
    tracker
        .set(keys::BUSY, spent.busy)
        .set(keys::READY, spent.ready)
        .set_map(keys::WAIT, |wait| {
            took_time.for_each(|(name, nanos)| wait.number(name, nanos));
        });
}
