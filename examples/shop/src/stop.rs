//! When the shop stops, and how its tasks learn of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
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

/// ctrl-c and SIGTERM, from when they are listened to until the process ends.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on a signal is heard, also before anybody waits for it.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Ready with the reason when a signal came or the time is over.
    pub(crate) async fn or_time(mut self, time: Option<Duration>) -> &'static str {
        let time_is_over = async {
            match time {
                Some(time) => sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "ctrl-c",
            _ = self.terminate.recv() => "SIGTERM",
            () = time_is_over => "time is over",
        }
    }
}
