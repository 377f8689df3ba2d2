//! What makes an event, and with it its trace, worth keeping whatever the ratio says.

use std::time::Duration;

use crate::event::outcome::Outcome;
use crate::sampling::sampler::Moment;
use crate::sampling::series::{Fp, Table};

/// The merits that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is asked for on its own"
)]
pub(crate) struct Merits {
    pub(crate) failed: bool,
    pub(crate) cancelled: bool,
    pub(crate) caller_sampled: bool,
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
    pub(crate) fp: &'a Fp,
    pub(crate) route: Option<&'a str>,
    pub(crate) root: bool,
    /// The caller says that it records the trace, and is believed.
    pub(crate) caller_sampled: bool,
    pub(crate) outcome: Outcome,
    /// How many nanoseconds it took, if it is asked for.
    pub(crate) nanos: u64,
}

impl Merit {
    pub(crate) fn new(merits: Merits) -> Self {
        let table = Table::new();
        Self { merits, table }
    }

    /// Whether it is judged by how long it took.
    pub(crate) fn asks_for_time(&self, root: bool) -> bool {
        self.merits.slower_than.is_some() || self.merits.slow && root
    }

    /// What is known of a fingerprint; what is exempt is asked for the first time.
    #[inline(always)]
    pub(crate) fn fp(&mut self, fp: &'static str, is_exempt: fn(&str) -> bool) -> Fp {
        self.table.fp(fp, is_exempt)
    }

    /// Whether an event that is not a root and ended well is like so many others that it is worth
    /// nothing and changes nothing: most are.
    #[inline(always)]
    pub(crate) fn is_common(&self, fp: &Fp, now: Moment) -> bool {
        self.merits.slower_than.is_none() && (!self.merits.rare || fp.is_frequent(now.secs))
    }

    /// Judges an event, and keeps in mind what it says about the next ones.
    #[inline(never)]
    pub(crate) fn is_worth_keeping(&mut self, seen: &Seen<'_>, now: Moment) -> bool {
        let ended_badly = seen.outcome != Outcome::Completed && self.merits.want(seen.outcome);
        let by_caller = seen.caller_sampled && self.merits.caller_sampled;
        let limit = self.merits.slower_than;
        let too_slow = limit.is_some_and(|limit| Duration::from_nanos(seen.nanos) > limit);
        // Asked in any case: it counts.
        let by_series = self.by_series(seen, now);
        ended_badly || by_caller || too_slow || by_series
    }

    #[inline]
    fn by_series(&mut self, seen: &Seen<'_>, now: Moment) -> bool {
        let Merits {
            rare,
            slow,
            every_nth,
            ..
        } = self.merits;
        let as_root = seen.root && (slow || every_nth.is_some());
        if !as_root && !rare {
            return false;
        }
        if !seen.root && seen.fp.is_frequent(now.secs) {
            return false;
        }
        self.in_series(seen, now.secs)
    }

    #[inline]
    fn in_series(&mut self, seen: &Seen<'_>, now_secs: u32) -> bool {
        let merits = self.merits;
        let Some(series) = self.table.series(seen.fp, seen.route, now_secs) else {
            return false;
        };
        let rare = merits.rare && series.is_rare(now_secs);
        if !seen.root {
            if !rare && series.is_frequent(now_secs) {
                self.table.note_frequent(seen.fp, now_secs);
            }
            return rare;
        }
        let slow = merits.slow && series.is_slow(seen.nanos);
        let nth = merits.every_nth.is_some_and(|n| series.is_nth(n));
        rare || slow || nth
    }
}

impl Merits {
    fn want(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Completed => false,
            Outcome::Failed | Outcome::TimedOut | Outcome::Panicked => self.failed,
            Outcome::Cancelled | Outcome::Truncated | Outcome::Abandoned => self.cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment { nanos: 0, secs: 0 };

    fn fp(name: &'static str) -> &'static Fp {
        let fp = Table::new().fp(name, |_| false);
        Box::leak(Box::new(fp))
    }

    fn seen(outcome: Outcome) -> Seen<'static> {
        Seen {
            fp: fp("work"),
            route: None,
            root: true,
            caller_sampled: false,
            outcome,
            nanos: 1_000_000,
        }
    }

    fn keeps(merits: Merits, seen: &Seen<'_>) -> bool {
        Merit::new(merits).is_worth_keeping(seen, START)
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
    fn the_callers_word_counts_if_it_is_asked_for() {
        let merits = Merits {
            caller_sampled: true,
            ..Merits::default()
        };
        let own = seen(Outcome::Completed);
        let called = Seen {
            caller_sampled: true,
            ..own
        };
        assert!(keeps(merits, &called) && !keeps(merits, &own));
        assert!(!keeps(Merits::default(), &called));
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
        child.nanos += 1;
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
                fp: &merit.fp(fp, |_| false),
                route,
                ..seen(Outcome::Completed)
            };
            let rare = (0..100).filter(|_| merit.is_worth_keeping(&event, START));
            assert_eq!(rare.count(), 10);
        }
    }
}
