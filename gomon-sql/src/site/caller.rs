//! Which line of the program called.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use gomon_core::EventTracker;

use crate::keys;

/// A line of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// It said so itself.
    Exact(&'static Location<'static>),
    /// It was found on the stack of a call like this one.
    Found(Arc<str>),
}

impl Caller {
    /// Sets `caller`, and `caller-cached` where it is not sure to be this one's.
    pub(crate) fn tell(&self, event: &mut EventTracker) {
        match self {
            Self::Exact(_) => event.set(keys::CALLER, self.to_string()),
            Self::Found(line) => event
                .set(keys::CALLER, &**line)
                .set(keys::CALLER_CACHED, true),
        };
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(location) => write!(f, "{}:{}", location.file(), location.line()),
            Self::Found(text) => f.write_str(text),
        }
    }
}
