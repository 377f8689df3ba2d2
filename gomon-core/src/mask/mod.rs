//! Masking of secrets, before a value enters an event (docs/events.md, "Privacy").
//!
//! Everything here takes any input, however malformed, in time linear in its length.

mod json;
mod names;
mod url;

pub use json::json;
pub use names::NameMask;
pub use url::{dsn, query, url};

/// What stands in the place of a masked value.
pub const REDACTED: &str = "[redacted]";
