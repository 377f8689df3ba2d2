//! Listeners that keep and ship the events of gomon.
//!
//! - [`LogListener`] writes each event as a line: JSON for programs, readable for people.
//! - [`MemoryListener`] keeps the last events in memory, for tests and for looking inside.
//!
//! A closure `|event: &Event|` is a listener too, see `gomon_core::Listener`.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod log;
mod memory;

pub use log::{Colour, LogListener};
pub use memory::MemoryListener;
