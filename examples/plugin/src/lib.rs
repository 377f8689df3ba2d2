//! Events of a memcached client: which command, on which key, for how long, and how it ended.
//!
//! [`MonitoredClient`] stands where a [`Client`](plain::Client) stood.
//!
//! ```no_run
//! use gomon_memcached::MonitoredClient;
//!
//! # async fn _example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut cache = MonitoredClient::connect("127.0.0.1:11211").await?;
//! cache.set("greeting", b"hello").await?;
//! assert_eq!(cache.get("greeting").await?, Some(b"hello".to_vec()));
//! # Ok(())
//! # }
//! ```

mod call;
mod client;
mod config;
pub mod keys;
pub mod plain;
mod shown;

pub use client::MonitoredClient;
pub use config::MemcachedConfig;
