//! A connection that knows which request it was made for.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use pin_project_lite::pin_project;

/// The request that asked for a connection; hyper's client hands it to those that are given the
/// connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MadeFor(pub(crate) u64);

pin_project! {
    /// A connection of a [`MonitoredConnector`](crate::MonitoredConnector): the same bytes.
    pub struct MonitoredConn<T> {
        #[pin]
        inner: T,
        made_for: MadeFor,
        of_proxy: bool,
    }
}

impl<T> MonitoredConn<T> {
    pub(crate) fn new(inner: T, made_for: MadeFor) -> Self {
        Self {
            inner,
            made_for,
            of_proxy: false,
        }
    }

    /// It is a proxy's, which is sent whole URLs.
    #[cfg(feature = "client-proxy")]
    pub(crate) fn of_proxy(self) -> Self {
        Self {
            of_proxy: true,
            ..self
        }
    }

    /// The connection itself.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Connection> Connection for MonitoredConn<T> {
    fn connected(&self) -> Connected {
        let connected = self.inner.connected().extra(self.made_for);
        if self.of_proxy {
            connected.proxy(true)
        } else {
            connected
        }
    }
}

impl<T: Read> Read for MonitoredConn<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

impl<T: Write> Write for MonitoredConn<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }
}

impl<T> fmt::Debug for MonitoredConn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredConn").finish_non_exhaustive()
    }
}
