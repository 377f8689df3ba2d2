//! Where the time of one unit of work went: arithmetic on stamps, without a clock.

use crate::clock::Stamp;
use crate::wait::kind::{Kind, PerKind, UNACCOUNTED};
use crate::wait::leaves::Leaves;

/// The books of a unit. Every tick from its start to its close is entered once: what is
/// [`settle`](Self::settle)d is entered by the phase that the unit was in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Everything before has been entered.
    mark: Stamp,
    phase: Phase,
    /// Since when the phase lasts.
    since: Stamp,
    /// When it was woken, if it has been since the last poll began.
    woken: Option<Stamp>,
    leaves: Leaves,
    spent: Spent,
}

/// What a unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is inside a poll, or in the call that makes its future: `busy`. So it begins.
    Polled,
    /// It can be polled, and was not yet: `ready`.
    Runnable,
    /// Its last poll was pending: `wait`, and from its wake-up on `ready`.
    Pending,
    /// It handed something over that somebody now has: `wait`, for the client if another poll
    /// follows. If none does, this is how it ended: `busy`.
    HandedOver,
}

/// Time by what it was spent on: ticks of the clock, or nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) busy: u64,
    pub(crate) ready: u64,
    pub(crate) waited: PerKind<u64>,
    pub(crate) unaccounted: u64,
}

impl Account {
    pub(crate) fn new(start: Stamp) -> Self {
        Self {
            mark: start,
            phase: Phase::Polled,
            since: start,
            woken: None,
            leaves: Leaves::default(),
            spent: Spent::default(),
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Since when the phase lasts.
    #[inline]
    pub(crate) fn since(&self) -> Stamp {
        self.since
    }

    /// The time inside of polls that was entered.
    #[inline]
    pub(crate) fn busy(&self) -> u64 {
        self.spent.busy
    }

    /// Since when it waits to be polled, if it does.
    pub(crate) fn ready_since(&self) -> Option<Stamp> {
        match self.phase {
            Phase::Runnable => Some(self.since),
            Phase::Pending => self.woken.map(|woken| woken.max(self.since)),
            Phase::Polled | Phase::HandedOver => None,
        }
    }

    /// What it waits for, as far as the books know.
    pub(crate) fn leaves(&self) -> Leaves {
        match self.phase {
            Phase::Pending => self.leaves,
            Phase::Runnable | Phase::Polled | Phase::HandedOver => Leaves::default(),
        }
    }

    /// A poll begins, or the drop of what was polled.
    pub(crate) fn begin(&mut self, now: impl FnOnce() -> Stamp) {
        match self.phase {
            Phase::Polled => {}
            Phase::HandedOver => {
                let taken = self.advance(now());
                *self.spent.waited.of_mut(Kind::Client) += taken;
            }
            Phase::Runnable | Phase::Pending => self.settle(now()),
        }
        if self.phase != Phase::Polled {
            self.enter(Phase::Polled);
        }
        self.woken = None;
    }

    /// The poll was pending, with these waits open. A wake-up that came during it counts from now.
    pub(crate) fn pend(&mut self, now: Stamp, leaves: Leaves) {
        self.settle(now);
        self.enter(Phase::Pending);
        self.leaves = leaves;
    }

    /// The poll was ready.
    pub(crate) fn hand_over(&mut self, now: Stamp) {
        self.settle(now);
        self.enter(Phase::HandedOver);
    }

    /// The call that made its future ended.
    pub(crate) fn await_first_poll(&mut self, now: Stamp) {
        self.settle(now);
        self.enter(Phase::Runnable);
    }

    pub(crate) fn wake(&mut self, now: Stamp) {
        self.woken.get_or_insert(now);
    }

    /// Between two polls, other waits are open from now on.
    pub(crate) fn change(&mut self, now: Stamp, leaves: Leaves) {
        self.settle(now);
        self.leaves = leaves;
    }

    /// Closes the books: when, which is never before the last entry, and what is in them.
    pub(crate) fn close(&mut self, end: Stamp) -> (Stamp, Spent) {
        self.settle(end);
        (self.mark, self.spent)
    }

    /// Enters the time up to now.
    fn settle(&mut self, now: Stamp) {
        match self.phase {
            Phase::Runnable => self.spent.ready += self.advance(now),
            Phase::Polled | Phase::HandedOver => self.spent.busy += self.advance(now),
            Phase::Pending => {
                let woken = self.woken.map_or(now, |woken| woken.min(now));
                let waited = self.advance(woken);
                if !self.leaves.share(waited, &mut self.spent.waited) {
                    self.spent.unaccounted += waited;
                }
                self.spent.ready += self.advance(now);
            }
        }
    }

    /// Moves the mark on and says by how much. Stamps of different threads may be a little out of
    /// order: then by nothing.
    fn advance(&mut self, to: Stamp) -> u64 {
        let ticks = to.saturating_sub(self.mark);
        self.mark += ticks;
        ticks
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = self.mark;
    }
}

impl Spent {
    /// What was waited for, and for how many ticks. Most is nothing, and is left out.
    #[inline]
    pub(crate) fn waits(&self, mut each: impl FnMut(&'static str, u64)) {
        for (kind, ticks) in self.waited.iter() {
            if ticks > 0 {
                each(kind.name(), ticks);
            }
        }
        if self.unaccounted > 0 {
            each(UNACCOUNTED, self.unaccounted);
        }
    }
}

/// Converts the parts of a time, one after the other. They are differences of converted sums: rounded as they may be, they add up to
/// the whole, converted.
#[derive(Debug)]
pub(crate) struct Parts<F> {
    convert: F,
    ticks: u64,
    before: u64,
}

impl<F: Fn(u64) -> u64> Parts<F> {
    pub(crate) const fn new(convert: F) -> Self {
        Self {
            convert,
            ticks: 0,
            before: 0,
        }
    }

    #[inline]
    pub(crate) fn next(&mut self, ticks: u64) -> u64 {
        self.ticks += ticks;
        let after = (self.convert)(self.ticks);
        let part = after.saturating_sub(self.before);
        self.before = after;
        part
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn total(spent: &Spent) -> u64 {
        let waited: u64 = spent.waited.iter().map(|(_, time)| time).sum();
        spent.busy + spent.ready + waited + spent.unaccounted
    }

    fn total_in(spent: &Spent, convert: impl Fn(u64) -> u64) -> u64 {
        let mut parts = Parts::new(convert);
        let mut total = parts.next(spent.busy) + parts.next(spent.ready);
        spent.waits(|_, ticks| total += parts.next(ticks));
        total
    }

    fn leaves(kinds: &[Kind]) -> Leaves {
        let mut leaves = Leaves::default();
        for kind in kinds {
            leaves.add(&Leaves::one(*kind));
        }
        leaves
    }

    #[test]
    fn a_unit_is_busy_from_its_start_to_its_end_if_it_is_ready_at_once() {
        let mut account = Account::new(100);
        account.begin(|| 130);
        account.hand_over(200);
        let (end, spent) = account.close(205);
        assert_eq!((end, spent.busy), (205, 105));
        assert_eq!(total(&spent), 105);
    }

    #[test]
    fn pending_time_is_waited_until_the_wake_up_and_ready_after_it() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.pend(10, Leaves::one(Kind::Lock));
        account.wake(50);
        account.wake(60);
        assert_eq!(account.ready_since(), Some(50));
        account.begin(|| 65);
        account.hand_over(70);
        let (_, spent) = account.close(70);
        assert_eq!((spent.busy, spent.ready), (15, 15));
        assert_eq!(spent.waited.of(Kind::Lock), 40);
        assert_eq!(total(&spent), 70);
    }

    #[test]
    fn a_wake_up_during_the_poll_makes_it_ready_from_its_end_on() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.wake(5);
        account.pend(10, Leaves::one(Kind::Channel));
        account.begin(|| 30);
        account.hand_over(31);
        let (_, spent) = account.close(31);
        assert_eq!((spent.busy, spent.ready), (11, 20));
        assert_eq!(spent.waited.of(Kind::Channel), 0);
    }

    #[test]
    fn without_an_open_wait_pending_time_is_unaccounted() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.pend(1, Leaves::default());
        let (_, spent) = account.close(9);
        assert_eq!((spent.busy, spent.unaccounted), (1, 8));
    }

    #[test]
    fn several_open_waits_have_equal_shares_and_the_sum_stays_exact() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.pend(0, leaves(&[Kind::Sql, Kind::Sql, Kind::Sleep]));
        let (_, spent) = account.close(100);
        assert_eq!(spent.waited.of(Kind::Sql), 67);
        assert_eq!(spent.waited.of(Kind::Sleep), 33);
    }

    #[test]
    fn waits_that_change_between_polls_have_the_time_that_they_were_open() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.pend(0, leaves(&[Kind::Sql, Kind::Lock]));
        account.change(40, Leaves::one(Kind::Lock));
        let (_, spent) = account.close(100);
        assert_eq!(spent.waited.of(Kind::Sql), 20);
        assert_eq!(spent.waited.of(Kind::Lock), 80);
    }

    #[test]
    fn time_between_a_ready_poll_and_the_next_is_the_clients() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.hand_over(10);
        account.begin(|| 50);
        account.hand_over(60);
        let (_, spent) = account.close(61);
        assert_eq!(spent.waited.of(Kind::Client), 40);
        assert_eq!(spent.busy, 21);
    }

    #[test]
    fn a_call_before_the_first_poll_is_busy_and_what_follows_it_ready() {
        let mut account = Account::new(0);
        account.begin(|| 0);
        account.await_first_poll(10);
        account.begin(|| 25);
        account.pend(30, Leaves::default());
        let (_, spent) = account.close(30);
        assert_eq!((spent.busy, spent.ready), (15, 15));
    }

    #[test]
    fn stamps_out_of_order_neither_lose_nor_invent_time() {
        let mut account = Account::new(100);
        account.begin(|| 120);
        account.pend(110, Leaves::one(Kind::Net));
        account.wake(90);
        account.begin(|| 119);
        account.hand_over(150);
        let (end, spent) = account.close(140);
        assert_eq!(end, 150);
        assert_eq!(total(&spent), 50);
    }

    /// Whatever is called in whichever order, as from other threads.
    #[derive(Clone, Debug)]
    enum Step {
        Begin,
        Pend(u8),
        HandOver,
        AwaitFirstPoll,
        Wake,
        Change(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Begin),
            (0..3u8).prop_map(Step::Pend),
            Just(Step::HandOver),
            Just(Step::AwaitFirstPoll),
            Just(Step::Wake),
            (0..3u8).prop_map(Step::Change),
        ]
    }

    proptest! {
        #[test]
        fn every_tick_is_entered_once(
            steps in proptest::collection::vec((step(), 0..1_000u64, 0..50u64), 0..50),
        ) {
            let open = |count| leaves(Kind::ALL.get(..usize::from(count)).unwrap_or_default());
            let mut account = Account::new(1_000);
            let mut now = 1_000;
            for (step, passed, late) in steps {
                now += passed;
                // The stamp was read a little before its turn came.
                let now = now - late.min(now);
                match step {
                    Step::Begin => account.begin(|| now),
                    Step::Pend(count) => account.pend(now, open(count)),
                    Step::HandOver => account.hand_over(now),
                    Step::AwaitFirstPoll => account.await_first_poll(now),
                    Step::Wake => account.wake(now),
                    Step::Change(count) => account.change(now, open(count)),
                }
            }
            let (end, spent) = account.close(now);
            prop_assert_eq!(total(&spent), end - 1_000);
            let nanos = |ticks: u64| ticks * 417 / 1_000;
            prop_assert_eq!(total_in(&spent, nanos), nanos(end - 1_000));
        }
    }

    #[test]
    fn parts_in_nanoseconds_add_up_to_the_whole_in_nanoseconds() {
        let mut account = Account::new(0);
        account.begin(|| 7);
        account.pend(18, leaves(&[Kind::Pool, Kind::Http, Kind::File]));
        account.wake(1_003);
        account.begin(|| 1_009);
        let (end, spent) = account.close(2_011);
        let nanos = |ticks: u64| ticks * 417 / 1_000;
        assert_eq!(total_in(&spent, nanos), nanos(end));
    }
}
