//! How long connections and requests may take, encrypted connections, and WebSockets.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use gomon_core::testing::Recorder;
use gomon_http::{serve, tls_config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::support::{Peer, full_layer, head_of, plus_one, the_end};

const SOON: Duration = Duration::from_millis(150);

fn router() -> Router {
    let slow = get(async || {
        tokio::time::sleep(4 * SOON).await;
        "slow"
    });
    let echo = post(async |body: Result<String, _>| body.map_err(|error| format!("{error}")));
    Router::new()
        .route("/", get(async || "ok"))
        .route("/slow", slow)
        .route("/never", get(std::future::pending::<&str>))
        .route("/echo", echo)
        .layer(full_layer())
}

async fn bound() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    (listener, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_takes_too_long_closes_its_connection() {
    let (listener, address) = bound().await;
    tokio::spawn(serve(listener, router()).header_timeout(SOON).into_future());
    let mut peer = Peer::sending(address, "GET / HTTP/1.1\r\nhost: ").await;
    assert!(!peer.read_to_end().await.contains("ok"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_closed_and_one_with_a_request_is_not() {
    let (listener, address) = bound().await;
    tokio::spawn(serve(listener, router()).idle_timeout(SOON).into_future());
    let mut silent = Peer::connect(address).await;
    let mut busy = Peer::sending(address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(silent.read_to_end().await, "");
    assert!(
        busy.read_to_end().await.ends_with("slow"),
        "and then it is idle"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_finish_in_time_is_cut_off_at_the_end() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (listener, address) = bound().await;
            let (stop, stopped) = oneshot::channel::<()>();
            let server = serve(listener, router())
                .drain_timeout(SOON)
                .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
            let server = gomon_core::spawn(server.into_future());
            let mut peer = Peer::sending(address, head_of("GET", "/never")).await;
            while gomon_core::in_flight().is_empty() {
                tokio::task::yield_now().await;
            }
            stop.send(()).expect("serving");
            server.await.expect("no panic").expect("no error");
            assert_eq!(peer.read_to_end().await, "");
        })
        .await;
    assert_eq!(the_end(&recorder).outcome(), "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_pauses_for_too_long_fails() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (listener, address) = bound().await;
            let server = serve(listener, router()).body_timeout(SOON);
            gomon_core::spawn(server.into_future());
            let head =
                "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 10\r\n\r\n";
            let mut peer = Peer::sending(address, format!("{head}half")).await;
            let answer = peer.read_to_end().await;
            assert!(answer.contains("HTTP/1.1 "), "{answer}");
        })
        .await;
    let event = the_end(&recorder);
    let error = event["error"][0].to_string();
    assert!(error.contains("within the designated timeout"), "{error}");
    assert_eq!(event["request_size"], 4);
}

/// A certificate of its own, and what trusts it.
fn certificate() -> (String, String, ClientConfig) {
    let names = vec!["localhost".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from(own.cert.der().to_vec());
    roots.add(certificate).expect("a root");
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (own.cert.pem(), own.signing_key.serialize_pem(), client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_requests_are_https_and_a_stalled_handshake_stops_nobody() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (chain, key, client) = certificate();
            let config = tls_config(chain.as_bytes(), key.as_bytes()).expect("a configuration");
            let (listener, address) = bound().await;
            let server = serve(listener, router()).tls(config).header_timeout(SOON);
            gomon_core::spawn(server.into_future());
            let mut stalled = Peer::sending(address, "\x16\x03").await;
            let stream = TcpStream::connect(address).await.expect("connected");
            let name = ServerName::try_from("localhost").expect("a name");
            let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
            let mut stream = connector.connect(name, stream).await.expect("a handshake");
            stream
                .write_all(head_of("GET", "/").as_bytes())
                .await
                .expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("answered");
            assert!(answer.ends_with("ok"), "{answer}");
            assert_eq!(stalled.read_to_end().await, "");
        })
        .await;
    assert_eq!(the_end(&recorder)["url"]["scheme"], "https");
}

#[test]
fn a_key_that_is_none_is_an_error() {
    let (chain, key, _) = certificate();
    assert!(tls_config(b"", key.as_bytes()).is_err());
    assert!(tls_config(chain.as_bytes(), b"no key").is_err());
    let (_, other, _) = certificate();
    assert!(tls_config(chain.as_bytes(), other.as_bytes()).is_err());
}

/// A frame of a client: masked.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 1, 9, 3];
    let len = u8::try_from(payload.len()).expect("short");
    let mut frame = vec![first, 0x80 | len];
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// Turns every connection into a WebSocket, answers the first bytes with `answer`, and waits for the end.
async fn websockets(answer: &'static [u8]) -> SocketAddr {
    let upgrade = tower::service_fn(move |mut request: crate::support::Incomings| async move {
        let upgraded = hyper::upgrade::on(&mut request);
        gomon_core::spawn(async move {
            let mut io = hyper_util::rt::TokioIo::new(upgraded.await.expect("upgraded"));
            let mut first = [0; 64];
            let count = io.read(&mut first).await.expect("read");
            assert!(count > 0);
            io.write_all(answer).await.expect("written");
            while io.read(&mut first).await.is_ok_and(|count| count > 0) {}
        });
        let mut answer = crate::support::empty(101);
        let headers = answer.headers_mut();
        headers.insert("upgrade", "WebSocket".parse()?);
        headers.insert("connection", "upgrade".parse()?);
        Ok::<_, crate::support::BoxError>(answer)
    });
    let (listener, address) = bound().await;
    let service = tower::Layer::layer(&full_layer(), upgrade);
    gomon_core::spawn(serve(listener, service).into_future());
    address
}

const UPGRADE: &str =
    "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_one_event_from_its_upgrade_to_its_end() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = websockets(&[0x81, 2, b'o', b'k', 0x82, 1, 0]).await;
            let mut peer = Peer::sending(address, UPGRADE).await;
            peer.read_until("\r\n\r\n").await;
            assert_eq!(gomon_core::in_flight().len(), 1, "it is open");
            peer.send(masked(0x81, b"hello")).await;
            peer.read_until("ok").await;
            peer.send(masked(0x88, &[0x03, 0xe8])).await;
        })
        .await;
    let closing = the_end(&recorder);
    assert_eq!(closing["hijack"], true);
    let expected = serde_json::json!(
        {"messages-in": 1, "messages-out": 2, "bytes-in": 5, "bytes-out": 3, "close-code": 1000}
    );
    assert_eq!(closing["ws"], expected);
    assert_eq!(closing.outcome(), "completed");
    assert!(
        closing["wait"]["client"].as_u64() > Some(0),
        "{:?}",
        closing["wait"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_that_breaks_off_is_truncated() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = websockets(b"").await;
            let mut peer = Peer::sending(address, UPGRADE).await;
            peer.read_until("\r\n\r\n").await;
            peer.send(masked(0x82, b"half")).await;
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(event.outcome(), "truncated");
    assert_eq!(event["ws"]["bytes-in"], 4);
    assert_eq!(event["ws"].get("close-code"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_protocol_is_no_websocket() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = tower::Layer::layer(&full_layer(), tower::service_fn(plus_one));
            let (listener, address) = bound().await;
            gomon_core::spawn(serve(listener, service).into_future());
            let head =
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: plus-one\r\n\r\n";
            let mut peer = Peer::sending(address, head).await;
            peer.read_until("\r\n\r\n").await;
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!((event.get("ws"), &event["hijack"]), (None, &true.into()));
}
