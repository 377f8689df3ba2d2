//! What a layer leaves in a request's extensions for the layers inside it: one request, one event.

use gomon_core::Context;

use crate::keys;

/// "This incoming request is observed already", and by which event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerMark(Context);

impl ServerMark {
    pub(crate) fn new(event: Context) -> Self {
        Self(event)
    }

    /// Tells the outer layer's event what only an inner one could see: the template the router
    /// matched.
    pub(crate) fn learn_route(self, template: Option<&str>) {
        if let Some(template) = template {
            self.0.set(keys::ROUTE, template);
        }
    }
}

/// "This outgoing request is observed already". A type of its own, because a proxy sends on the
/// request it received, with its extensions.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientMark;
