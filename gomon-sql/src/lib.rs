//! Monitoring of sqlx: typed wrappers and a driver for `AnyPool`.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[cfg(feature = "any")]
pub mod any;
mod call;
mod config;
mod engine;
mod engines;
mod failure;
mod fate;
mod keys;
mod parent;
mod row_source;
mod rows;
mod run;
mod statement;
mod transaction_event;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod typed;

#[cfg(feature = "any")]
pub use any::{MonitoredDriver, RegisterError};
pub use config::SqlConfig;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use typed::*;
