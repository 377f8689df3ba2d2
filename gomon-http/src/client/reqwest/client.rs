//! reqwest's client, monitored.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};

use reqwest::{Client, IntoUrl, Method, Request, Response};
use tower_service::Service;

use crate::client::layer::ClientLayer;
use crate::client::reqwest::exchange;
use crate::client::reqwest::redirect::{self, Hop, Redirects};
use crate::client::reqwest::request::MonitoredRequestBuilder;
use crate::client::side::Sees;

/// reqwest's client with the same methods, whose requests are events: see
/// [`ReqwestExt`](crate::ReqwestExt) for how it is made.
///
/// Its responses are reqwest's own; the event ends when their body has been read or is dropped. Errors
/// are reqwest's own too; where a body fails, their chain has two links more. A clone is cheap and
/// shares the connections.
///
/// ```no_run
/// use gomon_http::ReqwestExt;
///
/// # async fn example() -> Result<(), reqwest::Error> {
/// let client = reqwest::Client::builder().monitored()?;
/// let stock = client.get("http://shop.example/stock").send().await?.text().await?;
/// # drop(stock);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MonitoredClient {
    inner: Client,
    layer: ClientLayer,
    redirects: Redirects,
    sees: Sees,
}

impl MonitoredClient {
    pub(crate) fn new(inner: Client, redirects: Redirects, sees: Sees) -> Self {
        Self {
            inner,
            layer: ClientLayer::new(),
            redirects,
            sees,
        }
    }

    /// What is taken from requests and responses, and which hosts are told the context, as with any
    /// client. By default what holds for the process.
    #[must_use]
    pub fn layer(mut self, layer: ClientLayer) -> Self {
        self.layer = layer;
        self
    }

    /// How many redirects of a request are followed; 10 by default. Each hop is an event. One more is
    /// reqwest's error ([`is_redirect`](reqwest::Error::is_redirect)); with 0, as with reqwest's
    /// `Policy::none`, a redirect is an answer.
    ///
    /// A client that was there when it became monitored follows its redirects itself: this changes
    /// nothing then, unless its policy is `none`; there one too many is an answer too.
    ///
    /// A request's timeout is for all its hops; that of the client is for each.
    #[must_use]
    pub fn redirects(mut self, limit: usize) -> Self {
        self.redirects = Redirects::Limited(limit);
        self
    }

    /// A `GET` request.
    pub fn get<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::GET, url)
    }

    /// A `POST` request.
    pub fn post<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::POST, url)
    }

    /// A `PUT` request.
    pub fn put<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::PUT, url)
    }

    /// A `PATCH` request.
    pub fn patch<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// A `DELETE` request.
    pub fn delete<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// A `HEAD` request.
    pub fn head<U: IntoUrl>(&self, url: U) -> MonitoredRequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// A request, to be sent by [`send`](MonitoredRequestBuilder::send). A URL that is none is an error
    /// there.
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> MonitoredRequestBuilder {
        MonitoredRequestBuilder::new(self.clone(), self.inner.request(method, url))
    }

    /// Sends a request. Nothing happens before the future is polled; dropped before it is ready, the
    /// event is `cancelled`.
    ///
    /// # Errors
    ///
    /// Those of [`Client::execute`].
    pub fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, reqwest::Error>> + Send + 'static {
        let client = self.clone();
        async move { client.follow(request).await }
    }

    /// Sends a request, and what it is redirected to.
    async fn follow(self, mut request: Request) -> Result<Response, reqwest::Error> {
        let began = gomon_core::monotonic();
        let mut left = match self.redirects {
            Redirects::Inside | Redirects::Limited(0) => None,
            Redirects::Limited(limit) => Some(limit),
        };
        loop {
            let hop = left.map(|_| Hop::of(&request));
            let exchange = exchange::observe(&self.layer, &mut request, self.sees, None);
            let sending = exchange::send(exchange, || self.inner.execute(request));
            let mut sending = pin!(sending);
            let last = left == Some(0);
            let polling =
                std::future::poll_fn(|cx| redirect::poll_hop(last, || sending.as_mut().poll(cx)));
            let answer = polling.await?;
            let spent = gomon_core::monotonic().saturating_sub(began);
            let next = hop.and_then(|hop| hop.next(answer.status(), answer.headers(), spent));
            let (Some(next), Some(more)) = (next, left.filter(|left| *left > 0)) else {
                return Ok(answer.into_response());
            };
            answer.let_go();
            (request, left) = (next, Some(more - 1));
        }
    }
}

impl fmt::Debug for MonitoredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredClient")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// For tower's layers, as reqwest's own client is one.
impl Service<Request> for MonitoredClient {
    type Response = Response;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, reqwest::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.execute(request))
    }
}
