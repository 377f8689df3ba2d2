//! A server that tells each request the connection it came in on.

use std::future::{Future, IntoFuture, Pending, pending};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::{error, fmt};

use gomon_core::conn::{Accept, Accepted};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tower_service::Service;

use crate::accept::{next, until};
use crate::connection::{ConnectionService, SpawnInContext};

/// Serves HTTP/1 and HTTP/2 (with prior knowledge), upgrades included, on every connection that
/// `accept` yields.
///
/// Each request finds the [`ConnInfo`](gomon_core::conn::ConnInfo) of its connection in its
/// extensions, from which [`MonitoringLayer`](crate::MonitoringLayer) takes peer and connection id;
/// with the feature `axum` also axum's `ConnectInfo<SocketAddr>`. `service` is cloned for every
/// request; an axum `Router` is such a service.
///
/// Connections run as tokio tasks with the gomon context that is current when serving starts.
/// Requests are roots all the same: their parent is the application or the caller that
/// `traceparent` names.
///
/// ```no_run
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::get};
/// use gomon_http::{MonitoringLayer, serve};
/// use tokio::net::TcpListener;
///
/// # async fn example() -> std::io::Result<()> {
/// let app = Router::new()
///     .route("/", get(|| async { "hello" }))
///     .layer(MonitoringLayer::new());
/// serve(TcpListener::bind("127.0.0.1:8080").await?, app).await
/// # }
/// # }
/// ```
pub fn serve<A, S>(accept: A, service: S) -> Serve<A, S> {
    Serve {
        accept,
        service,
        signal: pending(),
    }
}

/// A server that was set up by [`serve`]; awaiting it runs it.
#[must_use = "a server does nothing unless awaited"]
pub struct Serve<A, S, F = Pending<()>> {
    accept: A,
    service: S,
    signal: F,
}

impl<A, S> Serve<A, S> {
    /// Ends the server once `signal` is ready: it accepts no more, lets each connection finish the
    /// requests it has, and resolves when the last one is closed. Wrap it in a timeout to bound
    /// that.
    pub fn with_graceful_shutdown<F>(self, signal: F) -> Serve<A, S, F> {
        Serve {
            accept: self.accept,
            service: self.service,
            signal,
        }
    }
}

impl<A, S, F> fmt::Debug for Serve<A, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").finish_non_exhaustive()
    }
}

impl<A, S, F, B> IntoFuture for Serve<A, S, F>
where
    A: Accept,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    type Output = io::Result<()>;
    type IntoFuture = ServeFuture;

    fn into_future(self) -> ServeFuture {
        ServeFuture(Box::pin(self.run()))
    }
}

/// The running server. It never fails: an error of `accept` is waited out. It resolves after a
/// graceful shutdown.
///
/// Dropping it closes the listening socket; connections finish the request they have, and close.
#[must_use = "futures do nothing unless polled"]
pub struct ServeFuture(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl Future for ServeFuture {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ServeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeFuture").finish_non_exhaustive()
    }
}

impl<A, S, F, B> Serve<A, S, F>
where
    A: Accept,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    async fn run(self) -> io::Result<()> {
        let Self {
            mut accept,
            service,
            signal,
        } = self;
        let mut signal = pin!(signal);
        let builder = builder();
        let connections = GracefulShutdown::new();
        while let Some(Accepted { io, info, .. }) = until(signal.as_mut(), next(&mut accept)).await
        {
            let service = ConnectionService::new(service.clone(), info);
            let (builder, watcher) = (builder.clone(), connections.watcher());
            gomon_core::spawn(async move {
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
                // How a connection broke is told by the requests it broke. A bad request that hyper
                // answers itself, with 400, reaches no service and makes no event.
                watcher.watch(connection).await.ok();
            });
        }
        drop(accept);
        connections.shutdown().await;
        Ok(())
    }
}

type BoxError = Box<dyn error::Error + Send + Sync>;

/// hyper's defaults, with a timer, so that its limit on the time a request head may take is in
/// force. That time begins with the first bytes that rule out HTTP/2: until they are there, the
/// connection may stay silent.
fn builder() -> Builder<SpawnInContext> {
    let mut builder = Builder::new(SpawnInContext);
    builder.http1().timer(TokioTimer::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol();
    builder
}
