//! The context of a call is sent to hosts that are known, and to no others.

use std::convert::Infallible;

use bytes::Bytes;
use gomon_core::testing::Recorder;
use gomon_core::{Baggage, Context};
use gomon_http::{ClientLayer, MonitoredRequestBody};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::support::get;

/// The headers that are sent to this URL.
async fn sent_to(layer: &ClientLayer, url: &str) -> HeaderMap {
    let mut sent = HeaderMap::new();
    let far = tower::service_fn(|request: Request<MonitoredRequestBody<Full<Bytes>>>| {
        sent = request.headers().clone();
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    });
    let mut baggage = Baggage::default();
    baggage.insert("tenant", "a").expect("a member");
    let context = Context::application().with_baggage(baggage);
    let call =
        context.enter(|| gomon_core::FutureExt::in_current(layer.layer(far).oneshot(get(url))));
    call.await.expect("answered");
    sent
}

#[tokio::test]
async fn only_hosts_on_the_list_are_told_the_context() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let layer = ClientLayer::new().propagate_to(["*.internal", "10.0.0.0/8", "[::1]"]);
            for (url, told) in [
                ("http://stock.internal/", true),
                ("http://10.1.2.3:81/", true),
                ("http://[::1]:80/", true),
                ("http://internal/", false),
                ("http://stranger.example/", false),
                ("http://11.0.0.1/", false),
                ("/", false),
            ] {
                let sent = sent_to(&layer, url).await;
                for name in ["traceparent", "baggage"] {
                    assert_eq!(sent.contains_key(name), told, "{name} to {url}");
                }
            }
            let all = ClientLayer::new();
            assert!(
                sent_to(&all, "http://stranger.example/")
                    .await
                    .contains_key("traceparent")
            );
        })
        .await;
}
