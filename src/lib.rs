#![doc = include_str!("../README.md")]
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[cfg(doctest)]
mod guides;
pub mod prelude;

pub use gomon_core::*;
// `segment!` is in the prelude: an attribute and a macro cannot have one path.
pub use gomon_core::attributes::{segment, trace};
#[cfg(feature = "http")]
pub use gomon_http as http;
pub use gomon_listeners as listeners;
pub use gomon_listeners::{LogListener, MemoryListener};
#[cfg(feature = "net")]
pub use gomon_net as net;
#[cfg(feature = "runtime")]
pub use gomon_runtime as runtime;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "sql-any",
    feature = "sql-tracing",
    feature = "sea-orm",
    feature = "diesel",
    feature = "rusqlite"
))]
pub use gomon_sql as sql;
