//! A server that tells each request the connection it came in on.

mod accept;
mod activity;
mod connection;
mod drive;
mod limits;
#[cfg(feature = "tls")]
mod tls;

use std::future::{Future, IntoFuture, Pending, pending};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use std::{error, fmt};

use gomon_core::conn::{Accept, Accepted};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::sync::watch;
use tower_http::timeout::{RequestBodyTimeout, ResponseBodyTimeout};
use tower_service::Service;

#[cfg(feature = "tls")]
pub use tls::{TlsError, tls_config};

use accept::{next, until};
use drive::{Serving, Stage};
use limits::Limits;

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
        limits: Limits::default(),
        #[cfg(feature = "tls")]
        tls: None,
    }
}

/// A server that was set up by [`serve`]; awaiting it runs it.
#[must_use = "a server does nothing unless awaited"]
pub struct Serve<A, S, F = Pending<()>> {
    accept: A,
    service: S,
    signal: F,
    limits: Limits,
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<tokio_rustls::rustls::ServerConfig>>,
}

impl<A, S> Serve<A, S> {
    /// Ends the server once `signal` is ready: it accepts no more, lets each connection finish the
    /// requests it has, and resolves when the last one is closed, or after the time of
    /// [`drain_timeout`](Self::drain_timeout).
    pub fn with_graceful_shutdown<F>(self, signal: F) -> Serve<A, S, F> {
        Serve {
            accept: self.accept,
            service: self.service,
            signal,
            limits: self.limits,
            #[cfg(feature = "tls")]
            tls: self.tls,
        }
    }
}

impl<A, S, F> Serve<A, S, F> {
    /// How long the head of a request may take, from its first byte on, and a TLS handshake. HTTP/1 connections on which it takes
    /// longer are closed. Default: 30 seconds.
    pub fn header_timeout(mut self, time: Duration) -> Self {
        self.limits.header = time;
        self
    }

    /// How long a connection may be without a request, also before its first. It is closed then; what it is at is
    /// finished before. Default: no limit.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.limits.idle = Some(time);
        self
    }

    /// How long the requests that are there get to finish after a graceful shutdown began. Then their connections are closed, and their
    /// events end as `cancelled` or `truncated`. Default: no limit.
    pub fn drain_timeout(mut self, time: Duration) -> Self {
        self.limits.drain = Some(time);
        self
    }

    /// Bounds the pauses between two parts of a body, of requests on their way in and of responses on their way out: the body fails then,
    /// with tower-http's `TimeoutError`. Default: no limit.
    pub fn body_timeout(self, pause: Duration) -> Serve<A, BodyTimeout<S>, F> {
        Serve {
            accept: self.accept,
            service: RequestBodyTimeout::new(ResponseBodyTimeout::new(self.service, pause), pause),
            signal: self.signal,
            limits: self.limits,
            #[cfg(feature = "tls")]
            tls: self.tls,
        }
    }

    /// Encrypts every connection. [`tls_config`] makes a configuration out of certificate and key.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: std::sync::Arc<tokio_rustls::rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }
}

/// The service of a server that bounds the pauses in bodies.
pub type BodyTimeout<S> = RequestBodyTimeout<ResponseBodyTimeout<S>>;

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
            limits,
            #[cfg(feature = "tls")]
            tls,
        } = self;
        let mut signal = pin!(signal);
        let (stage, stages) = watch::channel(Stage::Serving);
        let serving = Serving::new(service, limits, stages);
        while let Some(Accepted { io, info, .. }) = until(signal.as_mut(), next(&mut accept)).await
        {
            let serving = serving.clone();
            #[cfg(feature = "tls")]
            if let Some(config) = &tls {
                let handshake = tls::handshake(config, io, limits.header);
                let closing = serving.closing();
                gomon_core::spawn(async move {
                    // A handshake that fails reaches no service, and makes no event.
                    if let Some(io) = until(pin!(closing), handshake).await.flatten() {
                        serving.serve(io, info.encrypted()).await;
                    }
                });
                continue;
            }
            gomon_core::spawn(serving.serve(io, info));
        }
        drop((accept, serving));
        drive::drain(&stage, limits.drain).await;
        Ok(())
    }
}

type BoxError = Box<dyn error::Error + Send + Sync>;
