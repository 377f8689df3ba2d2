//! A listener's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::bus::flush::FlushTicket;
use crate::bus::listener::{BatchError, Listener, ListenerError};
use crate::bus::port::Port;
use crate::bus::queue::{Load, Task};
use crate::bus::reason::{DropReason, Losses};
use crate::bus::supply;
use crate::bus::{self};
use crate::clock;
use crate::deadline::Deadline;
use crate::event::batch::{Events, Slice};
use crate::event::error_info::ErrorInfo;
use crate::hot;

/// Does what its queue says, over all panics.
pub(super) struct Feeder {
    port: Arc<Port>,
    /// None once a factory could not replace it.
    listener: Option<Box<dyn Listener>>,
    /// Events taken since the listener panicked last.
    calm: u64,
}

impl Feeder {
    pub(super) fn new(port: Arc<Port>, listener: Box<dyn Listener>) -> Self {
        Self {
            port,
            listener: Some(listener),
            calm: 0,
        }
    }

    pub(super) fn run(mut self) {
        hot::mark_own_thread();
        // Whatever happens: nobody is to wait for a thread that is gone.
        let _ended = Ended(Arc::clone(&self.port));
        loop {
            let tick = self.port.next().map(|_| TICK);
            match self.port.queue.next(tick) {
                Task::Feed(slice) => self.feed(&slice),
                Task::Note(snapshot) => {
                    self.guarded("aggregates", |listener| listener.aggregates(&snapshot));
                    self.port.queue.noted();
                }
                Task::Flush(ticket) => self.flush_for(ticket),
                Task::Renew => self.renew(),
                Task::Replace => self.replace(),
                Task::Tick => {
                    self.guarded("tick", Listener::tick);
                    self.port.queue.noted();
                }
                Task::End(deadline) => return self.end(deadline),
            }
        }
    }

    /// Feeds a batch to its end, over panics too, unless they become too many.
    fn feed(&mut self, slice: &Slice) {
        let begin = clock::now();
        let mut tally = Tally::default();
        while tally.seen() < slice.len() {
            let panicked = self.feed_from(slice, &mut tally);
            if panicked && self.panicked() {
                tally.lose(DropReason::Quarantined, slice.len() - tally.seen());
            }
        }
        bus::count_spent(begin);
        let queue = &self.port.queue;
        queue.fed(slice.events(), slice.bytes(), tally.delivered, &tally.lost);
    }

    /// Feeds what is left of a batch. Whether the listener panicked.
    fn feed_from(&mut self, slice: &Slice, tally: &mut Tally) -> bool {
        let events = Events::new(slice, tally.seen(), self.port.queue.watch());
        let count = events.len();
        let progress = events.progress();
        let Some(listener) = &mut self.listener else {
            tally.lose(DropReason::Quarantined, count);
            return false;
        };
        match catch_unwind(AssertUnwindSafe(|| listener.feed_batch(events))) {
            Ok(Ok(())) => self.calm += tally.deliver(count),
            Ok(Err(BatchError { delivered, cause })) => {
                let delivered = delivered.min(count);
                self.calm += tally.deliver(delivered);
                tally.lose_for(&progress.refused(), &cause, count - delivered);
                self.note_error(cause);
            }
            Err(payload) => {
                // A payload may panic again when it is dropped.
                std::mem::forget(payload);
                // The event handed out last caused it; before any was, the batch itself did.
                let before = progress.handed_out().min(count).checked_sub(1);
                let panicked = before.map_or(count, |_| 1);
                let refused = progress.refused();
                let taken = before.unwrap_or(0).saturating_sub(total(&refused));
                self.calm += tally.deliver(taken);
                tally.lost = tally.lost.plus(&refused);
                tally.lose(DropReason::ListenerPanic, panicked);
                return true;
            }
        }
        false
    }

    fn flush_for(&mut self, ticket: FlushTicket) {
        let well = self.flush(ticket.deadline.left());
        self.port.queue.flushed(ticket, well);
    }

    /// Whether it went well.
    fn flush(&mut self, deadline: Duration) -> bool {
        match self.guarded("flush", |listener| listener.flush(deadline)) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                self.note_error(error);
                false
            }
            None => false,
        }
    }

    /// The time in quarantine is over: a listener that a factory made is made anew and greeted by
    /// the application event, another is tried with the next batch.
    fn renew(&mut self) {
        let port = Arc::clone(&self.port);
        let Some(factory) = &port.factory else {
            return port.queue.probe(None);
        };
        self.drop_listener();
        match supply::make(factory) {
            Ok(listener) => {
                port.queue.probe(port.greeting.get());
                self.welcome(listener);
            }
            Err(error) => {
                self.note_error(error);
                self.port.queue.put_off();
            }
        }
    }

    /// Its settings have changed: all that came before is with the old one, all that comes now is for the new one. The old
    /// one goes first, so that the new one may have its file or address.
    fn replace(&mut self) {
        let port = Arc::clone(&self.port);
        let Some(factory) = port.factory.as_ref().filter(|_| port.is_stale()) else {
            return port.queue.noted();
        };
        let deadline = Deadline::after(LAST_FLUSH);
        self.flush(LAST_FLUSH);
        if let Some(next) = port.next() {
            next.wait_flushed(deadline);
        }
        self.drop_listener();
        let made = supply::make(factory).or_else(|error| {
            self.note_error(error);
            supply::make_as_before(factory)
        });
        match made {
            Ok(listener) => {
                port.queue.replaced(port.greeting.get());
                self.welcome(listener);
            }
            Err(error) => {
                self.note_error(error);
                port.queue.lost_its_listener();
            }
        }
    }

    /// The application event comes first for a listener that was made anew.
    fn welcome(&mut self, listener: Box<dyn Listener>) {
        let port = Arc::clone(&self.port);
        let before = port.change_next(listener.as_ref());
        drop(before);
        self.listener = Some(listener);
        if let Some(greeting) = port.greeting.get() {
            self.feed(greeting);
        }
    }

    fn end(mut self, deadline: Deadline) {
        let well = self.flush(deadline.left());
        self.port.queue.flushed_for_the_end(well);
        if let Some(next) = self.port.next() {
            next.wait_flushed(deadline);
        }
        self.drop_listener();
    }

    /// Calls the listener; `None` if it panicked, or there is none.
    fn guarded<R>(
        &mut self,
        what: &'static str,
        f: impl FnOnce(&mut dyn Listener) -> R,
    ) -> Option<R> {
        let listener = self.listener.as_deref_mut()?;
        catch_unwind(AssertUnwindSafe(|| f(listener)))
            .map_err(|payload| {
                std::mem::forget(payload);
                self.note_error(ListenerError::new(format!("panicked in {what}")));
                self.panicked();
            })
            .ok()
    }

    /// Whether that puts it into quarantine.
    fn panicked(&mut self) -> bool {
        self.port.queue.panicked(std::mem::take(&mut self.calm))
    }

    fn drop_listener(&mut self) {
        let listener = self.listener.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(listener))) {
            std::mem::forget(payload);
        }
    }

    /// Keeps what a listener's error says. Its `Display` is the listener's code, and so is its
    /// `Drop`: both may panic, and the text may be of any length.
    fn note_error(&self, error: ListenerError) {
        let text = ErrorInfo::new(&error).msg().to_owned();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(error))) {
            std::mem::forget(payload);
        }
        *self.port.last_error.lock() = Some(text);
    }
}

/// Says that a listener's thread has ended, when it is dropped.
struct Ended(Arc<Port>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.queue.end();
    }
}

/// What became of a batch.
#[derive(Default)]
struct Tally {
    delivered: u64,
    lost: Losses,
}

impl Tally {
    fn seen(&self) -> usize {
        usize::try_from(self.delivered).unwrap_or(usize::MAX) + total(&self.lost)
    }

    fn deliver(&mut self, count: usize) -> u64 {
        self.delivered += count as u64;
        count as u64
    }

    fn lose(&mut self, reason: DropReason, count: usize) {
        self.lost.add(reason, count as u64);
    }

    /// Counts events that were refused: one by one as was noted, or all for one cause.
    fn lose_for(&mut self, noted: &Losses, cause: &ListenerError, count: usize) {
        if total(noted) == count {
            self.lost = self.lost.plus(noted);
        } else {
            self.lose(cause.reason(), count);
        }
    }
}

fn total(losses: &Losses) -> usize {
    usize::try_from(losses.total()).unwrap_or(usize::MAX)
}

/// How long the last flush of a listener that is replaced may take.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// How long nothing must come before a listener that wants to know is told.
const TICK: Duration = Duration::from_secs(1);
