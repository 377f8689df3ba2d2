//! What a connector does not show, for one that makes its handshakes inside.

use std::error::Error;
use std::sync::OnceLock;

use gomon_core::EventTracker;
use parking_lot::Mutex;

use crate::client::phases::{Mark, Phases};
use crate::client::step;
#[cfg(feature = "client-tls")]
use crate::keys;

/// Where the request goes, and the handshake under way.
#[derive(Debug, Default)]
pub(super) struct Inside {
    target: OnceLock<Box<str>>,
    handshake: Mutex<Option<EventTracker>>,
}

impl Phases {
    /// The request goes to this host and port.
    pub(crate) fn aim(&self, target: &str) {
        // It is said once.
        let _ = self.inside.target.set(target.into());
    }

    pub(crate) fn target(&self) -> Option<&str> {
        self.inside.target.get().map(|target| &**target)
    }

    /// A handshake begins; false if it has begun already.
    #[cfg(feature = "client-tls")]
    pub(crate) fn begin_handshake(&self, describe: impl FnOnce(&mut EventTracker, &str)) -> bool {
        let mut handshake = self.inside.handshake.lock();
        if handshake.is_some() {
            return false;
        }
        let mut tracker = EventTracker::new(keys::HANDSHAKE);
        describe(&mut tracker, self.target().unwrap_or_default());
        *handshake = Some(tracker);
        true
    }

    /// The connection is there, or failed; false if no handshake had begun.
    pub(crate) fn end_handshake(
        &self,
        ended: Result<Option<&'static str>, &(dyn Error + 'static)>,
    ) -> bool {
        let Some(mut tracker) = self.inside.handshake.lock().take() else {
            return false;
        };
        match ended {
            Ok(alpn) => {
                self.mark(Mark::TlsDone);
                step::agreed(&mut tracker, alpn);
            }
            Err(error) => step::note(&mut tracker, error),
        }
        true
    }
}
