use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::reason::DropReason;
use crate::bus::retransmitter::Retransmitter;
use crate::event::Event;
use crate::event::batch::Events;

/// Receives every event, on a thread of its own.
///
/// The first event a listener sees is the application event, also when it is added later. It may
/// be slow, stuck or panicking: its queue is bounded and what it misses is counted, and neither
/// the application nor another listener waits for it. One that is stuck or panics too often is left
/// alone for a while, which is counted as `quarantined`, and tried again. What it does on that thread is never
/// monitored; a thread or runtime of its own it starts inside [`unmonitored`](crate::unmonitored),
/// or it would feed itself with what happens there.
///
/// ```
/// use gomon_core::{Event, Listener, ListenerError};
///
/// struct Failures(u64);
///
/// impl Listener for Failures {
///     fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
///         self.0 += u64::from(!event.errors().is_empty());
///         Ok(())
///     }
/// }
/// ```
///
/// A closure `|event: &Event| …` is a listener too.
pub trait Listener: Send + 'static {
    /// Takes one event.
    ///
    /// # Errors
    ///
    /// An error means that the event was not taken; it is counted as `listener_error`, or for the
    /// [reason](ListenerError::because) that the error gives.
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError>;

    /// Takes a batch, in order. By default one event after the other, also after an error.
    ///
    /// # Errors
    ///
    /// [`BatchError::delivered`] events were taken; the rest of the batch counts as
    /// `listener_error`, or for the [reason](ListenerError::because) that the cause gives.
    fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
        let mut first = None;
        for event in events.iter() {
            if let Err(cause) = self.feed(event) {
                events.note_refused(cause.reason());
                first.get_or_insert(cause);
            }
        }
        match first {
            None => Ok(()),
            Some(cause) => Err(BatchError {
                delivered: events.len() - events.refused(),
                cause,
            }),
        }
    }

    /// Takes the exact counts and times of everything that happened so far, on the listener's own
    /// thread.
    ///
    /// It comes every [`aggregate_interval`](crate::Builder::aggregate_interval), at each flush, and
    /// at the shutdown after the last event; each time after the events that were queued before it.
    /// A slow listener gets the latest: at most two wait for it.
    fn aggregates(&mut self, snapshot: &Snapshot) {
        let _ = snapshot;
    }

    /// Opens what the listener needs, once, before anything is fed, on the thread that adds it.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from working; the listener is then not added.
    fn start(&mut self) -> Result<(), ListenerError> {
        Ok(())
    }

    /// Passes on what is buffered. `deadline` is the time there is for it.
    ///
    /// # Errors
    ///
    /// What could not be passed on.
    fn flush(&mut self, deadline: Duration) -> Result<(), ListenerError> {
        let _ = deadline;
        Ok(())
    }

    /// Called on a retransmitter about once a second while nothing else is to do.
    #[doc(hidden)]
    fn tick(&mut self) {}

    /// The retransmitter that this listener is, which is how cycles are found.
    #[doc(hidden)]
    fn as_retransmitter(&self) -> Option<&Retransmitter> {
        None
    }
}

/// The name of a listener that has one of its own, as a retransmitter has.
pub(crate) fn own_name(listener: &dyn Listener) -> Option<&str> {
    listener.as_retransmitter().map(Retransmitter::name)
}

impl<F: FnMut(&Event) + Send + 'static> Listener for F {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self(event);
        Ok(())
    }
}

/// Why a listener did not take an event.
#[derive(Debug)]
pub struct ListenerError {
    cause: Box<dyn Error + Send + Sync>,
    reason: DropReason,
}

/// How far a listener got with a batch.
#[derive(Debug)]
pub struct BatchError {
    /// How many events of the batch were taken.
    pub delivered: usize,
    /// Why others were not: the first cause.
    pub cause: ListenerError,
}

impl ListenerError {
    /// Wraps a cause, or a message.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: cause.into(),
            reason: DropReason::ListenerError,
        }
    }

    /// Says under which reason the events that were not taken are counted.
    /// Default: [`DropReason::ListenerError`].
    ///
    /// ```
    /// use gomon_core::{DropReason, ListenerError};
    ///
    /// let error = ListenerError::new("status 400").because(DropReason::Rejected);
    /// assert_eq!(error.reason(), DropReason::Rejected);
    /// ```
    #[must_use]
    pub fn because(mut self, reason: DropReason) -> Self {
        self.reason = reason;
        self
    }

    /// Under which reason the events that were not taken are counted.
    #[must_use]
    pub fn reason(&self) -> DropReason {
        self.reason
    }
}

impl fmt::Display for ListenerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for ListenerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl From<std::io::Error> for ListenerError {
    fn from(cause: std::io::Error) -> Self {
        Self::new(cause)
    }
}

impl From<&'static str> for ListenerError {
    fn from(cause: &'static str) -> Self {
        Self::new(cause)
    }
}

impl From<String> for ListenerError {
    fn from(cause: String) -> Self {
        Self::new(cause)
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events taken: {}", self.delivered, self.cause)
    }
}

impl Error for BatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
