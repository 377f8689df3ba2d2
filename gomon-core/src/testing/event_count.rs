use std::fmt::Write;

use crate::mask::names::matches_exactly;
use crate::testing::Recorded;
use crate::testing::bound::{Bound, count};
use crate::testing::tally::Tally;

/// Asserts how many closing events there are: `==`, `<=`, `<`, `>=` or `>`, and of which fingerprint
/// if not of all (`*` is any characters there).
///
/// ```
/// use gomon_core::EventTracker;
/// use gomon_core::testing::{assert_events, with_recorder};
///
/// with_recorder(|recorder| {
///     EventTracker::new("import").finish();
///     assert_events!(recorder, <= 10);
///     assert_events!(recorder, == 0, of "sql-*");
/// });
/// ```
///
/// # Panics
///
/// If there are more or less, with the count of each fingerprint; if the events do not arrive
/// within 10 seconds.
#[macro_export]
macro_rules! assert_events {
    ($recorder:expr, $op:tt $count:expr, of $fp:expr $(,)?) => {
        $crate::testing::check($crate::testing::events_difference(
            &$recorder.events(),
            $fp,
            $crate::__bound!($op $crate::testing::count($count)),
        ))
    };
    ($recorder:expr, $op:tt $count:expr $(,)?) => {
        $crate::assert_events!($recorder, $op $count, of "*")
    };
}

#[doc(hidden)]
#[must_use]
pub fn events_difference(events: &[Recorded], fp: &str, bound: Bound) -> Option<String> {
    let meant = events
        .iter()
        .filter(|event| matches_exactly(fp, event.fp()));
    let found = count(meant.count());
    if bound.allows(found) {
        return None;
    }
    let what = match fp {
        "*" => String::new(),
        fp => format!(" of {fp}"),
    };
    let mut said = format!("{found} events{what}, and {bound} expected");
    if !events.is_empty() {
        said.push_str(", among\n\n");
    }
    for (fp, count) in Tally::of(events.iter().map(Recorded::fp)).by_count() {
        let _ = writeln!(said, "{count:5} x {fp}");
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventTracker;
    use crate::testing::{Recorder, with_recorder};

    fn some(recorder: &Recorder) {
        recorder.run(|| {
            for fp in ["import", "sql-a", "sql-b", "sql-b"] {
                EventTracker::new(fp).finish();
            }
        });
    }

    #[test]
    fn events_are_counted_all_or_by_fingerprint() {
        with_recorder(|recorder| {
            assert_events!(recorder, == 0);
            some(recorder);
            assert_events!(recorder, == 4);
            assert_events!(recorder, < 4, of "sql-*");
            assert_events!(recorder, >= 2, of "sql-b",);
        });
    }

    #[test]
    fn a_wrong_count_is_said_with_the_counts_of_all() {
        let recorder = Recorder::new();
        some(&recorder);
        let said = events_difference(&recorder.events(), "sql-*", Bound::Exactly(2));
        assert_eq!(
            said.unwrap(),
            "3 events of sql-*, and exactly 2 expected, among

    2 x sql-b
    1 x import
    1 x sql-a
"
        );
        let said = events_difference(&[], "*", Bound::Above(0));
        assert_eq!(said.unwrap(), "0 events, and more than 0 expected");
    }

    #[test]
    #[should_panic(expected = "4 events, and at most 3 expected")]
    fn the_assertion_fails_where_there_are_too_many() {
        with_recorder(|recorder| {
            some(recorder);
            assert_events!(recorder, <= 3);
        });
    }
}
