//! What `serve` puts between hyper's connection and the user's service.

use std::fmt;
use std::future::Future;

use gomon_core::conn::ConnInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use tower::util::Oneshot;
use tower_service::Service;

/// The service of one connection: each request learns which it is, and gets a clone of the user's
/// service.
#[derive(Clone)]
pub(crate) struct ConnectionService<S> {
    service: S,
    info: ConnInfo,
}

impl<S> ConnectionService<S> {
    pub(crate) fn new(service: S, info: ConnInfo) -> Self {
        Self { service, info }
    }
}

impl<S> hyper::service::Service<Request<Incoming>> for ConnectionService<S>
where
    S: Service<Request<Incoming>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Oneshot<S, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let extensions = request.extensions_mut();
        #[cfg(feature = "axum")]
        if let Some(peer) = self.info.peer {
            extensions.insert(axum::extract::ConnectInfo(peer));
        }
        extensions.insert(self.info.clone());
        Oneshot::new(self.service.clone(), request)
    }
}

impl<S> fmt::Debug for ConnectionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionService")
            .field("info", &self.info)
            .finish_non_exhaustive()
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
