//! What is wrapped: a small client of memcached's text protocol. It stands for somebody else's crate, and knows of no events.
//!
//! The protocol: <https://github.com/memcached/memcached/blob/master/doc/protocol.txt>

use std::fmt;
use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// A connection to a server. A call that is dropped before its end leaves it useless, as its answer is still to come.
#[derive(Debug)]
pub struct Client<S> {
    stream: BufStream<S>,
}

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Error {
    /// The connection.
    Io(io::Error),
    /// What the server says.
    Server(String),
    /// A key is empty, too long, or has spaces.
    Key,
}

impl Client<TcpStream> {
    /// Connects to a server, `host:port`.
    pub async fn connect(server: &str) -> io::Result<Self> {
        Ok(Self::new(TcpStream::connect(server).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// A client of a connection that is there.
    pub fn new(stream: S) -> Self {
        Self {
            stream: BufStream::new(stream),
        }
    }

    /// The value of a key.
    pub async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.send(format!("get {}\r\n", checked(key)?).as_bytes())
            .await?;
        let line = self.line().await?;
        if line == "END" {
            return Ok(None);
        }
        let size = line
            .strip_prefix("VALUE ")
            .and_then(|rest| rest.rsplit(' ').next()?.parse().ok());
        let Some(size) = size.filter(|size| *size <= LARGEST) else {
            return Err(Error::Server(line));
        };
        let mut value = vec![0; size];
        self.stream.read_exact(&mut value).await?;
        while self.line().await? != "END" {}
        Ok(Some(value))
    }

    /// Sets the value of a key.
    pub async fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        let head = format!("set {} 0 0 {}\r\n", checked(key)?, value.len());
        self.send(&[head.as_bytes(), value, b"\r\n"].concat())
            .await?;
        match self.line().await? {
            line if line == "STORED" => Ok(()),
            line => Err(Error::Server(line)),
        }
    }

    /// Deletes a key; false if there is none.
    pub async fn delete(&mut self, key: &str) -> Result<bool, Error> {
        self.send(format!("delete {}\r\n", checked(key)?).as_bytes())
            .await?;
        match self.line().await? {
            line if line == "DELETED" => Ok(true),
            line if line == "NOT_FOUND" => Ok(false),
            line => Err(Error::Server(line)),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    async fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

fn checked(key: &str) -> Result<&str, Error> {
    let fits = (1..=250).contains(&key.len())
        && !key.contains(|c: char| c.is_whitespace() || c.is_control());
    fits.then_some(key).ok_or(Error::Key)
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the connection broke"),
            Self::Server(line) => write!(f, "the server says {line}"),
            Self::Key => f.write_str("a key has 1 to 250 bytes without spaces"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Server(_) | Self::Key => None,
        }
    }
}

/// Bytes of a value: what a server takes unless it was told otherwise.
const LARGEST: usize = 1 << 20;
