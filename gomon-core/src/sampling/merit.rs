//! What makes an event, and with it its trace, worth keeping whatever the ratio says.

use std::time::Duration;

use crate::event::outcome::Outcome;
use crate::sampling::series::Table;

/// The merits that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merits {
    pub(crate) failed: bool,
    pub(crate) cancelled: bool,
    pub(crate) slow: bool,
    pub(crate) slower_than: Option<Duration>,
    pub(crate) rare: bool,
    pub(crate) every_nth: Option<u32>,
}

/// The merits, with what was seen of each fingerprint and route.
#[derive(Debug)]
pub(crate) struct Merit {
    merits: Merits,
    table: Table,
}

/// What merit is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) fp: &'static str,
    pub(crate) route: Option<&'a str>,
    pub(crate) root: bool,
    pub(crate) outcome: Outcome,
    pub(crate) lapsed: Duration,
}

impl Merit {
    pub(crate) fn new(merits: Merits) -> Self {
        let table = Table::new();
        Self { merits, table }
    }

    /// Judges an event, and keeps in mind what it says about the next ones. `now` is in
    /// nanoseconds.
    pub(crate) fn is_worth_keeping(&mut self, seen: &Seen<'_>, now: u64) -> bool {
        // All of them are asked: each counts for itself.
        let by_itself = self.by_itself(seen);
        let by_series = self.by_series(seen, now);
        by_itself || by_series
    }

    fn by_itself(&self, seen: &Seen<'_>) -> bool {
        let ended_badly = match seen.outcome {
            Outcome::Completed => false,
            Outcome::Failed | Outcome::TimedOut | Outcome::Panicked => self.merits.failed,
            Outcome::Cancelled | Outcome::Truncated | Outcome::Abandoned => self.merits.cancelled,
        };
        let slow = self.merits.slower_than;
        ended_badly || slow.is_some_and(|limit| seen.lapsed > limit)
    }

    fn by_series(&mut self, seen: &Seen<'_>, now: u64) -> bool {
        let Merits {
            rare,
            slow,
            every_nth,
            ..
        } = self.merits;
        let of_roots = seen.root && (slow || every_nth.is_some());
        if !rare && !of_roots {
            return false;
        }
        let now_secs = u32::try_from(now / 1_000_000_000).unwrap_or(u32::MAX);
        let Some(series) = self.table.series(seen.fp, seen.route, now_secs) else {
            return false;
        };
        let rare = rare && series.is_rare(now_secs);
        let slow = slow && seen.root && series.is_slow(seen.lapsed);
        let nth = seen.root && every_nth.is_some_and(|n| series.is_nth(n));
        rare || slow || nth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: Outcome) -> Seen<'static> {
        Seen {
            fp: "work",
            route: None,
            root: true,
            outcome,
            lapsed: Duration::from_millis(1),
        }
    }

    fn keeps(merits: Merits, seen: &Seen<'_>) -> bool {
        Merit::new(merits).is_worth_keeping(seen, 0)
    }

    #[test]
    fn failed_and_cancelled_are_merits_of_their_own() {
        let failed = Merits {
            failed: true,
            ..Merits::default()
        };
        let cancelled = Merits {
            cancelled: true,
            ..Merits::default()
        };
        for outcome in [Outcome::Failed, Outcome::TimedOut, Outcome::Panicked] {
            assert!(keeps(failed, &seen(outcome)) && !keeps(cancelled, &seen(outcome)));
        }
        for outcome in [Outcome::Cancelled, Outcome::Truncated, Outcome::Abandoned] {
            assert!(keeps(cancelled, &seen(outcome)) && !keeps(failed, &seen(outcome)));
        }
        assert!(!keeps(failed, &seen(Outcome::Completed)));
    }

    #[test]
    fn any_event_may_be_slower_than_a_fixed_limit() {
        let merits = Merits {
            slower_than: Some(Duration::from_millis(1)),
            ..Merits::default()
        };
        let mut child = Seen {
            root: false,
            ..seen(Outcome::Completed)
        };
        assert!(!keeps(merits, &child));
        child.lapsed += Duration::from_nanos(1);
        assert!(keeps(merits, &child));
    }

    #[test]
    fn only_roots_are_slow_for_their_route_or_the_nth() {
        let merits = Merits {
            slow: true,
            every_nth: Some(1),
            ..Merits::default()
        };
        let root = seen(Outcome::Completed);
        let child = Seen {
            root: false,
            ..root
        };
        assert!(keeps(merits, &root) && !keeps(merits, &child));
    }

    #[test]
    fn each_fingerprint_and_route_is_rare_ten_times() {
        let merits = Merits {
            rare: true,
            ..Merits::default()
        };
        let mut merit = Merit::new(merits);
        for (fp, route) in [("a", Some("/x")), ("a", Some("/y")), ("b", None)] {
            let event = Seen {
                fp,
                route,
                ..seen(Outcome::Completed)
            };
            let rare = (0..100).filter(|_| merit.is_worth_keeping(&event, 0));
            assert_eq!(rare.count(), 10);
        }
    }
}
