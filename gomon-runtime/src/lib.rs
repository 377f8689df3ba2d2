//! Monitoring of the allocator, the process and the tokio runtime.
//!
//! - [`MonitoredAlloc`] counts what a program allocates; [`alloc_stats`] reads the counters.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod alloc;
mod counters;
pub mod keys;

pub use alloc::MonitoredAlloc;
pub use counters::{AllocStats, alloc_stats};
