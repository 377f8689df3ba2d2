//! The last snapshot of the aggregates, and how a newer one is asked for.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::aggregate::snapshot::Snapshot;
use crate::deadline::Deadline;

/// Between those who ask and the bus thread, to which the aggregates belong.
pub(crate) struct Published {
    state: Mutex<State>,
    answered: Condvar,
}

struct State {
    /// How often a snapshot was asked for, and which of these got one.
    asked: u64,
    answered: u64,
    /// Whether anybody answers.
    is_open: bool,
    latest: Option<Snapshot>,
}

impl Published {
    pub(super) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                asked: 0,
                answered: 0,
                is_open: false,
                latest: None,
            }),
            answered: Condvar::new(),
        }
    }

    /// A run begins, of which there is no snapshot yet.
    pub(super) fn open(&self) {
        let mut state = self.state.lock();
        state.is_open = true;
        let old = state.latest.take();
        drop(state);
        drop(old);
    }

    /// Nobody answers any more.
    pub(super) fn close(&self) {
        self.state.lock().is_open = false;
        self.answered.notify_all();
    }

    /// A snapshot of everything that ended before, or the last one if none comes in time. `wake`
    /// tells the bus thread.
    pub(super) fn ask(&self, patience: Duration, wake: impl FnOnce()) -> Snapshot {
        let mut state = self.state.lock();
        state.asked += 1;
        let number = state.asked;
        if state.is_open {
            drop(state);
            wake();
            state = self.state.lock();
        }
        let deadline = Deadline::after(patience);
        while state.is_open && state.answered < number {
            let waited = self.answered.wait_for(&mut state, deadline.left());
            if waited.timed_out() {
                break;
            }
        }
        state.latest.clone().unwrap_or_default()
    }

    /// The last one.
    pub(super) fn latest(&self) -> Snapshot {
        self.state.lock().latest.clone().unwrap_or_default()
    }

    /// How many were asked for: what the bus thread looks at before it reads the rings.
    pub(super) fn asked(&self) -> u64 {
        self.state.lock().asked
    }

    /// Whether so many of them are more than have got an answer.
    pub(super) fn is_due(&self, asked: u64) -> bool {
        self.state.lock().answered < asked
    }

    /// Answers those who asked up to then.
    pub(super) fn answer(&self, asked: u64, snapshot: &Snapshot) {
        let mut state = self.state.lock();
        state.answered = state.answered.max(asked);
        let old = state.latest.replace(snapshot.clone());
        drop(state);
        // Its series may be many: not under the lock.
        drop(old);
        self.answered.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn snapshot(to: u64) -> Snapshot {
        Snapshot::new(1, to, Vec::new())
    }

    #[test]
    fn who_asks_gets_the_answer_to_that() {
        let published = Published::new();
        published.open();
        published.answer(0, &snapshot(2));
        let got = published.ask(LONG, || published.answer(published.asked(), &snapshot(3)));
        assert_eq!((got.to_unix_ns(), published.is_due(1)), (3, false));
    }

    #[test]
    fn after_the_end_the_last_one_is_there_at_once() {
        let published = Published::new();
        published.open();
        published.answer(0, &snapshot(2));
        published.close();
        let woken = Cell::new(false);
        assert_eq!(published.ask(LONG, || woken.set(true)).to_unix_ns(), 2);
        assert!(!woken.get());
        published.open();
        assert_eq!(published.latest().to_unix_ns(), 0);
    }

    #[test]
    fn an_end_meanwhile_lets_nobody_wait() {
        let published = Published::new();
        published.open();
        assert_eq!(published.ask(LONG, || published.close()).to_unix_ns(), 0);
    }

    #[test]
    fn without_an_answer_in_time_the_last_one_serves() {
        let published = Published::new();
        published.open();
        published.answer(0, &snapshot(2));
        assert_eq!(published.ask(Duration::ZERO, || {}).to_unix_ns(), 2);
    }
}
