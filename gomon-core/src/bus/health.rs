//! When a listener is left alone because it does harm, and when it is tried again.
//!
//! A listener that panics too often, or stays in one call for too long, is put into quarantine:
//! it gets nothing, and what waits for it is given up, so that its memory comes back. After a
//! while, which doubles each time, it is tried with a single batch, the probe. If it takes that
//! one well it gets everything again.
//!
//! Time comes from the caller, as what has passed since some fixed moment.

use std::time::Duration;

/// How a listener is doing.
#[derive(Debug)]
pub(crate) struct Health {
    state: State,
    /// When the state began, the probe counted as a part of the quarantine.
    since: Duration,
    /// How often it was put into quarantine.
    quarantines: u64,
    back_off: Duration,
    /// When it may be tried again.
    retry_at: Duration,
    busy: Option<Busy>,
    panics_in_a_row: u32,
    /// Panics since `recent_from`.
    recent_panics: u32,
    recent_from: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    Quarantined,
    /// It may have one batch.
    Probing,
    /// It has got its one batch and nobody knows yet how it took it.
    Probed,
}

/// A call that the listener is in.
#[derive(Clone, Copy, Debug)]
struct Busy {
    /// When it was seen to come forward last.
    since: Duration,
    /// How far it had come then.
    beat: u64,
    limit: Duration,
}

impl Health {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Well,
            since: Duration::ZERO,
            quarantines: 0,
            back_off: SHORTEST,
            retry_at: Duration::ZERO,
            busy: None,
            panics_in_a_row: 0,
            recent_panics: 0,
            recent_from: Duration::ZERO,
        }
    }

    /// Whether it may be given a batch now. The probe is then given.
    pub(crate) fn admit(&mut self) -> bool {
        match self.state {
            State::Well => true,
            State::Probing => {
                self.state = State::Probed;
                true
            }
            State::Quarantined | State::Probed => false,
        }
    }

    /// Whether it is given nothing, or one batch at the most.
    pub(crate) fn is_quarantined(&self) -> bool {
        self.state != State::Well
    }

    /// How long it has been in quarantine.
    pub(crate) fn quarantined_for(&self, now: Duration) -> Option<Duration> {
        self.is_quarantined()
            .then(|| now.saturating_sub(self.since))
    }

    pub(crate) fn quarantines(&self) -> u64 {
        self.quarantines
    }

    /// A call of it begins, which may take `limit` from one event to the next.
    pub(crate) fn begin(&mut self, now: Duration, beat: u64, limit: Duration) {
        self.busy = Some(Busy {
            since: now,
            beat,
            limit,
        });
    }

    /// The call has returned.
    pub(crate) fn end(&mut self) {
        self.busy = None;
    }

    /// A batch was taken without a panic, or with few. It passes the probe.
    pub(crate) fn took_a_batch(&mut self, now: Duration) {
        if self.state == State::Probed {
            self.state = State::Well;
            self.since = now;
        }
    }

    /// It took an event.
    pub(crate) fn took_an_event(&mut self) {
        self.panics_in_a_row = 0;
    }

    /// It panicked. Whether that puts it into quarantine.
    pub(crate) fn panicked(&mut self, now: Duration) -> bool {
        if now.saturating_sub(self.recent_from) > RECENT {
            self.recent_from = now;
            self.recent_panics = 0;
        }
        self.recent_panics += 1;
        self.panics_in_a_row += 1;
        let too_often = self.panics_in_a_row >= MOST_IN_A_ROW || self.recent_panics >= MOST_RECENT;
        match self.state {
            State::Well if !too_often => false,
            State::Quarantined => false,
            State::Well | State::Probing | State::Probed => {
                self.quarantine(now);
                true
            }
        }
    }

    /// Whether it has been in one call for too long, which puts it into quarantine. `beat` is how
    /// far it has come with it: a slow listener is not a stuck one.
    pub(crate) fn is_stuck(&mut self, now: Duration, beat: u64) -> bool {
        let Some(busy) = &mut self.busy else {
            return false;
        };
        if busy.beat != beat {
            (busy.since, busy.beat) = (now, beat);
        }
        if self.state == State::Quarantined || now.saturating_sub(busy.since) < busy.limit {
            return false;
        }
        self.quarantine(now);
        true
    }

    /// Puts it into quarantine, for twice as long as the last time unless that is long ago.
    pub(crate) fn quarantine(&mut self, now: Duration) {
        let well_for = now.saturating_sub(self.since);
        let back_off = match self.state {
            State::Well if self.quarantines == 0 || well_for >= LONGEST => SHORTEST,
            _ => self.longer(),
        };
        if self.state == State::Well {
            self.since = now;
        }
        self.leave_alone(now, back_off);
        self.quarantines += 1;
        self.panics_in_a_row = 0;
        self.recent_panics = 0;
    }

    /// It cannot be tried yet: the quarantine that it is in goes on for twice as long.
    pub(crate) fn put_off(&mut self, now: Duration) {
        self.leave_alone(now, self.longer());
    }

    fn longer(&self) -> Duration {
        (self.back_off * 2).min(LONGEST)
    }

    fn leave_alone(&mut self, now: Duration, back_off: Duration) {
        self.state = State::Quarantined;
        self.back_off = back_off;
        self.retry_at = now + back_off;
    }

    /// How long it is until it may be tried again; `None` while it is well, or stuck still.
    pub(crate) fn retry_in(&self, now: Duration) -> Option<Duration> {
        let waits = self.state == State::Quarantined && self.busy.is_none();
        waits.then(|| self.retry_at.saturating_sub(now))
    }

    /// It may have a batch.
    pub(crate) fn probe(&mut self) {
        self.state = State::Probing;
    }
}

/// The first time in quarantine.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time in quarantine before the next probe.
const LONGEST: Duration = Duration::from_secs(60);
/// Panics without an event taken between them.
const MOST_IN_A_ROW: u32 = 8;
/// Panics in [`RECENT`].
const MOST_RECENT: u32 = 64;
const RECENT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn panics_in_a_row_lead_to_quarantine_and_single_ones_do_not() {
        let mut health = Health::new();
        for n in 0..50 {
            assert!(!health.panicked(secs(n)));
            health.took_an_event();
        }
        let panics = (0..MOST_IN_A_ROW).map(|_| health.panicked(secs(50)));
        assert_eq!(panics.filter(|quarantined| *quarantined).count(), 1);
        assert!(health.is_quarantined() && !health.admit());
    }

    #[test]
    fn many_panics_in_a_short_time_lead_to_quarantine_too() {
        let mut health = Health::new();
        let first = (1..).find(|_| {
            health.took_an_event();
            health.panicked(secs(1))
        });
        assert_eq!(first, Some(MOST_RECENT));
    }

    #[test]
    fn a_call_that_comes_forward_is_slow_and_one_that_does_not_is_stuck() {
        let mut health = Health::new();
        health.begin(secs(0), 0, LIMIT);
        for n in 1..100 {
            assert!(!health.is_stuck(secs(n * 4), n));
        }
        assert!(health.is_stuck(secs(99 * 4 + 5), 99));
        assert!(!health.is_stuck(secs(500), 99), "once");
        assert_eq!(health.retry_in(secs(500)), None, "it has not returned");
        health.end();
        assert_eq!(health.retry_in(secs(500)), Some(Duration::ZERO));
    }

    #[test]
    fn the_probe_is_one_batch_and_what_comes_of_it_decides() {
        let mut health = Health::new();
        health.quarantine(secs(0));
        assert_eq!(health.retry_in(secs(0)), Some(SHORTEST));
        health.probe();
        assert!(health.admit() && !health.admit());
        assert!(health.panicked(secs(1)));
        health.probe();
        assert!(health.admit());
        health.took_a_batch(secs(3));
        assert!(health.admit() && health.admit());
        assert_eq!(
            (health.quarantines(), health.quarantined_for(secs(4))),
            (2, None)
        );
    }

    #[test]
    fn each_quarantine_is_twice_as_long_as_the_last_until_it_was_well_for_long() {
        let mut health = Health::new();
        let mut now = secs(100);
        let mut times = Vec::new();
        for _ in 0..8 {
            health.quarantine(now);
            let time = health.retry_in(now).unwrap();
            times.push(time.as_secs());
            now += time;
            health.probe();
            assert!(health.admit());
            health.took_a_batch(now);
            now += secs(1);
        }
        assert_eq!(times, [1, 2, 4, 8, 16, 32, 60, 60]);
        now += LONGEST;
        health.quarantine(now);
        assert_eq!(health.retry_in(now), Some(SHORTEST));
    }
}
