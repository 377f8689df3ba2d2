//! Proxies: which one a connection went through.

use std::time::Duration;

use bytes::Bytes;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_http::{
    ClientLayer, MonitoredConnector, MonitoredRequestBody, ProxyConnector, TlsConnector,
    monitored_proxy, monitored_with_resolver,
};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, ServiceExt};

use crate::server::{Delays, Server};
use crate::support::{DIAL, Planted, get};

/// A proxy that makes tunnels to this machine.
async fn tunnels() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.expect("more"));
        }
        let head = String::from_utf8(head).expect("text");
        let target = head.strip_prefix("CONNECT localhost:").expect("a tunnel");
        let port = target.split(' ').next().expect("a port");
        let far = TcpStream::connect(("127.0.0.1", port.parse().expect("a number")));
        let mut far = far.await.expect("connected");
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .await
            .expect("told");
        copy_bidirectional(&mut near, &mut far).await.ok();
    });
    format!("ada:pw@{address}")
}

async fn through(proxy: String, server: &Server, url: &str) -> Recorder {
    let matcher = Matcher::builder().all(format!("http://{proxy}")).build();
    let planted = Planted::new(Duration::ZERO, Duration::ZERO);
    let connector = ProxyConnector::new(MonitoredConnector::new(planted), matcher);
    let connector = TlsConnector::new(connector, server.trust.clone());
    let plain: Client<_, MonitoredRequestBody<Full<Bytes>>> =
        Client::builder(TokioExecutor::new()).build(connector);
    let client = ClientLayer::new().layer(plain);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let answer = client.oneshot(get(url)).await.expect("answered");
            let answer = answer.into_body().collect().await.expect("read");
            assert_eq!(answer.to_bytes(), "answer");
        })
        .await;
    recorder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_through_a_proxy_as_it_is() {
    let server = Server::plain(Delays::default()).await;
    let proxy = server.address.to_string();
    let recorder = through(proxy.clone(), &server, "http://stock.example/").await;
    assert_tree!(
        recorder,
        "
        http-roundtripper
          http-trp-proxy
          http-trp-dialctx
        "
    );
    assert_eq!(recorder.one(DIAL)["addr"], proxy.as_str());
    assert_eq!(
        recorder.one("http-trp-proxy")["proxy-path"],
        format!("http://{proxy}/")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_is_made_between_dial_and_handshake_and_its_password_is_masked() {
    let server = Server::tls(Delays::default(), &[]).await;
    let url = format!("https://localhost:{}/", server.address.port());
    let recorder = through(tunnels().await, &server, &url).await;
    assert_tree!(
        recorder,
        "
        http-roundtripper {reused=false}
          http-trp-proxy
          http-trp-dialctx
          http-trp-dialtls
        "
    );
    let event = recorder.one("http-trp-proxy").to_string();
    assert!(!event.contains("pw@"), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_of_reqwests_is_told_where_a_connection_is_made() {
    let server = Server::plain(Delays::default()).await;
    let proxy = format!("http://{}/", server.address);
    let chosen = reqwest::Url::parse(&proxy).expect("a URL");
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let builder = reqwest::Client::builder()
                .tls_backend_preconfigured(ClientConfig::clone(&server.trust))
                .proxy(monitored_proxy(move |_| Some(chosen.clone())));
            let client = monitored_with_resolver(builder).expect("a client");
            let answer = client.get("http://stock.example/").send().await;
            let answer = answer.expect("answered").text().await;
            assert_eq!(answer.expect("read"), "answer");
        })
        .await;
    assert_tree!(
        recorder,
        "
        http-roundtripper {reused=false}
          http-trp-dialctx
          http-trp-proxy
        "
    );
    assert_eq!(recorder.one("http-trp-proxy")["proxy-path"], proxy.as_str());
}
