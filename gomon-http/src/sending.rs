//! When a client has handed over all of a request.

#[cfg(feature = "client")]
use std::sync::Arc;

use bytes::Buf;

#[cfg(feature = "client")]
use crate::client::{Call, Mark, Phases};
use crate::exchange::Exchange;

/// Notes it in the phases of the request; nothing where a server reads it.
#[derive(Debug)]
pub(crate) struct Sending {
    #[cfg(feature = "client")]
    phases: Option<Arc<Phases>>,
    #[cfg(feature = "client")]
    call: Option<Arc<Call>>,
}

impl Sending {
    #[cfg_attr(
        not(feature = "client"),
        expect(unused_variables, reason = "only clients send")
    )]
    pub(crate) fn new(exchange: Option<&Exchange>) -> Self {
        Self {
            #[cfg(feature = "client")]
            phases: exchange
                .and_then(Exchange::client)
                .map(|side| Arc::clone(side.phases())),
            #[cfg(feature = "client")]
            call: exchange
                .and_then(Exchange::client)
                .and_then(|side| side.call().cloned()),
        }
    }

    /// A part of the body was taken.
    #[cfg_attr(
        not(feature = "client"),
        expect(unused_variables, reason = "only clients send")
    )]
    pub(crate) fn passed(&self, data: &impl Buf) {
        #[cfg(feature = "client")]
        if let Some(call) = &self.call {
            call.sent(data);
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
