//! [`tokio::sync::oneshot`], which carries the sender's context along and whose waiters are known
//! to wait for a channel.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot as tokio_oneshot;
pub use tokio::sync::oneshot::error;
use tokio::sync::oneshot::error::{RecvError, TryRecvError};

use crate::context::message::Message;
use crate::wait::{Kind, Wait};

/// A channel for one value.
///
/// ```
/// # async fn _example() -> Result<(), gomon_core::sync::oneshot::error::RecvError> {
/// let (sender, receiver) = gomon_core::sync::oneshot::channel();
/// let _ = sender.send(42);
/// assert_eq!(*receiver.await?, 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = tokio_oneshot::channel();
    let receiver = Receiver {
        inner: receiver,
        wait: Wait::at(Kind::Channel, Location::caller()),
    };
    (Sender { inner: sender }, receiver)
}

/// Sends the value.
#[derive(Debug)]
pub struct Sender<T> {
    inner: tokio_oneshot::Sender<Message<T>>,
}

impl<T> Sender<T> {
    /// Sends the value, with the current context.
    ///
    /// # Errors
    ///
    /// If the receiver is gone: the value is handed back.
    pub fn send(self, value: T) -> Result<(), T> {
        let sent = self.inner.send(Message::new(value));
        sent.map_err(Message::into_inner)
    }

    /// Waits until the receiver is gone. That is no wait of a unit of work: who watches for it
    /// beside its work does not wait for a channel.
    pub async fn closed(&mut self) {
        self.inner.closed().await;
    }

    /// Whether the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Polls for the receiver to be gone.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_closed(cx)
    }
}

/// Awaits the value.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    inner: tokio_oneshot::Receiver<Message<T>>,
    wait: Wait,
}

impl<T> Receiver<T> {
    /// From now on nothing can be sent.
    pub fn close(&mut self) {
        self.inner.close();
    }

    /// Takes the value now.
    ///
    /// # Errors
    ///
    /// If it was not sent yet, or never will be.
    pub fn try_recv(&mut self) -> Result<Message<T>, TryRecvError> {
        self.inner.try_recv()
    }

    /// Takes the value, and blocks the thread until it is there.
    ///
    /// # Errors
    ///
    /// If it never will be.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<Message<T>, RecvError> {
        self.inner.blocking_recv()
    }

    /// Whether it was awaited to its end, or closed.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }

    /// Whether there is nothing in the channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<Message<T>, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let inner = Pin::new(&mut this.inner);
        this.wait.poll(cx, |cx| inner.poll(cx))
    }
}
