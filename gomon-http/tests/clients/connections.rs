//! Look-ups, dials and handshakes: children of the request that began them.

use std::time::Duration;

use gomon_core::EventTracker;
use gomon_core::testing::{Recorder, assert_tree};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use crate::server::{Delays, Server};
use crate::support::{CLIENT, DIAL, HANDSHAKE, LOOKUP, get, hyper, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_connection_took_is_told_by_children_of_the_request() {
    let server = Server::tls(Delays::default(), &["h2", "http/1.1"]).await;
    let port = server.address.port();
    let client = hyper(Duration::ZERO, Duration::ZERO, &server.trust);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut job = EventTracker::new("job");
            let request = get(&format!("https://ada:pw@localhost:{port}/"));
            job.scope(send(&client, request)).await;
        })
        .await;
    assert_tree!(
        recorder,
        r#"
        job
          http-roundtripper {proto="HTTP/2.0", attempt=1}
            http-trp-dialctx {net="tcp"}
            dns-lookup {name="localhost"}
            http-trp-dialtls {version="TLSv1.3", alpn="h2", sni="localhost"}
        "#
    );
    let addr = format!("localhost:{port}");
    assert_eq!(recorder.one(DIAL)["addr"], addr.as_str());
    assert_eq!(recorder.one(HANDSHAKE)["addr"], addr.as_str());
    assert_eq!(recorder.one(LOOKUP)["addrs"][0], "127.0.0.1");
    assert!(!recorder.one(CLIENT).to_string().contains("pw@"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_not_found_fails_look_up_dial_and_request() {
    let server = Server::plain(Delays::default()).await;
    let client = hyper(Duration::ZERO, Duration::ZERO, &server.trust);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let request = get("http://nowhere.example/");
            client.oneshot(request).await.expect_err("no such name");
        })
        .await;
    assert_tree!(
        recorder,
        "
        http-roundtripper failed
          http-trp-dialctx failed
          dns-lookup failed
        "
    );
    assert_eq!(recorder.one(LOOKUP)["error"][0]["msg"], "no such name");
    assert_eq!(recorder.one(CLIENT)["reused"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_trusted_fails_handshake_and_request() {
    let server = Server::tls(Delays::default(), &[]).await;
    let other = Server::tls(Delays::default(), &[]).await;
    let client = hyper(Duration::ZERO, Duration::ZERO, &other.trust);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let request = get(&format!("https://localhost:{}/", server.address.port()));
            client.oneshot(request).await.expect_err("not trusted");
        })
        .await;
    assert_tree!(
        recorder,
        "
        http-roundtripper failed
          http-trp-dialctx
          dns-lookup
          http-trp-dialtls failed
        "
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_while_it_connects_cancels_the_dial() {
    let server = Server::plain(Delays::default()).await;
    let url = format!("http://{}/", server.address);
    let client = hyper(Duration::ZERO, Duration::from_secs(60), &server.trust);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut call = Box::pin(client.oneshot(get(&url)));
            let mut task = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(call.as_mut().poll(&mut task).is_pending());
        })
        .await;
    assert_tree!(
        recorder,
        "
        http-roundtripper cancelled
          http-trp-dialctx cancelled
        "
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_given_another_connection_than_it_asked_for_says_so() {
    let delays = Delays {
        first_byte: Duration::from_millis(50),
        ..Delays::default()
    };
    let server = Server::plain(delays).await;
    let url = format!("http://{}/", server.address);
    // To connect takes longer than to wait for the connection that is in use.
    let client = hyper(Duration::ZERO, Duration::from_millis(500), &server.trust);
    let warm = Recorder::new();
    warm.scope(send(&client, get(&url))).await;
    assert_eq!(warm.one(CLIENT)["reused"], false);

    let recorder = Recorder::new();
    let calls = recorder.scope(async {
        tokio::join!(send(&client, get(&url)), send(&client, get(&url)));
        recorder.wait_for(CLIENT, 2)
    });
    let calls = calls.await;
    let waited = calls
        .iter()
        .find(|call| call["conn-start"] != 0)
        .expect("one that had to ask for a connection");
    assert!(calls.iter().all(|call| call["reused"] == true));
    assert_eq!(waited["conn-done"], 0, "it was not there yet: {waited}");
    assert!(waited["got-conn"].as_u64() > waited["conn-start"].as_u64());
    // It is its connection all the same, when it is there.
    let dial = recorder.wait_for(DIAL, 1).remove(0);
    assert!(dial.is_child_of(waited), "{}", recorder.tree());
    assert_eq!(dial.outcome(), "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ready_client_is_monitored_from_the_name_to_the_body() {
    let server = Server::plain(Delays::default()).await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let url = format!("http://localhost:{}/", server.address.port());
            let request = http::Request::get(url).body(Empty::<bytes::Bytes>::new());
            let request = request.expect("request");
            let answer = gomon_http::client().oneshot(request).await;
            let body = answer.expect("answered").into_body().collect().await;
            assert_eq!(body.expect("read").to_bytes(), "answer");
        })
        .await;
    assert_tree!(
        recorder,
        "
        http-roundtripper
          http-trp-dialctx
          dns-lookup
        "
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_captures_its_connection_itself_still_does() {
    let server = Server::plain(Delays::default()).await;
    let client = hyper(Duration::ZERO, Duration::ZERO, &server.trust);
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut request = get(&format!("http://{}/", server.address));
            let capture = hyper_util::client::legacy::connect::capture_connection(&mut request);
            send(&client, request).await;
            assert!(capture.connection_metadata().is_some());
        })
        .await;
    assert_eq!(recorder.one(CLIENT)["reused"], false);
}
