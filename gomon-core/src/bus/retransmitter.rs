use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::fan_out::FanOut;
use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::listener::{BatchError, Listener, ListenerError};
use crate::bus::options::ListenerOptions;
use crate::bus::port::Port;
use crate::bus::supply::Supply;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::event::Event;
use crate::event::batch::Events;
use crate::life::ListenerId;

/// A listener that passes what it wants on to listeners of its own, each with a queue and a
/// thread. The bus itself is one.
///
/// It is a handle: clones are the same retransmitter, so listeners can be added while it runs.
///
/// ```
/// use gomon_core::{Event, Outcome, Retransmitter};
///
/// let failures = Retransmitter::new("failures")
///     .filter(|event| event.outcome() == Some(Outcome::Failed))
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
    /// The retransmitters among the listeners: what cycles are found by.
    next: Mutex<Vec<(ListenerId, Retransmitter)>>,
    flushes: Mutex<u64>,
}

impl Retransmitter {
    /// A retransmitter without listeners that wants everything.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let (name, fan_out) = (name.into(), FanOut::new());
        Self {
            inner: Arc::new(Inner {
                name,
                fan_out,
                next: Mutex::default(),
                flushes: Mutex::default(),
            }),
        }
    }

    /// Passes only these events on. The application event always passes, and so does an event on
    /// which the filter panics.
    #[must_use]
    pub fn filter(self, wanted: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.inner.fan_out.set_filter(Some(Box::new(wanted)));
        self
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
        let (name, limits) = options.named_after::<L>();
        let next = listener.as_retransmitter().cloned();
        self.refuse_cycle(next.as_ref())?;
        let opened = Supply::Given(Box::new(listener)).open(&name)?;
        // One at a time, in the whole process: two threads could close a cycle between them.
        let _graph = GRAPH.lock();
        self.refuse_cycle(next.as_ref())?;
        let id = ListenerId::next();
        let port = Port::start(id, name, 0, limits, opened).map_err(Error::Thread)?;
        self.inner.next.lock().extend(next.map(|next| (id, next)));
        self.inner.fan_out.add(port);
        Ok(id)
    }

    /// Removes a listener, which still gets what waits in its queue; false if it is not here.
    #[must_use = "false says that there was no such listener"]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        let _graph = GRAPH.lock();
        let mut next = self.inner.next.lock();
        let at = next.iter().position(|(other, _)| *other == id);
        let removed = at.map(|at| next.remove(at));
        drop(next);
        drop(removed);
        self.inner.fan_out.remove(id)
    }

    /// Each listener's account.
    #[must_use]
    pub fn reports(&self) -> Vec<crate::ListenerReport> {
        self.inner.fan_out.reports(|account| account).0
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
        self.inner.fan_out.pass(&events.to_slice(), 0);
        Ok(())
    }

    /// Passes the request on and does not wait: a stuck listener must not keep events from the
    /// others. Who asked waits for them.
    fn flush(&mut self, deadline: Duration) -> Result<(), ListenerError> {
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
        self.inner.fan_out.hand_out(snapshot);
    }

    fn tick(&mut self) {
        self.inner.fan_out.check();
    }

    fn as_retransmitter(&self) -> Option<&Retransmitter> {
        Some(self)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.fan_out.clear();
    }
}

static GRAPH: Mutex<()> = Mutex::new(());
