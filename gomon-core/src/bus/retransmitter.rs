use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::bus::fan_out::FanOut;
use crate::bus::listener::{BatchError, Listener, ListenerError};
use crate::bus::port::{FlushTicket, Port};
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
    next: Mutex<Vec<Retransmitter>>,
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
        self.inner.fan_out.set_filter(wanted);
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
    pub fn add_listener<L: Listener>(&self, mut listener: L) -> Result<ListenerId, Error> {
        // One at a time, in the whole process: two threads could close a cycle between them.
        let _graph = GRAPH.lock();
        let next = listener.as_retransmitter().cloned();
        if let Some(next) = &next
            && next.reaches(self)
        {
            return Err(Error::Cycle {
                from: self.inner.name.clone(),
                to: next.inner.name.clone(),
            });
        }
        let name = crate::life::name_of::<L>();
        listener.start().map_err(|cause| Error::Listener {
            name: name.clone(),
            cause,
        })?;
        let id = ListenerId::next();
        let port = Port::start(id, name, 0, Box::new(listener)).map_err(Error::Thread)?;
        self.inner.next.lock().extend(next);
        self.inner.fan_out.add(port);
        Ok(id)
    }

    /// Removes a listener once it has taken what waits for it; false if it is not here.
    #[must_use = "false says that there was no such listener"]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        let port = self.inner.fan_out.remove(id);
        port.map(|port| port.begin_close()).is_some()
    }

    /// Each listener's account.
    #[must_use]
    pub fn reports(&self) -> Vec<crate::ListenerReport> {
        self.inner.fan_out.reports(None)
    }

    fn reaches(&self, other: &Self) -> bool {
        let here = Arc::ptr_eq(&self.inner, &other.inner);
        here || self
            .inner
            .next
            .lock()
            .iter()
            .any(|next| next.reaches(other))
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

    fn flush(&mut self, deadline: Duration) -> Result<(), ListenerError> {
        let number = {
            let mut flushes = self.inner.flushes.lock();
            *flushes += 1;
            *flushes
        };
        let ticket = FlushTicket {
            number,
            deadline: Deadline::after(deadline),
        };
        let ports = self.inner.fan_out.start_flush(ticket);
        match ports.iter().find(|port| !port.wait_flushed(ticket)) {
            None => Ok(()),
            Some(slow) => Err(ListenerError::new(format!(
                "{} did not flush in time",
                slow.name()
            ))),
        }
    }

    fn as_retransmitter(&self) -> Option<&Retransmitter> {
        Some(self)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for port in self.fan_out.ports() {
            port.begin_close();
        }
    }
}

static GRAPH: Mutex<()> = Mutex::new(());
