//! Segments of the whole process.

use std::error::Error;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::{self, Stamp};
use crate::context::Context;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::fork;
use crate::keys;
use crate::segment::ambient::{self, Ambient};
use crate::segment::child::SegmentChild;
use crate::segment::place;
use crate::segment::scope::{Inside, SegmentScope};
use crate::segment::shared::Shared;
use crate::state;
use crate::tracker::{EventTracker, open};

/// A segment of the whole process; returned by [`Segment::global`](crate::Segment::global).
///
/// All handles of one name are the same segment. What begins while gomon does not run, or is disabled, is not counted.
#[derive(Clone, Debug)]
pub struct GlobalSegment(Arc<Global>);

#[derive(Debug)]
struct Global {
    name: &'static str,
    location: &'static Location<'static>,
    shared: Arc<Shared>,
    /// While gomon runs.
    open: Mutex<Option<Open>>,
}

/// Its event in one run of gomon.
#[derive(Debug)]
struct Open {
    tracker: EventTracker,
    start: Stamp,
}

impl GlobalSegment {
    /// As [`Segment::child`](crate::Segment::child).
    #[inline]
    #[track_caller]
    pub fn child(&self, name: &'static str) -> SegmentChild<'_> {
        if state::load().is_on() {
            SegmentChild::start(&self.0.shared, name, Location::caller())
        } else {
            SegmentChild::not(Context::current())
        }
    }

    /// As [`Segment::add_error`](crate::Segment::add_error).
    #[track_caller]
    pub fn add_error(&self, error: &(dyn Error + 'static)) {
        if state::load().is_on() {
            self.0.shared.add_error(error, Location::caller());
        }
    }

    /// As [`Segment::enter`](crate::Segment::enter).
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside().enter(f)
    }

    /// As [`Segment::scope`](crate::Segment::scope).
    pub fn scope<F: Future>(&self, future: F) -> SegmentScope<F> {
        self.inside().scope(future)
    }

    fn inside(&self) -> Inside {
        if state::load().is_on() {
            Inside::Recorded(Some(Ambient::of(&self.0.shared, None)))
        } else {
            Inside::Not(Context::current())
        }
    }
}

impl Global {
    /// Sends the opening event, once a run.
    fn begin(&self) {
        let mut open = self.open.lock();
        if open.is_some() {
            return;
        }
        let mut tracker = EventTracker::in_context(keys::SEGMENT, Context::PROCESS);
        if !tracker.is_recording() {
            return;
        }
        tracker
            .set(keys::NAME, Value::Static(self.name))
            .set(keys::LOCATION, place(self.location));
        tracker.send_opening();
        self.shared.begin(tracker.context());
        *open = Some(Open {
            tracker,
            start: clock::now(),
        });
    }

    fn end(&self) {
        let Some(Open { mut tracker, start }) = self.open.lock().take() else {
            return;
        };
        ambient::unlist(tracker.context());
        tracker
            .set(
                keys::TOTAL_LAPSED,
                clock::nanos_between(start, clock::now()),
            )
            .set(keys::COUNT, 1_u64);
        if let Some(record) = tracker.record_mut() {
            self.shared.total().set_on(record);
        }
    }

    /// What was counted so far, as an event that the bus sends.
    fn tick(&self) -> Option<Box<Record>> {
        let (context, start) = {
            let open = self.open.lock();
            let open = open.as_ref()?;
            (open.tracker.context(), open.start)
        };
        let total = self.shared.total();
        let mut record = open::own_child(keys::SEGMENT_TICK, context);
        let lapsed = clock::nanos_between(start, clock::now());
        record.set(keys::NAME, Value::Static(self.name));
        record.set(keys::LOCATION, place(self.location).into());
        record.set(keys::TOTAL_LAPSED, lapsed.into());
        record.set(keys::COUNT, 1_u64.into());
        total.set_on(&mut record);
        Some(record)
    }
}

/// The segment of that name.
pub(super) fn named(name: &'static str, location: &'static Location<'static>) -> GlobalSegment {
    let fresh = || {
        Arc::new(Global {
            name,
            location,
            shared: Arc::new(Shared::sharded()),
            open: Mutex::new(None),
        })
    };
    let Some(mut globals) = fork::lock(&GLOBALS) else {
        return GlobalSegment(fresh());
    };
    let known = globals.iter().find(|global| global.name == name);
    let global = known.cloned().unwrap_or_else(fresh);
    if known.is_none() {
        if globals.len() == MOST {
            return GlobalSegment(global);
        }
        globals.push(Arc::clone(&global));
    }
    drop(globals);
    global.begin();
    GlobalSegment(global)
}

/// A run of gomon has begun.
pub(crate) fn begin_all() {
    all().iter().for_each(|global| global.begin());
}

/// It is about to end: what is sent from now on may come too late.
pub(crate) fn end_all() {
    all().iter().for_each(|global| global.end());
}

/// What all of them have counted so far.
pub(crate) fn tick_all() -> impl Iterator<Item = Box<Record>> {
    all().into_iter().filter_map(|global| global.tick())
}

/// Their events are made and ended without the lock.
fn all() -> Vec<Arc<Global>> {
    fork::lock(&GLOBALS).map_or_else(Vec::new, |globals| globals.clone())
}

static GLOBALS: Mutex<Vec<Arc<Global>>> = Mutex::new(Vec::new());
/// What is counted in more than that reaches nobody.
const MOST: usize = 256;
