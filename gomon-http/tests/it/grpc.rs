//! gRPC calls: the method, the messages, and the status in the trailers.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use gomon_core::testing::{Recorded, Recorder};
use gomon_http::MonitoredRequestBody;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, full_layer, the_end};

fn message(len: u8) -> Bytes {
    let mut message = vec![0, 0, 0, 0, len];
    message.resize(5 + usize::from(len), b'x');
    message.into()
}

fn call(path: &str, messages: &[u8]) -> Request<Body> {
    let body: Vec<u8> = messages.iter().flat_map(|len| message(*len)).collect();
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/grpc+proto")
        .body(Body::from(body))
        .expect("a request")
}

fn trailers(sent: &[(&'static str, &'static str)]) -> HeaderMap {
    let headers = sent.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    headers.collect()
}

/// The event of a call that is answered with so many messages and these trailers.
async fn called(messages: &'static [u8], end: &'static [(&'static str, &'static str)]) -> Recorded {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(
                async |request: Request<MonitoredRequestBody<Body>>| {
                    let body = request.into_body();
                    body.collect().await.map_err(BoxError::from)?;
                    let data = messages
                        .iter()
                        .map(|len| Ok::<_, BoxError>(Frame::data(message(*len))));
                    let end = Ok(Frame::trailers(trailers(end)));
                    let body = StreamBody::new(stream::iter(data.chain([end])));
                    Ok::<_, BoxError>(Response::new(body))
                },
            ));
            let answer = service
                .oneshot(call("/shop.v1.Orders/Place", &[3, 0, 200]))
                .await;
            let body = answer.expect("answered").into_body();
            let read = body.collect().await.expect("read");
            assert!(read.trailers().is_some(), "trailers pass");
        })
        .await;
    the_end(&recorder)
}

#[tokio::test]
async fn a_call_tells_its_method_its_messages_and_its_status() {
    let event = called(&[1, 2], &[("grpc-status", "0")]).await;
    let expected = serde_json::json!({
        "service": "shop.v1.Orders", "method": "Place", "status": 0, "messages-in": 3, "messages-out": 2
    });
    assert_eq!(event["grpc"], expected);
    assert_eq!(event["route"], "/shop.v1.Orders/Place");
    assert_eq!(event.outcome(), "completed");
}

#[tokio::test]
async fn a_fault_of_the_server_fails_the_event_and_a_mistake_of_the_client_does_not() {
    let fault = called(
        &[],
        &[("grpc-status", "13"), ("grpc-message", "out of%20stock")],
    )
    .await;
    assert_eq!(
        (fault.outcome(), fault["grpc"]["status"].as_u64()),
        ("failed", Some(13))
    );
    assert_eq!(fault["error"][0]["msg"], "out of stock");
    assert_eq!(fault["error"][0]["type"], "INTERNAL");
    let mistake = called(&[], &[("grpc-status", "5")]).await;
    assert_eq!(
        (mistake.outcome(), mistake.get("error")),
        ("completed", None)
    );
    let nowhere = called(&[], &[("grpc-status", "12")]).await;
    assert_eq!((nowhere.outcome(), nowhere.get("route")), ("failed", None));
}

#[tokio::test]
async fn a_deadline_that_passed_is_timed_out_and_no_fault_of_the_server() {
    let late = called(
        &[1],
        &[("grpc-status", "4"), ("grpc-message", "after%202 s")],
    )
    .await;
    assert_eq!(
        (late.outcome(), late["grpc"]["status"].as_u64()),
        ("timed-out", Some(4))
    );
    assert_eq!(late["error"][0]["msg"], "after 2 s");
    assert_eq!(late["error"][0]["type"], "DEADLINE_EXCEEDED");
    assert_eq!(late["route"], "/shop.v1.Orders/Place");
}

#[tokio::test]
async fn a_response_without_a_body_has_its_status_in_the_headers() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                let mut answer = crate::support::empty(200);
                *answer.headers_mut() =
                    trailers(&[("grpc-status", "14"), ("grpc-message", "gone")]);
                Ok::<_, BoxError>(answer)
            }));
            drop(
                service
                    .oneshot(call("/a.B/C", &[]))
                    .await
                    .expect("answered"),
            );
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(
        (event.outcome(), event["grpc"]["status"].as_u64()),
        ("failed", Some(14))
    );
    assert_eq!(
        (
            &event["grpc"]["messages-in"],
            &event["grpc"]["messages-out"]
        ),
        (&0.into(), &0.into())
    );
}
