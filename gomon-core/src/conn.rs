//! Where servers and sockets meet: accepted streams, and the connection each belongs to.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// What a server needs to know of a connection; it travels in the extensions of each request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnInfo {
    /// The id of the connection's event, where gomon accepted it.
    pub id: Option<Uuid>,
    /// The other side's address.
    pub peer: Option<SocketAddr>,
    /// The address it was accepted on.
    pub local: Option<SocketAddr>,
    /// Whether what passes is encrypted.
    pub secure: bool,
}

impl ConnInfo {
    /// A connection without an event.
    #[must_use]
    pub const fn new(peer: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        Self {
            id: None,
            peer,
            local,
            secure: false,
        }
    }

    /// The same connection, encrypted.
    #[must_use]
    pub const fn encrypted(mut self) -> Self {
        self.secure = true;
        self
    }

    /// The same connection with its event's id.
    #[must_use]
    pub const fn with_id(mut self, id: Option<Uuid>) -> Self {
        self.id = id;
        self
    }
}

/// A stream and what is known of it.
#[derive(Debug)]
pub struct Accepted<Io> {
    /// The stream.
    pub io: Io,
    /// Its connection.
    pub info: ConnInfo,
}

/// A source of accepted streams: what `gomon::http::serve` serves.
pub trait Accept: Send + 'static {
    /// The stream.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next stream. Dropping the future loses no stream.
    ///
    /// # Errors
    ///
    /// What the operating system reports. Some pass, such as too many open files: a server waits
    /// a little and tries again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Accepted<Self::Io>>> + Send;

    /// The address streams are accepted on.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<Accepted<TcpStream>> {
        let (io, peer) = TcpListener::accept(self).await?;
        let local = io.local_addr().ok();
        Ok(Accepted {
            io,
            info: ConnInfo::new(Some(peer), local),
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}
