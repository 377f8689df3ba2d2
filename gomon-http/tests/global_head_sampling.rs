//! Requests whose traces are sampled out at their head. A process of its own, since head sampling
//! is for the whole process.

use std::convert::Infallible;
use std::sync::Arc;

use gomon_core::{Context, Event, EventTracker};
use gomon_http::{ClientLayer, MonitoringLayer};
use http::{Request, Response};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use tower::{Layer, Service, ServiceExt};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What a service sees of its context: the header it would send, and the one its client sent.
async fn headers_inside(request: Request<String>) -> (String, String) {
    let seen = Arc::new(Mutex::new(None));
    let sink = Arc::clone(&seen);
    let service =
        MonitoringLayer::new().layer(MonitoringLayer::new().layer(tower::service_fn(move |_| {
            let sink = Arc::clone(&sink);
            async move {
                tokio::task::yield_now().await;
                EventTracker::new("query").finish();
                let own = Context::current().traceparent().expect("a trace");
                *sink.lock() = Some((own.to_string(), sent_by_a_client().await));
                Ok::<_, Infallible>(Response::new(String::from("done")))
            }
        })));
    let response = service.oneshot(request).await.expect("infallible");
    let body = response.into_body().collect().await.expect("infallible");
    assert_eq!(body.to_bytes(), "done");
    seen.lock().take().expect("called")
}

/// The header that a client two layers deep sends.
async fn sent_by_a_client() -> String {
    let mut client = ClientLayer::new().layer(ClientLayer::new().layer(tower::service_fn(
        async |request: Request<_>| {
            let header = request.headers()["traceparent"].to_str().expect("text");
            Ok::<_, Infallible>(Response::new(header.to_owned()))
        },
    )));
    let response = client.call(Request::new(String::new())).await;
    let body = response.expect("infallible").into_body().collect().await;
    let bytes = body.expect("infallible").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn a_request_that_is_sampled_out_goes_on_in_its_trace_and_nothing_of_it_is_recorded() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let gomon = gomon_core::builder()
        .head_sampling(0.0)
        .listener(move |event: &Event| sink.lock().push(event.fp().to_owned()))
        .start()
        .expect("started");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime");
    let called = Request::builder().header("traceparent", CALLER);
    let called = called.body(String::from("body")).expect("a request");
    let (inside, sent) = runtime.block_on(headers_inside(called));
    let (own, own_sent) = runtime.block_on(headers_inside(Request::new(String::new())));
    drop(runtime);
    let report = gomon.shutdown();

    assert_eq!(inside[..35], CALLER[..35], "the caller's trace");
    assert_ne!(inside[36..52], CALLER[36..52], "the request's span");
    assert!(inside.ends_with("-00"), "not recorded: {inside}");
    assert_eq!(sent, inside, "the client's event is not there");
    assert!(own.ends_with("-02"), "random, not recorded: {own}");
    assert_eq!(own_sent, own);
    let own = ["application", "gomon-self", "application-end"];
    assert_eq!(*events.lock(), own, "nothing but what gomon says of itself");
    // For each request itself, its query and its call, twice for the layers of the client.
    let sampled_out = report.listeners[0].dropped[0].1;
    assert_eq!(sampled_out, 2 * 4);
    assert!(gomon_core::in_flight().is_empty());
}
