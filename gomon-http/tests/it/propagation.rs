//! Context through a service: what came in with a request goes out with the calls that it causes.

use std::convert::Infallible;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use gomon_core::testing::Recorder;
use gomon_core::{B3, Propagation, current};
use gomon_http::{ClientLayer, MonitoredRequestBody, MonitoringLayer};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};

use crate::support::{get, text};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The headers that a service sends on when it is called with these.
async fn sent_on(
    server: MonitoringLayer,
    client: ClientLayer,
    came: &[(&'static str, &str)],
) -> HeaderMap {
    let (sender, sent) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    let far = tower::service_fn(move |request: Request<MonitoredRequestBody<AxumBody>>| {
        let kept = sender
            .take()
            .map(|sender| sender.send(request.headers().clone()));
        kept.expect("called once").expect("somebody waits");
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    });
    let mut client = Some(client.layer(far));
    let service = server.layer(tower::service_fn(move |_| {
        let client = client.take().expect("called once");
        async move {
            let answer = client.oneshot(get("http://far.example/")).await;
            answer.expect("answered").into_body().collect().await.ok();
            Ok::<_, Infallible>(text("ok"))
        }
    }));
    let mut request = get("/");
    for (name, value) in came {
        request
            .headers_mut()
            .append(*name, value.parse().expect("a value"));
    }
    let recorder = Recorder::new();
    let answer = recorder.scope(service.oneshot(request)).await;
    drop(answer);
    sent.await.expect("it was called")
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().expect("ASCII"))
}

#[tokio::test]
async fn tracestate_and_baggage_go_on_with_the_calls_of_a_request() {
    let came = [
        ("traceparent", PARENT),
        ("tracestate", "congo=1,"),
        ("tracestate", "rojo=2"),
        ("baggage", "tenant = a%20b ; p"),
    ];
    let sent = sent_on(MonitoringLayer::new(), ClientLayer::new(), &came).await;
    assert!(value(&sent, "traceparent").starts_with(&format!("00-{TRACE}-")));
    assert_eq!(value(&sent, "tracestate"), "congo=1,rojo=2");
    assert_eq!(value(&sent, "baggage"), "tenant=a%20b;p");
}

#[tokio::test]
async fn what_strangers_send_goes_nowhere_where_they_are_ignored() {
    let came = [
        ("traceparent", PARENT),
        ("tracestate", "congo=1"),
        ("baggage", "tenant=a"),
    ];
    let layer = MonitoringLayer::new().ignore_traceparent();
    let sent = sent_on(layer, ClientLayer::new(), &came).await;
    assert!(!value(&sent, "traceparent").contains(TRACE));
    assert!(!sent.contains_key("tracestate") && !sent.contains_key("baggage"));
}

#[tokio::test]
async fn a_layer_and_a_client_may_speak_b3() {
    let b3 = Propagation::new().b3(B3::Single);
    let came = [("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")];
    let (server, client) = (MonitoringLayer::new(), ClientLayer::new());
    let sent = sent_on(server.propagation(b3), client.propagation(b3), &came).await;
    assert!(value(&sent, "b3").starts_with(TRACE) && value(&sent, "b3").ends_with("-1"));
    assert!(value(&sent, "traceparent").contains(TRACE));
}

#[tokio::test]
async fn a_handler_reads_the_baggage_of_its_request() {
    let recorder = Recorder::new();
    let service = MonitoringLayer::new().layer(tower::service_fn(async |_| {
        let tenant = current().baggage().get("tenant").map(|it| it.into_owned());
        assert_eq!(tenant.as_deref(), Some("a b"));
        Ok::<_, Infallible>(text("ok"))
    }));
    let mut request = get("/");
    let baggage = "tenant=a%20b".parse().expect("a value");
    request.headers_mut().insert("baggage", baggage);
    recorder
        .scope(service.oneshot(request))
        .await
        .expect("answered");
}
