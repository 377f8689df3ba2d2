//! What the frameworks share whose servers are tower services: requests and answers over `http` 1.

use std::convert::Infallible;
use std::net::TcpListener;
use std::task::{Context, Poll};

use ::hyper::upgrade;
use ::tower::{BoxError, Service};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use gomon::Capture;
use gomon::http::MonitoringLayer;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Empty, Full, StreamBody};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::script::{self, Answer, Body, HEADERS, Locked, Script, TIMEOUT_STATUS, patience};

pub(crate) type OutBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// The layer that all of them have.
pub(crate) fn layer() -> MonitoringLayer {
    let timeout = StatusCode::from_u16(TIMEOUT_STATUS).expect("a status");
    MonitoringLayer::new()
        .capture(Capture::full())
        .request_id()
        .trace_response()
        .timeout_status(timeout)
}

/// The same socket for tokio.
pub(crate) fn tokio_listener(listener: TcpListener) -> tokio::net::TcpListener {
    tokio::net::TcpListener::from_std(listener).expect("a listener in a runtime")
}

/// The script as a service.
#[derive(Clone)]
pub(crate) struct Handler(pub(crate) Script);

impl<B> Service<Request<B>> for Handler
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<OutBody>;
    type Error = Locked;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        answer(self.0.clone(), request).boxed()
    }
}

/// A layer outside of gomon's, with a timeout for the one page that is about it.
#[derive(Clone)]
pub(crate) struct Impatient<S>(pub(crate) S);

impl<S, B> Service<Request<B>> for Impatient<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let patience = patience(request.uri().path());
        let call = self.0.call(request);
        async move { timeout(patience, call).await?.map_err(Into::into) }.boxed()
    }
}

/// Answers a request as the script says.
pub(crate) async fn answer<B>(
    script: Script,
    mut request: Request<B>,
) -> Result<Response<OutBody>, Locked>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    if request.uri().path() == "/upgrade" {
        let upgraded = upgrade::on(&mut request);
        tokio::task::spawn(async move {
            let io = TokioIo::new(upgraded.await.map_err(std::io::Error::other)?);
            script::echo(io).await
        });
        let answer = Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "websocket");
        return Ok(answer.body(body(Body::None)).expect("an answer"));
    }
    let (head, upload) = request.into_parts();
    let page = head.uri.path().rsplit('/').next().unwrap_or_default();
    let frames = BodyStream::new(upload).map(|frame| Ok(frame?.into_data().unwrap_or_default()));
    Ok(response(script.answer::<B::Error>(page, frames).await?))
}

/// An answer as a response.
pub(crate) fn response(answer: Answer) -> Response<OutBody> {
    let head = HEADERS
        .iter()
        .fold(Response::builder(), |head, (name, value)| {
            head.header(*name, *value)
        });
    let head = head.status(answer.status);
    head.body(body(answer.body)).expect("a response")
}

fn body(body: Body) -> OutBody {
    match body {
        Body::None => Empty::new().map_err(never).boxed_unsync(),
        Body::Text(text) => Full::from(text).map_err(never).boxed_unsync(),
        Body::Stream(chunks) => {
            StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
        }
    }
}

fn never(never: Infallible) -> std::io::Error {
    match never {}
}
