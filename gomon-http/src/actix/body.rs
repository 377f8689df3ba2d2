//! The response's body on its way out.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::MonitoredBody;
use crate::held::Held;
use crate::observed::answered;

pin_project! {
    /// A response's body with the event of its exchange: the same bytes and the same size. Errors
    /// come boxed, as the server would box them.
    ///
    /// The event ends when the body ends or fails, or when it is dropped. Dropped before its end it
    /// is `truncated`, unless nothing was left to send.
    pub struct MonitoredMessageBody<B> {
        #[pin]
        inner: MonitoredBody<Outgoing<B>>,
        size: BodySize,
    }
}

impl<B: MessageBody> MonitoredMessageBody<B> {
    /// The body of a response that nobody observes.
    pub(crate) fn unobserved(body: B) -> Self {
        let size = body.size();
        let inner = MonitoredBody::new(Outgoing { inner: body }, None);
        Self { inner, size }
    }

    /// The body of a response with this head, and the headers that it has now.
    pub(crate) fn of(head: Response<()>, body: B, exchange: Option<Held>) -> (Self, HeaderMap) {
        let size = body.size();
        let response = head.map(|()| Outgoing { inner: body });
        let (head, inner) = answered(response, exchange).into_parts();
        (Self { inner, size }, head.headers)
    }
}

impl<B: MessageBody> MessageBody for MonitoredMessageBody<B> {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let polled = self.project().inner.poll_frame(cx);
        // There are no frames but those of data.
        polled.map(|frame| frame.map(|frame| Ok(frame?.into_data().unwrap_or_default())))
    }
}

impl<B> fmt::Debug for MonitoredMessageBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredMessageBody")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A body of actix-web as one of `http-body`.
    struct Outgoing<B> {
        #[pin]
        inner: B,
    }
}

impl<B: MessageBody> Body for Outgoing<B> {
    type Data = Bytes;
    type Error = Box<dyn Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Box<dyn Error>>>> {
        let polled = self.project().inner.poll_next(cx);
        polled.map(|chunk| chunk.map(|chunk| chunk.map(Frame::data).map_err(Into::into)))
    }

    /// Nothing is polled of a body that says so before it is.
    fn is_end_stream(&self) -> bool {
        self.inner.size().is_eof()
    }

    fn size_hint(&self) -> SizeHint {
        match self.inner.size() {
            BodySize::None => SizeHint::with_exact(0),
            BodySize::Sized(size) => SizeHint::with_exact(size),
            BodySize::Stream => SizeHint::default(),
        }
    }
}
