//! W3C trace context on its way in: the caller's event is the parent, or a new trace starts.

use gomon_core::testing::Recorded;
use gomon_http::MonitoringLayer;
use http::HeaderValue;

use crate::support::{full_layer, get, observed, text};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn event_with(layer: MonitoringLayer, headers: &[&'static [u8]]) -> Recorded {
    let mut request = get("/");
    for header in headers {
        let value = HeaderValue::from_bytes(header).expect("a header value");
        request.headers_mut().append("traceparent", value);
    }
    observed(layer, request, || text("ok")).await
}

#[tokio::test]
async fn a_traceparent_names_the_parent_and_the_trace() {
    let event = event_with(full_layer(), &[VALID.as_bytes()]).await;
    assert_eq!(event["gomon:trace"], TRACE);
    let parent = event["parent"].as_str().expect("a parent");
    assert!(
        parent.replace('-', "").ends_with("00f067aa0ba902b7"),
        "{parent}"
    );
}

#[tokio::test]
async fn a_malformed_traceparent_starts_a_new_trace_and_is_no_error() {
    let malformed: [&[&'static [u8]]; 9] = [
        &[b""],
        &[b"garbage"],
        &[b"\xff\xfe"],
        &[b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        &[b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
        &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
        &[b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
        &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra"],
        &[VALID.as_bytes(), VALID.as_bytes()],
    ];
    let application = gomon_core::execution_id().map(|id| id.to_string());
    for headers in malformed {
        let event = event_with(full_layer(), headers).await;
        assert_eq!(event.outcome(), "completed");
        assert!(event.get("error").is_none());
        assert_ne!(event["gomon:trace"], TRACE, "{headers:?}");
        assert!(
            application.is_none()
                || event.get("parent").and_then(|id| id.as_str()) == application.as_deref()
        );
    }
}

#[tokio::test]
async fn a_layer_may_ignore_what_strangers_send() {
    let layer = full_layer().ignore_traceparent();
    let event = event_with(layer, &[VALID.as_bytes()]).await;
    assert_ne!(event["gomon:trace"], TRACE);
}
