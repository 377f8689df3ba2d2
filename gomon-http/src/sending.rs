//! When a client has handed over all of a request.

#[cfg(feature = "client")]
use std::sync::Arc;

#[cfg(feature = "client")]
use crate::client::{Mark, Phases};
use crate::exchange::Exchange;

/// Notes it in the phases of the request; nothing where a server reads it.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    #[cfg(feature = "client")]
    phases: Option<Arc<Phases>>,
}

impl Sending {
    #[cfg_attr(
        not(feature = "client"),
        expect(unused_variables, reason = "only clients send")
    )]
    pub(crate) fn new(exchange: &Exchange) -> Self {
        Self {
            #[cfg(feature = "client")]
            phases: exchange.client().map(|side| Arc::clone(side.phases())),
        }
    }

    /// The last of the body was taken, to be written.
    pub(crate) fn done(&self) {
        #[cfg(feature = "client")]
        if let Some(phases) = &self.phases {
            phases.mark(Mark::WroteRequest);
        }
    }
}
