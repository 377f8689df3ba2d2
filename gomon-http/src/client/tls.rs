//! TLS on connections that are there: rustls, with ring.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use gomon_core::EventTracker;
use http::Uri;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::client::cause::Cause;
use crate::client::connector::address;
use crate::client::phases::Mark;
use crate::client::step::{BoxError, Step};
use crate::client::stream::MaybeTlsConn;
use crate::keys;

/// Adds TLS to the connections of another connector, where the URL says `https`; each handshake
/// becomes one `http-trp-dialtls` event, and a phase of the request that asked for the connection.
///
/// The event is a child of that request and has `net` and `addr` as the dial has, and, where they
/// were agreed on, `version` ("TLSv1.3"), `alpn` ("h2") and `sni` (the name that was asked for; an
/// address is none).
///
/// It goes round a [`MonitoredConnector`](crate::MonitoredConnector), whose inner connector must
/// let `https` pass: `HttpConnector::enforce_http(false)`. [`client`](crate::client()) is all of it
/// at once.
#[derive(Clone)]
pub struct TlsConnector<C> {
    inner: C,
    config: Arc<ClientConfig>,
}

impl<C> TlsConnector<C> {
    /// Makes connections by `inner`, and handshakes by `config`. For HTTP/2 its `alpn_protocols`
    /// have to name `h2`.
    pub const fn new(inner: C, config: Arc<ClientConfig>) -> Self {
        Self { inner, config }
    }
}

impl<C> fmt::Debug for TlsConnector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl<C> Service<Uri> for TlsConnector<C>
where
    C: Service<Uri>,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
{
    type Response = MaybeTlsConn<C::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let cause = Cause::current();
        let config = Arc::clone(&self.config);
        let connecting = self.inner.call(target.clone());
        Box::pin(async move {
            let conn = connecting.await.map_err(Into::into)?;
            if target.scheme_str() != Some("https") {
                return Ok(MaybeTlsConn::Plain(conn));
            }
            let stream = handshake(cause, &target, config, TokioIo::new(conn)).await?;
            Ok(MaybeTlsConn::Tls(Box::new(TokioIo::new(stream))))
        })
    }
}

type Stream<T> = TlsStream<TokioIo<T>>;

async fn handshake<T: Read + Write + Unpin>(
    cause: Cause,
    target: &Uri,
    config: Arc<ClientConfig>,
    conn: TokioIo<T>,
) -> Result<Stream<T>, BoxError> {
    let host = target.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())?;
    let sni = matches!(name, ServerName::DnsName(_)) && config.enable_sni;
    if let Some(phases) = cause.phases() {
        phases.mark(Mark::TlsStart);
    }
    let describe = |tracker: &mut EventTracker| {
        tracker
            .set(keys::NET, keys::net::TCP)
            .set(keys::ADDR, address(target));
        if sni {
            tracker.set(keys::SNI, host);
        }
    };
    let connect = || tokio_rustls::TlsConnector::from(config).connect(name, conn);
    let step = Step::new(cause.clone(), keys::HANDSHAKE, describe, connect);
    let mut step = std::pin::pin!(step);
    let done = std::future::poll_fn(|cx| step.as_mut().poll_step::<_, io::Error>(cx));
    let (stream, mut tracker): (Stream<T>, _) = done.await?;
    if let Some(phases) = cause.phases() {
        phases.mark(Mark::TlsDone);
    }
    if tracker.is_recording() {
        note_agreed(&mut tracker, stream.get_ref().1);
    }
    tracker.finish();
    Ok(stream)
}

/// What both sides agreed on.
fn note_agreed(tracker: &mut EventTracker, tls: &ClientConnection) {
    if let Some(version) = tls.protocol_version() {
        match version {
            ProtocolVersion::TLSv1_2 => tracker.set(keys::VERSION, "TLSv1.2"),
            ProtocolVersion::TLSv1_3 => tracker.set(keys::VERSION, "TLSv1.3"),
            other => tracker.set(keys::VERSION, format!("{other:?}")),
        };
    }
    if let Some(alpn) = tls.alpn_protocol() {
        tracker.set(keys::ALPN, String::from_utf8_lossy(alpn).into_owned());
    }
}

/// Trusts the roots that Mozilla trusts, and speaks HTTP/2 where the server does.
#[expect(
    clippy::expect_used,
    reason = "ring has cipher suites for the versions that are the default"
)]
pub(crate) fn default_config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// What hyper is told of the connection below: for whom it was made, and whether it is HTTP/2.
pub(crate) fn connected<T: Connection + Read + Write + Unpin>(
    stream: &TokioIo<Stream<T>>,
) -> Connected {
    let (conn, tls) = stream.inner().get_ref();
    let connected = conn.inner().connected();
    match tls.alpn_protocol() {
        Some(b"h2") => connected.negotiated_h2(),
        _ => connected,
    }
}
