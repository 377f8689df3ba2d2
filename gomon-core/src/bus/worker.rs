//! The `gomon-bus` thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::orphans::Orphans;
use super::{Account, BUS, Ring};
use crate::bus::flush::FlushTicket;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::event::Event;
use crate::event::batch::Slice;
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::tracker::work;
use crate::{application, clock, keys, state, thread};

/// Starts the thread; it ends with [`stop`](super::stop).
pub(crate) fn start_worker() -> std::io::Result<()> {
    let handle = std::thread::Builder::new()
        .name("gomon-bus".to_owned())
        .spawn(|| Worker::default().run())?;
    *BUS.thread.lock() = Some(handle.thread().clone());
    Ok(())
}

#[derive(Default)]
struct Worker {
    rings: Vec<Ring>,
    /// Drained in this cycle, to be put in order.
    stage: Vec<Event>,
    /// What the root's account says was lost before it came there.
    lost: Account,
    orphans: Orphans,
    passed: u64,
    pauses: u32,
    last_slew: clock::Stamp,
    last_report: clock::Stamp,
}

impl Worker {
    fn run(mut self) {
        thread::mark_own_thread();
        self.last_slew = clock::now();
        self.last_report = self.last_slew;
        loop {
            // Read before the rings are: what was finished before the request is then in this
            // cycle.
            let request = *BUS.request.lock();
            let count = self.cycle();
            self.housekeeping();
            if request.flush.number > self.passed {
                self.passed = request.flush.number;
                BUS.root.start_flush(request.flush);
                BUS.progress.lock().passed = self.passed;
                BUS.progressed.notify_all();
            }
            if let Some(deadline) = request.stop {
                return self.end(deadline);
            }
            self.pause(count);
        }
    }

    /// Drains every ring once and passes on what was there, in the order in which it ended.
    fn cycle(&mut self) -> usize {
        let begin = clock::now();
        self.rings.append(&mut BUS.registry.lock().new);
        let application = application::current();
        let event = |record| Event {
            record,
            application: Arc::clone(&application),
        };
        let stage = &mut self.stage;
        for ring in &mut self.rings {
            let count = ring.records.slots();
            if let Ok(records) = ring.records.read_chunk(count) {
                stage.extend(records.into_iter().map(event));
            }
        }
        stage.extend(BUS.ringless.lock().drain(..).map(event));
        self.rings.retain(|ring| !retire(ring));
        let count = self.stage.len();
        self.pass_stage();
        self.count_losses();
        if count > 0 {
            super::count_spent(begin);
        }
        count
    }

    fn pass_stage(&mut self) {
        // Each ring is in the order of finishing already, so this is nearly a merge.
        self.stage
            .sort_by_key(|event| (event.record.scope, event.record.end));
        self.stage.iter().for_each(|event| self.orphans.note(event));
        while let Some(first) = self.stage.first() {
            let scope = first.record.scope;
            let same = self
                .stage
                .iter()
                .take(BATCH)
                .take_while(|event| event.record.scope == scope);
            let batch: Arc<[Event]> = self.stage.drain(..same.count()).collect();
            BUS.root.pass(&Slice::whole(batch), scope);
        }
    }

    /// Tells the root of what was lost on the way to the rings since the last time.
    fn count_losses(&mut self) {
        let now = BUS.account();
        let lost = now.since(self.lost);
        if lost.ring_full + lost.disabled > 0 {
            BUS.root.lost(lost.ring_full, lost.disabled);
            self.lost = now;
        }
    }

    fn housekeeping(&mut self) {
        let now = clock::now();
        if clock::nanos_between(self.last_slew, now) >= clock::SLEW_INTERVAL_NANOS {
            self.last_slew = now;
            clock::slew();
        }
        let interval = BUS.report_interval_nanos.load(Ordering::Relaxed);
        if clock::nanos_between(self.last_report, now) >= interval {
            self.last_report = now;
            self.send_own(self_report(&self.orphans));
        }
    }

    /// Passes on an event of the bus itself.
    fn send_own(&mut self, record: Box<Record>) {
        BUS.ringless_counters
            .created
            .fetch_add(1, Ordering::Relaxed);
        let application = application::current();
        let batch: Arc<[Event]> = Arc::new([Event {
            record,
            application,
        }]);
        BUS.root.pass(&Slice::whole(batch), 0);
    }

    /// Polls quickly while there is work and more and more seldom while there is none.
    fn pause(&mut self, count: usize) {
        self.pauses = if count > 0 {
            0
        } else {
            (self.pauses + 1).min(SLOWEST)
        };
        std::thread::park_timeout(PAUSE * (1 + self.pauses));
    }

    /// The end of a run: what is left, what is abandoned, the last report, and the listeners' end.
    fn end(mut self, deadline: Deadline) {
        self.cycle();
        // A unit that ends meanwhile is either taken here or sent by its own thread, which may
        // have looked at the state before it changed: so once more afterwards.
        self.abandon_units();
        state::set_running(false);
        self.abandon_units();
        self.cycle();
        self.send_own(self_report(&self.orphans));
        // The totals are those after everything else was taken, as far as half the time allows.
        let half = Deadline::after(deadline.left() / 2);
        let ticket = FlushTicket {
            number: self.passed + 1,
            deadline: half,
        };
        for port in BUS.root.start_flush(ticket) {
            port.wait_flushed(ticket);
        }
        self.cycle();
        self.send_own(end_report());
        super::port::close_all(&BUS.root.all_ports(), deadline.left());
        let mut request = BUS.request.lock();
        request.flush.number = request.flush.number.max(ticket.number);
    }

    fn abandon_units(&mut self) {
        let units = work::abandon_all();
        let counted = units.iter().filter(|record| record.scope == 0).count();
        BUS.ringless_counters
            .created
            .fetch_add(counted as u64, Ordering::Relaxed);
        let application = application::current();
        let event = |record| Event {
            record,
            application: Arc::clone(&application),
        };
        self.stage.extend(units.into_iter().map(event));
        self.pass_stage();
    }
}

/// Whatever ends the thread: nobody is to wait for it, and the rings are for the next one.
impl Drop for Worker {
    fn drop(&mut self) {
        state::set_running(false);
        BUS.registry.lock().new.append(&mut self.rings);
        *BUS.thread.lock() = None;
        BUS.progress.lock().ended = true;
        BUS.progressed.notify_all();
    }
}

/// Whether the thread of a ring has ended and everything it sent is taken; its counts are kept.
fn retire(ring: &Ring) -> bool {
    // In this order: a thread sends before it ends.
    if !ring.records.is_abandoned() || !ring.records.is_empty() {
        return false;
    }
    let mut registry = BUS.registry.lock();
    registry
        .counters
        .retain(|counters| !Arc::ptr_eq(counters, &ring.counters));
    registry.gone = registry.gone.plus(&ring.counters);
    true
}

/// `gomon-self`: how gomon itself is doing.
fn self_report(orphans: &Orphans) -> Box<Record> {
    let mut record = Record::open(keys::GOMON_SELF, Context::PROCESS);
    let report = super::report();
    record.set(keys::CREATED, report.created.into());
    record.set(keys::DELIVERED, report.delivered().into());
    record.set(keys::DROPPED, report.dropped().into());
    record.set(
        keys::PENDING,
        report
            .listeners
            .iter()
            .map(|listener| listener.pending)
            .sum::<u64>()
            .into(),
    );
    let bytes = report
        .listeners
        .iter()
        .map(|listener| listener.pending_bytes);
    record.set(keys::BYTES, bytes.sum::<u64>().into());
    record.set(keys::SPENT, report.spent_nanos.into());
    record.set(keys::IN_FLIGHT, work::count().into());
    record.set(keys::ORPHANS, Value::Tree(orphans.tree()));
    record.set(keys::LISTENERS, Value::Tree(report.listeners_tree(0)));
    record
}

/// `application-end`: the totals, in which it counts itself as delivered to every listener.
fn end_report() -> Box<Record> {
    let mut record = Record::open(keys::APPLICATION_END, Context::PROCESS);
    let report = super::report();
    let uptime = clock::nanos_between(application::current().started(), clock::now());
    record.set(keys::UPTIME, uptime.into());
    record.set(keys::CREATED, (report.created + 1).into());
    record.set(
        keys::DELIVERED,
        (report.delivered() + report.listeners.len() as u64).into(),
    );
    record.set(keys::DROPPED, report.dropped().into());
    record.set(keys::LISTENERS, Value::Tree(report.listeners_tree(1)));
    record.set(keys::AFTER_SHUTDOWN, report.after_shutdown.into());
    record.mark(Outcome::Completed);
    record
}

/// Events of a batch at the most.
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_millis(10);
/// Pauses grow from one to ten times [`PAUSE`].
const SLOWEST: u32 = 9;
