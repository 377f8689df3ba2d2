//! tonic: calls through a monitored channel.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use gomon_core::EventTracker;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_http::{ClientLayer, MonitoredConnector, MonitoringChannel, TlsConnector};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower::{Layer, ServiceExt};

use crate::phases::undisturbed;
use crate::server::{Delays, Server};
use crate::support::{Planted, the_call};

/// Messages as they are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// One call, as a generated client makes it.
pub(crate) async fn call(channel: &MonitoringChannel, path: &'static str) -> Result<Bytes, Status> {
    let mut client = Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let message = Request::new(Bytes::from_static(b"how many"));
    let path = PathAndQuery::from_static(path);
    client
        .unary(message, path, Plain)
        .await
        .map(tonic::Response::into_inner)
}

/// A channel that connects when it has to, looks names up and connects so slowly, and trusts that.
fn lazy(server: &Server, lookup: Duration, connect: Duration) -> MonitoringChannel {
    let url = format!("https://localhost:{}", server.address.port());
    let endpoint = Endpoint::from_shared(url).expect("an endpoint");
    let connector = MonitoredConnector::new(Planted::new(lookup, connect));
    let connector = TlsConnector::new(connector, Arc::clone(&server.trust));
    MonitoringChannel::connect_with_lazy(&endpoint, connector)
}

const STEP: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_phase_takes_as_long_as_what_it_waits_for() {
    let phases = [
        ("dns-start", "dns-done", STEP),
        ("conn-start", "conn-done", STEP),
        ("tls-hand-start", "tls-hand-done", 2 * STEP),
        ("wrote-request", "first-byte", STEP),
        ("first-byte", "body-done", STEP),
    ];
    let delays = Delays {
        accept: STEP,
        handshake: STEP,
        first_byte: STEP,
        body: STEP,
    };
    let server = Server::tls(delays, &["h2"]).await;
    undisturbed(&phases, async || {
        let recorder = Recorder::new();
        let channel = lazy(&server, STEP, STEP);
        let answer = recorder.scope(call(&channel, "/shop.Stock/Count")).await;
        assert_eq!(answer.expect("answered"), "answer");
        let call = the_call(&recorder);
        assert_eq!(call["reused"], false);
        call
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_says_which_it_was_and_how_it_ended() {
    let server = Server::plain(Delays::default()).await;
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address));
    let endpoint = endpoint.expect("an endpoint");
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut job = EventTracker::new("job");
            job.scope(async {
                let channel = MonitoringChannel::connect(&endpoint)
                    .await
                    .expect("connected");
                for path in [
                    "/shop.Stock/Count",
                    "/shop.Stock/Fail5",
                    "/shop.Stock/Fail13",
                    "/shop.Stock/Fail4",
                ] {
                    let answer = call(&channel, path).await;
                    assert_eq!(answer.is_ok(), path.ends_with("Count"));
                }
            })
            .await;
        })
        .await;
    assert_tree!(
        recorder,
        r#"
        job
          http-trp-dialctx
          http-roundtripper {grpc.method="Count", grpc.status=0, reused=true}
          http-roundtripper {grpc.method="Fail5", grpc.status=5}
          http-roundtripper failed {grpc.method="Fail13", grpc.status=13}
          http-roundtripper timed-out {grpc.method="Fail4", grpc.status=4}
        "#
    );
    let first = recorder.wait_for("http-roundtripper", 4).remove(0);
    assert_eq!(first["grpc"]["service"], "shop.Stock");
    assert_eq!(
        (
            &first["grpc"]["messages-in"],
            &first["grpc"]["messages-out"]
        ),
        (&1.into(), &1.into())
    );
    assert_eq!(first["url"]["host"], server.address.to_string());
    assert_eq!(
        (&first["proto"], &first["url"]["path"]),
        (&"HTTP/2.0".into(), &"/shop.Stock/Count".into())
    );
}

#[tokio::test]
async fn a_status_that_a_service_fails_with_tells_whether_a_deadline_passed() {
    for (status, outcome) in [
        (Status::deadline_exceeded("late"), "timed-out"),
        (Status::unavailable("gone"), "failed"),
        (Status::cancelled("enough"), "failed"),
    ] {
        let recorder = Recorder::new();
        let service = tower::service_fn(|_| {
            std::future::ready(Err::<http::Response<String>, _>(status.clone()))
        });
        let request = http::Request::new(String::new());
        let answer = ClientLayer::new().layer(service).oneshot(request);
        let answer = recorder.scope(answer).await.expect_err("no answer");
        assert_eq!(answer.code(), status.code());
        assert_eq!(the_call(&recorder).outcome(), outcome, "{status}");
    }
}
