//! The client layer: an event for each request sent, and the server's event below it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gomon_core::testing::{Recorded, Recorder, assert_tree};
use gomon_core::{Capture, EventTracker};
use gomon_http::{ClientLayer, ClientService, MonitoredRequestBody};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::{
    Answer, BoxError, CLIENT, SERVER, empty, plus_one, start_handler, streaming, text, then_hang,
};

type Hyper = Client<HttpConnector, MonitoredRequestBody<Full<Bytes>>>;

fn client() -> ClientService<Hyper> {
    ClientLayer::new()
        .capture(Capture::full())
        .layer(Client::builder(TokioExecutor::new()).build_http())
}

fn get(address: SocketAddr, path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://{address}{path}"))
        .body(Full::default())
        .expect("request")
}

fn the_call(recorder: &Recorder) -> Recorded {
    recorder.wait_for(CLIENT, 1).remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_event_is_a_child_of_the_clients() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(text("stock: 3"))).await;
            let mut job = EventTracker::new("job");
            job.scope(async {
                let response = client()
                    .oneshot(get(address, "/stock"))
                    .await
                    .expect("answered");
                assert_eq!(
                    response
                        .into_body()
                        .collect()
                        .await
                        .expect("read")
                        .to_bytes(),
                    "stock: 3"
                );
            })
            .await;
            job.finish();

            let (call, request) = (the_call(&recorder), recorder.wait_for(SERVER, 1).remove(0));
            assert_tree!(
                recorder,
                r#"
                job
                  http-roundtripper {direction="outgoing", response_code=200}
                    http-wmux-servehttp {direction="incoming", response_code=200}
                "#
            );
            assert_eq!(request["gomon:trace"], call["gomon:trace"]);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_and_response_become_keys() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |request| {
                request.into_body().collect().await?;
                let mut answer = text("stock: 3");
                let plain = HeaderValue::from_static("text/plain");
                answer.headers_mut().insert(header::CONTENT_TYPE, plain);
                Ok(answer)
            })
            .await;
            let request = Request::post(format!("http://{address}/stock?token=t1&page=2"))
                .header(header::CONTENT_TYPE, "text/plain")
                .header(header::AUTHORIZATION, "Bearer s3cret")
                .body(Full::from("hello"))
                .expect("request");
            let response = client().oneshot(request).await.expect("answered");
            response.into_body().collect().await.expect("read");

            let call = the_call(&recorder);
            assert_eq!(call["direction"], "outgoing");
            assert_eq!(call["method"], "POST");
            assert_eq!(call["proto"], "HTTP/1.1");
            assert_eq!(call["url"]["host"], address.to_string());
            assert_eq!(call["url"]["query"], "token=[redacted]&page=2");
            assert_eq!(call["headers"]["authorization"][0], "[redacted]");
            assert_eq!(call["remoteaddr"], address.to_string());
            assert_eq!(call["response_code"], 200);
            assert_eq!(call["response_headers"]["content-length"][0], "8");
            assert_eq!(
                (&call["request_body"], &call["request_size"]),
                (&"hello".into(), &5.into())
            );
            assert_eq!(
                (&call["response_body"], &call["response_size"]),
                (&"stock: 3".into(), &8.into())
            );
            let times = ["first-byte", "body-done", "gomon:lapsed"]
                .map(|key| call[key].as_u64().expect("ns"));
            assert!(times.is_sorted(), "{times:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traceparent_that_was_there_is_replaced() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(empty(204))).await;
            let mut request = get(address, "/");
            for _ in 0..2 {
                let stale = HeaderValue::from_static(
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                );
                request.headers_mut().append("traceparent", stale);
            }
            client().oneshot(request).await.expect("answered");
            let _ended = (the_call(&recorder), recorder.wait_for(SERVER, 1));
            assert_tree!(recorder, "http-roundtripper\n  http-wmux-servehttp");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_500_and_above_is_failed() {
    for (status, outcome) in [(404, "completed"), (500, "failed"), (503, "failed")] {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let address = start_handler(move |_| async move { Ok(empty(status)) }).await;
                let response = client().oneshot(get(address, "/")).await.expect("answered");
                assert_eq!(
                    response.status(),
                    StatusCode::from_u16(status).expect("status")
                );
                assert_eq!(the_call(&recorder).outcome(), outcome);
            })
            .await;
    }
}

#[tokio::test]
async fn a_transport_error_is_failed_and_unchanged() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            let nobody = listener.local_addr().expect("address");
            drop(listener);
            let error = client()
                .oneshot(get(nobody, "/"))
                .await
                .expect_err("nobody there");
            assert!(error.is_connect());

            let call = the_call(&recorder);
            assert_eq!(call.outcome(), "failed");
            assert_eq!(call["error"][0]["msg"], error.to_string());
            let chain = call["error"][0]["chain"].as_array().expect("a chain");
            assert!(!chain.is_empty());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_dropped_early_is_truncated() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(streaming(then_hang(&["first"])))).await;
            let mut response = client().oneshot(get(address, "/")).await.expect("answered");
            response
                .body_mut()
                .frame()
                .await
                .expect("a frame")
                .expect("data");
            drop(response);
            assert_eq!(the_call(&recorder).outcome(), "truncated");
            assert_eq!(recorder.wait_for(SERVER, 1)[0].outcome(), "truncated");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_off_is_failed() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let read = Arc::new(Notify::new());
            let reading = Arc::clone(&read);
            let address = start_handler(move |_| {
                let read = Arc::clone(&reading);
                let broken = stream::once(async move {
                    read.notified().await;
                    Err("disk gone".into())
                });
                std::future::ready(Ok(streaming(stream::iter([Ok("first")]).chain(broken))))
            })
            .await;
            let mut response = client().oneshot(get(address, "/")).await.expect("answered");
            response
                .body_mut()
                .frame()
                .await
                .expect("a frame")
                .expect("data");
            read.notify_one();

            assert!(response.into_body().collect().await.is_err());
            let call = the_call(&recorder);
            assert_eq!(call.outcome(), "failed");
            assert_eq!(call["response_size"], 5);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_ends_the_call_with_the_head_and_the_connection_lives_on() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(plus_one).await;
            let mut request = get(address, "/ws");
            let headers = request.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("plus-one"));
            let response = client().oneshot(request).await.expect("answered");
            let call = the_call(&recorder);
            let mut io = TokioIo::new(hyper::upgrade::on(response).await.expect("upgraded"));
            io.write_u32(41).await.expect("sent");

            assert_eq!(io.read_u32().await.expect("answer"), 42);
            assert_eq!(
                (call.outcome(), &call["hijack"]),
                ("completed", &true.into())
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| std::future::pending().await).await;
            let mut client = client();
            let call = client.ready().await.expect("ready").call(get(address, "/"));
            drop(call);
            assert_eq!(the_call(&recorder).outcome(), "cancelled");
        })
        .await;
}

#[tokio::test]
async fn a_layer_inside_a_layer_passes_the_request_through() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let client = ServiceBuilder::new()
                .layer(ClientLayer::new())
                .layer(ClientLayer::new())
                .service_fn(
                    async |_: Request<MonitoredRequestBody<MonitoredRequestBody<Full<Bytes>>>>| {
                        Ok::<Answer, BoxError>(empty(204))
                    },
                );
            let nowhere = "127.0.0.1:9".parse().expect("address");
            client.oneshot(get(nowhere, "/")).await.expect("answered");
        })
        .await;
    assert_eq!(recorder.find(CLIENT).len(), 1);
}

#[test]
fn a_call_from_a_task_without_context_is_an_orphan() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("runtime");
        runtime.block_on(async {
            call_nowhere().await;
            tokio::spawn(call_nowhere()).await.expect("no panic");
        });
    });
    let orphans: Vec<_> = recorder
        .find(CLIENT)
        .iter()
        .map(|call| call.get("orphan").is_some())
        .collect();
    assert_eq!(
        orphans,
        [false, true],
        "main has no cause to lose, a task has"
    );
}

/// A call that is answered without a network.
async fn call_nowhere() {
    let answer = async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let client = ClientLayer::new().layer(tower::service_fn(answer));
    let nowhere = "127.0.0.1:9".parse().expect("address");
    client.oneshot(get(nowhere, "/")).await.expect("answered");
}
