//! A client that goes away, over a real connection.

use axum::Router;
use axum::routing::get;
use gomon::testing::Recorder;
use tokio::io::AsyncReadExt;

use crate::server::Server;

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_request() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (started, handler) = tokio::sync::mpsc::channel(1);
            let hang = move || async move {
                let _ = started.send(()).await;
                std::future::pending::<()>().await;
            };
            let mut handler = handler;
            let server = Server::start(Router::new().route("/hang", get(hang))).await;
            let client = server.send("GET /hang HTTP/1.1").await;
            handler.recv().await;
            assert_eq!(gomon::in_flight().len(), 3, "listener, connection, request");
            drop(client);
            server.stop().await;
            assert!(gomon::in_flight().is_empty());
        })
        .await;

    assert_eq!(recorder.one("http-wmux-servehttp").outcome(), "cancelled");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_a_body_truncates_it() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let endless = || async {
                let stream =
                    futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("data\n"));
                axum::body::Body::from_stream(stream)
            };
            let server = Server::start(Router::new().route("/feed", get(endless))).await;
            let mut client = server.send("GET /feed HTTP/1.1").await;
            client.read_u8().await.unwrap();
            drop(client);
            server.stop().await;
        })
        .await;

    let request = recorder.one("http-wmux-servehttp");
    assert_eq!(request.outcome(), "truncated");
    assert_eq!(request["response_code"], 200);
}
