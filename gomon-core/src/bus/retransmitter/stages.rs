//! What a batch goes through before it is passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::bus::retransmitter::check::Check;
use crate::bus::retransmitter::mapped::Mapped;
use crate::bus::retransmitter::rate::{RateLimiter, RateLimits};
use crate::event::Event;
use crate::event::batch::Slice;
use crate::event::flags::Flags;
use crate::{clock, keys};

/// Conditions, changes and a limit, in this order. The application event passes all of them
/// untouched, so that every listener gets it.
///
/// Conditions and changes may be the user's code: it is never run under a lock, and an event on
/// which it panics passes this condition, or this change as it is.
#[derive(Clone, Default)]
pub(crate) struct Stages {
    /// Those of the configuration, which come on top.
    pub(crate) configured: Option<Box<Stages>>,
    pub(crate) checks: Vec<Check>,
    pub(crate) maps: Vec<Map>,
    pub(crate) limits: RateLimits,
    pub(crate) limiter: Option<Arc<Mutex<RateLimiter>>>,
}

pub(crate) type Map = Arc<dyn Fn(&Event) -> Option<Mapped> + Send + Sync>;

impl Stages {
    /// Whether everything passes untouched.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            configured,
            checks,
            maps,
            limits: _,
            limiter,
        } = self;
        let unconfigured = configured
            .as_ref()
            .is_none_or(|configured| configured.is_empty());
        unconfigured && checks.is_empty() && maps.is_empty() && limiter.is_none()
    }

    /// What is to be passed on of a batch. What is missing counts as `filtered`.
    pub(crate) fn apply(&self, slice: &Slice) -> Slice {
        let wanted = slice.filtered(|event| self.wants(event));
        self.shape(wanted)
    }

    /// Whether an event meets all conditions.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        // Each on its own: the others are asked also where one panics.
        let is_met = |check: &Check| guarded(|| check.is_met(event)).unwrap_or(true);
        is_application(event)
            || self.checks.iter().all(is_met)
                && self
                    .configured
                    .as_ref()
                    .is_none_or(|configured| configured.wants(event))
    }

    /// Changes the limits, and begins to count again.
    pub(crate) fn limit(&mut self, change: impl FnOnce(&mut RateLimits)) {
        change(&mut self.limits);
        let limiter = RateLimiter::new(self.limits);
        self.limiter = Some(Arc::new(Mutex::new(limiter)));
    }

    /// Changes and limits what is wanted.
    pub(crate) fn shape(&self, wanted: Slice) -> Slice {
        let shaped = self.shape_here(wanted);
        match &self.configured {
            Some(configured) => configured.shape(shaped),
            None => shaped,
        }
    }

    fn shape_here(&self, wanted: Slice) -> Slice {
        let apply = |slice: Slice, map| mapped(&slice, map);
        let mapped = self.maps.iter().fold(wanted, apply);
        let Some(limiter) = &self.limiter else {
            return mapped;
        };
        let now = clock::monotonic_nanos();
        let mut limiter = limiter.lock();
        mapped.filtered(|event| is_of_the_process(event) || limiter.passes(event.fp(), now))
    }
}

/// A batch after a map.
fn mapped(slice: &Slice, map: &Map) -> Slice {
    let mut unchanged = true;
    let map = |event: &Event| {
        if is_application(event) {
            return Some(Mapped::unchanged());
        }
        guarded(|| map(event)).unwrap_or(Some(Mapped::unchanged()))
    };
    let mapped: Vec<Option<Mapped>> = slice.iter().map(map).collect();
    for mapped in mapped.iter().flatten() {
        unchanged &= mapped.is_unchanged();
    }
    let mut mapped = mapped.into_iter();
    if unchanged {
        return slice.filtered(|_| mapped.next().flatten().is_some());
    }
    let copies = slice.iter().zip(mapped).filter_map(|(event, mapped)| {
        let mapped = mapped?;
        Some(mapped.into_event(event))
    });
    Slice::of_copies(copies.collect())
}

/// What the user's code says, unless it panics.
fn guarded<R>(code: impl FnOnce() -> R) -> Option<R> {
    let said = catch_unwind(AssertUnwindSafe(code));
    // The payload may panic again when it is dropped.
    said.map_err(std::mem::forget).ok()
}

pub(crate) fn is_application(event: &Event) -> bool {
    event.record.flags.has(Flags::APPLICATION)
}

/// What comes seldom and must not get lost among others.
fn is_of_the_process(event: &Event) -> bool {
    [keys::APPLICATION, keys::APPLICATION_END, keys::GOMON_SELF].contains(&event.fp())
}
