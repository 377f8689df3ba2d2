//! What a layer leaves in a request's extensions for the layers inside it: one request, one event.

use gomon_core::Context;

/// "This incoming request is observed already", and by which event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerMark(Context);

impl ServerMark {
    pub(crate) fn new(event: Context) -> Self {
        Self(event)
    }

    /// The event of the outer layer.
    pub(crate) fn event(self) -> Context {
        self.0
    }
}

/// "This outgoing request is observed already". A type of its own, because a proxy sends on the
/// request it received, with its extensions.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientMark;

/// "Nobody told which version of HTTP it came by."
#[cfg(feature = "rocket")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct VersionUnknown;
