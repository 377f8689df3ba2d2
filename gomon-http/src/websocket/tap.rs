use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use gomon_core::{EndGuard, Outcome, Tree};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Frames;
use crate::keys;

/// Where the layer leaves the event of a request that turned its connection into a WebSocket. It travels in the extensions of requests
/// that ask for an upgrade.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether there is a socket: asked at each read and write.
    is_open: AtomicBool,
    socket: Mutex<Option<Socket>>,
}

/// An open WebSocket.
#[derive(Debug)]
struct Socket {
    guard: EndGuard,
    from_client: Frames,
    to_client: Frames,
    /// How much was seen of the empty line that ends the head of the response, which is still to be written.
    head_end: usize,
}

impl Tap {
    /// From here on the event is that of the WebSocket, and ends with its connection.
    pub(crate) fn open(&self, mut guard: EndGuard) {
        guard.tracker().send_opening();
        guard.on_drop(Outcome::Truncated);
        let socket = Socket {
            guard,
            from_client: Frames::default(),
            to_client: Frames::default(),
            head_end: 0,
        };
        let before = self.0.socket.lock().replace(socket);
        // Pairs with the load in `with`.
        self.0.is_open.store(true, Ordering::Release);
        drop(before);
    }

    fn with(&self, pass: impl FnOnce(&mut Socket)) {
        // Pairs with the store in `open`.
        if self.0.is_open.load(Ordering::Acquire)
            && let Some(socket) = &mut *self.0.socket.lock()
        {
            pass(socket);
        }
    }

    /// The connection has ended.
    fn close(&self) {
        let socket = self.0.socket.lock().take();
        if let Some(socket) = socket {
            socket.close();
        }
    }
}

impl Socket {
    fn wrote(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while self.head_end < HEAD_END.len() {
            let Some((first, rest)) = bytes.split_first() else {
                return;
            };
            self.head_end = match HEAD_END.get(self.head_end) {
                Some(wanted) if wanted == first => self.head_end + 1,
                _ => usize::from(*first == b'\r'),
            };
            bytes = rest;
        }
        self.to_client.pass(bytes);
    }

    /// One that was closed by either side is complete.
    fn close(mut self) {
        let code = self.from_client.close_code.or(self.to_client.close_code);
        let mut told = Tree::map()
            .with(keys::ws::MESSAGES_IN, self.from_client.messages)
            .with(keys::ws::MESSAGES_OUT, self.to_client.messages)
            .with(keys::ws::BYTES_IN, self.from_client.bytes)
            .with(keys::ws::BYTES_OUT, self.to_client.bytes);
        if let Some(code) = code {
            told = told.with(keys::ws::CLOSE_CODE, u64::from(code));
            self.guard.on_drop(Outcome::Completed);
        }
        self.guard.tracker().set(keys::WS, told);
        // The time since the switch was the client's.
        self.guard.poll(|| ());
    }
}

/// A connection's stream, as it is read and written.
#[derive(Debug)]
pub(crate) struct TapIo<Io> {
    io: Io,
    tap: Tap,
}

impl<Io> TapIo<Io> {
    pub(crate) fn new(io: Io, tap: Tap) -> Self {
        Self { io, tap }
    }
}

impl<Io> Drop for TapIo<Io> {
    fn drop(&mut self) {
        self.tap.close();
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for TapIo<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buf);
        let read = buf.filled().get(before..).unwrap_or_default();
        if !read.is_empty() {
            this.tap.with(|socket| socket.from_client.pass(read));
        }
        polled
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for TapIo<Io> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &polled {
            let written = bytes.get(..*count).unwrap_or_default();
            this.tap.with(|socket| socket.wrote(written));
        }
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(count)) = &polled {
            this.tap.with(|socket| {
                let mut left = *count;
                for slice in slices {
                    let written = slice.get(..left).unwrap_or(slice);
                    socket.wrote(written);
                    left -= written.len();
                }
            });
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// The end of the last header line, and an empty line.
const HEAD_END: &[u8] = b"\r\n\r\n";
