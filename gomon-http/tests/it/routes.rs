//! Route templates of axum, and where there is none.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use gomon_core::testing::{Recorded, Recorder};
use http::Request;
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::support::{full_layer, get, the_end};

async fn event_of(app: Router, request: Request<Body>) -> Recorded {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let response = app.oneshot(request).await.expect("infallible");
            response.into_body().collect().await.expect("read");
        })
        .await;
    the_end(&recorder)
}

fn users() -> Router {
    Router::new().route("/users/{id}", on_get(async || "Ada"))
}

#[tokio::test]
async fn a_layered_router_gives_the_template() {
    let event = event_of(users().layer(full_layer()), get("/users/7")).await;
    assert_eq!(event["route"], "/users/{id}");
    assert_eq!(event["url"]["path"], "/users/7");
}

#[tokio::test]
async fn a_route_layer_gives_the_template() {
    let event = event_of(users().route_layer(full_layer()), get("/users/7")).await;
    assert_eq!(event["route"], "/users/{id}");
}

#[tokio::test]
async fn a_nested_router_gives_the_whole_template_and_the_whole_path() {
    let inside = Router::new().nest("/api/{tenant}", users().layer(full_layer()));
    let outside = Router::new()
        .nest("/api/{tenant}", users())
        .layer(full_layer());
    for app in [inside, outside] {
        let event = event_of(app, get("/api/acme/users/7")).await;
        assert_eq!(event["route"], "/api/{tenant}/users/{id}");
        assert_eq!(event["url"]["path"], "/api/acme/users/7");
    }
}

#[tokio::test]
async fn a_path_that_no_route_matches_is_unmatched() {
    let fallbacks = [users(), users().fallback(async || "lost")];
    for app in fallbacks {
        let event = event_of(app.layer(full_layer()), get("/nowhere")).await;
        assert_eq!(event["route"], "unmatched");
    }
}

#[tokio::test]
async fn a_method_that_the_route_does_not_take_still_has_the_template() {
    let request = Request::delete("/users/7")
        .body(Body::empty())
        .expect("request");
    let event = event_of(users().layer(full_layer()), request).await;
    assert_eq!(
        (&event["route"], &event["response_code"]),
        (&"/users/{id}".into(), &405.into())
    );
}

#[tokio::test]
async fn round_a_whole_router_the_route_is_unknown() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let response = full_layer()
                .layer(users())
                .oneshot(get("/users/7"))
                .await
                .expect("infallible");
            response.into_body().collect().await.expect("read");
        })
        .await;
    assert!(the_end(&recorder).get("route").is_none());
}

#[tokio::test]
async fn round_a_nested_service_the_route_is_unknown() {
    let app = Router::new().nest_service("/api", full_layer().layer(users()));
    let event = event_of(app, get("/api/users/7")).await;
    assert!(event.get("route").is_none());
    assert_eq!(event["url"]["path"], "/api/users/7");
}

#[tokio::test]
async fn round_a_router_with_a_nested_service_a_match_is_no_fallback_and_its_secret_is_masked() {
    let nested = |prefix: &str| {
        Router::new()
            .nest_service(prefix, users())
            .layer(full_layer())
    };
    let event = event_of(nested("/{token}/api"), get("/a%62c/api/users/7")).await;
    assert!(event.get("route").is_none());
    assert_eq!(event["url"]["path"], "/[redacted]/api/users/7");
    let event = event_of(nested("/{token}/api"), get("/nowhere")).await;
    assert_eq!(event["route"], "unmatched");
}

#[tokio::test]
async fn a_secret_route_parameter_is_masked_in_the_path_and_the_label() {
    let reset = Router::new().route(
        "/reset/{token}",
        on_get(async || {
            let work = gomon_core::in_flight();
            assert_eq!(work[0].label, "GET /reset/[redacted]");
        }),
    );
    let event = event_of(reset.layer(full_layer()), get("/reset/abc")).await;
    assert_eq!(event["response_code"], 200);
    assert_eq!(event["url"]["path"], "/reset/[redacted]");
}
