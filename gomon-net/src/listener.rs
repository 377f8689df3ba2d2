//! The listening socket.
//!
//! # When does its event start and end?
//!
//! - `net-listener` opens when the socket is bound or taken over, and closes when it is dropped or
//!   handed back by [`into_inner`](MonitoredTcpListener::into_inner).
//! - An error of `accept` is counted in `accept-errors` and handed on; it does not end the event,
//!   nor is the event's outcome a failure for it: the socket goes on listening.
//! - The `net-conn` of an accepted connection is its child.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::conn::{Accept, Accepted, ConnInfo};
use gomon_core::wait::{self, Kind};
use gomon_core::{Context, EventTracker};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

use crate::connection::Connection;
use crate::keys;
use crate::stream::MonitoredTcpStream;

/// A [`tokio::net::TcpListener`] whose life is an event, `net-listener`, and whose connections are
/// [`MonitoredTcpStream`]s.
#[derive(Debug)]
pub struct MonitoredTcpListener {
    inner: TcpListener,
    life: Life,
}

impl MonitoredTcpListener {
    /// Binds a listening socket, as [`TcpListener::bind`] does.
    ///
    /// # Errors
    /// Those of [`TcpListener::bind`], unchanged.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self::from)
    }

    /// Accepts a connection, and gives its peer's address with it.
    ///
    /// # Errors
    /// Those of [`TcpListener::accept`], unchanged; most of them concern the one connection, or
    /// pass, as running out of file descriptors does.
    ///
    /// # Cancel safety
    /// As [`TcpListener::accept`]: no connection is lost when the future is dropped.
    pub async fn accept(&self) -> io::Result<(MonitoredTcpStream, SocketAddr)> {
        let accepted = wait::on(Kind::Net, self.inner.accept()).await;
        self.note(accepted)
    }

    /// Polls for a connection. As with [`TcpListener::poll_accept`], only the task that polled last
    /// is woken; several may wait in [`accept`](Self::accept).
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(
        &self,
        task: &mut TaskContext<'_>,
    ) -> Poll<io::Result<(MonitoredTcpStream, SocketAddr)>> {
        let accepted = ready!(self.inner.poll_accept(task));
        Poll::Ready(self.note(accepted))
    }

    /// Counts a result of accepting, and opens the event of the connection.
    fn note(
        &self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) -> io::Result<(MonitoredTcpStream, SocketAddr)> {
        let counter = if accepted.is_ok() {
            &self.life.conns
        } else {
            &self.life.accept_errors
        };
        counter.fetch_add(1, Relaxed);
        let (stream, peer) = accepted?;
        let local = stream.local_addr().ok();
        let connection = Connection::open(self.life.context(), local, Some(peer));
        Ok((MonitoredTcpStream::new(stream, connection), peer))
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of [`TcpListener::local_addr`], unchanged.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Hands back the socket and closes the event. Connections that were accepted stay monitored.
    #[must_use]
    pub fn into_inner(self) -> TcpListener {
        self.inner
    }
}

/// Takes over a socket that listens already.
impl From<TcpListener> for MonitoredTcpListener {
    fn from(inner: TcpListener) -> Self {
        let life = Life::open(inner.local_addr().ok());
        Self { inner, life }
    }
}

impl Accept for MonitoredTcpListener {
    type Io = MonitoredTcpStream;

    async fn accept(&mut self) -> io::Result<Accepted<Self::Io>> {
        let (io, peer) = Self::accept(self).await?;
        let info = ConnInfo::new(Some(peer), io.local_addr().ok()).with_id(io.id());
        Ok(Accepted { io, info })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Self::local_addr(self)
    }
}

/// The event and its counters; dropping it sends the closing event.
#[derive(Debug)]
struct Life {
    event: EventTracker,
    conns: AtomicU64,
    accept_errors: AtomicU64,
}

impl Life {
    fn open(local: Option<SocketAddr>) -> Self {
        let mut event = EventTracker::in_context(keys::NET_LISTENER, Context::application());
        // What lives long is recorded even where its trace was to be left out.
        if event.id().is_some() {
            if let Some(local) = local {
                event.set(keys::LADDR, local.to_string());
            }
            event.send_opening();
        }
        Self {
            event,
            conns: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
        }
    }

    /// The parent of the connections; the application where the socket was bound before gomon
    /// recorded, for its event is never sent.
    fn context(&self) -> Context {
        if self.event.is_recording() {
            self.event.context()
        } else {
            Context::application()
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let (conns, accept_errors) = (*self.conns.get_mut(), *self.accept_errors.get_mut());
        self.event
            .set(keys::CONNS, conns)
            .set(keys::ACCEPT_ERRORS, accept_errors);
    }
}
