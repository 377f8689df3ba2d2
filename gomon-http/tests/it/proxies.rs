//! Who asked from behind proxies, and how long that took.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::ConnectInfo;
use gomon_core::Capture;
use gomon_core::testing::{Clock, Recorded, with_recorder_async};
use gomon_http::TrustedProxies;
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, full_layer, get, observed, text};

fn from(peer: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = get("/");
    let peer: SocketAddr = peer.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    for (name, value) in headers {
        let value = value.parse().expect("a value");
        request.headers_mut().append(*name, value);
    }
    request
}

async fn behind_proxies(request: Request<Body>) -> Recorded {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8:1::/48"]).expect("networks");
    observed(full_layer().trusted_proxies(proxies), request, || {
        text("ok")
    })
    .await
}

#[tokio::test]
async fn the_client_is_told_by_trusted_proxies_alone() {
    let sent = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.7.7.7"),
        ("x-forwarded-proto", "https"),
    ];
    let event = behind_proxies(from("10.0.0.1:80", &sent)).await;
    assert_eq!(event["client-ip"], "203.0.113.9");
    assert_eq!(event["remoteaddr"], "10.0.0.1:80");
    assert_eq!(event["url"]["scheme"], "https");
    let event = behind_proxies(from("192.0.2.1:80", &sent)).await;
    assert_eq!(
        (&event["client-ip"], &event["url"]["scheme"]),
        (&"192.0.2.1".into(), &"http".into())
    );
    let event = observed(full_layer(), from("10.0.0.1:80", &sent), || text("ok")).await;
    assert_eq!(event.get("client-ip"), None);
}

#[tokio::test]
async fn addresses_of_version_6_are_told_as_well() {
    let sent = [(
        "forwarded",
        r#"for="[2001:db8::1]:4711";proto=https, for="[2001:db8:1::9]""#,
    )];
    let event = behind_proxies(from("[2001:db8:1::5]:443", &sent)).await;
    assert_eq!(event["client-ip"], "2001:db8::1");
    assert_eq!(event["remoteaddr"], "[2001:db8:1::5]:443");
    assert_eq!(event["url"]["scheme"], "https");
}

#[tokio::test]
async fn addresses_are_taken_only_where_that_is_asked_for() {
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).expect("networks");
    let layer = gomon_http::MonitoringLayer::new().capture(Capture::safe());
    let sent = [("x-forwarded-for", "203.0.113.9")];
    let request = from("10.0.0.1:80", &sent);
    let event = observed(layer.trusted_proxies(proxies), request, || text("ok")).await;
    assert_eq!(
        (event.get("client-ip"), event.get("remoteaddr")),
        (None, None)
    );
}

#[tokio::test]
async fn what_a_request_waited_in_front_is_told_unless_a_stranger_says_it() {
    with_recorder_async(async |recorder| {
        let clock = recorder.manual_clock();
        clock.advance(Duration::from_secs(3_600));
        let now = UNIX_EPOCH + Duration::from_nanos(Clock::EPOCH_UNIX_NANOS) + clock.elapsed();
        let received = now.duration_since(UNIX_EPOCH).expect("after") - Duration::from_millis(250);
        let start = format!("t={}", received.as_micros());
        let sent = [("x-request-start", start.as_str())];
        let proxies = TrustedProxies::new(["10.0.0.0/8"]).expect("networks");
        for (layer, peer, expected) in [
            (full_layer(), "192.0.2.1:1", Some(250_000_000)),
            (
                full_layer().trusted_proxies(proxies.clone()),
                "10.0.0.1:1",
                Some(250_000_000),
            ),
            (full_layer().trusted_proxies(proxies), "192.0.2.1:1", None),
        ] {
            let service = layer.layer(tower::service_fn(async |_| Ok::<_, BoxError>(text("ok"))));
            drop(service.oneshot(from(peer, &sent)).await.expect("answered"));
            let event = recorder
                .find(crate::support::SERVER)
                .pop()
                .expect("an event");
            assert_eq!(
                event.get("queue").and_then(|queue| queue.as_u64()),
                expected
            );
        }
    })
    .await;
}
