//! `serve`: connections known to their requests, accept errors survived, an end that waits.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get as on_get;
use gomon_core::conn::{Accept, Accepted, ConnInfo};
use gomon_core::testing::Recorder;
use gomon_http::serve;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::support::{Peer, ended, full_layer, head_of, start, the_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_axum_router_is_served_and_knows_its_peer() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let app = Router::new()
                .route(
                    "/me",
                    on_get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
                )
                .layer(full_layer());
            let address = start(app).await;
            let answer = Peer::sending(address, head_of("GET", "/me"))
                .await
                .read_to_end()
                .await;

            let event = the_end(&recorder);
            let peer = event["remoteaddr"].as_str().expect("an address");
            assert!(answer.ends_with(peer), "{answer} of {peer}");
            assert_eq!(event["route"], "/me");
            assert!(event.get("orphan").is_none());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_connection_are_roots_of_their_own() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let address = start(
                Router::new()
                    .route("/", on_get(async || "ok"))
                    .layer(full_layer()),
            )
            .await;
            let mut peer = Peer::connect(address).await;
            for _ in 0..2 {
                peer.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
                peer.read_until("ok").await;
            }
            let events = ended(&recorder, 2);
            assert_ne!(events[0]["gomon:trace"], events[1]["gomon:trace"]);
        })
        .await;
}

/// Yields what it was given: errors and ends of pipes, and then nothing.
struct Scripted<Io = DuplexStream>(VecDeque<io::Result<Accepted<Io>>>);

impl<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static> Accept for Scripted<Io> {
    type Io = Io;

    async fn accept(&mut self) -> io::Result<Accepted<Io>> {
        match self.0.pop_front() {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[tokio::test(start_paused = true)]
async fn accept_errors_are_waited_out_and_the_connection_id_reaches_the_event() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let id = Uuid::from_u128(7);
            let (mut here, there) = tokio::io::duplex(1024);
            let info = ConnInfo::new(None, None).with_id(Some(id));
            let accept = Scripted(VecDeque::from([
                Err(io::ErrorKind::ConnectionAborted.into()),
                Err(io::Error::other("too many open files")),
                Err(io::Error::other("too many open files")),
                Ok(Accepted { io: there, info }),
            ]));
            let app = Router::new()
                .route("/", on_get(async || "ok"))
                .layer(full_layer());
            gomon_core::spawn(serve(accept, app).into_future());

            tokio::io::AsyncWriteExt::write_all(&mut here, head_of("GET", "/").as_bytes())
                .await
                .expect("sent");
            let mut answer = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut here, &mut answer)
                .await
                .expect("answered");

            assert!(answer.ends_with("ok"), "{answer}");
            assert_eq!(the_end(&recorder)["conn"], id.to_string());
        })
        .await;
}

/// A stream that takes its time to close.
struct ClosesSlowly(DuplexStream, Arc<AtomicBool>);

impl Drop for ClosesSlowly {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_millis(100));
        self.1.store(true, Ordering::SeqCst);
    }
}

impl AsyncRead for ClosesSlowly {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClosesSlowly {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Or their events would still be open when gomon ends right after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_end_is_one_after_all_connections_are_closed() {
    let closed = Arc::new(AtomicBool::new(false));
    let (mut here, there) = tokio::io::duplex(1024);
    let io = ClosesSlowly(there, Arc::clone(&closed));
    let info = ConnInfo::new(None, None);
    let accept = Scripted(VecDeque::from([Ok(Accepted { io, info })]));
    let app = Router::new().route("/", on_get(async || "ok"));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let server = serve(accept, app).with_graceful_shutdown(stopped);
    // Not on a worker, which would end the connection's task first.
    let client = tokio::spawn(async move {
        let head = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        here.write_all(head.as_bytes()).await.expect("sent");
        here.read_u8().await.expect("answered");
        stop.send(()).expect("it waits");
        here
    });
    server.await.expect("it never fails");
    assert!(closed.load(Ordering::SeqCst));
    client.await.expect("it asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graceful_shutdown_lets_requests_finish_and_accepts_no_more() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let (entering, released) = (Arc::clone(&entered), Arc::clone(&release));
            let app = Router::new()
                .route(
                    "/slow",
                    on_get(async move || {
                        entering.notify_one();
                        released.notified().await;
                        "done"
                    }),
                )
                .layer(full_layer());
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            let address = listener.local_addr().expect("address");
            let (stop, stopped) = oneshot::channel::<()>();
            let server = serve(listener, app).with_graceful_shutdown(async {
                stopped.await.ok();
            });
            let server = gomon_core::spawn(server.into_future());

            let mut idle = Peer::connect(address).await;
            let mut peer = Peer::sending(address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
            entered.notified().await;
            stop.send(()).expect("still serving");
            assert_eq!(idle.read_to_end().await, "", "an idle connection is closed");
            assert!(tokio::net::TcpStream::connect(address).await.is_err());
            release.notify_one();

            assert!(peer.read_to_end().await.ends_with("done"));
            server.await.expect("no panic").expect("no error");
            assert_eq!(the_end(&recorder).outcome(), "completed");
        })
        .await;
}
