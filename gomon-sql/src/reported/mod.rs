//! What wrappers report by themselves, told from what only sqlx's own log shows: a [`SqlxLayer`](crate::SqlxLayer) leaves it out.

#[cfg(feature = "tracing")]
mod marked;

#[cfg(feature = "tracing")]
pub(crate) use marked::*;
#[cfg(not(feature = "tracing"))]
#[allow(unused_imports, reason = "without a way in there is nothing to report")]
pub(crate) use unmarked::*;

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
