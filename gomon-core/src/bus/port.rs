//! A listener's queue and thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use parking_lot::{Condvar, Mutex};

use crate::bus;
use crate::bus::listener::{BatchError, Listener, ListenerError};
use crate::bus::report::{DropReason, ListenerReport};
use crate::bus::retransmitter::Retransmitter;
use crate::clock;
use crate::deadline::Deadline;
use crate::event::batch::{Events, Slice};
use crate::event::error_info::ErrorInfo;
use crate::hot;
use crate::life::ListenerId;

/// The sender's side of a listener. The queue is bounded in batches, events and bytes; a batch
/// that finds no place is dropped and counted, so that the sender never waits.
#[derive(Debug)]
pub(crate) struct Port {
    id: ListenerId,
    name: String,
    /// Which recorder's events it gets; 0 is the process.
    scope: u32,
    /// The retransmitter it is.
    next: Option<Retransmitter>,
    queue: Sender<Slice>,
    /// Wakes the thread when it is to flush or to end.
    nudge: Sender<()>,
    control: Mutex<Control>,
    /// Told when a flush is done or the thread has ended.
    progress: Condvar,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Control {
    /// Batches that were put into the queue.
    queued: u64,
    flush: FlushTicket,
    /// The flush is due when so many batches were taken out.
    flush_after: u64,
    flushed: u64,
    /// Whether the last flush went well.
    flushed_well: bool,
    /// The end is asked for: by when the last flush is to be done.
    closing: Option<Deadline>,
    ended: bool,
}

/// Which flush is asked for, and until when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlushTicket {
    pub(crate) number: u64,
    pub(crate) deadline: Deadline,
}

#[derive(Debug, Default)]
struct Counts {
    waiting_events: AtomicU64,
    waiting_bytes: AtomicU64,
    high_water: AtomicU64,
    delivered: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
    last_error: Mutex<Option<String>>,
    /// From here on nothing is fed any more: the shutdown's deadline has passed. Changed under the
    /// lock of the control.
    given_up: AtomicBool,
}

impl FlushTicket {
    pub(crate) const NONE: Self = Self {
        number: 0,
        deadline: Deadline::PASSED,
    };
}

impl Port {
    /// Starts the thread.
    pub(crate) fn start(
        id: ListenerId,
        name: String,
        scope: u32,
        listener: Box<dyn Listener>,
    ) -> std::io::Result<Arc<Self>> {
        let (queue, batches) = bounded(QUEUE_BATCHES);
        let (nudge, nudged) = bounded(1);
        let port = Arc::new(Self {
            id,
            name,
            scope,
            next: listener.as_retransmitter().cloned(),
            queue,
            nudge,
            control: Mutex::default(),
            progress: Condvar::new(),
            counts: Counts::default(),
        });
        let worker = Worker {
            port: Arc::clone(&port),
            listener,
            batches,
            nudged,
            taken: 0,
        };
        std::thread::Builder::new()
            // The operating system ends names at a NUL.
            .name(format!("gomon-{}", port.name.replace('\0', "")))
            .spawn(move || worker.run())?;
        Ok(port)
    }

    pub(crate) fn id(&self) -> ListenerId {
        self.id
    }

    pub(crate) fn scope(&self) -> u32 {
        self.scope
    }

    /// Queues a batch, or drops and counts it.
    pub(crate) fn push(&self, slice: Slice) {
        let (events, bytes) = (slice.len() as u64, slice.memory_bytes());
        let counts = &self.counts;
        if counts.waiting_bytes.load(Ordering::Relaxed) + bytes > QUEUE_BYTES {
            return counts.drop(DropReason::BytesFull, events);
        }
        if counts.waiting_events.load(Ordering::Relaxed) + events > QUEUE_EVENTS {
            return counts.drop(DropReason::QueueFull, events);
        }
        // Counted first: the thread may take the batch out before the next line runs.
        let waiting = counts.waiting_events.fetch_add(events, Ordering::Relaxed) + events;
        counts.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        counts.high_water.fetch_max(waiting, Ordering::Relaxed);
        let mut control = self.control.lock();
        match self.queue.try_send(slice) {
            Ok(()) => control.queued += 1,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                counts.taken_out(events, bytes);
                counts.drop(DropReason::QueueFull, events);
            }
        }
    }

    pub(crate) fn start_flush(&self, ticket: FlushTicket) {
        let mut control = self.control.lock();
        if ticket.number > control.flush.number {
            // Who asked before may have longer.
            let deadline = control.flush.deadline.later(ticket.deadline);
            control.flush = FlushTicket { deadline, ..ticket };
            control.flush_after = control.queued;
        }
        drop(control);
        self.nudge();
    }

    /// Waits until the listener has flushed for this ticket, or has ended, and so for the
    /// listeners behind it.
    pub(crate) fn wait_flushed(&self, ticket: FlushTicket) -> Flushed {
        let reached = |control: &Control| control.flushed >= ticket.number || control.ended;
        match self.wait(ticket.deadline, reached) {
            Some(control) if control.flushed_well || control.flushed == 0 => {
                let next = self
                    .next
                    .as_ref()
                    .map(|next| next.wait_flushed(ticket.deadline));
                next.unwrap_or(Flushed::Well)
            }
            Some(_) => Flushed::Badly,
            None => Flushed::Late,
        }
    }

    fn wait(&self, deadline: Deadline, reached: impl Fn(&Control) -> bool) -> Option<Control> {
        let mut control = self.control.lock();
        while !reached(&control) {
            let waited = self.progress.wait_for(&mut control, deadline.left());
            if waited.timed_out() && !reached(&control) {
                return None;
            }
        }
        Some(*control)
    }

    fn nudge(&self) {
        // A nudge that is already there serves as well.
        let _ = self.nudge.try_send(());
    }

    /// Lets the thread end once its queue is empty.
    pub(crate) fn begin_close(&self, deadline: Deadline) {
        self.control.lock().closing.get_or_insert(deadline);
        self.nudge();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.control.lock().ended
    }

    /// Waits for the thread's end. What it has not taken by the deadline is counted as dropped,
    /// and if it comes back later it gets nothing more.
    fn finish_close(&self, deadline: Deadline) {
        if self.wait(deadline, |control| control.ended).is_some() {
            return;
        }
        let control = self.control.lock();
        let counts = &self.counts;
        if !control.ended && !counts.given_up.swap(true, Ordering::Relaxed) {
            let waiting = counts.waiting_events.swap(0, Ordering::Relaxed);
            counts.waiting_bytes.store(0, Ordering::Relaxed);
            counts.drop(DropReason::ShutdownTimeout, waiting);
        }
    }

    pub(crate) fn report(&self) -> ListenerReport {
        let counts = &self.counts;
        let mut dropped = Vec::new();
        for (reason, count) in DropReason::ALL.iter().zip(&counts.dropped) {
            crate::bus::fan_out::add(&mut dropped, *reason, count.load(Ordering::Relaxed));
        }
        ListenerReport {
            name: self.name.clone(),
            created: 0,
            delivered: counts.delivered.load(Ordering::Relaxed),
            pending: counts.waiting_events.load(Ordering::Relaxed),
            pending_bytes: counts.waiting_bytes.load(Ordering::Relaxed),
            dropped,
            queue_high_water: counts.high_water.load(Ordering::Relaxed),
            last_error: counts.last_error.lock().clone(),
        }
    }
}

/// Ends several listeners at once, within one deadline.
pub(crate) fn close_all(ports: &[Arc<Port>], deadline: Duration) {
    let deadline = Deadline::after(deadline);
    for port in ports {
        port.begin_close(deadline);
    }
    for port in ports {
        port.finish_close(deadline);
    }
}

impl Counts {
    fn drop(&self, reason: DropReason, events: u64) {
        let place = DropReason::ALL.iter().position(|other| *other == reason);
        if let Some(counter) = place.and_then(|place| self.dropped.get(place)) {
            counter.fetch_add(events, Ordering::Relaxed);
        }
    }

    /// Keeps what a listener's error says. Its `Display` is the listener's code, and so is its
    /// `Drop`: both may panic, and the text may be of any length.
    fn note_error(&self, error: ListenerError) {
        let text = ErrorInfo::new(&error).msg().to_owned();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(error))) {
            std::mem::forget(payload);
        }
        *self.last_error.lock() = Some(text);
    }

    fn taken_out(&self, events: u64, bytes: u64) {
        self.waiting_events.fetch_sub(events, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The listener's thread.
struct Worker {
    port: Arc<Port>,
    listener: Box<dyn Listener>,
    batches: Receiver<Slice>,
    nudged: Receiver<()>,
    /// Batches taken out of the queue.
    taken: u64,
}

impl Worker {
    fn run(mut self) {
        hot::mark_own_thread();
        // Whatever happens: nobody is to wait for a thread that is gone.
        let _ended = Ended(Arc::clone(&self.port));
        loop {
            select! {
                recv(self.batches) -> slice => {
                    if let Ok(slice) = slice {
                        self.taken += 1;
                        self.feed(&slice);
                    }
                }
                recv(self.nudged) -> _ => {}
            }
            self.flush_if_due();
            let control = *self.port.control.lock();
            let given_up = self.port.counts.given_up.load(Ordering::Relaxed);
            if let Some(deadline) = control.closing
                && (given_up || self.taken == control.queued)
            {
                return self.end(deadline);
            }
        }
    }

    /// Feeds a batch to its end, over panics too.
    fn feed(&mut self, slice: &Slice) {
        let (events, bytes) = (slice.len(), slice.memory_bytes());
        let begin = clock::now();
        let mut tally = Tally::default();
        while tally.seen() < events {
            self.feed_from(slice, &mut tally);
        }
        bus::count_spent(begin);
        // Under the lock, so that a shutdown that gives up counts each event once.
        let _control = self.port.control.lock();
        let counts = &self.port.counts;
        if counts.given_up.load(Ordering::Relaxed) {
            return;
        }
        counts
            .delivered
            .fetch_add(tally.delivered as u64, Ordering::Relaxed);
        counts.drop(DropReason::ListenerError, tally.refused as u64);
        counts.drop(DropReason::ListenerPanic, tally.panicked as u64);
        counts.taken_out(events as u64, bytes);
    }

    fn feed_from(&mut self, slice: &Slice, tally: &mut Tally) {
        let counts = &self.port.counts;
        let events = Events::new(slice, tally.seen(), &counts.given_up);
        let count = events.len();
        let progress = events.progress();
        let fed = catch_unwind(AssertUnwindSafe(|| self.listener.feed_batch(events)));
        match fed {
            Ok(Ok(())) => tally.delivered += count,
            Ok(Err(BatchError { delivered, cause })) => {
                let delivered = delivered.min(count);
                tally.delivered += delivered;
                tally.refused += count - delivered;
                counts.note_error(cause);
            }
            Err(payload) => {
                // A payload may panic again when it is dropped.
                std::mem::forget(payload);
                // The event handed out last caused it; before any was, the batch itself did.
                match progress.handed_out().min(count) {
                    0 => tally.panicked += count,
                    handed_out => {
                        let refused = progress.refused().min(handed_out - 1);
                        tally.delivered += handed_out - 1 - refused;
                        tally.refused += refused;
                        tally.panicked += 1;
                    }
                }
            }
        }
    }

    fn flush_if_due(&mut self) {
        let control = *self.port.control.lock();
        if control.flushed >= control.flush.number || self.taken < control.flush_after {
            return;
        }
        let well = self.flush(control.flush.deadline.left());
        let mut after = self.port.control.lock();
        after.flushed = control.flush.number;
        after.flushed_well = well;
        drop(after);
        self.port.progress.notify_all();
    }

    /// Whether it went well.
    fn flush(&mut self, deadline: Duration) -> bool {
        let flushed = catch_unwind(AssertUnwindSafe(|| self.listener.flush(deadline)));
        match flushed {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => self.port.counts.note_error(error),
            Err(payload) => {
                std::mem::forget(payload);
                self.port
                    .counts
                    .note_error(ListenerError::new("panicked in flush"));
            }
        }
        false
    }

    fn end(mut self, deadline: Deadline) {
        self.flush(deadline.left());
        if let Some(next) = &self.port.next {
            next.wait_flushed(deadline);
        }
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(self.listener))) {
            std::mem::forget(payload);
        }
    }
}

/// Says that a listener's thread has ended, when it is dropped.
struct Ended(Arc<Port>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.control.lock().ended = true;
        self.0.progress.notify_all();
    }
}

/// How a flush went, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flushed {
    Well,
    /// The listener returned an error, or panicked.
    Badly,
    /// The deadline passed first.
    Late,
}

/// What became of a batch.
#[derive(Default)]
struct Tally {
    delivered: usize,
    refused: usize,
    panicked: usize,
}

impl Tally {
    fn seen(&self) -> usize {
        self.delivered + self.refused + self.panicked
    }
}

const QUEUE_BATCHES: usize = 4096;
const QUEUE_EVENTS: u64 = 32_768;
const QUEUE_BYTES: u64 = 32 << 20;
