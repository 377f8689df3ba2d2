//! What `serve` puts between hyper's connection and the user's service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gomon_core::conn::ConnInfo;
use http::{Request, header};
use hyper::body::Incoming;
use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use super::activity::{Activity, InFlight};
use crate::websocket::Tap;

/// The service of one connection: each request learns which it is, and gets a clone of the user's
/// service.
#[derive(Clone)]
pub(crate) struct ConnectionService<S> {
    service: S,
    info: ConnInfo,
    activity: Activity,
    tap: Tap,
}

impl<S> ConnectionService<S> {
    pub(crate) fn new(service: S, info: ConnInfo, activity: Activity, tap: Tap) -> Self {
        Self {
            service,
            info,
            activity,
            tap,
        }
    }
}

impl<S> hyper::service::Service<Request<Incoming>> for ConnectionService<S>
where
    S: Service<Request<Incoming>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Served<Oneshot<S, Request<Incoming>>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let extensions = request.extensions_mut();
        #[cfg(feature = "axum")]
        if let Some(peer) = self.info.peer {
            extensions.insert(axum::extract::ConnectInfo(peer));
        }
        extensions.insert(self.info.clone());
        if request.headers().contains_key(header::UPGRADE) {
            request.extensions_mut().insert(self.tap.clone());
        }
        Served {
            inner: Oneshot::new(self.service.clone(), request),
            _in_flight: self.activity.request(),
        }
    }
}

impl<S> fmt::Debug for ConnectionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionService")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The answer to a request, until which its connection is not idle.
    pub(crate) struct Served<F> {
        #[pin]
        inner: F,
        _in_flight: InFlight,
    }
}

impl<F: Future> Future for Served<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

/// Spawns the streams of an HTTP/2 connection with the context of that connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpawnInContext;

impl<F> Executor<F> for SpawnInContext
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        gomon_core::spawn(future);
    }
}
