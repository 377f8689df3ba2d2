//! What a layer was told, shared by its services.

use std::sync::Arc;

use gomon_core::{Capture, Propagation};
use http::StatusCode;

use crate::routes::Routes;
use crate::telling::Telling;
use crate::{Slow, TrustedProxies, keys};

/// The settings of one layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// What a server's events are.
    pub(crate) fingerprint: Fingerprint,
    /// Overrides the process-wide [`gomon_core::capture`].
    pub(crate) capture: Option<Arc<Capture>>,
    /// Statuses that mean "a deadline passed".
    pub(crate) timeout_statuses: Vec<StatusCode>,
    /// Overrides the process-wide [`gomon_core::propagation`].
    pub(crate) propagation: Option<Propagation>,
    /// What an inbound `traceparent` is worth, whatever that says.
    pub(crate) caller: Caller,
    /// Whose word on the client is taken.
    pub(crate) proxies: Option<TrustedProxies>,
    /// Which requests are slow.
    pub(crate) slow: Slow,
    /// Of so many requests of a route the CPU time of one is measured.
    pub(crate) cpu_of_one_in: CpuOfOneIn,
    /// Which headers are added.
    pub(crate) telling: Telling,
    /// What is known of the routes. Shared by all clones of the layer.
    pub(crate) routes: Arc<Routes>,
}

/// By default that of a whole server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fingerprint(pub(crate) &'static str);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(keys::SERVER_REQUEST)
    }
}

/// What an inbound `traceparent` is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caller {
    #[default]
    Trusted,
    Ignored,
}

/// 0 is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuOfOneIn(pub(crate) u32);

impl Default for CpuOfOneIn {
    fn default() -> Self {
        Self(64)
    }
}

impl Config {
    /// What to take from the next event.
    pub(crate) fn capture(&self) -> Arc<Capture> {
        self.capture
            .as_ref()
            .map_or_else(gomon_core::capture, Arc::clone)
    }

    /// Which headers carry the context of the next event, and which are believed.
    pub(crate) fn propagation(&self) -> Propagation {
        let propagation = self.propagation.unwrap_or_else(gomon_core::propagation);
        match self.caller {
            Caller::Trusted => propagation,
            Caller::Ignored => propagation.ignore_callers(),
        }
    }
}
