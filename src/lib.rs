//! gomon: application performance monitoring for Rust services.
pub use gomon_core::*;
