//! The payload of a request on its way to the handler.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame};

use crate::MonitoredRequestBody;
use crate::held::Held;

/// A payload as a body.
pub(crate) struct Upload(Payload);

impl Upload {
    pub(crate) fn take(request: &mut ServiceRequest) -> Self {
        Self(request.take_payload())
    }

    /// The payload for the handler, watched where there is one to watch.
    pub(crate) fn into_payload(self, exchange: Option<&Held>) -> Payload {
        if exchange.is_none() || self.is_end_stream() {
            return self.0;
        }
        let watched = Watched(MonitoredRequestBody::watched(self, exchange));
        Payload::Stream {
            payload: Box::pin(watched),
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.0).poll_next(cx);
        polled.map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Payload::None)
    }
}

/// A watched body as a payload again.
struct Watched(MonitoredRequestBody<Upload>);

impl Stream for Watched {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.0).poll_frame(cx);
        // An upload has no frames but those of data.
        polled.map(|frame| frame.map(|frame| Ok(frame?.into_data().unwrap_or_default())))
    }
}
