//! What a file and the environment say is over what the program has set, for as long as they say it.

use std::time::Duration;

use crate::bus;
use crate::capture::{self, Capture};
use crate::config::Config;
use crate::context::propagation::{Propagation, propagation, set_propagation};
use crate::tracker::backtrace;

/// What the program had set of what is overridden now.
#[derive(Debug, Default)]
pub(crate) struct Overridden {
    capture: Before<Capture>,
    propagation: Before<Propagation>,
    report_interval: Before<Duration>,
    aggregate_interval: Before<Duration>,
    tick_interval: Before<Duration>,
    panic_backtraces: Before<bool>,
}

/// The program's own value of a setting, while there is another in its place.
#[derive(Debug)]
struct Before<T>(Option<T>);

impl<T> Default for Before<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl Overridden {
    pub(crate) const NOTHING: Self = Self {
        capture: Before(None),
        propagation: Before(None),
        report_interval: Before(None),
        aggregate_interval: Before(None),
        tick_interval: Before(None),
        panic_backtraces: Before(None),
    };

    /// Puts settings over the program's, and what they do not name any more back to these.
    pub(crate) fn put(&mut self, over: &Config) {
        let now = || (*capture::capture()).clone();
        self.capture.put(over.capture(), now, capture::set_capture);
        self.propagation
            .put(over.propagation(), propagation, set_propagation);
        self.report_interval.put(
            over.report_interval(),
            bus::report_interval,
            bus::set_report_interval,
        );
        self.aggregate_interval.put(
            over.aggregate_interval(),
            bus::aggregate_interval,
            bus::set_aggregate_interval,
        );
        self.tick_interval.put(
            over.tick_interval(),
            bus::tick_interval,
            bus::set_tick_interval,
        );
        self.panic_backtraces.put(
            over.panic_backtraces(),
            backtrace::is_wanted,
            backtrace::set_wanted,
        );
    }

    /// Sets what the program says now, where nothing is over it.
    pub(crate) fn set_below(&mut self, below: &Config) {
        self.capture
            .set_below(below.capture(), capture::set_capture);
        self.propagation
            .set_below(below.propagation(), set_propagation);
        self.report_interval
            .set_below(below.report_interval(), bus::set_report_interval);
        self.aggregate_interval
            .set_below(below.aggregate_interval(), bus::set_aggregate_interval);
        self.tick_interval
            .set_below(below.tick_interval(), bus::set_tick_interval);
        self.panic_backtraces
            .set_below(below.panic_backtraces(), backtrace::set_wanted);
    }
}

impl<T> Before<T> {
    fn put(&mut self, over: Option<T>, now: impl FnOnce() -> T, set: impl FnOnce(T)) {
        match (over, self.0.take()) {
            (Some(over), before) => {
                self.0 = Some(before.unwrap_or_else(now));
                set(over);
            }
            (None, Some(before)) => set(before),
            (None, None) => {}
        }
    }

    fn set_below(&mut self, below: Option<T>, set: impl FnOnce(T)) {
        match (below, &mut self.0) {
            (Some(below), Some(before)) => *before = below,
            (Some(below), None) => set(below),
            (None, _) => {}
        }
    }
}
