//! Proxies: which one a connection goes through.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use tower_service::Service;

use crate::client::conn::MonitoredConn;
use crate::client::proxy_choice;
use crate::client::step::BoxError;

/// Sends connections through the proxies that a [`Matcher`] of hyper-util's names, such as those of the
/// environment; each choice of one is an `http-trp-proxy` event, a child of the request, with the
/// `proxy-path`: the proxy's URL, its password masked.
///
/// It goes round a [`MonitoredConnector`](crate::MonitoredConnector), whose dial then is to the proxy,
/// and inside of a `TlsConnector`. To `https` it asks for a tunnel, with the credentials in the proxy's
/// URL, which is made between `conn-done` and `tls-hand-start`. Requests to `http` are handed to the proxy
/// as they are: a `proxy-authorization` is theirs to have. Proxies that are not `http` are errors.
#[derive(Clone)]
pub struct ProxyConnector<C> {
    inner: C,
    matcher: Arc<Matcher>,
}

impl<C> ProxyConnector<C> {
    /// Asks `matcher` for each connection.
    pub fn new(inner: C, matcher: Matcher) -> Self {
        Self {
            inner,
            matcher: Arc::new(matcher),
        }
    }
}

impl<C> fmt::Debug for ProxyConnector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyConnector").finish_non_exhaustive()
    }
}

impl<C, T> Service<Uri> for ProxyConnector<C>
where
    C: Service<Uri, Response = MonitoredConn<T>> + Clone,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
    T: Read + Write + Unpin + Send + 'static,
{
    type Response = MonitoredConn<T>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<MonitoredConn<T>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.matcher.intercept(&target) else {
            let connecting = self.inner.call(target);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        };
        proxy_choice::note(&proxy.uri().to_string());
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(std::future::ready(Err("a proxy that is not http".into())));
        }
        if target.scheme_str() == Some("https") {
            // The one that is ready goes to the tunnel.
            let spare = self.inner.clone();
            let inner = std::mem::replace(&mut self.inner, spare);
            let mut tunnel = Tunnel::new(proxy.uri().clone(), inner);
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            let connecting = tunnel.call(target);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        }
        let connecting = self.inner.call(proxy.uri().clone());
        Box::pin(async move {
            let conn = connecting.await.map_err(Into::into)?;
            Ok(conn.of_proxy())
        })
    }
}
