//! The response's body on its way out.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::Outcome;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use crate::held::Held;
use crate::telling::Before;

/// What the layer is told of a body: how long it is, where that is known.
pub(crate) struct Length(pub(crate) Option<u64>);

impl Body for Length {
    type Data = bytes::Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, io::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.0 == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.map(SizeHint::with_exact).unwrap_or_default()
    }
}

/// Replaces a response's body by one that ends the event; a response without one ends it now.
pub(crate) async fn watch(response: &mut rocket::Response<'_>, head: Response<()>, exchange: Held) {
    // rocket asks for it next, for the `content-length`.
    let size = response.body_mut().size().await;
    let length = match response.body().is_none() {
        true => Some(0),
        false => size.map(|size| size as u64),
    };
    let mut head = head.map(|()| Length(length));
    let before = Before::of(head.headers());
    let exchange = exchange.answered(&mut head);
    for (name, value) in before.added(head.headers()) {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        response.adjoin_raw_header(name.as_str().to_owned(), value);
    }
    let Some(exchange) = exchange else { return };
    let chunk = response.body().max_chunk_size();
    let body = MonitoredRead {
        inner: Some(response.body_mut().take()),
        exchange: Some(exchange),
    };
    match size {
        Some(size) => response.set_sized_body(size, body),
        None => response.set_streamed_body(body),
    }
    response.set_max_chunk_size(chunk);
}

/// A body with the event of its exchange.
struct MonitoredRead<'r> {
    // There until it is dropped, as part of the event.
    inner: Option<rocket::response::Body<'r>>,
    exchange: Option<Held>,
}

impl AsyncRead for MonitoredRead<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(Ok(()));
        };
        let Some(exchange) = &mut this.exchange else {
            return Pin::new(inner).poll_read(cx, buf);
        };
        let (before, room) = (buf.filled().len(), buf.remaining());
        let read = ready!(exchange.poll_future(cx, |cx| Pin::new(inner).poll_read(cx, buf)));
        let chunk = buf.filled().get(before..).unwrap_or_default();
        match &read {
            Ok(()) => exchange.passed(&Frame::data(chunk)),
            Err(error) => exchange.note_failure(error),
        }
        let last = read.is_err() || (chunk.is_empty() && room > 0);
        if last && let Some(exchange) = this.exchange.take() {
            exchange.end(Outcome::Completed);
        }
        Poll::Ready(read)
    }
}

/// rocket wants to be able to look for the end of a body whose size it knows. It was told, and does
/// not look.
impl AsyncSeek for MonitoredRead<'_> {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl Drop for MonitoredRead<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            exchange.settle(false);
            exchange.poll(|| self.inner = None);
        }
    }
}
