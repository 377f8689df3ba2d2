//! Whatever comes: no panic, the limits hold, secrets are masked, and the service is asked and answers as if nobody watched.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use gomon_core::testing::{Recorded, Recorder};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

use crate::support::{BoxError, full_layer, get, observed, text, the_end};

async fn seen(request: Request<Body>) -> Recorded {
    let event = observed(full_layer(), request, || text("ok")).await;
    assert_eq!(
        (event["response_code"].as_u64(), event.outcome()),
        (Some(200), "completed")
    );
    let json = event.to_string();
    assert!(json.len() <= 64 << 10, "{} bytes", json.len());
    assert!(!json.contains("s3cr3t"), "{json}");
    event
}

#[tokio::test]
async fn ten_thousand_headers_are_cut_and_counted() {
    let mut request = get("/");
    for number in 0..10_000 {
        let name = HeaderName::try_from(format!("x-{number}")).expect("a name");
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static("v"));
    }
    for number in 0..1_000 {
        let value = HeaderValue::try_from(format!("s3cr3t-{number}")).expect("a value");
        request.headers_mut().append("x-api-key", value);
    }
    let event = seen(request).await;
    let kept = event["headers"].as_object().expect("a map").len();
    assert!(kept <= 256, "{kept}");
    assert!(
        event["gomon:dropped"]["headers"].as_u64() > Some(9_000),
        "{}",
        event["gomon:dropped"]
    );
}

#[tokio::test]
async fn a_header_of_a_mebibyte_and_one_of_no_known_letters_are_cut_and_kept() {
    let mut request = get("/");
    let long = HeaderValue::try_from("x".repeat(1 << 20)).expect("a value");
    request.headers_mut().insert("x-long", long);
    let obs_text = HeaderValue::from_bytes(b"caf\xe9").expect("obs-text");
    request.headers_mut().insert("x-old", obs_text);
    let event = seen(request).await;
    let kept = event["headers"]["x-long"][0].as_str().expect("text").len();
    assert!(kept <= 8 << 10, "{kept}");
    assert!(
        event["gomon:dropped"]["headers"].as_u64() >= Some(1_000_000),
        "{}",
        event["gomon:dropped"]
    );
    assert_eq!(event["headers"]["x-old"][0], "Y2Fm6Q==");
}

#[tokio::test]
async fn every_form_of_address_is_told_without_its_secrets() {
    for (method, uri, host, path) in [
        (
            Method::GET,
            "http://ada:s3cr3t@shop.example:81/a?token=s3cr3t",
            "shop.example:81",
            "/a",
        ),
        (Method::CONNECT, "shop.example:443", "shop.example:443", ""),
        (
            Method::CONNECT,
            "ada:s3cr3t@shop.example:443",
            "shop.example:443",
            "",
        ),
        (Method::OPTIONS, "*", "", "*"),
        (
            Method::GET,
            "http://[2001:db8::1]:8080/",
            "[2001:db8::1]:8080",
            "/",
        ),
        (
            Method::GET,
            "/a;jsessionid=s3cr3t/b%3Ftoken=s3cr3t",
            "",
            "/a;jsessionid=[redacted]/b%3Ftoken=[redacted]",
        ),
    ] {
        let mut request = get("/");
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse::<Uri>().expect("an address");
        *request.version_mut() = Version::HTTP_11;
        let event = seen(request).await;
        assert_eq!(
            (event["url"]["host"].as_str(), event["url"]["path"].as_str()),
            (Some(host), Some(path)),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn methods_and_paths_without_end_are_cut() {
    let mut request = get("/");
    *request.method_mut() = Method::from_bytes(&[b'M'; 8 << 10]).expect("a method");
    *request.uri_mut() = format!("/{}?q={}", "p".repeat(30_000), "v".repeat(30_000))
        .parse()
        .expect("an address");
    let event = seen(request).await;
    assert!(event["method"].as_str().expect("text").len() <= 8 << 10);
    assert!(event["url"]["path"].as_str().expect("text").len() <= 8 << 10);
    assert!(
        event["gomon:dropped"]["url"].as_u64() > Some(40_000),
        "{}",
        event["gomon:dropped"]
    );
}

/// Three bytes, whatever it says of itself.
struct Lying {
    hint: SizeHint,
    ends: bool,
    left: Option<Bytes>,
}

impl HttpBody for Lying {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.ends
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

#[tokio::test]
async fn a_body_that_lies_of_its_size_passes_as_it_is() {
    for (hint, ends) in [
        (SizeHint::with_exact(u64::MAX), false),
        (SizeHint::with_exact(1), false),
        (SizeHint::with_exact(0), true),
    ] {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let service = full_layer().layer(tower::service_fn(|_| {
                    let left = Some(Bytes::from_static(b"abc"));
                    let body = Lying { hint, ends, left };
                    std::future::ready(Ok::<_, BoxError>(Response::new(body)))
                }));
                let body = service
                    .oneshot(get("/"))
                    .await
                    .expect("answered")
                    .into_body();
                assert_eq!(body.size_hint().exact(), hint.exact());
                assert_eq!(body.is_end_stream(), ends);
                let read = body.collect().await.expect("read").to_bytes();
                assert_eq!(read, "abc");
            })
            .await;
        assert_eq!(the_end(&recorder).outcome(), "completed", "{hint:?}");
    }
}

/// Never ready.
struct Broken;

impl Service<Request<gomon_http::MonitoredRequestBody<Body>>> for Broken {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err("not today".into()))
    }

    fn call(&mut self, _: Request<gomon_http::MonitoredRequestBody<Body>>) -> Self::Future {
        unreachable!("it is not ready")
    }
}

#[tokio::test]
async fn a_service_that_fails_before_it_is_called_fails_as_it_did_and_makes_no_event() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut service = full_layer().layer(Broken);
            let ready = ServiceExt::<Request<Body>>::ready(&mut service).await;
            let error = ready.map(|_| ()).expect_err("it is not ready");
            assert_eq!(error.to_string(), "not today");
        })
        .await;
    assert_eq!(recorder.tree(), "");
}
