//! `Capture::full()` is a setting of the process, so this test has one of its own.

use gomon_core::Capture;
use gomon_core::testing::Recorder;
use gomon_net::{MonitoredTcpListener, MonitoredTcpStream};

#[tokio::test]
async fn both_ends_name_their_peer_where_remote_addresses_are_captured() {
    gomon_core::set_capture(Capture::full());
    let recorder = Recorder::new();
    let (server, client) = recorder
        .scope(async {
            let listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = MonitoredTcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let (_server, peer) = listener.accept().await.unwrap();
            assert_eq!(client.local_addr().unwrap(), peer);
            (listener.local_addr().unwrap().to_string(), peer.to_string())
        })
        .await;
    assert_eq!(recorder.one("net-dial")["addr"], server.as_str());
    let conns = recorder.find("net-conn");
    let ends: Vec<_> = conns
        .iter()
        .map(|conn| (&conn["laddr"], &conn["raddr"], &conn["raddr-net"]))
        .collect();
    let expected = [(&server, &client), (&client, &server)]
        .map(|(local, remote)| (local.clone().into(), remote.clone().into(), "tcp".into()));
    for (local, remote, net) in &expected {
        assert!(ends.contains(&(local, remote, net)), "{ends:?}");
    }
}
