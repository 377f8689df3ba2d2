//! What the admin counts. A test program of its own, because it starts gomon.
#![cfg(feature = "admin")]

use std::convert::Infallible;

use bytes::Bytes;
use gomon_http::{MonitoredRequestBody, admin, monitored_handler};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

fn get(path: &str) -> Request<Full<Bytes>> {
    let request = Request::get(path).header("authorization", "Bearer t0p");
    request.body(Full::default()).expect("a request")
}

/// Requests so far.
async fn total() -> u64 {
    let asked = admin().token("t0p").oneshot(get("/gomon/request-status"));
    let body = asked.await.expect("infallible").into_body();
    let told = body.collect().await.expect("whole").to_bytes();
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    told["total"].as_u64().expect("a number")
}

#[tokio::test]
async fn requests_of_one_handler_are_counted() {
    let _running = gomon_core::builder().start().expect("once a process");
    let handler = monitored_handler(tower::service_fn(
        async |_: Request<MonitoredRequestBody<Full<Bytes>>>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        },
    ));
    let before = total().await;
    handler.oneshot(get("/orders/7")).await.expect("infallible");
    assert_eq!(total().await, before + 1);
}
