use std::io::ErrorKind;

use gomon_core::testing::Recorder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::accepted;

#[tokio::test]
async fn opening_and_closing_event_share_an_id() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (server, _client, listener) = accepted().await;
            drop(server);
            drop(listener);
        })
        .await;
    let records = recorder.records();
    for fp in ["net-conn", "net-listener"] {
        let ids: Vec<_> = records.iter().filter(|record| record.fp() == fp).collect();
        assert_eq!(ids.len(), 2, "{}", recorder.tree());
        assert_eq!(ids[0].id(), ids[1].id());
        assert!(ids[0].is_open() && !ids[1].is_open());
        assert!(ids[0].get("gomon:outcome").is_none());
        assert_eq!(ids[1].outcome(), "completed");
    }
}

#[tokio::test]
async fn a_peer_that_closed_its_side_still_gets_the_answer() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            client.write_all(b"ask").await.unwrap();
            client.shutdown().await.unwrap();
            let mut asked = String::new();
            server.read_to_string(&mut asked).await.unwrap();
            server.write_all(b"answer").await.unwrap();
            server.shutdown().await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!((asked.as_str(), answer.as_str()), ("ask", "answer"));
        })
        .await;
    let event = recorder.one("net-conn");
    assert_eq!(
        (event.outcome(), &event["half-closed"]),
        ("completed", &"peer".into())
    );
}

#[tokio::test]
async fn our_own_shutdown_leaves_the_event_open_for_what_is_still_read() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            server.shutdown().await.unwrap();
            client.write_all(b"more").await.unwrap();
            drop(client);
            server.read_to_end(&mut Vec::new()).await.unwrap();
        })
        .await;
    let event = recorder.one("net-conn");
    assert_eq!(
        (event.outcome(), &event["half-closed"]),
        ("completed", &"self".into())
    );
    assert_eq!(event["read-size"], 4);
}

#[tokio::test]
async fn a_dropped_stream_is_completed_and_not_half_closed() {
    let recorder = Recorder::new();
    recorder.scope(async { drop(accepted().await) }).await;
    let event = recorder.one("net-conn");
    assert_eq!(event.outcome(), "completed");
    assert!(event.get("half-closed").is_none());
}

#[tokio::test]
async fn a_reset_connection_is_failed_with_its_error() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, client, _listener) = accepted().await;
            client.set_zero_linger().unwrap();
            drop(client); // sends RST
            let error = server.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            // The same socket gives an error again; the event holds one a direction.
            let _again = server.write_all(b"x").await.unwrap_err();
            let _again = server.write_all(b"x").await.unwrap_err();
        })
        .await;
    let event = recorder.one("net-conn");
    assert_eq!(event.outcome(), "failed");
    assert_eq!(
        event["error"].as_array().unwrap().len(),
        2,
        "{}",
        event["error"]
    );
}

#[tokio::test]
async fn a_stream_dropped_by_a_panic_is_panicked() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (server, _client, _listener) = accepted().await;
            let task = gomon_core::spawn(async move {
                let _held = server;
                panic!("handler bug");
            });
            assert!(task.await.unwrap_err().is_panic());
        })
        .await;
    assert_eq!(recorder.one("net-conn").outcome(), "panicked");
}

#[tokio::test]
async fn a_stream_handed_back_ends_its_event_and_goes_on() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (server, mut client, listener) = accepted().await;
            let mut plain = server.into_inner();
            assert_eq!(recorder.one("net-conn").outcome(), "completed");
            plain.write_all(b"unseen").await.unwrap();
            drop(plain);
            let mut heard = String::new();
            client.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "unseen");
            let plain = listener.into_inner();
            assert_eq!(recorder.one("net-listener")["conns"], 1);
            assert!(plain.local_addr().is_ok());
        })
        .await;
    assert_eq!(recorder.one("net-conn")["write-size"], 0);
}
