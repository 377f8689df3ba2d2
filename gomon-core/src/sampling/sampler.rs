//! Which events are kept: merit first, then the ratio.

use crate::clock::{self, Speed};
use crate::event::flags::Flags;
use crate::event::handed::Brief;
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::ValueRef;
use crate::keys;
use crate::sampling::Sampling;
use crate::sampling::merit::{Merit, Seen};
use crate::sampling::ratio::Ratio;
use crate::sampling::series::Fp;
use crate::sampling::traces::{self, Facts, Limits, Place, Traces};

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

/// A time of [`monotonic`](crate::monotonic), in nanoseconds and in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) nanos: u64,
    pub(crate) secs: u32,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let nanos = clock::monotonic_nanos();
        Self {
            nanos,
            secs: u32::try_from(nanos / 1_000_000_000).unwrap_or(u32::MAX),
        }
    }
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

/// Who is given what is decided: mostly a closure. A type of its own can say that it is to be inlined, which saves a move.
pub(crate) trait Taker<T> {
    fn take(&mut self, item: T, verdict: Verdict);
}

impl<T, F: FnMut(T, Verdict)> Taker<T> for F {
    fn take(&mut self, item: T, verdict: Verdict) {
        self(item, verdict);
    }
}

/// What becomes of an event, or that it is to wait.
#[derive(Debug)]
pub(crate) enum Judged {
    Now(Verdict),
    Later(Facts, Place),
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

    /// Says what becomes of an event, which then was counted, and gives out those that waited for it.
    /// The record is only looked at where it matters.
    #[inline(always)]
    pub(crate) fn judge(
        &mut self,
        brief: &Brief,
        record: &Record,
        now: Moment,
        out: &mut impl Taker<T>,
    ) -> Judged {
        let Some(facts) = self.facts(brief, record, now) else {
            return Judged::Now(Verdict::Keep { weight: None });
        };
        match self.traces.judge(&facts, out) {
            traces::Judged::Now(verdict) => Judged::Now(verdict),
            traces::Judged::Later(place) => Judged::Later(facts, place),
        }
    }

    /// Takes what stands for an event that was judged to wait.
    #[inline(always)]
    pub(crate) fn hold(
        &mut self,
        item: T,
        (facts, place): (Facts, Place),
        now: Moment,
        out: &mut impl Taker<T>,
    ) {
        self.traces.hold(place, item, &facts, now.nanos, out);
    }

    /// Decides on what has waited for too long; to be called about as often as events come.
    pub(crate) fn expire(&mut self, now: Moment, out: &mut impl Taker<T>) {
        self.traces.expire(now.nanos, out);
    }

    /// Decides on everything that waits.
    pub(crate) fn settle(&mut self, out: &mut impl Taker<T>) {
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

    /// What an event says about its trace; `None` if it is never sampled.
    // Always: what is returned in memory, word by word, cannot be read from there in larger parts at once.
    #[inline(always)]
    fn facts(&mut self, brief: &Brief, record: &Record, now: Moment) -> Option<Facts> {
        let flags = brief.flags();
        let fp = self.merit.fp(brief.fp, is_of_the_process);
        if fp.exempt || flags.has(Flags::OPENING.and(Flags::OPENED)) {
            return None;
        }
        let root = flags.has(Flags::LOCAL_ROOT);
        let ended_well = brief.outcome() == Outcome::Completed;
        let is_common = !root && ended_well && self.merit.is_common(&fp, now);
        Some(Facts {
            trace: brief.trace(),
            // Asked in any case: it counts.
            merit: !is_common && self.has_merit(*brief, &fp, record, now) || flags.has(Flags::KEPT),
            root,
            bytes: match flags.has(Flags::BESIDE) {
                true => record.memory_bytes(),
                false => size_of::<Record>(),
            },
        })
    }

    #[inline(never)]
    fn has_merit(&mut self, brief: Brief, fp: &Fp, record: &Record, now: Moment) -> bool {
        let flags = brief.flags();
        let root = flags.has(Flags::LOCAL_ROOT);
        let has_route = root && flags.has(Flags::LABELLED);
        let seen = Seen {
            fp,
            route: has_route.then(|| route(record)).flatten(),
            root,
            caller_sampled: flags.has(Flags::CALLER_SAMPLED),
            outcome: brief.outcome(),
            // The conversion of stamps is not free.
            nanos: if self.merit.asks_for_time(root) {
                brief.nanos(Speed::of_clock())
            } else {
                0
            },
        };
        self.merit.is_worth_keeping(&seen, now)
    }
}

/// What is never sampled: opening events and what ends them, which would leave the other
/// dangling; what the process says of itself; samples, which are few and mean nothing with gaps.
#[inline]
pub(crate) fn is_exempt(brief: &Brief) -> bool {
    brief.flags().has(Flags::OPENING.and(Flags::OPENED)) || is_of_the_process(brief.fp)
}

fn route(record: &Record) -> Option<&str> {
    record.get(keys::ROUTE).and_then(ValueRef::as_str)
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
