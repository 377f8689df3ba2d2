use std::fmt::Write;

use crate::event::outcome::Outcome;
use crate::mask::names::matches_exactly;
use crate::testing::Recorded;
use crate::testing::tally::Tally;

/// Asserts that all closing events of a fingerprint (`*` is any characters there), at least one,
/// ended with an [`Outcome`].
///
/// ```
/// use gomon_core::testing::{assert_outcome, with_recorder};
/// use gomon_core::{EventTracker, Outcome};
///
/// with_recorder(|recorder| {
///     EventTracker::new("import").add_error_msg("no such file");
///     assert_outcome!(recorder, "import", Outcome::Failed);
/// });
/// ```
///
/// # Panics
///
/// If there is none, or one ended otherwise, with outcomes and errors; if the events do not arrive
/// within 10 seconds.
#[macro_export]
macro_rules! assert_outcome {
    ($recorder:expr, $fp:expr, $outcome:expr $(,)?) => {
        $crate::testing::check($crate::testing::outcome_difference(
            &$recorder.events(),
            $fp,
            $outcome,
        ))
    };
}

#[doc(hidden)]
#[must_use]
pub fn outcome_difference(events: &[Recorded], fp: &str, outcome: Outcome) -> Option<String> {
    let meant = || {
        events
            .iter()
            .filter(|event| matches_exactly(fp, event.fp()))
    };
    let expected = outcome.as_str();
    if meant().next().is_none() {
        return Some(format!(
            "no event of {fp} has ended, and {expected} expected"
        ));
    }
    let otherwise = meant().filter(|event| event.outcome() != expected);
    let otherwise: Vec<_> = otherwise.map(in_words).collect();
    if otherwise.is_empty() {
        return None;
    }
    let all = meant().count();
    let mut said = format!(
        "{} of {all} events of {fp} ended otherwise than {expected}\n\n",
        otherwise.len()
    );
    for (words, count) in Tally::of(otherwise).by_count() {
        let _ = writeln!(said, "{count:5} x {words}");
    }
    Some(said)
}

/// Fingerprint and outcome, and the first error.
fn in_words(event: &Recorded) -> String {
    let error = event.at("error.0.msg").and_then(|error| error.as_str());
    let error = error.map_or(String::new(), |error| format!(": {error}"));
    format!("{} {}{error}", event.fp(), event.outcome())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventTracker;
    use crate::testing::{Recorder, with_recorder};

    #[test]
    fn what_ended_otherwise_is_listed_with_its_error() {
        let recorder = Recorder::new();
        recorder.run(|| {
            EventTracker::new("mail").finish();
            EventTracker::new("mail").add_error_msg("no route");
            EventTracker::new("mail").add_error_msg("no route");
            EventTracker::new("file").mark(Outcome::Cancelled);
        });
        let said = |fp, outcome| outcome_difference(&recorder.events(), fp, outcome);
        assert_eq!(
            said("mail", Outcome::Completed).unwrap(),
            "2 of 3 events of mail ended otherwise than completed\n\n    2 x mail failed: no route\n"
        );
        assert_eq!(
            said("*", Outcome::Failed).unwrap(),
            "2 of 4 events of * ended otherwise than failed

    1 x mail completed
    1 x file cancelled
"
        );
        assert_eq!(said("file", Outcome::Cancelled), None);
    }

    #[test]
    #[should_panic(expected = "no event of mail has ended, and completed expected")]
    fn the_assertion_fails_where_there_is_no_such_event() {
        with_recorder(|recorder| assert_outcome!(recorder, "mail", Outcome::Completed));
    }
}
