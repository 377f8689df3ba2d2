//! A client that is ready to use.

use std::fmt;

use http_body::Body;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_layer::Layer;

use crate::client::{ClientLayer, ClientService, MonitoredConnector, MonitoredResolver};
use crate::{MonitoredBody, MonitoredRequestBody};

/// What makes plain connections for [`client`].
pub type ReadyConnector = MonitoredConnector<HttpConnector<MonitoredResolver<GaiResolver>>>;

/// What [`client`] makes: hyper-util's client, monitored from the name to the body.
#[cfg(feature = "client-tls")]
pub type ReadyClient<B> =
    ClientService<Client<crate::client::TlsConnector<ReadyConnector>, MonitoredRequestBody<B>>>;

/// What [`client`] makes: hyper-util's client, monitored from the name to the body.
#[cfg(not(feature = "client-tls"))]
pub type ReadyClient<B> = ClientService<Client<ReadyConnector, MonitoredRequestBody<B>>>;

/// The body of its responses.
pub type ReadyBody = MonitoredBody<hyper::body::Incoming>;

/// A client on hyper-util that is monitored throughout: each request with all its phases, and names,
/// connections and handshakes as its children.
///
/// It keeps connections and uses them again. With the feature `client-tls` it speaks `https` by
/// rustls with ring, trusts the roots that Mozilla trusts, and takes HTTP/2 where the server has
/// it; without it `https` is an error. For other settings put a [`ClientLayer`] round a client of
/// your own, with a [`MonitoredConnector`] in it.
///
/// It is a tower service; a clone is cheap and shares the connections.
///
/// ```no_run
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Empty};
/// use tower::ServiceExt;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = gomon_http::client::<Empty<Bytes>>();
/// let request = http::Request::get("http://shop.example/stock").body(Empty::new())?;
/// let response = client.clone().oneshot(request).await?;
/// let stock = response.into_body().collect().await?.to_bytes();
/// # drop(stock);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn client<B>() -> ReadyClient<B>
where
    B: Body + Send,
    B::Data: Send,
    B::Error: fmt::Display + 'static,
{
    let resolver = MonitoredResolver::new(GaiResolver::new());
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.set_nodelay(true);
    #[cfg(feature = "client-tls")]
    http.enforce_http(false);
    let connector = MonitoredConnector::new(http);
    #[cfg(feature = "client-tls")]
    let connector = crate::client::TlsConnector::new(connector, super::tls::default_config());
    let plain = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector);
    ClientLayer::new().layer(plain)
}
