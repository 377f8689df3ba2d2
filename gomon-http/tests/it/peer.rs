//! A client that writes its bytes by hand. examples/frameworks has it in its tests too.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client that writes its bytes by hand.
pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("connected"))
    }

    /// A connection on which this much has been sent.
    pub(crate) async fn sending(address: SocketAddr, request: impl AsRef<[u8]>) -> Self {
        let mut peer = Self::connect(address).await;
        peer.send(request).await;
        peer
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// Reads until the bytes end with `end`, and gives all of them.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            read.push(self.0.read_u8().await.expect("more to read"));
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until the server closes; how it closes does not matter.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        self.0.read_to_end(&mut read).await.ok();
        String::from_utf8_lossy(&read).into_owned()
    }
}

/// A GET whose connection is closed after the answer.
pub(crate) fn head_of(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n")
}
