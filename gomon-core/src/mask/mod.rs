//! Masking of secrets, before a value enters an event (docs/events.md, "Privacy").
//!
//! Everything here takes any input, however malformed; the time grows with its length alone, but
//! for the names, which are compared with every pattern.

mod detect;
mod dsn;
mod json;
mod known;
pub(crate) mod names;
mod plain;
mod url;

pub use detect::Detectors;
pub use dsn::dsn;
pub use json::{JsonEnding, JsonMasker, MaskedJson, json, looks_like_json};
pub use names::NameMask;
pub use url::{path, query, url};

/// What stands in the place of a masked value.
pub const REDACTED: &str = "[redacted]";
