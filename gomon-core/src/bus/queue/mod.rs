//! A bounded queue from one that must not wait to a listener's thread, and all that the two of
//! them agree on: what is lost and why, flushes, quarantine, the end.
//!
//! One lock guards all of it, so that at any moment every event that was pushed is counted once:
//! as delivered, as dropped, or as pending. It is held for a few moves; items are dropped and the
//! listener is called outside of it.

mod counts;

use std::collections::VecDeque;
use std::time::Duration;

use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::health::Health;
use crate::bus::options::{Limits, OnFull};
use crate::bus::queue::counts::{Counts, Unannounced};
use crate::bus::reason::{DropReason, Losses};
use crate::clock;
use crate::deadline::Deadline;
use crate::event::progress::Watch;
use crate::primitives::{Condvar, Mutex};

/// What a queue is measured in.
pub(crate) trait Load {
    fn events(&self) -> u64;
    fn bytes(&self) -> u64;
}

/// The queue; see the module.
#[derive(Debug)]
pub(crate) struct Queue<T, N = ()> {
    state: Mutex<State<T, N>>,
    /// Told when there is something to do for the listener's thread.
    work: Condvar,
    /// Told when a flush is done or the thread has ended.
    progress: Condvar,
    watch: Watch,
}

/// What the listener's thread is to do next.
#[derive(Debug)]
pub(crate) enum Task<T, N = ()> {
    /// Feed this, then call [`Queue::fed`].
    Feed(T),
    /// Show this to the listener, then call [`Queue::noted`].
    Note(N),
    /// Flush, then call [`Queue::flushed`].
    Flush(FlushTicket),
    /// The time in quarantine is over: see to it that the listener can be fed, then call
    /// [`Queue::probe`] or [`Queue::put_off`].
    Renew,
    /// Other settings hold: see to it that the listener is one by these, then call [`Queue::replaced`],
    /// [`Queue::lost_its_listener`] or [`Queue::noted`].
    Replace,
    /// Nothing came for a while: say so, then call [`Queue::noted`].
    Tick,
    /// Flush a last time, and end.
    End(Deadline),
}

/// How it stands with a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Events that were pushed once more, beyond those that came in.
    pub(crate) replayed: u64,
    pub(crate) delivered: u64,
    pub(crate) dropped: Losses,
    /// Waiting, or being fed.
    pub(crate) pending: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) high_water: u64,
    pub(crate) quarantined_for: Option<Duration>,
    pub(crate) quarantines: u64,
}

#[derive(Debug)]
struct State<T, N> {
    limits: Limits,
    waiting: VecDeque<T>,
    /// Each is due when so many items were taken out.
    notes: VecDeque<(u64, N)>,
    /// Items that ever came in, and those of them that went out by either end.
    queued: u64,
    taken: u64,
    unannounced: Unannounced,
    /// The listener is to be replaced when so many items were taken out.
    replace_after: Option<u64>,
    standing: Counts,
    health: Health,
    flush: FlushTicket,
    /// The flush is due when so many items were taken out.
    flush_after: u64,
    flushed: u64,
    /// The last flush that went well.
    flushed_well: u64,
    /// The end is asked for: by when the last flush is to be done.
    closing: Option<Deadline>,
    /// Everything was taken, and the last flush went well.
    ended_well: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The shutdown's deadline has passed before the thread had ended: what it had not taken by
    /// then is counted as lost, and it gets nothing more.
    GivenUp,
    /// The thread has ended.
    Ended,
}

impl<T: Load, N> Queue<T, N> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                limits,
                waiting: VecDeque::new(),
                notes: VecDeque::new(),
                queued: 0,
                taken: 0,
                unannounced: Unannounced::default(),
                replace_after: None,
                standing: Counts::default(),
                health: Health::new(),
                flush: FlushTicket::NONE,
                flush_after: 0,
                flushed: 0,
                flushed_well: 0,
                closing: None,
                ended_well: false,
                phase: Phase::Open,
            }),
            work: Condvar::new(),
            progress: Condvar::new(),
            watch: Watch::default(),
        }
    }

    /// What the thread heeds while it feeds.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(crate) fn change_limits(&self, change: impl FnOnce(Limits) -> Limits) {
        let mut state = self.state.lock();
        state.limits = change(state.limits);
    }

    /// Queues an item, without waiting; what finds no place is dropped and counted.
    pub(crate) fn push(&self, item: T) {
        let _ = self.push_quietly(item);
        self.announce();
    }

    /// The same for one of several, after which [`announce`](Self::announce) has to be called: the thread would come for
    /// each of them, and drive out the one that pushes. True if it is to be called at once, because half of the queue is
    /// full.
    #[must_use]
    pub(crate) fn push_quietly(&self, item: T) -> bool {
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        self.look_after(&mut state, &mut lost);
        state.push(item, &mut lost);
        state.unannounced.is_much(&state.limits)
    }

    /// Tells the thread of what was pushed and noted.
    pub(crate) fn announce(&self) {
        let unannounced = std::mem::take(&mut self.state.lock().unannounced);
        if unannounced.anything {
            self.work.notify_one();
        }
    }

    /// Queues a note, which takes no place among the items. If [`MOST_NOTES`] wait it replaces the
    /// last of them, so that the first is not put off for ever. To be [announced](Self::announce).
    pub(crate) fn note(&self, note: N) {
        let mut state = self.state.lock();
        if state.health.is_quarantined() || state.phase != Phase::Open {
            return;
        }
        let replaced = match state.notes.len() {
            MOST_NOTES.. => state.notes.pop_back(),
            _ => None,
        };
        let after = state.queued;
        state.notes.push_back((after, note));
        state.unannounced.anything = true;
        drop(state);
        drop(replaced);
    }

    /// The listener was shown a note, or told that nothing comes.
    pub(crate) fn noted(&self) {
        self.state.lock().health.end();
    }

    /// Puts the listener into quarantine if it is stuck.
    pub(crate) fn check(&self) {
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        self.look_after(&mut state, &mut lost);
        drop(state);
    }

    fn look_after(&self, state: &mut State<T, N>, lost: &mut VecDeque<T>) {
        if state.health.is_stuck(clock::monotonic(), self.watch.beat()) {
            state.give_up_waiting(DropReason::Quarantined, lost);
            self.progress.notify_all();
        }
    }

    /// Waits for the next thing to do; with `tick`, for no longer than that.
    pub(crate) fn next(&self, tick: Option<Duration>) -> Task<T, N> {
        let mut state = self.state.lock();
        loop {
            let now = clock::monotonic();
            if let Some(task) = state.next(now, self.watch.beat()) {
                return task;
            }
            let pause = state.health.retry_in(now);
            match pause.into_iter().chain(tick).min() {
                None => self.work.wait(&mut state),
                Some(pause) => {
                    let waited = self.work.wait_for(&mut state, pause);
                    if waited.timed_out() && tick.is_some_and(|tick| tick <= pause) {
                        let limit = state.limits.stuck_after;
                        state
                            .health
                            .begin(clock::monotonic(), self.watch.beat(), limit);
                        return Task::Tick;
                    }
                }
            }
        }
    }

    /// What became of an item that was taken out.
    pub(crate) fn fed(&self, events: u64, bytes: u64, delivered: u64, lost: &Losses) {
        let mut state = self.state.lock();
        state.health.end();
        if state.phase == Phase::GivenUp {
            return;
        }
        state.standing.delivered += delivered;
        state.standing.dropped = state.standing.dropped.plus(lost);
        state.standing.take_out(events, bytes);
        state.health.took_a_batch(clock::monotonic());
    }

    /// The listener panicked, after so many events that it took since the last time. Whether it is
    /// in quarantine now.
    pub(crate) fn panicked(&self, taken_before: u64) -> bool {
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        if taken_before > 0 {
            state.health.took_an_event();
        }
        if state.health.panicked(clock::monotonic()) {
            state.give_up_waiting(DropReason::Quarantined, &mut lost);
            self.progress.notify_all();
        }
        let quarantined = state.health.is_quarantined();
        drop(state);
        quarantined
    }

    /// The listener may be tried again, with the next item or with this one, of which the thread
    /// itself says what became.
    pub(crate) fn probe(&self, first: Option<&T>) {
        let mut state = self.state.lock();
        state.health.probe();
        if first.is_some() && state.health.admit() {
            self.replay(&mut state, first);
        }
    }

    /// Asks for a listener by other settings once everything that was pushed before is fed. One in quarantine
    /// is made anew anyway.
    pub(crate) fn replace(&self) {
        let mut state = self.state.lock();
        state.replace_after = Some(state.queued);
        drop(state);
        self.work.notify_one();
    }

    /// There is one, and this is the first that it gets, of which the thread itself says what became.
    pub(crate) fn replaced(&self, first: Option<&T>) {
        let mut state = self.state.lock();
        state.health.end();
        self.replay(&mut state, first);
    }

    /// There is none: it is to be tried again after a while.
    pub(crate) fn lost_its_listener(&self) {
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        state.health.end();
        state.health.quarantine(clock::monotonic());
        state.give_up_waiting(DropReason::Quarantined, &mut lost);
        drop(state);
        self.progress.notify_all();
    }

    fn replay(&self, state: &mut State<T, N>, first: Option<&T>) {
        if let Some(first) = first {
            let now = clock::monotonic();
            state.standing.replayed += first.events();
            state.standing.put_in(first.events(), first.bytes());
            let limit = state.limits.stuck_after;
            state.health.begin(now, self.watch.beat(), limit);
        }
    }

    /// It cannot be tried again yet.
    pub(crate) fn put_off(&self) {
        self.state.lock().health.put_off(clock::monotonic());
    }

    /// Asks for a flush once everything that was pushed before is fed.
    pub(crate) fn start_flush(&self, ticket: FlushTicket) {
        let mut state = self.state.lock();
        if ticket.number <= state.flush.number {
            return;
        }
        // Who asked before may have longer.
        let deadline = state.flush.deadline.later(ticket.deadline);
        state.flush = FlushTicket { deadline, ..ticket };
        state.flush_after = state.queued;
        if state.health.is_quarantined() {
            state.flush_in_vain();
        }
        // It is told of all of it at once.
        state.unannounced = Unannounced::default();
        drop(state);
        self.work.notify_one();
        self.progress.notify_all();
    }

    /// The flush for this ticket is done.
    pub(crate) fn flushed(&self, ticket: FlushTicket, well: bool) {
        let mut state = self.state.lock();
        state.health.end();
        // Who gave up on it meanwhile was told already.
        if state.flushed < ticket.number {
            state.flushed = ticket.number;
            if well {
                state.flushed_well = ticket.number;
            }
        }
        drop(state);
        self.progress.notify_all();
    }

    /// The flush of the end is done: who asks from here on, before the thread has ended, has asked for that one.
    pub(crate) fn flushed_for_the_end(&self, well: bool) {
        let mut state = self.state.lock();
        state.ended_well = well && state.waiting.is_empty();
    }

    /// Waits until the listener has flushed for this ticket, or has ended.
    pub(crate) fn wait_flushed(&self, ticket: FlushTicket) -> Flushed {
        let reached = |state: &State<T, N>| {
            let ended = state.phase == Phase::Ended;
            // A later one brings what was to come by an earlier one.
            let well = state.flushed_well >= ticket.number.min(state.flushed);
            (state.flushed >= ticket.number || ended).then_some(well)
        };
        match self.wait(ticket.deadline, reached) {
            Some(true) => Flushed::Well,
            Some(false) => Flushed::Badly,
            None => Flushed::Late,
        }
    }

    /// Lets the thread end once its queue is empty.
    pub(crate) fn begin_close(&self, deadline: Deadline) {
        self.state.lock().closing.get_or_insert(deadline);
        self.work.notify_one();
    }

    /// Waits for the thread's end. What it has not taken by the deadline is counted as dropped,
    /// and if it comes back later it gets nothing more.
    pub(crate) fn finish_close(&self, deadline: Deadline) {
        let ended = |state: &State<T, N>| (state.phase == Phase::Ended).then_some(());
        if self.wait(deadline, ended).is_some() {
            return;
        }
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::GivenUp;
            state.give_up(DropReason::ShutdownTimeout, &mut lost);
            self.watch.stop();
        }
        drop(state);
        self.work.notify_one();
    }

    /// The thread has ended.
    pub(crate) fn end(&self) {
        let mut lost = VecDeque::new();
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            // Nothing is left, unless the thread came to an end of its own.
            state.give_up(DropReason::ListenerPanic, &mut lost);
        }
        state.phase = Phase::Ended;
        drop(state);
        self.progress.notify_all();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().phase == Phase::Ended
    }

    /// Gives up what waits, for the good of the other listeners; what is being fed goes on.
    pub(crate) fn shed(&self) {
        let mut lost = VecDeque::new();
        self.state
            .lock()
            .give_up_waiting(DropReason::QueueFull, &mut lost);
        self.progress.notify_all();
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.state.lock();
        let Counts {
            replayed,
            delivered,
            dropped,
            pending,
            pending_bytes,
            high_water,
        } = state.standing;
        Standing {
            replayed,
            delivered,
            dropped,
            pending,
            pending_bytes,
            high_water,
            quarantined_for: state.health.quarantined_for(clock::monotonic()),
            quarantines: state.health.quarantines(),
        }
    }

    fn wait<R>(
        &self,
        deadline: Deadline,
        reached: impl Fn(&State<T, N>) -> Option<R>,
    ) -> Option<R> {
        let mut state = self.state.lock();
        loop {
            if let Some(result) = reached(&state) {
                return Some(result);
            }
            let waited = self.progress.wait_for(&mut state, deadline.left());
            if waited.timed_out() {
                return reached(&state);
            }
        }
    }
}

impl<T: Load, N> State<T, N> {
    fn push(&mut self, item: T, lost: &mut VecDeque<T>) {
        let (events, bytes) = (item.events(), item.bytes());
        let refused = match self.phase {
            Phase::GivenUp => Some(DropReason::ShutdownTimeout),
            Phase::Ended => Some(DropReason::AfterShutdown),
            Phase::Open if !self.health.admit() => Some(DropReason::Quarantined),
            Phase::Open => self.make_room(events, bytes, lost),
        };
        if let Some(reason) = refused {
            self.standing.dropped.add(reason, events);
            lost.push_back(item);
            return;
        }
        self.standing.put_in(events, bytes);
        self.queued += 1;
        self.unannounced.anything = true;
        self.unannounced.events += events;
        self.unannounced.bytes += bytes;
        self.waiting.push_back(item);
    }

    /// Makes room by the policy, or says why there is none.
    fn make_room(&mut self, events: u64, bytes: u64, lost: &mut VecDeque<T>) -> Option<DropReason> {
        while let Some(reason) = self.full(events, bytes) {
            match self.limits.on_full {
                OnFull::DropNewest => return Some(reason),
                OnFull::DropOldest => {
                    let oldest = self.waiting.pop_front()?;
                    self.lose(oldest, reason, lost);
                }
            }
        }
        None
    }

    fn full(&self, events: u64, bytes: u64) -> Option<DropReason> {
        if self.waiting.is_empty() {
            None
        } else if self.standing.pending_bytes + bytes > self.limits.max_bytes {
            Some(DropReason::BytesFull)
        } else if self.standing.pending + events > self.limits.max_events {
            Some(DropReason::QueueFull)
        } else {
            None
        }
    }

    fn next(&mut self, now: Duration, beat: u64) -> Option<Task<T, N>> {
        let limit = self.limits.stuck_after;
        if self.phase == Phase::GivenUp {
            return Some(Task::End(Deadline::PASSED));
        }
        let replace = self.replace_after.is_some_and(|after| self.taken >= after);
        if replace && !self.health.is_quarantined() {
            self.replace_after = None;
            self.health.begin(now, beat, limit.saturating_add(limit));
            return Some(Task::Replace);
        }
        let due = |(after, _): &mut (u64, N)| self.taken >= *after;
        if !self.health.is_quarantined()
            && let Some((_, note)) = self.notes.pop_front_if(due)
        {
            self.health.begin(now, beat, limit);
            return Some(Task::Note(note));
        }
        if self.flush.number > self.flushed && self.taken >= self.flush_after {
            let time = self.flush.deadline.left();
            self.health.begin(now, beat, limit.saturating_add(time));
            return Some(Task::Flush(self.flush));
        }
        if let Some(item) = self.waiting.pop_front() {
            self.taken += 1;
            self.health.begin(now, beat, limit);
            return Some(Task::Feed(item));
        }
        if let Some(deadline) = self.closing {
            return Some(Task::End(deadline));
        }
        self.health
            .retry_in(now)
            .is_some_and(|pause| pause.is_zero())
            .then_some(Task::Renew)
    }

    /// Loses what waits. Flushes that were to come after it are not done.
    fn give_up_waiting(&mut self, reason: DropReason, lost: &mut VecDeque<T>) {
        while let Some(item) = self.waiting.pop_front() {
            self.lose(item, reason, lost);
        }
        self.flush_in_vain();
    }

    /// Loses what waits, and counts what the thread has in its hands as lost.
    fn give_up(&mut self, reason: DropReason, lost: &mut VecDeque<T>) {
        self.give_up_waiting(reason, lost);
        let standing = &mut self.standing;
        standing.dropped.add(reason, standing.pending);
        (standing.pending, standing.pending_bytes) = (0, 0);
    }

    fn lose(&mut self, item: T, reason: DropReason, lost: &mut VecDeque<T>) {
        self.taken += 1;
        self.standing.dropped.add(reason, item.events());
        self.standing.take_out(item.events(), item.bytes());
        lost.push_back(item);
    }

    fn flush_in_vain(&mut self) {
        if self.flush.number > self.flushed {
            self.flushed = self.flush.number;
            if self.ended_well {
                self.flushed_well = self.flushed;
            }
        }
    }
}

/// Notes that wait for a slow listener.
const MOST_NOTES: usize = 2;

#[cfg(test)]
mod tests;
