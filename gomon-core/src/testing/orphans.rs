use std::fmt::Write;

use crate::testing::tally::Tally;
use crate::testing::{Recorded, Recorder};

/// Asserts that no event lost its cause: that each statement, outgoing call or published message
/// was made in a context. What did is in docs/context.md.
///
/// ```
/// use gomon_core::testing::{assert_no_orphans, with_recorder};
///
/// with_recorder(|recorder| {
///     gomon_core::EventTracker::new("import").finish();
///     assert_no_orphans!(recorder);
/// });
/// ```
///
/// # Panics
///
/// If one did, with fingerprint and site; if the events do not arrive within 10 seconds.
#[macro_export]
macro_rules! assert_no_orphans {
    ($recorder:expr $(,)?) => {
        $crate::testing::check($crate::testing::orphans_difference(&$recorder.orphans()))
    };
}

impl Recorder {
    /// The closing events that are marked as orphans.
    ///
    /// # Panics
    ///
    /// If they do not arrive within 10 seconds.
    #[must_use]
    pub fn orphans(&self) -> Vec<Recorded> {
        let mut events = self.events();
        events.retain(Recorded::is_orphan);
        events
    }
}

#[doc(hidden)]
#[must_use]
pub fn orphans_difference(orphans: &[Recorded]) -> Option<String> {
    if orphans.is_empty() {
        return None;
    }
    let mut said = format!(
        "{} orphans: events that lost their cause\n\n",
        orphans.len()
    );
    let sites = orphans.iter().map(|event| (event.fp(), event.site()));
    for ((fp, site), count) in Tally::of(sites).by_count() {
        let _ = writeln!(said, "{count:5} x {fp} from {site}");
    }
    said.push_str(
        "\nA plain tokio::spawn, a channel or a thread took them out of their context: see \
         `gomon::spawn`, `in_current` and `gomon::root`.",
    );
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_recorder;
    use crate::{EventTracker, Tree};

    #[test]
    fn orphans_are_listed_by_fingerprint_and_site() {
        let recorder = Recorder::new();
        recorder.run(|| {
            for _ in 0..2 {
                let mut statement = EventTracker::new("sql-wconn-queryctx");
                statement.set("caller", "src/mail.rs:3").orphan();
            }
            let url = Tree::map().with("host", "mail.test");
            EventTracker::new("http-roundtripper")
                .set("url", url)
                .orphan();
            EventTracker::new("fine").finish();
        });
        let said = orphans_difference(&recorder.orphans()).unwrap();
        assert_eq!(
            said,
            "3 orphans: events that lost their cause

    2 x sql-wconn-queryctx from src/mail.rs:3
    1 x http-roundtripper from mail.test

A plain tokio::spawn, a channel or a thread took them out of their context: see `gomon::spawn`, \
             `in_current` and `gomon::root`."
        );
    }

    #[test]
    #[should_panic(expected = "1 orphans: events that lost their cause")]
    fn the_assertion_fails_where_there_is_an_orphan() {
        with_recorder(|recorder| {
            EventTracker::new("fine").finish();
            assert_no_orphans!(recorder);
            EventTracker::new("lost").orphan();
            assert_no_orphans!(recorder);
        });
    }
}
