use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::task::{Context, Waker};

use gomon_core::EventTracker;
use gomon_core::testing::Recorder;
use gomon_net::MonitoredTcpStream;
use tokio::net::TcpListener;

/// A port that nothing listens on.
async fn refused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

#[tokio::test]
async fn a_dialled_connection_is_a_child_of_the_current_event() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut job = EventTracker::new("job");
            let stream = job
                .scope(MonitoredTcpStream::connect(address))
                .await
                .unwrap();
            assert_eq!(stream.peer_addr().unwrap(), address);
        })
        .await;
    let (job, dial, conn) = (
        recorder.one("job"),
        recorder.one("net-dial"),
        recorder.one("net-conn"),
    );
    assert!(dial.is_child_of(&job) && conn.is_child_of(&job));
    assert_eq!(dial["net"], "tcp");
    assert!(dial.get("addr").is_none(), "the default is Capture::safe()");
    assert_eq!(dial.outcome(), "completed");
}

#[tokio::test]
async fn a_refused_address_is_a_failed_dial_and_the_next_one_is_tried() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = [refused_address().await, listener.local_addr().unwrap()];
            MonitoredTcpStream::connect(&addresses[..]).await.unwrap();
        })
        .await;
    let outcomes: Vec<_> = recorder
        .find("net-dial")
        .iter()
        .map(|dial| dial.outcome().to_owned())
        .collect();
    assert_eq!(outcomes, ["failed", "completed"]);
    assert_eq!(recorder.one("net-conn").outcome(), "completed");
}

#[tokio::test]
async fn the_error_of_the_last_address_is_handed_on() {
    let recorder = Recorder::new();
    let error = recorder
        .scope(async {
            MonitoredTcpStream::connect(refused_address().await)
                .await
                .unwrap_err()
        })
        .await;
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(recorder.one("net-dial").outcome(), "failed");
    assert!(recorder.find("net-conn").is_empty());
}

#[tokio::test]
async fn a_name_without_addresses_is_tokios_own_error() {
    let ours = MonitoredTcpStream::connect(&[][..] as &[SocketAddr])
        .await
        .unwrap_err();
    let theirs = tokio::net::TcpStream::connect(&[][..] as &[SocketAddr])
        .await
        .unwrap_err();
    assert_eq!(
        (ours.kind(), ours.to_string()),
        (theirs.kind(), theirs.to_string())
    );
}

#[tokio::test]
async fn a_dial_dropped_before_its_result_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut connecting = Box::pin(MonitoredTcpStream::connect(address));
            let mut task = Context::from_waker(Waker::noop());
            assert!(
                connecting.as_mut().poll(&mut task).is_pending(),
                "a connection takes a turn of the reactor"
            );
            drop(connecting);
        })
        .await;
    assert_eq!(recorder.one("net-dial").outcome(), "cancelled");
}
