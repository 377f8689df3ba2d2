//! Bodies are copied as they pass, up to the cap, and masked; what passes is never changed.

use axum::body::Body;
use bytes::Bytes;
use gomon_core::Capture;
use gomon_core::testing::Recorder;
use gomon_http::{MonitoredRequestBody, MonitoringLayer};
use http::{HeaderValue, Request, Response, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, full_layer, observed, text, the_end};

fn post(content_type: &str, body: &'static str) -> Request<Body> {
    Request::post("/notes")
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .expect("request")
}

fn json(body: &'static str) -> crate::support::Answer {
    let mut answer = text(body);
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

#[tokio::test]
async fn json_bodies_are_taken_and_masked_by_name() {
    let request = post("application/json", r#"{"user":"ada","password":"pw1"}"#);
    let event = observed(full_layer(), request, || {
        json(r#"{"token":"t0","ok":true}"#)
    })
    .await;

    assert_eq!(event["request_size"], 31);
    assert_eq!(event["response_size"], 24);
    for (key, shown, hidden) in [
        ("request_body", "ada", "pw1"),
        ("response_body", "true", "t0"),
    ] {
        let body = event[key].as_str().expect("a body");
        assert!(
            body.contains(shown) && body.contains("[redacted]"),
            "{body}"
        );
        assert!(!body.contains(hidden), "{body}");
    }
}

#[tokio::test]
async fn form_bodies_are_masked_by_name() {
    let request = post("application/x-www-form-urlencoded", "user=ada&password=pw1");
    let event = observed(full_layer(), request, || text("ok")).await;
    assert_eq!(event["request_body"], "user=ada&password=[redacted]");
}

#[tokio::test]
async fn truncated_json_is_shown_up_to_what_is_certain_and_the_rest_counted_as_cut() {
    let layer = MonitoringLayer::new().capture(Capture::full().with_bodies(28));
    let request = post("application/json", r#"{"user":"ada","password":"pw1"}"#);
    let event = observed(layer, request, || text("ok")).await;

    assert_eq!(
        event["request_body"],
        r#"{"user":"ada","password":"[redacted]""#
    );
    assert_eq!(event["request_size"], 31);
    assert_eq!(event["gomon:dropped"]["request_body"], 3);
}

#[tokio::test]
async fn truncated_text_is_taken_up_to_the_cap() {
    let layer = MonitoringLayer::new().capture(Capture::full().with_bodies(4));
    let event = observed(layer, post("text/plain", "abcdefgh"), || text("ok")).await;

    assert_eq!(event["request_body"], "abcd");
    assert_eq!(event["gomon:dropped"]["request_body"], 4);
}

#[tokio::test]
async fn other_types_are_only_counted() {
    let event = observed(full_layer(), post("image/png", "abcdefgh"), || text("ok")).await;
    assert!(event.get("request_body").is_none());
    assert!(event.get("gomon:dropped").is_none());
    assert_eq!(event["request_size"], 8);
}

#[tokio::test]
async fn a_body_that_is_not_read_counts_as_far_as_it_was() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(
                async |_: Request<MonitoredRequestBody<Body>>| Ok::<_, BoxError>(text("no need")),
            ));
            let response = service
                .oneshot(post("text/plain", "abcdefgh"))
                .await
                .expect("answered");
            response.into_body().collect().await.expect("read");
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(event.outcome(), "completed");
    assert_eq!(event["request_size"], 0);
}

#[tokio::test]
async fn a_request_body_that_breaks_off_is_noted_without_judging_the_answer() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let chunks =
                futures_util::stream::iter([Ok("first"), Err(BoxError::from("cable cut"))]);
            let request = Request::post("/")
                .body(Body::from_stream(chunks))
                .expect("request");
            let service = full_layer().layer(tower::service_fn(
                async |request: Request<MonitoredRequestBody<Body>>| {
                    assert!(request.into_body().collect().await.is_err());
                    Ok::<_, BoxError>(text("never mind"))
                },
            ));
            let response = service.oneshot(request).await.expect("answered");
            response.into_body().collect().await.expect("read");
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(event.outcome(), "completed");
    assert_eq!(event["error"][0]["msg"], "cable cut");
    assert_eq!(event["request_size"], 5);
}

#[tokio::test]
async fn bodies_pass_with_their_size_hint_and_bytes() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(
                async |request: Request<MonitoredRequestBody<Full<Bytes>>>| {
                    let body = request.into_body();
                    assert_eq!(body.size_hint().exact(), Some(5));
                    assert!(!body.is_end_stream());
                    let read = body.collect().await.expect("infallible").to_bytes();
                    Ok::<_, BoxError>(Response::new(Full::new(read)))
                },
            ));
            let request = Request::post("/")
                .body(Full::new(Bytes::from_static(b"twice")))
                .expect("request");
            let body = service
                .oneshot(request)
                .await
                .expect("answered")
                .into_body();
            assert_eq!(body.size_hint().exact(), Some(5));
            assert!(!body.is_end_stream());
            assert_eq!(
                body.collect().await.expect("infallible").to_bytes(),
                "twice"
            );
        })
        .await;
}
