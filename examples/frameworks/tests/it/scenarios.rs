//! How a request may end. Each of these is played under each framework.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::framework::{Layers, Running};
use crate::peer::{Peer, head_of};

/// A way to end.
pub(crate) struct Scenario {
    /// As the table says it.
    pub(crate) name: &'static str,
    pub(crate) layers: Layers,
    /// Requests it makes, all of which end alike.
    pub(crate) requests: usize,
    /// What the event contract says of them.
    pub(crate) expected: &'static str,
    pub(crate) play: for<'a> fn(&'a mut Running) -> LocalBoxFuture<'a, ()>,
}

/// Often enough that a race between the client's end and the server's would show.
const TIMES: usize = 5;

/// All of them, in the order of the table.
pub(crate) const SCENARIOS: [Scenario; 24] = [
    of("answered", "completed", |s| {
        get(s, "GET", "/whole").boxed_local()
    }),
    of("HEAD", "completed", |s| {
        get(s, "HEAD", "/whole").boxed_local()
    }),
    of("status 204", "completed", |s| {
        get(s, "GET", "/empty").boxed_local()
    }),
    of("status 304", "completed", |s| {
        get(s, "GET", "/unchanged").boxed_local()
    }),
    of("three requests on a connection", "completed", |s| {
        keep_alive(s).boxed_local()
    })
    .times(3),
    of("client gone before the answer", "cancelled", |s| {
        gone_before(s).boxed_local()
    })
    .times(TIMES),
    of(
        "client gone in the request's body",
        "completed, error noted",
        |s| gone_in_upload(s).boxed_local(),
    )
    .times(TIMES),
    of("client gone in the response's body", "truncated", |s| {
        gone_in(s, "/half", "first").boxed_local()
    })
    .times(TIMES),
    of("client has enough of an endless stream", "truncated", |s| {
        gone_in(s, "/ticks", "data: tick\n\n").boxed_local()
    })
    .times(TIMES),
    of("panic in the handler", "panicked", |s| {
        get(s, "GET", "/panic").boxed_local()
    }),
    of("panic in the response's body", "panicked", |s| {
        get(s, "GET", "/torn").boxed_local()
    }),
    of("error in the response's body", "failed", |s| {
        get(s, "GET", "/lost").boxed_local()
    }),
    of("status 500", "failed", |s| {
        get(s, "GET", "/busy").boxed_local()
    }),
    of("error of the handler", "failed", |s| {
        get(s, "GET", "/locked").boxed_local()
    }),
    of(
        "timeout inside, answered with a `timeout_status`",
        "timed-out",
        |s| get(s, "GET", "/inside").boxed_local(),
    ),
    of("timeout outside", "cancelled", |s| {
        get(s, "GET", "/outside").boxed_local()
    }),
    of("upgrade", "completed, hijack", |s| upgrade(s).boxed_local()),
    of("server stopped while it answers", "completed", |s| {
        stopped(s).boxed_local()
    }),
    of("runtime dropped", "cancelled", |s| dropped(s).boxed_local()),
    of(ABANDONED, "abandoned", |s| open(s).boxed_local()),
    of("below two layers", "completed", |s| {
        get(s, "GET", "/whole").boxed_local()
    })
    .nested(),
    of("HTTP/2: answered", "completed", |s| http2(s).boxed_local()),
    of("HTTP/2: stream reset before the answer", "cancelled", |s| {
        reset_before(s).boxed_local()
    })
    .times(TIMES),
    of(
        "HTTP/2: stream reset in the response's body",
        "truncated",
        |s| reset_in(s).boxed_local(),
    )
    .times(TIMES),
];

/// It takes a process of its own.
pub(crate) const ABANDONED: &str = "gomon shut down while it is open";

/// Asks for a protocol, which here sends back what it gets: frameworks know that one.
pub(crate) const UPGRADE: &str =
    "GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

type Play = for<'a> fn(&'a mut Running) -> LocalBoxFuture<'a, ()>;

const fn of(name: &'static str, expected: &'static str, play: Play) -> Scenario {
    Scenario {
        name,
        layers: Layers::One,
        requests: 1,
        expected,
        play,
    }
}

impl Scenario {
    const fn times(mut self, requests: usize) -> Self {
        self.requests = requests;
        self
    }

    const fn nested(mut self) -> Self {
        self.layers = Layers::Two;
        self
    }
}

async fn get(server: &Running, method: &str, path: &str) {
    let mut peer = Peer::sending(server.address, head_of(method, path)).await;
    peer.read_to_end().await;
}

async fn keep_alive(server: &Running) {
    let mut peer = Peer::connect(server.address).await;
    for _ in 0..3 {
        peer.send("GET /whole HTTP/1.1\r\nhost: a\r\n\r\n").await;
        peer.read_until("whole").await;
    }
}

async fn gone_before(server: &mut Running) {
    for _ in 0..TIMES {
        let peer = Peer::sending(server.address, head_of("GET", "/late")).await;
        server.entered().await;
        drop(peer);
        server.client_left();
    }
}

async fn gone_in_upload(server: &mut Running) {
    // rocket looks at the first bytes before anybody else does.
    let head = "POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 99";
    let part = format!("{head}\r\n\r\n{}", "abc".repeat(9));
    for _ in 0..TIMES {
        let peer = Peer::sending(server.address, &part).await;
        server.entered().await;
        drop(peer);
    }
}

async fn gone_in(server: &Running, path: &str, enough: &str) {
    for _ in 0..TIMES {
        let mut peer = Peer::sending(server.address, head_of("GET", path)).await;
        peer.read_until(enough).await;
        drop(peer);
        server.client_left();
    }
}

async fn upgrade(server: &Running) {
    let mut peer = Peer::sending(server.address, UPGRADE).await;
    let head = peer.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    peer.send("ping").await;
    peer.read_until("ping").await;
}

async fn stopped(server: &mut Running) {
    let mut peer = Peer::sending(server.address, head_of("GET", "/late")).await;
    server.entered().await;
    server.stop();
    server.release();
    let answer = peer.read_to_end().await;
    assert!(answer.contains("late"), "{answer}");
    server.join();
}

async fn dropped(server: &mut Running) {
    let peer = Peer::sending(server.address, head_of("GET", "/late")).await;
    server.entered().await;
    server.kill();
    drop(peer);
}

async fn open(server: &mut Running) {
    let peer = Peer::sending(server.address, head_of("GET", "/late")).await;
    server.entered().await;
    gomon::shutdown(std::time::Duration::from_secs(10));
    drop(peer);
}

async fn http2(server: &Running) {
    let response = client().request(request(server.address, "/whole")).await;
    let response = response.expect("answered");
    assert_eq!(response.version(), Version::HTTP_2);
    response.into_body().collect().await.expect("read");
}

async fn reset_before(server: &mut Running) {
    let client = client();
    for _ in 0..TIMES {
        tokio::select! {
            _ = client.request(request(server.address, "/late")) => unreachable!("the handler waits"),
            () = server.entered() => {}
        }
        server.client_left();
    }
}

async fn reset_in(server: &Running) {
    let client = client();
    for _ in 0..TIMES {
        let response = client.request(request(server.address, "/half")).await;
        let mut response = response.expect("answered");
        let frame = response.body_mut().frame().await;
        frame.expect("a frame").expect("data");
        drop(response);
        server.client_left();
    }
}

type Http2 = Client<HttpConnector, Empty<Bytes>>;

fn client() -> Http2 {
    Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http()
}

fn request(address: SocketAddr, path: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(format!("http://{address}{path}"));
    request.body(Empty::new()).expect("request")
}
