//! What a running program can be asked and told over HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get as on_get;
use gomon_core::testing::Recorder;
use gomon_core::{capture, probe};
use gomon_http::{Admin, admin};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::support::{full_layer, get};

/// A request from this machine.
fn local(method: Method, path: &str, body: &str) -> Request<Body> {
    let mut request = from("127.0.0.1:4711", path);
    *request.method_mut() = method;
    *request.body_mut() = Body::from(body.to_owned());
    request
}

fn from(peer: &str, path: &str) -> Request<Body> {
    let peer: SocketAddr = peer.parse().expect("an address");
    let mut request = get(path);
    request
        .headers_mut()
        .insert("host", "localhost:80".parse().expect("a host"));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn ask(admin: Admin, request: Request<Body>) -> (u16, Value) {
    let answer = admin.oneshot(request).await.expect("infallible");
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

async fn here(method: Method, path: &str, body: &str) -> (u16, Value) {
    ask(admin(), local(method, path, body)).await
}

#[tokio::test]
async fn only_this_machine_is_answered_or_who_brings_the_token() {
    let with = |name: &'static str, value: &str, peer: &str| {
        let mut request = from(peer, "/gomon/health");
        request
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
        request
    };
    let (here, there) = ("[::1]:1", "192.0.2.1:1");
    let token = admin().token("t0p");
    for (admin, request, expected) in [
        (admin(), from(here, "/gomon/health"), 200),
        (admin(), from(there, "/gomon/health"), 403),
        (admin(), get("/gomon/health"), 403),
        (admin(), with("host", "evil.example", here), 403),
        (admin(), from(here, "http://evil.example/gomon/health"), 403),
        (admin(), from(here, "http://[::1]:80/gomon/health"), 200),
        (admin(), with("origin", "http://evil.example", here), 403),
        (admin(), with("sec-fetch-site", "cross-site", here), 403),
        (admin(), with("sec-fetch-site", "same-origin", here), 200),
        (token.clone(), from(here, "/gomon/health"), 401),
        (token.clone(), with("authorization", "Bearer t0", here), 403),
        (token, with("authorization", "Bearer t0p", there), 200),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(ask(admin, request).await.0, expected, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_listed_with_what_they_do() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (finish, finished) = oneshot::channel::<()>();
            let finished = std::sync::Arc::new(std::sync::Mutex::new(Some(finished)));
            let wait = on_get(move || {
                let finished = finished.lock().expect("no panic").take();
                async move {
                    let _ = gomon_core::time::timeout(
                        std::time::Duration::from_secs(60),
                        finished.expect("once"),
                    )
                    .await;
                    "done"
                }
            });
            let app = Router::new()
                .route("/orders/{id}", wait)
                .layer(full_layer());
            let mut request = from("192.0.2.9:7", "/orders/7?token=x");
            *request.method_mut() = Method::GET;
            let running = gomon_core::spawn(app.oneshot(request));
            while gomon_core::in_flight().is_empty() {
                tokio::task::yield_now().await;
            }
            let (status, told) = here(Method::GET, "/gomon/request-status", "").await;
            assert_eq!(status, 200, "{told}");
            let unit = &told["in-flight"][0];
            assert_eq!(
                (&unit["method"], &unit["url"]),
                (&"GET".into(), &"/orders/7".into())
            );
            assert_eq!(
                (&unit["route"], &unit["client"]),
                (&"/orders/{id}".into(), &"192.0.2.9".into())
            );
            assert!(
                unit["age-secs"].as_f64() >= unit["cpu-secs"].as_f64(),
                "{unit}"
            );
            assert_eq!(told["pid"], std::process::id());
            let mut request = local(Method::GET, "/request-status", "");
            request
                .headers_mut()
                .insert("accept", "text/plain".parse().expect("a type"));
            let (_, table) = ask(admin(), request).await;
            let table = table.as_str().expect("text");
            assert!(
                table.contains("GET /orders/7") && table.contains("doing"),
                "{table}"
            );
            let (_, stacks) = here(Method::GET, "/stacks", "").await;
            assert_eq!(stacks["work"][0]["label"], "GET /orders/7");
            let threads = stacks["threads"].as_array().expect("a list");
            assert!(
                threads.iter().any(|thread| thread["name"] == "gomon-bus"),
                "{stacks}"
            );
            finish.send(()).expect("it waits");
            assert_eq!(
                running
                    .await
                    .expect("no panic")
                    .expect("infallible")
                    .status(),
                StatusCode::OK
            );
        })
        .await;
}

#[tokio::test]
async fn it_says_whether_gomon_is_well_and_what_it_counted() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let probe = probe::register("stock").expect("a probe");
            probe.gauge("apples", || 3);
            let (status, told) = here(Method::GET, "/gomon/status", "").await;
            assert_eq!((status, &told["status"]), (200, &"ok".into()), "{told}");
            let (_, stats) = here(Method::GET, "/gomon/stats", "").await;
            assert!(stats["created"].as_u64() > Some(0), "{stats}");
            assert_eq!(stats["probes"][0]["gauges"]["apples"], 3.0);
        })
        .await;
}

#[tokio::test]
async fn settings_for_a_time_are_put_and_deleted() {
    let _recorder = Recorder::new();
    let (status, told) = here(
        Method::PUT,
        "/gomon/config?secs=60",
        r#"{"capture": "full"}"#,
    )
    .await;
    assert_eq!(
        (status, &told["capture"]["rows"]),
        (200, &10.into()),
        "{told}"
    );
    assert_eq!(capture().rows(), 10);
    assert!(
        told["temporary-left-secs"]
            .as_f64()
            .is_some_and(|left| left > 50.0)
    );
    assert_eq!(here(Method::DELETE, "/gomon/config", "").await.0, 200);
    assert_eq!(
        (
            capture().rows(),
            here(Method::DELETE, "/gomon/config", "").await.0
        ),
        (0, 404)
    );
    for (path, body, what) in [
        ("/config", "{}", "for how many secs?"),
        ("/config?secs=0", "{}", "for a millisecond to 24 hours"),
        (
            "/config?secs=x",
            "{}",
            "secs is a number from 0 to 86400, not \"x\"",
        ),
        ("/config?secs=1&secs=2", "{}", "secs is there twice"),
        (
            "/config?secs=1&sec=2",
            "{}",
            "there is no parameter \"sec\"",
        ),
        (
            "/config?secs=1",
            "{\"captur\": 1}",
            "unknown field `captur`",
        ),
        ("/config?secs=1", "", "EOF"),
    ] {
        let (status, told) = here(Method::PUT, path, body).await;
        let error = told["error"].as_str().expect("an error");
        assert!(status == 400 && error.contains(what), "{path}: {told}");
    }
}

#[tokio::test]
async fn a_trial_does_what_it_is_told_and_refuses_what_is_wrong() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let probe = probe::register("mail").expect("a probe");
            probe.action("send", |args: &[&str]| Ok::<_, String>(format!("sent to {}", args.join(", "))));
            let path = "/gomon/test?secs=0.01&kbytes=100&cpu=0.01&spawn=2&probe=mail&action=send&arg=a%40b&arg=c";
            let (status, told) = here(Method::POST, path, "").await;
            assert_eq!((status, &told["said"]), (200, &"sent to a@b, c".into()), "{told}");
            for (path, what) in [
                ("/test?secs=61", "secs is a number from 0 to 60"),
                ("/test?secs=NaN", "not \"NaN\""),
                ("/test?kbytes=-1", "kbytes is a number"),
                ("/test?probe=mail", "belong together"),
                ("/test?probe=none&action=send", "no such probe"),
                ("/test?wait=1", "no parameter \"wait\""),
            ] {
                let (status, told) = here(Method::POST, path, "").await;
                assert!(status == 400 && told.to_string().contains(&what.replace('"', "\\\"")), "{path}: {told}");
            }
        })
        .await;
    let panicked = tokio::spawn(here(Method::POST, "/test?panic=1", "")).await;
    assert!(panicked.expect_err("a panic").is_panic());
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let wrong = [
        (Method::GET, "/gomon/test?secs=0", "POST"),
        (Method::POST, "/gomon/config?secs=300", "GET, PUT, DELETE"),
        (Method::PUT, "/gomon/health", "GET"),
    ];
    for (method, path, allow) in wrong {
        let answer = admin().oneshot(local(method, path, "")).await;
        let answer = answer.expect("infallible");
        assert_eq!(
            (answer.status(), &answer.headers()["allow"]),
            (
                StatusCode::METHOD_NOT_ALLOWED,
                &allow.parse::<http::HeaderValue>().expect("a value")
            ),
            "{path}"
        );
    }
    assert_eq!(here(Method::GET, "/gomon/stats?all=1", "").await.0, 400);
    let (status, told) = here(Method::GET, "/gomon/none", "").await;
    assert!(
        status == 404 && told.to_string().contains("/request-status"),
        "{told}"
    );
}

#[tokio::test]
async fn requests_of_one_handler_are_requests_too() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let asked = gomon_http::monitored_handler(tower::service_fn(
                async |_: Request<gomon_http::MonitoredRequestBody<Body>>| {
                    let (_, told) = here(Method::GET, "/gomon/request-status", "").await;
                    Ok::<_, std::convert::Infallible>(Response::new(Body::from(told.to_string())))
                },
            ));
            let answer = asked.oneshot(get("/orders/7")).await.expect("infallible");
            let told = answer
                .into_body()
                .collect()
                .await
                .expect("whole")
                .to_bytes();
            let told: Value = serde_json::from_slice(&told).expect("JSON");
            let unit = &told["in-flight"][0];
            assert_eq!(
                (&unit["kind"], &unit["method"], &unit["url"]),
                (
                    &"http-wmux-handler".into(),
                    &"GET".into(),
                    &"/orders/7".into()
                )
            );
        })
        .await;
    assert_eq!(recorder.find("http-wmux-handler").len(), 1);
}

#[tokio::test]
async fn a_file_of_a_probe_can_be_saved() {
    let recorder = Recorder::new();
    let probe = recorder.run(|| probe::register("sql").expect("the name is free"));
    probe.file("a\"b.pb", || vec![0xff, 0x00, 0x7f]);
    let ask = |path| {
        let request = local(Method::GET, path, "");
        recorder.scope(admin().oneshot(request))
    };
    let answer = ask("/gomon/file?probe=sql&name=a%22b.pb")
        .await
        .expect("infallible");
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"a_b.pb\""
    );
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    assert_eq!(body[..], [0xff, 0x00, 0x7f]);
    for (path, status) in [
        ("/gomon/file?probe=sql&name=other", StatusCode::NOT_FOUND),
        ("/gomon/file?probe=other&name=a", StatusCode::NOT_FOUND),
        ("/gomon/file?probe=sql", StatusCode::BAD_REQUEST),
        (
            "/gomon/file?probe=sql&name=a&more=1",
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let answer = ask(path).await.expect("infallible");
        assert_eq!(answer.status(), status, "{path}");
    }
}
