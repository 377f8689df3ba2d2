//! Whose request a connection is made for: taken along to wherever it is polled.

use std::sync::Arc;

use gomon_core::Context;

use crate::client::phases::Phases;

/// The event and the phases of the request that began something. hyper's client polls a connection
/// inside of the request that asked for it, and elsewhere once that has another.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    context: Context,
    phases: Option<Arc<Phases>>,
}

impl Cause {
    /// The request that is being polled on this thread, if there is one.
    pub(crate) fn current() -> Self {
        Self {
            context: Context::current(),
            phases: Phases::current(),
        }
    }

    pub(crate) fn context(&self) -> Context {
        self.context
    }

    pub(crate) fn phases(&self) -> Option<&Phases> {
        self.phases.as_deref()
    }

    /// Runs `f` as a part of that request.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.context
            .enter(|| Phases::enter(self.phases.as_ref(), f))
    }
}
