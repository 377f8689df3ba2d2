//! A request to stop, which many tasks can wait for.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks every [`Stopped`] made from it to stop; clones ask the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

/// Learns that it should stop.
#[derive(Clone, Debug)]
pub(crate) struct Stopped(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks; the second and later times change nothing.
    pub(crate) fn request(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn stopped(&self) -> Stopped {
        Stopped(self.0.subscribe())
    }
}

impl Stopped {
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready once asked, or when nobody is left to ask. Cancel safe.
    pub(crate) async fn requested(mut self) {
        let _ = self.0.wait_for(|requested| *requested).await;
    }
}
