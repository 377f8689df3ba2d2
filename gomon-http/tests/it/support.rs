//! Servers, peers and bodies that the tests share.

use std::convert::Infallible;
use std::future::{IntoFuture, pending};
use std::net::SocketAddr;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use gomon_core::Capture;
use gomon_core::testing::{Recorded, Recorder};
use gomon_http::{MonitoredRequestBody, MonitoringLayer, serve};
use http::{HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};

pub(crate) use crate::ended::{SERVER, ended, ended_as, the_end};
pub(crate) use crate::peer::{Peer, head_of};

pub(crate) const CLIENT: &str = "http-roundtripper";

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// What a service below the layer is given by hyper.
pub(crate) type Incomings = Request<MonitoredRequestBody<Incoming>>;
/// What it answers.
pub(crate) type Answer = Response<OutBody>;
pub(crate) type OutBody = UnsyncBoxBody<Bytes, BoxError>;

/// Serves on a free port of the loopback interface until the runtime ends.
pub(crate) async fn start<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    gomon_core::spawn(serve(listener, service).into_future());
    address
}

/// Serves a handler below a layer that takes everything.
pub(crate) async fn start_handler<H, F>(handler: H) -> SocketAddr
where
    H: Fn(Incomings) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Answer, BoxError>> + Send + 'static,
{
    start(full_layer().layer(tower::service_fn(handler))).await
}

/// The layer with `Capture::full()`.
pub(crate) fn full_layer() -> MonitoringLayer {
    MonitoringLayer::new().capture(Capture::full())
}

/// A response that is there at once.
pub(crate) fn text(body: &'static str) -> Answer {
    Response::new(
        Full::new(Bytes::from_static(body.as_bytes()))
            .map_err(never)
            .boxed_unsync(),
    )
}

/// A response without a body.
pub(crate) fn empty(status: u16) -> Answer {
    let mut response = Response::new(Empty::new().map_err(never).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("status");
    response
}

/// A response whose body is this stream.
pub(crate) fn streaming<S>(chunks: S) -> Answer
where
    S: Stream<Item = Result<&'static str, BoxError>> + Send + 'static,
{
    let frames =
        chunks.map(|chunk| chunk.map(|chunk| Frame::data(Bytes::from_static(chunk.as_bytes()))));
    Response::new(StreamBody::new(frames).boxed_unsync())
}

/// These chunks, and then nothing for ever.
pub(crate) fn then_hang(
    chunks: &'static [&'static str],
) -> impl Stream<Item = Result<&'static str, BoxError>> + Send {
    stream::iter(chunks.iter().map(|chunk| Ok(*chunk))).chain(stream::once(pending()))
}

fn never(never: Infallible) -> BoxError {
    match never {}
}

/// A GET request for services called in place.
pub(crate) fn get(path: &str) -> Request<AxumBody> {
    Request::get(path).body(AxumBody::empty()).expect("request")
}

/// Calls a service in place below the given layer, reads the whole answer, and gives the request's
/// event.
pub(crate) async fn observed(
    layer: MonitoringLayer,
    request: Request<AxumBody>,
    answer: impl FnOnce() -> Answer,
) -> Recorded {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut answer = Some(answer());
            let service = layer.layer(tower::service_fn(
                |request: Request<MonitoredRequestBody<AxumBody>>| {
                    let answer = answer.take().expect("called once");
                    async move {
                        request.into_body().collect().await?;
                        Ok::<_, BoxError>(answer)
                    }
                },
            ));
            let response = service.oneshot(request).await.expect("answered");
            response.into_body().collect().await.ok();
        })
        .await;
    the_end(&recorder)
}

/// Switches to a protocol that answers each number with the next one.
pub(crate) async fn plus_one(mut request: Incomings) -> Result<Answer, BoxError> {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = TokioIo::new(upgrade.await.expect("upgraded"));
        let word = io.read_u32().await.expect("a word");
        io.write_u32(word + 1).await.expect("answered");
    });
    let mut answer = empty(101);
    let protocol = HeaderValue::from_static("plus-one");
    answer.headers_mut().insert(header::UPGRADE, protocol);
    Ok(answer)
}
