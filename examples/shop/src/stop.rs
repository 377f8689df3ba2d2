//! When the shop stops, and how its tasks learn of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

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

/// Ready with the reason when a signal comes or the time is over.
///
/// # Errors
/// The system's, when a signal cannot be listened to.
pub(crate) async fn told_to_stop(time: Option<Duration>) -> io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let time_is_over = async {
        match time {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        pressed = ctrl_c() => pressed.map(|()| "ctrl-c"),
        _ = terminate.recv() => Ok("SIGTERM"),
        () = time_is_over => Ok("time is over"),
    }
}
