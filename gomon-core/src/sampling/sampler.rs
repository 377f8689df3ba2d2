//! Which events are kept: merit first, then the ratio.

use std::borrow::Borrow;
use std::time::Duration;

use crate::event::Event;
use crate::keys;
use crate::sampling::Sampling;
use crate::sampling::merit::{Merit, Seen};
use crate::sampling::ratio::Ratio;
use crate::sampling::traces::{Facts, Limits, Traces};

/// Decides on a stream of events that come in the order in which they ended. It has no thread and
/// no clock of its own, and never blocks.
///
/// `T` is the event or whatever stands for it; it comes out again with its verdict, at once or
/// when its trace is decided.
#[derive(Debug)]
pub(crate) struct Sampler<T> {
    merit: Merit,
    traces: Traces<T>,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is passed on. The weight is what it stands for, unless it stood for more before; `None` for
    /// what is never sampled.
    Keep { weight: Option<f64> },
    /// It counts as `sampled_out`.
    Drop,
}

/// What waits for a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl<T> Sampler<T> {
    pub(crate) fn new(sampling: &Sampling) -> Self {
        Self {
            merit: Merit::new(sampling.merits()),
            traces: Traces::new(Ratio::new(sampling.share()), Limits::default()),
        }
    }

    /// Takes an event. `now` is in nanoseconds of [`monotonic`](crate::monotonic).
    pub(crate) fn offer(&mut self, item: T, now: u64, out: &mut impl FnMut(T, Verdict))
    where
        T: Borrow<Event>,
    {
        match self.facts(item.borrow(), now) {
            Some(facts) => self.traces.offer(Some(item), facts, now, out),
            None => out(item, Verdict::Keep { weight: None }),
        }
    }

    /// Takes what stands for an event; without an item the event only counts for its trace.
    pub(crate) fn offer_for(
        &mut self,
        event: &Event,
        item: Option<T>,
        now: u64,
        out: &mut impl FnMut(T, Verdict),
    ) {
        match (self.facts(event, now), item) {
            (Some(facts), item) => self.traces.offer(item, facts, now, out),
            (None, Some(item)) => out(item, Verdict::Keep { weight: None }),
            (None, None) => {}
        }
    }

    /// Decides on what has waited for too long; to be called about as often as events come.
    pub(crate) fn expire(&mut self, now: u64, out: &mut impl FnMut(T, Verdict)) {
        self.traces.expire(now, out);
    }

    /// Decides on everything that waits.
    pub(crate) fn settle(&mut self, out: &mut impl FnMut(T, Verdict)) {
        self.traces.settle(out);
    }

    /// The items that wait.
    pub(crate) fn held_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.traces.held_mut()
    }

    /// What waits.
    pub(crate) fn held(&self) -> Held {
        self.traces.held()
    }

    /// What the event says about its trace; `None` if it is never sampled.
    fn facts(&mut self, event: &Event, now: u64) -> Option<Facts> {
        if is_exempt(event) {
            return None;
        }
        let root = event.is_local_root();
        let route = || event.get(keys::ROUTE)?.as_str();
        let lapsed = || event.lapsed().unwrap_or_default();
        let seen = Seen {
            fp: event.fp(),
            route: if root { route() } else { None },
            root,
            caller_sampled: event.is_caller_sampled(),
            outcome: event.outcome().unwrap_or_default(),
            // The conversion of stamps is not free.
            lapsed: if self.merit.asks_for_time(root) {
                lapsed()
            } else {
                Duration::ZERO
            },
        };
        Some(Facts {
            trace: event.trace(),
            merit: self.merit.is_worth_keeping(&seen, now),
            root,
            bytes: event.memory_bytes(),
        })
    }
}

/// What is never sampled: opening events and what ends them, which would leave the other
/// dangling; what the process says of itself; samples, which are few and mean nothing with gaps.
pub(crate) fn is_exempt(event: &Event) -> bool {
    event.is_opening() || event.was_opened() || is_of_the_process(event.fp())
}

/// Names of other crates too, spelled as in docs/events.md.
fn is_of_the_process(fp: &str) -> bool {
    let sample = matches!(fp, "runtime-base" | "segment-tick" | "sql-pool" | "tick");
    let own = matches!(
        fp,
        keys::APPLICATION | keys::APPLICATION_END | keys::GOMON_SELF
    );
    sample || own || fp.starts_with("rt-")
}
