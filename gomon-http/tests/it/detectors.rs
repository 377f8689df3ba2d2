//! What looks secret is masked wherever it comes from, where that is asked for.

use axum::body::Body;
use gomon_core::mask::Detectors;
use gomon_core::testing::Recorder;
use gomon_core::{Capture, in_flight};
use gomon_http::{MonitoredRequestBody, MonitoringLayer};
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, full_layer, observed, text, the_end};

const EMAIL: &str = "joe@example.com";
const CARD: &str = "4111 1111 1111 1111";

fn request(content_type: &str, body: String) -> Request<Body> {
    Request::post("/of/joe@example.com?mail=joe%40example.com")
        .header(header::CONTENT_TYPE, content_type)
        .header("x-from", EMAIL)
        .body(Body::from(body))
        .expect("request")
}

fn detecting() -> MonitoringLayer {
    MonitoringLayer::new().capture(Capture::full().with_detectors(Detectors::all()))
}

#[tokio::test]
async fn urls_headers_and_bodies_are_masked() {
    for (content_type, body, shown) in [
        (
            "text/plain",
            format!("{EMAIL}, {CARD}!"),
            "[redacted], [redacted]!",
        ),
        (
            "application/json",
            format!(r#"{{"to": "{EMAIL}"}}"#),
            r#"{"to":"[redacted]"}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            format!("a=b&to={EMAIL}"),
            "a=b&to=[redacted]",
        ),
    ] {
        let answer = || {
            let mut answer = text("for joe@example.com");
            let plain = HeaderValue::from_static("text/plain");
            answer.headers_mut().insert(header::CONTENT_TYPE, plain);
            let note = HeaderValue::from_static("Bearer abc");
            answer.headers_mut().insert("x-note", note);
            answer
        };
        let event = observed(detecting(), request(content_type, body.clone()), answer).await;
        assert_eq!(event["request_body"], shown);
        assert_eq!(event["response_body"], "for [redacted]");
        assert_eq!(event["url"]["path"], "/of/[redacted]");
        assert_eq!(event["url"]["query"], "mail=[redacted]");
        assert_eq!(event["headers"]["x-from"][0], "[redacted]");
        assert_eq!(event["response_headers"]["x-note"][0], "Bearer [redacted]");

        let event = observed(full_layer(), request(content_type, body), answer).await;
        assert_eq!(event.to_string().matches(EMAIL).count(), 4, "{event}");
    }
}

#[tokio::test]
async fn text_that_is_cut_off_ends_before_what_may_be_the_beginning_of_something() {
    let capture = Capture::full().with_bodies(24);
    let layer = MonitoringLayer::new().capture(capture.with_detectors(Detectors::all()));
    let event = observed(
        layer,
        request("text/plain", format!("paid with {CARD}")),
        || text("ok"),
    )
    .await;
    assert_eq!(event["request_body"], "paid with ");
    assert_eq!(event["gomon:dropped"]["request_body"], 19);
}

#[tokio::test]
async fn errors_and_labels_are_masked() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = detecting().layer(tower::service_fn(
                async |request: Request<MonitoredRequestBody<Body>>| {
                    let labels: Vec<_> = in_flight().into_iter().map(|work| work.label).collect();
                    assert!(labels.iter().any(|label| label == "POST /of/[redacted]"));
                    assert!(request.into_body().collect().await.is_err());
                    Err::<crate::support::Answer, BoxError>(format!("no user {EMAIL}").into())
                },
            ));
            let chunks = futures_util::stream::iter([
                Ok("first"),
                Err(BoxError::from("cut by joe@example.com")),
            ]);
            let request = Request::post("/of/joe@example.com")
                .body(Body::from_stream(chunks))
                .expect("request");
            assert!(service.oneshot(request).await.is_err());
        })
        .await;
    let event = the_end(&recorder);
    let messages: Vec<_> = event["error"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["msg"].as_str().expect("a message"))
        .collect();
    assert_eq!(messages, ["no user [redacted]", "cut by [redacted]"]);
}
