//! Clients that the tests share.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gomon_core::Capture;
use gomon_core::testing::{Recorded, Recorder};
use gomon_http::{
    ClientLayer, ClientService, MonitoredConnector, MonitoredRequestBody, MonitoredResolver,
    TlsConnector,
};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

pub(crate) const CLIENT: &str = "http-roundtripper";
pub(crate) const DIAL: &str = "http-trp-dialctx";
pub(crate) const HANDSHAKE: &str = "http-trp-dialtls";
pub(crate) const LOOKUP: &str = "dns-lookup";

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Hyper = ClientService<
    Client<TlsConnector<MonitoredConnector<Planted>>, MonitoredRequestBody<Full<Bytes>>>,
>;

/// A client whose look-ups and connections take so long, and which trusts that.
pub(crate) fn hyper(lookup: Duration, connect: Duration, trust: &Arc<ClientConfig>) -> Hyper {
    let connector = MonitoredConnector::new(Planted::new(lookup, connect));
    let connector = TlsConnector::new(connector, Arc::clone(trust));
    let plain = Client::builder(TokioExecutor::new()).build(connector);
    ClientLayer::new().capture(Capture::full()).layer(plain)
}

pub(crate) fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).expect("request")
}

/// Sends it, reads the answer to its end, and gives that.
pub(crate) async fn send(client: &Hyper, request: Request<Full<Bytes>>) -> Bytes {
    let response = client.clone().oneshot(request).await.expect("answered");
    let body = response.into_body().collect().await.expect("read");
    body.to_bytes()
}

/// The one request there was.
pub(crate) fn the_call(recorder: &Recorder) -> Recorded {
    recorder.wait_for(CLIENT, 1).remove(0)
}

/// Looks everything up as the loopback interface.
#[derive(Clone)]
pub(crate) struct Loopback(pub(crate) Duration);

impl Service<Name> for Loopback {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let delay = self.0;
        Box::pin(async move {
            sleep(delay).await;
            if name.as_str() == "nowhere.example" {
                return Err(std::io::Error::other("no such name"));
            }
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))].into_iter())
        })
    }
}

/// Connects as `HttpConnector` does, and takes its time between the name and the connection.
#[derive(Clone)]
pub(crate) struct Planted {
    resolver: MonitoredResolver<Loopback>,
    delay: Duration,
}

impl Planted {
    pub(crate) fn new(lookup: Duration, delay: Duration) -> Self {
        let resolver = MonitoredResolver::new(Loopback(lookup));
        Self { resolver, delay }
    }
}

impl Service<Uri> for Planted {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Self { resolver, delay } = self.clone();
        let mut resolver = resolver;
        Box::pin(async move {
            let host = target.host().unwrap_or_default();
            let name: Name = host.parse().expect("a name");
            let mut found = match host.parse() {
                Ok(address) => vec![SocketAddr::new(address, 0)].into_iter(),
                Err(_) => resolver.call(name).await?,
            };
            let mut address = found.next().ok_or("no address")?;
            address.set_port(target.port_u16().unwrap_or(80));
            sleep(delay).await;
            Ok(TokioIo::new(TcpStream::connect(address).await?))
        })
    }
}
