//! Endings that HTTP/2 makes differently: a stream is reset, and its connection lives on.

use std::future::pending;

use bytes::Bytes;
use gomon_core::testing::Recorder;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc;

use crate::support::{ended, start_handler, streaming, text, the_end, then_hang};

const TIMES: usize = 200;

type Http2 = Client<hyper_util::client::legacy::connect::HttpConnector, Empty<Bytes>>;

fn client() -> Http2 {
    Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http()
}

fn request(address: std::net::SocketAddr) -> Request<Empty<Bytes>> {
    Request::get(format!("http://{address}/x"))
        .body(Empty::new())
        .expect("request")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_over_http2_is_observed_like_any_other() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(text("whole"))).await;
            let response = client().request(request(address)).await.expect("answered");
            assert_eq!(response.version(), Version::HTTP_2);
            response.into_body().collect().await.expect("read");

            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "completed");
            assert_eq!(event["proto"], "HTTP/2.0");
            assert_eq!(event["url"]["host"], address.to_string());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_reset_in_the_handler_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (entering, mut entered) = mpsc::channel(1);
            let address = start_handler(move |_| {
                let entering = entering.clone();
                async move {
                    entering.send(()).await?;
                    pending().await
                }
            })
            .await;
            let client = client();
            for _ in 0..TIMES {
                tokio::select! {
                    _ = client.request(request(address)) => unreachable!("the handler hangs"),
                    _ = entered.recv() => {}
                }
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "cancelled");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_reset_mid_body_is_truncated() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(streaming(then_hang(&["first"])))).await;
            let client = client();
            for _ in 0..TIMES {
                let mut response = client.request(request(address)).await.expect("answered");
                response
                    .body_mut()
                    .frame()
                    .await
                    .expect("a frame")
                    .expect("data");
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "truncated");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_at_once_of_which_half_are_reset_are_one_event_each() {
    const STREAMS: usize = 1_000;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (entering, mut entered) = mpsc::channel(STREAMS);
            let (release, released) = tokio::sync::watch::channel(false);
            let address = start_handler(move |_| {
                let (entering, mut released) = (entering.clone(), released.clone());
                async move {
                    entering.send(()).await?;
                    released.wait_for(|released| *released).await?;
                    Ok(text("whole"))
                }
            })
            .await;
            // The server takes 200 streams a connection; more wait for their turn.
            let clients: Vec<_> = (0..10).map(|_| client()).collect();
            let requests: Vec<_> = (0..STREAMS)
                .map(|number| {
                    let client = clients[number % clients.len()].clone();
                    let request = client.request(request(address));
                    tokio::spawn(async move {
                        let answer = request.await.expect("answered");
                        answer.into_body().collect().await.expect("read");
                    })
                })
                .collect();
            for _ in 0..STREAMS {
                entered.recv().await.expect("a request");
            }
            for (number, request) in requests.iter().enumerate() {
                if number % 2 == 0 {
                    request.abort();
                }
            }
            let reset = recorder.wait_for(crate::support::SERVER, STREAMS / 2);
            assert_eq!(reset.len(), STREAMS / 2);
            release.send(true).expect("they wait");
            let events = ended(&recorder, STREAMS);
            let of = |outcome| {
                events
                    .iter()
                    .filter(|event| event.outcome() == outcome)
                    .count()
            };
            assert_eq!(
                (of("cancelled"), of("completed")),
                (STREAMS / 2, STREAMS / 2)
            );
        })
        .await;
}
