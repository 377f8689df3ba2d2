//! What a program that uses gomon names most: `use gomon::prelude::*`.

#[cfg(feature = "slog")]
pub use gomon_core::logs::GomonDrain;
#[cfg(feature = "tracing")]
pub use gomon_core::logs::GomonLayer;
#[cfg(feature = "log")]
pub use gomon_core::logs::GomonLogger;
pub use gomon_core::{
    Capture, Event, EventTracker, FutureExt, Listener, Outcome, Segment, segment,
};
#[cfg(feature = "http-client")]
pub use gomon_http::ClientLayer;
#[cfg(feature = "http")]
pub use gomon_http::MonitoringLayer;
#[cfg(feature = "reqwest")]
pub use gomon_http::ReqwestExt;
pub use gomon_listeners::LogListener;
#[cfg(feature = "net")]
pub use gomon_net::{MonitoredTcpListener, MonitoredTcpStream};
#[cfg(feature = "runtime")]
pub use gomon_runtime::{MonitoredAlloc, RuntimeSampler};
#[cfg(feature = "sql-any")]
pub use gomon_sql::MonitoredDriver;
#[cfg(feature = "sql-tracing")]
pub use gomon_sql::SqlxLayer;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use gomon_sql::{MonitoredPool, PoolExt};
