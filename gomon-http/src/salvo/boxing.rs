//! Bodies as salvo holds them.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use salvo_core::BoxedError;

pin_project! {
    /// A body whose errors are boxed, which is how salvo has them.
    pub(crate) struct Boxing<B> {
        #[pin]
        body: B,
    }
}

impl<B> Boxing<B> {
    pub(crate) fn of(body: B) -> Self {
        Self { body }
    }
}

impl<B> Body for Boxing<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxedError>,
{
    type Data = Bytes;
    type Error = BoxedError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxedError>>> {
        let polled = self.project().body.poll_frame(cx);
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
