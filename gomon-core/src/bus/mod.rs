//! From the threads' rings to the listeners: what the application's threads and the `gomon-bus`
//! thread share.

pub(crate) mod fan_out;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod port;
pub(crate) mod report;
pub(crate) mod retransmitter;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::bus::fan_out::{Account, FanOut};
use crate::bus::port::{FlushTicket, Port};
use crate::bus::report::Report;
use crate::deadline::Deadline;
use crate::error::FlushError;
use crate::event::batch::Slice;
use crate::event::record::Record;
use crate::{application, state, thread};

pub(crate) use link::send;
pub(crate) use worker::start_worker;

use link::Counters;

/// The bus: one for the process.
pub(crate) struct Bus {
    pub(crate) root: FanOut,
    registry: Mutex<Registry>,
    /// Records of threads that are past their ring.
    #[expect(
        clippy::vec_box,
        reason = "records travel boxed: a move is a pointer's"
    )]
    ringless: Mutex<Vec<Box<Record>>>,
    /// Counts of events without a ring: those of ending threads, and the bus's own.
    ringless_counters: Counters,
    after_shutdown: AtomicU64,
    request: Mutex<Request>,
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

#[derive(Debug, Default)]
struct Progress {
    /// The flush up to which everything has been passed to the listeners.
    passed: u64,
    ended: bool,
}

/// The bus's end of a thread's ring.
struct Ring {
    records: rtrb::Consumer<Box<Record>>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Registry {
    /// Rings that the bus thread has not taken over yet.
    new: Vec<Ring>,
    counters: Vec<Arc<Counters>>,
    /// What ended threads counted.
    gone: Account,
    /// The sums when this run began.
    at_start: Account,
}

pub(crate) static BUS: Bus = Bus {
    root: FanOut::new(),
    registry: Mutex::new(Registry {
        new: Vec::new(),
        counters: Vec::new(),
        gone: Account::ZERO,
        at_start: Account::ZERO,
    }),
    ringless: Mutex::new(Vec::new()),
    ringless_counters: Counters {
        created: AtomicU64::new(0),
        ring_full: AtomicU64::new(0),
        disabled: AtomicU64::new(0),
    },
    after_shutdown: AtomicU64::new(0),
    request: Mutex::new(Request {
        flush: FlushTicket::NONE,
        stop: None,
    }),
    progress: Mutex::new(Progress {
        passed: 0,
        ended: false,
    }),
    progressed: Condvar::new(),
    thread: Mutex::new(None),
};

/// Makes a thread's ring known.
pub(crate) fn register(records: rtrb::Consumer<Box<Record>>, counters: Arc<Counters>) {
    let mut registry = BUS.registry.lock();
    registry.counters.push(Arc::clone(&counters));
    registry.new.push(Ring { records, counters });
}

/// The way of a record whose thread has no ring any more.
pub(crate) fn send_without_ring(record: Box<Record>, on: bool) {
    let counters = &BUS.ringless_counters;
    let counted = record.scope == 0;
    let count = |counter: &AtomicU64| {
        if counted {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    count(&counters.created);
    if !on {
        return count(&counters.disabled);
    }
    // Never wait: an allocator may have called us while this very thread holds the lock.
    match BUS.ringless.try_lock() {
        Some(mut records) if records.len() < RINGLESS => records.push(record),
        _ => count(&counters.ring_full),
    }
}

pub(crate) fn after_shutdown() -> u64 {
    BUS.after_shutdown.load(Ordering::Relaxed)
}

pub(crate) fn count_after_shutdown() {
    BUS.after_shutdown.fetch_add(1, Ordering::Relaxed);
}

/// Ends the bus thread's pause.
pub(crate) fn wake() {
    if let Some(thread) = BUS.thread.lock().as_ref() {
        thread.unpark();
    }
}

/// Brings everything that was finished before to the listeners and lets them flush.
pub(crate) fn flush(deadline: Duration) -> Result<(), FlushError> {
    let ticket = pass_all(deadline)?;
    flushed(&BUS.root.ports(), ticket)
}

/// The same, waiting for these listeners alone.
#[cfg(feature = "test-util")]
pub(crate) fn flush_ports(ports: &[Arc<Port>], deadline: Duration) -> Result<(), FlushError> {
    let ticket = pass_all(deadline)?;
    flushed(ports, ticket)
}

/// Asks for a flush and waits until the bus has passed everything before it.
fn pass_all(deadline: Duration) -> Result<FlushTicket, FlushError> {
    if thread::is_own_thread() {
        return Err(FlushError::OwnThread);
    }
    if !state::load().is_running() {
        return Err(FlushError::NotRunning);
    }
    let deadline = Deadline::after(deadline);
    let ticket = {
        let mut request = BUS.request.lock();
        request.flush = FlushTicket {
            number: request.flush.number + 1,
            deadline,
        };
        request.flush
    };
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

fn flushed(ports: &[Arc<Port>], ticket: FlushTicket) -> Result<(), FlushError> {
    let flushed = ports.iter().all(|port| port.wait_flushed(ticket));
    if flushed {
        Ok(())
    } else {
        Err(FlushError::Deadline)
    }
}

/// Asks the bus thread to end and waits for it, a little longer than its own deadline.
pub(crate) fn stop(deadline: Duration) {
    BUS.request.lock().stop = Some(Deadline::after(deadline));
    wake();
    BUS.wait(Deadline::after(deadline + GRACE), |progress| progress.ended);
}

pub(crate) fn report() -> Report {
    let passed = BUS.root.account();
    let account = Account {
        filtered: passed.filtered,
        ..BUS.account()
    };
    let mut listeners = BUS.root.reports(Some(account));
    for listener in &mut listeners {
        listener.pending += account.created.saturating_sub(passed.created);
    }
    Report {
        created: account.created + u64::from(application::current().event().is_some()),
        after_shutdown: BUS.after_shutdown.load(Ordering::Relaxed),
        listeners,
    }
}

impl Bus {
    /// Prepares a run: what an earlier one left in the rings can reach nobody any more.
    pub(crate) fn begin(&self, application: Option<Slice>) {
        let mut registry = self.registry.lock();
        let mut leftovers = self.ringless.lock().drain(..).count();
        for ring in &mut registry.new {
            while ring.records.pop().is_ok() {
                leftovers += 1;
            }
        }
        self.after_shutdown
            .fetch_add(leftovers as u64, Ordering::Relaxed);
        registry.at_start = Account::ZERO;
        registry.at_start = self.sum(&registry);
        self.request.lock().stop = None;
        self.progress.lock().ended = false;
        self.root.begin(application);
    }

    /// What all threads counted in this run.
    fn account(&self) -> Account {
        self.sum(&self.registry.lock())
    }

    fn sum(&self, registry: &Registry) -> Account {
        let counters = registry
            .counters
            .iter()
            .map(Arc::as_ref)
            .chain([&self.ringless_counters]);
        let sum = counters.fold(registry.gone, |sum, counters| sum.plus(counters));
        sum.minus(registry.at_start)
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

impl Account {
    pub(crate) const ZERO: Self = Self {
        created: 0,
        ring_full: 0,
        disabled: 0,
        filtered: 0,
    };

    fn plus(self, counters: &Counters) -> Self {
        Self {
            created: self.created + counters.created.load(Ordering::Relaxed),
            ring_full: self.ring_full + counters.ring_full.load(Ordering::Relaxed),
            disabled: self.disabled + counters.disabled.load(Ordering::Relaxed),
            ..self
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            created: self.created - other.created,
            ring_full: self.ring_full - other.ring_full,
            disabled: self.disabled - other.disabled,
            filtered: self.filtered - other.filtered,
        }
    }
}

/// Records that may wait without a ring.
const RINGLESS: usize = 4096;
/// How much longer than its deadline a shutdown waits for the bus thread, which keeps to it.
const GRACE: Duration = Duration::from_millis(250);
