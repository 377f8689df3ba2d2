//! Connections that are made, by whatever makes them.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use gomon_core::EventTracker;
use http::Uri;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::client::cause::Cause;
use crate::client::conn::{MadeFor, MonitoredConn};
use crate::client::phases::{Mark, Phases};
use crate::client::step::{BoxError, Step};
use crate::keys;

/// Wraps a connector, such as hyper-util's `HttpConnector`, so that each connection it makes becomes
/// one `http-trp-dialctx` event, and a phase of the request that asked for it.
///
/// The event is a child of that request and has `net` and `addr`: host and port as they were asked
/// for. It starts with the call and ends when the connection is there; the look-up of a name, by a
/// [`MonitoredResolver`](crate::MonitoredResolver) inside, has an event of its own. Errors are
/// boxed, as hyper does with them anyway.
///
/// A connector that makes TLS connections is one dial, without a handshake of its own: put the
/// handshake outside, as `TlsConnector` does (feature `client-tls`).
///
/// ```
/// use bytes::Bytes;
/// use gomon_http::{MonitoredConnector, MonitoredResolver};
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::client::legacy::connect::HttpConnector;
/// use hyper_util::client::legacy::connect::dns::GaiResolver;
/// use hyper_util::rt::TokioExecutor;
///
/// let resolver = MonitoredResolver::new(GaiResolver::new());
/// let connector = MonitoredConnector::new(HttpConnector::new_with_resolver(resolver));
/// let plain: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
/// # let _ = plain;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MonitoredConnector<C> {
    inner: C,
}

impl<C> MonitoredConnector<C> {
    /// Monitors the connections that this one makes.
    pub const fn new(inner: C) -> Self {
        Self { inner }
    }
}

impl<C> Service<Uri> for MonitoredConnector<C>
where
    C: Service<Uri>,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = MonitoredConn<C::Response>;
    type Error = BoxError;
    type Future = Connecting<C::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let address = address(&target);
        Connecting {
            step: dial(&address, || self.inner.call(target)),
        }
    }
}

/// Begins a dial for the request that is being polled.
pub(crate) fn dial<F>(address: &str, make: impl FnOnce() -> F) -> Step<F> {
    let cause = Cause::current();
    if let Some(phases) = cause.phases() {
        phases.begin_dial();
    }
    let describe = |tracker: &mut EventTracker| {
        tracker
            .set(keys::NET, keys::net::TCP)
            .set(keys::ADDR, address);
    };
    Step::new(cause, keys::DIAL, describe, make)
}

/// Host and port that a connection is asked for, without user and password.
pub(crate) fn address(target: &Uri) -> String {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or_else(|| {
        let secure = target.scheme_str() == Some("https");
        if secure { 443 } else { 80 }
    });
    format!("{host}:{port}")
}

pin_project! {
    /// What a [`MonitoredConnector`] returns: a connection on its way.
    #[must_use = "futures do nothing unless polled"]
    pub struct Connecting<F> {
        #[pin]
        step: Step<F>,
    }
}

impl<F, T, E> Future for Connecting<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<MonitoredConn<T>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        let (conn, tracker) = ready!(step.as_mut().poll_step(cx))?;
        let cause = step.cause();
        if let Some(phases) = cause.phases() {
            phases.mark(Mark::ConnDone);
            phases.end_dial();
        }
        tracker.finish();
        let made_for = MadeFor(cause.phases().map_or(0, Phases::id));
        Poll::Ready(Ok(MonitoredConn::new(conn, made_for)))
    }
}

impl<F> fmt::Debug for Connecting<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_no_user() {
        let of = |uri| address(&Uri::from_static(uri));
        assert_eq!(of("https://ada:pw@shop.example/x"), "shop.example:443");
        assert_eq!(of("http://[::1]/"), "[::1]:80");
        assert_eq!(of("http://[::1]:81/"), "[::1]:81");
    }
}
