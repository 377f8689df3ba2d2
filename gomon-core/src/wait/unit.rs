use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{self, Source, Stamp};
use crate::wait::account::{Account, Phase, Spent};
use crate::wait::doing::Doing;
use crate::wait::table::{Opening, Said, Table, Ticket, Touch};

/// What the parts of a unit of work share: the future that is polled, the waits it opened wherever
/// they are now, the wakers it gave out, and whoever asks what it is doing.
///
/// Its lock is held for arithmetic: no foreign code runs under it, not even a waker's. Where two
/// units are concerned, the lock of one is let go before that of the other is taken.
#[derive(Debug)]
pub(crate) struct Unit {
    clock: Source,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    account: Account,
    waits: Table,
    /// Who is told of a wake-up. It is told once; the next poll asks again.
    task: Option<Waker>,
    /// The unit that awaits this one, and its wait for it.
    awaited: Option<(Arc<Unit>, Ticket)>,
    /// How often it said what it waits for.
    said: u64,
}

impl State {
    /// What it waits for now.
    fn say(&mut self) -> Said {
        self.said += 1;
        Said {
            number: self.said,
            leaves: self.account.leaves(),
        }
    }
}

impl Unit {
    pub(crate) fn new(start: Stamp, clock: Source) -> Self {
        Self {
            clock,
            state: Mutex::new(State {
                account: Account::new(start),
                waits: Table::default(),
                task: None,
                awaited: None,
                said: 0,
            }),
        }
    }

    /// One that only waits.
    #[cfg(feature = "tokio")]
    pub(crate) fn pending() -> Self {
        let unit = Self::new(0, Source::PROCESS);
        unit.pend(0);
        unit
    }

    pub(crate) fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// A poll begins, or a drop, after so many touches. From now on wake-ups go to this task.
    pub(crate) fn begin(&self, now: impl FnOnce() -> Stamp, touches: u64, task: Option<&Waker>) {
        let known = {
            let mut state = self.state.lock();
            state.account.begin(now);
            state.waits.begin(touches);
            match (task, &state.task) {
                (Some(task), Some(known)) => known.will_wake(task),
                (Some(_), None) => false,
                (None, _) => true,
            }
        };
        if !known {
            self.set_task(task);
        }
    }

    fn set_task(&self, task: Option<&Waker>) {
        // Wakers are somebody else's: none is cloned or dropped under the lock.
        let task = task.cloned();
        let _before = mem::replace(&mut self.state.lock().task, task);
    }

    /// The first poll begins, as [`begin`](Self::begin) does.
    pub(crate) fn begin_first(&self, touches: u64, task: &Waker) {
        let task = Some(task.clone());
        let _before = {
            let mut state = self.state.lock();
            state.account.begin(|| self.now());
            state.waits.begin(touches);
            mem::replace(&mut state.task, task)
        };
    }

    /// The poll was pending.
    pub(crate) fn pend(&self, now: Stamp) {
        let mut state = self.state.lock();
        let leaves = state.waits.leaves();
        state.account.pend(now, leaves);
    }

    /// The poll was ready, or was the last.
    pub(crate) fn hand_over(&self, now: Stamp) {
        self.state.lock().account.hand_over(now);
    }

    /// What ended was no poll: the first is still to come.
    pub(crate) fn await_first_poll(&self, now: Stamp) {
        self.state.lock().account.await_first_poll(now);
    }

    /// It has ended: there is nobody to wake or to tell any more.
    pub(crate) fn let_go(&self) {
        // What is dropped is somebody else's: not under the lock.
        let _before = {
            let mut state = self.state.lock();
            (state.task.take(), state.awaited.take())
        };
    }

    /// Begins anew, after it was let go; false if it goes by another clock.
    pub(crate) fn restart(&self, start: Stamp, clock: Source) -> bool {
        if self.clock != clock {
            return false;
        }
        let mut state = self.state.lock();
        state.account = Account::new(start);
        state.waits.restart();
        state.said = 0;
        true
    }

    /// What the books will say if it ends at that moment. They go on.
    pub(crate) fn spent_until(&self, end: Stamp) -> Spent {
        // To close an account is to enter what there is.
        self.state.lock().account.close(end).1
    }

    /// The same as [`let_go`](Self::let_go), and closes the books.
    pub(crate) fn close_books(&self, end: Stamp) -> (Stamp, Spent) {
        // What is dropped is somebody else's: not under the lock.
        let (closed, _task, _awaited) = {
            let mut state = self.state.lock();
            let closed = state.account.close(end);
            (closed, state.task.take(), state.awaited.take())
        };
        closed
    }

    /// How long it was inside of polls up to now, of a unit that began then.
    pub(crate) fn busy_since(&self, start: Stamp) -> Duration {
        let spent = self.spent_until(self.now());
        let end = start.saturating_add(spent.busy);
        Duration::from_nanos(clock::nanos_between(start, end))
    }

    /// Opens a wait, inside of a poll.
    pub(crate) fn open(&self, opening: &Opening) -> Ticket {
        let mut state = self.state.lock();
        let since = state.account.since();
        state.waits.open(opening, since)
    }

    /// What a wait is for was polled again, inside of a poll, and is pending.
    pub(crate) fn touch(&self, ticket: Ticket, touch: Touch) {
        self.state.lock().waits.touch(ticket, touch);
    }

    pub(crate) fn close(&self, ticket: Ticket) {
        self.change(MOST_IN_A_ROW, |waits| waits.close(ticket));
    }

    /// Lets what this unit waits for count in another, whose wait for it has that ticket.
    pub(crate) fn awaited_by(&self, other: &Arc<Self>, ticket: Ticket) {
        let awaited = (Arc::clone(other), ticket);
        let (said, _before) = {
            let mut state = self.state.lock();
            (state.say(), state.awaited.replace(awaited))
        };
        other.show(MOST_IN_A_ROW, ticket, said);
    }

    /// The other has closed its wait for this one.
    pub(crate) fn not_awaited(&self) {
        let _awaited = self.state.lock().awaited.take();
    }

    /// Tells the unit that awaits this one, if there is one, what this one waits for now.
    pub(crate) fn tell(&self) {
        let (awaited, said) = {
            let mut state = self.state.lock();
            (state.awaited.clone(), state.say())
        };
        if let Some((other, ticket)) = awaited {
            other.show(MOST_IN_A_ROW, ticket, said);
        }
    }

    fn show(&self, left: usize, ticket: Ticket, said: Said) {
        self.change(left, |waits| waits.show(ticket, said));
    }

    /// Changes what is open. Between two polls the time so far is what was open until now, here and
    /// in the units that await this one. Tasks can await each other in a ring: `left` ends that.
    fn change(&self, left: usize, change: impl FnOnce(&mut Table)) {
        let (awaited, said) = {
            let mut state = self.state.lock();
            change(&mut state.waits);
            let leaves = state.waits.leaves();
            if state.account.phase() != Phase::Pending || leaves == state.account.leaves() {
                return;
            }
            state.account.change(self.clock.now(), leaves);
            (state.awaited.clone(), state.say())
        };
        if let (Some((other, ticket)), Some(left)) = (awaited, left.checked_sub(1)) {
            other.show(left, ticket, said);
        }
    }

    /// What it is doing now.
    pub(crate) fn doing(&self) -> Doing {
        let state = self.state.lock();
        if let Some(since) = state.account.ready_since() {
            return Doing::ready(since);
        }
        let since = state.account.since();
        match state.account.phase() {
            Phase::Polled | Phase::Runnable => Doing::running(since),
            Phase::HandedOver => Doing::handed_over(since),
            Phase::Pending => state
                .waits
                .longest()
                .map_or(Doing::unknown(since), Doing::waiting),
        }
    }
}

impl Wake for Unit {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let now = self.clock.now();
        let task = {
            let mut state = self.state.lock();
            state.account.wake(now);
            state.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// How far it is told that something else is open: units in units, tasks that await tasks.
const MOST_IN_A_ROW: usize = 16;
