//! Where the time of a request goes: `busy`, `ready` and `wait` add up to `gomon:lapsed`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use futures_util::stream;
use gomon_core::sync::Mutex;
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{FutureExt, in_flight};
use gomon_http::{ClientLayer, MonitoredRequestBody};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};

use crate::support::{Answer, BoxError, empty, full_layer, get, streaming, text, the_end};

#[track_caller]
fn assert_adds_up(event: &Recorded) {
    let nanos = |key: &str| event[key].as_u64().expect("nanoseconds");
    let wait = event["wait"].as_object().expect("a map").values();
    let wait: u64 = wait.filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(
        nanos("busy") + nanos("ready") + wait,
        event.lapsed(),
        "{event}"
    );
}

/// The event of one request, answered so and read to its end, each frame after `pace`.
async fn event_of<F: Future<Output = Answer>>(
    request: Request<AxumBody>,
    pace: Duration,
    mut answer: impl FnMut(Request<MonitoredRequestBody<AxumBody>>) -> F,
) -> Recorded {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = full_layer().layer(tower::service_fn(|request| {
                let answered = answer(request);
                async move { Ok::<_, BoxError>(answered.await) }
            }));
            let mut response = service.oneshot(request).await.expect("answered");
            tokio::time::sleep(pace).await;
            while response.body_mut().frame().await.is_some() {
                tokio::time::sleep(pace).await;
            }
        })
        .await;
    let event = the_end(&recorder);
    assert_adds_up(&event);
    event
}

#[tokio::test(start_paused = true)]
async fn a_request_says_what_it_waited_for_and_how_long_its_client_took() {
    let stock = Arc::new(Mutex::new(3));
    let held = Arc::clone(&stock);
    let event = event_of(get("/"), Duration::from_secs(1), |_| async {
        let held = held.lock().await;
        let take = async {
            drop(stock.lock().await);
        };
        let release = async {
            gomon_core::time::sleep(Duration::from_secs(1)).await;
            drop(held);
        };
        tokio::join!(biased; take, release);
        streaming(stream::iter(["a", "b"].map(Ok)))
    })
    .await;
    let wait = event["wait"].as_object().expect("a map");
    let kinds: Vec<_> = wait.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["lock", "sleep", "client"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_is_the_clients_time() {
    let chunks = stream::unfold(0, |sent| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (sent < 2).then(|| (Ok::<_, BoxError>(Bytes::from_static(b"x")), sent + 1))
    });
    let upload = Request::post("/")
        .body(AxumBody::from_stream(chunks))
        .expect("request");
    let event = event_of(upload, Duration::ZERO, |request| async {
        request.into_body().collect().await.expect("read");
        empty(204)
    })
    .await;
    assert!(event["wait"]["client"].as_u64() > Some(0), "{event}");
}

#[tokio::test]
async fn a_request_in_flight_says_what_it_is_doing() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let lock = Mutex::new(());
            let held = lock.lock().await;
            let service = full_layer().layer(tower::service_fn(async |_| {
                drop(lock.lock().await);
                Ok::<_, BoxError>(text("late"))
            }));
            let look = async {
                let doing = in_flight()[0].doing.as_ref().map(ToString::to_string);
                assert!(doing.is_some_and(|doing| doing.starts_with("waits for lock at ")));
                drop(held);
            };
            let call = service.oneshot(get("/"));
            let (response, ()) = tokio::join!(biased; call, look);
            let response = response.expect("answered");
            let doing = in_flight()[0].doing.as_ref().map(ToString::to_string);
            assert_eq!(doing.as_deref(), Some("waits for client"));
            response.into_body().collect().await.expect("read");
        })
        .await;
    assert_adds_up(&the_end(&recorder));
}

#[tokio::test]
async fn an_outgoing_call_is_a_wait_of_whoever_calls() {
    let recorder = Recorder::new();
    let call = async {
        let service = ClientLayer::new().layer(tower::service_fn(async |_| {
            tokio::task::yield_now().await;
            Ok::<_, BoxError>(Response::new(Full::new(Bytes::from_static(b"3"))))
        }));
        let request = Request::get("http://stock.example/").body(Full::<Bytes>::default());
        let request = request.expect("request");
        let response = service.oneshot(request).await.expect("answered");
        response.into_body().collect().await.expect("read");
    };
    recorder.scope(call.monitored("job")).await;
    let job = recorder.one("job");
    assert_adds_up(&job);
    assert!(job["wait"]["http"].as_u64() > Some(0), "{job}");
}

#[tokio::test(start_paused = true)]
async fn who_sends_a_body_slowly_does_not_wait_for_a_client() {
    let recorder = Recorder::new();
    let call = async {
        let service = ClientLayer::new().layer(tower::service_fn(
            async |request: Request<MonitoredRequestBody<AxumBody>>| {
                request.into_body().collect().await?;
                Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
            },
        ));
        let slow = stream::once(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, BoxError>("3")
        });
        let request = Request::post("http://stock.example/").body(AxumBody::from_stream(slow));
        let request = request.expect("request");
        service.oneshot(request).await.expect("answered");
    };
    recorder.scope(call.monitored("job")).await;
    let job = recorder.one("job");
    assert_adds_up(&job);
    assert!(job["wait"].get("client").is_none(), "{job}");
    assert!(job["wait"]["http"].as_u64() > Some(0), "{job}");
}
