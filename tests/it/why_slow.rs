//! "Why was this request slow?": what a handler spends its time on is told apart, and adds up.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gomon::http::{ClientLayer, MonitoredRequestBody, MonitoringLayer};
use gomon::sql::{MonitoredPgPool, PoolExt};
use gomon::sync::Mutex;
use gomon::testing::{Recorded, Recorder};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sqlx::postgres::PgPoolOptions;
use tower::{Layer, ServiceExt};

const PART: Duration = Duration::from_millis(100);

/// The event of one request to a handler.
async fn request<F>(handler: impl FnOnce() -> F + Clone + Send + Sync + 'static) -> Recorded
where
    F: Future<Output = ()> + Send + 'static,
{
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let app = Router::new()
                .route("/", get(handler))
                .layer(MonitoringLayer::new());
            let request = axum::http::Request::new(axum::body::Body::empty());
            let answer = app.oneshot(request).await.unwrap();
            answer.into_body().collect().await.unwrap();
        })
        .await;
    let events = recorder.find("http-wmux-servehttp");
    events.into_iter().next_back().unwrap()
}

/// Milliseconds of each part; they are all of it.
fn parts(event: &Recorded) -> impl Fn(&str) -> u64 {
    let wait = event["wait"].clone();
    let (busy, ready) = (
        event["busy"].as_u64().unwrap(),
        event["ready"].as_u64().unwrap(),
    );
    let waited = wait
        .as_object()
        .unwrap()
        .values()
        .filter_map(|nanos| nanos.as_u64());
    assert_eq!(
        waited.sum::<u64>() + busy + ready,
        event.lapsed(),
        "{event}"
    );
    move |part| match part {
        "busy" => busy / 1_000_000,
        part => wait[part].as_u64().unwrap_or(0) / 1_000_000,
    }
}

/// As long as it was meant to be, or longer, for the machine has other things to do.
#[track_caller]
fn assert_about_a_part(millis: u64, what: &str) {
    assert!((95..1_000).contains(&millis), "{what}: {millis} ms");
}

fn spin() {
    let until = gomon::monotonic() + PART;
    while gomon::monotonic() < until {
        std::hint::spin_loop();
    }
}

/// A server that takes its time, and its address.
async fn slow_server() -> String {
    let app = Router::new().route("/", get(async || tokio::time::sleep(PART).await));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/")
}

async fn call(url: String) {
    let plain: Client<_, MonitoredRequestBody<Empty<bytes::Bytes>>> =
        Client::builder(TokioExecutor::new()).build_http();
    let client = ClientLayer::new().layer(plain);
    let request = axum::http::Request::get(url).body(Empty::new()).unwrap();
    let answer = client.oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
}

/// Somebody else has it for so long.
async fn held(mutex: &'static Mutex<()>) {
    let guard = mutex.lock().await;
    tokio::spawn(async move {
        tokio::time::sleep(PART).await;
        drop(guard);
    });
}

async fn database() -> Option<MonitoredPgPool> {
    let Ok(url) = std::env::var("GOMON_TEST_POSTGRES_URL") else {
        println!("left out: GOMON_TEST_POSTGRES_URL is not set");
        return None;
    };
    let options = PgPoolOptions::new().max_connections(2).min_connections(2);
    let pool = options.connect(&url).await.unwrap();
    // Both are there before anybody waits.
    let both = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(both);
    Some(pool.monitored())
}

async fn query(pool: &MonitoredPgPool) {
    let statement = sqlx::query("SELECT pg_sleep(0.1)");
    statement.execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_does_a_little_of_everything_is_taken_apart() {
    static MUTEX: Mutex<()> = Mutex::const_new(());
    let (pool, url) = (database().await, slow_server().await);
    let asks = pool.is_some();
    held(&MUTEX).await;
    let event = request(async move || {
        let _mine = MUTEX.lock().await;
        spin();
        gomon::time::sleep(PART).await;
        call(url).await;
        if let Some(pool) = &pool {
            query(pool).await;
        }
    })
    .await;
    let part = parts(&event);
    for what in ["busy", "sleep", "lock", "http"] {
        assert_about_a_part(part(what), what);
    }
    if asks {
        assert_about_a_part(part("sql"), "sql");
    }
    assert!(part("unaccounted") < 10, "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_statements_at_once_are_waited_for_once() {
    let Some(pool) = database().await else {
        return;
    };
    let mut shortest = u64::MAX;
    for _ in 0..5 {
        let pool = pool.clone();
        let event = request(async move || {
            tokio::join!(query(&pool), query(&pool));
        })
        .await;
        shortest = shortest.min(parts(&event)("sql"));
    }
    // One of them was not disturbed.
    assert!((95..190).contains(&shortest), "{shortest} ms");
}
