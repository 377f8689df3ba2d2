//! gomon shut down while requests are open. A process of its own, since shutting down is for the
//! whole process.

use std::convert::Infallible;
use std::future::{IntoFuture, pending};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gomon_core::Event;
use gomon_http::{MonitoringLayer, serve};
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::{Layer, ServiceExt};

#[test]
fn guard_dropped_before_the_runtime_is_abandoned_once_and_later_requests_pass() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let guard = gomon_core::builder()
        .listener(move |event: &Event| {
            if event.fp() == "http-wmux-servehttp" {
                let outcome = event.outcome().expect("a closing event");
                sink.lock().push((event.id(), outcome.as_str()));
            }
        })
        .shutdown_deadline(Duration::from_secs(10))
        .start()
        .expect("started");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("runtime");
    let (peer, server) = runtime.block_on(async {
        let entered = Arc::new(Notify::new());
        let entering = Arc::clone(&entered);
        let hang = move || {
            entering.notify_one();
            pending::<()>()
        };
        let app = Router::new()
            .route("/slow", get(hang))
            .layer(MonitoringLayer::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("address");
        let server = tokio::spawn(serve(listener, app).into_future());
        let mut peer = TcpStream::connect(address).await.expect("connected");
        let request = b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";
        peer.write_all(request).await.expect("sent");
        entered.notified().await;
        (peer, server)
    });

    drop(guard);
    let later = runtime.block_on(
        MonitoringLayer::new()
            .layer(tower::service_fn(async |_| {
                Ok::<_, Infallible>(Response::new(String::new()))
            }))
            .oneshot(Request::new(String::new())),
    );
    assert!(later.is_ok(), "gomon off is a service without it");
    drop((peer, server, runtime));

    let (seen, report) = (seen.lock(), gomon_core::stats());
    assert_eq!(
        report.after_shutdown, 0,
        "the end that came later was never created"
    );
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].1, "abandoned");
    assert!(gomon_core::in_flight().is_empty());
}
