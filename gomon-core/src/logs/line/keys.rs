//! Names of the event `log` and of its attributes, spelled as in docs/events.md.

pub(crate) const LOG: &str = "log";
pub(crate) const LEVEL: &str = "level";
pub(crate) const TARGET: &str = "target";
pub(crate) const MESSAGE: &str = "message";
pub(crate) const FIELDS: &str = "fields";
pub(crate) use crate::keys::LOCATION;
#[cfg(feature = "tracing")]
pub(crate) const FOLLOWS_FROM: &str = "follows-from";
#[cfg(feature = "tracing")]
pub(crate) const DIRECTION: &str = "direction";
