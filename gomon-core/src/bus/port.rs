//! A listener as the sender sees it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::feeder::Feeder;
use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::listener::Listener;
use crate::bus::options::Limits;
use crate::bus::queue::{Load, Queue, Standing};
use crate::bus::report::ListenerReport;
use crate::bus::retransmitter::Retransmitter;
use crate::bus::supply::{Factory, Opened};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::event::batch::Slice;
use crate::life::ListenerId;

/// The sender's side of a listener: its queue, and what names it.
#[derive(Debug)]
pub(crate) struct Port {
    id: ListenerId,
    name: String,
    /// Which recorder's events it gets; 0 is the process.
    scope: u32,
    /// The retransmitter it is; another one once a factory has made it anew.
    next: Mutex<Option<Retransmitter>>,
    pub(super) queue: Queue<Slice, Snapshot>,
    /// The application event, which a listener that is made anew must see first.
    pub(super) greeting: OnceLock<Slice>,
    pub(super) last_error: Mutex<Option<String>>,
    /// What makes it anew.
    pub(super) factory: Option<Factory>,
}

impl Port {
    /// Starts the listener's thread.
    pub(crate) fn start(
        id: ListenerId,
        name: String,
        scope: u32,
        limits: Limits,
        opened: Opened,
    ) -> std::io::Result<Arc<Self>> {
        let port = Arc::new(Self {
            id,
            name,
            scope,
            next: Mutex::new(opened.listener.as_retransmitter().cloned()),
            queue: Queue::new(limits),
            greeting: OnceLock::new(),
            last_error: Mutex::default(),
            factory: opened.factory,
        });
        let feeder = Feeder::new(Arc::clone(&port), opened.listener);
        std::thread::Builder::new()
            // The operating system ends names at a NUL.
            .name(format!("gomon-{}", port.name.replace('\0', "")))
            .spawn(move || feeder.run())?;
        Ok(port)
    }

    pub(crate) fn id(&self) -> ListenerId {
        self.id
    }

    /// Puts a configuration's limits over its own.
    pub(crate) fn configure(&self, config: &Config) {
        let limits = |limits| config.queue_limits(&self.name, limits);
        self.queue.change_limits(limits);
    }

    /// Lets it be made anew, after what is queued, if its settings have changed since.
    pub(crate) fn replace_if_stale(&self) {
        if self.is_stale() {
            self.queue.replace();
        }
    }

    pub(super) fn next(&self) -> Option<Retransmitter> {
        self.next.lock().clone()
    }

    /// The listener is another one now. Gives back the retransmitter that it was, to be dropped without a lock.
    pub(super) fn change_next(&self, listener: &dyn Listener) -> Option<Retransmitter> {
        let next = listener.as_retransmitter().cloned();
        std::mem::replace(&mut *self.next.lock(), next)
    }

    pub(super) fn is_stale(&self) -> bool {
        let factory = self.factory.as_ref();
        factory.is_some_and(|factory| factory.is_stale())
    }

    pub(crate) fn scope(&self) -> u32 {
        self.scope
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Queues the application event.
    pub(crate) fn greet(&self, application: &Slice) {
        let _ = self.greeting.set(application.clone());
        self.queue.push(application.clone());
    }

    /// Queues a batch, or drops and counts it. It never waits. To be [announced](Self::announce), at once if it says
    /// so.
    #[must_use]
    pub(crate) fn push_quietly(&self, slice: Slice) -> bool {
        self.queue.push_quietly(slice)
    }

    /// Tells the listener's thread of what was queued.
    pub(crate) fn announce(&self) {
        self.queue.announce();
    }

    /// Queues a snapshot; if too many wait already it takes the place of the last. To be
    /// [announced](Self::announce).
    pub(crate) fn hand_out(&self, snapshot: &Snapshot) {
        self.queue.note(snapshot.clone());
    }

    /// Puts the listener into quarantine if it is stuck.
    pub(crate) fn check(&self) {
        self.queue.check();
    }

    /// Events that wait for it.
    pub(crate) fn pending(&self) -> u64 {
        self.queue.standing().pending
    }

    /// If it is a retransmitter, the listener behind it that most waits for.
    pub(crate) fn slowest_behind(&self) -> Option<Arc<Self>> {
        self.next()?.slowest()
    }

    /// Gives up what waits.
    pub(crate) fn shed(&self) {
        self.queue.shed();
    }

    pub(crate) fn start_flush(&self, ticket: FlushTicket) {
        self.queue.start_flush(ticket);
    }

    /// Waits until the listener has flushed for this ticket, or has ended, and so for the
    /// listeners behind it.
    pub(crate) fn wait_flushed(&self, ticket: FlushTicket) -> Flushed {
        match (self.queue.wait_flushed(ticket), self.next()) {
            (Flushed::Well, Some(next)) => next.wait_flushed(ticket.deadline),
            (flushed, _) => flushed,
        }
    }

    /// Lets the thread end once its queue is empty.
    pub(crate) fn begin_close(&self, deadline: Deadline) {
        self.queue.begin_close(deadline);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.queue.has_ended()
    }

    pub(crate) fn report(&self) -> ListenerReport {
        let Standing {
            replayed,
            delivered,
            dropped,
            pending,
            pending_bytes,
            high_water,
            quarantined_for,
            quarantines,
        } = self.queue.standing();
        ListenerReport {
            name: self.name.clone(),
            created: replayed,
            delivered,
            pending,
            pending_bytes,
            dropped: dropped.iter().collect(),
            queue_high_water: high_water,
            last_error: self.last_error.lock().clone(),
            quarantined_for,
            quarantines,
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
        port.queue.finish_close(deadline);
    }
}

impl Load for Slice {
    fn events(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self) -> u64 {
        self.memory_bytes()
    }
}
