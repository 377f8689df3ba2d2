//! The one word that every tracker asks first: is gomon running, is it enabled, which run is it?
//!
//! It orders nothing else: a thread that reads it late records an event more or one less.

use std::sync::atomic::{AtomicU32, Ordering};

static STATE: AtomicU32 = AtomicU32::new(ENABLED);
const ENABLED: u32 = 1;
const RUNNING: u32 = 2;
/// The bits above are the number of the run.
const RUN: u32 = 4;

/// A reading of the word.
#[derive(Clone, Copy)]
pub(crate) struct State(u32);

pub(crate) fn load() -> State {
    State(STATE.load(Ordering::Relaxed))
}

impl State {
    /// Between start and shutdown.
    pub(crate) fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    /// Running and not disabled.
    pub(crate) fn is_on(self) -> bool {
        self.0 & (ENABLED | RUNNING) == ENABLED | RUNNING
    }

    /// Counts the starts, and wraps.
    pub(crate) fn run(self) -> u32 {
        self.0 / RUN
    }

    fn is_enabled(self) -> bool {
        self.0 & ENABLED != 0
    }
}

/// Begins a run, in which nothing is recorded yet.
pub(crate) fn begin_run() -> u32 {
    State(STATE.fetch_add(RUN, Ordering::Relaxed).wrapping_add(RUN)).run()
}

pub(crate) fn set_running(running: bool) {
    if running {
        STATE.fetch_or(RUNNING, Ordering::Relaxed);
    } else {
        STATE.fetch_and(!RUNNING, Ordering::Relaxed);
    }
}

/// Events are recorded again.
pub fn enable() {
    STATE.fetch_or(ENABLED, Ordering::Relaxed);
}

/// From now on no event is recorded, at the price of one relaxed load each.
///
/// Trackers that are open already end without an event; these are counted as dropped for the
/// reason `disabled`.
pub fn disable() {
    STATE.fetch_and(!ENABLED, Ordering::Relaxed);
}

/// Enables what is disabled and the other way round; true if it is enabled now.
pub fn toggle() -> bool {
    let before = STATE.fetch_xor(ENABLED, Ordering::Relaxed);
    !State(before).is_enabled()
}

/// Whether events are recorded, as far as [`enable`] and [`disable`] are concerned.
#[must_use]
pub fn is_enabled() -> bool {
    load().is_enabled()
}
