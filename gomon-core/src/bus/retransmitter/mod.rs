pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod mapped;
pub(crate) mod rate;
mod sampled;
pub(crate) mod stages;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::fan_out::FanOut;
use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::listener::{BatchError, Listener, ListenerError, own_name};
use crate::bus::options::ListenerOptions;
use crate::bus::port::Port;
use crate::bus::reason::DropReason;
use crate::bus::retransmitter::check::Check;
use crate::bus::retransmitter::config::RetransmitterConfig;
use crate::bus::retransmitter::mapped::Mapped;
use crate::bus::retransmitter::sampled::{Decided, Sampled};
use crate::bus::retransmitter::stages::Stages;
use crate::bus::supply::Supply;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::event::Event;
use crate::event::batch::{Events, Slice};
use crate::event::outcome::Outcome;
use crate::event::value::Tree;
use crate::life::ListenerId;
use crate::sampling::Sampling;
use crate::sampling::sampler::Moment;

/// A listener that passes what it wants on to listeners of its own, each with a queue and a
/// thread. The bus itself is one.
///
/// An event goes through its sampling, its conditions, its maps and its limits, in this order,
/// whatever the order in which they were given. What does not come out is counted for every
/// listener behind it: as `sampled_out` by the sampling, as `filtered` by all others. The
/// application event always comes out. Events are shared by all listeners; what a sampling holds
/// back or gives a weight, and what a map changes, is copied.
///
/// It is a handle: clones are the same retransmitter, so listeners can be added while it runs.
///
/// ```
/// use gomon_core::{Event, Outcome, Retransmitter};
///
/// let failures = Retransmitter::new("failures")
///     .include(["http-*", "sql-*"])
///     .outcomes([Outcome::Failed, Outcome::Panicked])
///     .limit_each(10)
///     .listener(|event: &Event| assert!(!event.is_opening()))?;
/// let _gomon = gomon_core::builder().listener(failures).start()?;
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Retransmitter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    fan_out: FanOut,
    sampled: Mutex<Sampled>,
    /// The retransmitters among the listeners: what cycles are found by.
    next: Mutex<Vec<(ListenerId, Retransmitter)>>,
    flushes: Mutex<u64>,
}

impl Retransmitter {
    /// A retransmitter without listeners that passes everything on.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                name: name.into(),
                fan_out: FanOut::new(),
                sampled: Mutex::default(),
                next: Mutex::default(),
                flushes: Mutex::default(),
            }),
        }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    /// Passes only events on whose fingerprint matches one of these patterns, in which `*` stands
    /// for any text. Here and below, a condition is added to those before it.
    #[must_use]
    pub fn include(self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.check(Check::include(patterns))
    }

    /// Leaves out events whose fingerprint matches one of these patterns.
    #[must_use]
    pub fn exclude(self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.check(Check::exclude(patterns))
    }

    /// Passes only events on that ended in one of these ways; no opening events.
    #[must_use]
    pub fn outcomes(self, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        self.check(Check::Outcomes(outcomes.into_iter().collect()))
    }

    /// Passes only events on that took longer than this; no opening events.
    #[must_use]
    pub fn slower_than(self, limit: Duration) -> Self {
        self.check(Check::SlowerThan(limit))
    }

    /// Passes only events on that have this attribute with this value. Integers are equal by value,
    /// whatever their type; inside of a list or a map the type counts too.
    #[must_use]
    pub fn equal(self, key: impl Into<String>, value: impl Into<Tree>) -> Self {
        self.check(Check::Equal(key.into(), value.into()))
    }

    /// Passes only these events on, and those on which the closure panics. It runs on the thread
    /// that feeds this retransmitter.
    #[must_use]
    pub fn filter(self, wanted: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.check(Check::Filter(Arc::new(wanted)))
    }

    /// Passes what the closure makes of each event on; `None` leaves the event out. It runs on the
    /// thread that feeds this retransmitter; an event on which it panics passes as it is. Maps
    /// are run in the order in which they were added.
    #[must_use]
    pub fn map(self, map: impl Fn(&Event) -> Option<Mapped> + Send + Sync + 'static) -> Self {
        self.change(|stages| stages.maps.push(Arc::new(map)))
    }

    /// Passes at most so many events a second on, with bursts of as many. What is over the limit
    /// counts as `filtered`, and no weight stands for it. Not limited are the events of the
    /// application and of gomon itself. Default: no limit.
    #[must_use]
    pub fn limit(self, events_a_second: u32) -> Self {
        self.change(|stages| {
            stages.limit(|limits| limits.all = Some(events_a_second));
        })
    }

    /// The same for each fingerprint. Default: no limit.
    #[must_use]
    pub fn limit_each(self, events_a_second: u32) -> Self {
        self.change(|stages| {
            stages.limit(|limits| limits.each = Some(events_a_second));
        })
    }

    /// Samples what comes in. An event that was sampled before it came here keeps the larger weight:
    /// both ratios choose among traces in the same way. What waits for the end of its trace counts
    /// as pending. Default: everything is passed on.
    #[must_use]
    pub fn sampling(self, sampling: Sampling) -> Self {
        let decided = self.inner.sampled.lock().set_in_code(sampling);
        self.inner.pass(decided, 0);
        self
    }

    /// Sets what a configuration says, in place of what one said before; also while events pass.
    ///
    /// Its conditions, maps and limits come on top of those given in code. Its sampling takes the
    /// place of any other; without one, that given in code stays.
    pub fn configure(&self, config: &RetransmitterConfig) {
        self.inner.fan_out.configure(config);
        let sampling = config.sampling().cloned();
        let decided = self.inner.sampled.lock().set_configured(sampling);
        self.inner.pass(decided, 0);
    }

    /// Adds a listener.
    ///
    /// # Errors
    ///
    /// As [`add_listener`](Self::add_listener).
    pub fn listener(self, listener: impl Listener) -> Result<Self, Error> {
        self.add_listener(listener)?;
        Ok(self)
    }

    /// Adds a listener, also while events pass: the application event is the first it sees.
    ///
    /// # Errors
    ///
    /// [`Error::Cycle`] if the listener is a retransmitter whose events would come back here,
    /// [`Error::Listener`] if it cannot start, [`Error::Thread`] if its thread cannot.
    pub fn add_listener(&self, listener: impl Listener) -> Result<ListenerId, Error> {
        self.add_listener_with(ListenerOptions::new(), listener)
    }

    /// Adds a listener with a name, bounds and a policy.
    ///
    /// # Errors
    ///
    /// As [`add_listener`](Self::add_listener).
    pub fn add_listener_with<L: Listener>(
        &self,
        options: ListenerOptions,
        listener: L,
    ) -> Result<ListenerId, Error> {
        let (name, limits) = options.name_or(own_name(&listener)).named_after::<L>();
        let next = listener.as_retransmitter().cloned();
        self.refuse_cycle(next.as_ref())?;
        let id = ListenerId::next();
        let opened = Supply::Given(Box::new(listener)).open(id, &name)?;
        // One at a time, in the whole process: two threads could close a cycle between them.
        let _graph = GRAPH.lock();
        self.refuse_cycle(next.as_ref())?;
        let port = Port::start(id, name, 0, limits, opened).map_err(Error::Thread)?;
        self.inner.next.lock().extend(next.map(|next| (id, next)));
        self.inner.fan_out.add(port);
        Ok(id)
    }

    /// Removes a listener, which still gets what waits in its queue; false if it is not here.
    #[must_use = "false says that there was no such listener"]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        let graph = GRAPH.lock();
        let mut next = self.inner.next.lock();
        let at = next.iter().position(|(other, _)| *other == id);
        let removed = at.map(|at| next.remove(at));
        drop(next);
        let was_here = self.inner.fan_out.remove(id);
        drop(graph);
        // It may be the last handle, with listeners behind it: their drops run under no lock.
        drop(removed);
        was_here
    }

    /// Each listener's account.
    #[must_use]
    pub fn reports(&self) -> Vec<crate::ListenerReport> {
        let mut reports = self.inner.fan_out.reports(|account| account).0;
        let held = self.inner.sampled.lock().held();
        for report in &mut reports {
            report.created += held;
            report.pending += held;
        }
        reports
    }

    /// Waits until its listeners have flushed as the last flush asked them to.
    pub(crate) fn wait_flushed(&self, deadline: Deadline) -> Flushed {
        let ticket = FlushTicket {
            number: *self.inner.flushes.lock(),
            deadline,
        };
        let ports = self.inner.fan_out.ports();
        ports
            .iter()
            .map(|port| port.wait_flushed(ticket))
            .max()
            .unwrap_or(Flushed::Well)
    }

    fn check(self, check: Check) -> Self {
        self.change(|stages| stages.checks.push(check))
    }

    fn change(self, change: impl FnOnce(&mut Stages)) -> Self {
        self.inner.fan_out.change_stages(change);
        self
    }

    /// The listener that most waits for, here or further on.
    pub(crate) fn slowest(&self) -> Option<Arc<Port>> {
        self.inner.fan_out.slowest()
    }

    fn refuse_cycle(&self, next: Option<&Self>) -> Result<(), Error> {
        match next {
            Some(next) if next.reaches(self) => Err(Error::Cycle {
                from: self.inner.name.clone(),
                to: next.inner.name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn reaches(&self, other: &Self) -> bool {
        let here = Arc::ptr_eq(&self.inner, &other.inner);
        let next = self.inner.next.lock().clone();
        here || next.iter().any(|(_, next)| next.reaches(other))
    }
}

impl Listener for Retransmitter {
    /// Refused: events are shared by the batch. The bus always feeds batches.
    fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
        Err(ListenerError::new(
            "a retransmitter takes batches, not single events",
        ))
    }

    fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
        self.inner.take(&events.to_slice());
        Ok(())
    }

    /// Passes the request on and does not wait: a stuck listener must not keep events from the
    /// others. Who asked waits for them.
    fn flush(&mut self, deadline: Duration) -> Result<(), ListenerError> {
        self.inner.settle();
        let mut flushes = self.inner.flushes.lock();
        *flushes += 1;
        let ticket = FlushTicket {
            number: *flushes,
            deadline: Deadline::after(deadline),
        };
        self.inner.fan_out.start_flush(ticket);
        Ok(())
    }

    fn aggregates(&mut self, snapshot: &Snapshot) {
        self.inner.fan_out.hand_out_snapshot(snapshot);
        self.inner.fan_out.announce();
    }

    fn tick(&mut self) {
        self.inner.expire();
        self.inner.fan_out.check();
    }

    fn as_retransmitter(&self) -> Option<&Retransmitter> {
        Some(self)
    }
}

impl Inner {
    /// Takes a batch and passes on what is decided of it.
    fn take(&self, slice: &Slice) {
        let is_sampled = self.sampled.lock().is_on();
        if !is_sampled || slice.iter().all(stages::is_application) {
            return self.fan_out.pass(slice, 0);
        }
        // The conditions first: they may be the user's, which are not run under a lock.
        let stages = self.fan_out.stages();
        let wants = |event| stages.as_ref().is_none_or(|stages| stages.wants(event));
        let wanted: Vec<bool> = slice.iter().map(wants).collect();
        let decided = self.sampled.lock().take(slice, &wanted, Moment::now());
        match decided {
            Some(decided) => {
                let filtered = wanted.iter().filter(|wanted| !**wanted).count();
                self.pass(decided, filtered as u64);
            }
            // It is not sampled any more.
            None => self.fan_out.pass(slice, 0),
        }
    }

    /// Passes on what waits, once it has waited for too long.
    fn expire(&self) {
        let decided = self.sampled.lock().expire(Moment::now());
        self.pass(decided, 0);
    }

    /// Passes on what waits.
    fn settle(&self) {
        let decided = self.sampled.lock().settle();
        self.pass(decided, 0);
    }

    fn pass(&self, decided: Decided, filtered: u64) {
        let lost = [
            (DropReason::SampledOut, decided.dropped),
            (DropReason::Filtered, filtered),
        ];
        if !decided.kept.is_empty() || lost.iter().any(|(_, count)| *count > 0) {
            self.fan_out.pass_copies(decided.kept, &lost);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.fan_out.clear();
    }
}

static GRAPH: Mutex<()> = Mutex::new(());
