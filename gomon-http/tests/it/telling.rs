//! What a layer adds to requests and responses, where it was asked to.

use gomon_core::testing::Recorder;
use gomon_core::time;
use gomon_http::MonitoringLayer;
use http::{HeaderMap, HeaderValue, Request};
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, SERVER, full_layer, get, text};

/// The headers that the service saw, those of the response, and the event's id.
async fn told(
    layer: MonitoringLayer,
    request: Request<axum::body::Body>,
) -> (HeaderMap, HeaderMap, String) {
    let recorder = Recorder::new();
    let (seen, answered) = recorder
        .scope(async {
            let (saw, seen) = tokio::sync::oneshot::channel();
            let saw = std::sync::Mutex::new(Some(saw));
            let service = layer.layer(tower::service_fn(|request: Request<_>| {
                let saw = saw.lock().expect("no panic").take();
                saw.expect("one request")
                    .send(request.headers().clone())
                    .expect("awaited");
                async {
                    time::sleep(std::time::Duration::from_millis(2)).await;
                    let mut answer = text("ok");
                    let own = HeaderValue::from_static("own;dur=1");
                    answer.headers_mut().insert("server-timing", own);
                    Ok::<_, BoxError>(answer)
                }
            }));
            let response = service.oneshot(request).await.expect("answered");
            (seen.await.expect("seen"), response.headers().clone())
        })
        .await;
    let event = recorder.find(SERVER).pop().expect("an event");
    assert_eq!(event.outcome(), "truncated");
    (seen, answered, event.id().to_owned())
}

#[tokio::test]
async fn nothing_is_added_unasked() {
    let (seen, answered, _) = told(full_layer(), get("/")).await;
    assert!(seen.is_empty(), "{seen:?}");
    for name in ["x-request-id", "traceresponse"] {
        assert!(!answered.contains_key(name));
    }
    assert_eq!(answered.get_all("server-timing").iter().count(), 1);
}

#[tokio::test]
async fn a_request_without_an_id_gets_that_of_its_event() {
    let (seen, answered, id) = told(full_layer().request_id(), get("/")).await;
    assert_eq!(seen["x-request-id"], id.as_str());
    assert_eq!(answered["x-request-id"], id.as_str());
}

#[tokio::test]
async fn an_id_that_came_is_kept_and_returned() {
    let mut request = get("/");
    let own = HeaderValue::from_static("abc-1");
    request.headers_mut().insert("x-request-id", own);
    let (seen, answered, _) = told(full_layer().request_id(), request).await;
    assert_eq!(
        (&seen["x-request-id"], &answered["x-request-id"]),
        (
            &"abc-1".parse().expect("a value"),
            &"abc-1".parse().expect("a value")
        )
    );
    let mut request = get("/");
    let endless = HeaderValue::try_from("x".repeat(5_000)).expect("a value");
    request.headers_mut().insert("x-request-id", endless);
    let (seen, answered, _) = told(full_layer().request_id(), request).await;
    assert_eq!(seen["x-request-id"].len(), 5_000);
    assert!(!answered.contains_key("x-request-id"));
}

#[tokio::test]
async fn the_client_learns_its_trace_and_where_the_time_went() {
    let layer = full_layer().trace_response().server_timing();
    let (_, answered, id) = told(layer, get("/")).await;
    let traceresponse = answered["traceresponse"].to_str().expect("text");
    let span: String = id.replace('-', "")[16..].to_owned();
    assert!(
        traceresponse.starts_with("00-") && traceresponse.contains(&format!("-{span}-")),
        "{traceresponse} {id}"
    );
    let timings: Vec<_> = answered.get_all("server-timing").iter().collect();
    assert_eq!(timings[0], "own;dur=1");
    let timing = timings[1].to_str().expect("text");
    let millis = |name: &str| -> f64 {
        let part = timing
            .split(", ")
            .find_map(|part| part.strip_prefix(name)?.strip_prefix(";dur="));
        part.unwrap_or_else(|| panic!("{name} in {timing}"))
            .parse()
            .expect("a number")
    };
    assert!(
        millis("sleep") >= 1.5 && millis("total") >= millis("sleep"),
        "{timing}"
    );
}
