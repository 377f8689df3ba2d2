//! Monitoring of the allocator, the process and the tokio runtime.
//!
//! - [`MonitoredAlloc`] counts what a program allocates; [`alloc_stats`] reads the counters.
//! - [`RuntimeSampler`] sends samples of memory, tasks and process at an interval.
//!
//! ```
//! use std::time::Duration;
//!
//! use gomon_runtime::{MonitoredAlloc, RuntimeSampler};
//!
//! #[global_allocator]
//! static ALLOC: MonitoredAlloc = MonitoredAlloc::new();
//!
//! # fn main() -> std::io::Result<()> {
//! let sampler = RuntimeSampler::new().interval(Duration::from_secs(30)).start()?;
//! // ... the program runs; dropping the guard ends the samples
//! drop(sampler);
//! assert!(gomon_runtime::alloc_stats().mallocs > 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Platforms
//!
//! Everything compiles and runs everywhere. What a sample knows of the process comes from `/proc` and from cgroup v2,
//! so off Linux those keys are absent; the allocator's and tokio's are there.
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
mod sampler;
mod samples;
mod system;

pub use alloc::MonitoredAlloc;
pub use counters::{AllocStats, alloc_stats};
pub use sampler::{RuntimeSampler, SamplerGuard};
