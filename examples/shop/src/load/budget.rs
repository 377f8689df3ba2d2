//! How many requests there are to send, and how fast.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::args::Rate;

/// Shared by all visitors: hands out the permission to send one request.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    pace: Option<Mutex<Interval>>,
}

impl Budget {
    pub(crate) fn new(requests: Option<u64>, rate: Rate) -> Self {
        let pace = (rate.0 > 0).then(|| {
            let mut pace = interval(Duration::from_secs(1) / rate.0);
            // A pause is not made up for with a burst.
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(pace)
        });
        Self {
            left: AtomicU64::new(requests.unwrap_or(u64::MAX)),
            pace,
        }
    }

    /// Waits for the pace, then takes one request; false when none is left. Cancel safe: a
    /// request is taken only when this is ready.
    pub(crate) async fn take(&self) -> bool {
        if let Some(pace) = &self.pace {
            pace.lock().await.tick().await;
        }
        self.left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}
