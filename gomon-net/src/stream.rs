//! The connection.
//!
//! # When does its event start and end?
//!
//! - `net-conn` opens when the connection is there: accepted, dialled, or taken over with `from`.
//! - It closes when the stream is dropped or handed back by
//!   [`into_inner`](MonitoredTcpStream::into_inner). The end of the peer's data and our own
//!   shutdown do not close it, as the other direction may go on.
//! - It is `failed` when a read, write, flush or shutdown gave an error, `panicked` when the stream
//!   was dropped by unwinding, else `completed`.
//! - `net-dial` spans one attempt to connect to one address, and is `cancelled` when dropped before
//!   its result.
//!
//! # What is measured?
//!
//! Bytes and calls are those of calls that came to a result; one that has to wait (`Pending`) is
//! counted when it is made again and has one. `read-time` and `write-time` are the time spent
//! inside such calls, which is the kernel's time to copy. Time spent waiting for the peer is not
//! measured: it would mean to keep the time of every call that had to wait, and idle
//! connections would look slow. A unit of work that waits says so itself, as `wait.net`: see
//! [`gomon_core::wait`].

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::wait::{self, Kind, Wait};
use gomon_core::{Context, EndGuard, EventTracker, Outcome, Uuid};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};

use crate::connection::{Buffer, Connection, TCP};
use crate::keys;

/// A [`tokio::net::TcpStream`] whose life is an event, `net-conn`.
///
/// Reading and writing pass through unchanged: results, readiness, and whether writes are
/// vectored.
#[derive(Debug)]
pub struct MonitoredTcpStream {
    inner: TcpStream,
    connection: Connection,
    read_wait: Wait,
    write_wait: Wait,
}

impl MonitoredTcpStream {
    /// Connects to the first address that answers, as [`TcpStream::connect`] does. Each attempt is
    /// a `net-dial` event; these and the `net-conn` of the connection are children of the current
    /// event.
    ///
    /// # Errors
    /// Those of [`TcpStream::connect`]: of the name's resolution, or of the last address tried.
    ///
    /// # Cancel safety
    /// As [`TcpStream::connect`]: dropping the future gives the attempt up.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last_error = None;
        for address in wait::on(Kind::Net, lookup_host(address)).await? {
            match dial(address).await {
                Ok(stream) => return Ok(Self::from(stream)),
                Err(error) => last_error = Some(error),
            }
        }
        Err(last_error.unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "could not resolve to any address",
            )
        }))
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of [`TcpStream::local_addr`], unchanged.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// Those of [`TcpStream::peer_addr`], unchanged.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of [`TcpStream::nodelay`], unchanged.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of [`TcpStream::set_nodelay`], unchanged.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// The hops a packet may take (`IP_TTL`).
    ///
    /// # Errors
    /// Those of [`TcpStream::ttl`], unchanged.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Sets the hops a packet may take (`IP_TTL`).
    ///
    /// # Errors
    /// Those of [`TcpStream::set_ttl`], unchanged.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// The id of the connection's event; `None` while gomon is switched off.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        self.connection.id()
    }

    /// Hands back the socket and closes the event.
    #[must_use]
    pub fn into_inner(self) -> TcpStream {
        self.inner
    }

    pub(crate) fn new(inner: TcpStream, connection: Connection) -> Self {
        Self {
            inner,
            connection,
            read_wait: Wait::new(Kind::Net),
            write_wait: Wait::new(Kind::Net),
        }
    }
}

/// Takes over a connection; its event is a child of the current one.
impl From<TcpStream> for MonitoredTcpStream {
    fn from(inner: TcpStream) -> Self {
        let connection = Connection::open(
            Context::current(),
            inner.local_addr().ok(),
            inner.peer_addr().ok(),
        );
        Self::new(inner, connection)
    }
}

impl AsyncRead for MonitoredTcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self {
            inner,
            connection,
            read_wait,
            ..
        } = self.get_mut();
        let (since, before) = (connection.now(), buf.filled().len());
        let buffer = if buf.remaining() > 0 {
            Buffer::HadRoom
        } else {
            Buffer::WasFull
        };
        let result = ready!(read_wait.poll(task, |task| Pin::new(inner).poll_read(task, buf)));
        let bytes = buf.filled().len().saturating_sub(before);
        connection.read(since, result.as_ref().map(|()| bytes), buffer);
        Poll::Ready(result)
    }
}

impl AsyncWrite for MonitoredTcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self {
            inner,
            connection,
            write_wait,
            ..
        } = self.get_mut();
        let since = connection.now();
        let result = ready!(write_wait.poll(task, |task| Pin::new(inner).poll_write(task, buf)));
        connection.wrote(since, result.as_ref().copied());
        Poll::Ready(result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self {
            inner,
            connection,
            write_wait,
            ..
        } = self.get_mut();
        let since = connection.now();
        let result =
            ready!(write_wait.poll(task, |task| Pin::new(inner).poll_write_vectored(task, bufs)));
        connection.wrote(since, result.as_ref().copied());
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        let Self {
            inner,
            connection,
            write_wait,
            ..
        } = self.get_mut();
        let result = ready!(write_wait.poll(task, |task| Pin::new(inner).poll_flush(task)));
        connection.flushed(result.as_ref().copied());
        Poll::Ready(result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        let Self {
            inner,
            connection,
            write_wait,
            ..
        } = self.get_mut();
        let result = ready!(write_wait.poll(task, |task| Pin::new(inner).poll_shutdown(task)));
        connection.shut_down(result.as_ref().copied());
        Poll::Ready(result)
    }
}

/// Socket options and readiness without a method here: reads and writes past the wrapper are not
/// counted.
#[cfg(unix)]
impl std::os::fd::AsFd for MonitoredTcpStream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// Connects to one address, as one `net-dial` event.
async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let mut event = EventTracker::new(keys::NET_DIAL);
    if event.is_recording() {
        event.set(keys::NET, TCP);
        if gomon_core::capture().remote_address() {
            event.set(keys::ADDR, address.to_string());
        }
    }
    let mut guard = EndGuard::new(event);
    let result = wait::on(Kind::Net, TcpStream::connect(address)).await;
    match &result {
        Ok(_) => guard.finish(Outcome::Completed),
        Err(error) => {
            guard.tracker().add_error(error);
            guard.finish(Outcome::Failed);
        }
    }
    result
}
