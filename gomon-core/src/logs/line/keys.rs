//! Names of the event `log` and of its attributes, spelled as in docs/events.md.

pub(crate) use crate::keys::{FIELDS, LEVEL, LOCATION, LOG, MESSAGE, TARGET};
#[cfg(feature = "tracing")]
pub(crate) const FOLLOWS_FROM: &str = "follows-from";
#[cfg(feature = "tracing")]
pub(crate) const DIRECTION: &str = "direction";
