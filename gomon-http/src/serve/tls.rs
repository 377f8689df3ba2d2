//! Encrypted connections, by rustls with ring.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// A configuration for [`Serve::tls`](crate::Serve::tls) of a chain of certificates, the server's first, and its key, both as PEM. TLS 1.2 and 1.3,
/// HTTP/2 and HTTP/1.1, no certificates of clients.
///
/// # Errors
///
/// What is wrong with certificates or key.
///
/// ```no_run
/// use gomon_http::{serve, tls_config};
/// # async fn example(app: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// let config = tls_config(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8443").await?;
/// serve(listener, app).tls(config).await?;
/// # Ok(())
/// # }
/// ```
pub fn tls_config(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The stream behind a handshake; nothing if that failed or took too long.
pub(super) fn handshake<Io>(
    config: &Arc<ServerConfig>,
    io: Io,
    limit: Duration,
) -> impl Future<Output = Option<TlsStream<Io>>> + use<Io>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let accepted = TlsAcceptor::from(Arc::clone(config)).accept(io);
    async move { tokio::time::timeout(limit, accepted).await.ok()?.ok() }
}

/// Certificates or a key that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// What should be PEM is not.
    Pem(pem::Error),
    /// They are not what a server may have, or do not belong together.
    Tls(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(_) => f.write_str("a certificate or key is not PEM"),
            Self::Tls(_) => f.write_str("certificate and key cannot be used"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Pem(error) => Some(error),
            Self::Tls(error) => Some(error),
        }
    }
}

impl From<pem::Error> for TlsError {
    fn from(error: pem::Error) -> Self {
        Self::Pem(error)
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}
