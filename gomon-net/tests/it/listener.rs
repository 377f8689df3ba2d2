use std::net::SocketAddr;
use std::sync::Arc;

use gomon_core::conn::Accept;
use gomon_core::testing::Recorder;
use gomon_net::MonitoredTcpListener;
use tokio::net::{TcpListener, TcpStream};

/// A server needs no more than the trait.
async fn accept_with<A: Accept>(listener: &mut A) -> gomon_core::conn::Accepted<A::Io> {
    let address = listener.local_addr().unwrap();
    let (accepted, _client) = tokio::join!(listener.accept(), TcpStream::connect(address));
    accepted.unwrap()
}

#[tokio::test]
async fn an_accepted_connection_is_a_child_of_its_listener() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
            let accepted = accept_with(&mut listener).await;
            assert_eq!(accepted.info.id, accepted.io.id());
            assert_eq!(accepted.info.peer, accepted.io.peer_addr().ok());
            assert_eq!(accepted.info.local, accepted.io.local_addr().ok());
            assert!(accepted.info.id.is_some());
        })
        .await;
    let (conn, listener) = (recorder.one("net-conn"), recorder.one("net-listener"));
    assert!(conn.is_child_of(&listener));
    assert_eq!(
        (&listener["conns"], &listener["accept-errors"]),
        (&1.into(), &0.into())
    );
    assert_eq!(listener["laddr"], conn["laddr"]);
    assert_eq!(conn["laddr-net"], "tcp");
}

#[tokio::test]
async fn a_listener_is_the_applications_child_wherever_it_is_bound() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut event = gomon_core::EventTracker::new("setup");
            let listener = event
                .scope(MonitoredTcpListener::bind("127.0.0.1:0"))
                .await
                .unwrap();
            drop(listener);
        })
        .await;
    assert!(
        !recorder
            .one("net-listener")
            .is_child_of(&recorder.one("setup"))
    );
}

#[tokio::test]
async fn the_remote_address_is_kept_only_where_it_is_captured() {
    let recorder = Recorder::new();
    recorder
        .scope(async { drop(crate::accepted().await) })
        .await;
    assert!(
        !gomon_core::capture().remote_address(),
        "the default is Capture::safe()"
    );
    let conn = recorder.one("net-conn");
    assert!(conn.get("raddr").is_none() && conn.get("raddr-net").is_none());
    assert!(conn["laddr"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn ipv6_addresses_are_in_brackets() {
    let recorder = Recorder::new();
    let bound = recorder
        .scope(async {
            TcpListener::bind("[::1]:0")
                .await
                .map(MonitoredTcpListener::from)
        })
        .await;
    let Ok(listener) = bound else { return }; // a machine without IPv6
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(
        recorder.one("net-listener")["laddr"],
        format!("[::1]:{port}")
    );
}

#[tokio::test]
async fn several_tasks_may_wait_for_connections() {
    let listener = Arc::new(MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let accept = || {
        let listener = Arc::clone(&listener);
        tokio::spawn(async move { listener.accept().await.unwrap() })
    };
    let acceptors = [accept(), accept()];
    tokio::task::yield_now().await; // both wait now
    let _clients = [
        TcpStream::connect(address).await.unwrap(),
        TcpStream::connect(address).await.unwrap(),
    ];
    for acceptor in acceptors {
        acceptor.await.unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn errors_of_accept_are_counted_and_handed_on() {
    use std::os::fd::AsFd;

    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address: SocketAddr = listener.local_addr().unwrap();
            let socket = socket2::Socket::from(listener.as_fd().try_clone_to_owned().unwrap());
            let listener = MonitoredTcpListener::from(listener);
            socket.shutdown(std::net::Shutdown::Both).unwrap(); // accept gives EINVAL from now on
            let _refused = TcpStream::connect(address).await;
            assert!(listener.accept().await.is_err());
        })
        .await;
    let event = recorder.one("net-listener");
    assert_eq!(
        (&event["conns"], &event["accept-errors"]),
        (&0.into(), &1.into())
    );
    assert_eq!(event.outcome(), "completed");
}
