use std::sync::Arc;
use std::time::Duration;

use crate::clock::manual::{EPOCH_NANOS, ManualClock};

/// The time of one test's events, which passes only when the test says so. By
/// [`Recorder::manual_clock`](crate::testing::Recorder::manual_clock); clones are the same clock.
///
/// What gomon says of the test's events has exact times by it: `gomon:start`, counted from
/// [`EPOCH_UNIX_NANOS`](Self::EPOCH_UNIX_NANOS), `gomon:lapsed`, `busy`, `ready` and `wait`, the
/// segments, [`EventTracker::elapsed`](crate::EventTracker::elapsed) and what wrappers make of it
/// (`first-byte`, `first-row`), the ids' timestamps, [`in_flight`](crate::in_flight). What began
/// first comes first in a tree, also where no time passed. Other tests have other clocks.
///
/// It moves nothing else: not tokio's timers, and with them sleeps and timeouts
/// (`tokio::time::pause` is for these), not [`monotonic`](crate::monotonic), not the clocks of the
/// program, of drivers and of servers, not what the bus does every few milliseconds.
///
/// ```
/// use std::time::Duration;
///
/// use gomon_core::EventTracker;
/// use gomon_core::testing::with_recorder;
///
/// with_recorder(|recorder| {
///     let clock = recorder.manual_clock();
///     let import = EventTracker::new("import");
///     clock.advance(Duration::from_millis(5));
///     import.finish();
///     assert_eq!(recorder.one("import").lapsed(), 5_000_000);
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Arc<ManualClock>);

impl Clock {
    /// When each of these clocks begins: 2020-01-01T00:00:00Z, as Unix time in nanoseconds.
    pub const EPOCH_UNIX_NANOS: u64 = EPOCH_NANOS;

    pub(super) fn of_scope(scope: u32) -> Self {
        Self(ManualClock::of_scope(scope))
    }

    /// Lets time pass; 13 days in all, where it stops for good.
    pub fn advance(&self, by: Duration) {
        self.0
            .advance(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How much time has passed: the sum of all advances.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.nanos())
    }

    /// How often it was advanced.
    #[must_use]
    pub fn advances(&self) -> u64 {
        self.0.advances()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::testing::{Recorded, assert_tree, with_recorder, with_recorder_async};
    use crate::{EventTracker, FutureExt, Outcome, Segment};

    const STEP: Duration = Duration::from_millis(5);
    const STEP_NANOS: u64 = 5_000_000;

    fn times(event: &Recorded) -> (u64, u64) {
        (event.start() - Clock::EPOCH_UNIX_NANOS, event.lapsed())
    }

    #[test]
    fn start_and_length_are_what_the_test_says() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            let mut outer = EventTracker::new("outer");
            clock.advance(STEP);
            outer.enter(|| {
                let inner = EventTracker::new("inner");
                clock.advance(STEP);
                assert_eq!(inner.elapsed(), STEP);
            });
            clock.advance(STEP);
            outer.send_opening();
            outer.finish();
            assert_eq!(times(&recorder.one("outer")), (0, 3 * STEP_NANOS));
            assert_eq!(times(&recorder.one("inner")), (STEP_NANOS, STEP_NANOS));
            assert_eq!((clock.elapsed(), clock.advances()), (3 * STEP, 3));
            assert_eq!(recorder.manual_clock().elapsed(), 3 * STEP);
        });
    }

    #[test]
    fn siblings_of_one_instant_come_in_the_order_in_which_they_began() {
        with_recorder(|recorder| {
            let _clock = recorder.manual_clock();
            let parent = EventTracker::new("parent");
            let children = ["d", "b", "c", "a"].map(|name| parent.child(name));
            for child in children.into_iter().rev() {
                child.finish();
            }
            parent.finish();
            assert_tree!(recorder, "parent\n  d\n  b\n  c\n  a");
        });
    }

    #[test]
    fn each_recorder_has_a_clock_of_its_own() {
        with_recorder(|one| {
            let clock = one.manual_clock();
            let first = EventTracker::new("first");
            let (second, third) = with_recorder(|other| {
                let other_clock = other.manual_clock();
                let second = EventTracker::new("second");
                clock.advance(STEP);
                other_clock.advance(2 * STEP);
                second.finish();
                let third = with_recorder(|real| {
                    EventTracker::new("third").finish();
                    real.one("third").start()
                });
                (times(&other.one("second")), third)
            });
            first.finish();
            assert_eq!(times(&one.one("first")), (0, STEP_NANOS));
            assert_eq!(second, (0, 2 * STEP_NANOS));
            assert!(third > Clock::EPOCH_UNIX_NANOS + 365 * 24 * 3_600 * 1_000_000_000);
        });
    }

    #[tokio::test]
    async fn where_the_time_of_a_unit_went_adds_up_to_what_the_test_says() {
        with_recorder_async(async |recorder| {
            let clock = recorder.manual_clock();
            let held = crate::sync::Mutex::new(());
            let guard = held.lock().await;
            let unit = async {
                clock.advance(STEP);
                let _mine = held.lock().await;
                clock.advance(2 * STEP);
            };
            let other = async {
                clock.advance(3 * STEP);
                drop(guard);
                clock.advance(4 * STEP);
            };
            tokio::join!(biased; unit.monitored("unit"), other);
            let unit = recorder.one("unit");
            assert_eq!(times(&unit), (0, 10 * STEP_NANOS));
            assert_eq!(unit["busy"], 3 * STEP_NANOS);
            assert_eq!(unit["wait"]["lock"], 3 * STEP_NANOS);
            assert_eq!(unit["ready"], 4 * STEP_NANOS);
        })
        .await;
    }

    #[test]
    fn runs_of_a_segment_take_what_the_test_says() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            let segment = Segment::new("pricing");
            for turn in 1..=3 {
                let _rule = segment.child("rule");
                clock.advance(turn * STEP);
            }
            segment.finish();
            let event = recorder.one("segment");
            assert_eq!(event["total_lapsed"], 6 * STEP_NANOS);
            let rule = &event["childs"][0];
            assert_eq!(
                (&rule["min"], &rule["max"]),
                (&STEP_NANOS.into(), &(3 * STEP_NANOS).into())
            );
        });
    }

    #[test]
    fn ids_and_units_in_flight_have_the_time_of_the_test() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            clock.advance(Duration::from_secs(3_600));
            let mut job = EventTracker::new("job");
            job.register("nightly");
            let since = crate::in_flight()[0].start.duration_since(UNIX_EPOCH);
            let expected = Duration::from_nanos(Clock::EPOCH_UNIX_NANOS) + clock.elapsed();
            assert_eq!(since.unwrap(), expected);
            job.finish();
            let trace = recorder.one("job")["gomon:trace"]
                .as_str()
                .unwrap()
                .to_owned();
            // A UUID of version 7 begins with milliseconds.
            assert_eq!(trace[..12], format!("{:012x}", expected.as_millis()));
        });
    }

    #[test]
    fn an_event_that_began_before_the_clock_was_taken_has_no_length() {
        with_recorder(|recorder| {
            let early = EventTracker::new("early");
            let clock = recorder.manual_clock();
            clock.advance(STEP);
            early.finish();
            assert_eq!(recorder.one("early").lapsed(), 0);
        });
    }

    #[test]
    fn a_message_reaches_its_event_also_while_no_time_passes() {
        with_recorder(|recorder| {
            let _clock = recorder.manual_clock();
            let mut job = EventTracker::new("job");
            let context = job.context();
            context.set("user", 7);
            job.mark(Outcome::Failed);
            job.finish();
            assert_eq!(recorder.one("job")["user"], 7);
        });
    }
}
