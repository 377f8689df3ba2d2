//! What a monitoring layer adds to an axum request: without sockets (`oneshot`), and under `wrk` on a real server.

mod app;
mod floor;
mod floor_whole;
mod goals;
mod peers;
mod wrk;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use bench_kit::{Arm, Counting, Table, run};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::app::{App, Kind, delivered};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// `request_only` builds the request that all others build too, and `identity` is what axum charges for any layer.
const ARMS: &[&str] = &[
    "request_only",
    "plain",
    "identity",
    "floor",
    "floor_whole",
    "gomon",
    "gomon_off",
    "fastrace_tower",
    "fastrace_axum",
    "towerhttp_nosub",
    "towerhttp_otel",
    "towerhttp_json",
    "axum_otel_lean",
    "axum_otel",
];

const WITH_TRACEPARENT: &[&str] = &[
    "plain",
    "floor",
    "floor_whole",
    "gomon",
    "fastrace_tower",
    "fastrace_axum",
    "towerhttp_otel",
    "axum_otel_lean",
];

const WITH_HEADERS: &[&str] = &[
    "plain",
    "identity",
    "floor",
    "floor_whole",
    "gomon",
    "gomon_off",
    "fastrace_tower",
    "fastrace_axum",
    "towerhttp_nosub",
    "axum_otel_lean",
];

const TABLES: &[Table] = &[
    Table::new("a request with 3 headers", "oneshot", ARMS, "plain"),
    Table::new(
        "the same with a traceparent",
        "oneshot-traceparent",
        WITH_TRACEPARENT,
        "plain",
    ),
    Table::new(
        "12 request and 6 response headers, 2 of them masked, a query string, 100 routes",
        "oneshot-headers",
        WITH_HEADERS,
        "plain",
    ),
];

/// Requests of one burst.
const BURST: u64 = 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", arm] => wrk::serve(arm),
        ["wrk", ..] => wrk::run(&arguments[1..]),
        _ => run("http", TABLES, goals::GOALS, make),
    }
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    let kind = Kind::named(input)?;
    if arm == "request_only" {
        return Some(Arm::new(BURST, move || {
            for _ in 0..BURST {
                black_box(request(kind));
            }
        }));
    }
    let App {
        router,
        flush,
        events_per_request,
    } = App::new(arm, kind)?;
    let burst = move || {
        for _ in 0..BURST {
            // What axum::serve does for each request: it clones the service and drives it once.
            let answer = ready(router.clone().oneshot(request(kind)));
            let answer = answer.unwrap_or_else(|never| match never {});
            assert_eq!(answer.status(), StatusCode::OK, "every route exists");
            black_box(ready(answer.into_body().collect()).expect("the body is in memory"));
        }
    };
    let arm = Arm::new(BURST, burst).flush(flush);
    Some(match events_per_request {
        Some(events) => arm.delivers(events, delivered),
        None => arm,
    })
}

fn request(kind: Kind) -> Request<Body> {
    let request = Request::get(kind.uri())
        .header("host", "127.0.0.1:8080")
        .header("user-agent", "wrk/4.1.0")
        .header("accept", "*/*");
    let request = match kind {
        Kind::Short => request,
        Kind::Traceparent => request.header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        Kind::Headers => request
            .header("accept-encoding", "gzip, deflate, br")
            .header("accept-language", "en-GB,en;q=0.9")
            .header("authorization", "Bearer 0123456789abcdef0123456789abcdef")
            .header("cache-control", "no-cache")
            .header("content-type", "application/json")
            .header("dnt", "1")
            .header("origin", "https://shop.example.com")
            .header("referer", "https://shop.example.com/products?page=2")
            .header("x-request-id", "5f0c8a52-8f1e-4c1b-9d7a-0a4b4d7a7d11"),
    };
    request.body(Body::empty()).expect("a valid request")
}

/// Polls until it is done: nothing here waits for anything.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
