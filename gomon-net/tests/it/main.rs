//! Sockets over the loopback interface, and the events they send.

mod dial;
mod endings;
mod listener;
mod traffic;

use gomon_net::{MonitoredTcpListener, MonitoredTcpStream};
use tokio::net::TcpStream;

/// An accepted, monitored stream, its plain peer, and the listener that stays open.
async fn accepted() -> (MonitoredTcpStream, TcpStream, MonitoredTcpListener) {
    let listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _peer) = listener.accept().await.unwrap();
    (server, client, listener)
}
