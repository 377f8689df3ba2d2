//! How requests end where no connection is needed to see it: errors, deadlines, and what bodies
//! tell of themselves.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use gomon_core::testing::Recorder;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
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

async fn read_a_frame<B: Body + Unpin>(mut response: Response<B>) {
    assert!(
        response
            .body_mut()
            .frame()
            .await
            .is_some_and(|frame| frame.is_ok())
    );
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

/// A body of which five bytes come, and then nothing for ever; what it tells of itself is given.
struct Telling {
    sent: bool,
    size: Option<u64>,
    ended: Arc<AtomicBool>,
}

impl Body for Telling {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if std::mem::replace(&mut self.sent, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"12345")))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_body_dropped_after_its_exact_size_hint_is_completed() {
    for (size, expected) in [
        (Some(5), "completed"),
        (Some(6), "truncated"),
        (None, "truncated"),
    ] {
        let service = full_layer().layer(tower::service_fn(move |_| async move {
            let (sent, ended) = (false, Arc::default());
            Ok::<_, BoxError>(Response::new(Telling { sent, size, ended }))
        }));
        let (outcome, _) = outcome_of(service, read_a_frame).await;
        assert_eq!(outcome, expected, "{size:?}");
    }
}

#[tokio::test]
async fn a_body_that_says_it_ended_when_it_is_dropped_is_completed() {
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let service = full_layer().layer(tower::service_fn(move |_| {
        let (sent, size, ended) = (false, None, Arc::clone(&told));
        async move { Ok::<_, BoxError>(Response::new(Telling { sent, size, ended })) }
    }));
    let (outcome, _) = outcome_of(service, async |mut response: Response<_>| {
        BodyExt::frame(response.body_mut())
            .await
            .expect("a frame")
            .expect("data");
        ended.store(true, Ordering::Relaxed);
    })
    .await;
    assert_eq!(outcome, "completed");
}

#[tokio::test]
async fn what_answers_head_and_connect_has_no_body_to_wait_for() {
    for (method, hijack) in [(Method::HEAD, None), (Method::CONNECT, Some(true))] {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let service = full_layer().layer(tower::service_fn(async |_| {
                    Ok::<_, BoxError>(text("unread"))
                }));
                let mut request = get("/");
                *request.method_mut() = method;
                let response = service.oneshot(request).await.expect("answered");
                assert_eq!(the_end(&recorder).outcome(), "completed");
                assert_eq!(
                    the_end(&recorder).get("hijack"),
                    hijack.map(Into::into).as_ref()
                );
                drop(response);
            })
            .await;
    }
}

#[tokio::test]
async fn answers_of_status_1xx_204_and_304_have_no_body_to_wait_for() {
    for status in [101, 103, 204, 304] {
        let service = full_layer().layer(tower::service_fn(move |_| async move {
            let mut answer = text("unread");
            *answer.status_mut() = StatusCode::from_u16(status)?;
            Ok::<_, BoxError>(answer)
        }));
        let (outcome, _) = outcome_of(service, never_read).await;
        assert_eq!(outcome, "completed", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokios_timeout_as_the_cause_of_an_error_is_timed_out() {
    #[derive(Debug)]
    struct Slow(tokio::time::error::Elapsed);
    impl std::fmt::Display for Slow {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("stock service too slow")
        }
    }
    impl std::error::Error for Slow {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    let service = full_layer().layer(tower::service_fn(async |_| {
        let stock = tokio::time::timeout(Duration::from_secs(5), pending::<Answer>());
        stock.await.map_err(|elapsed| BoxError::from(Slow(elapsed)))
    }));
    let (outcome, recorder) = outcome_of(service, never_read).await;
    assert_eq!(outcome, "timed-out");
    let event = the_end(&recorder);
    assert_eq!(event["error"][0]["msg"], "stock service too slow");
    assert_eq!(event["error"][0]["chain"].as_array().map(Vec::len), Some(1));
}
