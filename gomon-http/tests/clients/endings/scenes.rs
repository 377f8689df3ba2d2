//! What can happen to a request.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use gomon_core::FutureExt;
use gomon_http::{ClientLayer, MonitoredRequestBody};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use tokio::net::TcpListener;
use tower::timeout::TimeoutLayer;
use tower::{Layer, ServiceBuilder, ServiceExt};

use super::clients::{Answer, Body, Client, Sending, boxed, nothing};
use super::server::Fickle;
use crate::server::{Delays, Server};
use crate::support::BoxError;

/// A row of the table.
pub(super) struct Scene {
    pub(super) what: &'static str,
    pub(super) ending: Ending,
    /// The outcomes of the events, in order.
    pub(super) expected: fn(Client) -> Vec<&'static str>,
    /// Why it cannot happen to this client.
    pub(super) absent: fn(Client) -> Option<&'static str>,
    pub(super) play: fn(Client) -> Playing,
}

pub(super) type Playing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a scene ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an error of the transport, which the event has to tell.
    OfTransport,
    Otherwise,
}

impl Scene {
    const fn new(
        what: &'static str,
        expected: fn(Client) -> Vec<&'static str>,
        play: fn(Client) -> Playing,
    ) -> Self {
        Self {
            what,
            ending: Ending::Otherwise,
            expected,
            absent: |_| None,
            play,
        }
    }

    const fn of_transport(self) -> Self {
        Self {
            ending: Ending::OfTransport,
            ..self
        }
    }

    const fn unless(self, absent: fn(Client) -> Option<&'static str>) -> Self {
        Self { absent, ..self }
    }
}

pub(super) static SCENES: [Scene; 20] = [
    Scene::new(
        "the answer is read to its end",
        |_| vec!["completed"],
        |client| Box::pin(read(client, "/")),
    ),
    Scene::new(
        "HEAD",
        |_| vec!["completed"],
        |client| Box::pin(head(client)),
    ),
    Scene::new(
        "204",
        |_| vec!["completed"],
        |client| Box::pin(drop_answer(client, "/empty")),
    ),
    Scene::new(
        "503",
        |_| vec!["failed"],
        |client| Box::pin(read(client, "/busy")),
    ),
    Scene::new(
        "a connection is used again",
        |_| vec!["completed"; 2],
        |client| Box::pin(twice(client)),
    ),
    Scene::new("a redirect", redirected, |client| {
        Box::pin(read(client, "/moved"))
    }),
    Scene::new(
        "a retry after 503",
        |_| vec!["failed", "completed"],
        |client| Box::pin(again(client)),
    ),
    Scene::new(
        "the server is gone before it answers",
        |_| vec!["failed"],
        |client| Box::pin(fail(client, "/gone")),
    )
    .of_transport(),
    Scene::new(
        "the server breaks off in the body",
        |_| vec!["failed"],
        |client| Box::pin(read(client, "/reset")),
    )
    .of_transport(),
    Scene::new(
        "nobody listens",
        |_| vec!["failed"],
        |client| Box::pin(refused(client)),
    )
    .of_transport(),
    Scene::new(
        "the name is not found",
        |_| vec!["failed"],
        |client| Box::pin(unknown(client)),
    )
    .of_transport(),
    Scene::new(
        "the certificate is not trusted",
        |_| vec!["failed"],
        |client| Box::pin(distrusted(client)),
    )
    .of_transport(),
    Scene::new(
        "the call is dropped before the answer",
        |_| vec!["cancelled"],
        |client| Box::pin(dropped(client)),
    ),
    Scene::new(
        "the body is dropped before its end",
        |_| vec!["truncated"],
        |client| Box::pin(drop_answer(client, "/hang")),
    ),
    Scene::new(
        "the client's own timeout",
        |_| vec!["timed-out"],
        |client| Box::pin(own_timeout(client)),
    )
    .of_transport()
    .unless(|client| {
        client
            .is_hyper()
            .then_some("hyper-util's client has no timeout for a request")
    }),
    Scene::new(
        "tower's timeout inside of the layer",
        |_| vec!["timed-out"],
        |_| Box::pin(inner_timeout()),
    )
    .unless(|client| {
        (!client.is_hyper())
            .then_some("between the event and this client there is no place for a layer")
    }),
    Scene::new(
        "tower's timeout outside",
        |_| vec!["cancelled"],
        |client| Box::pin(outer_timeout(client)),
    ),
    Scene::new(
        "`gomon::time::timeout` outside",
        |_| vec!["timed-out"],
        |client| Box::pin(known_timeout(client)),
    ),
    Scene::new(
        "the request's body panics",
        |_| vec!["failed"],
        |client| Box::pin(panicking_request(client)),
    )
    .of_transport(),
    Scene::new(
        "the response's body panics",
        |_| vec!["panicked"],
        |_| Box::pin(panicking_response()),
    )
    .unless(|client| {
        (!client.is_hyper()).then_some("nothing of a caller's runs inside of this client's bodies")
    }),
];

fn redirected(client: Client) -> Vec<&'static str> {
    match client.is_reqwest() {
        true => vec!["completed", "completed"],
        // The redirect is the answer.
        false => vec!["completed"],
    }
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

async fn open(client: Client) -> (Fickle, Sending) {
    let server = Fickle::start().await;
    let trust = Server::plain(Delays::default()).await.trust;
    let send = client.open(&server.url(""), &trust, LONG);
    (server, send)
}

fn get(url: String) -> Request<Body> {
    Request::get(url).body(nothing()).expect("request")
}

/// What comes of reading it to its end.
async fn to_end(answer: Answer) -> Result<Bytes, BoxError> {
    Ok(answer?.into_body().collect().await?.to_bytes())
}

async fn read(client: Client, path: &str) {
    let (server, send) = open(client).await;
    // Whether it can be read is for the event to say.
    to_end(send(get(server.url(path))).await).await.ok();
}

async fn fail(client: Client, path: &str) {
    let (server, send) = open(client).await;
    assert!(send(get(server.url(path))).await.is_err());
}

async fn head(client: Client) {
    let (server, send) = open(client).await;
    let mut request = get(server.url("/"));
    *request.method_mut() = Method::HEAD;
    drop(send(request).await.expect("answered"));
}

async fn drop_answer(client: Client, path: &str) {
    let (server, send) = open(client).await;
    drop(send(get(server.url(path))).await.expect("answered"));
}

async fn twice(client: Client) {
    let (server, send) = open(client).await;
    for _ in 0..2 {
        to_end(send(get(server.url("/"))).await)
            .await
            .expect("read");
    }
}

async fn again(client: Client) {
    let (server, send) = open(client).await;
    for path in ["/busy", "/"] {
        to_end(send(get(server.url(path))).await)
            .await
            .expect("read");
    }
}

async fn refused(client: Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let nobody = format!("http://{}", listener.local_addr().expect("address"));
    drop(listener);
    fail_at(client, &nobody).await;
}

async fn unknown(client: Client) {
    fail_at(client, "http://nowhere.example").await;
}

async fn distrusted(client: Client) {
    let server = Server::tls(Delays::default(), &["h2", "http/1.1"]).await;
    fail_at(
        client,
        &format!("https://localhost:{}", server.address.port()),
    )
    .await;
}

/// Sends a request there, by a client that trusts another.
async fn fail_at(client: Client, origin: &str) {
    let other = Server::tls(Delays::default(), &[]).await;
    let send = client.open(origin, &other.trust, LONG);
    let answer = send(get(format!("{origin}/"))).await;
    answer.expect_err("no answer");
}

async fn dropped(client: Client) {
    let (server, send) = open(client).await;
    let call = send(get(server.url("/never")));
    tokio::select! {
        _ = call => unreachable!("it never answers"),
        () = server.came.notified() => {}
    }
}

async fn own_timeout(client: Client) {
    let server = Fickle::start().await;
    let trust = Server::plain(Delays::default()).await.trust;
    let send = client.open(&server.url(""), &trust, SHORT);
    send(get(server.url("/never"))).await.expect_err("too late");
}

async fn inner_timeout() {
    let never = tower::service_fn(|_: Request<MonitoredRequestBody<Body>>| {
        std::future::pending::<Result<Response<Full<Bytes>>, io::Error>>()
    });
    let client = ServiceBuilder::new()
        .layer(ClientLayer::new())
        .layer(TimeoutLayer::new(SHORT))
        .service(never);
    let request = get("http://stock.example/".into());
    client.oneshot(request).await.expect_err("too late");
}

async fn outer_timeout(client: Client) {
    let (server, send) = open(client).await;
    let call = tower::service_fn(move |request| {
        let answering = send(request);
        async move { answering.await.map_err(io::Error::other) }
    });
    let call = TimeoutLayer::new(SHORT).layer(call);
    let error = call.oneshot(get(server.url("/never"))).await;
    error.expect_err("too late");
}

async fn known_timeout(client: Client) {
    let (server, send) = open(client).await;
    let call = send(get(server.url("/never")));
    let late = gomon_core::time::timeout(SHORT, call).await;
    late.map(drop).expect_err("too late");
}

async fn panicking_request(client: Client) {
    let (server, send) = open(client).await;
    let mut request = get(server.url("/"));
    *request.method_mut() = Method::POST;
    *request.body_mut() = panicking();
    let sent = tokio::spawn(send(request).in_current()).await;
    sent.expect("it is the connection's task that panics")
        .expect_err("no answer");
}

async fn panicking_response() {
    let panics = tower::service_fn(async |_: Request<MonitoredRequestBody<Body>>| {
        Ok::<_, io::Error>(Response::new(panicking()))
    });
    let call = ClientLayer::new()
        .layer(panics)
        .oneshot(get("http://stock.example/".into()));
    let reading = async move {
        let answer = call.await.expect("answered");
        answer.into_body().collect().await.map(drop)
    };
    tokio::spawn(reading.in_current())
        .await
        .expect_err("it panics");
}

/// A body that panics when it is polled.
fn panicking() -> Body {
    let frames = stream::once(async { panic_as_a_frame() });
    boxed(StreamBody::new(frames))
}

fn panic_as_a_frame() -> Result<http_body::Frame<Bytes>, io::Error> {
    panic!("a body that panics")
}
