//! [`tokio::sync::mpsc`], bounded, which carries the senders' contexts along and whose waiters are
//! known to wait for a channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc as tokio_mpsc;
pub use tokio::sync::mpsc::error;
use tokio::sync::mpsc::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};

use crate::context::message::Message;
use crate::wait::{Kind, On, Wait, on};

/// A channel with room for so many messages.
///
/// # Panics
///
/// If there is room for none, or for more than [`Semaphore::MAX_PERMITS`](super::Semaphore).
///
/// ```
/// # async fn _example() {
/// use gomon_core::EventTracker;
///
/// let (sender, mut receiver) = gomon_core::sync::mpsc::channel(16);
/// EventTracker::new("order").enter(|| sender.try_send("ada")).ok();
/// while let Some(message) = receiver.recv().await {
///     // Its events are children of "order".
///     message.scope(|name| async move { println!("{name}") }).await;
/// }
/// # }
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = tokio_mpsc::channel(capacity);
    let receiver = Receiver {
        inner: receiver,
        wait: Wait::at(Kind::Channel, Location::caller()),
    };
    (Sender { inner: sender }, receiver)
}

/// Sends messages, each with the context that is current then.
pub struct Sender<T> {
    inner: tokio_mpsc::Sender<Message<T>>,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Sender<T> {
    /// Sends a message as soon as there is room for it. Dropped before, the message is lost.
    ///
    /// # Errors
    ///
    /// If the receiver is gone: the message is handed back.
    #[track_caller]
    pub fn send(&self, value: T) -> On<impl Future<Output = Result<(), SendError<T>>>> {
        let message = Message::new(value);
        on(Kind::Channel, async move {
            self.inner.send(message).await.map_err(unsent)
        })
    }

    /// The same, but no later than after that time.
    ///
    /// # Errors
    ///
    /// If time was up or the receiver is gone: the message is handed back.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its timers enabled.
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        timeout: Duration,
    ) -> On<impl Future<Output = Result<(), SendTimeoutError<T>>>> {
        let message = Message::new(value);
        on(Kind::Channel, async move {
            let sent = self.inner.send_timeout(message, timeout).await;
            sent.map_err(|error| match error {
                SendTimeoutError::Timeout(message) => {
                    SendTimeoutError::Timeout(message.into_inner())
                }
                SendTimeoutError::Closed(message) => SendTimeoutError::Closed(message.into_inner()),
            })
        })
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
            TrySendError::Closed(message) => TrySendError::Closed(message.into_inner()),
        })
    }

    /// Sends a message, and blocks the thread until there is room for it.
    ///
    /// # Errors
    ///
    /// If the receiver is gone: the message is handed back.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        self.inner
            .blocking_send(Message::new(value))
            .map_err(unsent)
    }

    /// Waits for room, and keeps it for one message.
    ///
    /// # Errors
    ///
    /// If the receiver is gone.
    #[track_caller]
    pub fn reserve(&self) -> On<impl Future<Output = Result<Permit<'_, T>, SendError<()>>>> {
        on(Kind::Channel, async move {
            let inner = self.inner.reserve().await?;
            Ok(Permit { inner })
        })
    }

    /// Keeps room for one message, if there is room now.
    ///
    /// # Errors
    ///
    /// If there is no room or no receiver.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let inner = self.inner.try_reserve()?;
        Ok(Permit { inner })
    }

    /// Waits until the receiver is gone. That is no wait of a unit of work: who watches for it
    /// beside its work does not wait for a channel.
    pub async fn closed(&self) {
        self.inner.closed().await;
    }

    /// Whether the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Whether both send into one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// For how many messages there is room now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// For how many messages there is room at the most.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            inner: self.inner.downgrade(),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

fn unsent<T>(SendError(message): SendError<Message<T>>) -> SendError<T> {
    SendError(message.into_inner())
}

/// Room for one message: see [`Sender::reserve`].
#[must_use = "dropped, the room is given back"]
pub struct Permit<'a, T> {
    inner: tokio_mpsc::Permit<'a, Message<T>>,
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<T> Permit<'_, T> {
    /// Sends the message, with the context that is current now.
    pub fn send(self, value: T) {
        self.inner.send(Message::new(value));
    }
}

/// A sender that does not keep the channel open: see [`Sender::downgrade`].
#[must_use = "upgrade it to send"]
pub struct WeakSender<T> {
    inner: tokio_mpsc::WeakSender<Message<T>>,
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

impl<T> WeakSender<T> {
    /// A sender, unless all are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let inner = self.inner.upgrade()?;
        Some(Sender { inner })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

/// Receives messages.
pub struct Receiver<T> {
    inner: tokio_mpsc::Receiver<Message<T>>,
    wait: Wait,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Waits for a message; `None` when all senders are gone, or the channel was closed, and none
    /// is left. Dropped before, no message is lost.
    #[track_caller]
    pub fn recv(&mut self) -> On<impl Future<Output = Option<Message<T>>>> {
        on(Kind::Channel, self.inner.recv())
    }

    /// Waits for messages and adds up to so many to `buffer`; says how many, none if none will come
    /// or none were asked for. Dropped before, no message is lost.
    #[track_caller]
    pub fn recv_many(
        &mut self,
        buffer: &mut Vec<Message<T>>,
        limit: usize,
    ) -> On<impl Future<Output = usize>> {
        on(Kind::Channel, self.inner.recv_many(buffer, limit))
    }

    /// Takes a message now.
    ///
    /// # Errors
    ///
    /// If there is none yet, or will be none.
    pub fn try_recv(&mut self) -> Result<Message<T>, TryRecvError> {
        self.inner.try_recv()
    }

    /// Takes a message, and blocks the thread until there is one.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<Message<T>> {
        self.inner.blocking_recv()
    }

    /// Polls for a message.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message<T>>> {
        let inner = &mut self.inner;
        self.wait.poll(cx, |cx| inner.poll_recv(cx))
    }

    /// From now on nothing can be sent; what was sent can still be received.
    pub fn close(&mut self) {
        self.inner.close();
    }

    /// Whether all senders are gone or it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
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

    /// For how many messages there is room now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// For how many messages there is room at the most.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }
}
