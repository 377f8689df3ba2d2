//! [`crossbeam_channel`], bounded, which carries the senders' contexts along.
//!
//! Its methods block the thread, so they are no waits of a unit of work: inside of one they are
//! part of `busy`.

use std::fmt;
use std::time::{Duration, Instant};

pub use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

use crate::context::message::Message;

/// A channel with room for so many messages; with room for none, sender and receiver meet.
///
/// ```
/// use gomon_core::EventTracker;
///
/// let (sender, receiver) = gomon_core::channel::crossbeam::bounded(16);
/// EventTracker::new("order").enter(|| sender.send("ada"))?;
/// drop(sender);
/// for message in &receiver {
///     // Its events are children of "order".
///     message.enter(|name| println!("{name}"));
/// }
/// # Ok::<(), gomon_core::channel::crossbeam::SendError<&str>>(())
/// ```
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = crossbeam_channel::bounded(capacity);
    (Sender { inner: sender }, Receiver { inner: receiver })
}

/// Sends messages, each with the context that is current then.
pub struct Sender<T> {
    inner: crossbeam_channel::Sender<Message<T>>,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Sender<T> {
    /// Sends a message, and blocks the thread until there is room for it.
    ///
    /// # Errors
    ///
    /// If all receivers are gone: the message is handed back.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let sent = self.inner.send(Message::new(value));
        sent.map_err(|SendError(message)| SendError(message.into_inner()))
    }

    /// Sends a message now.
    ///
    /// # Errors
    ///
    /// If there is no room or no receiver: the message is handed back.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let sent = self.inner.try_send(Message::new(value));
        sent.map_err(|error| match error {
            TrySendError::Full(message) => TrySendError::Full(message.into_inner()),
            TrySendError::Disconnected(message) => TrySendError::Disconnected(message.into_inner()),
        })
    }

    /// Sends a message, and blocks the thread no longer than that.
    ///
    /// # Errors
    ///
    /// If time was up or no receiver is left: the message is handed back.
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let sent = self.inner.send_timeout(Message::new(value), timeout);
        sent.map_err(untimely)
    }

    /// Sends a message, and blocks the thread no longer than until then.
    ///
    /// # Errors
    ///
    /// If time was up or no receiver is left: the message is handed back.
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let sent = self.inner.send_deadline(Message::new(value), deadline);
        sent.map_err(untimely)
    }

    /// Whether there is no message in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether there is no room in it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inner.is_full()
    }

    /// How many messages are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether both send into one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

fn untimely<T>(error: SendTimeoutError<Message<T>>) -> SendTimeoutError<T> {
    match error {
        SendTimeoutError::Timeout(message) => SendTimeoutError::Timeout(message.into_inner()),
        SendTimeoutError::Disconnected(message) => {
            SendTimeoutError::Disconnected(message.into_inner())
        }
    }
}

/// Receives messages; of clones, each message goes to one.
pub struct Receiver<T> {
    inner: crossbeam_channel::Receiver<Message<T>>,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Takes a message, and blocks the thread until there is one.
    ///
    /// # Errors
    ///
    /// If all senders are gone and no message is left.
    pub fn recv(&self) -> Result<Message<T>, RecvError> {
        self.inner.recv()
    }

    /// Takes a message now.
    ///
    /// # Errors
    ///
    /// If there is none yet, or will be none.
    pub fn try_recv(&self) -> Result<Message<T>, TryRecvError> {
        self.inner.try_recv()
    }

    /// Takes a message, and blocks the thread no longer than that.
    ///
    /// # Errors
    ///
    /// If time was up, or no message will come.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Message<T>, RecvTimeoutError> {
        self.inner.recv_timeout(timeout)
    }

    /// Takes a message, and blocks the thread no longer than until then.
    ///
    /// # Errors
    ///
    /// If time was up, or no message will come.
    pub fn recv_deadline(&self, deadline: Instant) -> Result<Message<T>, RecvTimeoutError> {
        self.inner.recv_deadline(deadline)
    }

    /// Takes messages as they come, and blocks the thread in between, until none will come.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            inner: self.inner.iter(),
        }
    }

    /// Takes the messages that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = Message<T>> + '_ {
        self.inner.try_iter()
    }

    /// Whether there is no message in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// How many messages are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// For how many messages there is room at the most.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.inner.capacity()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = Message<T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// Takes messages as they come: see [`Receiver::iter`].
pub struct Iter<'a, T> {
    inner: crossbeam_channel::Iter<'a, Message<T>>,
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Message<T>;

    fn next(&mut self) -> Option<Message<T>> {
        self.inner.next()
    }
}
