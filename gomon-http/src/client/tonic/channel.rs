//! tonic's channel, monitored.

use std::error::Error;
use std::fmt;
use std::task::{Context as TaskContext, Poll};

use http::{Request, Response, Uri};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use tonic::body::Body;
use tonic::transport::channel::ResponseFuture as Answering;
use tonic::transport::{Channel, Endpoint, Error as TransportError};
use tower_service::Service;

use crate::client::layer::ClientLayer;
use crate::client::side::Sight;
use crate::client::tonic::link::{Link, LinkedConnector};
use crate::client::{MonitoredConnector, MonitoredResolver, ReadyConnector};
use crate::{MonitoredBody, MonitoredRequestBody, ResponseFuture};

/// tonic's channel, for generated clients, whose calls are `http-roundtripper` events.
///
/// A call's event starts when it is sent and ends with the answer's body: for a stream that is when it
/// has been read or is dropped.
///
/// A channel has one connection, which it makes apart from its calls. A call that waits for it has
/// its phases and is not `reused`; its look-up, dial and handshake are children of what connected:
/// of the context in which [`connect`](Self::connect) was called, or of none where the channel connects
/// later, or again.
///
/// ```no_run
/// use gomon_http::MonitoringChannel;
/// use tonic::transport::Endpoint;
///
/// # async fn example() -> Result<(), tonic::transport::Error> {
/// let channel = MonitoringChannel::connect(&Endpoint::from_static("http://stock.internal:50051")).await?;
/// // let client = StockClient::new(channel);
/// # drop(channel);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MonitoringChannel {
    inner: Channel,
    layer: ClientLayer,
    origin: Uri,
    /// None where it was connected by somebody else.
    link: Option<Link>,
}

impl MonitoringChannel {
    /// Monitors a channel that is there, which goes to `origin`. Of its connection nothing is seen.
    #[must_use]
    pub fn new(channel: Channel, origin: Uri) -> Self {
        Self {
            inner: channel,
            layer: ClientLayer::new(),
            origin,
            link: None,
        }
    }

    /// Connects, without TLS.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::connect`].
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, TransportError> {
        Self::connect_with(endpoint, plain()).await
    }

    /// The same when the first call needs it.
    #[must_use]
    pub fn connect_lazy(endpoint: &Endpoint) -> Self {
        Self::connect_with_lazy(endpoint, plain())
    }

    /// Connects by a connector, which has to be monitored itself: a [`MonitoredConnector`], or with
    /// the feature `client-tls` a `TlsConnector` whose configuration has `h2` among its protocols.
    /// That makes the handshake; TLS settings of the endpoint are not heeded.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::connect`].
    pub async fn connect_with<C>(endpoint: &Endpoint, connector: C) -> Result<Self, TransportError>
    where
        C: Service<Uri> + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>> + Send,
        C::Future: Unpin + Send,
        C::Response: Read + Write + Unpin + Send + 'static,
    {
        let link = Link::default();
        let connector = LinkedConnector::new(connector, link.clone());
        let channel = Channel::connect(connector, endpoint.clone()).await?;
        Ok(Self::linked(channel, endpoint, link))
    }

    /// The same when the first call needs it.
    #[must_use]
    pub fn connect_with_lazy<C>(endpoint: &Endpoint, connector: C) -> Self
    where
        C: Service<Uri> + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>> + Send,
        C::Future: Send,
        C::Response: Read + Write + Unpin + Send + 'static,
    {
        let link = Link::default();
        let connector = LinkedConnector::new(connector, link.clone());
        let channel = Channel::new(connector, endpoint.clone());
        Self::linked(channel, endpoint, link)
    }

    fn linked(channel: Channel, endpoint: &Endpoint, link: Link) -> Self {
        Self {
            link: Some(link),
            ..Self::new(channel, endpoint.uri().clone())
        }
    }

    /// What is taken from calls and answers, and which hosts are told the context, as with any client.
    /// By default what holds for the process.
    #[must_use]
    pub fn layer(mut self, layer: ClientLayer) -> Self {
        self.layer = layer;
        self
    }

    /// The whole URL of a call; tonic knows its path alone and adds the rest itself.
    fn complete(&self, uri: &Uri) -> Option<Uri> {
        let mut parts = self.origin.clone().into_parts();
        parts.path_and_query = uri.path_and_query().cloned();
        Uri::from_parts(parts).ok()
    }
}

fn plain() -> ReadyConnector {
    let resolver = MonitoredResolver::new(GaiResolver::new());
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.set_nodelay(true);
    MonitoredConnector::new(http)
}

impl fmt::Debug for MonitoringChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoringChannel")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for MonitoringChannel {
    type Response = Response<MonitoredBody<Body>>;
    type Error = TransportError;
    type Future = ResponseFuture<Answering>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(whole) = self.complete(request.uri()) {
            *request.uri_mut() = whole;
        }
        let link = self.link.clone();
        let exchange = self.layer.observe(&mut request, |_| match link {
            Some(link) => Sight::Channel(link, gomon_core::monotonic()),
            None => Sight::Nothing,
        });
        let request =
            request.map(|body| Body::new(MonitoredRequestBody::watched(body, exchange.as_ref())));
        ResponseFuture::call(exchange, || Some(self.inner.call(request)))
    }
}
