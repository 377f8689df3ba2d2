//! Monitoring of sockets: who connected, for how long, how many bytes, how it ended.
//!
//! [`MonitoredTcpListener`] and [`MonitoredTcpStream`] stand where tokio's types stood. Each
//! listening socket and each connection sends an event when it opens and one when it closes; the
//! requests served over a connection name it in `conn`.
//!
//! ```
//! use gomon_net::{MonitoredTcpListener, MonitoredTcpStream};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = MonitoredTcpListener::bind("127.0.0.1:0").await?;
//! let mut client = MonitoredTcpStream::connect(listener.local_addr()?).await?;
//! let (mut server, _peer) = listener.accept().await?;
//!
//! client.write_all(b"hello").await?;
//! client.shutdown().await?;
//! let mut heard = String::new();
//! server.read_to_string(&mut heard).await?;
//! assert_eq!(heard, "hello");
//! # Ok(())
//! # }
//! ```
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod connection;
pub mod keys;
mod listener;
mod stream;

pub use listener::MonitoredTcpListener;
pub use stream::MonitoredTcpStream;
