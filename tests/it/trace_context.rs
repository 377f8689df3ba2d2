//! `traceparent` from outside.

use axum::Router;
use axum::routing::get;
use gomon::testing::{Recorded, Recorder};

use crate::server::Server;

#[tokio::test]
async fn a_caller_is_the_parent_of_its_request() {
    let request =
        request_with("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").await;

    assert_eq!(request["gomon:trace"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(request.parent(), "0af76519-16cd-83dd-b7ad-6b7169203331");
}

#[tokio::test]
async fn a_malformed_caller_starts_a_new_trace_and_no_error() {
    for malformed in [
        "traceparent: ",
        "traceparent: nonsense",
        "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    ] {
        let request = request_with(malformed).await;

        assert_eq!(request.outcome(), "completed", "{malformed}");
        assert_eq!(request.get("error"), None, "{malformed}");
        assert_ne!(
            request["gomon:trace"], "0af7651916cd43dd8448eb211c80319c",
            "{malformed}"
        );
        let application = gomon::execution_id().unwrap().to_string();
        assert_eq!(request.parent(), application, "{malformed}");
    }
}

/// The event of a request with one more header.
async fn request_with(header: &str) -> Recorded {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let server = Server::start(Router::new().route("/", get(|| async {}))).await;
            let answer = server.ask(&format!("GET / HTTP/1.1\r\n{header}")).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            server.stop().await;
        })
        .await;
    recorder.one("http-wmux-servehttp")
}
