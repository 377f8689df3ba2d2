//! How requests end, seen from a real server over loopback: each one closes exactly one event with
//! the outcome of the event contract, section 2.

use std::future::pending;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use gomon_core::testing::Recorder;
use http::{Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::{
    Incomings, Peer, ended, full_layer, head_of, plus_one, start, start_handler, streaming, text,
    the_end, then_hang,
};

/// Often enough that a race between the client's end and the server's would show.
const TIMES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_gone_while_the_request_body_is_awaited_by_a_service_that_gives_up_is_failed() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (awaiting, mut awaited) = mpsc::channel(1);
            let address = start_handler(move |mut request: Incomings| {
                let awaiting = awaiting.clone();
                async move {
                    request.body_mut().frame().await.expect("a frame")?;
                    awaiting.send(()).await?;
                    request.into_body().collect().await?;
                    Ok(text("whole"))
                }
            })
            .await;
            for _ in 0..TIMES {
                let peer = Peer::sending(
                    address,
                    "POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc",
                )
                .await;
                awaited.recv().await.expect("the service awaits the body");
                drop(peer);
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "failed");
                assert_eq!(event["request_size"], 3);
                assert!(event.get("response_code").is_none());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_gone_while_the_request_body_is_awaited_by_axum_is_answered_and_noted() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (awaiting, mut awaited) = mpsc::channel(1);
            let upload = async move |request: axum::extract::Request| {
                let mut body = request.into_body();
                body.frame().await.expect("a frame").expect("data");
                awaiting.send(()).await.expect("a test that waits");
                match body.collect().await {
                    Ok(_) => StatusCode::OK,
                    Err(_) => StatusCode::BAD_REQUEST,
                }
            };
            let app = axum::Router::new()
                .route("/up", axum::routing::post(upload))
                .layer(full_layer());
            let address = start(app).await;
            for _ in 0..TIMES {
                let peer = Peer::sending(
                    address,
                    "POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc",
                )
                .await;
                awaited.recv().await.expect("the service awaits the body");
                drop(peer);
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "completed");
                assert_eq!(event["response_code"], 400);
                assert_eq!(event["error"].as_array().map(Vec::len), Some(1));
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_gone_in_the_handler_is_cancelled() {
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
            for _ in 0..TIMES {
                let peer = Peer::sending(address, head_of("GET", "/slow")).await;
                entered.recv().await.expect("the handler runs");
                drop(peer);
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "cancelled");
                assert!(event.get("response_code").is_none());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_gone_mid_body_is_truncated() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| Ok(streaming(then_hang(&["first"])))).await;
            for _ in 0..TIMES {
                let mut peer = Peer::sending(address, head_of("GET", "/half")).await;
                peer.read_until("first").await;
                drop(peer);
            }
            for event in ended(&recorder, TIMES) {
                assert_eq!(event.outcome(), "truncated");
                assert_eq!(event["response_code"], 200);
                assert_eq!(event["response_size"], 5);
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_stream_is_truncated_when_the_client_has_enough() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| {
                Ok(streaming(
                    stream::repeat_with(|| Ok("data: tick\n\n")).then(async |tick| {
                        tokio::task::yield_now().await;
                        tick
                    }),
                ))
            })
            .await;
            let mut peer = Peer::sending(address, head_of("GET", "/ticks")).await;
            for _ in 0..10 {
                peer.read_until("data: tick\n\n").await;
            }
            drop(peer);
            assert_eq!(the_end(&recorder).outcome(), "truncated");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_is_noted_with_payload_and_place_and_goes_on() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |request: Incomings| {
                request.into_body().collect().await?;
                panic!("no such shelf")
            })
            .await;
            let order = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nshelf";
            let answer = Peer::sending(address, order)
                .await
                .read_to_end()
                .await;

            assert_eq!(
                answer, "",
                "the connection's task unwound, as without gomon"
            );
            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "panicked");
            assert_eq!(event["error"][0]["msg"], "no such shelf");
            let location = event["error"][0]["location"].as_str().expect("location");
            assert!(location.contains("endings.rs:"), "{location}");
            assert_eq!(event["request_body"], "shelf", "what made it panic is worth knowing");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_in_the_body_is_panicked() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| {
                let chunks =
                    stream::iter([Ok("first")]).chain(stream::once(async { panic!("torn") }));
                Ok(streaming(chunks))
            })
            .await;
            Peer::sending(address, head_of("GET", "/"))
                .await
                .read_to_end()
                .await;

            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "panicked");
            assert_eq!(event["response_code"], 200);
            assert_eq!(event["error"][0]["msg"], "torn");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_under_catch_panic_is_failed_and_the_panic_is_its_child() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let service = ServiceBuilder::new()
                .layer(full_layer())
                .layer(CatchPanicLayer::new())
                .service_fn(
                    async |_: Incomings| -> Result<Response<String>, std::io::Error> {
                        panic!("caught")
                    },
                );
            let address = start(service).await;
            let answer = Peer::sending(address, head_of("GET", "/"))
                .await
                .read_to_end()
                .await;

            assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "failed");
            assert_eq!(event["response_code"], 500);
            assert!(
                recorder.one("panic").is_child_of(&event),
                "{}",
                recorder.tree()
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn body_error_is_failed() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| {
                Ok(streaming(stream::iter([
                    Ok("first"),
                    Err("disk gone".into()),
                ])))
            })
            .await;
            Peer::sending(address, head_of("GET", "/"))
                .await
                .read_to_end()
                .await;

            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "failed");
            assert_eq!(event["error"][0]["msg"], "disk gone");
            assert_eq!(event["response_size"], 5);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_a_body_are_completed_though_nobody_reads_one() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let address = start_handler(move |_| async move {
                    let mut answer = streaming(then_hang(&["unread"]));
                    *answer.status_mut() = StatusCode::from_u16(status)?;
                    Ok(answer)
                })
                .await;
                let answer = Peer::sending(address, head_of(method, "/"))
                    .await
                    .read_to_end()
                    .await;

                assert!(answer.ends_with("\r\n\r\n"), "{answer}");
                let event = the_end(&recorder);
                assert_eq!(event.outcome(), "completed", "{method} {status}");
                assert_eq!(event["response_code"], status);
                assert_eq!(event["response_size"], 0);
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exact_content_length_is_completed_though_the_body_never_says_it_ended() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(async |_| {
                let mut answer = streaming(then_hang(&["12345", "67890"]));
                answer
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, 10.into());
                Ok(answer)
            })
            .await;
            let answer = Peer::sending(address, head_of("GET", "/"))
                .await
                .read_to_end()
                .await;

            assert!(answer.ends_with("1234567890"), "{answer}");
            let event = the_end(&recorder);
            assert_eq!(event.outcome(), "completed");
            assert_eq!(event["response_size"], 10);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrade_is_completed_at_the_switch_and_the_connection_lives_on() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start_handler(plus_one).await;
            let stream = tokio::net::TcpStream::connect(address)
                .await
                .expect("connected");
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream))
                    .await
                    .expect("handshake");
            tokio::spawn(connection.with_upgrades());
            let request = http::Request::get("/ws")
                .header(header::HOST, "a")
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "plus-one")
                .body(String::new())
                .expect("request");
            let response = sender.send_request(request).await.expect("answered");
            assert_eq!(response.status(), 101);
            let event = the_end(&recorder);
            let mut io = TokioIo::new(hyper::upgrade::on(response).await.expect("upgraded"));
            io.write_u32(41).await.expect("sent");

            assert_eq!(io.read_u32().await.expect("answer"), 42);
            assert_eq!(event.outcome(), "completed");
            assert_eq!(event["hijack"], true);
        })
        .await;
}

#[test]
fn runtime_dropped_before_the_guard_is_cancelled() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("runtime");
        let peer = runtime.block_on(async {
            let entered = Arc::new(Notify::new());
            let entering = Arc::clone(&entered);
            let address = start_handler(move |_| {
                entering.notify_one();
                pending()
            })
            .await;
            let peer = Peer::sending(address, head_of("GET", "/slow")).await;
            entered.notified().await;
            peer
        });
        drop(runtime);

        assert_eq!(the_end(&recorder).outcome(), "cancelled");
        drop(peer);
    });
}
