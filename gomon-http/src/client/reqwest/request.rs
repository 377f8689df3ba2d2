//! reqwest's request builder, for a monitored client.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Version};
use reqwest::{Body, Request, RequestBuilder, Response};

use crate::client::reqwest::client::MonitoredClient;

/// reqwest's builder with the same methods; [`with`](Self::with) is for those that only some of
/// reqwest's features bring.
#[must_use = "it does nothing until it is sent"]
pub struct MonitoredRequestBuilder {
    client: MonitoredClient,
    inner: RequestBuilder,
}

impl MonitoredRequestBuilder {
    pub(crate) fn new(client: MonitoredClient, inner: RequestBuilder) -> Self {
        Self { client, inner }
    }

    /// Whatever else reqwest's builder can do.
    ///
    /// ```
    /// # use gomon_http::ReqwestExt;
    /// # rustls::crypto::ring::default_provider().install_default().ok();
    /// # let client = reqwest::Client::builder().monitored()?;
    /// let request = client.post("http://shop.example/").with(|request| request.json(&[1, 2]));
    /// # drop(request);
    /// # Ok::<(), reqwest::Error>(())
    /// ```
    pub fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.inner = change(self.inner);
        self
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.with(|inner| inner.header(key, value))
    }

    /// Adds headers, in place of those with the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.with(|inner| inner.headers(headers))
    }

    /// User and password, as basic authentication.
    pub fn basic_auth<U: fmt::Display, P: fmt::Display>(
        self,
        username: U,
        password: Option<P>,
    ) -> Self {
        self.with(|inner| inner.basic_auth(username, password))
    }

    /// A token, as bearer authentication.
    pub fn bearer_auth<T: fmt::Display>(self, token: T) -> Self {
        self.with(|inner| inner.bearer_auth(token))
    }

    /// The body.
    pub fn body<T: Into<Body>>(self, body: T) -> Self {
        self.with(|inner| inner.body(body))
    }

    /// The time that the request may take, from its sending to the end of its answer, in place of the
    /// client's.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|inner| inner.timeout(timeout))
    }

    /// The version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.with(|inner| inner.version(version))
    }

    /// Adds a query to the URL.
    pub fn query<T: serde::Serialize + ?Sized>(self, query: &T) -> Self {
        self.with(|inner| inner.query(query))
    }

    /// A form as the body.
    pub fn form<T: serde::Serialize + ?Sized>(self, form: &T) -> Self {
        self.with(|inner| inner.form(form))
    }

    /// JSON as the body.
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.with(|inner| inner.json(json))
    }

    /// The request, for [`MonitoredClient::execute`].
    ///
    /// # Errors
    ///
    /// Of what was given to this builder, such as a URL that is none.
    pub fn build(self) -> reqwest::Result<Request> {
        self.inner.build()
    }

    /// The client, and the request or what is wrong with it.
    pub fn build_split(self) -> (MonitoredClient, reqwest::Result<Request>) {
        (self.client, self.inner.build())
    }

    /// The same again; nothing where the body is a stream.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        let inner = self.inner.try_clone()?;
        Some(Self::new(self.client.clone(), inner))
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and of [`MonitoredClient::execute`].
    pub fn send(self) -> impl Future<Output = Result<Response, reqwest::Error>> + Send + 'static {
        let (client, request) = self.build_split();
        async move { client.execute(request?).await }
    }
}

impl fmt::Debug for MonitoredRequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredRequestBuilder")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
