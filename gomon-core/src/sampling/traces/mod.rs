//! What is known of each local trace: the events that wait for its end, and the decision on those
//! that had one early.

use std::collections::HashMap;

use crate::event::id::TraceId;
use crate::sampling::hash::Keyed;
use crate::sampling::order::Order;
use crate::sampling::ratio::Ratio;
use crate::sampling::sampler::{Held, Taker, Verdict};

/// Holds the events of each trace until its local root ends.
///
/// A trace is known by its id alone. Where its events have several local roots here (a caller that
/// calls twice, a program that calls itself) each root's end decides on what came until then.
/// That is fair to all: the ratio says the same for the whole trace, and merit is never the
/// ratio's doing, so every event is kept with the probability that its weight stands for.
#[derive(Debug)]
pub(crate) struct Traces<T> {
    ratio: Ratio,
    limits: Limits,
    known: HashMap<TraceId, u32, Keyed>,
    /// What `known` points into.
    units: Vec<Unit<T>>,
    free: Vec<u32>,
    /// The trace that began to wait last. It is not listed in `known` and `waiting` before another
    /// one begins or time passes: most traces are over by then.
    newest: u32,
    /// Those that wait, the oldest first.
    waiting: Order,
    /// Those that are decided, so that later members follow. Forgetting one does little harm: the
    /// ratio would say the same again.
    decided: Order,
    held: Held,
}

/// What one event says about its trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) trace: TraceId,
    /// It is worth keeping, and its trace with it.
    pub(crate) merit: bool,
    /// With it the local trace ends.
    pub(crate) root: bool,
    /// What holding it takes.
    pub(crate) bytes: usize,
}

/// How much may wait, and for how long; past any of these the ratio decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) trace_events: usize,
    pub(crate) trace_bytes: usize,
    pub(crate) trace_nanos: u64,
    pub(crate) total_bytes: usize,
    /// Decided traces that are remembered.
    pub(crate) decided: usize,
}

/// What becomes of an event.
#[derive(Debug)]
pub(crate) enum Judged {
    Now(Verdict),
    /// It is to wait.
    Later(Place),
}

/// Where an event is to wait, if others of its trace do already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(Option<u32>);

#[derive(Debug)]
struct Unit<T> {
    trace: TraceId,
    standing: Standing,
    /// It is in `known`, and in one of the orders.
    listed: bool,
    /// Counts what it stood for: by this the orders know whether they still mean it.
    version: u32,
    /// When it began to wait.
    since: u64,
    bytes: usize,
    items: Vec<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The place is free.
    Over,
    Waiting,
    /// A member is worth keeping, so all are.
    Kept,
    /// It came to a limit, so the ratio has decided.
    ByRatio,
}

impl<T> Traces<T> {
    pub(crate) fn new(ratio: Ratio, limits: Limits) -> Self {
        Self {
            ratio,
            limits,
            known: HashMap::with_hasher(Keyed::new()),
            units: Vec::new(),
            free: Vec::new(),
            newest: 0,
            waiting: Order::default(),
            decided: Order::default(),
            held: Held::default(),
        }
    }

    /// Says what becomes of an event, and gives out those that waited for it. What it says counts, whether it is
    /// [held](Self::hold) then or not.
    #[inline(always)]
    pub(crate) fn judge(&mut self, facts: &Facts, out: &mut impl Taker<T>) -> Judged {
        if self.ratio.keeps_everything() {
            return Judged::Now(KEEP);
        }
        let known = self.find(facts.trace);
        let verdict = match known {
            // Most are neither the first nor the last.
            Some(slot) if !facts.merit && !facts.root && self.waits(slot) => None,
            Some(slot) => self.next(slot, facts, out),
            None => self.first(facts),
        };
        match verdict {
            Some(verdict) => Judged::Now(verdict),
            None => Judged::Later(Place(known)),
        }
    }

    /// Lets an event wait that was judged so just now.
    #[inline(always)]
    pub(crate) fn hold(
        &mut self,
        place: Place,
        item: T,
        facts: &Facts,
        now: u64,
        out: &mut impl Taker<T>,
    ) {
        let slot = match place.0 {
            Some(slot) => slot,
            None => self.wait(facts.trace, now),
        };
        let Some(unit) = self.units.get_mut(slot as usize) else {
            return;
        };
        unit.items.push(item);
        unit.bytes += facts.bytes;
        self.held.events += 1;
        self.held.bytes += facts.bytes;
        let limits = &self.limits;
        let too_much = unit.items.len() > limits.trace_events || unit.bytes > limits.trace_bytes;
        if too_much || self.held.bytes > limits.total_bytes {
            self.keep_within_limits(slot, too_much, out);
        }
    }

    #[cold]
    fn keep_within_limits(&mut self, slot: u32, too_much: bool, out: &mut impl Taker<T>) {
        if too_much {
            self.decide(slot, Standing::ByRatio, out);
        }
        if self.held.bytes > self.limits.total_bytes {
            self.make_room(out);
        }
    }

    /// Decides on what has waited for too long.
    pub(crate) fn expire(&mut self, now: u64, out: &mut impl Taker<T>) {
        self.list_newest();
        while let Some(slot) = self.oldest() {
            let since = self.unit(slot).map_or(0, |unit| unit.since);
            if now.saturating_sub(since) < self.limits.trace_nanos {
                return;
            }
            self.decide(slot, Standing::ByRatio, out);
        }
    }

    /// Decides on everything that waits.
    pub(crate) fn settle(&mut self, out: &mut impl Taker<T>) {
        self.list_newest();
        while let Some(slot) = self.oldest() {
            self.decide(slot, Standing::ByRatio, out);
        }
    }

    /// The items that wait, in no order.
    pub(crate) fn held_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.units.iter_mut().flat_map(|unit| &mut unit.items)
    }

    /// What waits.
    pub(crate) fn held(&self) -> Held {
        self.held
    }

    /// The first event of a trace: what becomes of it, unless it waits.
    #[inline]
    fn first(&mut self, facts: &Facts) -> Option<Verdict> {
        if facts.merit {
            let slot = self.open(facts.trace, 0);
            self.remember(slot, Standing::Kept);
            return Some(KEEP);
        }
        facts.root.then(|| self.ratio.verdict(facts.trace))
    }

    /// One more of a known trace: what becomes of it, unless it waits.
    #[inline]
    fn next(&mut self, slot: u32, facts: &Facts, out: &mut impl Taker<T>) -> Option<Verdict> {
        match self.unit(slot)?.standing {
            Standing::Kept => Some(KEEP),
            Standing::ByRatio => {
                if facts.root {
                    self.decided.left();
                    self.forget(slot);
                }
                Some(self.ratio.verdict(facts.trace))
            }
            Standing::Waiting if facts.merit => {
                self.decide(slot, Standing::Kept, out);
                Some(KEEP)
            }
            Standing::Waiting if facts.root => {
                let verdict = self.ratio.verdict(facts.trace);
                self.release(slot, verdict, out);
                self.forget(slot);
                Some(verdict)
            }
            Standing::Waiting | Standing::Over => None,
        }
    }

    /// Decides on the oldest until the rest is within the bound.
    fn make_room(&mut self, out: &mut impl Taker<T>) {
        self.list_newest();
        while self.held.bytes > self.limits.total_bytes
            && let Some(slot) = self.oldest()
        {
            self.decide(slot, Standing::ByRatio, out);
        }
    }

    /// Decides on a trace whose root is still open.
    fn decide(&mut self, slot: u32, standing: Standing, out: &mut impl Taker<T>) {
        let Some(trace) = self.unit(slot).map(|unit| unit.trace) else {
            return;
        };
        let verdict = match standing {
            Standing::Kept => KEEP,
            Standing::ByRatio | Standing::Waiting | Standing::Over => self.ratio.verdict(trace),
        };
        self.release(slot, verdict, out);
        self.remember(slot, standing);
    }

    /// Gives out what waits of a trace, which then does not wait any more.
    // With what `out` does to an event inside: it is moved once.
    #[inline(never)]
    fn release(&mut self, slot: u32, verdict: Verdict, out: &mut impl Taker<T>) {
        let Some(unit) = self.units.get_mut(slot as usize) else {
            return;
        };
        self.held.events -= unit.items.len();
        self.held.bytes -= std::mem::take(&mut unit.bytes);
        for item in unit.items.drain(..) {
            out.take(item, verdict);
        }
        // Kept for the next trace, unless it is uncommonly long.
        if unit.items.capacity() > USUAL_EVENTS {
            unit.items.shrink_to(USUAL_EVENTS);
        }
        if unit.listed {
            unit.version = unit.version.wrapping_add(1);
            self.waiting.left();
        }
    }

    /// Begins to hold the events of a trace.
    fn wait(&mut self, trace: TraceId, now: u64) -> u32 {
        self.list_newest();
        self.newest = self.open(trace, now);
        self.newest
    }

    fn list_newest(&mut self) {
        let slot = self.newest;
        if let Some(unit) = self.units.get_mut(slot as usize)
            && unit.standing == Standing::Waiting
            && !unit.listed
        {
            unit.listed = true;
            self.known.insert(unit.trace, slot);
            let version = unit.version;
            self.waiting.push(slot, version, versions(&self.units));
        }
    }

    /// Keeps a decision in mind, and forgets the oldest one if there are too many.
    fn remember(&mut self, slot: u32, standing: Standing) {
        let Some(unit) = self.units.get_mut(slot as usize) else {
            return;
        };
        unit.standing = standing;
        if !unit.listed {
            unit.listed = true;
            self.known.insert(unit.trace, slot);
        }
        let version = unit.version;
        self.decided.push(slot, version, versions(&self.units));
        if self.decided.len() > self.limits.decided
            && let Some(oldest) = self.decided.first(versions(&self.units))
        {
            self.decided.left();
            self.forget(oldest);
        }
    }

    /// A place for a trace, which is not listed yet.
    fn open(&mut self, trace: TraceId, now: u64) -> u32 {
        if let Some(slot) = self.free.pop()
            && let Some(unit) = self.units.get_mut(slot as usize)
        {
            unit.trace = trace;
            unit.standing = Standing::Waiting;
            unit.since = now;
            return slot;
        }
        self.units.push(Unit {
            trace,
            standing: Standing::Waiting,
            listed: false,
            version: 0,
            since: now,
            bytes: 0,
            items: Vec::new(),
        });
        u32::try_from(self.units.len() - 1).unwrap_or(u32::MAX)
    }

    fn forget(&mut self, slot: u32) {
        let Some(unit) = self.units.get_mut(slot as usize) else {
            return;
        };
        unit.standing = Standing::Over;
        self.free.push(slot);
        if unit.listed {
            unit.listed = false;
            unit.version = unit.version.wrapping_add(1);
            self.known.remove(&unit.trace);
        }
    }

    #[inline]
    fn find(&self, trace: TraceId) -> Option<u32> {
        match self.unit(self.newest) {
            Some(unit) if unit.trace == trace && unit.standing != Standing::Over => {
                Some(self.newest)
            }
            _ if self.known.is_empty() => None,
            _ => self.known.get(&trace).copied(),
        }
    }

    #[inline]
    fn waits(&self, slot: u32) -> bool {
        let unit = self.unit(slot);
        unit.is_some_and(|unit| unit.standing == Standing::Waiting)
    }

    fn oldest(&mut self) -> Option<u32> {
        self.waiting.first(versions(&self.units))
    }

    fn unit(&self, slot: u32) -> Option<&Unit<T>> {
        self.units.get(slot as usize)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            trace_events: 256,
            trace_bytes: 256 << 10,
            trace_nanos: 10_000_000_000,
            total_bytes: 8 << 20,
            decided: 2048,
        }
    }
}

/// The version of each slot.
fn versions<T>(units: &[Unit<T>]) -> impl Fn(u32) -> u32 {
    |slot| units.get(slot as usize).map_or(0, |unit| unit.version)
}

/// What merit says.
const KEEP: Verdict = Verdict::Keep { weight: Some(1.0) };
/// Events for which a place is kept that waits for the next trace.
const USUAL_EVENTS: usize = 16;

/// Takes an item and gives out what is decided by it.
#[cfg(test)]
pub(super) fn offer<T>(
    traces: &mut Traces<T>,
    item: T,
    facts: &Facts,
    now: u64,
    out: &mut impl Taker<T>,
) {
    match traces.judge(facts, out) {
        Judged::Now(verdict) => out.take(item, verdict),
        Judged::Later(place) => traces.hold(place, item, facts, now, out),
    }
}

#[cfg(test)]
mod tests;
