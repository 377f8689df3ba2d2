//! What a file and the environment say is over what the program has set, for as long as they say it.

use std::time::Duration;

use crate::bus;
use crate::capture::{self, Capture};
use crate::config::Config;
use crate::context::propagation::{Propagation, propagation, set_propagation};
use crate::event::limits::{self, Limits};
use crate::tracker::backtrace;

/// What the program had set of what is overridden now.
#[derive(Debug)]
pub(crate) struct Overridden {
    capture: Before<Capture>,
    limits: Before<Limits>,
    propagation: Before<Propagation>,
    report_interval: Before<Duration>,
    aggregate_interval: Before<Duration>,
    tick_interval: Before<Duration>,
    panic_backtraces: Before<bool>,
}

/// The program's own value of a setting, while there is another in its place.
#[derive(Debug)]
struct Before<T>(Option<T>);

/// How a setting is read and set.
type Place<T> = (fn() -> T, fn(T));

impl Overridden {
    pub(crate) const NOTHING: Self = Self {
        capture: Before(None),
        limits: Before(None),
        propagation: Before(None),
        report_interval: Before(None),
        aggregate_interval: Before(None),
        tick_interval: Before(None),
        panic_backtraces: Before(None),
    };

    /// Puts settings over the program's, and what they do not name any more back to these.
    pub(crate) fn put(&mut self, over: &Config) {
        self.capture.put(CAPTURE, |own| over.capture_over(own));
        self.limits.put(LIMITS, |own| over.limits_over(*own));
        self.propagation.put(PROPAGATION, |_| over.propagation());
        self.report_interval.put(REPORT, |_| over.report_interval());
        self.aggregate_interval
            .put(AGGREGATE, |_| over.aggregate_interval());
        self.tick_interval.put(TICK, |_| over.tick_interval());
        self.panic_backtraces
            .put(BACKTRACES, |_| over.panic_backtraces());
    }

    /// Sets what the program says now, where nothing is over it.
    pub(crate) fn set_below(&mut self, below: &Config) {
        self.capture
            .set_below(CAPTURE, |own| below.capture_over(own));
        self.limits.set_below(LIMITS, |own| below.limits_over(*own));
        self.propagation
            .set_below(PROPAGATION, |_| below.propagation());
        self.report_interval
            .set_below(REPORT, |_| below.report_interval());
        self.aggregate_interval
            .set_below(AGGREGATE, |_| below.aggregate_interval());
        self.tick_interval
            .set_below(TICK, |_| below.tick_interval());
        self.panic_backtraces
            .set_below(BACKTRACES, |_| below.panic_backtraces());
    }
}

impl<T> Before<T> {
    /// Puts what `over` makes of the program's own value in its place, or that back if it makes nothing.
    fn put(&mut self, (now, set): Place<T>, over: impl FnOnce(&T) -> Option<T>) {
        let before = self.0.take();
        let is_over = before.is_some();
        let own = before.unwrap_or_else(now);
        match over(&own) {
            Some(over) => {
                self.0 = Some(own);
                set(over);
            }
            None if is_over => set(own),
            None => {}
        }
    }

    fn set_below(&mut self, (now, set): Place<T>, below: impl FnOnce(&T) -> Option<T>) {
        match &mut self.0 {
            Some(own) => {
                if let Some(below) = below(own) {
                    *own = below;
                }
            }
            None => {
                if let Some(below) = below(&now()) {
                    set(below);
                }
            }
        }
    }
}

const CAPTURE: Place<Capture> = (|| (*capture::capture()).clone(), capture::set_capture);
const LIMITS: Place<Limits> = (limits::current, limits::publish);
const PROPAGATION: Place<Propagation> = (propagation, set_propagation);
const REPORT: Place<Duration> = (bus::report_interval, bus::set_report_interval);
const AGGREGATE: Place<Duration> = (bus::aggregate_interval, bus::set_aggregate_interval);
const TICK: Place<Duration> = (bus::tick_interval, bus::set_tick_interval);
const BACKTRACES: Place<bool> = (backtrace::is_wanted, backtrace::set_wanted);
