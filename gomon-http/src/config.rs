//! What a layer was told, shared by its services.

use std::sync::Arc;

use gomon_core::Capture;
use http::StatusCode;

/// The settings of one layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// Overrides the process-wide [`gomon_core::capture`].
    pub(crate) capture: Option<Arc<Capture>>,
    /// Statuses that mean "a deadline passed".
    pub(crate) timeout_statuses: Vec<StatusCode>,
    /// Whether an inbound `traceparent` names the parent.
    pub(crate) caller: Caller,
}

/// What an inbound `traceparent` is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caller {
    #[default]
    Trusted,
    Ignored,
}

impl Config {
    /// What to take from the next event.
    pub(crate) fn capture(&self) -> Arc<Capture> {
        self.capture
            .as_ref()
            .map_or_else(gomon_core::capture, Arc::clone)
    }
}
