//! The same for `reqwest-middleware`.

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::client::attempts;
use crate::client::layer::ClientLayer;
use crate::client::reqwest::exchange;
use crate::client::side::Sees;

/// Makes an event of each request that passes; for `reqwest-middleware`.
///
/// Put it below middleware that retries (`with` it later), so that each attempt is an event of its
/// own; they count as `attempt`. Redirects stay inside of reqwest: the event is that of the whole
/// chain. Where reqwest's client was built with [`ConnectorLayer`](crate::ConnectorLayer) and
/// [`MonitoredResolver`](crate::MonitoredResolver), say so by [`with_phases`](Self::with_phases).
///
/// ```
/// use gomon_http::MonitoringMiddleware;
/// use reqwest_middleware::ClientBuilder;
///
/// # rustls::crypto::ring::default_provider().install_default().ok();
/// let client = ClientBuilder::new(reqwest::Client::new())
///     .with(MonitoringMiddleware::new())
///     .build();
/// # drop(client);
/// ```
#[derive(Clone, Debug)]
pub struct MonitoringMiddleware {
    layer: ClientLayer,
    sees: Sees,
}

impl MonitoringMiddleware {
    /// The middleware, with what holds for the process.
    #[must_use]
    pub fn new() -> Self {
        Self {
            layer: ClientLayer::new(),
            sees: Sees::Nothing,
        }
    }

    /// What is taken from requests and responses, and which hosts are told the context.
    #[must_use]
    pub fn layer(mut self, layer: ClientLayer) -> Self {
        self.layer = layer;
        self
    }

    /// The client has a [`ConnectorLayer`](crate::ConnectorLayer): a request that makes no connection
    /// has one that was there. By default nothing is said of connections.
    #[must_use]
    pub fn with_phases(mut self) -> Self {
        self.sees = Sees::Dials;
        self
    }
}

impl Default for MonitoringMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait::async_trait]
impl Middleware for MonitoringMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        attempts::begin_once(extensions);
        let exchange = exchange::observe(&self.layer, &mut request, self.sees, Some(extensions));
        let sending = exchange::send(exchange, || next.run(request, extensions));
        Ok(sending.await?.into_response())
    }
}
