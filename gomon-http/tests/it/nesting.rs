//! Layers round layers, clones and boxes: one request, one event, and the same service to its
//! callers.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::routing::get as on_get;
use gomon_core::testing::{Recorder, assert_snapshot, assert_tree, with_recorder_async};
use gomon_core::{EventTracker, in_flight};
use gomon_http::MonitoringLayer;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{BoxError, SERVER, empty, full_layer, get, text, the_end};

#[tokio::test]
async fn a_layer_inside_a_layer_passes_the_request_through() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = ServiceBuilder::new()
                .layer(full_layer())
                .layer(full_layer())
                .layer(full_layer())
                .service_fn(async |_| Ok::<_, BoxError>(text("once")));
            let body = service
                .oneshot(get("/"))
                .await
                .expect("answered")
                .into_body();
            assert_eq!(body.collect().await.expect("read").to_bytes(), "once");
        })
        .await;
    assert_eq!(the_end(&recorder)["response_size"], 4);
}

#[tokio::test]
async fn a_layer_inside_of_itself_passes_the_request_through() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let layer = full_layer();
            let router: axum::Router = axum::Router::new()
                .route("/users/{id}", on_get(async || "once"))
                .layer(layer.clone());
            for _ in 0..2 {
                let service = layer.layer(router.clone());
                let response = service.oneshot(get("/users/7")).await.expect("infallible");
                response.into_body().collect().await.expect("read");
            }
        })
        .await;
    let events = recorder.find(SERVER);
    assert_eq!(events.len(), 2, "{}", recorder.tree());
    let routes = events.iter().map(|event| event["route"].clone());
    assert!(routes.into_iter().all(|route| route == "/users/{id}"));
}

#[tokio::test]
async fn a_request_that_a_handler_makes_is_one_of_its_own() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let layer = full_layer();
            let inner: axum::Router = axum::Router::new()
                .route("/inner", on_get(async || "inner"))
                .layer(layer.clone());
            let outer: axum::Router = axum::Router::new()
                .route(
                    "/outer",
                    on_get(async move || inner.oneshot(get("/inner")).await),
                )
                .layer(layer);
            let response = outer.oneshot(get("/outer")).await.expect("infallible");
            response.into_body().collect().await.expect("read");
        })
        .await;
    assert_eq!(recorder.find(SERVER).len(), 2, "{}", recorder.tree());
}

#[tokio::test]
async fn a_layer_round_the_router_learns_the_route_from_one_inside() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let router: axum::Router = axum::Router::new()
                .route(
                    "/reset/{token}",
                    on_get(async || {
                        assert_eq!(in_flight()[0].label, "GET /reset/[redacted]");
                        "done"
                    }),
                )
                .layer(full_layer());
            let service = full_layer().layer(router);
            let response = service
                .oneshot(get("/reset/abc?page=2"))
                .await
                .expect("infallible");
            response.into_body().collect().await.expect("read");
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(event["route"], "/reset/{token}");
    assert_eq!(event["url"]["path"], "/reset/[redacted]");
    assert_eq!(event["url"]["query"], "page=2");
}

#[tokio::test]
async fn what_the_service_does_is_a_child_of_the_request() {
    with_recorder_async(async |recorder| {
        let service = full_layer().layer(tower::service_fn(async |_| {
            EventTracker::new("before").finish();
            tokio::task::yield_now().await;
            EventTracker::new("after").finish();
            Ok::<_, BoxError>(empty(204))
        }));
        service.oneshot(get("/")).await.expect("answered");
        EventTracker::new("outside").finish();
        assert_tree!(
            recorder,
            "
            http-wmux-servehttp
              before
              after
            outside
            "
        );
    })
    .await;
}

#[tokio::test]
async fn what_the_body_does_is_a_child_of_the_request() {
    with_recorder_async(async |recorder| {
        let service = full_layer().layer(tower::service_fn(async |_| {
            let rows = futures_util::stream::once(async {
                EventTracker::new("row").finish();
                Ok("row")
            });
            Ok::<_, BoxError>(crate::support::streaming(rows))
        }));
        let response = service.oneshot(get("/")).await.expect("answered");
        response.into_body().collect().await.expect("read");
        assert_tree!(recorder, "http-wmux-servehttp\n  row");
    })
    .await;
}

/// Sends an event when it is dropped.
struct Farewell;

impl Drop for Farewell {
    fn drop(&mut self) {
        EventTracker::new("farewell").finish();
    }
}

#[tokio::test]
async fn what_a_cancelled_service_drops_is_a_child_of_the_request() {
    with_recorder_async(async |recorder| {
        let service = full_layer().layer(tower::service_fn(async |_| {
            let _farewell = Farewell;
            std::future::pending::<Result<Response<Body>, BoxError>>().await
        }));
        let mut call = Box::pin(service.oneshot(get("/")));
        let mut task = Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut task).is_pending());
        drop(call);
        assert_tree!(recorder, "http-wmux-servehttp cancelled\n  farewell");
    })
    .await;
}

#[tokio::test]
async fn what_a_truncated_body_drops_is_a_child_of_the_request() {
    with_recorder_async(async |recorder| {
        let service = full_layer().layer(tower::service_fn(async |_| {
            let farewell = Farewell;
            let rows = futures_util::stream::once(async move {
                let _held = farewell;
                std::future::pending().await
            });
            Ok::<_, BoxError>(crate::support::streaming(rows))
        }));
        drop(service.oneshot(get("/")).await.expect("answered"));
        assert_tree!(recorder, "http-wmux-servehttp truncated\n  farewell");
    })
    .await;
}

#[tokio::test]
async fn a_request_is_all_that_the_snapshot_says() {
    with_recorder_async(async |recorder| {
        let clock = recorder.manual_clock();
        let service = full_layer().layer(tower::service_fn(async |_| {
            let lookup = EventTracker::new("lookup");
            clock.advance(Duration::from_millis(3));
            lookup.finish();
            Ok::<_, BoxError>(text("welcome"))
        }));
        let response = service.oneshot(get("/users/7?page=2")).await;
        clock.advance(Duration::from_millis(1));
        let body = response.expect("answered").into_body();
        body.collect().await.expect("read");
        assert_snapshot!(recorder, "snapshots/request.json");
    })
    .await;
}

#[tokio::test]
async fn works_cloned_and_boxed() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service =
                full_layer().layer(tower::service_fn(async |_| Ok::<_, BoxError>(text("ok"))));
            let boxed: BoxCloneService<Request<Body>, _, BoxError> = BoxCloneService::new(service);
            for _ in 0..3 {
                let response: Response<_> =
                    boxed.clone().oneshot(get("/")).await.expect("answered");
                response.into_body().collect().await.expect("read");
            }
        })
        .await;
    assert_eq!(recorder.find(SERVER).len(), 3);
}

#[tokio::test]
async fn concurrent_requests_keep_apart() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    EventTracker::new("step").finish();
                }
                Ok::<_, BoxError>(empty(204))
            }));
            futures_util::future::join_all((0..10).map(|_| service.clone().oneshot(get("/"))))
                .await;
        })
        .await;
    let steps = recorder.find("step");
    assert_eq!(recorder.find(SERVER).len(), 10);
    for request in recorder.find(SERVER) {
        assert_eq!(
            steps
                .iter()
                .filter(|step| step.is_child_of(&request))
                .count(),
            3
        );
    }
}

/// Is ready after it was asked twice, and fails when it is called without having been ready.
#[derive(Clone, Default)]
struct Shy {
    asked: u32,
}

impl<B> Service<Request<B>> for Shy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked += 1;
        if self.asked < 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(self.asked >= 2, "called before it was ready");
        self.asked = 0;
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_service_that_is_called() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut service = MonitoringLayer::new().layer(Shy::default());
            for _ in 0..3 {
                let ready = ServiceExt::<Request<Body>>::ready(&mut service)
                    .await
                    .expect("ready");
                ready.call(get("/")).await.expect("answered");
            }
        })
        .await;
    assert_eq!(recorder.find(SERVER).len(), 3);
}

/// Is never ready.
struct Closed;

impl<B> Service<Request<B>> for Closed {
    type Response = Response<Body>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<Response<Body>, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Err(std::io::ErrorKind::ConnectionRefused.into()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        unreachable!("not ready")
    }
}

#[tokio::test]
async fn a_service_that_cannot_become_ready_says_so_and_no_request_was_there() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let refused = full_layer().layer(Closed).oneshot(get("/")).await;
            let error = refused.expect_err("not ready");
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        })
        .await;
    assert_eq!(recorder.find(SERVER).len(), 0);
}

#[tokio::test]
async fn errors_keep_their_type_and_value() {
    #[derive(Debug, PartialEq)]
    struct OutOfStock(u32);
    impl std::fmt::Display for OutOfStock {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} left", self.0)
        }
    }

    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                Err::<Response<Body>, _>(OutOfStock(0))
            }));
            let error = service.oneshot(get("/")).await.expect_err("fails");
            assert_eq!(error, OutOfStock(0));
        })
        .await;
    let event = the_end(&recorder);
    assert_eq!(event.outcome(), "failed");
    assert_eq!(event["error"][0]["msg"], "0 left");
    let kind = event["error"][0]["type"].as_str().expect("a type");
    assert!(kind.ends_with("OutOfStock"), "{kind}");
}
