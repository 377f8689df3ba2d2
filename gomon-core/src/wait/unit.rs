use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{self, Source, Stamp};
use crate::tracker::work;
use crate::wait::account::{Account, Phase};
use crate::wait::doing::Doing;
use crate::wait::glance::{Glance, Seen};
use crate::wait::kept::{AllKept, Kept};
use crate::wait::table::{Opening, Said, Table, Ticket, Touch};

/// What the parts of a unit of work share: the future that is polled, the waits it opened wherever
/// they are now, the wakers it gave out, and whoever asks what it is doing.
///
/// The lock of its state is held for arithmetic: no foreign code runs under it, not even a waker's. Where two
/// units are concerned, the lock of one is let go before that of the other is taken. What the registry knows has a
/// lock of its own, under which its event is sent.
#[derive(Debug)]
pub(crate) struct Unit {
    clock: Source,
    glance: Glance,
    /// The task was told of a wake-up since it was made known.
    woken: AtomicBool,
    /// Something was said of it that is to be forgotten before it begins anew.
    used: AtomicBool,
    /// The registry of open units knows where it is.
    known: AtomicBool,
    /// What the registry knows of the unit of work that is polled now.
    work: Mutex<work::Unit>,
    /// It is the unit of an event, at the end of which wrappers may have something to say.
    has_event: bool,
    /// Something is kept of it.
    keeps: AtomicBool,
    kept: Mutex<AllKept>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Its books, between a poll that was pending and the next.
    account: Option<Account>,
    /// When it was woken, if it has been since the poll began that goes on.
    woken: Option<Stamp>,
    waits: Table,
    /// Who is told of a wake-up. It is told once; the next poll asks again.
    task: Option<Waker>,
    /// The unit that awaits this one, and its wait for it.
    awaited: Option<(Arc<Unit>, Ticket)>,
    /// How often it said what it waits for.
    said: u64,
}

impl State {
    fn give_back(&mut self, home: &mut Option<Account>) {
        if self.account.is_some() {
            *home = self.account.take();
        }
    }

    /// What it waits for now.
    fn say(&mut self) -> Said {
        self.said += 1;
        Said {
            number: self.said,
            leaves: self
                .account
                .as_ref()
                .map(Account::leaves)
                .unwrap_or_default(),
        }
    }
}

impl Unit {
    pub(crate) fn new(start: Stamp, clock: Source) -> Self {
        Self {
            clock,
            glance: Glance::new(start),
            woken: AtomicBool::new(false),
            used: AtomicBool::new(false),
            known: AtomicBool::new(false),
            work: Mutex::default(),
            has_event: false,
            keeps: AtomicBool::new(false),
            kept: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// One of an event.
    pub(crate) fn of_event(start: Stamp, clock: Source) -> Self {
        let mut unit = Self::new(start, clock);
        unit.has_event = true;
        unit
    }

    /// One that only waits.
    #[cfg(feature = "tokio")]
    pub(crate) fn pending() -> Self {
        let unit = Self::new(0, Source::PROCESS);
        unit.pend(Account::new(0), 0, 0);
        unit
    }

    /// True for the first who asks.
    pub(crate) fn become_known(&self) -> bool {
        !self.known.load(Ordering::Relaxed) && !self.known.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn work(&self) -> &Mutex<work::Unit> {
        &self.work
    }

    /// Runs `f` on what is kept of it by that type.
    pub(crate) fn keep<T: Kept, R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        if !self.has_event {
            return None;
        }
        self.keeps.store(true, Ordering::Relaxed);
        self.kept.lock().with(f)
    }

    /// All that is kept of it, which it keeps no more.
    pub(crate) fn take_kept(&self) -> Option<AllKept> {
        // Whoever ends it has polled it: what was kept in its polls was kept before.
        if !self.keeps.load(Ordering::Relaxed) {
            return None;
        }
        self.keeps.store(false, Ordering::Relaxed);
        Some(std::mem::take(&mut *self.kept.lock()))
    }

    pub(crate) fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Whether the task that it wakes was told of a wake-up, and knows of no other.
    pub(crate) fn has_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// A poll begins: its books go back, if it has them. From now on wake-ups go to this task, if there is one.
    pub(crate) fn take_back(&self, home: &mut Option<Account>, task: Option<&Waker>) {
        // Wakers are somebody else's: none is cloned or dropped under the lock.
        let task = task.cloned();
        let _before = {
            let mut state = self.state.lock();
            state.woken = None;
            state.give_back(home);
            task.and_then(|task| {
                self.woken.store(false, Ordering::Release);
                state.task.replace(task)
            })
        };
    }

    /// The poll, which began after so many touches, was pending: now it has its books.
    pub(crate) fn pend(&self, mut account: Account, now: Stamp, touches: u64) {
        let mut state = self.state.lock();
        state.waits.begin(touches);
        let leaves = state.waits.leaves();
        if let Some(woken) = state.woken.take() {
            account.wake(woken);
        }
        account.pend(now, leaves);
        self.expose(&account);
        state.account = Some(account);
    }

    /// Lets others see what it is doing.
    #[inline]
    pub(crate) fn expose(&self, account: &Account) {
        self.glance.show(Seen {
            phase: account.phase(),
            since: account.since(),
            busy: account.busy(),
        });
    }

    /// It has ended: there is nobody to wake or to tell any more. Its books go back, if it has them.
    pub(crate) fn let_go(&self, home: &mut Option<Account>) {
        // What is dropped is somebody else's: not under the lock.
        let _others = {
            let mut state = self.state.lock();
            state.give_back(home);
            (state.task.take(), state.awaited.take())
        };
    }

    /// Begins anew with new books, after it was let go; false if it goes by another clock.
    pub(crate) fn restart(&self, account: &Account, clock: Source) -> bool {
        if self.clock != clock {
            return false;
        }
        if self.used.load(Ordering::Relaxed) {
            self.used.store(false, Ordering::Relaxed);
            let mut state = self.state.lock();
            state.waits.restart();
            state.said = 0;
        }
        self.expose(account);
        true
    }

    /// Its books, while it has them.
    pub(crate) fn account(&self) -> Option<Account> {
        self.state.lock().account.clone()
    }

    /// How long it was inside of polls up to now, of a unit that began then.
    pub(crate) fn busy_since(&self, start: Stamp) -> Duration {
        let Seen { phase, since, busy } = self.glance.look();
        let goes_on = matches!(phase, Phase::Polled | Phase::HandedOver);
        let now = if goes_on { self.now() } else { since };
        let end = start
            .saturating_add(busy)
            .saturating_add(now.saturating_sub(since));
        Duration::from_nanos(clock::nanos_between(start, end))
    }

    /// Opens a wait, inside of a poll.
    pub(crate) fn open(&self, opening: &Opening) -> Ticket {
        self.used.store(true, Ordering::Relaxed);
        let since = self.glance.look().since;
        self.state.lock().waits.open(opening, since)
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
        self.used.store(true, Ordering::Relaxed);
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
            let State { waits, account, .. } = &mut *state;
            change(waits);
            let Some(account) = account else {
                return;
            };
            let leaves = waits.leaves();
            if leaves == account.leaves() {
                return;
            }
            account.change(self.clock.now(), leaves);
            (state.awaited.clone(), state.say())
        };
        if let (Some((other, ticket)), Some(left)) = (awaited, left.checked_sub(1)) {
            other.show(left, ticket, said);
        }
    }

    /// What it is doing now.
    pub(crate) fn doing(&self) -> Doing {
        let Seen { phase, since, .. } = self.glance.look();
        match phase {
            Phase::Polled => Doing::running(since),
            Phase::Runnable => Doing::ready(since),
            Phase::HandedOver => Doing::handed_over(since),
            Phase::Pending => self.waiting().unwrap_or_else(|| Doing::running(since)),
        }
    }

    /// What it waits for, or since when it is woken; nothing where a poll has begun meanwhile.
    fn waiting(&self) -> Option<Doing> {
        let state = self.state.lock();
        let account = state.account.as_ref()?;
        let waits = || state.waits.longest().map(Doing::waiting);
        let ready = account.ready_since().map(Doing::ready);
        Some(
            ready
                .or_else(waits)
                .unwrap_or_else(|| Doing::unknown(account.since())),
        )
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if *self.known.get_mut() {
            work::forget_one_listed();
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
            match &mut state.account {
                Some(account) => account.wake(now),
                None => _ = state.woken.get_or_insert(now),
            }
            self.woken.store(true, Ordering::Release);
            state.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// How far it is told that something else is open: units in units, tasks that await tasks.
const MOST_IN_A_ROW: usize = 16;
