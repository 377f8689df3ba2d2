//! The clients, in one form.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gomon_http::{
    ClientLayer, MonitoredConnector, MonitoredRequestBody, MonitoredResolver, MonitoringChannel,
    TlsConnector, monitored_with_resolver,
};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tonic::transport::Endpoint;
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, Loopback, Planted};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Hyper1,
    Hyper2,
    Reqwest1,
    Reqwest2,
    Tonic,
}

/// With an error of one kind: one that is boxed has a lifetime, at which rustc stumbles.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(super) type Answer = Result<Response<Body>, BoxError>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
/// What sends a request by one client, which keeps its connections.
pub(super) type Sending = Arc<dyn Fn(Request<Body>) -> Answering + Send + Sync>;

impl Client {
    pub(super) const ALL: [Self; 5] = [
        Self::Hyper1,
        Self::Hyper2,
        Self::Reqwest1,
        Self::Reqwest2,
        Self::Tonic,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hyper1 => "hyper-util, HTTP/1.1",
            Self::Hyper2 => "hyper-util, HTTP/2",
            Self::Reqwest1 => "reqwest, HTTP/1.1",
            Self::Reqwest2 => "reqwest, HTTP/2",
            Self::Tonic => "tonic",
        }
    }

    pub(super) fn is_hyper(self) -> bool {
        matches!(self, Self::Hyper1 | Self::Hyper2)
    }

    pub(super) fn is_reqwest(self) -> bool {
        matches!(self, Self::Reqwest1 | Self::Reqwest2)
    }

    fn is_http2(self) -> bool {
        !matches!(self, Self::Hyper1 | Self::Reqwest1)
    }

    /// The client, for requests to this origin; it gives up after its own timeout, if it has one.
    pub(super) fn open(self, origin: &str, trust: &ClientConfig, timeout: Duration) -> Sending {
        let mut trust = trust.clone();
        if origin.starts_with("https") {
            let alpn = if self.is_http2() { "h2" } else { "http/1.1" };
            trust.alpn_protocols = vec![alpn.into()];
        }
        match self {
            Self::Hyper1 | Self::Hyper2 => self.hyper(trust),
            Self::Reqwest1 | Self::Reqwest2 => self.reqwest(trust, timeout),
            Self::Tonic => tonic(origin, trust, timeout),
        }
    }

    fn hyper(self, trust: ClientConfig) -> Sending {
        let connector = TlsConnector::new(connector(), Arc::new(trust));
        let plain: HyperClient<_, MonitoredRequestBody<Body>> =
            HyperClient::builder(TokioExecutor::new())
                .http2_only(self.is_http2())
                .build(connector);
        let client = ClientLayer::new().layer(plain);
        Arc::new(move |request| {
            let answering = client.clone().oneshot(request);
            Box::pin(async move { Ok(answering.await?.map(boxed)) })
        })
    }

    fn reqwest(self, trust: ClientConfig, timeout: Duration) -> Sending {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(trust)
            .timeout(timeout)
            .dns_resolver(MonitoredResolver::new(Loopback(Duration::ZERO)));
        let builder = match self.is_http2() {
            true => builder.http2_prior_knowledge(),
            false => builder.http1_only(),
        };
        let client = monitored_with_resolver(builder).expect("a client");
        Arc::new(move |request| {
            let (head, body) = request.into_parts();
            let url = head.uri.to_string().parse().expect("a URL");
            let mut request = reqwest::Request::new(head.method, url);
            *request.headers_mut() = head.headers;
            if !http_body::Body::is_end_stream(&body) {
                *request.body_mut() = Some(reqwest::Body::wrap(SyncBody(Mutex::new(body))));
            }
            let answering = client.execute(request);
            Box::pin(async move {
                let answer: Response<reqwest::Body> = answering.await?.into();
                Ok(answer.map(boxed))
            })
        })
    }
}

fn tonic(origin: &str, trust: ClientConfig, timeout: Duration) -> Sending {
    let endpoint = Endpoint::from_shared(origin.to_owned()).expect("an endpoint");
    let connector = TlsConnector::new(connector(), Arc::new(trust));
    let channel = MonitoringChannel::connect_with_lazy(&endpoint.timeout(timeout), connector);
    Arc::new(move |request| {
        let answering = channel.clone().oneshot(request.map(tonic::body::Body::new));
        Box::pin(async move { Ok(answering.await?.map(boxed)) })
    })
}

fn connector() -> MonitoredConnector<Planted> {
    MonitoredConnector::new(Planted::new(Duration::ZERO, Duration::ZERO))
}

pub(super) fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(io::Error::other).boxed_unsync()
}

pub(super) fn nothing() -> Body {
    boxed(Full::<Bytes>::default())
}

/// reqwest wants bodies that may be looked at from everywhere, and does not.
struct SyncBody(Mutex<Body>);

impl http_body::Body for SyncBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        let body = self.get_mut().0.get_mut().expect("not poisoned");
        Pin::new(body).poll_frame(cx)
    }
}
