//! How requests end where no connection is needed to see it: errors, deadlines, and what bodies tell of themselves.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use gomon_core::testing::Recorder;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::timeout::TimeoutLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{
    Answer, BoxError, empty, full_layer, get, streaming, text, the_end, then_hang,
};

/// What the recorder saw of one GET that is answered so, after `read` had the response.
async fn outcome_of<S, B, F>(service: S, read: impl FnOnce(Response<B>) -> F) -> (String, Recorder)
where
    S: Service<Request<axum::body::Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    F: Future<Output = ()>,
{
    let recorder = Recorder::new();
    recorder
        .scope(async {
            match service.oneshot(get("/")).await {
                Ok(response) => read(response).await,
                Err(error) => drop(error.into()),
            }
        })
        .await;
    (the_end(&recorder).outcome().to_owned(), recorder)
}

async fn read_all<B: Body>(response: Response<B>) {
    response.into_body().collect().await.ok();
}

async fn never_read<B>(response: Response<B>) {
    drop(response);
}

#[tokio::test]
async fn a_body_read_to_its_end_is_completed() {
    let service = full_layer().layer(tower::service_fn(async |_| {
        Ok::<_, BoxError>(text("whole"))
    }));
    let (outcome, recorder) = outcome_of(service, read_all).await;
    assert_eq!(outcome, "completed");
    assert_eq!(the_end(&recorder)["response_size"], 5);
}

#[tokio::test]
async fn the_event_ends_with_the_body_and_not_with_the_head() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                Ok::<_, BoxError>(text("whole"))
            }));
            let response = service.oneshot(get("/")).await.expect("answered");
            assert_eq!(recorder.events().len(), 0);
            assert_eq!(gomon_core::in_flight().len(), 1);

            let mut body = response.into_body();
            body.frame().await.expect("a frame").expect("data");
            assert_eq!(
                the_end(&recorder).outcome(),
                "completed",
                "nothing was left after this frame"
            );
        })
        .await;
}

#[tokio::test]
async fn an_empty_body_ends_the_event_with_the_head() {
    let service = full_layer().layer(tower::service_fn(async |_| Ok::<_, BoxError>(empty(200))));
    let (outcome, _) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "completed");
}

#[tokio::test]
async fn a_body_dropped_unread_is_truncated() {
    let service = full_layer().layer(tower::service_fn(async |_| {
        Ok::<_, BoxError>(text("unread"))
    }));
    let (outcome, recorder) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "truncated");
    assert_eq!(the_end(&recorder)["response_size"], 0);
}

#[tokio::test]
async fn a_body_dropped_after_its_content_length_is_completed() {
    for (length, expected) in [(5, "completed"), (6, "truncated")] {
        let service = full_layer().layer(tower::service_fn(move |_| async move {
            let mut answer = streaming(then_hang(&["12345"]));
            answer
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            Ok::<_, BoxError>(answer)
        }));
        let (outcome, _) = outcome_of(service, async |response: Response<_>| {
            response
                .into_body()
                .frame()
                .await
                .expect("a frame")
                .expect("data");
        })
        .await;
        assert_eq!(outcome, expected);
    }
}

#[tokio::test]
async fn trailers_pass_and_end_the_event() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                let mut trailers = HeaderMap::new();
                trailers.insert("checksum", HeaderValue::from_static("7"));
                let frames = [
                    Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"data"))),
                    Ok(Frame::trailers(trailers)),
                ];
                Ok::<_, BoxError>(Response::new(StreamBody::new(stream::iter(frames))))
            }));
            let mut body = service
                .oneshot(get("/"))
                .await
                .expect("answered")
                .into_body();
            body.frame().await.expect("a frame").expect("data");
            assert_eq!(recorder.events().len(), 0);

            let trailers = body.frame().await.expect("a frame").expect("trailers");
            assert_eq!(trailers.into_trailers().expect("trailers")["checksum"], "7");
            assert_eq!(the_end(&recorder).outcome(), "completed");
        })
        .await;
}

#[tokio::test]
async fn an_error_of_the_service_is_failed_with_its_chain() {
    let service = full_layer().layer(tower::service_fn(async |_| {
        Err::<Answer, BoxError>(Box::new(std::io::Error::other("shelf locked")))
    }));
    let (outcome, recorder) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "failed");
    assert_eq!(the_end(&recorder)["error"][0]["msg"], "shelf locked");
}

#[tokio::test]
async fn status_500_and_above_is_failed_below_is_completed() {
    for (status, expected) in [
        (404, "completed"),
        (499, "completed"),
        (500, "failed"),
        (503, "failed"),
    ] {
        let service = full_layer().layer(tower::service_fn(move |_| async move {
            Ok::<_, BoxError>(empty(status))
        }));
        let (outcome, _) = outcome_of(service, never_read).await;
        assert_eq!(outcome, expected, "{status}");
    }
}

#[tokio::test]
async fn failed_outranks_truncated() {
    let service = full_layer().layer(tower::service_fn(async |_| {
        let mut answer = text("unread");
        *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok::<_, BoxError>(answer)
    }));
    let (outcome, _) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "failed");
}

#[tokio::test(start_paused = true)]
async fn towers_timeout_inside_is_timed_out() {
    let service = ServiceBuilder::new()
        .layer(full_layer())
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .service_fn(async |_| pending::<Result<Answer, BoxError>>().await);
    let (outcome, recorder) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "timed-out");
    assert_eq!(
        the_end(&recorder)["error"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test(start_paused = true)]
async fn towers_timeout_outside_is_cancelled() {
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .layer(full_layer())
        .service_fn(async |_| pending::<Result<Answer, BoxError>>().await);
    let (outcome, _) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "cancelled");
}

#[tokio::test(start_paused = true)]
async fn tower_https_timeout_inside_is_what_its_status_says() {
    use tower_http::timeout::TimeoutLayer;

    let outcome_with = async |layer: gomon_http::MonitoringLayer, status| {
        let service = ServiceBuilder::new()
            .layer(layer)
            .layer(TimeoutLayer::with_status_code(
                status,
                Duration::from_secs(5),
            ))
            .service_fn(async |_| pending::<Result<Response<Full<Bytes>>, BoxError>>().await);
        outcome_of(service, never_read).await.0
    };
    let request_timeout = StatusCode::REQUEST_TIMEOUT;
    let gateway_timeout = StatusCode::GATEWAY_TIMEOUT;
    assert_eq!(
        outcome_with(full_layer(), request_timeout).await,
        "completed"
    );
    assert_eq!(outcome_with(full_layer(), gateway_timeout).await, "failed");
    for status in [request_timeout, gateway_timeout] {
        let layer = full_layer().timeout_status(status);
        assert_eq!(outcome_with(layer, status).await, "timed-out");
    }
}

#[tokio::test]
async fn a_call_dropped_before_it_is_polled_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut service = full_layer().layer(tower::service_fn(async |_| {
                Ok::<_, BoxError>(text("never"))
            }));
            drop(service.ready().await.expect("ready").call(get("/")));
            assert_eq!(the_end(&recorder).outcome(), "cancelled");
        })
        .await;
}
