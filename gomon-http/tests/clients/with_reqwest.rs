//! reqwest: the same methods, and every hop an event.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_core::{Capture, EventTracker};
use gomon_http::{
    ClientLayer, MonitoredClient, MonitoredResolver, ReqwestExt, monitored_with_resolver,
    observe_handshakes,
};
use reqwest::{Client, StatusCode};
use rustls::ClientConfig;

use crate::phases::undisturbed;
use crate::server::{Delays, Server};
use crate::support::{CLIENT, Loopback, the_call};

/// A client that trusts that, and whose look-ups take so long.
fn client(trust: &Arc<ClientConfig>, lookup: Duration) -> MonitoredClient {
    let trust = observe_handshakes(ClientConfig::clone(trust));
    let builder = Client::builder()
        .tls_backend_preconfigured(trust)
        .dns_resolver(MonitoredResolver::new(Loopback(lookup)));
    let client = monitored_with_resolver(builder).expect("a client");
    client.layer(ClientLayer::new().capture(Capture::full()))
}

async fn plain() -> (Server, MonitoredClient) {
    let server = Server::plain(Delays::default()).await;
    let client = client(&server.trust, Duration::ZERO);
    (server, client)
}

const STEP: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_phase_takes_as_long_as_what_it_waits_for() {
    let phases = [
        ("dns-start", "dns-done", STEP),
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
    for protocol in ["http/1.1", "h2"] {
        let server = Server::tls(delays, &[protocol]).await;
        let url = format!("https://localhost:{}/", server.address.port());
        undisturbed(&phases, async || {
            let recorder = Recorder::new();
            let call = async {
                let client = client(&server.trust, STEP);
                let response = client.get(&url).send().await.expect("answered");
                response.text().await.expect("read")
            };
            recorder.scope(call).await;
            let call = the_call(&recorder);
            assert_eq!(call["reused"], false);
            call
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_connection_took_is_told_by_children_and_a_second_request_needs_none() {
    let server = Server::tls(Delays::default(), &["h2"]).await;
    let port = server.address.port();
    let url = format!("https://localhost:{port}/");
    let client = client(&server.trust, Duration::ZERO);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            for _ in 0..2 {
                let response = client.get(&url).send().await.expect("answered");
                assert_eq!(response.url().as_str(), url);
                assert_eq!(response.remote_addr(), Some(server.address));
                response.bytes().await.expect("read");
            }
        })
        .await;
    assert_tree!(
        recorder,
        r#"
        http-roundtripper {reused=false}
          http-trp-dialctx {net="tcp"}
          dns-lookup {name="localhost"}
          http-trp-dialtls {alpn="h2", sni="localhost"}
        http-roundtripper {reused=true, conn-start=0}
        "#
    );
    let addr = format!("localhost:{port}");
    assert_eq!(recorder.one("http-trp-dialctx")["addr"], addr.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_and_response_become_keys() {
    let (server, client) = plain().await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let request = client
                .post(format!("http://ada:pw@{}/stock", server.address))
                .query(&[("token", "t1"), ("page", "2")])
                .bearer_auth("s3cret")
                .json(&"hello");
            let response = request.send().await.expect("answered");
            assert_eq!(response.text().await.expect("read"), "answer\"hello\"");
        })
        .await;
    let call = the_call(&recorder);
    assert_eq!(
        (&call["method"], &call["proto"]),
        (&"POST".into(), &"HTTP/1.1".into())
    );
    assert_eq!(call["url"]["host"], server.address.to_string());
    assert_eq!(call["url"]["query"], "token=[redacted]&page=2");
    assert_eq!(call["headers"]["authorization"][0], "[redacted]");
    assert_eq!(
        (&call["request_body"], &call["request_size"]),
        (&"\"hello\"".into(), &7.into())
    );
    assert_eq!(
        (&call["response_body"], &call["response_size"]),
        (&"answer\"hello\"".into(), &13.into())
    );
    assert_eq!(call["remoteaddr"], server.address.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_a_stream_is_counted_as_it_goes() {
    let (server, client) = plain().await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let chunks = ["a", "bc"].map(Ok::<_, std::io::Error>);
            let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
            let request = client
                .put(format!("http://{}/", server.address))
                .body(stream);
            let response = request.send().await.expect("answered");
            let mut answer = response.bytes_stream();
            let mut size = 0;
            while let Some(chunk) = answer.next().await {
                size += chunk.expect("a chunk").len();
            }
            assert_eq!(size, "answerabc".len());
        })
        .await;
    let call = the_call(&recorder);
    assert_eq!(
        (&call["request_size"], &call["response_size"]),
        (&3.into(), &9.into())
    );
    assert!(
        call["wrote-request"].as_u64() >= call["got-conn"].as_u64(),
        "{call}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hop_of_a_redirect_is_an_event_and_they_are_siblings() {
    let (server, client) = plain().await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut job = EventTracker::new("job");
            job.scope(async {
                let url = format!("http://{}/redirect/2", server.address);
                let response = client.get(url).send().await.expect("answered");
                assert!(response.url().path().ends_with("/redirect/0"));
                assert_eq!(response.text().await.expect("read"), "answer");
            })
            .await;
        })
        .await;
    assert_tree!(
        recorder,
        "
        job
          http-roundtripper {response_code=302, reused=false}
            http-trp-dialctx
          http-roundtripper {response_code=302}
            ..
          http-roundtripper {response_code=200}
            ..
        "
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_redirect_too_many_is_reqwests_own_error() {
    let (server, client) = plain().await;
    let url = format!("http://{}/redirect/3", server.address);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let limited = client.clone().redirects(2);
            let error = limited.get(&url).send().await.expect_err("too many");
            assert!(error.is_redirect(), "{error:?}");
            let stopped = client.redirects(0).get(&url).send().await;
            assert_eq!(stopped.expect("answered").status(), StatusCode::FOUND);
        })
        .await;
    let outcomes: Vec<_> = recorder
        .wait_for(CLIENT, 4)
        .iter()
        .map(|call| call.outcome().to_string())
        .collect();
    assert_eq!(outcomes, ["completed", "completed", "failed", "truncated"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hop_is_told_its_own_event() {
    let (server, client) = plain().await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let url = format!("http://{}/told", server.address);
            let told = client.get(url).send().await.expect("answered");
            let told = told.text().await.expect("read");
            let id = the_call(&recorder).id().to_string().replace('-', "");
            assert!(told.contains(&id[16..]), "{told} names {id}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_there_shows_its_requests_alone() {
    let server = Server::plain(Delays::default()).await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let client =
                Client::builder().tls_backend_preconfigured(ClientConfig::clone(&server.trust));
            let client = client.build().expect("a client").monitored();
            let url = format!("http://{}/redirect/1", server.address);
            let response = client.get(url).send().await.expect("answered");
            response.text().await.expect("read");
        })
        .await;
    let call = the_call(&recorder);
    assert!(call["url"]["path"] == "/redirect/1" && call["response_code"] == 200);
    assert!(
        call["got-conn"] == 0 && call.get("reused").is_none(),
        "{call}"
    );
    assert_eq!(recorder.tree(), "http-roundtripper\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_of_reqwests_is_a_deadline() {
    let delays = Delays {
        first_byte: Duration::from_secs(60),
        ..Delays::default()
    };
    let server = Server::plain(delays).await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let client = client(&server.trust, Duration::ZERO);
            let request = client.get(format!("http://{}/", server.address));
            let error = request.timeout(Duration::from_millis(50)).send().await;
            assert!(error.expect_err("too late").is_timeout());
        })
        .await;
    let call = the_call(&recorder);
    assert_eq!(call.outcome(), "timed-out");
    assert!(
        call["error"][0]["type"]
            .as_str()
            .is_some_and(|kind| kind.contains("reqwest"))
    );
}
