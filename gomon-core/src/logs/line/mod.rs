//! A line of a log on its way to being an event: what the bridges share.

pub(super) mod bound;
pub(super) mod fields;
pub(super) mod filter;
pub(super) mod inside;
pub(super) mod keys;
pub(super) mod masked;
pub(super) mod severity;

use crate::bus::link;
use crate::context::Context;
#[cfg(any(feature = "log", feature = "slog"))]
use crate::event::limits;
use crate::event::value::Value;
use crate::tracker::EventTracker;
use crate::{hot, state};
use bound::Bound;
use fields::Fields;
use filter::Filter;
use severity::Severity;

/// What is taken of a log, and how much of it.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) filter: Filter,
    pub(super) bound: Bound,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            filter: Filter::new(Severity::INFO),
            bound: Bound::per_second(LINES_PER_SECOND),
        }
    }
}

/// The event of one line. It has no duration: it ends when it begins.
pub(super) struct Line {
    tracker: EventTracker,
    pub(super) fields: Fields,
}

impl Line {
    /// Begins the event of a line that was logged in that context. `None` where it is not to be
    /// recorded: then nothing of it need be formatted.
    pub(super) fn begin(
        settings: &Settings,
        context: Context,
        severity: Severity,
        target: &str,
    ) -> Option<Self> {
        if !is_recorded(context)
            || !settings.filter.passes(severity, target)
            || !passes(&settings.bound, context)
        {
            return None;
        }
        let mut tracker = EventTracker::in_context(keys::LOG, context);
        if !tracker.is_recording() {
            return None;
        }
        tracker
            .set(keys::LEVEL, Value::Static(severity.as_str()))
            .set(keys::TARGET, target);
        Some(Self {
            tracker,
            fields: Fields::default(),
        })
    }

    /// The line's text. Its parts are formatted here, by the code of their types.
    #[cfg(any(feature = "log", feature = "slog"))]
    pub(super) fn message(&mut self, message: &std::fmt::Arguments<'_>) {
        if let Some(text) = message.as_str() {
            self.text(text);
        } else {
            let (text, cut) = inside::formatted(message, limits::string_bytes());
            self.text(&text);
            self.tracker.note_cut(keys::MESSAGE, cut);
        }
    }

    /// The line's text, if it is at hand.
    pub(super) fn text(&mut self, text: &str) {
        self.tracker.set(keys::MESSAGE, text);
    }

    /// Bytes that were cut off one of its values.
    #[cfg(feature = "tracing")]
    pub(super) fn cut(&mut self, key: &'static str, bytes: u64) {
        self.tracker.note_cut(key, bytes);
    }

    /// It came from `tracing`.
    #[cfg(feature = "tracing")]
    pub(super) fn of_tracing(mut self) -> Self {
        self.tracker.note_of_tracing();
        self
    }

    /// Another target: that of the logger from which it was forwarded.
    #[cfg(feature = "tracing")]
    pub(super) fn target(&mut self, target: &str) {
        self.tracker.set(keys::TARGET, target);
    }

    /// Sends it, with where it was logged.
    pub(super) fn finish(mut self, location: Option<(&str, u32)>) {
        let cut = self.fields.cut();
        if let Some(fields) = self.fields.into_tree() {
            self.tracker.set(keys::FIELDS, fields);
        }
        self.tracker.note_cut(keys::FIELDS, cut);
        if let Some((file, line)) = location {
            self.tracker.set(keys::LOCATION, format!("{file}:{line}"));
        }
        match self.tracker.start_stamp() {
            Some(start) => self.tracker.finish_at(start),
            None => self.tracker.finish(),
        }
    }
}

/// Whether what is logged in that context can become an event at all. What gomon's own threads
/// log never does, nor what code logs that a bridge has called to format something.
pub(super) fn is_recorded(context: Context) -> bool {
    is_on() && context.is_monitored() && !hot::is_own_thread()
}

/// Whether there is anything to do.
pub(super) fn is_on() -> bool {
    state::load().is_on() && !inside::is_formatting()
}

/// Whether there is room for one more; if not, it is counted.
fn passes(bound: &Bound, context: Context) -> bool {
    if context.is_sampled_out() || bound.takes(crate::clock::monotonic_nanos()) {
        return true;
    }
    // The ledger is the process's, and a recorder has none.
    if context.scope() == 0 {
        link::count_filtered();
    }
    false
}

/// Unless a bridge is told otherwise.
const LINES_PER_SECOND: u32 = 10_000;
