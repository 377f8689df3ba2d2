//! What wrappers report by themselves, told from what only sqlx's own log shows: a [`SqlxLayer`](crate::SqlxLayer) leaves it out.

#[cfg(feature = "tracing")]
mod marked;

#[cfg(feature = "tracing")]
pub(crate) use marked::{Reported, acquire, install, is_acquire, is_statement, statement};
#[cfg(not(feature = "tracing"))]
pub(crate) use unmarked::{Reported, acquire, statement};

/// Without a layer there is nothing to tell apart.
#[cfg(not(feature = "tracing"))]
mod unmarked {
    use crate::engine::Engine;

    pub(crate) type Reported<F> = F;

    pub(crate) fn statement<F>(_: &Engine, call: F) -> F {
        call
    }

    pub(crate) fn acquire<F>(call: F) -> F {
        call
    }
}
