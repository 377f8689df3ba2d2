//! A small monitored service on loopback, and a client that knows nothing of gomon.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use gomon::JoinHandle;
use gomon::http::MonitoringLayer;
use gomon::net::MonitoredTcpListener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A service that runs in the recorder's scope it was started in.
pub(crate) struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(routes: Router) -> Self {
        let listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serve = gomon::http::serve(listener, routes.layer(MonitoringLayer::new()))
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
        let served = gomon::spawn(serve.into_future());
        Self {
            address,
            stop,
            served,
        }
    }

    /// Sends a request, and leaves the answer to the caller.
    pub(crate) async fn send(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a request and returns the whole answer.
    pub(crate) async fn ask(&self, head: &str) -> String {
        let mut answer = String::new();
        let mut stream = self.send(head).await;
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Waits until every connection is closed.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }
}
