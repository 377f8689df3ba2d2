//! Servers, peers and bodies that the tests share.

use std::convert::Infallible;
use std::future::{IntoFuture, pending};
use std::net::SocketAddr;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{Capture, in_flight};
use gomon_http::{MonitoredRequestBody, MonitoringLayer, serve};
use http::{HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, Service, ServiceExt};

pub(crate) const SERVER: &str = "http-wmux-servehttp";
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

/// A client that writes its bytes by hand.
pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("connected"))
    }

    /// A connection on which this much has been sent.
    pub(crate) async fn sending(address: SocketAddr, request: impl AsRef<[u8]>) -> Self {
        let mut peer = Self::connect(address).await;
        peer.send(request).await;
        peer
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// Reads until the bytes end with `end`, and gives all of them.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            read.push(self.0.read_u8().await.expect("more to read"));
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until the server closes; how it closes does not matter.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        self.0.read_to_end(&mut read).await.ok();
        String::from_utf8_lossy(&read).into_owned()
    }
}

/// A GET whose connection is closed after the answer.
pub(crate) fn head_of(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n")
}

/// Waits for `n` requests, and checks what holds for every one: a single closing event, and no unit
/// of work left.
pub(crate) fn ended(recorder: &Recorder, n: usize) -> Vec<Recorded> {
    let events = recorder.wait_for(SERVER, n);
    assert_eq!(events.len(), n, "{}", recorder.tree());
    let mut ids: Vec<_> = events.iter().map(|event| event.id().to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), n, "one closing event a request");
    let left = in_flight();
    assert!(left.is_empty(), "{left:?}");
    // Nothing is open any more: an event that ended twice would be here by now.
    assert_eq!(recorder.find(SERVER).len(), n, "{}", recorder.tree());
    events
}

/// The one request there was.
pub(crate) fn the_end(recorder: &Recorder) -> Recorded {
    ended(recorder, 1).remove(0)
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
