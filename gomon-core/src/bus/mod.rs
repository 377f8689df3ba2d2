//! From the threads' rings to the listeners: what the application's threads and the `gomon-bus`
//! thread share.

pub(crate) mod configured;
pub(crate) mod fan_out;
mod feeder;
pub(crate) mod flush;
mod health;
pub(crate) mod link;
pub(crate) mod listener;
mod messages;
pub(crate) mod options;
mod orphans;
mod outgoing;
mod passage;
pub(crate) mod pool;
pub(crate) mod port;
mod prefetch;
mod published;
mod queue;
pub(crate) mod reason;
pub(crate) mod report;
pub(crate) mod retransmitter;
mod stage;
pub(crate) mod supply;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use parking_lot::{Condvar, Mutex};

use crate::aggregate::snapshot::Snapshot;
use crate::bus::fan_out::{Account, FanOut};
use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::port::Port;
use crate::bus::reason::DropReason;
use crate::bus::report::Report;
use crate::deadline::Deadline;
use crate::error::FlushError;
use crate::event::batch::Slice;
use crate::event::handed::Handed;
use crate::event::record::Record;
use crate::sampling::Sampling;
use crate::tracker::work;
use crate::{application, clock, fork, hot, state};

pub(crate) use worker::start_worker;

use link::{Counters, Shared};
use published::Published;

/// The bus: one for the process.
pub(crate) struct Bus {
    pub(crate) root: FanOut,
    registry: Mutex<Registry>,
    /// Records of threads that are past their ring.
    ringless: OnceLock<ArrayQueue<Handed>>,
    /// Counts of events without a ring: those of ending threads, and the bus's own.
    ringless_counters: Counters,
    after_shutdown: AtomicU64,
    /// See [`Report::spent_nanos`].
    spent_nanos: AtomicU64,
    /// How often `gomon-self` is sent.
    report_interval_nanos: AtomicU64,
    /// How often listeners are handed the aggregates.
    aggregate_interval_nanos: AtomicU64,
    tick_interval_nanos: AtomicU64,
    published: Published,
    request: Mutex<Request>,
    /// What takes the place of the sampling that there is.
    sampling: Mutex<Option<Option<Sampling>>>,
    progress: Mutex<Progress>,
    progressed: Condvar,
    thread: Mutex<Option<Thread>>,
}

/// What is asked of the bus thread.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    flush: FlushTicket,
    stop: Option<Deadline>,
}

impl Request {
    /// Asks for one more flush. Who asked before may have longer: the listeners then have that
    /// long, but nobody waits for longer than they said.
    fn ask_flush(&mut self, deadline: Deadline) -> FlushTicket {
        let number = self.flush.number + 1;
        self.flush = FlushTicket {
            number,
            deadline: self.flush.deadline.later(deadline),
        };
        FlushTicket { number, deadline }
    }
}

#[derive(Debug, Default)]
struct Progress {
    /// The flush up to which everything has been passed to the listeners.
    passed: u64,
    ended: bool,
}

/// The bus's end of a thread's ring.
struct Ring {
    records: rtrb::Consumer<Handed>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Registry {
    /// Rings that the bus thread has not taken over yet.
    new: Vec<Ring>,
    threads: Vec<Arc<Shared>>,
    /// What ended threads counted.
    gone: Account,
    /// The sums when this run began.
    at_start: Account,
    /// What of the losses since then the root was told of.
    told: Account,
}

pub(crate) static BUS: Bus = Bus {
    root: FanOut::new(),
    registry: Mutex::new(Registry {
        new: Vec::new(),
        threads: Vec::new(),
        gone: Account::ZERO,
        at_start: Account::ZERO,
        told: Account::ZERO,
    }),
    ringless: OnceLock::new(),
    ringless_counters: Counters::new(),
    after_shutdown: AtomicU64::new(0),
    spent_nanos: AtomicU64::new(0),
    report_interval_nanos: AtomicU64::new(REPORT_INTERVAL_NANOS),
    aggregate_interval_nanos: AtomicU64::new(AGGREGATE_INTERVAL_NANOS),
    tick_interval_nanos: AtomicU64::new(TICK_INTERVAL_NANOS),
    published: Published::new(),
    request: Mutex::new(Request {
        flush: FlushTicket::NONE,
        stop: None,
    }),
    sampling: Mutex::new(None),
    progress: Mutex::new(Progress {
        passed: 0,
        ended: true,
    }),
    progressed: Condvar::new(),
    thread: Mutex::new(None),
};

/// Makes a thread's ring known.
pub(crate) fn register(records: rtrb::Consumer<Handed>, shared: Arc<Shared>) {
    // A child has nobody to read it.
    let Some(mut registry) = fork::lock(&BUS.registry).filter(|_| !fork::is_child()) else {
        return;
    };
    registry.threads.push(Arc::clone(&shared));
    registry.new.push(Ring { records, shared });
}

/// The way of a record whose thread has no ring any more.
pub(crate) fn send_without_ring(mut record: Box<Record>, end: clock::Stamp) {
    let counters = &BUS.ringless_counters;
    let count = counting(&record);
    count(&counters.created);
    if let Some(reason) = pool::refuses() {
        return count(counters.lost_for(reason));
    }
    let Some(ringless) = BUS.ringless.get() else {
        return count(&counters.queue_full);
    };
    let beside_bytes = record.note_beside();
    pool::hand_over_bytes(beside_bytes);
    pool::hand_over(1);
    // Without a lock: an allocator may have called us in the middle of ourselves.
    if ringless.push(Handed::new(record, end)).is_err() {
        pool::come_back(1, u64::from(beside_bytes));
        count(&counters.queue_full);
    }
}

/// The same while gomon is disabled.
pub(crate) fn refuse_without_ring(record: &Record) {
    let count = counting(record);
    count(&BUS.ringless_counters.created);
    count(&BUS.ringless_counters.disabled);
}

/// Counts a record, if it counts at all.
fn counting(record: &Record) -> impl Fn(&AtomicU64) + use<> {
    let counts = link::counts(record);
    move |counter| {
        if counts {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts an event that is not recorded, on a thread without a ring.
pub(crate) fn count_unrecorded(reason: DropReason) {
    let counter = BUS.ringless_counters.lost_for(reason);
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn after_shutdown() -> u64 {
    BUS.after_shutdown.load(Ordering::Relaxed)
}

pub(crate) fn count_after_shutdown() {
    if fork::count() {
        return;
    }
    BUS.after_shutdown.fetch_add(1, Ordering::Relaxed);
}

/// Counts the time since `begin` as gomon's.
pub(crate) fn count_spent(begin: clock::Stamp) {
    let nanos = clock::nanos_between(begin, clock::now());
    BUS.spent_nanos.fetch_add(nanos, Ordering::Relaxed);
}

pub(crate) fn report_interval() -> Duration {
    Duration::from_nanos(BUS.report_interval_nanos.load(Ordering::Relaxed))
}

pub(crate) fn set_report_interval(interval: Duration) {
    let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    BUS.report_interval_nanos.store(nanos, Ordering::Relaxed);
}

pub(crate) fn aggregate_interval() -> Duration {
    Duration::from_nanos(BUS.aggregate_interval_nanos.load(Ordering::Relaxed))
}

pub(crate) fn set_aggregate_interval(interval: Duration) {
    let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    BUS.aggregate_interval_nanos.store(nanos, Ordering::Relaxed);
}

pub(crate) fn tick_interval() -> Duration {
    Duration::from_nanos(BUS.tick_interval_nanos.load(Ordering::Relaxed))
}

pub(crate) fn set_tick_interval(interval: Duration) {
    let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    BUS.tick_interval_nanos.store(nanos, Ordering::Relaxed);
}

/// See [`aggregates`](crate::aggregates).
pub(crate) fn aggregates() -> Snapshot {
    let current = std::thread::current().id();
    let is_bus = BUS.thread.lock().as_ref().map(Thread::id) == Some(current);
    match is_bus {
        // It would wait for itself.
        true => BUS.published.latest(),
        false => BUS.published.ask(PATIENCE, wake),
    }
}

/// Changes the sampling; the bus decides first on what it holds.
pub(crate) fn set_sampling(sampling: Option<Sampling>) {
    *BUS.sampling.lock() = Some(sampling);
}

/// Ends the bus thread's pause.
pub(crate) fn wake() {
    if fork::is_child() {
        return;
    }
    if let Some(thread) = BUS.thread.lock().as_ref() {
        thread.unpark();
    }
}

/// Brings everything that was finished before to the listeners and lets them flush.
pub(crate) fn flush(deadline: Duration) -> Result<(), FlushError> {
    // One that is added from here on gets no ticket, and nothing from before.
    flush_ports(&BUS.root.ports(), deadline)
}

/// The same, waiting for these listeners alone.
pub(crate) fn flush_ports(ports: &[Arc<Port>], deadline: Duration) -> Result<(), FlushError> {
    let ticket = pass_all(deadline)?;
    match ports.iter().map(|port| port.wait_flushed(ticket)).max() {
        None | Some(Flushed::Well) => Ok(()),
        Some(Flushed::Badly) => Err(FlushError::Listener),
        Some(Flushed::Late) => Err(FlushError::Deadline),
    }
}

/// Asks for a flush and waits until the bus has passed everything before it.
fn pass_all(deadline: Duration) -> Result<FlushTicket, FlushError> {
    if hot::is_own_thread() {
        return Err(FlushError::OwnThread);
    }
    if !state::load().is_running() {
        return Err(FlushError::NotRunning);
    }
    let deadline = Deadline::after(deadline);
    let ticket = BUS.request.lock().ask_flush(deadline);
    wake();
    let passed = BUS.wait(deadline, |progress| {
        progress.passed >= ticket.number || progress.ended
    });
    if passed {
        Ok(ticket)
    } else {
        Err(FlushError::Deadline)
    }
}

/// Asks the bus thread to end and waits for it, a little longer than its own deadline. Whether it
/// has ended.
pub(crate) fn stop(deadline: Duration) -> bool {
    BUS.request.lock().stop = Some(Deadline::after(deadline));
    wake();
    wait_ended(deadline)
}

/// Waits for the end that somebody asked for.
pub(crate) fn wait_ended(deadline: Duration) -> bool {
    let deadline = Deadline::after(deadline.saturating_add(GRACE));
    BUS.wait(deadline, |progress| progress.ended)
}

pub(crate) fn has_ended() -> bool {
    BUS.progress.lock().ended
}

pub(crate) fn report() -> Report {
    let registry = BUS.registry.lock();
    let threads = BUS.sum(&registry);
    // Once gomon does not run, what the threads still count reaches nobody.
    let counted = |passed: Account| match state::load().is_running() {
        true => Account {
            created: threads.created,
            ..passed.plus(&threads.losses().since(&registry.told))
        },
        false => passed,
    };
    let (listeners, account) = BUS.root.reports(counted);
    let application = u64::from(!application::current().id().is_nil());
    Report {
        created: account.created + application,
        after_shutdown: after_shutdown(),
        fork_child: 0,
        spent_nanos: BUS.spent_nanos.load(Ordering::Relaxed),
        listeners,
    }
}

/// Undoes the beginning of a run whose worker could not start: nobody is to wait for that.
pub(crate) fn cancel() {
    BUS.published.close();
    BUS.progress.lock().ended = true;
    BUS.progressed.notify_all();
    BUS.root.clear();
}

/// Tells the root what was lost on the way to the rings since the last time.
fn tell_losses() {
    let mut registry = BUS.registry.lock();
    let losses = BUS.sum(&registry).losses();
    let new = losses.since(&registry.told);
    if new.created > 0 {
        registry.told = losses;
        // Under the lock: a report sees a loss here or there, and not twice.
        BUS.root.lost(&new);
    }
}

impl Bus {
    /// Prepares a run: what an earlier one left in the rings can reach nobody any more.
    pub(crate) fn begin(&self, application: Slice) {
        let mut registry = self.registry.lock();
        let ringless = self.ringless.get_or_init(|| ArrayQueue::new(RINGLESS));
        while let Some(event) = ringless.pop() {
            pool::come_back(1, u64::from(event.record.beside_bytes));
        }
        for ring in &mut registry.new {
            while let Ok(event) = ring.records.pop() {
                pool::come_back(1, u64::from(event.record.beside_bytes));
            }
        }
        registry.at_start = Account::ZERO;
        registry.at_start = self.sum(&registry);
        registry.told = Account::ZERO;
        drop(registry);
        drop(work::abandon_all());
        self.after_shutdown.store(0, Ordering::Relaxed);
        self.spent_nanos.store(0, Ordering::Relaxed);
        let asked = {
            let mut request = self.request.lock();
            request.stop = None;
            request.flush.number
        };
        *self.sampling.lock() = None;
        *self.progress.lock() = Progress {
            passed: asked,
            ended: false,
        };
        self.published.open();
        self.root.begin(application);
    }

    /// What all threads counted in this run.
    fn sum(&self, registry: &Registry) -> Account {
        let threads = registry.threads.iter().map(|shared| &shared.counters);
        let counters = threads.chain([&self.ringless_counters]);
        let sum = counters.fold(registry.gone, |sum, counters| sum.plus(&counters.account()));
        sum.since(&registry.at_start)
    }

    fn wait(&self, deadline: Deadline, reached: impl Fn(&Progress) -> bool) -> bool {
        let mut progress = self.progress.lock();
        while !reached(&progress) {
            if self
                .progressed
                .wait_for(&mut progress, deadline.left())
                .timed_out()
            {
                return reached(&progress);
            }
        }
        true
    }
}

/// A minute, unless a program wants another.
pub(crate) const REPORT_INTERVAL_NANOS: u64 = 60 * 1_000_000_000;
/// Ten seconds, unless a program wants another.
pub(crate) const AGGREGATE_INTERVAL_NANOS: u64 = 10 * 1_000_000_000;
pub(crate) const TICK_INTERVAL_NANOS: u64 = 30 * 1_000_000_000;
/// How long somebody waits for a snapshot while the bus thread is held up by a filter.
const PATIENCE: Duration = Duration::from_secs(1);
/// Records that may wait without a ring.
const RINGLESS: usize = 4096;
/// How much longer than its deadline a shutdown waits for the bus thread, which keeps to it.
const GRACE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_flush_takes_no_time_from_an_earlier_one() {
        let mut request = Request::default();
        let long = request.ask_flush(Deadline::after(Duration::from_secs(3600)));
        let short = request.ask_flush(Deadline::PASSED);
        assert_eq!((long.number, short.number), (1, 2));
        assert!(!request.flush.deadline.left().is_zero());
        assert!(short.deadline.left().is_zero());
        assert_eq!(request.flush.number, 2);
    }
}
