//! A server that takes its time where it is told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// How long each step takes at least.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delays {
    /// Before the server takes a connection.
    pub(crate) accept: Duration,
    /// Before it answers the client's hello.
    pub(crate) handshake: Duration,
    /// Before the head of a response.
    pub(crate) first_byte: Duration,
    /// Between its head and the end of its body.
    pub(crate) body: Duration,
}

/// A server that is not monitored and answers `answer`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// What a client has to trust.
    pub(crate) trust: Arc<ClientConfig>,
}

impl Server {
    /// Serves on a free port of the loopback interface until the runtime ends.
    pub(crate) async fn plain(delays: Delays) -> Self {
        Self::start(delays, None).await
    }

    /// The same with TLS, for `localhost`, with these protocols.
    pub(crate) async fn tls(delays: Delays, alpn: &[&str]) -> Self {
        Self::start(delays, Some(alpn)).await
    }

    async fn start(delays: Delays, tls: Option<&[&str]>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("address");
        let (server, client) = configs(tls.unwrap_or_default());
        let acceptor = tls.map(|_| TlsAcceptor::from(Arc::new(server)));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A peer cannot tell: the kernel connects it before anybody accepts.
                    late(delays.accept).await;
                    let Some(acceptor) = acceptor else {
                        return serve(stream, delays).await;
                    };
                    late(delays.handshake).await;
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, delays).await;
                    }
                });
            }
        });
        Self {
            address,
            trust: Arc::new(client),
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, delays: Delays) {
    let service = service_fn(move |request| answer(request, delays));
    let builder = Builder::new(TokioExecutor::new());
    builder
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}

/// The client's clock starts when it sees what the server did before, which is a little later than the server
/// did it.
async fn late(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay + Duration::from_millis(5)).await;
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// `/redirect/2` leads to `/redirect/1`, and that to `/redirect/0`; `/status/503` answers with that; `/told`
/// says which `traceparent` came; everything else is `answer`, and what came with the request.
async fn answer(request: Request<Incoming>, delays: Delays) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let came = body
        .collect()
        .await
        .map_or(Bytes::new(), |body| body.to_bytes());
    sleep(delays.first_byte).await;
    let mut status = StatusCode::OK;
    let mut location = None;
    let mut text = format!("answer{}", String::from_utf8_lossy(&came));
    let mut path = head.uri.path().split('/').skip(1);
    match (path.next(), path.next()) {
        (Some("redirect"), Some(left)) if left != "0" => {
            let left: u32 = left.parse().expect("a number");
            status = StatusCode::FOUND;
            location = Some(format!("/redirect/{}", left - 1));
        }
        (Some("status"), Some(code)) => status = code.parse().expect("a status"),
        (Some("told"), _) => {
            let told = head.headers.get("traceparent");
            text = told
                .map_or("", |told| told.to_str().expect("ASCII"))
                .to_owned();
        }
        _ => {}
    }
    let grpc = head
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|it| it == "application/grpc");
    if grpc {
        return Ok(grpc_answer(head.uri.path(), delays));
    }
    let rest = stream::once(async move {
        late(delays.body).await;
        Ok(Frame::data(Bytes::from(text)))
    });
    let mut response = Response::new(StreamBody::new(rest).boxed_unsync());
    *response.status_mut() = status;
    let plain = header::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    if let Some(location) = location {
        let location = location.parse().expect("a value");
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `/shop.Stock/Fail13` ends with that status; every other method answers with a message, and with 0.
fn grpc_answer(path: &str, delays: Delays) -> Response<Body> {
    let status = path
        .split_once("Fail")
        .map_or("0", |(_, status)| status)
        .to_owned();
    let message = Frame::data(Bytes::from_static(b"\0\0\0\0\x06answer"));
    let rest = stream::once(async move {
        late(delays.body).await;
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", status.parse().expect("a value"));
        Ok(Frame::trailers(trailers))
    });
    let frames = stream::iter([Ok(message)]).chain(rest);
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let grpc = header::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    response
}

/// A certificate for `localhost`, signed by itself, and a client that trusts it alone.
fn configs(alpn: &[&str]) -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let alpn: Vec<_> = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    server.alpn_protocols.clone_from(&alpn);
    client.alpn_protocols = alpn;
    (server, client)
}
