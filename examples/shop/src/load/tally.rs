//! What became of the load's requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::client::Ending;

/// Counts of requests since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: AtomicU64,
    fine: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    broken: AtomicU64,
    given_up: AtomicU64,
}

impl Tally {
    /// Counts a request that starts; returns how many started before.
    pub(crate) fn begin(&self) -> u64 {
        self.sent.fetch_add(1, Relaxed)
    }

    pub(crate) fn end(&self, ending: Ending) {
        let counter = match ending {
            Ending::Answered(status) if status.is_server_error() => &self.failed,
            Ending::Answered(status) if status.is_client_error() => &self.refused,
            Ending::Answered(_) => &self.fine,
            Ending::GivenUp => &self.given_up,
            Ending::Broken => &self.broken,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [sent, fine, refused, failed, broken, given_up] = [
            &self.sent,
            &self.fine,
            &self.refused,
            &self.failed,
            &self.broken,
            &self.given_up,
        ]
        .map(|counter| counter.load(Relaxed));
        write!(
            f,
            "{sent} requests: {fine} fine, {refused} refused, {failed} failed, {broken} broken off, \
             {given_up} given up"
        )
    }
}
