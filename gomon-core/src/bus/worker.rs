//! The `gomon-bus` thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::outgoing::{HomeIndex, HomeTable};
use super::passage::Passage;
use super::stage::{Stage, Staging};
use super::{BUS, Ring};
use crate::aggregate::Aggregates;
use crate::aggregate::snapshot::Snapshot;
use crate::bus::flush::FlushTicket;
use crate::bus::pool::{self, Spare};
use crate::clock::Speed;
use crate::deadline::Deadline;
use crate::event::batch::Slice;
use crate::event::flags::Flags;
use crate::event::handed::{Brief, Handed};
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::sampling::Sampling;
use crate::tracker::{open, work};
use crate::{application, clock, hot, keys, segment, state, switch};

/// Starts the thread; it ends with [`stop`](super::stop).
pub(crate) fn start_worker(sampling: Option<Sampling>, series_limit: usize) -> std::io::Result<()> {
    clock::renew_coarse_time();
    let handle = std::thread::Builder::new()
        .name("gomon-bus".to_owned())
        .spawn(move || Worker::new(sampling.as_ref(), series_limit).run())?;
    *BUS.thread.lock() = Some(handle.thread().clone());
    Ok(())
}

#[derive(Default)]
struct Worker {
    rings: Vec<(Ring, HomeIndex)>,
    homes: HomeTable,
    /// Drained in this cycle, to be put in order.
    stage: Stage,
    /// Found when the rings were read again: for the next cycle.
    held_back: Vec<Staging>,
    passage: Passage,
    passed: u64,
    pauses: u32,
    last_announcement: clock::Stamp,
    last_slew: clock::Stamp,
    last_report: clock::Stamp,
    last_tick: clock::Stamp,
    last_aggregates: clock::Stamp,
}

impl Worker {
    fn new(sampling: Option<&Sampling>, series_limit: usize) -> Self {
        let start = clock::unix_nanos(application::current().started());
        let mut worker = Self::default();
        worker.passage = Passage::new(sampling, Aggregates::new(start, series_limit));
        // Flushes are numbered over all runs.
        worker.passed = BUS.progress.lock().passed;
        worker
    }

    fn run(mut self) {
        hot::mark_own_thread();
        self.last_slew = clock::now();
        self.last_report = self.last_slew;
        self.last_tick = self.last_slew;
        self.last_aggregates = self.last_slew;
        loop {
            // Read before the rings are: what was finished before the request is then in this
            // cycle, or was held back in it.
            let request = *BUS.request.lock();
            let asked = BUS.published.asked();
            let mut count = self.cycle();
            let due = request.flush.number > self.passed
                || request.stop.is_some()
                || BUS.published.is_due(asked);
            if due && !self.held_back.is_empty() {
                count += self.cycle();
            }
            self.housekeeping();
            if BUS.published.is_due(asked) {
                self.publish(asked);
            }
            if request.flush.number > self.passed {
                // What ended before is to reach the listeners.
                self.passage.settle_sampler(&self.homes);
                self.hand_out_aggregates();
                self.passed = request.flush.number;
                BUS.root.start_flush(request.flush);
                BUS.progress.lock().passed = self.passed;
                BUS.progressed.notify_all();
            }
            if let Some(deadline) = request.stop {
                return self.end(deadline);
            }
            self.announce();
            self.pause(count);
        }
    }

    /// Drains every ring and passes on what was there, in the order in which it ended.
    fn cycle(&mut self) -> usize {
        let begin = clock::now();
        clock::renew_coarse_time();
        self.change_sampling();
        self.take_over_rings();
        let count = match self.only_source() {
            Some((ring, count)) => self.pass_ring(ring, count),
            None => self.pass_all(),
        };
        self.retire_rings();
        self.passage.messages.expire(begin);
        if pool::is_tight() {
            // Who was not told yet may not be the one that is slow.
            BUS.root.announce();
            BUS.root.shed();
        }
        super::tell_losses();
        if count > 0 {
            super::count_spent(begin);
        }
        count
    }

    /// Tells the listeners what has come, but not each time if that is often: on one core they would come in between again
    /// and again. The next cycle tells what this one does not, unless a queue is half full before.
    fn announce(&mut self) {
        let now = clock::now();
        let since = clock::nanos_between(self.last_announcement, now);
        if since >= NANOS_BETWEEN_ANNOUNCEMENTS {
            self.last_announcement = now;
            BUS.root.announce();
        }
    }

    /// The place of the ring that alone has something, and how much. That is in order already, and
    /// need not be staged, where no message can be in it or be on its way to it.
    fn only_source(&self) -> Option<(usize, usize)> {
        let ringless = BUS.ringless.get().is_some_and(|other| !other.is_empty());
        if ringless || !self.held_back.is_empty() {
            return None;
        }
        let counts = self.rings.iter().map(|(ring, _)| ring.records.slots());
        let mut sources = counts.enumerate().filter(|(_, count)| *count > 0);
        let source = sources.next()?;
        // Looked at after the rings were: who sends a message says so before, and what was said before
        // something of these came is seen with it.
        (sources.next().is_none() && !state::load().has_messages()).then_some(source)
    }

    fn pass_ring(&mut self, at: usize, count: usize) -> usize {
        let Some((ring, home)) = self.rings.get_mut(at) else {
            return 0;
        };
        let mut passing = self.passage.begin(&self.homes);
        let mut left = count;
        while left > 0 {
            // A part at a time: its places are free again before the rest has passed all filters.
            let part = left.min(pool::FULL);
            if let Ok(events) = ring.records.read_chunk(part) {
                for handed in events {
                    passing.take(handed, *home);
                }
            }
            left -= part;
        }
        passing.finish();
        count
    }

    fn pass_all(&mut self) -> usize {
        let mut sources = usize::from(!self.held_back.is_empty());
        for (handed, home) in self.held_back.drain(..) {
            self.stage.push(handed, home);
        }
        sources += self.drain();
        if state::load().has_messages() {
            let first = self.stage.len();
            // The message may be the first thing that its thread ever sent.
            self.take_over_rings();
            sources += self.drain();
            self.held_back.extend(self.stage.take_after(first));
        }
        let count = self.stage.len();
        self.pass_stage(sources > 1);
        count
    }

    fn take_over_rings(&mut self) {
        for ring in BUS.registry.lock().new.drain(..) {
            let home = self.homes.add(Arc::clone(&ring.shared.home));
            self.rings.push((ring, home));
        }
    }

    /// Reads all rings into the stage; how many had something.
    fn drain(&mut self) -> usize {
        let Self {
            rings,
            stage,
            passage,
            ..
        } = self;
        let mut take = |handed: Handed, home| {
            if handed.brief.flags().has(Flags::MESSAGE) {
                passage.take_message(handed, home);
            } else {
                stage.push(handed, home);
            }
        };
        let mut sources = 0;
        for (ring, home) in rings {
            let count = ring.records.slots();
            if count > 0
                && let Ok(events) = ring.records.read_chunk(count)
            {
                sources += 1;
                events.into_iter().for_each(|handed| take(handed, *home));
            }
        }
        // As many as there are now: others may go on to send.
        let ringless = BUS.ringless.get();
        let waiting = ringless.map_or(0, |ringless| ringless.len());
        sources += usize::from(waiting > 0);
        for handed in ringless
            .into_iter()
            .flat_map(|ringless| (0..waiting).map_while(|_| ringless.pop()))
        {
            take(handed, HomeIndex::RINGLESS);
        }
        sources
    }

    fn retire_rings(&mut self) {
        let homes = &mut self.homes;
        self.rings.retain(|(ring, home)| {
            let retired = retire(ring);
            if retired {
                homes.remove(*home);
            }
            !retired
        });
    }

    fn pass_stage(&mut self, several_sources: bool) {
        let mut passing = self.passage.begin(&self.homes);
        for (handed, home) in self.stage.take_in_order(several_sources) {
            passing.take(handed, home);
        }
        passing.finish();
        self.stage.clear();
    }

    /// Takes over what was set since the last cycle.
    fn change_sampling(&mut self) {
        let changed = BUS.sampling.lock().take();
        if let Some(sampling) = changed {
            self.passage.change_sampling(sampling.as_ref(), &self.homes);
        }
    }

    fn housekeeping(&mut self) {
        self.send_news();
        let now = clock::now();
        if clock::nanos_between(self.last_slew, now) >= clock::SLEW_INTERVAL_NANOS {
            self.last_slew = now;
            clock::slew();
        }
        BUS.root.check();
        let interval = BUS.report_interval_nanos.load(Ordering::Relaxed);
        if clock::nanos_between(self.last_report, now) >= interval {
            self.last_report = now;
            self.send_own(self_report(&self.passage));
        }
        let interval = BUS.tick_interval_nanos.load(Ordering::Relaxed);
        if clock::nanos_between(self.last_tick, now) >= interval {
            self.last_tick = now;
            for record in segment::global::tick_all() {
                self.send_own(record);
            }
        }
        let interval = BUS.aggregate_interval_nanos.load(Ordering::Relaxed);
        if clock::nanos_between(self.last_aggregates, now) >= interval {
            self.hand_out_aggregates();
        }
    }

    /// Ends the live switches whose time is over, and says which went on and off.
    fn send_news(&mut self) {
        for record in switch::news() {
            self.send_own(record);
        }
    }

    /// Gives every listener the aggregates, to be taken once it has been fed what was passed so far.
    fn hand_out_aggregates(&mut self) {
        self.last_aggregates = clock::now();
        let snapshot = self.publish(0);
        BUS.root.hand_out_snapshot(&snapshot);
    }

    /// Answers those who have asked for the aggregates up to then.
    fn publish(&mut self, asked: u64) -> Snapshot {
        let snapshot = self
            .passage
            .aggregates
            .snapshot(clock::unix_nanos(clock::now()));
        BUS.published.answer(asked, &snapshot);
        snapshot
    }

    /// Passes on an event of the bus itself.
    fn send_own(&mut self, mut record: Box<Record>) {
        BUS.ringless_counters
            .created
            .fetch_add(1, Ordering::Relaxed);
        record.end = clock::now();
        let slice = Slice::single(record);
        for event in slice.iter() {
            let record = &event.record;
            let speed = Speed::of_clock();
            self.passage
                .aggregates
                .record(&Brief::of(record), speed, record, None);
        }
        BUS.root.pass(&slice, 0);
    }

    /// Polls quickly while there is work and more and more seldom while there is none.
    fn pause(&mut self, count: usize) {
        self.pauses = if count > 0 {
            0
        } else {
            if self.pauses == SLOWEST {
                pool::free(Spare::Half, self.homes.iter());
            }
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
        BUS.published.close();
        self.abandon_units();
        self.cycle();
        self.cycle();
        self.passage.settle_sampler(&self.homes);
        self.passage.messages.give_up();
        self.send_news();
        self.send_own(self_report(&self.passage));
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
        self.hand_out_aggregates();
        BUS.root.announce();
        super::port::close_all(&BUS.root.all_ports(), deadline.left());
        // The records of a run are not kept for one that may never come.
        pool::free(Spare::All, self.homes.iter());
        let mut request = BUS.request.lock();
        request.flush.number = request.flush.number.max(ticket.number);
    }

    fn abandon_units(&mut self) {
        let units = work::abandon_all();
        let counted = units.iter().filter(|record| record.scope == 0).count();
        BUS.ringless_counters
            .created
            .fetch_add(counted as u64, Ordering::Relaxed);
        for record in units {
            let end = record.end;
            self.stage.push(Handed::new(record, end), HomeIndex::OWN);
        }
        self.pass_stage(true);
    }
}

/// Whatever ends the thread: nobody is to wait for it, and the rings are for the next one.
impl Drop for Worker {
    fn drop(&mut self) {
        state::set_running(false);
        let rings = self.rings.drain(..).map(|(ring, _)| ring);
        BUS.registry.lock().new.extend(rings);
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
        .threads
        .retain(|shared| !Arc::ptr_eq(shared, &ring.shared));
    registry.gone = registry.gone.plus(&ring.shared.counters.account());
    true
}

/// `gomon-self`: how gomon itself is doing.
fn self_report(passage: &Passage) -> Box<Record> {
    let mut record = open::own(keys::GOMON_SELF);
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
    record.set(keys::ORPHANS, Value::Tree(passage.orphans.tree()));
    record.set(keys::LATE, passage.messages.late().into());
    record.set(keys::LISTENERS, Value::Tree(report.listeners_tree(0)));
    record
}

/// `application-end`: the totals, in which it counts itself as delivered to every listener.
fn end_report() -> Box<Record> {
    let mut record = open::own(keys::APPLICATION_END);
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

const PAUSE: Duration = Duration::from_millis(10);
/// Less than a pause: what comes seldom is told at once.
const NANOS_BETWEEN_ANNOUNCEMENTS: u64 = 5_000_000;
/// Pauses grow from one to ten times [`PAUSE`].
const SLOWEST: u32 = 9;
