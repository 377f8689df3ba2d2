use std::ptr;
use std::sync::Arc;
use std::task::Waker;

use crate::clock::{Source, Stamp};
use crate::wait::account::{Account, Spent};
use crate::wait::unit::Unit;

/// The books of a unit, kept by whoever polls it. Between a poll that was pending and the next the unit has them itself: wake-ups
/// and waits that close are entered then. So it takes a lock only where something is awaited.
#[derive(Debug)]
pub(crate) struct Books {
    unit: Arc<Unit>,
    /// None while the unit has it.
    account: Option<Account>,
    /// How many touches there were before the poll.
    touches: u64,
    /// The task that the unit wakes.
    task: Option<Task>,
}

/// Tells a waker from others, as [`Waker::will_wake`] does: it is kept alive elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Task {
    data: usize,
    vtable: usize,
}

impl Task {
    fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

impl Books {
    pub(crate) fn new(start: Stamp, clock: Source) -> Self {
        Self {
            unit: Arc::new(Unit::of_event(start, clock)),
            account: Some(Account::new(start)),
            touches: 0,
            task: None,
        }
    }

    /// Begins anew, after they were closed; false if the unit goes by another clock.
    pub(crate) fn restart(&mut self, start: Stamp, clock: Source) -> bool {
        let account = self.account.insert(Account::new(start));
        self.touches = 0;
        self.unit.restart(account, clock)
    }

    pub(crate) fn unit(&self) -> &Arc<Unit> {
        &self.unit
    }

    /// A poll begins, or a drop, after so many touches. From now on wake-ups go to this task.
    pub(crate) fn begin(&mut self, touches: u64, task: Option<&Waker>) {
        self.touches = touches;
        let unknown = task.filter(|task| !self.knows(task));
        if unknown.is_some() || self.account.is_none() {
            self.task = unknown.map(Task::of).or(self.task);
            self.unit.take_back(&mut self.account, unknown);
        }
        let now = || self.unit.now();
        if let Some(account) = &mut self.account {
            account.begin(now);
            self.unit.expose(account);
        }
    }

    /// A task that was woken has to be told of again.
    fn knows(&self, task: &Waker) -> bool {
        self.task == Some(Task::of(task)) && !self.unit.has_woken()
    }

    /// The poll was pending.
    pub(crate) fn pend(&mut self, now: Stamp) {
        if let Some(account) = self.account.take() {
            self.unit.pend(account, now, self.touches);
        }
    }

    /// The poll was ready, or was the last.
    pub(crate) fn hand_over(&mut self, now: Stamp) {
        self.enter(|account| account.hand_over(now));
    }

    /// What ended was no poll: the first is still to come.
    pub(crate) fn await_first_poll(&mut self, now: Stamp) {
        self.enter(|account| account.await_first_poll(now));
    }

    /// What they will say if the unit ends at that moment.
    pub(crate) fn spent_until(&self, end: Stamp) -> Spent {
        let account = self.account.clone().or_else(|| self.unit.account());
        account.map_or_else(Spent::default, |mut account| account.close(end).1)
    }

    /// Closes them. There is nobody to wake or to tell any more.
    pub(crate) fn close(&mut self, end: Stamp) -> (Stamp, Spent) {
        self.task = None;
        self.unit.let_go(&mut self.account);
        let account = self.account.as_mut();
        account.map_or_else(|| (end, Spent::default()), |account| account.close(end))
    }

    fn enter(&mut self, enter: impl FnOnce(&mut Account)) {
        if let Some(account) = &mut self.account {
            enter(account);
            self.unit.expose(account);
        }
    }
}
