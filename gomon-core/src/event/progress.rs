//! How far a listener has come with a batch.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::bus::reason::{DropReason, Losses};

/// What a listener's thread and those who wait for it tell each other without a lock.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Set when nothing is to be fed any more.
    stopped: AtomicBool,
    /// Events handed out. One that does not grow is how a stuck listener is told from a slow one.
    beat: AtomicU64,
}

impl Watch {
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn beat(&self) -> u64 {
        self.beat.load(Ordering::Relaxed)
    }

    /// Only the listener's thread writes: a plain load and store.
    pub(crate) fn come_forward(&self) {
        self.beat
            .store(self.beat().wrapping_add(1), Ordering::Relaxed);
    }
}

/// What became of a batch so far; it tells after a panic which event caused it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Rc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    handed_out: Cell<usize>,
    refused: Cell<Losses>,
}

impl Progress {
    pub(crate) fn begin(&self) {
        self.0.handed_out.set(0);
        self.0.refused.set(Losses::NONE);
    }

    /// Counts an event that is handed out.
    pub(crate) fn hand_out(&self) {
        self.0.handed_out.set(self.handed_out() + 1);
    }

    /// Counts an event that was not taken.
    pub(crate) fn refuse(&self, reason: DropReason) {
        let mut refused = self.refused();
        refused.add(reason, 1);
        self.0.refused.set(refused);
    }

    pub(crate) fn handed_out(&self) -> usize {
        self.0.handed_out.get()
    }

    pub(crate) fn refused(&self) -> Losses {
        self.0.refused.get()
    }
}
