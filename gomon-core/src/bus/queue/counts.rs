//! What a queue counts.

use crate::bus::options::Limits;
use crate::bus::reason::Losses;

/// What became of everything that was pushed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) replayed: u64,
    pub(super) delivered: u64,
    pub(super) dropped: Losses,
    pub(super) pending: u64,
    pub(super) pending_bytes: u64,
    pub(super) high_water: u64,
}

/// What came in since the thread was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unannounced {
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) anything: bool,
}

impl Unannounced {
    pub(super) fn is_much(&self, limits: &Limits) -> bool {
        self.events > limits.max_events / 2 || self.bytes > limits.max_bytes / 2
    }
}

impl Counts {
    pub(super) fn put_in(&mut self, events: u64, bytes: u64) {
        self.pending += events;
        self.pending_bytes += bytes;
        self.high_water = self.high_water.max(self.pending);
    }

    pub(super) fn take_out(&mut self, events: u64, bytes: u64) {
        self.pending = self.pending.saturating_sub(events);
        self.pending_bytes = self.pending_bytes.saturating_sub(bytes);
    }
}
