//! What the event tells of the heads of request and response, and what it masks.

use axum::body::Body;
use gomon_core::testing::Recorder;
use http::{HeaderName, HeaderValue, Request, Version, header};
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, SERVER, empty, full_layer, get, observed, text};

#[tokio::test]
async fn the_head_of_a_request_becomes_keys() {
    let request = Request::put("/users/7?page=2")
        .header(header::HOST, "shop.example:8080")
        .header(header::CONTENT_LENGTH, "3")
        .header(header::TRANSFER_ENCODING, "chunked")
        .header(header::CONNECTION, "Keep-Alive, Close")
        .body(Body::from("abc"))
        .expect("request");
    let event = observed(full_layer(), request, || text("ok")).await;

    assert_eq!(event["direction"], "incoming");
    assert_eq!(event["method"], "PUT");
    assert_eq!(event["proto"], "HTTP/1.1");
    assert_eq!(event["content-length"], 3);
    assert_eq!(event["encoding"], "chunked");
    assert_eq!(event["close"], true);
    assert_eq!(event["response_code"], 200);
    assert!(event["first-byte"].as_u64() <= event["gomon:lapsed"].as_u64());
    let url = serde_json::json!({"scheme": "http", "host": "shop.example:8080", "path": "/users/7", "query": "page=2"});
    assert_eq!(event["url"], url);
}

#[tokio::test]
async fn connections_stay_open_in_http_1_1_and_close_in_1_0_unless_asked_otherwise() {
    for (version, connection, closes) in [
        (Version::HTTP_11, "", false),
        (Version::HTTP_11, "close", true),
        (Version::HTTP_10, "", true),
        (Version::HTTP_10, "keep-alive", false),
        (Version::HTTP_2, "", false),
    ] {
        let mut request = get("/");
        *request.version_mut() = version;
        let connection = HeaderValue::from_static(connection);
        request.headers_mut().insert(header::CONNECTION, connection);
        let event = observed(full_layer(), request, || text("ok")).await;
        assert_eq!(event["close"], closes, "{version:?}");
    }
}

#[tokio::test]
async fn secrets_in_urls_are_masked_wherever_they_stand() {
    let mut request = get("http://ada:pw1@shop.example/x?api_key=k1&page=2");
    for name in [header::REFERER, header::ORIGIN] {
        let value = HeaderValue::from_static("https://ada:pw1@a.example/?token=t1&b=c");
        request.headers_mut().insert(name, value);
    }
    let event = observed(full_layer(), request, || {
        let mut answer = text("ok");
        let location = HeaderValue::from_static("/next?session=s1");
        answer.headers_mut().insert(header::LOCATION, location);
        answer
    })
    .await;

    let written = serde_json::to_string(
        &event
            .get("url")
            .into_iter()
            .chain(event.get("headers"))
            .chain(event.get("response_headers"))
            .collect::<Vec<_>>(),
    )
    .expect("json");
    for secret in ["pw1", "k1", "t1", "s1"] {
        assert!(!written.contains(secret), "{secret} in {written}");
    }
    assert_eq!(event["url"]["host"], "shop.example");
    assert_eq!(event["url"]["query"], "api_key=[redacted]&page=2");
    assert_eq!(
        event["response_headers"]["location"][0],
        "/next?session=[redacted]"
    );
}

#[tokio::test]
async fn secret_headers_are_redacted_value_by_value() {
    let mut request = get("/");
    let headers = request.headers_mut();
    for name in ["cookie", "x-api-key", "proxy-authorization", "x-session-id"] {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static("s3cret"),
        );
    }
    let mut marked = HeaderValue::from_static("s3cret");
    marked.set_sensitive(true);
    headers.append("x-harmless-name", marked);
    let event = observed(full_layer(), request, || {
        let mut answer = text("ok");
        for cookie in ["a=s3cret", "b=s3cret"] {
            answer
                .headers_mut()
                .append(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
        answer
    })
    .await;

    assert!(!event["headers"].to_string().contains("s3cret"));
    assert_eq!(
        event["response_headers"]["set-cookie"],
        serde_json::json!(["[redacted]", "[redacted]"])
    );
}

#[tokio::test]
async fn repeated_headers_are_a_list_and_obs_text_survives() {
    let mut request = get("/");
    let headers = request.headers_mut();
    headers.append("accept", HeaderValue::from_static("text/html"));
    headers.append("accept", HeaderValue::from_static("text/plain"));
    let latin1 = HeaderValue::from_bytes(b"caf\xe9").expect("obs-text");
    headers.append("x-latin1", latin1.clone());
    headers.append(header::REFERER, latin1);
    let utf8 = HeaderValue::from_bytes("café".as_bytes()).expect("obs-text");
    headers.append("x-utf8", utf8);
    let event = observed(full_layer(), request, || text("ok")).await;

    let base64 = "Y2Fm6Q==";
    assert_eq!(
        event["headers"]["accept"],
        serde_json::json!(["text/html", "text/plain"])
    );
    assert_eq!(event["headers"]["x-latin1"][0], base64);
    assert_eq!(event["headers"]["referer"][0], base64);
    assert_eq!(event["headers"]["x-utf8"][0], "café");
}

#[tokio::test]
async fn a_request_is_a_unit_of_work_labelled_with_method_and_path() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(async |_| {
                let work = gomon_core::in_flight();
                assert_eq!(work.len(), 1);
                assert_eq!((work[0].kind, &*work[0].label), (SERVER, "GET /users/7"));
                Ok::<_, BoxError>(empty(204))
            }));
            service
                .oneshot(get("/users/7?page=2"))
                .await
                .expect("answered");
            assert_eq!(recorder.find(SERVER).len(), 1);
        })
        .await;
}

#[tokio::test]
async fn odd_methods_and_targets_are_taken_as_they_are() {
    let long = format!("/{}", "a".repeat(4096));
    for (method, target, path) in [
        ("OPTIONS", "*", "*"),
        ("CONNECT", "db.example:5432", ""),
        ("FROBNICATE", "/%00/../x//y", "/%00/../x//y"),
        ("GET", "http://[::1]:81/x", "/x"),
        ("GET", &long, &long),
    ] {
        let mut request = get("/");
        *request.method_mut() = method.parse().expect("a method");
        *request.uri_mut() = target.parse().expect("a target");
        let event = observed(full_layer(), request, || text("ok")).await;
        assert_eq!(event["method"], method);
        assert_eq!(event["url"]["path"], path);
        assert!(event.get("error").is_none());
    }
}

#[tokio::test]
async fn ten_thousand_headers_are_cut_and_counted_and_harm_nobody() {
    let mut request = get("/");
    for n in 0..10_000 {
        let name = HeaderName::try_from(format!("x-{n}")).expect("a name");
        request.headers_mut().insert(name, HeaderValue::from(n));
    }
    let event = observed(full_layer(), request, || text("ok")).await;
    assert_eq!(event.outcome(), "completed");
    assert!(
        event["headers"]
            .as_object()
            .is_some_and(|map| map.len() <= 256)
    );
    assert!(event["gomon:dropped"]["headers"].as_u64() >= Some(9_000));
}
