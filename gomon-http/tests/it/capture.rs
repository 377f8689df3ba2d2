//! What each preset takes: `full` everything, `safe` no bodies and no address, `minimal` no headers
//! either.

use axum::body::Body;
use gomon_core::Capture;
use gomon_core::conn::ConnInfo;
use gomon_core::testing::Recorded;
use gomon_http::MonitoringLayer;
use http::{HeaderValue, Request, header};

use crate::support::{observed, text};

async fn taken_by(capture: Capture) -> Recorded {
    let mut request = Request::post("/notes?page=2")
        .header(header::CONTENT_TYPE, "text/plain")
        .header(header::AUTHORIZATION, "Bearer abc")
        .body(Body::from("hello"))
        .expect("request");
    let peer = "[2001:db8::1]:4711".parse().expect("address");
    request
        .extensions_mut()
        .insert(ConnInfo::new(Some(peer), None));
    observed(MonitoringLayer::new().capture(capture), request, || {
        let mut answer = text("welcome");
        let plain = HeaderValue::from_static("text/plain");
        answer.headers_mut().insert(header::CONTENT_TYPE, plain);
        answer
    })
    .await
}

fn has(event: &Recorded, keys: &[&str]) -> Vec<bool> {
    keys.iter().map(|key| event.get(key).is_some()).collect()
}

const BODIES_AND_ADDRESS: [&str; 3] = ["request_body", "response_body", "remoteaddr"];
const HEADERS: [&str; 2] = ["headers", "response_headers"];

#[tokio::test]
async fn full_takes_bodies_headers_and_the_address() {
    let event = taken_by(Capture::full()).await;
    assert_eq!(has(&event, &HEADERS), [true; 2]);
    assert_eq!(event["request_body"], "hello");
    assert_eq!(event["response_body"], "welcome");
    assert_eq!(event["remoteaddr"], "[2001:db8::1]:4711");
    assert_eq!(event["headers"]["authorization"][0], "[redacted]");
}

#[tokio::test]
async fn safe_takes_headers_and_sizes_but_no_bodies_and_no_address() {
    let event = taken_by(Capture::safe()).await;
    assert_eq!(has(&event, &BODIES_AND_ADDRESS), [false; 3]);
    assert_eq!(has(&event, &HEADERS), [true; 2]);
    assert_eq!(event["headers"]["authorization"][0], "[redacted]");
    assert_eq!(
        (&event["request_size"], &event["response_size"]),
        (&5.into(), &7.into())
    );
}

#[tokio::test]
async fn minimal_takes_no_headers_either() {
    let event = taken_by(Capture::minimal()).await;
    assert_eq!(has(&event, &BODIES_AND_ADDRESS), [false; 3]);
    assert_eq!(has(&event, &HEADERS), [false; 2]);
    assert_eq!(event["url"]["query"], "page=2");
}
