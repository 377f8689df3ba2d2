//! One handler of a server, monitored alone.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use axum::handler::{Handler, HandlerWithoutStateExt};
use axum::routing::{get as on_get, get_service};
use futures_util::FutureExt;
use gomon_core::EventTracker;
use gomon_core::testing::{Recorded, Recorder, assert_tree};
use gomon_http::{MonitoredRequestBody, MonitoringLayer, monitored_handler};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::timeout::TimeoutLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{
    Answer, BoxError, SERVER, empty, ended_as, full_layer, get, streaming, text, the_end, then_hang,
};

const HANDLER: &str = "http-wmux-handler";

fn full_handler() -> MonitoringLayer {
    full_layer().around_handler()
}

async fn user() -> &'static str {
    EventTracker::new("look-up").finish();
    "Ada"
}

/// What the router answers to each of the requests, one after another.
async fn asked(recorder: &Recorder, app: &Router, requests: &[(&str, &str)]) -> Vec<StatusCode> {
    let answers = async {
        let mut statuses = Vec::new();
        for (method, path) in requests {
            let mut request = get(path);
            *request.method_mut() = method.parse().expect("a method");
            let response = app.clone().oneshot(request).await.expect("infallible");
            statuses.push(response.status());
            response.into_body().collect().await.expect("read");
        }
        statuses
    };
    recorder.scope(answers).await
}

/// The one request that a handler served.
fn the_end_of_handler(recorder: &Recorder) -> Recorded {
    assert_eq!(recorder.find(SERVER).len(), 0, "{}", recorder.tree());
    ended_as(HANDLER, recorder, 1).remove(0)
}

#[tokio::test]
async fn a_service_at_a_route_is_one_event_with_all_that_a_layers_has() {
    let recorder = Recorder::new();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let service = service_fn(async |request: Request<MonitoredRequestBody<Body>>| {
        EventTracker::new("look-up").finish();
        let body = request.into_body().collect().await.expect("read");
        assert_eq!(body.to_bytes(), "which");
        Ok::<_, Infallible>(text("this one"))
    });
    let app: Router = Router::new().route_service("/files/{name}", monitored_handler(service));
    let request = Request::post("http://shop.example/files/a?page=2")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .header("cookie", "id=s3cret")
        .body(Body::from("which"))
        .expect("a request");
    recorder
        .scope(async {
            let response = app.oneshot(request).await.expect("infallible");
            let body = response.into_body().collect().await.expect("read");
            assert_eq!(body.to_bytes(), "this one");
        })
        .await;
    assert_tree!(recorder, "http-wmux-handler\n  look-up");
    let event = the_end_of_handler(&recorder);
    for (key, expected) in [
        ("direction", "incoming"),
        ("method", "POST"),
        ("route", "/files/{name}"),
        ("proto", "HTTP/1.1"),
        ("gomon:trace", trace),
        ("gomon:outcome", "completed"),
    ] {
        assert_eq!(event[key], expected, "{key}");
    }
    assert_eq!(event["url"]["path"], "/files/a");
    assert_eq!(event["headers"]["cookie"][0], "[redacted]");
    for (key, expected) in [
        ("response_code", 200),
        ("request_size", 5),
        ("response_size", 8),
    ] {
        assert_eq!(event[key], expected, "{key}");
    }
    for key in ["first-byte", "busy", "ready", "wait", "response_headers"] {
        assert!(event.get(key).is_some(), "{key}");
    }
}

#[tokio::test]
async fn the_other_handlers_of_a_router_have_no_events() {
    let recorder = Recorder::new();
    let app = Router::new()
        .route(
            "/users/{id}",
            on_get(user.layer(full_handler())).post(async || "made"),
        )
        .route("/health", on_get(async || "well"));
    let requests = [
        ("GET", "/users/7"),
        ("POST", "/users/7"),
        ("GET", "/health"),
        ("GET", "/nowhere"),
    ];
    assert_eq!(
        asked(&recorder, &app, &requests).await,
        [200, 200, 200, 404]
    );
    assert_tree!(
        recorder,
        r#"
        http-wmux-handler {method="GET", route="/users/{id}", response_code=200}
          look-up
        "#
    );
    the_end_of_handler(&recorder);
}

#[tokio::test]
async fn a_layered_route_is_monitored_whatever_the_method() {
    let recorder = Recorder::new();
    let users = on_get(user).post(async || "made").layer(full_handler());
    let app = Router::new()
        .route("/users", users)
        .route("/health", on_get(async || "well"));
    let requests = ["GET", "POST", "DELETE"].map(|method| (method, "/users"));
    assert_eq!(asked(&recorder, &app, &requests).await, [200, 200, 405]);
    asked(&recorder, &app, &[("GET", "/health")]).await;
    let events = ended_as(HANDLER, &recorder, 3);
    let methods: Vec<_> = events.iter().map(|event| &event["method"]).collect();
    assert_eq!(methods, ["GET", "POST", "DELETE"]);
}

#[tokio::test]
async fn under_a_layer_the_request_is_one_event_and_the_layers() {
    let handlers = [
        on_get(user.layer(full_handler())),
        get_service(monitored_handler(user.into_service())),
        on_get(user).layer(full_handler()),
    ];
    for handler in handlers {
        let recorder = Recorder::new();
        let app = Router::new()
            .route("/users/{id}", handler)
            .layer(full_layer());
        asked(&recorder, &app, &[("GET", "/users/7")]).await;
        assert_tree!(recorder, "http-wmux-servehttp\n  look-up");
        assert_eq!(the_end(&recorder)["route"], "/users/{id}");
    }
}

#[tokio::test]
async fn a_layer_round_the_router_learns_the_route_from_a_handler() {
    let recorder = Recorder::new();
    let app: Router = Router::new().route("/reset/{token}", on_get(user.layer(full_handler())));
    recorder
        .scope(async {
            let response = full_layer().layer(app).oneshot(get("/reset/abc")).await;
            let body = response.expect("infallible").into_body();
            body.collect().await.expect("read");
        })
        .await;
    assert_tree!(recorder, "http-wmux-servehttp\n  look-up");
    let event = the_end(&recorder);
    assert_eq!(event["route"], "/reset/{token}");
    assert_eq!(event["url"]["path"], "/reset/[redacted]");
}

#[tokio::test]
async fn in_another_monitored_handler_the_request_is_one_event() {
    let recorder = Recorder::new();
    let inner = monitored_handler(user.into_service());
    let app = Router::new().route_service("/users/{id}", monitored_handler(inner));
    asked(&recorder, &app, &[("GET", "/users/7")]).await;
    assert_tree!(recorder, "http-wmux-handler\n  look-up");
    the_end_of_handler(&recorder);
}

#[tokio::test]
async fn a_layer_keeps_what_is_known_of_a_handler_that_axum_wraps_anew_for_each_request() {
    let recorder = Recorder::new();
    let layer = full_handler().cpu_of_one_in(2);
    let app = Router::new().route("/users/{id}", on_get(user.layer(layer)));
    asked(&recorder, &app, &[("GET", "/users/7"); 5]).await;
    let events = ended_as(HANDLER, &recorder, 5);
    let measured: Vec<_> = events
        .iter()
        .map(|event| event.get("cpu").is_some())
        .collect();
    assert_eq!(measured, [true, false, true, false, true]);
}

/// The event of a request that a handler answers so, whose body is read to its end.
async fn end_of<F>(handler: impl Fn() -> F) -> Recorded
where
    F: Future<Output = Result<Answer, BoxError>>,
{
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = service_fn(|_: Request<MonitoredRequestBody<Body>>| handler());
            let call = async {
                match monitored_handler(service).oneshot(get("/")).await {
                    Ok(response) => drop(response.into_body().collect().await),
                    Err(error) => drop(error),
                }
            };
            // A panic goes on, to whoever polls.
            AssertUnwindSafe(call).catch_unwind().await.ok();
        })
        .await;
    the_end_of_handler(&recorder)
}

#[tokio::test]
async fn an_error_of_the_handler_is_failed_and_is_noted() {
    let event = end_of(async || Err("out of stock".into())).await;
    assert_eq!(event.outcome(), "failed");
    assert_eq!(event["error"][0]["msg"], "out of stock");
    let event = end_of(async || Ok(empty(503))).await;
    assert_eq!(event.outcome(), "failed");
    let torn = async || {
        Ok(streaming(futures_util::stream::iter([
            Ok("a"),
            Err("torn".into()),
        ])))
    };
    let event = end_of(torn).await;
    assert_eq!(event.outcome(), "failed");
    assert_eq!(event["error"][0]["msg"], "torn");
}

#[tokio::test]
async fn a_deadline_inside_the_handler_is_timed_out() {
    let late = async || {
        let layer = TimeoutLayer::new(std::time::Duration::ZERO);
        let late = service_fn(async |()| pending::<Result<Answer, BoxError>>().await);
        layer.layer(late).oneshot(()).await
    };
    assert_eq!(end_of(late).await.outcome(), "timed-out");
}

#[tokio::test]
async fn a_panic_of_the_handler_or_of_its_body_is_panicked_and_goes_on() {
    let event = end_of(async || panic!("no such shelf")).await;
    assert_eq!(event.outcome(), "panicked");
    assert_eq!(event["error"][0]["msg"], "no such shelf");
    let torn = async || {
        Ok(streaming(futures_util::stream::once(async {
            panic!("torn")
        })))
    };
    assert_eq!(end_of(torn).await.outcome(), "panicked");

    let service = monitored_handler(service_fn(
        async |_: Request<MonitoredRequestBody<Body>>| match std::hint::black_box(true) {
            true => panic!("goes on"),
            false => Ok::<_, BoxError>(empty(200)),
        },
    ));
    let call = AssertUnwindSafe(service.oneshot(get("/"))).catch_unwind();
    let recorder = Recorder::new();
    let Err(payload) = recorder.scope(call).await else {
        unreachable!("it panics");
    };
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"goes on"));
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_answer_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = service_fn(async |_: Request<MonitoredRequestBody<Body>>| {
                pending::<Result<Answer, BoxError>>().await
            });
            let mut call = Box::pin(monitored_handler(service).oneshot(get("/")));
            assert!(call.as_mut().now_or_never().is_none());
            drop(call);
        })
        .await;
    assert_eq!(the_end_of_handler(&recorder).outcome(), "cancelled");
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_end_is_truncated() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = service_fn(async |_: Request<MonitoredRequestBody<Body>>| {
                Ok::<_, BoxError>(streaming(then_hang(&["first"])))
            });
            let response = monitored_handler(service).oneshot(get("/")).await;
            let mut body = response.expect("answered").into_body();
            body.frame().await.expect("a frame").expect("data");
            drop(body);
        })
        .await;
    let event = the_end_of_handler(&recorder);
    assert_eq!(
        (event.outcome(), event["response_size"].as_u64()),
        ("truncated", Some(5))
    );
}
