use std::fmt::Write;
use std::time::Duration;

use crate::meter::Allocations;
use crate::testing::Recorder;
use crate::testing::bound::{Bound, count};
use crate::testing::spent::{self, Spent};

/// What a test has spent so far, as counts that are the same on a slow machine and a fast one. By
/// [`Recorder::budget`]; [`Recorder::clear`] starts anew.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    events: u64,
    queries: u64,
    polls: u64,
    allocations: Option<Allocations>,
    time: Option<(Duration, u64)>,
}

/// Asserts what a test may spend: one or more of the counts of [`Budget`](crate::testing::Budget),
/// each with `==`, `<=`, `<`, `>=` or `>`.
///
/// ```
/// use std::time::Duration;
///
/// use gomon_core::EventTracker;
/// use gomon_core::testing::{assert_budget, with_recorder};
///
/// with_recorder(|recorder| {
///     let clock = recorder.manual_clock();
///     let warm_up = vec![0; 1_000];
///     recorder.clear(); // the budget begins here
///
///     let import = EventTracker::new("import");
///     clock.advance(Duration::from_millis(5)); // what a stand-in for a remote service takes
///     import.finish();
///     assert_budget!(recorder, events <= 10, queries == 0, time <= Duration::from_millis(5));
/// #   drop(warm_up);
/// });
/// ```
///
/// # Panics
///
/// If one is not kept, with all of them; if one is not known, see
/// [`allocations`](crate::testing::Budget::allocations) and
/// [`time`](crate::testing::Budget::time); if the events do not arrive within 10 seconds.
#[macro_export]
macro_rules! assert_budget {
    ($recorder:expr, $($what:ident $op:tt $limit:expr),+ $(,)?) => {{
        let budget = $recorder.budget();
        $crate::testing::check($crate::testing::budget_difference(&[
            $((
                ::core::stringify!($what),
                $crate::testing::Amount::from(budget.$what()),
                $crate::__bound!($op $crate::testing::Limit::from($limit).0),
            )),+
        ]))
    }};
}

impl Recorder {
    /// What has been spent since the recorder was made, or [cleared](Self::clear).
    ///
    /// # Panics
    ///
    /// If the events do not arrive within 10 seconds.
    #[must_use]
    pub fn budget(&self) -> Budget {
        let account = Spent::of_scope(self.scope_number());
        // Enters what this thread has allocated until now.
        let (events, queries) = spent::aside(|| (self.events().len(), self.queries().count()));
        Budget {
            events: count(events),
            queries: count(queries),
            polls: account.polls(),
            allocations: crate::meter::thread().map(|_| account.allocations()),
            time: self.clock_in_hand(),
        }
    }
}

impl Budget {
    /// Closing events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// SQL statements, as [`Recorder::queries`] has them.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries
    }

    /// How often a thread came into the test: the polls of its futures and of the tasks that carry
    /// its context, from outside, and one more for each task when it is dropped. What is polled
    /// inside of another counts with it.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// Allocations made in the test's context, on any thread that has left it or looks now: its own
    /// code's and gomon's on its threads. Looking at the recorder is free. `None` where the
    /// program's allocator is not `gomon_runtime::MonitoredAlloc`.
    #[must_use]
    pub fn allocations(&self) -> Option<u64> {
        self.allocations.map(|allocations| allocations.count)
    }

    /// The bytes that these asked for.
    #[must_use]
    pub fn allocated_bytes(&self) -> Option<u64> {
        self.allocations.map(|allocations| allocations.bytes)
    }

    /// The sum of what the test's [manual clock](Recorder::manual_clock) was advanced by: what the
    /// test's stand-ins for slow things say they took, one after the other. `None` without one.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        self.time.map(|(time, _)| time)
    }

    /// How often it was advanced.
    #[must_use]
    pub fn advances(&self) -> Option<u64> {
        self.time.map(|(_, advances)| advances)
    }
}

/// A count of a budget, with what it is counted in.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// Things.
    Count(Option<u64>),
    /// Nanoseconds.
    Time(Option<Duration>),
}

/// What an assertion allows, in things or nanoseconds.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u64);

#[doc(hidden)]
#[must_use]
pub fn budget_difference(bounds: &[(&str, Amount, Bound)]) -> Option<String> {
    let kept = |amount: &Amount, bound: &Bound| {
        let amount = amount.in_units();
        amount.is_some_and(|amount| bound.allows(amount))
    };
    if bounds.iter().all(|(_, amount, bound)| kept(amount, bound)) {
        return None;
    }
    let width = bounds.iter().map(|(what, ..)| what.len()).max();
    let width = width.unwrap_or(0);
    let mut said = "the budget is not kept\n\n".to_owned();
    for (what, amount, bound) in bounds {
        let sign = if kept(amount, bound) { " " } else { "!" };
        let _ = match amount {
            Amount::Count(Some(count)) => {
                writeln!(
                    said,
                    "  {sign} {what:width$}  {count}, and {bound} expected"
                )
            }
            Amount::Time(Some(time)) => {
                writeln!(
                    said,
                    "  {sign} {what:width$}  {time:?}, and {bound} ns expected"
                )
            }
            Amount::Count(None) if what.starts_with("alloc") => writeln!(
                said,
                "  {sign} {what:width$}  not known: the program's allocator is not \
                 gomon::runtime::MonitoredAlloc (feature runtime)"
            ),
            Amount::Count(None) | Amount::Time(None) => writeln!(
                said,
                "  {sign} {what:width$}  not known: the recorder has no manual clock"
            ),
        };
    }
    Some(said)
}

impl Amount {
    fn in_units(self) -> Option<u64> {
        match self {
            Self::Count(count) => count,
            Self::Time(time) => time.map(|time| Limit::from(time).0),
        }
    }
}

impl From<u64> for Amount {
    fn from(count: u64) -> Self {
        Self::Count(Some(count))
    }
}

impl From<Option<u64>> for Amount {
    fn from(count: Option<u64>) -> Self {
        Self::Count(count)
    }
}

impl From<Option<Duration>> for Amount {
    fn from(time: Option<Duration>) -> Self {
        Self::Time(time)
    }
}

impl From<u64> for Limit {
    fn from(count: u64) -> Self {
        Self(count)
    }
}

impl From<usize> for Limit {
    fn from(limit: usize) -> Self {
        Self(count(limit))
    }
}

/// Numbers without a type are these.
impl From<i32> for Limit {
    fn from(count: i32) -> Self {
        Self(u64::try_from(count).unwrap_or(0))
    }
}

impl From<Duration> for Limit {
    fn from(time: Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{with_recorder, with_recorder_async};
    use crate::{EventTracker, FutureExt};

    const STEP: Duration = Duration::from_millis(5);

    #[test]
    fn a_budget_counts_events_statements_and_the_time_of_the_clock() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            EventTracker::new("import").finish();
            EventTracker::new("sql-wconn-queryctx").finish();
            clock.advance(STEP);
            clock.advance(STEP);
            assert_budget!(
                recorder,
                events == 2,
                queries <= 1,
                time <= 2 * STEP,
                advances < 3
            );
            let limit: usize = 2;
            assert_budget!(
                recorder,
                events <= limit,
                time > Duration::from_nanos(9_999_999)
            );
        });
    }

    #[test]
    fn after_it_was_cleared_a_budget_begins_anew() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            clock.advance(STEP);
            EventTracker::new("before").finish();
            recorder.clear();
            assert_budget!(
                recorder,
                events == 0,
                time == Duration::ZERO,
                advances == 0,
                polls == 0
            );
            clock.advance(STEP);
            assert_budget!(recorder, time == STEP, advances == 1);
            assert_eq!(clock.elapsed(), 2 * STEP);
        });
    }

    #[tokio::test]
    async fn polls_are_those_from_outside_of_the_test() {
        with_recorder_async(async |recorder| {
            recorder.clear();
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            assert_budget!(recorder, polls == 2);
            let task = crate::spawn(async { tokio::task::yield_now().await }.monitored("task"));
            task.await.unwrap();
            // Two of the task and its end, and one here when it was done.
            assert_budget!(recorder, polls == 6);
        })
        .await;
    }

    #[test]
    fn what_is_not_kept_is_marked_among_all() {
        let bounds = [
            ("events", Amount::from(12_u64), Bound::AtMost(10)),
            ("queries", Amount::from(3_u64), Bound::AtMost(3)),
            ("time", Amount::from(Some(STEP)), Bound::Below(5_000_000)),
            ("allocations", Amount::from(None::<u64>), Bound::AtMost(9)),
            ("advances", Amount::from(None::<u64>), Bound::AtMost(9)),
        ];
        assert_eq!(
            budget_difference(&bounds).unwrap(),
            "the budget is not kept

  ! events       12, and at most 10 expected
    queries      3, and at most 3 expected
  ! time         5ms, and less than 5000000 ns expected
  ! allocations  not known: the program's allocator is not gomon::runtime::MonitoredAlloc (feature runtime)
  ! advances     not known: the recorder has no manual clock
"
        );
    }

    #[test]
    #[should_panic(expected = "! events  1, and exactly 0 expected")]
    fn the_assertion_fails_where_a_count_is_not_kept() {
        with_recorder(|recorder| {
            EventTracker::new("import").finish();
            assert_budget!(recorder, events == 0);
        });
    }
}
