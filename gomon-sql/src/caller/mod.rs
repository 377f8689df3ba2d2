//! Which line of the program called.
//!
//! `#[track_caller]` tells it for `&mut *tx`, `&mut *conn` and `pool.here()`. For the rest the stack is walked: once for each
//! statement and kind of unit of work (its fingerprint and route), some microseconds. What is found on it is looked up in the program's line
//! tables by a thread of this crate; from then on the statement's events have it, as `caller-cached`. Now and then the stack is
//! walked again, as a statement can be called from several places.

mod foreign;
mod stack;
mod table;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use gomon_core::EventTracker;

use crate::keys;

pub(crate) use stack::Stack;
pub(crate) use table::{Place, any, find};

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
