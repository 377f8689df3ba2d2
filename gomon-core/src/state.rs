//! The one word that every tracker asks first: is gomon running, is it enabled, which run is it?
//!
//! It orders nothing else: a thread that reads it late records an event more or one less.

use std::sync::atomic::{AtomicU32, Ordering};

static STATE: Word = Word(AtomicU32::new(STOPPED));
/// What keeps events from being recorded is set, not what lets them: so all of it is one test.
const DISABLED: u32 = 1;
const STOPPED: u32 = 2;
/// Roots are sampled when they begin.
const HEAD: u32 = 4;
/// An attribute was sent after its event as a message, in this run.
const MESSAGES: u32 = 8;
/// The bits above are the number of the run.
const RUN: u32 = 16;

/// The feature `off`: there are no events at all. Tests need theirs.
pub(crate) const OFF: bool = cfg!(all(feature = "off", not(feature = "test-util")));

/// On a cache line of its own: whatever is written next to it would make it dear to read.
#[repr(align(128))]
struct Word(AtomicU32);

/// A reading of the word.
#[derive(Clone, Copy)]
pub(crate) struct State(u32);

#[inline]
pub(crate) fn load() -> State {
    if OFF {
        return State(STOPPED);
    }
    State(STATE.0.load(Ordering::Relaxed))
}

impl State {
    /// Between start and shutdown.
    #[inline]
    pub(crate) fn is_running(self) -> bool {
        self.0 & STOPPED == 0
    }

    /// Running and not disabled.
    #[inline]
    pub(crate) fn is_on(self) -> bool {
        self.0 & (DISABLED | STOPPED) == 0
    }

    /// Running and not disabled, in that run.
    #[inline]
    pub(crate) fn is_on_in(self, run: u32) -> bool {
        self.0 & !(HEAD | MESSAGES) == run * RUN
    }

    /// Whether a root may not be recorded, by the ratio of `sampling::head`.
    #[inline]
    pub(crate) fn samples_heads(self) -> bool {
        self.0 & HEAD != 0
    }

    /// Whether messages may be under way.
    pub(crate) fn has_messages(self) -> bool {
        self.0 & MESSAGES != 0
    }

    /// Counts the starts, and wraps.
    #[inline]
    pub(crate) fn run(self) -> u32 {
        self.0 / RUN
    }

    pub(crate) fn is_enabled(self) -> bool {
        self.0 & DISABLED == 0
    }
}

/// Begins a run, in which nothing is recorded yet.
pub(crate) fn begin_run() -> u32 {
    STATE.0.fetch_and(!MESSAGES, Ordering::Relaxed);
    State(STATE.0.fetch_add(RUN, Ordering::Relaxed).wrapping_add(RUN)).run()
}

pub(crate) fn set_head_sampling(on: bool) {
    if on {
        STATE.0.fetch_or(HEAD, Ordering::Relaxed);
    } else {
        STATE.0.fetch_and(!HEAD, Ordering::Relaxed);
    }
}

/// The bus looks for messages from now on.
pub(crate) fn set_messages() {
    STATE.0.fetch_or(MESSAGES, Ordering::Relaxed);
}

pub(crate) fn set_running(running: bool) {
    if running {
        STATE.0.fetch_and(!STOPPED, Ordering::Relaxed);
    } else {
        STATE.0.fetch_or(STOPPED, Ordering::Relaxed);
    }
}

/// Events are recorded again.
pub fn enable() {
    STATE.0.fetch_and(!DISABLED, Ordering::Relaxed);
}

/// From now on no event is recorded, at the price of one relaxed load each.
///
/// Trackers that are open already end without an event; these are counted as dropped for the
/// reason `disabled`.
pub fn disable() {
    STATE.0.fetch_or(DISABLED, Ordering::Relaxed);
}

/// Enables what is disabled and the other way round; true if it is enabled now.
pub fn toggle() -> bool {
    let before = STATE.0.fetch_xor(DISABLED, Ordering::Relaxed);
    !State(before).is_enabled()
}

/// Whether events are recorded, as far as [`enable`] and [`disable`] are concerned.
#[must_use]
pub fn is_enabled() -> bool {
    load().is_enabled()
}
