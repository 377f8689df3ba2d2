//! Monitoring of sqlx: typed wrappers and a driver for `AnyPool`.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]
pub mod statement;
